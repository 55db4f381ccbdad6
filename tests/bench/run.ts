// npm run bench: what the product's busiest requests cost, beside the bare thing in the same run, at 100,000 meetings and
// at 1,000. CPU time per request stands when the machine is noisy; requests per second only within one run.
// Numbers after it change the sizes: npm run bench -- 100000 1000
// npm run bench -- stress 100000 32: that many mixed attempts by so many clients at once, see stress.ts
import { randomUUID } from 'node:crypto';
import { mkdirSync, mkdtempSync, chmodSync, rmSync } from 'node:fs';
import { Agent } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openSession } from '../../src/auth/commands.js';
import { SESSION_COOKIE } from '../../src/auth/gate.js';
import { findBinaries } from '../../src/lib/db/binaries.js';
import { createCluster, OWNER, startCluster, stopCluster, type ClusterPlace, type RunningCluster } from '../../src/lib/db/cluster.js';
import { createDb, type Db } from '../../src/lib/db/db.js';
import { APP_ROLE, clusterUrl, makeAppRole } from '../../src/lib/db/embedded.js';
import { migrate } from '../../src/lib/db/migrate.js';
import { serviceUser } from '../../src/lib/db/serviceUser.js';
import { addDays, dayOf, weekdayOf } from '../../src/lib/time/zone.js';
import { countDoubleBookings, makeData, PER_DAY, ROOMS, type BenchData } from './data.js';
import { findPath } from './find.js';
import { ask, measure, startSubject, type Ask, type Measured, type Subject } from './measure.js';
import { stress } from './stress.js';

const SIZES = process.argv.slice(2).map(Number).filter(Boolean); // 'stress' is no number
const sizes = SIZES.length ? SIZES : [100_000, 1_000];
const ROUNDS = 50;
const AT_ONCE = 16;

interface Bench {
  product: Subject;
  bare: Subject;
  cluster: RunningCluster;
  db: Db;
  data: BenchData;
  cookies: string[];
}

/** A slot of an hour that nobody has asked for yet: 20 rooms × 10 hours × days without end. */
function freshSlot(data: BenchData, n: number): { date: string; from: string; to: string; room: number } {
  const hour = 8 + (Math.floor(n / ROOMS) % 10);
  const clock = (h: number) => `${String(h).padStart(2, '0')}:00`;
  return { date: addDays(data.emptyDay, Math.floor(n / (ROOMS * 10))), from: clock(hour), to: clock(hour + 1), room: data.roomIds[n % ROOMS] ?? 1 };
}

const own = { 'Sec-Fetch-Site': 'same-origin', Accept: 'text/html', 'Accept-Language': 'en' };

