import { encode } from 'uqr';
import { page, type Answer, type Context } from '../lib/http/route.js';
import { translator, type Translate } from '../lib/i18n/translate.js';
import { format, type Format } from '../lib/time/format.js';
import { dayOf } from '../lib/time/zone.js';
import { listExpectedOf } from '../checkins/noShowQueries.js';
import { isKept, describeHold } from '../claims/describeHold.js';
import { openSpan } from '../hours/openingHours.js';
import { findRoom, type Room } from '../rooms/queries.js';
import { dayOfGrid, type Day } from '../calendar/dayGrid.js';
import { doorState, type DoorClaim, type DoorState } from './state.js';
import { listCheckedIn, type DoorDisplay } from './queries.js';
import { findDayState, listDayClaims, type CalendarClaim, type CalendarRoom } from '../calendar/queries.js';

/** Nobody is signed in at a door: nobody's private meetings are known. */
const NOBODY = 0;

interface SeenDoor {
  state: DoorState;
  room: Room;
  claims: CalendarClaim[];
  rooms: CalendarRoom[];
  day: Day;
}

export async function stateOfDoor(c: Context<unknown, unknown>, display: DoorDisplay): Promise<SeenDoor> {
  const day = dayOfGrid(dayOf(c.now, c.office.zone), c.office.zone);
  const [room, { rooms }, claims] = await Promise.all([
    findRoom(c.db, display.room_id),
    findDayState(c.db, day),
    listDayClaims(c.db, NOBODY, day),
  ]);
  const shown = rooms.find(({ id }) => id === room.id); // with its exceptions and holidays
  const state = doorState(
    claimsOf(claims, day, room.parts.length ? room.parts.map(({ id }) => id) : [room.id]),
    c.now,
    shown?.is_in_service ? openSpan(shown.hours, day.on, c.office.zone) : undefined,
    {
      setup: room.setup_minutes,
      teardown: room.teardown_minutes,
    },
  );
  return { state, room, claims, rooms, day };
}

/** Of the rooms asked for; a meeting or a hold that has several parts of a hall once. */
function claimsOf(claims: readonly CalendarClaim[], day: Day, roomIds: readonly number[]): DoorClaim[] {
  const at = (minute: number) => new Date(day.start.getTime() + minute * 60_000);
  const seen = new Set<number | string>();
  return claims.flatMap((claim) => {
    if (!roomIds.includes(claim.room_id)) return [];
    const whose = claim.meeting_id ?? claim.hold_key ?? null;
    if (whose !== null && seen.has(whose)) return [];
    if (whose !== null) seen.add(whose);
    return [
      {
        startsAt: at(claim.s),
        endsAt: at(claim.e),
        from: at(claim.f),
        to: at(claim.t),
        meetingId: claim.meeting_id,
        title: claim.title,
        hold: claim.hold,
        isClosure: claim.closure_id !== null,
        isTentative: claim.is_tentative,
      },
    ];
  });
}

/**
 * The whole screen: colour, word and sign; what comes; what may be pressed.
 * @param problem why the last press did nothing
 */
