import { Router, type Request, type Response } from 'express';
import { setTimeout as sleep } from 'node:timers/promises';
import { collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import { row, type Db } from '../db/db.js';
import { compareMigrations } from '../db/migrate.js';
import { listAlive } from '../jobs/workers.js';

/**
 * What machines ask: /healthz (the process lives), /readyz (it can serve), /metrics
 * (figures, for this machine only). No session, no page, no personal data.
 */
export function operation(db: Db): Router {
  const router = Router();
  const registry = metrics(db);
  router.get('/healthz', (_req, res) => {
    res.set('Cache-Control', 'no-store').json({ ok: true });
  });
  router.get('/readyz', (_req, res, next) => {
    isReady(db).then(
      ({ ok, ...rest }) =>
        res
          .status(ok ? 200 : 503)
          .set('Cache-Control', 'no-store')
          .json({ ok, ...rest }),
      next,
    );
  });
  router.get('/metrics', (req, res, next) => {
    if (!isFromHere(req)) return next();
    within(registry.look())
      .catch(() => undefined) // without the database the figures of this process are still worth having
      .then(() => registry.all.metrics())
      .then((text) => res.type(registry.all.contentType).set('Cache-Control', 'no-store').send(text), next);
  });
  router.use((req, res, next) => {
    const since = process.hrtime.bigint();
    res.on('finish', () => observe(registry.requests, req, res, since));
    next();
  });
  return router;
}

/** A proxy on this machine is not this machine. */
function isFromHere(req: Request): boolean {
  const address = req.socket.remoteAddress?.replace('::ffff:', '') ?? '';
  return (
    (address === '::1' || address.startsWith('127.')) &&
    !req.headers['x-forwarded-for'] &&
    !req.headers.forwarded
  );
}

/** A machine asks every few seconds: a database that is there and says nothing counts as away. */
const PATIENCE = 3_000;

async function within<T>(answer: Promise<T>): Promise<T> {
  const late = sleep(PATIENCE, undefined, { ref: false }).then(() =>
    Promise.reject(new Error('no answer in time')),
  );
  late.catch(() => undefined);
  return Promise.race([answer, late]);
}

async function isReady(db: Db): Promise<{ ok: boolean; reason?: string }> {
  try {
    const { missing } = await within(compareMigrations(db));
    return missing.length === 0 ? { ok: true } : { ok: false, reason: 'migrations are missing' };
  } catch {
    return { ok: false, reason: 'the database does not answer' };
  }
}

interface Metrics {
  all: Registry;
  requests: Histogram;
  /** Counts anew what only the database knows. */
  look(): Promise<void>;
}

function metrics(db: Db): Metrics {
  const all = new Registry();
  const requests = new Histogram({
    name: 'http_request_duration_seconds',
    help: 'Time to answer, by route',
    labelNames: ['method', 'route', 'status'],
    buckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10],
    registers: [all],
  });
  const gauge = (name: string, help: string, labelNames: string[] = []) =>
    new Gauge({ name, help, labelNames, registers: [all] });
  const jobs = gauge('banhui_jobs', 'Jobs in the queue', ['state']);
  const mails = gauge('banhui_deliveries', 'Mail that is not sent yet, or failed', ['state']);
  const workers = gauge('banhui_workers', 'Worker processes alive');
  let isWatched = false;
  return {
    all,
    requests,
    async look() {
      // Watching the process costs a little all the time, and keeps the
      // app in memory: only from the first time on that somebody asks.
      if (!isWatched) collectDefaultMetrics({ register: all });
      isWatched = true;
      const found = await countWork(db);
      for (const state of ['waiting', 'working', 'failed'] as const) jobs.set({ state }, found[state]);
      mails.set({ state: 'waiting' }, found.mail_waiting);
      mails.set({ state: 'failed' }, found.mail_failed);
      workers.set((await listAlive(db)).length);
    },
  };
}

interface Work {
  waiting: number;
  working: number;
  failed: number;
  mail_waiting: number;
  mail_failed: number;
}

async function countWork(db: Db): Promise<Work> {
  const found = await row<Work>(
    db,
    `select (select count(*)
               from graphile_worker._private_jobs
               where locked_at is null and attempts < max_attempts) as waiting,
            (select count(*) from graphile_worker._private_jobs where locked_at is not null) as working,
            (select count(*)
               from graphile_worker._private_jobs
               where attempts >= max_attempts and locked_at is null) as failed,
            (select count(*)
               from deliveries
               where state in ('waiting', 'sending') and digest_id is null) as mail_waiting,
            (select count(*) from deliveries where state = 'failed' and digest_id is null) as mail_failed`,
  );
  return found ?? { waiting: 0, working: 0, failed: 0, mail_waiting: 0, mail_failed: 0 };
}

/** By the route's pattern, never by the address itself: that would be one series per meeting. */
function observe(requests: Histogram, req: Request, res: Response, since: bigint): void {
  const route =
    (req.route as { path?: string } | undefined)?.path ??
    (req.originalUrl.startsWith('/assets/') ? '/assets' : 'none');
  requests.observe(
    { method: req.method, route, status: String(res.statusCode) },
    Number(process.hrtime.bigint() - since) / 1e9,
  );
}
