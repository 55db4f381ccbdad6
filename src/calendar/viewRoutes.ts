import { NotFound } from '../lib/http/errors.js';
import { isSecretary, signedIn } from '../lib/http/policy.js';
import { revisit } from '../lib/http/revisit.js';
import { idOf, page, route, unchanged, type Answer, type Context, type Route } from '../lib/http/route.js';
import { prepare } from '../lib/i18n/prepare.js';
import { addDays, dayOf } from '../lib/time/zone.js';
import { dayOfGrid, type Day } from './dayGrid.js';
import { listPollTimes, type PollTime } from './pollQueries.js';
import { keyOfDays, monthDayLook } from './gridLook.js';
import { findDayState, listDayClaims, type CalendarRoom } from './queries.js';
import { factsOfLine, showSetupTask } from './sheetPage.js';
import {
  daysOfMonth,
  daysOfWeek,
  layOutRoom,
  levelOf,
  openMinutes,
  nextMonth,
  previousMonth,
} from './spanGrid.js';
import { SheetQuery, SpanQuery, WeekQuery } from './viewForms.js';
import { showRoomDay, viewTabs } from './viewPage.js';
import { findColleague, listOccupancy, listPersonMeetings, listSheet, listSites } from './viewQueries.js';

export const viewRoutes: Route[] = [
  route({
    method: 'get',
    path: '/calendar/week',
    policy: signedIn,
    query: SpanQuery,
    handle: (c) => spanPage(c, 'week', c.query),
  }),
  route({
    method: 'get',
    path: '/calendar/month',
    policy: signedIn,
    query: SpanQuery,
    handle: (c) => spanPage(c, 'month', c.query),
  }),
  route({
    method: 'get',
    path: '/calendar/people/:id',
    policy: signedIn,
    query: WeekQuery,
    handle: (c) => personPage(c, c.query.date),
  }),
  route({
    method: 'get',
    path: '/calendar/sheet',
    policy: signedIn,
    query: SheetQuery,
    handle: (c) => sheetPage(c, c.query),
  }),
];

type View = 'week' | 'month';

function stepsOf(view: View, on: string): { previous: string; next: string } {
  return view === 'week'
    ? { previous: addDays(on, -7), next: addDays(on, 7) }
    : { previous: previousMonth(on), next: nextMonth(on) };
}

/** 23–29 Nov 2026, or the month. */
function spanText(c: Context<unknown, unknown>, view: View, days: readonly Day[], on: string): string {
  const of = (options: Intl.DateTimeFormatOptions) =>
    new Intl.DateTimeFormat(c.lang === 'en' ? 'en-GB' : 'zh-CN', { timeZone: 'UTC', ...options });
  const at = (day: string) => new Date(`${day}T00:00:00Z`);
  if (view === 'month') return of({ year: 'numeric', month: 'long' }).format(at(on));
  const [first, last] = [days[0]?.on ?? on, days.at(-1)?.on ?? on];
  return of({ year: 'numeric', month: 'short', day: 'numeric' }).formatRange(at(first), at(last));
}

