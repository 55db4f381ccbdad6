// What is measured, one row each, in this order. A row is about one database: the same rows are made for each
// size.
import { randomUUID } from 'node:crypto';
import { Agent } from 'node:http';
import { monthOf } from '../../src/use/period.js';
import { addDays, weekdayOf } from '../../src/lib/time/zone.js';
import { FULL, LOOKING, PER_DAY, ROOMS, type BenchData } from './data.js';
import { findPath } from './find.js';
import { ask, type Ask, type Subject } from './measure.js';

export interface Row {
  name: string;
  by: 'product' | 'bare';
  requests: number;
  warmUp?: number;
  clients: number;
  status: number;
  make(n: number): Ask;
}

export const OWN = { 'Sec-Fetch-Site': 'same-origin', Accept: 'text/html', 'Accept-Language': 'en' };

/** Slots of an hour that nobody has asked for yet: 20 rooms × 10 hours × days without end. */
export function freshSlots(data: BenchData): () => { date: string; from: string; to: string; room: number } {
  let n = 0;
  return () => {
    const hour = 8 + (Math.floor(n / ROOMS) % 10);
    const slot = {
      date: addDays(data.emptyDay, Math.floor(n / (ROOMS * 10))),
      from: clock(hour),
      to: clock(hour + 1),
      room: data.roomIds[n % ROOMS] ?? 1,
    };
    n++;
    return slot;
  };
}

const clock = (hour: number) => `${String(hour).padStart(2, '0')}:00`;

/** The rows of one size. @param cookies of the sessions; the first one's person keeps the office */
export async function rowsOf(
  data: BenchData,
  cookies: string[],
  product: Subject,
  freshSlot: ReturnType<typeof freshSlots>,
): Promise<Row[]> {
  const signedIn = (n: number) => ({ ...OWN, Cookie: cookies[n % cookies.length] ?? '' });
  const get = (name: string, requests: number, path: (n: number) => string, clients = 1): Row => ({
    name,
    by: 'product',
    requests,
    clients,
    status: 200,
    make: (n) => ({ path: path(n), headers: signedIn(n) }),
  });
  const own = (name: string, requests: number, path: string): Row => ({
    ...get(name, requests, () => path),
    make: (n) => ({ path, headers: signedIn(n % LOOKING) }),
  });
  const office = (row: Row): Row => ({
    ...row,
    make: (n) => ({ path: row.make(n).path, headers: signedIn(0) }),
  });
  const bare = (name: string, requests: number, path: string, clients = 1): Row => ({
    name,
    by: 'bare',
    requests,
    clients,
    status: 200,
    make: () => ({ path }),
  });
  const day = `/calendar?date=${data.day}`;
  const bareDay = `/day?date=${data.day}`;
  const month = monthOf(data.day);
  const of = `of=room-${data.roomIds[3]}`;

  return [
    bare('day grid, bare', 1000, bareDay),
    get('day grid', 1000, () => day),
    bare('day grid, bare, 8 clients', 1000, bareDay, 8),
    get('day grid, 8 clients', 1000, () => day, 8),
    await unchanged('day grid, unchanged', 1200, product, { path: day, headers: signedIn(0) }),
    get('week of a room', 500, () => `/calendar/week?date=${data.day}&${of}`),
    get('month of a room', 500, () => `/calendar/month?date=${data.day}&${of}`),
    get('week of all rooms', 400, () => `/calendar/week?date=${data.day}`),
    get('month of all rooms', 300, () => `/calendar/month?date=${data.day}`),
    bare('month report, bare', 60, `/use?from=${month.first}&to=${month.last}`),
    office(get('month report', 60, () => `/calendar/use?from=${month.first}&to=${month.last}`)),
    get('week of a person', 400, (n) => `/calendar/people/${data.personIds[n % 50]}?date=${data.day}`),
    get('day sheet', 200, () => `/calendar/sheet?date=${data.day}`),
    own('Today', 200, '/'),
    own('my meetings to come', 300, '/meetings'),
    own('my meetings, past', 300, '/meetings?when=past'),
    get('all meetings to come', 300, () => '/meetings?whose=all'),
    get('search, what many are called', 200, () => '/meetings?whose=all&when=past&q=Budget'),
    get(
      'search, what one is called',
      200,
      () => `/meetings?whose=all&when=past&q=${encodeURIComponent('档案搬迁')}`,
    ),
    get(
      'search, nothing found',
      200,
      () => `/meetings?whose=all&when=past&q=${encodeURIComponent('年终总结')}`,
    ),
    get('room page', 300, () => `/rooms/${data.roomIds[3]}`),
    get('meeting page', 600, (n) => `/meetings/${data.meetingId + (n % PER_DAY)}`),
    get(
      'new booking',
      300,
      () => `/bookings/new?room=${data.roomIds[3]}&date=${data.day}&from=08:45&to=09:00`,
    ),
    office(get('page of a person', 200, (n) => `/people/${data.personIds[n % 50]}`)),
    get('find a time, 8 × 20 × 14', 200, (n) => findPath(data, data.day, n)),
    { ...get('feed of a person', 200, () => data.personFeed), make: () => ({ path: data.personFeed }) },
    ...(data.full ? await fullRows(data, data.full, signedIn, product) : []),
    ...bookingRows(data, signedIn, freshSlot),
    ...seriesRows(data, signedIn),
  ];
}

/** An unchanged revisit: the ETag of the first answer is sent back. */
async function unchanged(name: string, requests: number, product: Subject, first: Ask): Promise<Row> {
  const agent = new Agent({ keepAlive: true });
  const etag = String((await ask(product.port, agent, first)).headers.etag);
  agent.destroy();
  return {
    name,
    by: 'product',
    requests,
    clients: 1,
    status: 304,
    make: () => ({ ...first, headers: { ...first.headers, 'If-None-Match': etag } }),
  };
}

