import type { RequestedRoom } from './requestedRoomQueries.js';
import { checkClaim, checkOf, whenBack, type Check } from './checks.js';
import type { Clash } from './queries.js';
import type { ApprovalRequest } from './recordCommands.js';
import type { Layout } from './layouts.js';
import type { Span } from '../hours/openingHours.js';
import { brokenNotice, fittingSpan } from '../rules/checks.js';

// What the rules of the rooms say to a request: no, yes, or that somebody has to be asked. Pure; the rooms
// were read before.

export interface ClaimRequest {
  meetingId: number;
  /** As the person chose them: a divisible hall stays a hall here, its parts are claimed. */
  roomIds: readonly number[];
  startsAt: Date;
  endsAt: Date;
  /** People expected; more than the rooms seat is told, or refused where the rules of a room say so. */
  seats?: number | null;
  /**
   * How the rooms will be set up, which decides their seats; undefined: as noted with the meeting, null: as
   * they are.
   */
  layout?: Layout | null;
  /**
   * A reason to go beyond rules that may be overridden (hours, rules of booking, approval). The caller has
   * checked that this person may.
   */
  overrideReason?: string | null;
  /**
   * A reason for who decides about the rooms: to allow what the rules refuse, and to read with any request
   * for approval.
   */
  askReason?: string | null;
  /**
   * It is a date of a standing meeting, for which rooms have rules of their own; undefined: as noted with the
   * meeting.
   */
  isRecurring?: boolean;
  /**
   * Of a move: when the meeting was to begin, and the rooms that it had. Its claims were given up by the
   * caller.
   */
  before?: { startsAt: Date | null; roomIds: readonly number[] };
  /** A cancelled meeting comes back: its rules were checked when it was booked. */
  isRestored?: boolean;
  /**
   * From another program's list: a clash is not two people who wanted the room at once, and no figure of
   * theirs.
   */
  isImported?: boolean;
  /** The instant that booking windows and notice count from; default: now. */
  now?: Date;
}

/** `requests`: how many of the rooms wait for somebody's approval. */
export type ClaimResult =
  | { ok: true; notices: Check[]; requests: number }
  | { ok: false; clashes: Clash[]; checks: Check[]; nearest?: Nearest };

export type ClaimRefused = Extract<ClaimResult, { ok: false }>;

/** What the rules of all rooms would allow, nearest to the request; and for whom they were read. */
export interface Nearest {
  span: Span;
  personId: number;
}

/** A request with the rooms that were read for it. */
export interface Candidate {
  request: ClaimRequest;
  /** In the order of locking. */
  rooms: readonly RequestedRoom[];
  /** What the rules say of rooms that are given up: it may be too late to change anything in them. */
  late: readonly Check[];
}

/** @param known the rooms of the request, and those that the meeting had before */
export function candidateOf(request: ClaimRequest, known: readonly RequestedRoom[]): Candidate {
  const { before } = request;
  return {
    request,
    rooms: known.filter(({ id }) => request.roomIds.includes(id)),
    late: known
      .filter(({ id }) => before?.roomIds.includes(id) && !request.roomIds.includes(id))
      .flatMap((room) => lateIn(room, 'notice_change', before?.startsAt ?? null, request)),
  };
}

/** What the rules say: the "no", or what is written down with the claims. */
export type Verdict =
  | { refused: ClaimRefused }
  | { refused: null; checks: Check[]; overridden: Check[]; approvals: ApprovalRequest[] };

/** @param counted quotas that are not kept, where a room has any */
export function judge({ request, rooms, late }: Candidate, counted: readonly Check[] = []): Verdict {
  if (late.some(({ level }) => level === 'error'))
    return { refused: { ok: false, clashes: [], checks: [...late] } };
  const checks = [...checkAll(rooms, request), ...counted];
  const { isRefused, beyond } = classify(rooms, checks, request);
  if (isRefused) return { refused: refusal(rooms, request, checks) };
  const { approvals, overridden } = approvalsFor(rooms, request, beyond);
  return {
    refused: null,
    checks,
    approvals,
    overridden: [
      ...late,
      ...checks.filter(({ isOverridden }) => isOverridden && !request.isRestored),
      ...overridden,
    ],
  };
}

