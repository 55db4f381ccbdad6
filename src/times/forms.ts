import { z } from 'zod';
import {
  choice,
  date,
  flag,
  id,
  line,
  list,
  message,
  onceKey,
  optionalDate,
  optionalId,
  optionalLine,
  optionalWhole,
} from '../lib/http/fields.js';
import { readGuest } from '../meetings/namedPeople.js';
import { EQUIPMENT_CODE } from '../equipment/kinds.js';

export const ROOM_COUNTS = ['0', '1', '2', '3'] as const;
export const MINUTES = [15, 30, 45, 60, 90, 120, 150, 180, 240, 300, 360, 420, 480] as const;
/** Most people and days of one search. */
export const MAX_PEOPLE = 100;
export const MAX_GUESTS = 20;

const people = () => list(id(), MAX_PEOPLE).transform((ids) => [...new Set(ids)]);

const guests = () =>
  list(line(300), MAX_GUESTS).transform((texts) => texts.flatMap((text) => readGuest(text) ?? []));

/** The search stands in the address, so that it can be passed on; what makes no sense falls back. */
export const FindQuery = z.object({
  /** '1' once the form was sent: an empty list of people is then meant. */
  asked: z.string().optional().catch(undefined),
  p: people().catch([]),
  o: people().catch([]),
  /** Guests whom nobody knows yet, 'Name <address>', required and optional. */
  gp: guests().catch([]),
  go: guests().catch([]),
  /** Names or addresses to add, and as what. */
  add: optionalLine(300).catch(null),
  add_as: choice(['p', 'o']).catch('p'),
  unit: optionalId().catch(null),
  series: optionalId().catch(null),
  minutes: z.coerce.number().int().min(15).max(480).catch(60),
  when: choice(['this', 'next', 'span']).catch('this'),
  from: optionalDate().catch(null),
  to: optionalDate().catch(null),
  rooms: choice(ROOM_COUNTS).catch('1'),
  seats: optionalWhole(1, 5000).catch(null),
  equipment: list(z.string().regex(EQUIPMENT_CODE), 50).catch([]),
  step_free: flag().catch(false),
  building: optionalLine(100).catch(null),
  title: optionalLine(200).catch(null),
  /** The day of the grid below. */
  day: date().optional().catch(undefined),
});
export type FindQuery = z.output<typeof FindQuery>;

const USE = /^\d{10,15}\/\d{10,15}(\/[1-9]\d{0,14}){0,12}$/;

/** A suggestion taken: '<from>/<to>/<room>/…' in milliseconds and ids, with the people of the search. */
export const UseForm = z.strictObject({
  use: z.string().regex(USE, { error: message('lib.field.choice') }),
  title: optionalLine(200),
  p: people(),
  o: people(),
  gp: guests(),
  go: guests(),
  is_private: flag(),
  key: onceKey(),
  /** After a clash: another room or another time, as meetings/_clash offers it. */
  pick: z
    .string()
    .regex(/^(room:[1-9]\d{0,14}|time:\d{1,15}\/\d{1,15})$/, { error: message('lib.field.choice') })
    .optional(),
  // The same form offers ticked times as a poll; its boxes are nothing to this button.
  offer: list(line(200), 50),
  minutes: z.string().optional(),
});
export type UseForm = z.output<typeof UseForm>;

export interface SuggestedTime {
  startsAt: Date;
  endsAt: Date;
  roomIds: number[];
}

/** Reads what a button or a box of a suggestion stands for; undefined when it is none. */
export function readUse(text: string): SuggestedTime | undefined {
  if (!USE.test(text)) return undefined;
  const [from = 0, to = 0, ...roomIds] = text.split('/').map(Number);
  const used = { startsAt: new Date(from), endsAt: new Date(to), roomIds };
  return to > from && to - from <= 24 * 3_600_000 && !Number.isNaN(used.endsAt.getTime()) ? used : undefined;
}

/** As the search carries a guest whom nobody knows yet. */
export function writeGuest({ name, email }: { name: string; email: string }): string {
  return `${name.replace(/[<>]/g, '')} <${email}>`;
}

export function writeUse(from: Date, to: Date, roomIds: readonly number[]): string {
  return [from.getTime(), to.getTime(), ...roomIds].join('/');
}
