// What one person hears of a standing meeting, beside what they hold, and as which delivery.
import type { NewDelivery } from '../lib/mail/queue.js';
import {
  objectOfSeries,
  viewIn,
  type SeriesParticipant,
  type SeriesPayload,
  type SeriesTelling,
  type StandingRule,
} from './seriesQueries.js';
import {
  datesIn,
  isPrivate,
  messageFor,
  viewOf,
  type SeriesMessage,
  type SeriesView,
  type ToldSeries,
} from './seriesView.js';

interface SeriesRevision {
  rule: StandingRule;
  told: ToldSeries;
  revision: number;
  queuedBy: number | null;
  now: Date;
}

export interface PersonMessage extends ForPerson {
  person: number;
  own: SeriesParticipant[];
  telling: SeriesTelling | undefined;
  message: SeriesMessage;
}

/** What is queued for one person; nothing when there is no date left to name. */
export function deliveryOf(
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

interface ForPerson {
  /** How it stands for them. */
  view: SeriesView | undefined;
  /** What they hold. */
  held: SeriesView | undefined;
  /** Undefined: what waits to be sent has become untrue, and nothing else is to be said. */
  message: SeriesMessage | undefined;
}

/** What is to be said to one person about what they hold; undefined when they know everything. */
export function messageTo(
  told: ToldSeries,
  { own, telling }: Pick<PersonMessage, 'own' | 'telling'>,
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