export async function showDoor(
  c: Context<unknown, unknown>,
  display: DoorDisplay,
  problem?: string,
): Promise<Answer> {
  const seen = await stateOfDoor(c, display);
  const { state, room } = seen;
  const reader = { t: translator(display.lang), fmt: format(display.lang, c.office.zone) };
  const { t, fmt } = reader;
  const current = state.current?.meetingId ?? null;
  const checkedIn = current === null ? new Set<number>() : await listCheckedIn(c.db, [current]);
  const mayCheckIn = current !== null && !checkedIn.has(current) && state.state !== 'closed';
  const [due] =
    mayCheckIn && current !== null
      ? (await listExpectedOf(c.db, [current])).filter(({ due_at }) => due_at > c.now)
      : [];
  const link = mayCheckIn ? `meetings/${current}/check-in` : `bookings/new?room=${room.id}`;
  return page(
    'doors/door',
    {
      title: t('door.title', { room: fmt.name(room) }),
      t,
      fmt,
      lang: display.lang,
      viewer: null,
      screen: true,
      scripts: ['door'],
      now: c.now,
      problem,
      room,
      seats: t('door.seats', { count: room.capacity }),
      ...describeState(state, reader),
      current,
      mayCheckIn,
      due: due && t('noShow.door.due', { time: fmt.time(due.due_at) }),
      mayEnd: mayEndNow(state, c.now),
      elsewhere:
        state.state === 'busy' || state.state === 'closed'
          ? freeRooms(c, seen)
              .map((other) => fmt.name(other))
              .join(t('rooms.list.comma'))
          : '',
      code: drawCode(`${c.config.publicUrl}/${link}`),
      codeText: t(mayCheckIn ? 'door.scanCheckIn' : 'door.scan'),
    },
    { caching: 'no-store', status: problem ? 409 : 200 },
  );
}

interface Reader {
  t: Translate;
  fmt: Format;
}

/** What the screen says in words: how the room is, until when, and what comes next. */
function describeState(state: DoorState, reader: Reader) {
  const { t, fmt } = reader;
  return {
    state: state.state,
    word: describeColour(state, t),
    what: state.current ? describeClaim(state.current, reader) : '',
    until: describeUntil(state, reader),
    next: state.next.slice(0, 4).map((claim) => ({
      time: fmt.range(claim.startsAt, claim.endsAt),
      title: describeClaim(claim, reader),
    })),
    lengths: state.lengths,
  };
}

function describeColour({ state, current }: DoorState, t: Translate): string {
  if (!isKept(current?.hold) || state === 'closed') return t(`door.${state}`);
  return t(state === 'soon' ? 'holds.door.soon' : 'holds.door.word');
}

function describeClaim(claim: DoorClaim, { t, fmt }: Reader): string {
  if (claim.hold) return describeHold(claim.hold, t, fmt);
  if (!claim.isTentative) return claim.title ?? t('calendar.day.booked');
  return claim.title === null ? t('tentative.title') : t('tentative.titled', { title: claim.title });
}

function describeUntil({ state, current, until, next }: DoorState, { t, fmt }: Reader): string {
  if (current && (state === 'soon' || isKept(current.hold)))
    return fmt.range(current.startsAt, current.endsAt);
  if (!until) return state === 'free' ? t('door.restOfDay') : '';
  const isUntilClosing = state === 'free' && next.every(({ isTentative }) => isTentative);
  return t(isUntilClosing ? 'door.untilClosing' : 'door.until', { time: fmt.time(until) });
}

/** Only a meeting that runs can be ended: not the time for setting up before it, nor for clearing away. */
function mayEndNow({ state, current }: DoorState, now: Date): boolean {
  return (
    state === 'busy' &&
    current !== null &&
    current.meetingId !== null &&
    current.startsAt < now &&
    now < current.endsAt
  );
}

/** Up to three other rooms that are free for half an hour from now. */
function freeRooms(
  c: Context<unknown, unknown>,
  { room: { id: except }, rooms, claims, day }: SeenDoor,
): CalendarRoom[] {
  return rooms
    .filter((room) => {
      if (room.id === except || room.status !== 'in_service' || room.part_ids.includes(except)) return false;
      const state = doorState(
        claimsOf(claims, day, room.part_ids.length ? room.part_ids : [room.id]),
        c.now,
        openSpan(room.hours, day.on, c.office.zone),
        { setup: 0, teardown: 0 },
      );
      return state.lengths.includes(30);
    })
    .slice(0, 3);
}

/** A QR code (ISO/IEC 18004) as one path of unit squares, and its side. */
export function drawCode(text: string): { size: number; path: string } {
  const { data, size } = encode(text, { ecc: 'M', border: 2 });
  const path = data
    .flatMap((line, y) => line.flatMap((dark, x) => (dark ? [`M${x} ${y}h1v1h-1z`] : [])))
    .join('');
  return { size, path };
}
