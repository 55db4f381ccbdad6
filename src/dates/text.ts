import type { RuleDate, Usual } from './followingQueries.js';
import { nextSequence, type Difference } from '../meetings/sequence.js';

// Title, text, link and place of dates that are changed together. Pure.

export interface DateText {
  title: string;
  description: string;
  link: string | null;
  place: string | null;
}

export function textOf({ title, description, link, place }: DateText): DateText {
  return { title, description, link, place };
}

export function isSameText(a: DateText, b: DateText): boolean {
  return a.title === b.title && a.description === b.description && a.link === b.link && a.place === b.place;
}

/**
 * The new text where a date has the usual one; what was changed for one date stays.
 * @param isOpened the date from which the change was asked for follows in what was typed anew
 */
export function textFor(date: DateText, usual: Usual, text: DateText, isOpened: boolean): DateText {
  const pick = <K extends keyof DateText>(field: K): DateText[K] =>
    date[field] === usual[field] || (isOpened && text[field] !== usual[field]) ? text[field] : date[field];
  return { title: pick('title'), description: pick('description'), link: pick('link'), place: pick('place') };
}

/** SEQUENCE of a date after a change, and the one from which replies count. */
export function sequenceFor(
  { announcedAt, sequence, timeSequence }: Pick<RuleDate, 'announcedAt' | 'sequence' | 'timeSequence'>,
  difference: Pick<Difference, 'time' | 'distant'>,
): { sequence: number; time_sequence: number } {
  return nextSequence({ announced_at: announcedAt, sequence, time_sequence: timeSequence }, difference);
}

/** The row of a date as it is written. */
export interface DateRow extends DateText {
  id: number;
  sequence: number;
  time_sequence: number;
  expected: number | null;
  /** Undefined: its place in the rule stays. */
  occurrence?: Date | undefined;
  from: Date;
  to: Date;
  /** Those who were invited to it hear of the change. */
  told: boolean;
}