/** What needs a hundred thousand meetings. */
async function fullRows(
  data: BenchData,
  full: NonNullable<BenchData['full']>,
  signedIn: (n: number) => Record<string, string>,
  product: Subject,
): Promise<Row[]> {
  const get = (name: string, requests: number, path: (n: number) => string): Row => ({
    name,
    by: 'product',
    requests,
    clients: 1,
    status: 200,
    make: (n) => ({ path: path(n), headers: signedIn(n) }),
  });
  const table = `from=${full.table.from}&to=${full.table.to}`;
  return [
    get('month of a room, ten a day', 400, () => `/calendar/month?date=${full.month}&of=room-${full.room}`),
    get('find a time, two full weeks', 200, (n) => findPath(data, full.weeks, n)),
    {
      name: 'feed of 1,000, bare',
      by: 'bare',
      requests: 100,
      clients: 1,
      status: 200,
      make: () => ({ path: `/feed?room=${full.room}` }),
    },
    {
      name: 'feed of 1,000',
      by: 'product',
      requests: 100,
      clients: 1,
      status: 200,
      make: () => ({ path: full.roomFeed }),
    },
    {
      name: 'feed of 1,000, for the first time',
      by: 'product',
      requests: full.freshFeeds.length - 1,
      warmUp: 1,
      clients: 1,
      status: 200,
      make: (n) => ({ path: full.freshFeeds[n] ?? '' }),
    },
    await unchanged('feed of 1,000, unchanged', 100, product, { path: full.roomFeed }),
    {
      name: 'report of 92,000, bare',
      by: 'bare',
      requests: 4,
      warmUp: 2,
      clients: 1,
      status: 200,
      make: () => ({ path: `/use?from=${full.use.from}&to=${full.use.to}` }),
    },
    {
      name: 'report of 92,000',
      by: 'product',
      requests: 8,
      warmUp: 7,
      clients: 1,
      status: 200,
      make: () => ({ path: `/calendar/use?from=${full.use.from}&to=${full.use.to}`, headers: signedIn(0) }),
    },
    {
      name: `CSV of ${FULL.toLocaleString('en')}, bare`,
      by: 'bare',
      requests: 3,
      warmUp: 1,
      clients: 1,
      status: 200,
      make: () => ({ path: `/csv?${table}` }),
    },
    {
      name: `CSV of ${FULL.toLocaleString('en')}`,
      by: 'product',
      requests: 3,
      warmUp: 1,
      clients: 1,
      status: 200,
      make: () => ({ path: `/admin/moving-in/export/bookings?${table}`, headers: signedIn(0) }),
    },
  ];
}

function bookingRows(
  data: BenchData,
  signedIn: (n: number) => Record<string, string>,
  freshSlot: ReturnType<typeof freshSlots>,
): Row[] {
  const form = (key: boolean) => {
    const { date, from, to, room } = freshSlot();
    return new URLSearchParams({
      title: 'Booked by the measurement',
      date,
      from,
      to,
      room: String(room),
      ...(key ? { seats: '', key: randomUUID() } : {}),
    }).toString();
  };
  const both = (clients: number, requests: number): Row[] => {
    const note = clients > 1 ? `, ${clients} clients` : '';
    return [
      {
        name: `booking, bare${note}`,
        by: 'bare',
        requests,
        clients,
        status: 303,
        make: () => ({ method: 'POST', path: '/book', body: form(false) }),
      },
      {
        name: `booking${note}`,
        by: 'product',
        requests,
        clients,
        status: 303,
        make: (n) => ({ method: 'POST', path: '/bookings', headers: signedIn(n), body: form(true) }),
      },
    ];
  };
  return [...both(1, 900), ...both(16, 1600)];
}

/** A weekly meeting of 52 dates on days of their own, far behind the single bookings. */
function seriesRows(data: BenchData, signedIn: (n: number) => Record<string, string>): Row[] {
  let made = 0;
  const year = () => {
    const n = made++;
    const [weekday, hour] = [Math.floor(n / (ROOMS * 10)) % 7, 8 + (Math.floor(n / ROOMS) % 10)];
    const from_on = addDays(data.emptyDay, 400 + weekday + 371 * Math.floor(n / (ROOMS * 70)));
    return { from_on, from: clock(hour), to: clock(hour + 1), rooms: String(data.roomIds[n % ROOMS] ?? 1) };
  };
  const rule = () => {
    const fields = year();
    return new URLSearchParams({
      ...fields,
      name: 'Weekly, by the measurement',
      organiser: '',
      lang: 'en',
      first_number: '1',
      gates: '',
      frequency: 'weekly',
      every: '1',
      weekday: String(weekdayOf(fields.from_on)),
      month_day: '1',
      nth: '1',
      nth_weekday: '1',
      ends: 'count',
      count: '52',
      zone: 'Asia/Shanghai',
      confirmed: 'on',
      key: randomUUID(),
    }).toString();
  };
  return [
    {
      name: 'series of 52, bare',
      by: 'bare',
      requests: 150,
      clients: 1,
      status: 303,
      make: () => ({ method: 'POST', path: '/series', body: new URLSearchParams(year()).toString() }),
    },
    {
      name: 'series of 52',
      by: 'product',
      requests: 150,
      clients: 1,
      status: 303,
      make: (n) => ({ method: 'POST', path: '/series', headers: signedIn(n), body: rule() }),
    },
  ];
}
