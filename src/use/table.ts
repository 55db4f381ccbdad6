import type { Readable } from 'node:stream';
import { csvOf } from '../lib/http/csv.js';
import type { Context } from '../lib/http/route.js';
import { weekdayName } from '../hours/describe.js';
import { figures } from './figures.js';
import type { Counts, Report, UseFigures } from './report.js';
import type { USE_TABLES } from './forms.js';

type C = Context<unknown, unknown>;

/**
 * One table of the report for a spreadsheet. Numbers are plain, hours decimals and shares percent, so that
 * they can be reckoned with.
 */
export function useCsv(c: C, report: Report, by: (typeof USE_TABLES)[number]): Readable {
  const tables = { rooms: roomsCsv, hours: hoursCsv, units: unitsCsv, organisers: organisersCsv };
  return tables[by](c, report);
}

const percent = (share: number | null | undefined) =>
  share === null || share === undefined ? '' : String(Math.round(share * 1000) / 10);

const losses = (one: Counts) => [one.cancelled, one.late, one.noShows, one.judged].map(String);

function lossHead({ t }: C): string[] {
  return [t('use.cancelled'), t('use.csv.late'), t('noShow.pill'), t('use.csv.judged')];
}

function hoursCsv(c: C, report: Report): Readable {
  const f = figures(c);
  const head = [
    c.t('use.csv.weekday'),
    c.t('use.csv.hour'),
    c.t('use.csv.percent'),
    c.t('use.csv.inside'),
    c.t('use.csv.bookable'),
  ];
  const lines = report.cells.flatMap(({ bookable, inside }, cell) => {
    if (bookable <= 0) return [];
    return [
      [
        weekdayName(Math.floor(cell / 24) + 1, c.t),
        `${String(cell % 24).padStart(2, '0')}:00`,
        percent(f.share(inside, bookable)),
        String(f.hours(inside)),
        String(f.hours(bookable)),
      ],
    ];
  });
  return csvOf(head, lines);
}

function countHead(c: C): string[] {
  return [c.t('use.meetings'), c.t('use.csv.occupied'), ...lossHead(c)];
}

function countsOf(c: C, one: Counts): string[] {
  return [String(one.meetings), String(figures(c).hours(one.occupied)), ...losses(one)];
}

function unitsCsv(c: C, report: Report): Readable {
  const nameOf = (unit: Report['units'][number]['unit']) => {
    if (unit === null) return c.t('noShow.list.private');
    return unit === 'none' ? c.t('use.noUnit') : c.fmt.name(unit);
  };
  return csvOf(
    [c.t('use.unit'), ...countHead(c)],
    report.units.map(({ unit, ...one }) => [nameOf(unit), ...countsOf(c, one)]),
  );
}

function organisersCsv(c: C, report: Report): Readable {
  return csvOf(
    [c.t('use.organiser'), c.t('use.unit'), ...countHead(c)],
    report.organisers.map(({ person, ...one }) => [
      person ? c.fmt.name(person) : c.t('noShow.list.private'),
      person?.unit ? c.fmt.name(person.unit) : '',
      ...countsOf(c, one),
    ]),
  );
}

function roomsCsv(c: C, report: Report): Readable {
  const head = [
    c.t('calendar.day.room'),
    c.t('use.csv.kind'),
    c.t('calendar.view.site'),
    c.t('use.csv.building'),
    ...usedHead(c),
  ];
  const partOf = ({ hall_id }: Report['rooms'][number]['room']) =>
    hall_id === null ? '' : c.t('use.csv.part');
  return csvOf(head, [
    ...report.rooms.map(({ room, ...one }) => [
      c.fmt.name(room),
      room.part_ids.length ? c.t('use.wholeHall') : partOf(room),
      room.site,
      room.building,
      ...usedCells(c, one),
    ]),
    [c.t('use.total'), '', '', '', ...usedCells(c, report.total)],
  ]);
}

function usedHead(c: C): string[] {
  return [
    c.t('use.csv.percent'),
    c.t('use.csv.inside'),
    c.t('use.csv.bookable'),
    c.t('use.meetings'),
    c.t('use.csv.occupied'),
    c.t('use.csv.held'),
    c.t('use.csv.middle'),
    c.t('use.csv.invited'),
    c.t('use.csv.attended'),
    ...lossHead(c),
    c.t('use.csv.closed'),
  ];
}

function usedCells(c: C, one: UseFigures): string[] {
  const f = figures(c);
  const hours = (seconds: number) => String(f.hours(seconds));
  return [
    percent(f.share(one.inside, one.bookable)),
    hours(one.inside),
    hours(one.bookable),
    String(one.meetings),
    hours(one.occupied),
    hours(one.held),
    one.middle === null ? '' : String(Math.round(one.middle / 60)),
    percent(one.fit?.invited),
    percent(one.fit?.attended),
    ...losses(one),
    hours(one.closed),
  ];
}
