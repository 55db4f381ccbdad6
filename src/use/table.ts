import type { Readable } from 'node:stream';
import { csvOf } from '../lib/http/csv.js';
import type { Context } from '../lib/http/route.js';
import { weekdayName } from '../hours/describe.js';
import { figures } from './page.js';
import type { Counted, Report, Used } from './report.js';
import type { USE_TABLES } from './forms.js';

type C = Context<unknown, unknown>;

/**
 * One table of the report for a spreadsheet: plain numbers, hours in decimals, shares in percent, so that
 * they can be reckoned with.
 */
export function useCsv(c: C, report: Report, by: (typeof USE_TABLES)[number]): Readable {
  const f = figures(c);
  const hours = (seconds: number) => String(f.hours(seconds));
  const percent = (share: number | null | undefined) =>
    share === null || share === undefined ? '' : String(Math.round(share * 1000) / 10);
  const losses = (one: Counted) => [one.cancelled, one.late, one.noShows, one.judged].map(String);
  const lossHead = [c.t('use.cancelled'), c.t('use.csv.late'), c.t('noShow.pill'), c.t('use.csv.judged')];
  if (by === 'hours') {
    const head = [
      c.t('use.csv.weekday'),
      c.t('use.csv.hour'),
      c.t('use.csv.percent'),
      c.t('use.csv.inside'),
      c.t('use.csv.bookable'),
    ];
    return csvOf(
      head,
      report.cells.flatMap(({ bookable, inside }, cell) =>
        bookable > 0
          ? [
              [
                weekdayName(Math.floor(cell / 24) + 1, c.t),
                `${String(cell % 24).padStart(2, '0')}:00`,
                percent(f.share(inside, bookable)),
                hours(inside),
                hours(bookable),
              ],
            ]
          : [],
      ),
    );
  }
  if (by !== 'rooms') {
    const counts = (one: Counted) => [String(one.meetings), hours(one.occupied), ...losses(one)];
    const head = [c.t('use.meetings'), c.t('use.csv.occupied'), ...lossHead];
    if (by === 'units')
      return csvOf(
        [c.t('use.unit'), ...head],
        report.units.map(({ unit, ...one }) => [
          unit === null ? c.t('noShow.list.private') : unit === 'none' ? c.t('use.noUnit') : c.fmt.name(unit),
          ...counts(one),
        ]),
      );
    return csvOf(
      [c.t('use.organiser'), c.t('use.unit'), ...head],
      report.organisers.map(({ person, ...one }) => [
        person ? c.fmt.name(person) : c.t('noShow.list.private'),
        person?.unit ? c.fmt.name(person.unit) : '',
        ...counts(one),
      ]),
    );
  }
  const used = (one: Used) => [
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
  const head = [
    c.t('use.csv.percent'),
    c.t('use.csv.inside'),
    c.t('use.csv.bookable'),
    c.t('use.meetings'),
    c.t('use.csv.occupied'),
    c.t('use.csv.held'),
    c.t('use.csv.middle'),
    c.t('use.csv.invited'),
    c.t('use.csv.attended'),
    ...lossHead,
    c.t('use.csv.closed'),
  ];
  return csvOf(
    [
      c.t('calendar.day.room'),
      c.t('use.csv.kind'),
      c.t('calendar.view.site'),
      c.t('use.csv.building'),
      ...head,
    ],
    [
      ...report.rooms.map(({ room, ...one }) => [
        c.fmt.name(room),
        room.part_ids.length ? c.t('use.wholeHall') : room.hall_id === null ? '' : c.t('use.csv.part'),
        room.site,
        room.building,
        ...used(one),
      ]),
      [c.t('use.total'), '', '', '', ...used(report.total)],
    ],
  );
}
