import type { Translate } from '../lib/i18n/translate.js';
import type { Format } from '../lib/time/format.js';
import type { Hold, Kept } from './holdQueries.js';

// What a room is kept for, in the same words wherever it is shown.

const untilOf = (until: string, fmt: Format): string =>
  `${fmt.shortDay(new Date(until))} ${fmt.time(new Date(until))}`;

/** "Offered in a poll until Wed 6 Mar 17:00", with the title for who may know it. */
export function describeHold(hold: Hold, t: Translate, fmt: Format): string {
  if (hold.kind === 'private') return t('calendar.day.booked');
  const until = untilOf(hold.until, fmt);
  if (hold.title === null) return t(`holds.${hold.kind}`, { until });
  return t(`holds.${hold.kind}Of`, { title: hold.title, until });
}

/**
 * The same as an answer to who wants the room then, with a way on;
 * undefined when they may know no more than that it is taken.
 */
export function describeHoldInTheWay(
  hold: Hold,
  values: { room: string; when: string },
  t: Translate,
  fmt: Format,
): string | undefined {
  if (hold.kind === 'private') return undefined;
  const all = { ...values, until: untilOf(hold.until, fmt) };
  if (hold.kind === 'wait')
    return hold.title === null
      ? t('holds.clash.wait', all)
      : t('holds.clash.waitOf', { ...all, title: hold.title });
  const name = fmt.name(hold.organiser);
  return hold.title === null
    ? t('holds.clash.poll', { ...all, name })
    : t('holds.clash.pollOf', { ...all, name, title: hold.title });
}

export function hrefOf(hold: Hold): string | null {
  return hold.kind === 'private' ? null : hold.href;
}

/** Whether it is shown as something that is not decided yet. */
export function isKept(hold: Hold | null | undefined): boolean {
  return hold !== null && hold !== undefined && hold.kind !== 'private';
}

/** A line of a list: what is kept when. */
export function describeKept(
  { t, fmt }: { t: Translate; fmt: Format },
  { hold, starts_at, ends_at }: Kept,
): { title: string; href: string | null; time: string } {
  const [from, to] = [new Date(starts_at), new Date(ends_at)];
  return {
    title: describeHold(hold, t, fmt),
    href: hrefOf(hold),
    time: `${fmt.shortDay(from)} ${fmt.range(from, to)}`,
  };
}
