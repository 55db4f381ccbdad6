import { z } from 'zod';
import { choice, date, flag, line, list, message, onceKey, optionalId, optionalLine, optionalProse, optionalWhole, time, version, whole } from '../lib/http/fields.js';
import { EQUIPMENT } from './equipment.js';

export const RoomsQuery = z.object({
  seats: optionalWhole(1, 5000).catch(null),
  equipment: list(z.enum(EQUIPMENT)).catch([]),
  step_free: flag().catch(false),
  retired: flag().catch(false),
});

/** Nothing, or a time; the end of a day may be 24:00. */
const openingTime = () => z.literal('').transform(() => null).or(z.literal('24:00')).or(time());

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
  equipment: list(z.enum(EQUIPMENT, { error: message('lib.field.choice') }), 50),
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

interface WithHours {
  opens: (string | null)[];
  closes: (string | null)[];
}

function checkHours(form: WithHours, context: z.RefinementCtx): void {
  for (let day = 0; day < 7; day++) {
    const opens = form.opens[day] ?? null;
    const closes = form.closes[day] ?? null;
    if ((opens === null) !== (closes === null)) context.addIssue({ code: 'custom', path: ['opens', day], message: message('rooms.problem.halfHours') });
    else if (opens !== null && closes !== null && opens >= closes) context.addIssue({ code: 'custom', path: ['opens', day], message: message('rooms.problem.hours') });
  }
}

export const NewRoomForm = z.strictObject({ ...ROOM, key: onceKey() }).superRefine(checkHours);
export const EditRoomForm = z.strictObject({ ...ROOM, version: version() }).superRefine(checkHours);
export type RoomFields = Omit<z.output<typeof NewRoomForm>, 'key'>;

export const StatusForm = z
  .strictObject({ status: choice(['in_service', 'out_of_service', 'retired']), reason: optionalLine(500), version: version() })
  .refine((form) => form.status === 'in_service' || form.reason !== null, { path: ['reason'], error: message('rooms.problem.reason') });

export const ClosureForm = z.strictObject({
  from_date: date(),
  from_time: time(),
  to_date: date(),
  to_time: z.literal('24:00').or(time()),
  reason: line(500),
  key: onceKey(),
});

export const PhotoForm = z.strictObject({ photo_alt: line(300), version: version() });
export const PhotoRemovalForm = z.strictObject({ version: version() });