/** What the rules of all rooms of a request say, quotas apart. */
function checkAll(rooms: readonly RequestedRoom[], request: ClaimRequest): Check[] {
  const { startsAt, endsAt, before, seats } = request;
  const isCrowded = Boolean(seats && seats > rooms.reduce((sum, room) => sum + room.capacity, 0));
  return rooms.flatMap((room) =>
    checkClaim(
      room,
      {
        startsAt,
        endsAt,
        seats: isCrowded ? seats : null,
        circumstances: {
          now: request.now ?? new Date(),
          isRecurring: request.isRecurring ?? room.is_recurring,
          isApproved: before !== undefined && isInside(room, request),
          before: before?.startsAt
            ? { startsAt: before.startsAt, hadRoom: before.roomIds.includes(room.id) }
            : undefined,
        },
      },
      room.zone,
      Boolean(request.overrideReason),
    ),
  );
}

/**
 * Errors stop a booking, unless it gives a reason and who decides about the room may allow all of the room's.
 * @returns `beyond`: by room what has to be allowed
 */
function classify(
  rooms: readonly RequestedRoom[],
  checks: readonly Check[],
  request: ClaimRequest,
): { isRefused: boolean; beyond: Map<number, Check[]> } {
  const beyond = new Map<number, Check[]>();
  for (const { id } of rooms) {
    const errors = checks.filter(({ level, room }) => level === 'error' && room.id === id);
    if (!errors.length) continue;
    if (!request.askReason || errors.some(({ mayRequest }) => !mayRequest))
      return { isRefused: true, beyond };
    beyond.set(id, errors);
  }
  return { isRefused: false, beyond };
}

/**
 * The rooms that somebody has to approve. People who may approve requests for a room book it without asking.
 * A change inside an approved slot is not asked for again.
 */
function approvalsFor(
  rooms: readonly RequestedRoom[],
  request: ClaimRequest,
  beyond: ReadonlyMap<number, Check[]>,
): { approvals: ApprovalRequest[]; overridden: Check[] } {
  const approvals: ApprovalRequest[] = [];
  const overridden: Check[] = [];
  for (const room of rooms) {
    const rules = beyond.get(room.id) ?? [];
    const needsApproval =
      rules.length > 0 || (room.rules.in_policy === 'request' && !room.decides && !isInside(room, request));
    if (!needsApproval) continue;
    if (!rules.length && request.overrideReason && !request.isRestored) {
      overridden.push(
        checkOf(room, { rule: 'approval', actual: '', limit: '', nearest: '' }, { isOverridden: true }),
      );
      continue;
    }
    approvals.push({
      roomId: room.id,
      isHolding: room.rules.requests_hold === 'hold',
      answerHours: room.rules.answer_hours,
      rules,
    });
  }
  return { approvals, overridden };
}

/** Is it inside the slot that was approved for the meeting? */
export function isInside(room: RequestedRoom, request: Pick<ClaimRequest, 'startsAt' | 'endsAt'>): boolean {
  return (
    room.approved !== null &&
    new Date(room.approved.from) <= request.startsAt &&
    request.endsAt <= new Date(room.approved.to)
  );
}

/** Too late to change or call off what begins at `startsAt` in this room? Empty when it is not. */
export function lateIn(
  room: RequestedRoom,
  rule: 'notice_change' | 'notice_cancel',
  startsAt: Date | null,
  { now = new Date(), overrideReason }: { now?: Date; overrideReason?: string | null },
): Check[] {
  const broken = startsAt ? brokenNotice(rule, room.rules, startsAt, now) : undefined;
  return broken ? [checkOf(room, broken, { isOverridden: Boolean(overrideReason) })] : [];
}

/** The "no" of the rules, with what they would allow nearest to the request. */
function refusal(rooms: readonly RequestedRoom[], request: ClaimRequest, checks: Check[]): ClaimRefused {
  const [first] = rooms;
  if (!first) return { ok: false, clashes: [], checks };
  const { startsAt, endsAt, now = new Date() } = request;
  const broken = checks.flatMap(({ rule, actual, limit, nearest = '' }) =>
    rule === 'quota_person_hours' || rule === 'quota_unit_hours' ? [{ rule, actual, limit, nearest }] : [],
  );
  // A room that is out of service has its nearest times when it is back.
  const from = new Date(Math.max(...rooms.map((room) => whenBack(room, startsAt, room.zone).getTime())));
  const span = fittingSpan(
    rooms.map(({ rules }) => rules),
    {
      from,
      to: new Date(endsAt.getTime() + from.getTime() - startsAt.getTime()),
      now,
      isRecurring: request.isRecurring ?? first.is_recurring,
    },
    broken,
    first.zone,
  );
  return { ok: false, clashes: [], checks, nearest: { span, personId: first.principal_id } };
}

/** The rooms that are claimed, in the order of locking. */
export function atomicOf(rooms: readonly RequestedRoom[]): number[] {
  return [...new Set(rooms.flatMap((room) => room.part_ids ?? [room.id]))].sort((a, b) => a - b);
}
