import { addDays, weekdayOf } from '../lib/time/zone.js';

// How an action stands against its day. Nothing of this is stored: it follows from the due date and today in
// the organisation's zone (domain.md 5).

export const STATES = [
  'planned',
  'assigned',
  'accepted',
  'in_progress',
  'answered',
  'closed',
  'refused',
  'blocked',
  'cancelled',
] as const;
export type ActionState = (typeof STATES)[number];

/** States in which somebody still has something to do. */
export const OPEN_STATES = [
  'assigned',
  'accepted',
  'in_progress',
  'answered',
  'refused',
  'blocked',
] as const satisfies readonly ActionState[];

export function isOpen(state: ActionState): boolean {
  return (OPEN_STATES as readonly ActionState[]).includes(state);
}

/** Days before the due date from which the light is blue. */
export const LIGHT_DAYS = 3;

export type Light = 'none' | 'blue' | 'red';

/** Whole days from one date to another, negative when it is past. */
export function daysBetween(from: string, to: string): number {
  return Math.round((Date.parse(`${to}T00:00:00Z`) - Date.parse(`${from}T00:00:00Z`)) / 86_400_000);
}

/**
 * Blue from three days before, red after the day; an answered action waits for somebody else and shows none.
 */
export function lightOf(action: { state: ActionState; due_on: string | null }, today: string): Light {
  if (!action.due_on || !isOpen(action.state) || action.state === 'answered') return 'none';
  const days = daysBetween(today, action.due_on);
  if (days < 0) return 'red';
  return days <= LIGHT_DAYS ? 'blue' : 'none';
}

export const COLUMNS = ['overdue', 'week', 'open', 'answered'] as const;
export type Column = (typeof COLUMNS)[number];

/** The last day of the week (Sunday) in which a date lies. */
export function endOfWeek(on: string): string {
  return addDays(on, 7 - weekdayOf(on));
}

/** The column of the board; the same rule stands in SQL in listQueries.ts, where it sorts and counts. */
export function columnOf(action: { state: ActionState; due_on: string | null }, today: string): Column {
  if (action.state === 'answered') return 'answered';
  if (!action.due_on) return 'open';
  if (action.due_on < today) return 'overdue';
  return action.due_on <= endOfWeek(today) ? 'week' : 'open';
}
