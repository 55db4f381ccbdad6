import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from 'node:crypto';
import { deflateRawSync, inflateRawSync } from 'node:zlib';

/** What somebody posted after their session had lapsed, waiting for the same person to sign in. */
export interface KeptForm {
  /** Whose session had lapsed. */
  person: number;
  /** Where it was posted to: path and query. */
  path: string;
  /** Fields in their order; a name may stand several times. */
  fields: [name: string, value: string][];
  /** File fields of it, by field name and file name: files are not carried. */
  files: [field: string, name: string][];
  isMultipart: boolean;
  /** Milliseconds since 1970. */
  at: number;
}

/**
 * It travels through the browser, so it is encrypted: a shared
 * computer shows it to nobody, and nobody can alter it.
 */
const HOURS = 12;
/** Must fit through the form parser of app.ts (2 MB) on its way back. */
const LARGEST = 1_800_000;

function key(secret: string): Buffer {
  return Buffer.from(hkdfSync('sha256', secret, '', 'banhui kept form', 32));
}

/** @returns text for a hidden field, or undefined when it is too large to be carried */
export function seal(kept: KeptForm, secret: string): string | undefined {
  const iv = randomBytes(12);
  const cipher = createCipheriv('aes-256-gcm', key(secret), iv);
  const sealed = Buffer.concat([cipher.update(deflateRawSync(JSON.stringify(kept))), cipher.final()]);
  const text = Buffer.concat([iv, cipher.getAuthTag(), sealed]).toString('base64url');
  return text.length <= LARGEST ? text : undefined;
}

/**
 * @returns what was posted, or undefined when it was altered, belongs to another installation or is too old
 */
export function unseal(text: string, secret: string, now = Date.now()): KeptForm | undefined {
  try {
    const bytes = Buffer.from(text, 'base64url');
    const opener = createDecipheriv('aes-256-gcm', key(secret), bytes.subarray(0, 12), { authTagLength: 16 });
    opener.setAuthTag(bytes.subarray(12, 28));
    const plain = Buffer.concat([opener.update(bytes.subarray(28)), opener.final()]);
    const kept = JSON.parse(inflateRawSync(plain, { maxOutputLength: 8_000_000 }).toString()) as KeptForm;
    return now - kept.at < HOURS * 3_600_000 ? kept : undefined;
  } catch {
    return undefined;
  }
}
