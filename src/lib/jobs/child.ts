import { fork, type ChildProcess } from 'node:child_process';
import { extname, join } from 'node:path';
import type { Logger } from 'pino';

const SRC = join(import.meta.dirname, '..', '..');
const LONGEST_PAUSE = 30_000;

/**
 * Runs the worker as a child process, so that drawing a PDF never
 * stops a page, and starts it again when it dies.
 * @param environment what the child's settings need beside our own environment
 */
export function startWorkerChild(
  environment: Record<string, string>,
  log: Logger,
): { stop(): Promise<void> } {
  let child: ChildProcess | undefined;
  let timer: NodeJS.Timeout | undefined;
  let pause = 500;
  let isStopping = false;

  const start = (): void => {
    const since = Date.now();
    child = fork(join(SRC, `worker${extname(import.meta.filename)}`), {
      env: { ...process.env, ...environment, BANHUI_CHILD: '1' },
    });
    child.once('exit', (code, signal) => {
      child = undefined;
      if (isStopping) return;
      pause = Date.now() - since > 60_000 ? 500 : Math.min(pause * 2, LONGEST_PAUSE);
      log.error({ code, signal, pause }, 'worker ended; starting it again');
      timer = setTimeout(start, pause);
    });
    child.on('error', (error) => log.error({ err: error }, 'worker could not be started'));
  };
  start();

  return {
    async stop() {
      isStopping = true;
      clearTimeout(timer);
      const running = child;
      if (!running) return;
      const ended = new Promise<void>((resolve) => running.once('exit', () => resolve()));
      running.kill('SIGTERM');
      await ended;
    },
  };
}
