import { record, recordAll, type Actor } from '../lib/audit/record.js';
import { change, inTransaction, rows, type Db } from '../lib/db/db.js';
import { Conflict, Forbidden } from '../lib/http/errors.js';
import { queueDeliveries } from '../lib/mail/queue.js';
import {
  countSeriesAnnouncement,
  markInvited,
  markInvitedWithSeries,
  scheduleDates,
  takeBackTimeSequences,
} from '../meetings/announcementCommands.js';
import { mayKeepSeries } from '../meetings/policy.js';
import { lockSeries } from '../series/queries.js';
import { tellEverybody } from './commands.js';
import { isTooManyOutside } from './queries.js';
import { deliveryOf, messageTo, type PersonMessage } from './seriesDelivery.js';
import { canBeOneEvent } from './seriesEvent.js';
import {
  listFreshParticipants,
  listSeriesParticipants,
  listStandingDates,
  listTellings,
  listToldSeries,
  lockInvitableDates,
  lockRules,
  type FreshParticipant,
  type StandingRule,
} from './seriesQueries.js';
import { groupedBy } from '../lib/groupedBy.js';
import { seriesTold, toldOf, whereaboutsOf, type StandingDate, type ToldSeries } from './seriesView.js';

// A standing meeting is one event in everybody's calendar: the rule, its exceptions, the dates left out. Told
// is, like for single meetings, what differs from what each person holds.

export type SeriesSent =
  | {
      ok: true;
      people: number;
      dates: number;
      /** Left out: they have no place or no chair yet. */
      unready: number;
      unreachable: number;
    }
  | { ok: false; reason: 'nobody' | 'place' | 'chair' | 'outside' };

/**
 * Invites everybody to all coming dates to which they were not invited yet. Dates of a rule are one mail a
 * person; those that follow none are told each by itself, because a calendar can't hold them as one.
 */
export function sendSeriesInvitations(db: Db, by: Actor, seriesId: number, now: Date): Promise<SeriesSent> {
  return inTransaction(db, async (trx) => {
    const series = await lockSeries(trx, by, seriesId);
    if (!mayKeepSeries(series)) throw new Forbidden();
    if (series.ended_on !== null) throw new Conflict('meetings.problem.seriesEnded');
    const rules = await lockRules(trx, seriesId);
    const open = await lockInvitableDates(trx, seriesId, now);
    const ready = open.filter((date) => date.has_place && date.has_chair);
    if (open.length === 0) return { ok: false, reason: 'nobody' };
    if (ready.length === 0)
      return { ok: false, reason: open.some(({ has_place: has }) => has) ? 'chair' : 'place' };
    const standing = await readWhole(
      trx,
      rules,
      new Set(ready.flatMap(({ recurrence_id: rule }) => rule ?? [])),
    );
    const isTogether = new Map(
      ready.map((date) => [date.id, date.recurrence_id !== null && standing.has(date.recurrence_id)]),
    );
    const fresh = await listFreshParticipants(
      trx,
      ready.map(({ id }) => id),
    );
    const people = fresh.map((one) => one.person_id);
    if (by.id !== null && (await isTooManyOutside(trx, by.id, { people })))
      return { ok: false, reason: 'outside' };

    await scheduleDates(
      trx,
      ready.map(({ id }) => id),
      now,
    );
    await markInvitedWithSeries(
      trx,
      fresh.filter((one) => isTogether.get(one.meeting_id)).map(({ id }) => id),
      now,
    );
    await markInvited(
      trx,
      fresh.filter((one) => !isTogether.get(one.meeting_id)).map(({ id }) => id),
      now,
    );
    await recordAll(trx, by, sendEvents(ready, fresh));
    for (const rule of rules) {
      const read = standing.get(rule.id);
      if (read) await announceRule(trx, rule, { now, by: by.id, read });
    }
    for (const { id } of ready) if (!isTogether.get(id)) await tellEverybody(trx, id, now, by.id);
    const told = new Map(fresh.map((one) => [one.person_id, one.has_address]));
    const unreachable = [...told.values()].filter((has) => !has).length;
    return {
      ok: true,
      people: told.size - unreachable,
      dates: ready.length,
      unready: open.length - ready.length,
      unreachable,
    };
  });
}

function sendEvents(dates: { id: number; state: string }[], fresh: FreshParticipant[]) {
  const byDate = groupedBy(fresh, ({ meeting_id: id }) => id);
  return dates.map(({ id, state }) => ({
    action: 'invitation.send',
    noun: 'meetings',
    id,
    meetingId: id,
    after: {
      people: (byDate.get(id) ?? []).map(({ person_id, role }) => ({ person_id, role })),
      state: state === 'draft' ? 'scheduled' : state,
    },
  }));
}

/** The dates of those of these rules that calendars can hold as one event. */
async function readWhole(
  trx: Db,
  rules: StandingRule[],
  wanted: ReadonlySet<number>,
): Promise<Map<number, StandingDate[]>> {
  const found = new Map<number, StandingDate[]>();
  for (const rule of rules) {
    if (!wanted.has(rule.id)) continue;
    const dates = await listStandingDates(trx, rule.id);
    const told = seriesTold(rule, dates);
    if (told && canBeOneEvent(told)) found.set(rule.id, dates);
  }
  return found;
}

