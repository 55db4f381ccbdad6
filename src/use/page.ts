import type { Context } from '../lib/http/route.js';
import { prepare } from '../lib/i18n/prepare.js';
import type { UnitOption } from '../people/queries.js';
import { weekdayName } from '../hours/describe.js';
import { dayOf } from '../lib/time/zone.js';
import type { UseQuery } from './forms.js';
import { besides, isYear, monthOf, periodOf, quarterNumber, quarterOf, type UsePeriod } from './period.js';
import type { UsePerson, UseRoom } from './queries.js';
import { LATE_HOURS, type Counts, type Report, type RoomLine, type UseFigures } from './report.js';
import { levelOf } from '../calendar/spanGrid.js';

type C = Context<unknown, unknown>;

/** More organisers than these stand in the CSV only. */
const MOST_ORGANISERS = 50;

function makeFigures({ t, fmt }: Pick<C, 't' | 'fmt'>) {
  const percents = new Intl.NumberFormat(fmt.lang === 'en' ? 'en-GB' : 'zh-CN', {
    style: 'percent',
    maximumFractionDigits: 1,
  });
  const hours = (seconds: number) => Math.round(seconds / 360) / 10;
  const share = (part: number, whole: number) => (whole > 0 ? part / whole : null);
  const unknown = t('use.unknown');
  const inWords = (key: 'use.hours' | 'use.minutes' | 'use.outside') => {
    const fill = prepare(t, key, ['count']);
    return (value: number) => fill(fmt.number(value));
  };
  const [ofHours, minutes, outside, whole] = [
    inWords('use.hours'),
    inWords('use.minutes'),
    inWords('use.outside'),
    prepare(t, 'use.of', ['part', 'whole']),
  ];
  const differences = new Map(
    (['more', 'less'] as const).flatMap((way) =>
      (['count', 'hours', 'points'] as const).map(
        (unit) => [`${way} ${unit}`, prepare(t, `use.${way}.${unit}`, ['difference'])] as const,
      ),
    ),
  );
  return {
    hours,
    share,
    describeHours: (seconds: number) => ofHours(hours(seconds)),
    describeOutside: (seconds: number) => (hours(seconds) > 0 ? outside(hours(seconds)) : undefined),
    describePart: ({ inside, bookable }: Pick<UseFigures, 'inside' | 'bookable'>) =>
      whole(fmt.number(hours(inside)), fmt.number(hours(bookable))),
    describeShare: (value: number | null | undefined) =>
      value === null || value === undefined ? unknown : percents.format(value),
    describeLength: (seconds: number | null) =>
      seconds === null ? unknown : minutes(Math.round(seconds / 60)),
    /** By word and sign. */
    describeDifference(now: number, before: number, unit: 'count' | 'hours' | 'points') {
      const difference = Math.round((now - before) * 10) / 10;
      if (difference === 0) return t('use.same');
      return (
        differences.get(`${difference > 0 ? 'more' : 'less'} ${unit}`)?.(
          `${difference > 0 ? '+' : '−'}${fmt.number(Math.abs(difference))}`,
        ) ?? ''
      );
    },
  };
}

const made = new Map<string, ReturnType<typeof makeFigures>>();

/**
 * How figures are written, one way for the page and its tables; long tables of them, so the texts are made
 * ready once a language.
 */
export function figures(c: Pick<C, 't' | 'fmt' | 'lang'>): ReturnType<typeof makeFigures> {
  const known = made.get(c.lang) ?? makeFigures(c);
  made.set(c.lang, known);
  return known;
}

/** September 2026, 3rd quarter 2026, 2026, or from when to when. */
export function describePeriod(c: C, period: UsePeriod): string {
  const of = (options: Intl.DateTimeFormatOptions) =>
    new Intl.DateTimeFormat(c.lang === 'en' ? 'en-GB' : 'zh-CN', { timeZone: 'UTC', ...options });
  const at = (on: string) => new Date(`${on}T00:00:00Z`);
  const quarter = quarterNumber(period);
  if (quarter) return c.t(`use.quarter.${quarter}`, { year: period.first.slice(0, 4) });
  if (isYear(period)) return of({ year: 'numeric' }).format(at(period.first));
  if (period.months === 1) return of({ year: 'numeric', month: 'long' }).format(at(period.first));
  return of({ year: 'numeric', month: 'short', day: 'numeric' }).formatRange(
    at(period.first),
    at(period.last),
  );
}

