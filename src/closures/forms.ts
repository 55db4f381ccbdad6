import { z } from 'zod';
import { date, line, list, message, onceKey, optionalId, time, version } from '../lib/http/fields.js';
import { readArea } from '../claims/areas.js';

const until = { to_date: date(), to_time: z.literal('24:00').or(time()), reason: line(500) };

/** Rooms one by one, whole areas, or both. */
export const ClosuresForm = z
  .strictObject({
    from_date: date(),
    from_time: time(),
    ...until,
    area: list(
      z
        .string()
        .max(400)
        .transform((text) => (text === '' ? null : readArea(text)))
        .refine((area) => area !== undefined, { error: message('lib.field.choice') }),
      50,
    ),
    room: list(optionalId(), 1000),
    key: onceKey(),
  })
  .transform((form) => ({
    ...form,
    area: form.area.filter((one) => one !== null && one !== undefined),
    room: form.room.filter((id) => id !== null),
  }));
export const ClosureChangeForm = z.strictObject({ ...until, version: version() });
