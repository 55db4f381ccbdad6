import { domainToASCII } from 'node:url';

const LOCAL = /^[a-z0-9!#$%&'*+/=?^_`{|}~-]+(\.[a-z0-9!#$%&'*+/=?^_`{|}~-]+)*$/;
const DOMAIN = /^([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]([a-z0-9-]{0,61}[a-z0-9])$/;

/**
 * A mail address as we store, compare and send to it: lower-case, the domain in punycode. Stricter than RFC
 * 5321 on purpose: no quotes, comments, spaces, address literals or letters outside ASCII before the @, so
 * that it can stand in a header, an envelope and a calendar file without any escaping.
 * @returns the address, or undefined when it is none
 */
export function normalAddress(typed: string): string | undefined {
  const text = typed.normalize('NFKC').trim().toLowerCase();
  const at = text.lastIndexOf('@');
  if (at < 1 || at > 64 || text.length > 254) return undefined;
  const local = text.slice(0, at);
  const domain = domainToASCII(text.slice(at + 1));
  if (!LOCAL.test(local) || domain.length > 253 || !DOMAIN.test(domain)) return undefined;
  const address = `${local}@${domain}`;
  return address.length <= 254 ? address : undefined;
}

/** Is this text already an address as we store it? */
export function isNormalAddress(text: string): boolean {
  return normalAddress(text) === text;
}

export interface Mailbox {
  name: string;
  address: string;
}

/** Reads a setting such as `Meetings <meetings@office.example>` or a bare address. */
export function readMailbox(text: string): Mailbox | undefined {
  const parts = /^(.*)<([^<>]+)>$/.exec(text.trim());
  const typed = parts ? (parts[2] ?? '') : text;
  // A sender may stand on a machine without a domain (banhui@localhost); nobody is invited there.
  const address =
    normalAddress(typed) ??
    (/^[a-z0-9._+-]+@[a-z0-9-]+$/.test(typed.trim().toLowerCase()) ? typed.trim().toLowerCase() : undefined);
  return address ? { name: (parts?.[1] ?? '').trim().replace(/^"(.*)"$/, '$1'), address } : undefined;
}
