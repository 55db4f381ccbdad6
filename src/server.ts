import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { createApp } from './app.js';
import { findOrMakeSetupLink } from './auth/commands.js';
import { readConfig, type Config } from './config.js';
import { createDb } from './lib/db/db.js';
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
  // From the first moment on: a start that is interrupted still puts its database to bed. A second signal
  // (npm hands Ctrl-C on to us, who had it from the terminal) changes nothing.
  let tellToStop: (why: string) => void = () => undefined;
  let patience = 5_000; // while we start
  const toldToStop = new Promise<string>((resolve) => (tellToStop = resolve));
  void toldToStop.then(() => setTimeout(() => process.exit(1), patience).unref());
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) process.on(signal, () => tellToStop(signal));

  let config = readConfig();
  const log = createLog(config.logLevel, 'server');
  const name = `banhui ${process.pid} on ${config.host}:${config.port}`.slice(0, 63);
  const opened = await openDatabase(config, name);
  const db = createDb(opened.url);
  const server = createServer({
    requestTimeout: UPLOAD_TIME,
    headersTimeout: 15_000,
    keepAliveTimeout: 65_000,
    connectionsCheckingInterval: 5_000,
  });
  try {
    const port = await listen(server, config);
    // With PORT=0 the system chooses one.
    config = { ...config, port, publicUrl: config.publicUrl.replace(/:0$/, `:${port}`) };
    server.on('request', createApp({ config, db, clock: systemClock, log }));
  } catch (error) {
    await db.destroy();
    await opened.close();
    throw error;
  }
  const stopWatching = keepRunning(opened, config.dataDir, name, log);
  // With its addresses in the environment the worker takes an embedded database for any other.
  const worker = startWorkerChild(
    opened.embedded ? { DATABASE_URL: opened.url, DATABASE_DIRECT_URL: opened.directUrl } : {},
    log,
  );

  const stop = async (signal: string): Promise<void> => {
    const began = performance.now();
    say('stopping', `finishing requests and jobs (${signal})`);
    stopWatching();
    void opened.serverLock?.sayStopping();
    await Promise.race([Promise.all([drain(server), worker.stop()]), sleep(PATIENCE)]);
    server.closeAllConnections();
    await Promise.race([db.destroy(), sleep(1_000)]);
    await opened.close();
    say('stopped', '', began);
    process.exit();
  };
  process.on('unhandledRejection', (error) => log.error({ err: error }, 'unhandled rejection'));
  process.on('uncaughtException', (error) => {
    log.fatal({ err: error }, 'uncaught exception');
    process.exitCode = 1;
    tellToStop('an unexpected error');
  });

  const setupLink = await findOrMakeSetupLink(db, config);
  patience = 14_500;
  say('ready', config.publicUrl, since);
  if (setupLink)
    console.log(
      `\n  Nobody has an account yet. Set Banhui up with this link, which works once:\n  ${setupLink}\n`,
    );
  await stop(await toldToStop);
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
