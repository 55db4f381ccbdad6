import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from 'pino';
import { createApp } from './app.js';
import { findOrMakeSetupLink } from './auth/commands.js';
import { readConfig, type Config } from './config.js';
import { createDb, type Db } from './lib/db/db.js';
import { keepRunning } from './lib/db/embedded/keepRunning.js';
import { openDatabase } from './lib/db/open.js';
import { UPLOAD_TIME } from './lib/http/bodyTime.js';
import { startWorkerChild } from './lib/jobs/child.js';
import { createLog } from './lib/log/log.js';
import { CannotStart, giveUp, say } from './lib/log/steps.js';
import { systemClock } from './lib/time/clock.js';

/** Requests and jobs at hand get this long to end, the database what is left of 15 s. */
const PATIENCE = 10_000;

/**
 * Starts the product and serves until a signal.
 * @param since when the start began, of performance.now
 */
export async function serve(since = performance.now()): Promise<void> {
  await start(since).catch(giveUp);
}

async function start(since: number): Promise<void> {
  const ending = awaitEnd();
  const given = readConfig();
  const log = createLog(given.logLevel, 'server');
  const name = `banhui ${process.pid} on ${given.host}:${given.port}`.slice(0, 63);
  const opened = await openDatabase(given, name);
  const db = createDb(opened.url);
  const { server, config } = await openServer(given, db, log).catch(async (error: unknown) => {
    await db.destroy();
    await opened.close();
    throw error;
  });
  const stopWatching = keepRunning(opened, config.dataDir, name, log);
  // With its addresses in the environment the worker takes an embedded database for any other.
  const worker = startWorkerChild(
    opened.embedded ? { DATABASE_URL: opened.url, DATABASE_DIRECT_URL: opened.directUrl } : {},
    log,
  );
  process.on('unhandledRejection', (error) => log.error({ err: error }, 'unhandled rejection'));
  process.on('uncaughtException', (error) => {
    log.fatal({ err: error }, 'uncaught exception');
    process.exitCode = 1;
    ending.end('an unexpected error');
  });

  const setupLink = await findOrMakeSetupLink(db, config);
  ending.hasStarted();
  say('ready', config.publicUrl, since);
  if (setupLink)
    console.log(
      `\n  Nobody has an account yet. Set Banhui up with this link, which works once:\n  ${setupLink}\n`,
    );
  const why = await ending.ended;
  const began = performance.now();
  say('stopping', `finishing requests and jobs (${why})`);
  stopWatching();
  void opened.serverLock?.sayStopping();
  await Promise.race([Promise.all([drain(server), worker.stop()]), sleep(PATIENCE)]);
  server.closeAllConnections();
  await Promise.race([db.destroy(), sleep(1_000)]);
  await opened.close();
  say('stopped', '', began);
  process.exit();
}

interface Ending {
  /** Why the process is to end, once it is. */
  ended: Promise<string>;
  end(why: string): void;
  /** From now on requests and jobs at hand get their time to end. */
  hasStarted(): void;
}

/**
 * Listens for signals from the first moment on: a start that is interrupted still puts its database
 * to bed. A second signal (npm hands on Ctrl-C, which the terminal sent us too) changes nothing.
 */
function awaitEnd(): Ending {
  let end: (why: string) => void = () => undefined;
  let patience = 5_000; // while we start
  const ended = new Promise<string>((resolve) => (end = resolve));
  void ended.then(() => setTimeout(() => process.exit(1), patience).unref());
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) process.on(signal, () => end(signal));
  return { ended, end: (why) => end(why), hasStarted: () => void (patience = 14_500) };
}

/** Listens and serves. @returns the settings with the port that the system chose for PORT=0 */
async function openServer(config: Config, db: Db, log: Logger): Promise<{ server: Server; config: Config }> {
  const server = createServer({
    requestTimeout: UPLOAD_TIME,
    headersTimeout: 15_000,
    keepAliveTimeout: 65_000,
    connectionsCheckingInterval: 5_000,
  });
  const port = await listen(server, config);
  const own = { ...config, port, publicUrl: config.publicUrl.replace(/:0$/, `:${port}`) };
  server.on('request', createApp({ config: own, db, clock: systemClock, log }));
  return { server, config: own };
}

function listen(server: Server, { port, host }: Config): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'EADDRINUSE')
        reject(
          new CannotStart(
            `Port ${port} on ${host} is taken by another program. Stop that one, or set another PORT.`,
          ),
        );
      else if (error.code === 'EACCES')
        reject(new CannotStart(`This user may not serve on port ${port}. Set a PORT above 1023.`));
      else if (error.code === 'EADDRNOTAVAIL' || error.code === 'ENOTFOUND')
        reject(new CannotStart(`HOST ${host} is no address of this machine.`));
      else reject(error);
    });
    server.listen(port, host, () => resolve((server.address() as AddressInfo).port));
  });
}

/** No new connection; those open are closed as soon as their answer is out. */
async function drain(server: Server): Promise<void> {
  let isClosed = false;
  server.close(() => (isClosed = true));
  while (!isClosed) {
    server.closeIdleConnections();
    await sleep(50);
  }
}

if (process.argv[1] === import.meta.filename) void serve();
