import type { Request, Response } from 'express';
import type { Config } from '../../config.js';

interface Carrier {
  config: Config;
  res: Response;
}

/** On https the prefix __Host- ties a cookie to this very host; a plain-http intranet can't have it. */
function isSecure(config: Config): boolean {
  return config.publicUrl.startsWith('https:');
}

export function cookieName(config: Config, name: string): string {
  return isSecure(config) ? `__Host-${name}` : name;
}

export function setCookie(c: Carrier, name: string, value: string, options: { seconds?: number } = {}): void {
  c.res.cookie(cookieName(c.config, name), value, {
    httpOnly: true,
    sameSite: 'lax',
    path: '/',
    secure: isSecure(c.config),
    maxAge: options.seconds ? options.seconds * 1000 : undefined,
  });
}

export function clearCookie(c: Carrier, name: string): void {
  c.res.clearCookie(cookieName(c.config, name), {
    httpOnly: true,
    sameSite: 'lax',
    path: '/',
    secure: isSecure(c.config),
  });
}

/**
 * The value of a cookie by its plain name. On https only the one with
 * the prefix counts: a neighbour host can't set that.
 */
export function readCookie(req: Request, config: Config, name: string): string | undefined {
  const full = cookieName(config, name);
  for (const part of (req.headers.cookie ?? '').split(';')) {
    const at = part.indexOf('=');
    if (at > 0 && part.slice(0, at).trim() === full) return decode(part.slice(at + 1).trim());
  }
  return undefined;
}

function decode(value: string): string | undefined {
  try {
    return decodeURIComponent(value);
  } catch {
    return undefined; // a stray % is nothing that we set
  }
}
