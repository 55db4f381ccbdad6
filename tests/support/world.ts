import { randomBytes } from 'node:crypto';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { pino } from 'pino';
import request from 'supertest';
import { createApp } from '../../src/app.js';
import { openSession } from '../../src/auth/commands.js';
import { SESSION_COOKIE } from '../../src/auth/gate.js';
import type { Config } from '../../src/config.js';
import { OWNER, type RunningCluster } from '../../src/lib/db/embedded/cluster.js';
import { createDb, type Db } from '../../src/lib/db/db.js';
import { APP_ROLE, clusterUrl } from '../../src/lib/db/embedded/start.js';
import { drain } from '../../src/lib/jobs/drain.js';
import type { Clock } from '../../src/lib/time/clock.js';
import { jobs } from '../../src/worker.js';
import { TEMPLATE } from './cluster.js';
import { watchLocks, type LockWatch } from './lockOrder.js';

export type Agent = ReturnType<typeof request.agent>;

/** A clock that stands still until it is set. */
export interface FakeClock extends Clock {
  set(at: string | Date): void;
  advance(by: { days?: number; hours?: number; minutes?: number; seconds?: number }): void;
}

export interface World {
  /** as the product itself: the role without rights on the schema */
  db: Db;
  /** as the owner of the schema, for what no page may do */
  owner: Db;
  config: Config;
  clock: FakeClock;
  /** http://127.0.0.1:<port> of the listening app */
  url: string;
  /** What was locked in which order; closing the world throws when the order was broken. */
  locks: LockWatch;
  /** A browser: keeps cookies, sends what browsers send with a form of our own; signed in as that person. */
  agent(person?: { id: number } | number): Promise<Agent>;
  /**
   * Does all jobs that are due by the fake clock, and those they cause. Throws when one failed, unless told
   * to return it.
   */
  runJobs(options?: { mayFail: boolean }): Promise<string[]>;
  close(): Promise<void>;
}

/**
 * A Monday, 09:00 in Shanghai, 10:00 in Tokyo, 02:00 in Berlin. The database's own clock goes on as it is.
 */
export const MONDAY = '2030-03-04T01:00:00Z';

/**
 * The whole product on its own fresh, migrated database. Once per test file:
 * `let world: World; beforeAll(async () => { world = await testWorld(); }); afterAll(() => world.close());`
 */
export async function testWorld(settings: Partial<Config> = {}): Promise<World> {
  const cluster = JSON.parse(process.env.BANHUI_TEST_CLUSTER ?? '') as RunningCluster;
  const name = `t_${randomBytes(6).toString('hex')}`;
  const admin = createDb(clusterUrl(cluster, OWNER, 'postgres'), { max: 1 });
  // The other way, by the log, reads the template page by page: four times as long.
  await admin.raw(`create database ${name} template ${TEMPLATE} strategy file_copy`);
  const db = createDb(clusterUrl(cluster, APP_ROLE, name), { max: 20 });
  const locks = watchLocks(db);
  const owner = createDb(clusterUrl(cluster, OWNER, name), { max: 2 });

  const log = pino({ level: process.env.LOG_LEVEL ?? 'fatal' });
  const clock = fakeClock();
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const config: Config = {
    port: 0,
    host: '127.0.0.1',
    dataDir: tmpdir(),
    databaseUrl: clusterUrl(cluster, APP_ROLE, name),
    databaseDirectUrl: clusterUrl(cluster, OWNER, name),
    publicUrl: url,
    secretKey: 'a secret of thirty-two characters',
    mailFrom: 'Meetings <meetings@office.example>',
    mailDomain: 'office.example',
    trustProxy: [],
    logLevel: 'silent',
    ...settings,
  };
  server.on('request', createApp({ config, db, clock, log }));

  return {
    db,
    owner,
    config,
    clock,
    url,
    locks,
    async agent(person) {
      const agent = request.agent(server);
      agent.set('Sec-Fetch-Site', 'same-origin').set('Accept', 'text/html').set('Accept-Language', 'en');
      if (person !== undefined)
        agent.set('Cookie', await sessionCookie(db, typeof person === 'number' ? person : person.id));
      return agent;
    },
    async runJobs(options) {
      const failed = await drain(clusterUrl(cluster, OWNER, name), jobs, { db, config, clock, log });
      if (failed.length > 0 && !options?.mayFail) throw new Error(`jobs failed:\n${failed.join('\n')}`);
      return failed;
    },
    async close() {
      await closeServer(server);
      await Promise.all([db.destroy(), owner.destroy()]);
      await admin.raw(`drop database ${name} with (force)`);
      await admin.destroy();
      if (locks.broken().length > 0) throw new Error(`locked out of order:\n${locks.broken().join('\n')}`);
    },
  };
}

/** What a browser of somebody who is signed in sends. */
export async function sessionCookie(db: Db, personId: number): Promise<string> {
  return `${SESSION_COOKIE}=${await openSession(db, personId)}`;
}

function fakeClock(): FakeClock {
  let at = new Date(MONDAY);
  return {
    now: () => new Date(at),
    set(to) {
      at = new Date(to);
    },
    advance({ days = 0, hours = 0, minutes = 0, seconds = 0 }) {
      at = new Date(at.getTime() + (((days * 24 + hours) * 60 + minutes) * 60 + seconds) * 1000);
    },
  };
}

async function closeServer(server: Server): Promise<void> {
  const closed = new Promise((resolve) => server.close(resolve));
  server.closeAllConnections();
  await closed;
}