/** A week or a month: of one room what is in it and what is free; of several how full each is on each day. */
async function spanPage(c: Context<unknown, unknown>, view: View, query: SpanQueryOf): Promise<Answer> {
  const today = dayOf(c.now, c.zone);
  const on = query.date ?? today;
  const month = daysOfMonth(on, c.zone);
  const days = view === 'week' ? daysOfWeek(on, c.zone) : month.days;
  const span = { start: days[0]?.start ?? c.now, end: days.at(-1)?.end ?? c.now };
  const state = await findDayState(c.db, span);
  const quarter = Math.floor(c.now.getTime() / 900_000);
  const isNow = span.start <= c.now && c.now < span.end;
  const { etag, isUnchanged } = revisit(c, view, on, query.of, today, isNow ? quarter : 0, state.revision);
  if (etag && isUnchanged) return unchanged(etag);

  const { one, rooms } = chosenRooms(state.rooms, query.of);
  const steps = stepsOf(view, on);
  const of = query.of ? `&of=${encodeURIComponent(query.of)}` : '';
  const text = spanText(c, view, days, on);
  const locals = {
    title: `${one ? c.fmt.name(one) : c.t('calendar.day.title')} · ${text}`,
    wide: true,
    view,
    on,
    text,
    one,
    tabs: viewTabs(c, view, on, query.of),
    previous: `/calendar/${view}?date=${steps.previous}${of}`,
    next: `/calendar/${view}?date=${steps.next}${of}`,
    current:
      days.some((day) => day.on === today) && (view === 'week' || on.slice(0, 7) === today.slice(0, 7))
        ? null
        : `/calendar/${view}${of ? `?${of.slice(1)}` : ''}`,
    of: query.of,
    choices: choicesOf(c, state.rooms),
    heads: days.slice(0, 7).map((day) => weekday(c, day.on)),
    // What a month of all rooms adds up to is for who keeps them.
    use:
      view === 'month' && isSecretary(c.viewer)
        ? `/calendar/use?from=${month.first}&to=${month.last}${of}`
        : null,
  };
  const options = { caching: 'revisit' as const, ...(etag ? { etag } : {}) };
  if (one) {
    const claims = await listDayClaims(
      c.db,
      c.viewer.id,
      span,
      one.part_ids.length ? one.part_ids : [one.id],
    );
    const laidOut = layOutRoom(days, one, claims, c.office.zone, c.now);
    const shown = laidOut.map((roomDay) => ({
      on: roomDay.day.on,
      label: c.fmt.shortDate(roomDay.day.on),
      number: Number(roomDay.day.on.slice(8)),
      isToday: roomDay.day.on === today,
      isOther: view === 'month' && (roomDay.day.on < month.first || roomDay.day.on > month.last),
      href: `/calendar?date=${roomDay.day.on}`,
      entries: showRoomDay(c, one, roomDay).filter(({ kind }) => view === 'week' || kind !== 'free'),
      isClosed: openMinutes(one.hours, roomDay.day.on, c.office.zone) === 0,
      mayBook: roomDay.cells.some(({ kind }) => kind === 'free'),
      book: `/bookings/new?room=${one.id}&date=${roomDay.day.on}`,
    }));
    return page(
      view === 'week' ? 'calendar/week' : 'calendar/month',
      {
        ...locals,
        days: shown.map((day) => ({ ...day, look: monthDayLook(day) })),
        key: keyOfDays(shown),
      },
      options,
    );
  }
  return page(
    'calendar/occupancy',
    {
      ...locals,
      ...(await occupancyOf(
        c,
        view === 'week' ? days : days.filter((day) => day.on >= month.first && day.on <= month.last),
        rooms,
        today,
        `/calendar/${view}?date=${on}`,
      )),
    },
    options,
  );
}

type SpanQueryOf = { date?: string | undefined; of: string };

/** 'room-12' is one room, 'in-…' the rooms of a building; what no longer exists is all rooms. */
function chosenRooms(
  all: readonly CalendarRoom[],
  of: string,
): { one: CalendarRoom | undefined; rooms: readonly CalendarRoom[] } {
  const one = of.startsWith('room-') ? all.find(({ id }) => `room-${id}` === of) : undefined;
  const inBuilding = of.startsWith('in-') ? all.filter(({ building }) => `in-${building}` === of) : [];
  return { one, rooms: inBuilding.length ? inBuilding : all };
}

function choicesOf(c: Context<unknown, unknown>, rooms: readonly CalendarRoom[]) {
  const buildings = [...new Set(rooms.map(({ building }) => building).filter(Boolean))];
  return [
    ...(buildings.length > 1
      ? [
          {
            label: c.t('calendar.view.buildings'),
            options: buildings.map((building) => ({ value: `in-${building}`, label: building })),
          },
        ]
      : []),
    {
      label: c.t('calendar.day.room'),
      options: rooms.map((room) => ({ value: `room-${room.id}`, label: c.fmt.name(room) })),
    },
  ];
}

