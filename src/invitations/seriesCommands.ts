import { record, recordAll, type Actor } from '../lib/audit/record.js';
import { change, inTransaction, rows, type Db } from '../lib/db/db.js';
import { Conflict, Forbidden } from '../lib/http/errors.js';
import { queueDeliveries, type NewDelivery } from '../lib/mail/queue.js';
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
import { canBeOneEvent } from './seriesEvent.js';
import {
  listFreshParticipants,
  listSeriesParticipants,
  listStandingDates,
  listTellings,
  listToldSeries,
  lockInvitableDates,
  lockRules,
  objectOfSeries,
  viewIn,
  type FreshParticipant,
  type SeriesPayload,
  type SeriesParticipant,
  type SeriesTelling,
  type StandingRule,
} from './seriesQueries.js';
import { groupedBy } from '../lib/groupedBy.js';
import {
  datesIn,
  isPrivate,
  messageFor,
  seriesTold,
  toldOf,
  viewOf,
  whereaboutsOf,
  type SeriesMessage,
  type SeriesView,
  type StandingDate,
  type ToldSeries,
} from './seriesView.js';

// A standing meeting is one event in everybody's calendar: the rule, its exceptions, the dates left out. Told
// is, like for single meetings, what differs from what each person holds.

export type SeriesSent =
  | {
      ok: true;
      people: number;
      dates: number;
      /** Left out: they have no place or no chair yet. */ unready: number;
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
    for (const rule of rules)
      if (standing.has(rule.id)) await describeRule(trx, rule, now, by.id, standing.get(rule.id));
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
    for (const rule of await lockRules(trx, seriesId)) await describeRule(trx, rule, now, null);
  });
}

/**
 * Compares what each person holds of a rule with how its dates stand and queues what is missing: the whole
 * event, one date, or a cancellation. Doing it twice does nothing. The caller has locked the rule.
 */
async function describeRule(
  trx: Db,
  rule: StandingRule,
  now: Date,
  by: number | null,
  read?: StandingDate[],
): Promise<void> {
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
    const message = messageTo(told, own, telling, earlier, now);
    return message ? [{ person, own, telling, ...message }] : [];
  });
  await takeBackUnheard(
    trx,
    earlier.get(rule.revision),
    told,
    new Set(participants.map(({ meeting_id: id }) => id)),
  );
  await forgetUnsent(
    trx,
    rule.id,
    messages.filter(({ message }) => message === undefined).map(({ person }) => person),
  );
  const spoken = messages.filter(
    (one): one is typeof one & { message: SeriesMessage } => one.message !== undefined,
  );
  if (spoken.length === 0) return;
  const revision = await countSeriesAnnouncement(trx, rule.id);
  await change(
    trx,
    `insert into recurrence_announcements (recurrence_id, revision, content, announced_by, announced_at)
     values (:id, :revision, :content, :by, :now)`,
    { id: rule.id, revision, content: JSON.stringify(told), by, now },
  );
  const deliveries = spoken.flatMap((one) => deliveryOf({ rule, told, revision, queuedBy: by, now }, one));
  await queueDeliveries(trx, deliveries);
  if (by === null)
    await record(
      trx,
      { id: null },
      {
        action: 'invitation.update',
        noun: 'recurrences',
        id: rule.id,
        after: { revision, told: spoken.length },
      },
    );
}

interface SeriesRevision {
  rule: StandingRule;
  told: ToldSeries;
  revision: number;
  queuedBy: number | null;
  now: Date;
}

interface PersonMessage extends ForPerson {
  person: number;
  own: SeriesParticipant[];
  telling: SeriesTelling | undefined;
  message: SeriesMessage;
}

