import { createCipheriv, createDecipheriv, createHmac, hkdfSync, randomBytes } from 'node:crypto';

// Message bodies rest encrypted (AES-256-GCM), so that a copy of the database alone shows no mail and no
// personal link.

const VERSION = 1;

const keys = new Map<string, Buffer>();

function keyFor(secretKey: string, purpose: string): Buffer {
  const name = `${purpose}\n${secretKey}`;
  let key = keys.get(name);
  if (!key) keys.set(name, (key = Buffer.from(hkdfSync('sha256', secretKey, 'banhui', purpose, 32))));
  return key;
}

/** @param context what the bytes belong to; they can't be opened as something else's */
export function seal(secretKey: string, context: string, plain: Buffer): Buffer {
  const nonce = randomBytes(12);
  const cipher = createCipheriv('aes-256-gcm', keyFor(secretKey, 'mail body'), nonce);
  cipher.setAAD(Buffer.from(context));
  const body = Buffer.concat([cipher.update(plain), cipher.final()]);
  return Buffer.concat([Buffer.from([VERSION]), nonce, cipher.getAuthTag(), body]);
}

/** @returns the bytes, or undefined when the key is another one or the bytes were changed */
export function unseal(secretKey: string, context: string, sealed: Buffer): Buffer | undefined {
  if (sealed[0] !== VERSION || sealed.length < 29) return undefined;
  try {
    const decipher = createDecipheriv('aes-256-gcm', keyFor(secretKey, 'mail body'), sealed.subarray(1, 13));
    decipher.setAAD(Buffer.from(context));
    decipher.setAuthTag(sealed.subarray(13, 29));
    return Buffer.concat([decipher.update(sealed.subarray(29)), decipher.final()]);
  } catch {
    return undefined;
  }
}

/**
 * 256 bits that only the holder of the key can compute: a token that can be sent again without being stored.
 */
export function deriveToken(secretKey: string, purpose: string, subject: string): Buffer {
  return createHmac('sha256', keyFor(secretKey, `token ${purpose}`))
    .update(subject)
    .digest();
}

const BASE32 = 'abcdefghijklmnopqrstuvwxyz234567';

/**
 * Lower-case letters and digits only, for places that lose upper case such as the local part of an address.
 */
export function base32(bytes: Buffer): string {
  let text = '';
  let bits = 0;
  let held = 0;
  for (const byte of bytes) {
    held = ((held << 8) | byte) & 0xffff;
    bits += 8;
    while (bits >= 5) {
      bits -= 5;
      text += BASE32[(held >> bits) & 31] ?? '';
    }
  }
  return bits > 0 ? text + (BASE32[(held << (5 - bits)) & 31] ?? '') : text;
}
