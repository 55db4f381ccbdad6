import { enqueue } from '../jobs/enqueue.js';
import type { CronLine, JobContext, Jobs } from '../jobs/job.js';
import { nextDue, wipeOld } from './leases.js';
import { deliverDue } from './deliver.js';
import type { MailRenderers } from './renderer.js';

/** 'mail.deliver' sends what is due and comes again when more will be; 'mail.wipe' belongs to the nightly list. */
export function mailJobs(renderers: MailRenderers): Jobs {
  let isRunning = false;
  let isWanted = false;
  return {
    // One run a process: when the mail server is slow, the other jobs of the worker must not wait behind mail.
    'mail.deliver': async (context) => {
      isWanted = true;
      if (isRunning) return;
      isRunning = true;
      try {
        while (isWanted) {
          isWanted = false;
          await deliverDue(context, renderers);
        }
        await comeAgain(context);
      } finally {
        isRunning = false;
      }
    },
    'mail.wipe': async ({ db, clock }) => void (await wipeOld(db, clock.now())),
  };
}

async function comeAgain({ db, clock }: JobContext): Promise<void> {
  const at = await nextDue(db);
  if (!at) return;
  // What is due and still here waits behind a message that another worker is sending.
  const soonest = new Date(clock.now().getTime() + 2_000);
  await enqueue(db, 'mail.deliver', {}, { runAt: at > soonest ? at : soonest, key: 'mail.deliver.next' });
}

export const mailCron: CronLine[] = [
  // A message always brings its own job; the sweep is for what an update of the worker or a restored backup left behind.
  { at: '* * * * *', job: 'mail.deliver' },
  { at: '17 19 * * *', job: 'mail.wipe', backfill: 86_400_000 },
];
