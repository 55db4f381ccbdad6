import { chooseRooms } from '../times/search.js';
import { readUse } from '../times/forms.js';
import type { Context } from '../lib/http/route.js';
import { dayOf, toInstant } from '../lib/time/zone.js';
import type { NamedPeople } from '../meetings/namedPeople.js';
import type { NewPoll } from './commands.js';
import { TYPED } from './forms.js';

// What the forms of a new and of a changed poll have in common: times, people and the deadline, as they were
// typed.

type Option = NewPoll['options'][number];
export interface Problem {
  field: string;
  message: string;
}

/** Ticked suggestions and typed times, in order, none twice. */
export function readOffered(
  c: Context<unknown, unknown>,
  form: { offer: string[]; minutes: number },
): { options: Option[]; problems: Problem[] } {
  const problems: Problem[] = [];
  const options: Option[] = [];
  const add = (field: string, option: Option) => {
    if (option.startsAt <= c.now) problems.push({ field, message: c.t('polls.problem.past') });
    else if (
      !options.some(
        (one) =>
          one.startsAt.getTime() === option.startsAt.getTime() &&
          one.endsAt.getTime() === option.endsAt.getTime(),
      )
    )
      options.push(option);
  };
  for (const text of form.offer) {
    const use = readUse(text);
    if (use) add('offer', use);
    else problems.push({ field: 'offer', message: c.t('lib.field.choice') });
  }
  const typed = form as unknown as Record<string, string | null>;
  for (let n = 0; n < TYPED; n++) {
    const [on, from] = [typed[`on_${n}`] ?? null, typed[`from_${n}`] ?? null];
    if (on === null && from === null) continue;
    if (on === null || from === null) {
      problems.push({ field: on === null ? `on_${n}` : `from_${n}`, message: c.t('lib.field.required') });
      continue;
    }
    const startsAt = toInstant(on, from, c.zone);
    if (startsAt)
      add(`on_${n}`, { startsAt, endsAt: new Date(startsAt.getTime() + form.minutes * 60_000), roomIds: [] });
    else problems.push({ field: `from_${n}`, message: c.t('calendar.booking.skipped') });
  }
  return { options: options.sort((a, b) => a.startsAt.getTime() - b.startsAt.getTime()), problems };
}

/** @param last start of the last time, which the deadline must be before */
export function readDeadline(
  c: Context<unknown, unknown>,
  form: { deadline_on: string; deadline_at: string },
  last: Date | undefined,
  problems: Problem[],
): Date | undefined {
  const deadlineAt = toInstant(form.deadline_on, form.deadline_at, c.zone);
  if (!deadlineAt) problems.push({ field: 'deadline_at', message: c.t('calendar.booking.skipped') });
  else if (deadlineAt <= c.now)
    problems.push({ field: 'deadline_on', message: c.t('polls.problem.deadlinePast') });
  else if (last && deadlineAt >= last)
    problems.push({
      field: 'deadline_on',
      message: c.t('polls.problem.deadlineLate', { when: c.fmt.dateTime(last) }),
    });
  return deadlineAt ?? undefined;
}

/** Named in both lists, one is required. */
export function toPollPeople(
  required: NamedPeople,
  optional: NamedPeople,
): Pick<NewPoll, 'people' | 'guests'> {
  const seen = new Set(required.personIds);
  return {
    people: [
      ...required.personIds.map((personId) => ({ personId, isRequired: true })),
      ...optional.personIds
        .filter((id) => !seen.has(id))
        .map((personId) => ({ personId, isRequired: false })),
    ],
    guests: [
      ...required.guests.map((guest) => ({ ...guest, isRequired: true })),
      ...optional.guests.map((guest) => ({ ...guest, isRequired: false })),
    ],
  };
}

/** Times without a room of their own get the free one that fits best. */
export async function giveRooms(
  c: Context<unknown, unknown>,
  options: Option[],
  seats: number,
): Promise<Option[]> {
  const bare = options.filter(({ roomIds }) => roomIds.length === 0);
  const chosen = await chooseRooms(c.db, bare, Math.max(1, seats), {
    viewerId: c.viewer.id,
    zone: c.zone,
    officeZone: c.office.zone,
    today: dayOf(c.now, c.zone),
  });
  return options.map((one) => {
    const room = chosen[bare.indexOf(one)];
    return room ? { ...one, roomIds: [room] } : one;
  });
}
