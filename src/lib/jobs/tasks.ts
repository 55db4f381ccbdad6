import type { TaskList } from 'graphile-worker';
import type { JobContext, Jobs } from './job.js';

/** Our jobs in the form that graphile-worker calls. */
export function taskList(jobs: Jobs, context: JobContext): TaskList {
  return Object.fromEntries(
    Object.entries(jobs).map(([name, work]): [string, TaskList[string]] => [
      name,
      async (payload, { job }) => {
        try {
          await work(context, payload);
        } catch (error) {
          context.log.error({ err: error, job: name, attempt: job.attempts }, 'job failed');
          throw error;
        }
      },
    ]),
  );
}
