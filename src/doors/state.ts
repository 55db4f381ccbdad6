import type { Hold } from '../claims/holdQueries.js';
import type { Span } from '../hours/openingHours.js';

// What the display beside a door says. Pure: instants in, words chosen by the page.

export interface DoorClaim {
  /** The meeting itself, and with setup and teardown. */
  startsAt: Date;
  endsAt: Date;
  from: Date;
  to: Date;
  meetingId: number | null;
  /** Null: private, or held. */
  title: string | null;
  /** What it is kept for, of a room that is held. */
  hold: Hold | null;
  isClosure: boolean;
  /** Asked for: the room is free for others until somebody approves it. */
  isTentative: boolean;
}

export interface DoorState {
  state: 'free' | 'soon' | 'busy' | 'closed';
  /** What occupies the room now, or begins within a quarter of an hour. */
  current: DoorClaim | null;
  /** Until when it stays like that; null: to the end of the day. */
  until: Date | null;
  /** What comes today after that, with what is only asked for. */
  next: DoorClaim[];
  /** Minutes that may be booked at once: the longest lengths that fit, of 15, 30, 60. */
  lengths: number[];
}

const SOON = 15 * 60_000;
const LENGTHS = [15, 30, 60];

/**
 * @param claims of the day, in any order
 * @param open the opening hours of the day; undefined: closed all day
 * @param around setup and teardown minutes that a booking at the door would need
 */
export function doorState(
  claims: readonly DoorClaim[],
  now: Date,
  open: Span | undefined,
  around: { setup: number; teardown: number },
): DoorState {
  const sorted = [...claims].sort((a, b) => a.from.getTime() - b.from.getTime());
  const firm = sorted.filter(({ isTentative }) => !isTentative);
  const running = firm.find(({ from, to }) => from <= now && now < to);
  const coming = firm.filter(({ from }) => from > now);
  const next = sorted.filter(({ from }) => from > now);
  if (running) {
    // One meeting after the other without a gap: the room is free after the last of them.
    const until = coming.reduce(
      (end, { from, to }) =>
        from.getTime() <= end.getTime() ? new Date(Math.max(end.getTime(), to.getTime())) : end,
      running.to,
    );
    const isOver = now >= running.endsAt; // clearing away
    return {
      state: running.isClosure ? 'closed' : 'busy',
      current: running,
      until: isOver || running.isClosure ? until : running.endsAt,
      next,
      lengths: [],
    };
  }
  if (!open || now < open.from || now >= open.to)
    return {
      state: 'closed',
      current: null,
      until: open && now < open.from ? open.from : null,
      next,
      lengths: [],
    };
  const first = coming[0];
  const freeUntil = Math.min(first?.from.getTime() ?? Infinity, open.to.getTime());
  const lengths = LENGTHS.filter(
    (minutes) => around.setup === 0 && now.getTime() + (minutes + around.teardown) * 60_000 <= freeUntil,
  );
  const isSoon = first !== undefined && first.from.getTime() - now.getTime() <= SOON;
  return {
    state: isSoon ? 'soon' : 'free',
    current: isSoon ? first : null,
    until: new Date(freeUntil),
    next: isSoon ? next.filter((claim) => claim !== first) : next,
    lengths,
  };
}