/** What is queued for one person; nothing when there is no date left to name. */
function deliveryOf(
  { rule, told, revision, queuedBy, now }: SeriesRevision,
  { person, own, telling, view, held, message }: PersonMessage,
): NewDelivery[] {
  const part = message.kind === 'whole' || message.kind === 'date' ? view : held;
  const spot = part && spotOf(message, part, own, now);
  if (!spot) return [];
  const isCancel = message.kind === 'cancelled' || message.kind === 'dateCancelled';
  const before = held &&
    telling?.held && { revision: telling.held.revision, from: held.from, without: held.without };
  // Stored as JSON, which leaves out what is undefined.
  const payload: SeriesPayload = {
    from: (view ?? part).from,
    without: view?.without ?? [],
    kind: message.kind,
    meeting: spot.meetingId,
    at: 'at' in message ? message.at : undefined,
    before: before ?? undefined,
    whole: isCancel ? isOffForAll(told, message, now) : undefined,
  };
  return [
    {
      kind: 'invitations.series',
      object: objectOfSeries(rule.id),
      recurrenceId: rule.id,
      participantId: spot.participantId,
      personId: person,
      revision,
      method: isCancel ? 'CANCEL' : 'REQUEST',
      sequence: sequenceOf(telling, message),
      baseSequence: 0,
      payload: { ...payload },
      isRestricted: isPrivate(told),
      queuedBy,
      usefulUntil: usefulUntil(told, now),
    },
  ];
}

/** Until its last date is over; a minute at least, so that the end of a series is still told. */
function usefulUntil(told: ToldSeries, now: Date): Date {
  return new Date(Math.max(...told.dates.map(({ end }) => Date.parse(end)), now.getTime() + 60_000));
}

function emptied(rule: StandingRule, last: ToldSeries | undefined): ToldSeries | undefined {
  return last && { ...last, until: rule.until, dates: last.dates.map((date) => ({ ...date, isOn: false })) };
}

interface ForPerson {
  /** How it stands for them. */
  view: SeriesView | undefined;
  /** What they hold. */
  held: SeriesView | undefined;
  /** Undefined: what waits to be sent has become untrue, and nothing else is to be said. */
  message: SeriesMessage | undefined;
}

function messageTo(
  told: ToldSeries,
  own: SeriesParticipant[],
  telling: SeriesTelling | undefined,
  earlier: Map<number, ToldSeries>,
  now: Date,
): ForPerson | undefined {
  const known = (one: SeriesTelling['held']) =>
    one?.method === undefined || (one.method === 'CANCEL' && one.payload.kind === 'cancelled')
      ? undefined
      : viewIn(earlier, { revision: one.revision, ...one.payload });
  const [last, held] = [known(telling?.last ?? null), known(telling?.held ?? null)];
  const mine = new Set(own.filter(({ is_current: is }) => is).map(({ meeting_id: id }) => id));
  const view = viewOf(told, mine, now, held?.from);
  if (last && !messageFor(last, view, now)) return undefined;
  const message = messageFor(held, view, now);
  if (!message) return telling?.last.state === 'waiting' ? { view, held, message } : undefined;
  // A cancellation that was refused by the other server is not said again and again.
  if (
    message.kind === 'cancelled' &&
    telling?.last.method === 'CANCEL' &&
    telling.last.payload.kind === 'cancelled'
  )
    return undefined;
  return { view, held, message };
}

/**
 * The date a message names: its own, else the first that comes, else the last there was; whose personal link
 * the letter has.
 */
function spotOf(
  message: SeriesMessage,
  view: SeriesView,
  own: SeriesParticipant[],
  now: Date,
): { meetingId: number; participantId: number | undefined } | undefined {
  const dates = [...datesIn(view).values()];
  const spot =
    'at' in message
      ? view.told.dates.find(({ at }) => at === message.at)
      : (dates.find(({ end }) => Date.parse(end) > now.getTime()) ?? dates.at(-1));
  return (
    spot && {
      meetingId: spot.meetingId,
      participantId: own.find(({ meeting_id: id }) => id === spot.meetingId)?.participant_id,
    }
  );
}

function isOffForAll(told: ToldSeries, message: SeriesMessage, now: Date): boolean {
  if ('at' in message) return told.dates.find(({ at }) => at === message.at)?.isOn !== true;
  return !told.dates.some(({ isOn, end }) => isOn && Date.parse(end) > now.getTime());
}

/**
 * What asks again, and every cancellation, has a higher SEQUENCE than anything this person got (RFC 5546
 * 2.1.4).
 */
function sequenceOf(telling: SeriesTelling | undefined, message: SeriesMessage): number {
  if (!telling) return 0;
  const asks =
    message.kind === 'cancelled' ||
    message.kind === 'dateCancelled' ||
    message.asks ||
    telling.last.payload.kind === 'cancelled';
  return telling.sequence + (asks ? 1 : 0);
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