function weekday(c: Context<unknown, unknown>, on: string): string {
  return new Intl.DateTimeFormat(c.lang === 'en' ? 'en-GB' : 'zh-CN', {
    timeZone: 'UTC',
    weekday: 'short',
  }).format(new Date(`${on}T00:00:00Z`));
}

async function occupancyOf(
  c: Context<unknown, unknown>,
  days: readonly Day[],
  rooms: readonly CalendarRoom[],
  today: string,
  here: string,
) {
  const atomic = [...new Set(rooms.flatMap((room) => (room.part_ids.length ? room.part_ids : [room.id])))];
  const found = await listOccupancy(c.db, days, atomic);
  const taken = new Map<string, { minutes: number; bookings: number }>();
  for (const { room_id, day, minutes, bookings } of found) {
    const key = `${room_id} ${day}`;
    const before = taken.get(key);
    taken.set(key, {
      minutes: (before?.minutes ?? 0) + minutes,
      bookings: (before?.bookings ?? 0) + bookings,
    });
  }
  // A month of twenty rooms has six hundred cells: what many of them say is worded once.
  const labels = days.map((day) => c.fmt.shortDate(day.on));
  const occupied = prepare(c.t, 'calendar.view.occupied', ['day', 'bookings', 'hours']);
  const counted = new Map<number, string>();
  const tellBookings = (count: number) => {
    const known = counted.get(count) ?? c.t('calendar.view.bookings', { count });
    counted.set(count, known);
    return known;
  };
  return {
    days: days.map((day, i) => ({
      on: day.on,
      number: Number(day.on.slice(8)),
      weekday: weekday(c, day.on),
      label: labels[i] ?? '',
      isToday: day.on === today,
      href: `/calendar?date=${day.on}`,
    })),
    rows: rooms.map((room) => ({
      id: room.id,
      name: c.fmt.name(room),
      href: `${here}&of=room-${room.id}`,
      isPart: room.hall_id !== null,
      cells: days.map((day, i) => {
        // A hall is as full as the fullest of its parts.
        const parts = (room.part_ids.length ? room.part_ids : [room.id]).map(
          (id) => taken.get(`${id} ${i}`) ?? { minutes: 0, bookings: 0 },
        );
        const { minutes, bookings } = parts.reduce(
          (most, part) => (part.minutes > most.minutes ? part : most),
          { minutes: 0, bookings: 0 },
        );
        const open = openMinutes(room.hours, day.on, c.office.zone);
        const hours = bookings ? c.fmt.number(Math.round(minutes / 6) / 10) : '0';
        return {
          isClosed: open === 0 && bookings === 0,
          bookings,
          hours,
          level: levelOf(minutes, open),
          heard: occupied(labels[i] ?? '', tellBookings(bookings), hours),
          href: `/calendar/week?date=${day.on}&of=room-${room.id}`,
        };
      }),
    })),
  };
}

