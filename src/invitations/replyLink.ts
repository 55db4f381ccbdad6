import { createHash } from 'node:crypto';
import type { Config } from '../config.js';
import { base32, deriveToken } from '../lib/mail/seal.js';

// The personal link of a participant: 256 bits that are derived again for each mail and stored only as a
// hash. A new generation gives new tokens and makes the old ones void.

export interface ReplyTokens {
  /** In the address of the page. */
  link: string;
  /** In the ORGANIZER address: mail servers lose upper case and allow 64 characters before the @. */
  address: string;
}

export function replyTokens(
  config: Pick<Config, 'secretKey'>,
  participantId: number,
  generation: number,
): ReplyTokens {
  const subject = `${participantId}:${generation}`;
  return {
    link: deriveToken(config.secretKey, 'reply link', subject).toString('base64url'),
    address: base32(deriveToken(config.secretKey, 'reply address', subject).subarray(0, 16)),
  };
}

export function hashOf(token: string): Buffer {
  return createHash('sha256').update(token).digest();
}

/** Does this text look like a link token at all? 43 characters of base64url. */
export function isLinkToken(text: string): boolean {
  return /^[A-Za-z0-9_-]{43}$/.test(text);
}
