import { z } from 'zod';
import {
  choice,
  date,
  flag,
  line,
  list,
  message,
  onceKey,
  optionalDate,
  optionalId,
  optionalLine,
  optionalProse,
  optionalWhole,
  time,
  version,
  whole,
} from '../lib/http/fields.js';
import { picks, was } from '../lib/http/merge.js';
import { EQUIPMENT_CODE } from '../equipment/kinds.js';
import { LAYOUTS, seatProblems } from '../claims/layouts.js';
import { CELLS } from './cells.js';

export const RoomsQuery = z.object({
  seats: optionalWhole(1, 5000).catch(null),
  equipment: list(z.string().regex(EQUIPMENT_CODE), 50).catch([]),
  step_free: flag().catch(false),
  retired: flag().catch(false),
});

/** Nothing, or a time; the end of a day may be 24:00. */
const openingTime = () =>
  z
    .literal('')
    .transform(() => null)
    .or(z.literal('24:00'))
    .or(time());

const text = (max: number) => optionalLine(max).transform((value) => value ?? '');

/** The fields of a room; `opens` and `closes` hold seven times each, Monday first, empty for a closed day. */
const ROOM = {
  name_en: line(100),
  name_zh: line(100),
  code: z
    .string({ error: message('lib.field.required') })
    .transform((typed) => typed.normalize('NFKC').trim().toLowerCase())
    .refine((code) => /^[a-z0-9][a-z0-9-]{0,39}$/.test(code), { error: message('rooms.problem.code') }),
  site: text(100),
  building: text(100),
  floor: text(20),
  capacity: whole(1, 5000),
  /** Seats by layout, in the order of LAYOUTS; empty where the room isn't laid out so. */
  layouts: list(optionalWhole(1, 5000), LAYOUTS.length),
  min_people: optionalWhole(1, 5000),
  /** Who answers for the room, as the picker writes a person. */
  owner: optionalLine(300),
  key_note: text(500),
  equipment: list(z.string().regex(EQUIPMENT_CODE, { error: message('lib.field.choice') }), 50),
  is_step_free: flag(),
  opens: list(openingTime(), 7),
  closes: list(openingTime(), 7),
  setup_minutes: whole(0, 240),
  teardown_minutes: whole(0, 240),
  contact: text(200),
  note: optionalProse(2000),
  sort_order: whole(0, 100_000),
  parts: list(optionalId(), 20),
};

interface Checked {
  opens: (string | null)[];
  closes: (string | null)[];
  capacity: number;
  layouts: (number | null)[];
  min_people: number | null;
}

function checkRoom(form: Checked, context: z.RefinementCtx): void {
  const layouts = LAYOUTS.flatMap((layout, i) =>
    form.layouts[i] ? [{ layout, capacity: form.layouts[i] }] : [],
  );
  for (const field of seatProblems(form.capacity, layouts, form.min_people)) {
    context.addIssue({
      code: 'custom',
      path: field.split('.'),
      message: message('layouts.problem.tooMany', { seats: form.capacity }),
    });
  }
  for (let day = 0; day < 7; day++) {
    const opens = form.opens[day] ?? null;
    const closes = form.closes[day] ?? null;
    if ((opens === null) !== (closes === null))
      context.addIssue({ code: 'custom', path: ['opens', day], message: message('rooms.problem.halfHours') });
    else if (opens !== null && closes !== null && opens >= closes)
      context.addIssue({ code: 'custom', path: ['opens', day], message: message('rooms.problem.hours') });
  }
}

/** `like`: the room it is filled in from, whose rules it may have too; `then`: another one follows. */
const BESIDE = {
  like: optionalId(),
  with_rules: flag(),
  then: z.literal('another').optional(),
  key: onceKey(),
};
export const NewRoomForm = z.strictObject({ ...ROOM, ...BESIDE }).superRefine(checkRoom);

/**
 * `was`: how the room stood when the form was opened; the picks come
 * from the page that asks about what two people changed.
 */
export const EditRoomForm = z
  .strictObject({ ...ROOM, ...picks(CELLS), version: version(), was: was() })
  .superRefine(checkRoom);
export type RoomFields = Omit<z.output<typeof NewRoomForm>, keyof typeof BESIDE>;

export const StatusForm = z
  .strictObject({
    status: choice(['in_service', 'out_of_service', 'retired']),
    reason: optionalLine(500),
    until: optionalDate(),
    version: version(),
  })
  .refine((form) => form.status === 'in_service' || form.reason !== null, {
    path: ['reason'],
    error: message('rooms.problem.reason'),
  });

export const ClosureForm = z.strictObject({
  from_date: date(),
  from_time: time(),
  to_date: date(),
  to_time: z.literal('24:00').or(time()),
  reason: line(500),
  key: onceKey(),
});