/** The same report of other days, rooms or people. */
export function addressOf(
  query: UseQuery,
  change: Partial<UseQuery> = {},
  path = '/calendar/use',
  more: Record<string, string> = {},
): string {
  const other = { ...query, ...change };
  const fields = new URLSearchParams();
  for (const [name, value] of Object.entries({
    from: other.from,
    to: other.to,
    of: other.of,
    unit: other.unit,
    organiser: other.organiser,
    ...more,
  }))
    if (value) fields.set(name, String(value));
  return `${path}?${fields.toString()}`;
}

/** The rooms that are asked for; what no longer exists is all rooms. */
export function chosenRooms(all: readonly UseRoom[], of: string): readonly UseRoom[] {
  const one = all.find(({ id }) => of === `room-${id}`);
  if (one) return all.filter(({ id }) => id === one.id || one.part_ids.includes(id));
  const some = all.filter(
    ({ building, site }) => (building && of === `in-${building}`) || (site && of === `at-${site}`),
  );
  return some.length ? some : all;
}

/** A unit and all below it. */
export function unitsBelow(units: readonly UnitOption[], id: number): number[] {
  return [
    id,
    ...units.filter(({ parent_id }) => parent_id === id).flatMap((unit) => unitsBelow(units, unit.id)),
  ];
}

function choicesOf(c: C, rooms: readonly UseRoom[]) {
  const named = (label: string, mark: string, names: string[]) => {
    const each = [...new Set(names.filter(Boolean))];
    return each.length > 1
      ? [{ label, options: each.map((name) => ({ value: `${mark}-${name}`, label: name })) }]
      : [];
  };
  return [
    ...named(
      c.t('use.sites'),
      'at',
      rooms.map(({ site }) => site),
    ),
    ...named(
      c.t('calendar.view.buildings'),
      'in',
      rooms.map(({ building }) => building),
    ),
    {
      label: c.t('calendar.day.room'),
      options: rooms.map((room) => ({ value: `room-${room.id}`, label: c.fmt.name(room) })),
    },
  ];
}

/** The words of the report, in the order in which it explains them. */
const TERMS = [
  'period',
  'occupied',
  'bookable',
  'use',
  'closed',
  'middle',
  'seats',
  'cancelled',
  'noShows',
  'people',
] as const;

export interface UseRows {
  query: UseQuery;
  period: UsePeriod;
  rooms: readonly UseRoom[];
  units: readonly UnitOption[];
  organiser: UsePerson | undefined;
  report: Report;
  before: Pick<Report, 'rooms' | 'total'>;
}

export function usePage(c: C, shown: UseRows): Record<string, unknown> & { title: string } {
  const { query, period, report, organiser } = shown;
  const text = describePeriod(c, period);
  const choices = choicesOf(c, shown.rooms);
  const csv = (by: string) => addressOf(query, {}, '/calendar/use/table', { by });
  return {
    title: `${c.t('use.title')} · ${text}`,
    wide: true,
    text,
    query,
    about: aboutOf(c, shown, choices),
    ...stepsOf(c, shown),
    fields: fieldsOf(c, shown, choices),
    hidden: query.organiser === null ? {} : { organiser: query.organiser },
    organiser: organiser && { name: c.fmt.name(organiser), without: addressOf(query, { organiser: null }) },
    isEmpty: report.total.occupied === 0 && report.total.cancelled === 0 && report.total.judged === 0,
    hasRooms: report.rooms.length > 0,
    isOver: period.last < dayOf(c.now, c.office.zone),
    glance: glanceOf(c, report.total, shown.before.total),
    beforeText: describePeriod(c, besides(period, 'before')),
    rooms: roomRows(c, shown),
    hasHall: report.rooms.some(({ room }) => room.part_ids.length > 0),
    heat: heatOf(c, report),
    people: [unitTable(c, shown, csv('units')), organiserTable(c, shown, csv('organisers'))].filter(
      ({ rows }) => rows.length > 0,
    ),
    csv: { rooms: csv('rooms'), hours: csv('hours') },
    noShows: addressOf({ ...query, of: '', unit: null, organiser: null }, {}, '/no-shows'),
    terms: TERMS.map((name) => ({
      term: c.t(`use.terms.${name}`),
      text: c.t(`use.terms.${name}Text`, { hours: LATE_HOURS }),
    })),
    madeAt: c.fmt.dateTime(c.now),
  };
}

type Choices = ReturnType<typeof choicesOf>;

/** What the report is of: its days, rooms, unit and organiser. */
function aboutOf(c: C, { query, period, units, organiser }: UseRows, choices: Choices): string[] {
  const unit = units.find(({ id }) => id === query.unit);
  const of = choices.flatMap(({ options }) => options).find(({ value }) => value === query.of);
  return [
    c.t('use.days', { from: c.fmt.date(period.first), to: c.fmt.date(period.last) }),
    of?.label ?? c.t('calendar.view.all'),
    ...(unit ? [c.fmt.name(unit)] : []),
    ...(organiser ? [c.fmt.name(organiser)] : []),
  ];
}

