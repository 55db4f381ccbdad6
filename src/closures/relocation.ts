import type { CandidateRoom, Candidates, Hit } from './relocationQueries.js';
import { rulesFrom, type BookingRules } from '../rules/layers.js';
import { checkClaim, type Check } from '../claims/checks.js';

// Which meeting goes where when rooms close. Pure.

/** A room that one of the meetings could have instead, and what speaks against it. */
export interface FreeFor extends CandidateRoom {
  /** Seats as the meeting sits: in its layout where the room can be set up so. */
  seats: number;
  /** It has all the equipment of the room to leave. */
  isEquipped: boolean;
  /** It can be set up as the meeting asked for. */
  hasLayout: boolean;
  /**
   * Rules that whom the meeting is held for would break there; all of them may be gone beyond by who moves
   * it.
   */
  checks: Check[];
  /** Somebody else decides about it: it is asked for, not booked. */
  isAsked: boolean;
}

export interface Proposal {
  hit: Hit;
  /**
   * The room proposed: nothing speaks against it, and it is not proposed to another meeting at that time;
   * null when there is none.
   */
  room: FreeFor | null;
  /** Everything big enough and free then, the best first, the proposal among it. */
  rooms: FreeFor[];
}

/** Most rooms offered for one meeting. */
const OFFERED = 20;

/**
 * The meetings in their order, each with its proposal. Those with the fewest rooms to choose from choose
 * first.
 */
export function proposeRooms(hits: readonly Hit[], candidates: Candidates, now: Date): Proposal[] {
  const proposals = hits.map((hit, place): Proposal => ({
    hit,
    room: null,
    rooms: offersFor(hit, candidates, place, now),
  }));
  const taken: { rooms: number[]; from: number; to: number }[] = [];
  const choosing = [...proposals].sort(
    (a, b) => fitting(a).length - fitting(b).length || b.hit.seats - a.hit.seats,
  );
  for (const proposal of choosing) {
    const room =
      fitting(proposal).find((one) => !taken.some((other) => overlaps(other, spanOf(proposal.hit, one)))) ??
      null;
    proposal.room = room;
    if (room) taken.push(spanOf(proposal.hit, room));
  }
  return proposals;
}

/** Nothing speaks against it. */
const fits = (room: FreeFor) =>
  room.isEquipped && room.hasLayout && room.checks.length === 0 && !room.isAsked;
const fitting = ({ rooms }: Proposal) => rooms.filter(fits);

/**
 * What fits, then what has to be asked for, what lacks something, what goes beyond rules; within each the
 * nearest first.
 */
function offersFor(hit: Hit, candidates: Candidates, place: number, now: Date): FreeFor[] {
  const found: FreeFor[] = [];
  let fit = 0;
  for (const { id, is_equipped } of candidates.free.get(place) ?? []) {
    const room = candidates.rooms.get(id);
    if (!room) continue;
    const offer = offerFor(hit, { ...room, isEquipped: is_equipped }, candidates, now);
    // Status can't be gone beyond by anybody.
    if (!offer.checks.every(({ mayOverride }) => mayOverride)) continue;
    found.push(offer);
    if (fits(offer) && ++fit === OFFERED) break;
  }
  return found.sort((a, b) => drawbackOf(a) - drawbackOf(b)).slice(0, OFFERED);
}

/** 0: nothing speaks against the room; 1: it is asked for; 2: it lacks something; 3: it breaks a rule. */
function drawbackOf(room: FreeFor): 0 | 1 | 2 | 3 {
  if (fits(room)) return 0;
  if (room.checks.length > 0) return 3;
  return room.isEquipped && room.hasLayout ? 1 : 2;
}

function offerFor(
  hit: Hit,
  room: CandidateRoom & { isEquipped: boolean },
  candidates: Candidates,
  now: Date,
): FreeFor {
  const rules = rulesOf(hit, room.id, candidates);
  const inLayout = hit.layout === null ? undefined : room.layouts.find(({ layout }) => layout === hit.layout);
  const checks = checkClaim(
    { ...room, rules },
    // Its size is looked at already; it is another room, so notice counts as for a new booking.
    {
      startsAt: hit.starts_at,
      endsAt: hit.ends_at,
      seats: null,
      circumstances: {
        now,
        isRecurring: hit.is_recurring,
        before: { startsAt: hit.starts_at, hadRoom: false },
      },
    },
    room.zone,
  ).filter(({ level }) => level === 'error');
  return {
    ...room,
    seats: inLayout?.capacity ?? room.capacity,
    hasLayout: hit.layout === null || inLayout !== undefined,
    checks,
    isAsked: rules.in_policy === 'request' && !room.decides,
  };
}

/** The rules of a room for whom a meeting is held for. */
function rulesOf(hit: Hit, roomId: number, { layers, groups }: Candidates): BookingRules {
  const own = groups.get(hit.principal_id);
  return rulesFrom(
    layers.filter(
      ({ room_id, group_id }) =>
        (room_id === null || room_id === roomId) && (group_id === null || own?.has(group_id) === true),
    ),
  );
}

function spanOf(hit: Hit, room: FreeFor) {
  return {
    rooms: room.atomic,
    from: hit.starts_at.getTime() - room.setup_minutes * 60_000,
    to: hit.ends_at.getTime() + room.teardown_minutes * 60_000,
  };
}

type Taken = ReturnType<typeof spanOf>;
function overlaps(a: Taken, b: Taken): boolean {
  return a.from < b.to && b.from < a.to && a.rooms.some((id) => b.rooms.includes(id));
}
