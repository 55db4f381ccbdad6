import type { NextFunction, Request, Response } from 'express';
import { HttpError } from './errors.js';

/**
 * Refuses a change that another site sent in a signed-in person's name:
 * `Sec-Fetch-Site` must be same-origin (or none: typed by hand); a browser without it
 * must name our own Origin. Programs that send neither carry no cookie of a browser.
 */
export function refuseCrossSite(publicUrl: string) {
  const own = new URL(publicUrl).origin;
  return (req: Request, _res: Response, next: NextFunction): void => {
    if (req.method === 'GET' || req.method === 'HEAD' || req.method === 'OPTIONS') return next();
    next(isOurs(req, own) ? undefined : new HttpError(403, 'lib.error.crossSite'));
  };
}

function isOurs(req: Request, own: string): boolean {
  const site = req.get('Sec-Fetch-Site');
  if (site) return site === 'same-origin' || site === 'none';
  const origin = req.get('Origin');
  return !origin || origin === own || isSameHost(origin, req);
}

/**
 * On a machine reached by several names (localhost, its address) the Origin equals the host that was asked.
 */
function isSameHost(origin: string, req: Request): boolean {
  return URL.canParse(origin) && new URL(origin).host === req.get('Host');
}