/** Where the report leads: the period before and after, this month, and the month, quarter and year. */
function stepsOf(c: C, { query, period }: UseRows) {
  const go = ({ first, last }: UsePeriod) => addressOf(query, { from: first, to: last });
  const thisMonth = monthOf(dayOf(c.now, c.office.zone));
  const isThisMonth = thisMonth.first === period.first && thisMonth.last === period.last;
  const year = period.first.slice(0, 4);
  return {
    previous: go(besides(period, 'before')),
    next: go(besides(period, 'after')),
    current: isThisMonth ? null : go(thisMonth),
    tabs: [
      { href: go(monthOf(period.first)), text: c.t('use.month'), current: period.months === 1 },
      {
        href: go(quarterOf(period.first)),
        text: c.t('use.quarter'),
        current: quarterNumber(period) !== undefined,
      },
      {
        href: go(periodOf(`${year}-01-01`, `${year}-12-31`)),
        text: c.t('use.year'),
        current: isYear(period),
      },
    ],
  };
}

function fieldsOf(c: C, { query, units }: UseRows, choices: Choices) {
  return [
    {
      name: 'of',
      type: 'select',
      label: c.t('calendar.view.which'),
      value: query.of,
      empty: c.t('calendar.view.all'),
      options: choices,
    },
    {
      name: 'unit',
      type: 'select',
      label: c.t('use.unit'),
      value: query.unit,
      empty: c.t('use.allUnits'),
      options: units.map((one) => ({
        value: one.id,
        label: `${'\u2003'.repeat(one.depth)}${c.fmt.name(one)}`,
      })),
    },
  ];
}

function unitTable(c: C, { report, query }: UseRows, csv: string) {
  return {
    title: c.t('use.byUnit'),
    who: c.t('use.unit'),
    csv,
    rows: report.units.map((one) => ({ cells: [nameOfUnit(c, one.unit, query), ...countCells(c, one)] })),
    more: null,
  };
}

function organiserTable(c: C, { report, query }: UseRows, csv: string) {
  return {
    title: c.t('use.byOrganiser'),
    who: c.t('use.organiser'),
    csv,
    more: report.organisers.length > MOST_ORGANISERS ? MOST_ORGANISERS : null,
    rows: report.organisers.slice(0, MOST_ORGANISERS).map((one) => ({
      cells: [
        one.person
          ? { text: c.fmt.name(one.person), href: addressOf(query, { organiser: one.person.id }) }
          : c.t('noShow.list.private'),
        ...countCells(c, one),
      ],
    })),
  };
}

function nameOfUnit(c: C, unit: Report['units'][number]['unit'], query: UseQuery) {
  if (unit === null) return c.t('noShow.list.private');
  return unit === 'none'
    ? c.t('use.noUnit')
    : { text: c.fmt.name(unit), href: addressOf(query, { unit: unit.id }) };
}

/** What was called off and how late, and who didn't come out of how many. */
function lossCells(c: C, { cancelled, late, judged, noShows }: Counts) {
  return [
    { text: c.fmt.number(cancelled), meta: late ? c.t('use.late', { count: late }) : undefined },
    judged ? c.t('noShow.list.of', { count: noShows, total: judged }) : c.t('use.unknown'),
  ];
}

function countCells(c: C, one: Counts) {
  return [c.fmt.number(one.meetings), figures(c).describeHours(one.occupied), ...lossCells(c, one)];
}

