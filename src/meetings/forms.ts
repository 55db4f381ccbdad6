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
  optionalLink,
  optionalProse,
  optionalWhole,
  prose,
  time,
  version,
  zone,
} from '../lib/http/fields.js';
import { LANGS, type Lang } from '../lib/i18n/translate.js';
import { LAYOUTS } from '../claims/layouts.js';
import { toInstant } from '../lib/time/zone.js';
import { MAX_DAYS } from './listQueries.js';
import { ROLES, STATES } from './states.js';

/** The filters of the list; what makes no sense falls back. */
export const ListQuery = z.object({
  whose: choice(['mine', 'all']).catch('mine'),
  when: choice(['coming', 'past']).catch('coming'),
  state: choice(STATES).optional().catch(undefined),
  series: optionalId().catch(null),
  unit: optionalId().catch(null),
  q: optionalLine(100).catch(null),
  after: z
    .string()
    .regex(/^\d{1,15}\.\d{1,15}$/)
    .optional()
    .catch(undefined),
});
export type ListQuery = z.output<typeof ListQuery>;

const langs = LANGS as readonly [Lang, ...Lang[]];

/** Fields of a meeting that are typed; times are wall time in `zone`. */
export const meetingFields = {
  title: line(200),
  on: date(),
  from: time(),
  to: time(),
  /** When it ends on a later day. */
  to_on: optionalDate(),
  zone: zone(),
  rooms: list(optionalId(), 12).transform((ids) => [...new Set(ids.filter((room) => room !== null))]),
  link: optionalLink(),
  place: optionalLine(300),
  /** A person as typed into the picker, or the id out of a short list. */
  organiser: optionalLine(300),
  booked_for: optionalLine(300),
  lang: choice(langs),
  is_private: flag(),
  expected: optionalWhole(1, 5000),
  /** How the rooms are set up; '' as they are, absent: unchanged. */
  layout: z.literal('').or(choice(LAYOUTS)).optional(),
  /** Movable equipment: a line for each kind that the form offered; without lines it stays as it is. */
  kinds: list(id(), 100),
  pieces: list(optionalWhole(0, 9999), 100),
  description: optionalProse(20_000),
  override_reason: optionalLine(300),
  /** Why a room should be given beyond its rules, for who decides about it. */
  ask_reason: optionalLine(300),
  /**
   * A free room or time offered after a clash: 'room:7', or 'time:<from>/<to>' in milliseconds. 'wait' waits
   * for the room as typed, 'any:<seats>:<room>' for any room like it.
   */
  pick: z
    .string()
    .regex(/^(wait|(any|here):[1-9]\d{0,3}:[1-9]\d{0,14}|room:[1-9]\d{0,14}|time:\d{1,15}\/\d{1,15})$/, {
      error: message('lib.field.choice'),
    })
    .optional(),
};

export const NewMeetingForm = z.strictObject({ ...meetingFields, series: optionalId(), key: onceKey() });
export const MeetingForm = z.strictObject({ ...meetingFields, version: version() });
export type MeetingForm = z.output<typeof MeetingForm>;
export type MeetingFields = Omit<MeetingForm, 'version'>;

/** What a link into the form may fill in beforehand. */
export const PrefillQuery = z.object({
  date: optionalDate().catch(null),
  from: time().optional().catch(undefined),
  to: time().optional().catch(undefined),
  room: optionalId().catch(null),
  series: optionalId().catch(null),
});

export interface Span {
  startsAt: Date;
  endsAt: Date;
}

export type SpanProblem = {
  field: 'from' | 'to' | 'to_on';
  reason: 'skipped' | 'order' | 'long';
  at: string;
};

/**
 * Wall time of a form as instants. A time that a clock change skips is refused and named; of one that exists
 * twice the first counts.
 */
export function spanOf(form: {
  on: string;
  from: string;
  to: string;
  to_on: string | null;
  zone: string;
}): Span | SpanProblem {
  const startsAt = toInstant(form.on, form.from, form.zone);
  if (!startsAt) return { field: 'from', reason: 'skipped', at: form.from };
  const endsAt = toInstant(form.to_on ?? form.on, form.to, form.zone);
  if (!endsAt) return { field: 'to', reason: 'skipped', at: form.to };
  if (endsAt <= startsAt) return { field: 'to', reason: 'order', at: form.to };
  if (endsAt.getTime() - startsAt.getTime() > MAX_DAYS * 86_400_000)
    return { field: 'to_on', reason: 'long', at: form.to };
  return { startsAt, endsAt };
}

/** `beyond`: a secretary calls it off later than the rooms' notice allows. */
export const CancelForm = z.strictObject({ reason: prose(1000), beyond: flag() });

/** Where it goes when its own rooms are taken: another room, or none. */
export const RestoreForm = z.strictObject({
  room: z.union([z.literal('none'), id()], { error: message('lib.field.choice') }).optional(),
  equipment: z.literal('none').optional(),
});

/** People to add: one by the picker, several line by line, or a whole unit. */
export const AddPeopleForm = z.strictObject({
  person: optionalLine(300),
  people: optionalProse(20_000),
  unit: optionalId(),
  role: choice(ROLES),
});
export const RoleForm = z.strictObject({ role: choice(ROLES) });

/** Asking again for rooms that were returned or refused, with an answer. */
export const AskAgainForm = z.strictObject({ note: optionalLine(300) });
export const NoFields = z.strictObject({});
export const MessageForm = z.strictObject({ subject: line(200), text: prose(20_000), key: onceKey() });
