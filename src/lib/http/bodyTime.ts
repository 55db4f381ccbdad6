import type { NextFunction, Request, Response } from 'express';

// The time in which a request has to arrive in full. The server's own limit is one
// for all and must allow a long upload; everything else, and an upload that nobody
// has let in, gets half a minute, so that nobody holds connections with drops.

/** `server.requestTimeout`: the longest an upload may take. */
export const UPLOAD_TIME = 15 * 60_000;
const BODY_TIME = 30_000;

export function limitBodyTime(limit = BODY_TIME) {
  return (req: Request, res: Response, next: NextFunction): void => {
    if (req.method !== 'GET' && req.method !== 'HEAD') {
      const timer = setTimeout(() => {
        if (!req.complete) req.destroy();
      }, limit).unref();
      res.locals.bodyTimer = timer;
      req.on('close', () => clearTimeout(timer));
    }
    next();
  };
}

/** For an upload that may come in: only the server's own limit counts from here on. */
export function allowLongBody(res: Response): void {
  clearTimeout(res.locals.bodyTimer as NodeJS.Timeout | undefined);
}