/** The worker's side: tells whoever holds a part of a standing meeting how it stands now. */
export function announceSeries(db: Db, seriesId: number, now: Date): Promise<void> {
  return inTransaction(db, async (trx) => {
    // Another rule may have taken dates over from the one people hold: all are looked at, the older ones
    // first.
    await rows(trx, `select 1 from series where id = :id for no key update`, { id: seriesId });
    for (const rule of await lockRules(trx, seriesId)) await announceRule(trx, rule, { now, by: null });
  });
}

interface Telling {
  now: Date;
  /** Who tells it; null is the worker. */
  by: number | null;
  /** Its dates, when they have been read. */
  read?: StandingDate[] | undefined;
}

/**
 * Compares what each person holds of a rule with how its dates stand and queues what is missing: the whole
 * event, one date, or a cancellation. Doing it twice does nothing. The caller has locked the rule.
 */
async function announceRule(trx: Db, rule: StandingRule, { now, by, read }: Telling): Promise<void> {
  const [participants, tellings] = await Promise.all([
    listSeriesParticipants(trx, rule.id),
    listTellings(trx, rule.id),
  ]);
  if (participants.length === 0 && tellings.length === 0) return;
  const standing = read ?? (await listStandingDates(trx, rule.id));
  // All dates may have gone over to the rule that follows: what was told last still names them, none of them
  // is on.
  const earlier = await listToldSeries(trx, rule.id, [
    rule.revision,
    ...tellings.flatMap(({ last, held }) => [last.revision, held?.revision ?? last.revision]),
  ]);
  const told = seriesTold(rule, standing) ?? emptied(rule, earlier.get(rule.revision));
  if (!told) return;

  const byPerson = groupedBy(participants, ({ person_id: id }) => id);
  const tellingOf = new Map(tellings.map((one) => [one.person_id, one]));
  const messages = [...new Set([...tellingOf.keys(), ...byPerson.keys()])].flatMap((person) => {
    const [own, telling] = [byPerson.get(person) ?? [], tellingOf.get(person)];
    const message = messageTo(told, { own, telling }, earlier, now);
    return message ? [{ person, own, telling, ...message }] : [];
  });
  const together = new Set(participants.map(({ meeting_id: id }) => id));
  await takeBackUnheard(trx, earlier.get(rule.revision), told, together);
  const silent = messages.filter(({ message }) => message === undefined);
  await forgetUnsent(
    trx,
    rule.id,
    silent.map(({ person }) => person),
  );
  const spoken = messages.filter((one): one is PersonMessage => one.message !== undefined);
  if (spoken.length > 0) await queueTold(trx, rule, { told, by, now }, spoken);
}

/** Keeps what is told as a revision of its own and queues it for everybody who hears of it. */
async function queueTold(
  trx: Db,
  rule: StandingRule,
  { told, by, now }: { told: ToldSeries; by: number | null; now: Date },
  spoken: PersonMessage[],
): Promise<void> {
  const revision = await countSeriesAnnouncement(trx, rule.id);
  await change(
    trx,
    `insert into recurrence_announcements (recurrence_id, revision, content, announced_by, announced_at)
     values (:id, :revision, :content, :by, :now)`,
    { id: rule.id, revision, content: JSON.stringify(told), by, now },
  );
  const deliveries = spoken.flatMap((one) => deliveryOf({ rule, told, revision, queuedBy: by, now }, one));
  await queueDeliveries(trx, deliveries);
  if (by !== null) return;
  const after = { revision, told: spoken.length };
  await record(trx, { id: null }, { action: 'invitation.update', noun: 'recurrences', id: rule.id, after });
}

function emptied(rule: StandingRule, last: ToldSeries | undefined): ToldSeries | undefined {
  return last && { ...last, until: rule.until, dates: last.dates.map((date) => ({ ...date, isOn: false })) };
}

/**
 * Moved and moved back before anybody heard of it: the answers given until now count.
 * @param together dates told under the rule's UID
 */
async function takeBackUnheard(
  trx: Db,
  before: ToldSeries | undefined,
  told: ToldSeries,
  together: ReadonlySet<number>,
): Promise<void> {
  if (!before) return;
  const known = new Map(before.dates.map((date) => [date.meetingId, date]));
  const unheard = told.dates.flatMap((date) => {
    const was = known.get(date.meetingId);
    if (
      !was ||
      !together.has(date.meetingId) ||
      date.timeSequence <= was.timeSequence ||
      was.isOn !== date.isOn ||
      was.start !== date.start ||
      was.end !== date.end
    )
      return [];
    return whereaboutsOf(toldOf(before, was)) === whereaboutsOf(toldOf(told, date))
      ? [{ id: date.meetingId, to: was.timeSequence }]
      : [];
  });
  await takeBackTimeSequences(trx, unheard);
}

async function forgetUnsent(trx: Db, recurrenceId: number, people: number[]): Promise<void> {
  if (people.length === 0) return;
  await change(
    trx,
    `update deliveries
     set state = 'superseded', finished_at = now()
     where recurrence_id = :id and person_id = any(:people) and state = 'waiting'`,
    { id: recurrenceId, people },
  );
}
