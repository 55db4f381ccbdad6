import type { Context } from '../lib/http/route.js';
import { weekdayName } from '../hours/describe.js';
import { dayOf } from '../lib/time/zone.js';
import { addressOf } from './choice.js';
import { figures } from './figures.js';
import { glanceOf, organiserTable, roomRows, unitTable, type UseRows } from './lines.js';
import { besides, isYear, monthOf, periodOf, quarterNumber, quarterOf, type UsePeriod } from './period.js';
import type { UseRoom } from './queries.js';
import { LATE_HOURS, type Report } from './report.js';
import { levelOf } from '../calendar/spanGrid.js';

type C = Context<unknown, unknown>;

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
