import { cron as actionsCron, jobs as actionsJobs } from './actions/jobs.js';
import { renderers as actionsMail } from './actions/mail.js';
import { renderers as officeMail } from './office/mail.js';
import { renderers as agendaMail } from './agenda/mail.js';
import { cron as authCron, jobs as authJobs } from './auth/jobs.js';
import { renderers as authMail } from './auth/mail.js';
import { readConfig } from './config.js';
import { jobs as invitationsJobs } from './invitations/jobs.js';
import { renderers as invitationsMail } from './invitations/mail.js';
import { createDb } from './lib/db/db.js';
import { cron as auditCron, jobs as auditJobs } from './lib/audit/jobs.js';
import { openDatabase } from './lib/db/open.js';
import { cron as filesCron, jobs as files } from './lib/files/jobs.js';
import type { CronLine, Jobs } from './lib/jobs/job.js';
import { runWorker } from './lib/jobs/run.js';
import { createLog } from './lib/log/log.js';
import { giveUp, say } from './lib/log/steps.js';
import { mailCron, mailJobs } from './lib/mail/jobs.js';
import type { MailRenderers } from './lib/mail/renderer.js';
import { cron as checkinsCron, jobs as checkinsJobs } from './checkins/jobs.js';
import { cron as claimsCron, jobs as claimsJobs } from './claims/jobs.js';
import { cron as importsCron, jobs as importsJobs } from './imports/jobs.js';
import { cron as requestsCron, jobs as requestsJobs } from './requests/jobs.js';
import { cron as seriesCron, jobs as seriesJobs } from './series/jobs.js';
import { cron as waitsCron, jobs as waitsJobs } from './waits/jobs.js';
import { renderers as meetingsMail } from './meetings/mail.js';
import { renderers as checkinsMail } from './checkins/mail.js';
import { renderers as seriesMail } from './series/mail.js';
import { renderers as waitsMail } from './waits/mail.js';
import { cron as minutesCron, jobs as minutesJobs } from './minutes/jobs.js';
import { renderers as minutesMail } from './minutes/mail.js';
import { cron as pollsCron, jobs as pollsJobs } from './polls/jobs.js';
import { renderers as pollsMail } from './polls/mail.js';
import { renderers as requestsMail } from './requests/mail.js';
import { systemClock } from './lib/time/clock.js';

/** Kind of mail → what makes it; each feature brings its own. */
export const renderers: MailRenderers = {
  ...authMail,
  ...officeMail,
  ...requestsMail,
  ...actionsMail,
  ...meetingsMail,
  ...seriesMail,
  ...checkinsMail,
  ...waitsMail,
  ...agendaMail,
  ...minutesMail,
  ...invitationsMail,
  ...pollsMail,
};

/** Job name → handler; each feature brings its own. */
export const jobs: Jobs = {
  ...files,
  ...auditJobs,
  ...actionsJobs,
  ...minutesJobs,
  ...invitationsJobs,
  ...claimsJobs,
  ...requestsJobs,
  ...waitsJobs,
  ...seriesJobs,
  ...checkinsJobs,
  ...importsJobs,
  ...mailJobs(renderers),
  ...pollsJobs,
  ...authJobs,
};

/** What comes by itself. */
export const cron: CronLine[] = [
  ...filesCron,
  ...auditCron,
  ...authCron,
  ...actionsCron,
  ...claimsCron,
  ...requestsCron,
  ...waitsCron,
  ...seriesCron,
  ...checkinsCron,
  ...importsCron,
  ...minutesCron,
  ...pollsCron,
  ...mailCron,
];

/**
 * Works off jobs until a signal, or until the server that started this process is gone.
 * The server hands the addresses of its embedded database over in the environment.
 */
export async function work(): Promise<void> {
  const config = readConfig();
  const log = createLog(config.logLevel, 'worker');
  const isChild = process.env.BANHUI_CHILD === '1';
  const opened = isChild ? undefined : await openDatabase(config, undefined);
  const url = opened?.url ?? config.databaseUrl ?? '';
  const directUrl = opened?.directUrl ?? config.databaseDirectUrl ?? url;
  const db = createDb(url, { applicationName: 'banhui worker', max: 8 });

  const stop = new AbortController();
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => stop.abort());
  // A closed terminal is the server's business, and the server tells us.
  if (isChild) process.on('SIGHUP', () => undefined);
  process.on('disconnect', () => stop.abort());
  if (isChild && !process.connected) stop.abort(); // the server was killed while we were starting
  process.on('unhandledRejection', (error) => log.error({ err: error }, 'unhandled rejection'));

  if (!isChild) say('worker', 'works off jobs; Ctrl-C stops it');
  await runWorker(directUrl, { jobs, cron }, { db, config, clock: systemClock, log }, stop.signal);
  await db.destroy();
  await opened?.close();
  process.exit();
}

if (process.argv[1] === import.meta.filename) work().catch(giveUp);