async function measureAll(bench: Bench): Promise<{ rows: Measured[]; race: Race }> {
  const { product, bare, cluster, data, cookies } = bench;
  const rows: Measured[] = [];
  const signedIn = (n: number) => ({ ...own, Cookie: cookies[n % cookies.length] ?? '' });
  const day = `/calendar?date=${data.day}`;
  const run = async (name: string, subject: Subject, requests: number, clients: number, status: number, make: (n: number) => Ask) => {
    rows.push(await measure({ name, subject, postmaster: cluster.pid, requests, clients, warmUp: Math.ceil(requests / 3), make, status }));
  };
  const agent = new Agent({ keepAlive: true });
  const etag = String((await ask(product.port, agent, { path: day, headers: signedIn(0) })).headers.etag);
  agent.destroy();

  await run('day grid, bare', bare, 1200, 1, 200, () => ({ path: `/day?date=${data.day}` }));
  await run('day grid', product, 1200, 1, 200, (n) => ({ path: day, headers: signedIn(n) }));
  await run('day grid, bare, 8 clients', bare, 1200, 8, 200, () => ({ path: `/day?date=${data.day}` }));
  await run('day grid, 8 clients', product, 1200, 8, 200, (n) => ({ path: day, headers: signedIn(n) }));
  await run('day grid, unchanged', product, 1500, 1, 304, () => ({ path: day, headers: { ...signedIn(0), 'If-None-Match': etag } }));
  const room = `of=room-${data.roomIds[3]}`;
  await run('week of a room', product, 600, 1, 200, (n) => ({ path: `/calendar/week?date=${data.day}&${room}`, headers: signedIn(n) }));
  await run('month of a room', product, 600, 1, 200, (n) => ({ path: `/calendar/month?date=${data.day}&${room}`, headers: signedIn(n) }));
  await run('month of all rooms', product, 300, 1, 200, (n) => ({ path: `/calendar/month?date=${data.day}`, headers: signedIn(n) }));
  await run('week of a person', product, 300, 1, 200, (n) => ({ path: `/calendar/people/${data.personIds[n % 50]}?date=${data.day}`, headers: signedIn(n) }));
  await run('meeting page', product, 800, 1, 200, (n) => ({ path: `/meetings/${data.meetingId + (n % PER_DAY)}`, headers: signedIn(n) }));
  await run('find a time, 8 × 20 × 14', product, 200, 1, 200, (n) => ({ path: findPath(data, n), headers: signedIn(n) }));

  let slot = 0;
  const form = (key: boolean) => {
    const { date, from, to, room } = freshSlot(data, slot++);
    return new URLSearchParams({ title: 'Booked by the measurement', date, from, to, room: String(room), ...(key ? { seats: '', key: randomUUID() } : {}) }).toString();
  };
  await run('booking, bare', bare, 900, 1, 303, () => ({ method: 'POST', path: '/book', body: form(false) }));
  await run('booking', product, 900, 1, 303, (n) => ({ method: 'POST', path: '/bookings', headers: signedIn(n), body: form(true) }));
  await run('booking, bare, 16 clients', bare, 1600, 16, 303, () => ({ method: 'POST', path: '/book', body: form(false) }));
  await run('booking, 16 clients', product, 1600, 16, 303, (n) => ({ method: 'POST', path: '/bookings', headers: signedIn(n), body: form(true) }));
  // A weekly meeting of 52 dates on days of their own, far behind the single bookings.
  let made = 0;
  const year = () => {
    const n = made++;
    const [weekday, hour] = [Math.floor(n / (ROOMS * 10)) % 7, 8 + (Math.floor(n / ROOMS) % 10)];
    const from_on = addDays(data.emptyDay, 400 + weekday + 371 * Math.floor(n / (ROOMS * 70)));
    return { from_on, from: `${String(hour).padStart(2, '0')}:00`, to: `${String(hour + 1).padStart(2, '0')}:00`, rooms: String(data.roomIds[n % ROOMS] ?? 1) };
  };
  const rule = () => {
    const fields = year();
    return new URLSearchParams({
      ...fields, name: 'Weekly, by the measurement', organiser: '', lang: 'en', first_number: '1', gates: '', frequency: 'weekly', every: '1', weekday: String(weekdayOf(fields.from_on)),
      month_day: '1', nth: '1', nth_weekday: '1', ends: 'count', count: '52', zone: 'Asia/Shanghai', confirmed: 'on', key: randomUUID(),
    }).toString();
  };
  await run('series of 52, bare', bare, 150, 1, 303, () => ({ method: 'POST', path: '/series', body: new URLSearchParams(year()).toString() }));
  await run('series of 52', product, 150, 1, 303, (n) => ({ method: 'POST', path: '/series', headers: signedIn(n), body: rule() }));
  return { rows, race: await raceForSlots(bench, slot) };
}

interface Race {
  booked: number;
  refused: number;
  other: number;
  doubleBooked: number;
  p95: number;
}

/** Fifty times, sixteen people post the same slot at the same moment. */
async function raceForSlots({ product, db, data, cookies }: Bench, firstSlot: number): Promise<Race> {
  const agent = new Agent({ keepAlive: true, maxSockets: AT_ONCE });
  const statuses: number[] = [];
  const times: number[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    const { date, from, to, room } = freshSlot(data, firstSlot + round);
    const replies = await Promise.all(
      Array.from({ length: AT_ONCE }, (_, n) =>
        ask(product.port, agent, {
          method: 'POST', path: '/bookings', headers: { ...own, Cookie: cookies[n % cookies.length] ?? '' },
          body: new URLSearchParams({ title: `Race ${round}`, date, from, to, room: String(room), seats: '', key: randomUUID() }).toString(),
        }),
      ),
    );
    statuses.push(...replies.map(({ status }) => status));
    times.push(...replies.map(({ ms }) => ms));
  }
  agent.destroy();
  const count = (status: number) => statuses.filter((one) => one === status).length;
  const sorted = times.sort((a, b) => a - b);
  return {
    booked: count(303), refused: count(409), other: statuses.length - count(303) - count(409),
    doubleBooked: await countDoubleBookings(db, data.emptyDay), p95: sorted[Math.floor(sorted.length * 0.95)] ?? NaN,
  };
}

function show(size: number, { rows, race }: { rows: Measured[]; race: Race }): void {
  const fixed = (value: number, digits = 2) => (Number.isNaN(value) ? '–' : value.toFixed(digits));
  console.log(`\n${size.toLocaleString('en')} meetings, ${ROOMS} rooms, ${PER_DAY} on the day shown`);
  const head = ['', 'CPU ms', 'of Node', 'of Postgres', 'req/s', 'p50 ms', 'p95 ms', 'p99 ms', 'kB', 'CPU × bare', 'req/s × bare'];
  const lines = rows.map((row) => {
    const bare = rows.find(({ name }) => name === row.name.replace(/^([^,]+)/, '$1, bare'));
    const cpu = row.node + row.postgres;
    return [
      row.name, fixed(cpu), fixed(row.node), fixed(row.postgres), fixed(row.perSecond, 0), fixed(row.p50), fixed(row.p95), fixed(row.p99), fixed(row.bytes / 1000, 1),
      bare ? fixed(cpu / (bare.node + bare.postgres)) : '', bare ? fixed(row.perSecond / bare.perSecond) : '',
    ];
  });
  const widths = head.map((text, at) => Math.max(text.length, ...lines.map((line) => (line[at] ?? '').length)));
  for (const line of [head, ...lines]) console.log(line.map((text, at) => (at ? text.padStart(widths[at] ?? 0) : text.padEnd(widths[at] ?? 0))).join('  '));
  console.log(`${AT_ONCE} at once for one slot, ${ROUNDS} rounds: ${race.booked} booked, ${race.refused} refused with alternatives, ${race.other} other answers, ${race.doubleBooked} double-booked; p95 ${fixed(race.p95, 0)} ms`);
  if (race.booked !== ROUNDS || race.other || race.doubleBooked) process.exitCode = 1;
}

