import { pino, type Logger } from 'pino';
import { loggable } from '../db/failedStatement.js';

/**
 * The log of a process: one JSON line each on standard output, without
 * bodies, tokens, cookies or values of statements.
 */
export function createLog(level: string, process: 'server' | 'worker'): Logger {
  return pino({
    level,
    base: { process },
    timestamp: pino.stdTimeFunctions.isoTime,
    serializers: { err: (error: unknown) => pino.stdSerializers.err(loggable(error) as Error) },
    formatters: { level: (label) => ({ level: label }) },
  });
}
