// npm run bench: what the product's busiest requests cost, beside the bare thing in the same run, at 100,000
// meetings and at 1,000. CPU time per request stands when the machine is noisy; requests per second only
// within one run. Numbers after it change the sizes: npm run bench -- 1000000 100000 1000; a word measures
// only rows with it in their name. npm run bench -- stress 100000 32: that many mixed attempts by so many
// clients at once, see stress.ts
import { randomUUID } from 'node:crypto';
import { mkdirSync, mkdtempSync, chmodSync, rmSync } from 'node:fs';
import { Agent } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openSession } from '../../src/auth/commands.js';
import { SESSION_COOKIE } from '../../src/auth/gate.js';
import { findBinaries } from '../../src/lib/db/embedded/binaries.js';
import {
  createCluster,
  OWNER,
  startCluster,
  stopCluster,
  type ClusterPlace,
  type RunningCluster,
} from '../../src/lib/db/embedded/cluster.js';
import { createDb, type Db } from '../../src/lib/db/db.js';
import { APP_ROLE, clusterUrl, makeAppRole } from '../../src/lib/db/embedded/start.js';
import { migrate } from '../../src/lib/db/migrate.js';
import { serviceUser } from '../../src/lib/db/embedded/serviceUser.js';
import { dayOf } from '../../src/lib/time/zone.js';
import { countDoubleBookings, makeData, type BenchData } from './data.js';
import { ask, measure, startSubject, type Measured, type Subject } from './measure.js';
import { freshSlots, OWN, rowsOf, type Row } from './rows.js';
import { show, showGrowth, type Race } from './show.js';
import { stress } from './stress.js';

const asked = process.argv.slice(2);
const numbers = asked.map(Number).filter(Boolean);
const words = asked.filter((word) => !Number(word));
const sizes = numbers.length ? numbers : [100_000, 1_000];
const ROUNDS = 50;
const AT_ONCE = 16;

/** One size: its database and the two processes that serve it. */
interface Bench {
  size: number;
  product: Subject;
  bare: Subject;
  db: Db;
  data: BenchData;
  cookies: string[];
  freshSlot: ReturnType<typeof freshSlots>;
  rows: Row[];
  measured: Measured[];
}

async function prepare(admin: Db, cluster: RunningCluster, size: number): Promise<Bench> {
  const name = `bench_${size}`;
  await admin.raw(`create database ${name}`);
  await migrate(clusterUrl(cluster, OWNER, name), APP_ROLE);
  const db = createDb(clusterUrl(cluster, OWNER, name), { max: 2, statementTimeout: 3_600_000 });
  const began = performance.now();
  const data = await makeData(db, size, dayOf(new Date(), 'Asia/Shanghai'));
  console.log(
    `${size.toLocaleString('en')} meetings made in ${((performance.now() - began) / 1000).toFixed(0)} s`,
  );
  const url = clusterUrl(cluster, APP_ROLE, name);
  const [product, bare] = await Promise.all([startSubject('product.ts', url), startSubject('bare.ts', url)]);
  const cookies = await Promise.all(
    data.personIds.slice(0, AT_ONCE).map(async (id) => `${SESSION_COOKIE}=${await openSession(db, id)}`),
  );
  const freshSlot = freshSlots(data);
  const rows = (await rowsOf(data, cookies, product, freshSlot)).filter((row) =>
    words.every((word) => row.name.includes(word)),
  );
  return { size, product, bare, db, data, cookies, freshSlot, rows, measured: [] };
}

/**
 * Row by row, each at all sizes one after the other: what else the machine does then falls on all of them.
 */
async function measureAll(benches: Bench[], cluster: RunningCluster): Promise<void> {
  // A large size has all rows that a small one has, and more.
  const [{ rows }] = [...benches].sort((a, b) => b.rows.length - a.rows.length) as [Bench];
  for (const { name } of rows) {
    for (const bench of benches) {
      const row = bench.rows.find((one) => one.name === name);
      if (!row) continue;
      const measured = await measure({
        warmUp: Math.ceil(row.requests / 3),
        ...row,
        subject: bench[row.by],
        postmaster: cluster.pid,
      });
      bench.measured.push(measured);
      console.error(
        `${name} at ${bench.size.toLocaleString('en')}: ${(measured.node + measured.postgres).toFixed(2)} ms`,
      ); // three sizes take a quarter of an hour
    }
  }
}

