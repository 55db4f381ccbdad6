import type { RoomSetup } from './roomSetups.js';
import type { Occurrences, Rule } from '../series/recurrence.js';

// The dates that somebody asks for, as a rule or as a list, with what is chosen for single ones. Pure.

/** What is done with one date of a schedule that can't or shall not be as planned. */
export type DateChoice =
  | { kind: 'room'; roomId: number }
  | { kind: 'time'; startsAt: Date; endsAt: Date }
  | { kind: 'skip'; reason: string }
  /** Kept without the room and offered it when it is free. */
  | { kind: 'wait' }
  /** Kept without the movable equipment, of which there is not enough. */
  | { kind: 'bare' };

export interface Schedule {
  /** Null for a list of single dates: each is a meeting with a UID of its own. */
  rule: Rule | null;
  zone: string;
  /** Wall times 'HH:MM'; the end is on the next day when it is not after the start. */
  from: string;
  to: string;
  occurrences: Occurrences;
  untilOn: string;
  roomIds: number[];
  link: string | null;
  place: string | null;
  /** What new dates have in their rooms. */
  roomSetup: RoomSetup;
  /** By date 'YYYY-MM-DD' of the rule. */
  choices: Map<string, DateChoice>;
  mailDomain?: string;
  /** One reason for all dates that go beyond a rule; the command leaves it out for who may not. */
  overrideReason?: string | null;
  /** One reason for all dates for which somebody has to be asked. */
  askReason?: string | null;
  /** What booking windows and notice count from; default: now. */
  now?: Date;
}

/** One date of a schedule with the choice made for it. */
export interface ScheduledDate {
  /** Local day by the rule, or in the list. */
  on: string;
  /** By the rule. */
  occurrenceAt: Date;
  startsAt: Date;
  endsAt: Date;
  roomIds: number[];
  /** Why it is called off from the start. */
  skipped: string | null;
  isWaiting: boolean;
  /** Without the movable equipment that the others have. */
  isBare: boolean;
}

export function scheduledDates(schedule: Schedule): ScheduledDate[] {
  return schedule.occurrences.dates.map(({ on, startsAt, endsAt }) => {
    const choice = schedule.choices.get(on);
    return {
      on,
      occurrenceAt: startsAt,
      startsAt: choice?.kind === 'time' ? choice.startsAt : startsAt,
      endsAt: choice?.kind === 'time' ? choice.endsAt : endsAt,
      roomIds: choice?.kind === 'room' ? [choice.roomId] : schedule.roomIds,
      skipped: choice?.kind === 'skip' ? choice.reason : null,
      isWaiting: choice?.kind === 'wait' && schedule.roomIds.length > 0,
      isBare: choice?.kind === 'bare',
    };
  });
}