/** The week of one person: of others what one may know, the rest as "Booked". */
async function personPage(c: Context<unknown, unknown>, date: string | undefined): Promise<Answer> {
  const person = await findColleague(c.db, idOf(c));
  if (!person) throw new NotFound();
  const today = dayOf(c.now, c.zone);
  const on = date ?? today;
  const days = daysOfWeek(on, c.zone);
  const span = { start: days[0]?.start ?? c.now, end: days.at(-1)?.end ?? c.now };
  const isOwn = person.id === c.viewer.id;
  // What a poll may come to is for who plans with it: the person and the office.
  const [meetings, polled] = await Promise.all([
    listPersonMeetings(c.db, c.viewer.id, person.id, span),
    isOwn || isSecretary(c.viewer) ? listPollTimes(c.db, c.viewer.id, [person.id], span.start, span.end) : [],
  ]);
  const text = spanText(c, 'week', days, on);
  const name = c.fmt.name(person);
  return page('calendar/person', {
    title: `${isOwn ? c.t('calendar.view.myWeek') : c.t('calendar.view.weekOf', { name })} · ${text}`,
    wide: true,
    heading: isOwn ? c.t('calendar.view.myWeek') : c.t('calendar.view.weekOf', { name }),
    on,
    text,
    person,
    isOwn,
    tabs: viewTabs(c, 'mine', on),
    previous: `/calendar/people/${person.id}?date=${addDays(on, -7)}`,
    next: `/calendar/people/${person.id}?date=${addDays(on, 7)}`,
    current: days.some((day) => day.on === today) ? null : `/calendar/people/${person.id}`,
    days: days.map((day) => ({
      on: day.on,
      label: c.fmt.shortDate(day.on),
      isToday: day.on === today,
      href: `/calendar?date=${day.on}`,
      entries: [...meetings, ...polled]
        .filter(({ starts_at, ends_at }) => starts_at < day.end && ends_at > day.start)
        .sort((a, b) => a.starts_at.getTime() - b.starts_at.getTime())
        .map((meeting) =>
          'poll_id' in meeting
            ? showPollTime(c, meeting)
            : {
                kind: 'busy',
                look: meeting.title === null ? '' : 'is-mine',
                href: meeting.title === null ? null : `/meetings/${meeting.id}`,
                time: c.fmt.range(meeting.starts_at, meeting.ends_at),
                title: meeting.title ?? c.t('calendar.day.booked'),
                heard: '',
                place:
                  meeting.rooms.map((room) => c.fmt.name(room)).join(c.t('rooms.list.comma')) ||
                  meeting.place ||
                  (meeting.has_link ? c.t('calendar.view.online') : ''),
              },
        ),
    })),
  });
}

function showPollTime(
  c: Context<unknown, unknown>,
  { starts_at, ends_at, poll_id, title, is_secret }: PollTime,
) {
  if (is_secret)
    return {
      kind: 'busy',
      look: '',
      href: null,
      time: c.fmt.range(starts_at, ends_at),
      title: c.t('calendar.day.booked'),
      heard: '',
      place: '',
    };
  return {
    kind: 'busy',
    look: 'striped',
    href: poll_id === null ? null : `/polls/${poll_id}`,
    time: c.fmt.range(starts_at, ends_at),
    title: title ?? c.t('calendar.view.polled'),
    heard: '',
    place: c.t('calendar.view.polled'),
  };
}

/**
 * What happens where today, in the order of the day, with what has to be ready: made for paper and for a
 * phone in a corridor.
 */
async function sheetPage(
  c: Context<unknown, unknown>,
  query: { date?: string | undefined; site: string },
): Promise<Answer> {
  const today = dayOf(c.now, c.zone);
  const on = query.date ?? today;
  const day = dayOfGrid(on, c.zone);
  const sites = await listSites(c.db);
  const site = sites.includes(query.site) ? query.site : '';
  const lines = await listSheet(c.db, c.viewer.id, day, site);
  const ofSite = site ? `&site=${encodeURIComponent(site)}` : '';
  return page('calendar/sheet', {
    title: `${c.t('calendar.view.sheet')} · ${c.fmt.date(on)}`,
    wide: true,
    on,
    site,
    sites,
    dateText: c.fmt.date(on),
    tabs: viewTabs(c, 'sheet', on),
    previous: `/calendar/sheet?date=${addDays(on, -1)}${ofSite}`,
    next: `/calendar/sheet?date=${addDays(on, 1)}${ofSite}`,
    current: on === today ? null : `/calendar/sheet${ofSite ? `?${ofSite.slice(1)}` : ''}`,
    lines: lines.map((line) => ({
      ...line,
      facts: factsOfLine(c, line),
      tasks: line.tasks.map((task) => ({
        ...showSetupTask(c, task),
        mayTick: task.is_mine || line.title !== null,
      })),
      href: line.title === null ? null : `/meetings/${line.meeting_id}`,
      title: line.title ?? c.t('calendar.day.booked'),
      time: c.fmt.range(line.starts_at, line.ends_at),
      setup:
        line.occupies_from < line.starts_at
          ? c.t('calendar.view.setupFrom', { time: c.fmt.time(line.occupies_from) })
          : '',
    })),
  });
}