async function main(): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'banhui-bench-'));
  chmodSync(folder, 0o711);
  const user = serviceUser();
  const place: ClusterPlace = { folder: join(folder, 'pg'), socketFolder: join(folder, 'run'), logFile: join(folder, 'postgres.log'), binaries: findBinaries(user), user };
  mkdirSync(place.socketFolder, { mode: 0o700 });
  createCluster(place, { sync: false });
  // Durable as in service: fsync and synchronous_commit stay on.
  const cluster = await startCluster(place, { shared_buffers: '256MB', max_wal_size: '2GB', max_connections: '100', log_lock_waits: 'on' });
  try {
    const admin = createDb(clusterUrl(cluster, OWNER, 'postgres'), { max: 1 });
    await makeAppRole(admin, cluster.password);
    if (process.argv[2] === 'stress') return await runStress(admin, cluster, place.logFile);
    const results: { size: number; rows: Measured[] }[] = [];
    for (const size of sizes) {
      const name = `bench_${size}`;
      await admin.raw(`create database ${name}`);
      await migrate(clusterUrl(cluster, OWNER, name), APP_ROLE);
      const owner = createDb(clusterUrl(cluster, OWNER, name), { max: 2, statementTimeout: 300_000 });
      const data = await makeData(owner, size, dayOf(new Date(), 'Asia/Shanghai'));
      const url = clusterUrl(cluster, APP_ROLE, name);
      const [product, bare] = await Promise.all([startSubject('product.ts', url), startSubject('bare.ts', url)]);
      try {
        const cookies = await Promise.all(data.personIds.slice(0, AT_ONCE).map(async (id) => `${SESSION_COOKIE}=${await openSession(owner, id)}`));
        const result = await measureAll({ product, bare, cluster, db: owner, data, cookies });
        show(size, result);
        results.push({ size, rows: result.rows });
      } finally {
        product.stop();
        bare.stop();
        await owner.destroy();
      }
    }
    await admin.destroy();
    showGrowth(results);
  } finally {
    await stopCluster(place);
    rmSync(folder, { recursive: true, force: true });
  }
}

async function runStress(admin: Db, cluster: RunningCluster, logFile: string): Promise<void> {
  const [attempts = 100_000, clients = 32] = SIZES;
  await admin.raw('create database stress');
  await migrate(clusterUrl(cluster, OWNER, 'stress'), APP_ROLE);
  const owner = createDb(clusterUrl(cluster, OWNER, 'stress'), { max: 6, statementTimeout: 300_000 });
  const product = await startSubject('product.ts', clusterUrl(cluster, APP_ROLE, 'stress'));
  try {
    const { answers, wrong, seconds } = await stress(product, owner, clusterUrl(cluster, OWNER, 'stress'), logFile, { attempts, clients });
    for (const [what, count] of [...answers].sort()) console.log(`${what.padEnd(24)} ${String(count).padStart(8)}`);
    console.log(`${attempts.toLocaleString('en')} attempts by ${clients} clients in ${seconds.toFixed(0)} s`);
    console.log(wrong.length === 0 ? 'no overlap, no breach, no error in the log of PostgreSQL, every refusal a page' : `${wrong.length} wrong:\n${[...new Set(wrong)].slice(0, 40).join('\n')}`);
    if (wrong.length > 0) process.exitCode = 1;
  } finally {
    product.stop();
    await owner.destroy();
    await admin.destroy();
  }
}

/** How much more the same request costs with more meetings: nothing that grows with the total. */
function showGrowth(results: { size: number; rows: Measured[] }[]): void {
  const [large, small] = [...results].sort((a, b) => b.size - a.size);
  if (!large || !small || large === small) return;
  console.log(`\nCPU at ${large.size.toLocaleString('en')} ÷ CPU at ${small.size.toLocaleString('en')} meetings (at most 1.3)`);
  for (const row of large.rows) {
    const other = small.rows.find(({ name }) => name === row.name);
    if (other) console.log(`${row.name.padEnd(28)} ${((row.node + row.postgres) / (other.node + other.postgres)).toFixed(2)}`);
  }
}

await main();
