import type { Context } from '../lib/http/route.js';
import type { UnitOption } from '../people/queries.js';
import { addressOf } from './choice.js';
import { figures } from './figures.js';
import type { UseQuery } from './forms.js';
import type { UsePeriod } from './period.js';
import type { UsePerson, UseRoom } from './queries.js';
import type { Counts, Report, RoomLine, UseFigures } from './report.js';

type C = Context<unknown, unknown>;

/** More organisers than these stand in the CSV only. */
const MOST_ORGANISERS = 50;

export interface UseRows {
  query: UseQuery;
  period: UsePeriod;
  rooms: readonly UseRoom[];
  units: readonly UnitOption[];
  organiser: UsePerson | undefined;
  report: Report;
  before: Pick<Report, 'rooms' | 'total'>;
}

export function unitTable(c: C, { report, query }: UseRows, csv: string) {
  return {
    title: c.t('use.byUnit'),
    who: c.t('use.unit'),
    csv,
    rows: report.units.map((one) => ({ cells: [nameOfUnit(c, one.unit, query), ...countCells(c, one)] })),
    more: null,
  };
}

export function organiserTable(c: C, { report, query }: UseRows, csv: string) {
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

export function glanceOf(c: C, now: UseFigures, before: UseFigures) {
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

export function roomRows(c: C, { report, before, query }: UseRows) {
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
