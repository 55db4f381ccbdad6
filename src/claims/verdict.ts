import type { AskedRoom } from './askedRoomQueries.js';
import { checkClaim, checkOf, whenBack, type Check } from './checks.js';
import type { Clash } from './queries.js';
import type { NewRequest } from './recordCommands.js';
import type { Span } from '../hours/openingHours.js';
import { brokenNotice, fittingSpan } from '../rules/checks.js';

// What the rules of the rooms say to a wish: no, yes, or that somebody has to be asked. Pure; the rooms were read before.

export interface ClaimWish {
  meetingId: number;
  /** Rooms as they were asked for: a divisible hall stays a hall here, its parts are claimed. */
  roomIds: readonly number[];
  startsAt: Date;
  endsAt: Date;
  /** People expected; more than the room seats is told, or refused where the room's rules say so. */
  seats?: number | null;
  /** A reason to go beyond rules that may be overridden (hours, rules of booking, approval). The caller has asked whether this person may. */
  overrideReason?: string | null;
  /** A reason to ask for a room beyond its rules, where who decides about it may be asked; and what they read of any request. */
  askReason?: string | null;
  /** From another program's list: a clash is not two people who wanted the room at once, and no figure of theirs. */
  isImported?: boolean;
  /** The instant that booking windows and notice count from; default: now. */
  now?: Date;
}

/** `requests`: how many of the rooms wait for somebody's approval. */
export type ClaimResult =
  | { ok: true; notices: Check[]; requests: number }
  | { ok: false; clashes: Clash[]; checks: Check[]; nearest?: Nearest };

/** What the rules of all rooms would allow, nearest to what was wanted; and for whom they were read. */
export interface Nearest {
  span: Span;
  personId: number;
}

export interface Circumstances {
  /** Of a move: the rooms the meeting had. */
  before?: readonly number[];
  /** A cancelled meeting comes back: its rules were looked at when it was booked. */
  isRestored?: boolean;
}

/** What the rules of all rooms of a wish say, quotas apart; nothing is read. */
export function checkAll(
  asked: readonly AskedRoom[],
  wish: ClaimWish,
  now: Date,
  how: Circumstances,
): Check[] {
  const seats = asked.reduce((sum, room) => sum + room.capacity, 0);
  const isCrowded = Boolean(wish.seats && wish.seats > seats);
  return asked.flatMap((room) => {
    const before =
      how.before && room.meeting_starts_at
        ? { before: { startsAt: room.meeting_starts_at, hadRoom: how.before.includes(room.id) } }
        : {};
    return checkClaim(
      room,
      {
        startsAt: wish.startsAt,
        endsAt: wish.endsAt,
        seats: isCrowded ? wish.seats : null,
        wish: {
          now,
          isRecurring: room.is_recurring,
          isApproved: how.before !== undefined && isInside(room, wish),
          ...before,
        },
      },
      room.zone,
      Boolean(wish.overrideReason),
    );
  });
}

/** Errors stop a booking, unless it was asked with a reason and who decides about the room may allow all of the room's. */
export function sort(
  asked: readonly AskedRoom[],
  checks: readonly Check[],
  wish: ClaimWish,
): { refused: boolean; beyond: Map<number, Check[]> } {
  const beyond = new Map<number, Check[]>();
  for (const { id } of asked) {
    const errors = checks.filter(({ level, room }) => level === 'error' && room.id === id);
    if (!errors.length) continue;
    if (!wish.askReason || errors.some(({ mayRequest }) => !mayRequest)) return { refused: true, beyond };
    beyond.set(id, errors);
  }
  return { refused: false, beyond };
}

/** Which of the rooms have to be asked for. Who decides about a room doesn't ask; neither does a change inside an approved slot. */
export function requestsFor(
  asked: readonly AskedRoom[],
  wish: ClaimWish,
  beyond: Map<number, Check[]>,
  how: Circumstances,
): { requests: NewRequest[]; overridden: Check[] } {
  const requests: NewRequest[] = [];
  const overridden: Check[] = [];
  for (const room of asked) {
    const rules = beyond.get(room.id) ?? [];
    const needsApproval =
      rules.length > 0 || (room.rules.in_policy === 'request' && !room.decides && !isInside(room, wish));
    if (!needsApproval) continue;
    if (!rules.length && wish.overrideReason && !how.isRestored) {
      overridden.push(
        checkOf(room, { rule: 'approval', actual: '', limit: '', nearest: '' }, { isOverridden: true }),
      );
      continue;
    }
    requests.push({
      roomId: room.id,
      isHolding: room.rules.requests_hold === 'hold',
      answerHours: room.rules.answer_hours,
      rules,
    });
  }
  return { requests, overridden };
}

/** Is it inside the slot that was approved for the meeting? */
export function isInside(room: AskedRoom, wish: Pick<ClaimWish, 'startsAt' | 'endsAt'>): boolean {
  return (
    room.approved !== null &&
    new Date(room.approved.from) <= wish.startsAt &&
    wish.endsAt <= new Date(room.approved.to)
  );
}

/** A room that is given up: it may be too late for that. */
export function lateIn(
  room: AskedRoom,
  rule: 'notice_change' | 'notice_cancel',
  wish: { now?: Date; overrideReason?: string | null },
): Check[] {
  const broken = room.meeting_starts_at
    ? brokenNotice(rule, room.rules, room.meeting_starts_at, wish.now ?? new Date())
    : undefined;
  return broken ? [checkOf(room, broken, { isOverridden: Boolean(wish.overrideReason) })] : [];
}

/** The "no" of the rules, with what they would allow nearest to the wish. */
export function refusal(
  asked: readonly AskedRoom[],
  wish: ClaimWish,
  checks: Check[],
  now: Date,
): Extract<ClaimResult, { ok: false }> {
  const [first] = asked;
  if (!first) return { ok: false, clashes: [], checks };
  const broken = checks.flatMap(({ rule, actual, limit, nearest = '' }) =>
    rule === 'quota_person_hours' || rule === 'quota_unit_hours' ? [{ rule, actual, limit, nearest }] : [],
  );
  // A room that is out of service has its nearest times when it is back.
  const from = new Date(Math.max(...asked.map((room) => whenBack(room, wish.startsAt, room.zone).getTime())));
  const to = new Date(wish.endsAt.getTime() + from.getTime() - wish.startsAt.getTime());
  const span = fittingSpan(
    asked.map(({ rules }) => rules),
    { from, to, now, isRecurring: first.is_recurring },
    broken,
    first.zone,
  );
  return { ok: false, clashes: [], checks, nearest: { span, personId: first.principal_id } };
}

/** The rooms that are claimed, in the order of locking. */
export function atomicOf(asked: readonly AskedRoom[]): number[] {
  return [...new Set(asked.flatMap((room) => room.part_ids ?? [room.id]))].sort((a, b) => a - b);
}
