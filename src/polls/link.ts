import { createHash } from 'node:crypto';
import type { Config } from '../config.js';
import { deriveToken } from '../lib/mail/seal.js';

// The personal link of a guest who is asked: 256 bits derived again for each mail and stored only as a hash.

export function pollToken(
  config: Pick<Config, 'secretKey'>,
  pollPersonId: number,
  generation: number,
): string {
  return deriveToken(config.secretKey, 'poll link', `${pollPersonId}:${generation}`).toString('base64url');
}

export function hashOfToken(token: string): Buffer {
  return createHash('sha256').update(token).digest();
}
