import { lockRooms } from '../claims/commands.js';
import { takeEquipment, type Shortage } from '../equipment/commands.js';

import { record, type Actor } from '../lib/audit/record.js';
import { inTransaction, type Db } from '../lib/db/db.js';
import { writeDateRows } from './rowCommands.js';
import { roomSetupFor, type RoomSetup } from './roomSetups.js';
import { isSameText, sequenceFor, textFor, type DateRow, type DateText } from './text.js';
import {
  changeSeriesRow,
  lockFollowing,
  type FollowingRequest,
  type LockedDates,
} from './followingCommands.js';
import type { RuleDate } from './followingQueries.js';
import { describeRoomSetup } from './roomSetupCommands.js';
import { isSame, setLayout } from '../meetings/placeCommands.js';
import { listTouchedRooms } from '../meetings/roomChangeCommands.js';

/** `short`: dates for which there is not enough equipment, by day; nothing has changed. */
export type TextChanged =
  { ok: true; count: number } | { ok: false; short: { on: string; shortages: Shortage[] }[] };

class Short extends Error {
  constructor(readonly short: { on: string; shortages: Shortage[] }[]) {
    super('equipment is short');
  }
}

/**
 * Title, text, link, place, layout and equipment of these dates; each stays what it is for calendars. What
 * was changed for one date stays.
 * @param how.leavesShort dates for which there is not enough equipment keep what they have; otherwise nothing
 *   is changed
 */
export async function changeFollowingText(
  db: Db,
  by: Actor,
  request: FollowingRequest,
  how: { now: Date; leavesShort?: boolean },
): Promise<TextChanged> {
  try {
    return await inTransaction(db, (outer) =>
      // A savepoint: what was changed before a shortage was found is undone.
      outer.transaction((trx) => changeText(trx, by, request, how)),
    );
  } catch (error) {
    if (error instanceof Short) return { ok: false, short: error.short };
    throw error;
  }
}

async function changeText(
  trx: Db,
  by: Actor,
  request: FollowingRequest,
  { now, leavesShort }: { now: Date; leavesShort?: boolean },
): Promise<TextChanged> {
  const locked = await lockFollowing(trx, by, request, now);
  const { series, usual } = locked;
  const dates = changedDates(locked, request);
  const short = await setUp(trx, by, dates);
  if (short.size > 0 && !leavesShort)
    throw new Short(
      dates.flatMap(({ date }) => {
        const shortages = short.get(date.id);
        return shortages ? [{ on: date.on, shortages }] : [];
      }),
    );
  const list = dates.flatMap((one) => rowOf(one, short.has(one.date.id)) ?? []);
  await writeDateRows(trx, { recurrenceId: null, zone: null }, list);
  await changeSeriesRow(trx, locked, request);
  await record(trx, by, {
    action: 'series.update',
    noun: 'series',
    id: series.id,
    before: { ...usual, ...(await describeRoomSetup(trx, usual)) },
    after: {
      ...request.text,
      ...(await describeRoomSetup(trx, roomSetupFor(usual, usual, request.roomSetup, true))),
      dates: list.length,
      short: short.size > 0 ? short.size : undefined,
    },
  });
  return { ok: true, count: list.length };
}

interface ChangedDate {
  date: RuleDate;
  text: DateText;
  roomSetup: RoomSetup;
}

/** What the dates that take place shall have. */
function changedDates({ dates, usual }: LockedDates, request: FollowingRequest): ChangedDate[] {
  return dates
    .filter(({ isCancelled }) => !isCancelled)
    .map((date) => {
      const isOpened = date.id === request.meetingId;
      return {
        date,
        text: textFor(date, usual, request.text, isOpened),
        roomSetup: roomSetupFor(date, usual, request.roomSetup, isOpened),
      };
    });
}

/** @returns by meeting what is short; of those the equipment stays as it was */
async function setUp(trx: Db, by: Actor, dates: readonly ChangedDate[]): Promise<Map<number, Shortage[]>> {
  const carried = dates.filter(({ date, roomSetup }) => !isSame(date.equipment, roomSetup.equipment));
  // Rooms before equipment, as everybody locks them.
  await lockRooms(
    trx,
    await listTouchedRooms(
      trx,
      carried.map(({ date }) => date.id),
      [],
    ),
  );
  await setLayout(
    trx,
    dates
      .filter(({ date, roomSetup }) => roomSetup.layout !== date.layout)
      .map(({ date, roomSetup }) => ({
        meetingId: date.id,
        roomIds: date.roomIds,
        layout: roomSetup.layout,
      })),
  );
  return takeEquipment(
    trx,
    by,
    carried.map(({ date, roomSetup }) => ({
      meetingId: date.id,
      startsAt: date.startsAt,
      endsAt: date.endsAt,
      lines: roomSetup.equipment,
    })),
  );
}

/** The row of a date in which anything is new. */
function rowOf({ date, text, roomSetup }: ChangedDate, isShort: boolean): DateRow | undefined {
  const isTextKept = isSameText(date, text);
  const isRoomSetupKept =
    roomSetup.layout === date.layout &&
    roomSetup.expected === date.expected &&
    (isShort || isSame(date.equipment, roomSetup.equipment));
  if (isTextKept && isRoomSetupKept) return undefined;
  const distant = text.place !== date.place;
  return {
    ...text,
    ...sequenceFor(date, { time: false, distant }),
    id: date.id,
    expected: roomSetup.expected,
    told: !isTextKept && date.announcedAt !== null,
    from: date.startsAt,
    to: date.endsAt,
  };
}
