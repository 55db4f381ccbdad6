import { z } from 'zod';
import {
  choice,
  date,
  flag,
  line,
  list,
  message,
  onceKey,
  optionalId,
  optionalLine,
  optionalWhole,
  time,
} from '../lib/http/fields.js';
import { ANY_PICK } from '../waits/choices.js';
import { LAYOUTS } from '../claims/layouts.js';

/** What the grid's links carry; what makes no sense is left out. */
export const NewBookingQuery = z.object({
  room: list(optionalId(), 20).catch([]),
  date: date()
    .refine((on) => on < '2200')
    .optional()
    .catch(undefined),
  from: time().optional().catch(undefined),
  to: z.literal('24:00').or(time()).optional().catch(undefined),
  seats: optionalWhole(1, 5000).catch(null),
});

/** A room for a time, with a title: the quick way. Everything else is added to the meeting later. */
export const BookingForm = z.strictObject({
  title: line(200),
  date: date(),
  from: time(),
  to: z.literal('24:00').or(time()),
  // The select of a second room posts an empty value.
  room: list(optionalId(), 20).transform((ids) => [...new Set(ids.filter((id) => id !== null))]),
  seats: optionalWhole(1, 5000),
  layout: z.literal('').or(choice(LAYOUTS)).optional(),
  is_private: flag(),
  override_reason: optionalLine(300),
  ask_reason: optionalLine(300),
  /** Queue for the rooms instead of booking them: 'on', or for any like the one, 'any:<seats>:<room>'. */
  wait: z
    .literal('on')
    .or(z.string().regex(ANY_PICK, { error: message('lib.field.choice') }))
    .optional(),
  key: onceKey(),
});
export type BookingForm = z.output<typeof BookingForm>;
