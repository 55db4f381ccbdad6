import { carryDates, carryList, type CarriedDate } from './carriedDates.js';
import { roomSetupFor, type RoomSetup, type RoomSetupRequest } from './roomSetups.js';
import { isSameText, sequenceFor, textFor, textOf, type DateRow, type DateText } from './text.js';
import type { RuleDate, Usual } from './followingQueries.js';
import { isSame } from '../meetings/placeCommands.js';
import { scheduledDates, type Schedule, type ScheduledDate } from './schedule.js';
import { differenceOf } from '../meetings/sequence.js';

// What becomes of each date when a standing meeting gets a schedule: kept, moved, called off, or made anew.
// Pure; what is decided here is carried out by `writeSchedule`.

/** What is asked for the dates that stand already. */
export interface StandingChange {
  text: DateText;
  roomSetup: RoomSetupRequest;
  /** The date from which it was asked for. */
  openedId: number;
  /** Told to those whose date has no place in the new schedule. */
  reason: string;
  usual: Usual;
  /** Site and building of all rooms before and after, by room. */
  whereabouts: ReadonlyMap<number, { site: string; building: string }>;
}

export type DateFate =
  /**
   * It stays called off, or where somebody moved it. `to`: the new date whose place it takes; null: it takes
   * none.
   */
  | { kind: 'kept'; date: RuleDate; to: ScheduledDate; row: DateRow }
  | { kind: 'kept'; date: RuleDate; to: null; leavesRule: boolean }
  | MovedDate
  /** It is called off: it has no place in the schedule (`to` is null), or its new date is left out. */
  | { kind: 'off'; date: RuleDate; to: ScheduledDate | null; reason: string; row: DateRow | null }
  | { kind: 'new'; to: ScheduledDate };

/** It gets what the schedule says; that may be what it has. */
export interface MovedDate {
  kind: 'moved';
  date: RuleDate;
  to: ScheduledDate;
  row: DateRow;
  roomIds: number[];
  roomSetup: RoomSetup;
  /** Its claims are given up and made anew, or it waits for its rooms. */
  changesPlace: boolean;
  /** Its rooms are set up anew, and what is carried into them is counted anew. */
  changesRoomSetup: boolean;
  isWaiting: boolean;
}

export interface DateLayout {
  fates: DateFate[];
  /** The same of the dates that stood before, for whoever has to agree. */
  carried: CarriedDate[];
}

/**
 * @param dates that stand, by time
 * @param request.change undefined when none stands: a new standing meeting, or further dates of one
 */
export function layOut(
  dates: readonly RuleDate[],
  { schedule, change }: { schedule: Schedule; change?: StandingChange },
): DateLayout {
  const scheduled = new Map(scheduledDates(schedule).map((date) => [date.on, date]));
  const days = [...scheduled.keys()];
  const carried = schedule.rule ? carryDates(dates, days, schedule.rule.frequency) : carryList(dates, days);
  const byId = new Map(carried.map((one) => [one.date.id, one]));
  const fates = change
    ? dates.map((date): DateFate => {
        const one = byId.get(date.id);
        const to = one?.to ? scheduled.get(one.to) : undefined;
        return to && one
          ? fateWithin(one.kind, date, to, { schedule, change })
          : fateOutside(one?.kind, date, change);
      })
    : [];
  const taken = new Set(carried.map(({ to }) => to));
  const fresh = [...scheduled.values()].filter(({ on }) => !taken.has(on));
  return { carried, fates: [...fates, ...fresh.map((to): DateFate => ({ kind: 'new', to }))] };
}

/** @param kind undefined: it is not on the list and was called off before, which is no matter of it */
function fateOutside(
  kind: CarriedDate['kind'] | undefined,
  date: RuleDate,
  { reason }: StandingChange,
): DateFate {
  if (kind === 'calledOff') return { kind: 'off', date, to: null, reason, row: null };
  return { kind: 'kept', date, to: null, leavesRule: kind === 'left' };
}

function fateWithin(
  kind: CarriedDate['kind'],
  date: RuleDate,
  to: ScheduledDate,
  request: { schedule: Schedule; change: StandingChange },
): DateFate {
  const asItStands = {
    ...textOf(date),
    id: date.id,
    expected: date.expected,
    occurrence: request.schedule.rule === null ? undefined : to.occurrenceAt,
    sequence: date.sequence,
    time_sequence: date.timeSequence,
    told: false,
  };
  if (kind === 'moved')
    return { kind: 'kept', date, to, row: { ...asItStands, from: date.startsAt, to: date.endsAt } };
  // What is called off is restored to the new time.
  const row = { ...asItStands, from: to.startsAt, to: to.endsAt };
  if (kind === 'cancelled') return { kind: 'kept', date, to, row };
  if (to.skipped === null) return moveDate(date, to, row, request);
  // Calling it off has counted by itself.
  const sequence = date.sequence + (date.announcedAt ? 1 : 0);
  return { kind: 'off', date, to, reason: to.skipped, row: { ...row, sequence } };
}

function moveDate(
  date: RuleDate,
  to: ScheduledDate,
  row: DateRow,
  { schedule, change }: { schedule: Schedule; change: StandingChange },
): MovedDate {
  const { usual, whereabouts } = change;
  const isOpened = date.id === change.openedId;
  const hasRoomChosen = schedule.choices.get(to.on)?.kind === 'room';
  const roomIds = date.hasOwnRooms && !hasRoomChosen ? date.roomIds : to.roomIds;
  const text = textFor(date, usual, change.text, isOpened);
  const placeOf = (startsAt: Date, endsAt: Date, place: string | null, ids: number[]) => ({
    starts_at: startsAt,
    ends_at: endsAt,
    place,
    roomIds: ids,
    rooms: ids.flatMap((id) => whereabouts.get(id) ?? []),
  });
  const difference = differenceOf(
    placeOf(date.startsAt, date.endsAt, date.place, date.roomIds),
    placeOf(to.startsAt, to.endsAt, text.place, roomIds),
  );
  const roomSetup = roomSetupFor(date, usual, change.roomSetup, isOpened);
  const equipment = to.isBare ? [] : roomSetup.equipment;
  const isElsewhere = difference.time || difference.rooms;
  return {
    kind: 'moved',
    date,
    to,
    roomIds,
    roomSetup: { ...roomSetup, equipment },
    changesPlace: isElsewhere || to.isWaiting,
    changesRoomSetup: isElsewhere || roomSetup.layout !== date.layout || !isSame(date.equipment, equipment),
    isWaiting: to.isWaiting,
    row: {
      ...row,
      ...text,
      ...sequenceFor(date, difference),
      expected: roomSetup.expected,
      told: date.announcedAt !== null && (isElsewhere || !isSameText(date, text)),
    },
  };
}
