import type { MailBlock } from '../lib/mail/renderer.js';
import { format } from '../lib/time/format.js';
import { readRule, describeRule } from '../series/recurrence.js';
import {
  differingFields,
  linkOf,
  placeText,
  type Announcement,
  type Reader,
  type ToldField,
} from './announcement.js';
import {
  datesIn,
  toldOf,
  type DateChange,
  type SeriesView,
  type ToldDate,
  type ToldSeries,
} from './seriesView.js';

// How a letter words a standing meeting: its rule, its dates, and what changed in them. Pure.

/** A mail names this many dates; the calendar file has all of them. */
const NAMED = 60;

export function comingOf(view: SeriesView, now: Date): ToldDate[] {
  return [...datesIn(view).values()].filter(({ end }) => Date.parse(end) > now.getTime());
}

export function spanOfDate(date: ToldDate | undefined): Partial<Announcement> {
  return date ? { starts_at: date.start, ends_at: date.end } : {};
}

export function withoutTime(told: Announcement): Announcement {
  return { ...told, starts_at: null, ends_at: null, number: null };
}

/** The date went over to another rule, or stands for itself now. */
export function isHandedOver(told: ToldSeries, change: DateChange): boolean {
  return change.is === undefined && !told.dates.some(({ at }) => at === change.at);
}

/** It differs only by what is new for all of them. */
export function isExplained(
  before: ToldSeries,
  after: ToldSeries,
  { was, is }: DateChange,
  common: ToldField[],
): boolean {
  if (!was || !is || common.length === 0 || was.own || is.own) return false;
  return (
    was.start === is.start &&
    was.end === is.end &&
    differingFields(toldOf(before, was), toldOf(after, is)).every((field) => common.includes(field))
  );
}

/** "every Monday 09:00–10:00 (China Standard Time)": in the zone of the rule, whose weekdays they are. */
export function ruleText({ t, lang }: Reader, told: ToldSeries): string {
  const [start, end] = usualSpan(told);
  return t('standing.mail.rule', {
    rule: describeRule(t, readRule(told.rule)),
    range: format(lang, told.zone).range(start, end),
  });
}

export function ruleFact(
  reader: Reader,
  told: ToldSeries,
  label: 'invitations.mail.time' | 'standing.mail.belongs' = 'invitations.mail.time',
) {
  const [start] = usualSpan(told);
  return {
    label: reader.t(label),
    text: reader.t('standing.mail.inZone', {
      rule: ruleText(reader, told),
      zone: reader.fmt.zoneName(told.zone, start),
    }),
  };
}

export function usualSpan(told: ToldSeries): [Date, Date] {
  const plain = told.dates.find(
    ({ at, start, end, isOn }) =>
      isOn && at === start && Date.parse(end) - Date.parse(start) === told.minutes * 60_000,
  );
  const start = new Date(plain?.start ?? told.dates[0]?.at ?? told.until);
  return [start, new Date(start.getTime() + told.minutes * 60_000)];
}

/** A date with what is unusual about it. */
export function dateText(reader: Reader, told: ToldSeries, date: ToldDate): string {
  const { t } = reader;
  const when = whenText(reader, date);
  const place =
    date.own && placeText(date.own, reader) !== placeText(told.usual, reader)
      ? placeText(date.own, reader)
      : '';
  if (place) return t('standing.mail.at', { when, place });
  return date.own && date.own.title !== told.usual.title
    ? t('standing.mail.as', { when, title: date.own.title })
    : when;
}

export function whenText({ fmt }: Reader, { start, end }: ToldDate): string {
  return `${fmt.day(new Date(start))} ${fmt.range(new Date(start), new Date(end))}`;
}

export function changeText(
  reader: Reader,
  before: ToldSeries,
  after: ToldSeries,
  { at, was, is }: DateChange,
): string {
  const { t } = reader;
  if (!is) {
    const reason = after.dates.find((date) => date.at === at && !date.isOn)?.reason;
    const isOff = after.dates.some((date) => date.at === at && !date.isOn);
    const when = was ? whenText(reader, was) : '';
    if (!isOff) return t('standing.mail.line.without', { when });
    return reason
      ? t('standing.mail.line.offBecause', { when, reason })
      : t('standing.mail.line.off', { when });
  }
  if (!was) return t('standing.mail.line.more', { when: dateText(reader, after, is) });
  const [told, now] = [toldOf(before, was), toldOf(after, is)];
  if (was.start !== is.start || was.end !== is.end)
    return t('standing.mail.line.moved', { was: whenText(reader, was), now: dateText(reader, after, is) });
  if (placeText(told, reader) !== placeText(now, reader))
    return t('standing.mail.line.place', {
      when: whenText(reader, is),
      place: placeText(now, reader) || (linkOf(now) ?? t('invitations.mail.nothing')),
    });
  return t('standing.mail.line.text', { when: whenText(reader, is), title: now.title });
}

/** Dates of the rule that are known not to take place. */
export function offOf(reader: Reader, { told, from }: SeriesView, now: Date): MailBlock[] {
  const off = told.dates.filter(
    ({ isOn, at, end }) => !isOn && at >= from && Date.parse(end) > now.getTime(),
  );
  if (off.length === 0) return [];
  const { t, fmt } = reader;
  return [
    { kind: 'heading', text: t('standing.mail.off') },
    {
      kind: 'list',
      items: named(
        reader,
        off.map(({ start, reason }) =>
          reason
            ? t('standing.mail.line.offDay', { day: fmt.day(new Date(start)), reason })
            : fmt.day(new Date(start)),
        ),
      ),
    },
  ];
}

export function named({ t }: Reader, lines: string[]): string[] {
  return lines.length <= NAMED
    ? lines
    : [...lines.slice(0, NAMED), t('standing.mail.further', { count: lines.length - NAMED })];
}