function glanceOf(c: C, now: UseFigures, before: UseFigures) {
  const f = figures(c);
  const percent = (one: UseFigures) => Math.round((f.share(one.inside, one.bookable) ?? 0) * 1000) / 10;
  const hours = (label: string, of: (one: UseFigures) => number) => [
    label,
    f.describeHours(of(now)),
    f.describeHours(of(before)),
    f.describeDifference(f.hours(of(now)), f.hours(of(before)), 'hours'),
  ];
  const count = (
    label: string,
    of: (one: UseFigures) => number,
    tell: (one: UseFigures) => string | { text: string; meta: string | undefined },
  ) => [label, tell(now), tell(before), f.describeDifference(of(now), of(before), 'count')];
  const known = now.bookable > 0 && before.bookable > 0;
  return [
    [
      c.t('use.use'),
      ...[now, before].map((one) => ({
        text: f.describeShare(f.share(one.inside, one.bookable)),
        meta: f.describePart(one),
      })),
      known ? f.describeDifference(percent(now), percent(before), 'points') : c.t('use.unknown'),
    ],
    count(
      c.t('use.meetings'),
      ({ meetings }) => meetings,
      ({ meetings }) => c.fmt.number(meetings),
    ),
    hours(c.t('use.occupied'), ({ occupied }) => occupied),
    hours(c.t('use.held'), ({ held }) => held),
    hours(c.t('use.closed'), ({ closed }) => closed),
    count(
      c.t('use.cancelled'),
      ({ cancelled }) => cancelled,
      (one) => ({
        text: c.fmt.number(one.cancelled),
        meta: one.late ? c.t('use.late', { count: one.late }) : undefined,
      }),
    ),
    count(
      c.t('noShow.pill'),
      ({ noShows }) => noShows,
      ({ noShows, judged }) =>
        judged ? c.t('noShow.list.of', { count: noShows, total: judged }) : c.t('use.unknown'),
    ),
  ].map((cells) => ({ cells }));
}

/** Use, lengths and seats of a room, or of all together. */
function useCells(c: C, one: UseFigures, before: UseFigures | undefined) {
  const f = figures(c);
  const [now, then] = [
    f.share(one.inside, one.bookable),
    before ? f.share(before.inside, before.bookable) : null,
  ];
  const points = (share: number) => Math.round(share * 1000) / 10;
  return [
    { text: f.describeShare(now), meta: now === null ? undefined : f.describePart(one) },
    now === null || then === null
      ? c.t('use.unknown')
      : f.describeDifference(points(now), points(then), 'points'),
    c.fmt.number(one.meetings),
    { text: f.describeHours(one.occupied), meta: f.describeOutside(one.outside) },
    f.describeLength(one.middle),
    {
      text: f.describeShare(one.fit?.invited),
      meta: one.fit?.attended
        ? c.t('use.attended', { percent: f.describeShare(one.fit.attended) })
        : undefined,
    },
    ...lossCells(c, one),
    one.closed ? f.describeHours(one.closed) : c.t('use.none'),
  ];
}

function roomRows(c: C, { report, before, query }: UseRows) {
  const then = new Map(before.rooms.map((line) => [line.room.id, line]));
  const halls = new Map(report.rooms.map(({ room }) => [room.id, room]));
  const nameCell = ({ room }: RoomLine) => {
    const hall = room.hall_id === null ? undefined : halls.get(room.hall_id);
    const partOf = hall && c.t('calendar.day.partOf', { hall: c.fmt.name(hall) });
    return {
      text: c.fmt.name(room),
      href: addressOf(query, { of: `room-${room.id}` }),
      meta: room.part_ids.length ? c.t('use.wholeHall') : partOf,
      pill:
        room.status === 'in_service'
          ? undefined
          : {
              text: c.t(`rooms.status.${room.status}`),
              tone: room.status === 'retired' ? 'neutral' : 'warn',
            },
    };
  };
  const lines = report.rooms.map((line): { cells: unknown[]; sum?: boolean } => ({
    cells: [nameCell(line), ...useCells(c, line, then.get(line.room.id))],
  }));
  return lines.length > 1
    ? [...lines, { sum: true, cells: [c.t('use.total'), ...useCells(c, report.total, before.total)] }]
    : lines;
}

/** The hours of the week in which anything can be or was booked. */
function heatOf(c: C, { cells }: Report) {
  const f = figures(c);
  const hours = [...Array(24).keys()];
  const isUsed = (hour: number) =>
    [0, 1, 2, 3, 4, 5, 6].some((day) => (cells[day * 24 + hour]?.bookable ?? 0) > 0);
  const [first = 0, last = -1] = [hours.find(isUsed), hours.findLast(isUsed)];
  const shown = hours.slice(first, last + 1);
  const clock = (hour: number) => `${String(hour).padStart(2, '0')}:00`;
  return {
    hours: shown.map((hour) => ({
      text: String(hour),
      heard: c.t('use.hour', { from: clock(hour), to: clock(hour + 1) }),
    })),
    days: [1, 2, 3, 4, 5, 6, 7].map((weekday) => ({
      name: weekdayName(weekday, c.t),
      cells: shown.map((hour) => {
        const { bookable, inside } = cells[(weekday - 1) * 24 + hour] ?? { bookable: 0, inside: 0 };
        const share = f.share(inside, bookable);
        return share === null
          ? null
          : {
              level: levelOf(inside, bookable),
              text: String(Math.round(share * 100)),
              heard: `% · ${f.describePart({ inside, bookable })}`,
            };
      }),
    })),
  };
}
