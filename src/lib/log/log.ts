import { pino, type Logger } from 'pino';

/** The log of a process: one JSON line each on standard output, without bodies, tokens or cookies. */
export function createLog(level: string, process: 'server' | 'worker'): Logger {
  return pino({
    level,
    base: { process },
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label) => ({ level: label }) },
  });
}