/** Fifty times, sixteen people post the same slot at the same moment. */
async function raceForSlots({ product, db, data, cookies, freshSlot }: Bench): Promise<Race> {
  const agent = new Agent({ keepAlive: true, maxSockets: AT_ONCE });
  const statuses: number[] = [];
  const times: number[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    const { date, from, to, room } = freshSlot();
    const replies = await Promise.all(
      Array.from({ length: AT_ONCE }, (_, n) =>
        ask(product.port, agent, {
          method: 'POST',
          path: '/bookings',
          headers: { ...OWN, Cookie: cookies[n % cookies.length] ?? '' },
          body: new URLSearchParams({
            title: `Race ${round}`,
            date,
            from,
            to,
            room: String(room),
            seats: '',
            key: randomUUID(),
          }).toString(),
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
    rounds: ROUNDS,
    atOnce: AT_ONCE,
    booked: count(303),
    refused: count(409),
    other: statuses.length - count(303) - count(409),
    doubleBooked: await countDoubleBookings(db, data.emptyDay),
    p95: sorted[Math.floor(sorted.length * 0.95)] ?? NaN,
  };
}

async function main(): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'banhui-bench-'));
  chmodSync(folder, 0o711);
  const user = serviceUser();
  const place: ClusterPlace = {
    folder: join(folder, 'pg'),
    socketFolder: join(folder, 'run'),
    logFile: join(folder, 'postgres.log'),
    binaries: findBinaries(user),
    user,
  };
  mkdirSync(place.socketFolder, { mode: 0o700 });
  createCluster(place, { sync: false });
  // Durable as in service: fsync and synchronous_commit stay on.
  const cluster = await startCluster(place, {
    shared_buffers: '256MB',
    max_wal_size: '2GB',
    max_connections: '100',
    log_lock_waits: 'on',
  });
  try {
    const admin = createDb(clusterUrl(cluster, OWNER, 'postgres'), { max: 1 });
    await makeAppRole(admin, cluster.password);
    if (process.argv[2] === 'stress') return await runStress(admin, cluster, place.logFile);
    const benches: Bench[] = [];
    try {
      for (const size of sizes) benches.push(await prepare(admin, cluster, size));
      await measureAll(benches, cluster);
      const results = [];
      for (const bench of benches) {
        const race = words.length ? undefined : await raceForSlots(bench);
        if (race && (race.booked !== ROUNDS || race.other || race.doubleBooked)) process.exitCode = 1;
        results.push({ size: bench.size, rows: bench.measured, ...(race ? { race } : {}) });
      }
      results.forEach(show);
      showGrowth(results);
    } finally {
      for (const { product, bare, db } of benches) {
        product.stop();
        bare.stop();
        await db.destroy();
      }
      await admin.destroy();
    }
  } finally {
    await stopCluster(place);
    rmSync(folder, { recursive: true, force: true });
  }
}

async function runStress(admin: Db, cluster: RunningCluster, logFile: string): Promise<void> {
  const [attempts = 100_000, clients = 32] = numbers;
  await admin.raw('create database stress');
  await migrate(clusterUrl(cluster, OWNER, 'stress'), APP_ROLE);
  const owner = createDb(clusterUrl(cluster, OWNER, 'stress'), { max: 6, statementTimeout: 300_000 });
  const product = await startSubject('product.ts', clusterUrl(cluster, APP_ROLE, 'stress'));
  try {
    const { answers, wrong, seconds } = await stress(
      product,
      owner,
      clusterUrl(cluster, OWNER, 'stress'),
      logFile,
      { attempts, clients },
    );
    for (const [what, count] of [...answers].sort())
      console.log(`${what.padEnd(24)} ${String(count).padStart(8)}`);
    console.log(`${attempts.toLocaleString('en')} attempts by ${clients} clients in ${seconds.toFixed(0)} s`);
    console.log(
      wrong.length === 0
        ? 'no overlap, no breach, no error in the log of PostgreSQL, every refusal a page'
        : `${wrong.length} wrong:\n${[...new Set(wrong)].slice(0, 40).join('\n')}`,
    );
    if (wrong.length > 0) process.exitCode = 1;
  } finally {
    product.stop();
    await owner.destroy();
    await admin.destroy();
  }
}

await main();
