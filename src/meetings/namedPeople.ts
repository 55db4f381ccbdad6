import { resolvePersons } from '../people/queries.js';
import type { Db } from '../lib/db/db.js';
import { normalAddress } from '../lib/mail/address.js';
import type { Translate } from '../lib/i18n/translate.js';

/** People that somebody typed: persons of the directory, and outside guests who are not known yet. */
export interface NamedPeople {
  personIds: number[];
  guests: { name: string; email: string }[];
  /** What could not be understood, in words. */
  problems: string[];
}

/**
 * Reads names and addresses as people write or paste them, one a line or parted by commas and semicolons:
 * "Zhang Wei", "Zhang Wei <zhang.wei@example.org>", an address alone. An unknown address becomes a guest; an
 * unknown name is a problem.
 */
export async function readPeople(db: Db, t: Translate, text: string): Promise<NamedPeople> {
  const texts = partsOf(text);
  const resolved = await resolvePersons(db, texts);
  const found: NamedPeople = { personIds: [], guests: [], problems: [] };
  resolved.forEach((one, i) => {
    if (one.ok) {
      found.personIds.push(one.person.id);
      return;
    }
    const typed = texts[i] ?? '';
    const guest = readGuest(typed);
    if (guest) found.guests.push(guest);
    else found.problems.push(t(problemOf(typed, one.reason), { name: typed.slice(0, 100) }));
  });
  return found;
}

function problemOf(typed: string, reason: 'several' | 'nobody') {
  if (reason === 'several') return 'meetings.people.several';
  return typed.includes('@') ? 'meetings.people.badAddress' : 'meetings.people.unknown';
}

// Outlook writes "Smith, Anna <anna@example.org>": that comma parts nothing.
const FAMILY_NAME_FIRST = /^"?[\p{Script=Latin}'’-]+, *[\p{Script=Latin}'’ .-]+"? *<[^<>]+>$/u;

function partsOf(text: string): string[] {
  const lines = text.split(/[\n;；，、]+/).map((one) => one.trim());
  const parts = lines.flatMap((one) =>
    FAMILY_NAME_FIRST.test(one) ? [one] : one.split(',').map((part) => part.trim()),
  );
  return [...new Set(parts.filter(Boolean))].slice(0, 500);
}

/**
 * "Dana Dole <dana@elsewhere.example>" or an address alone, which is then called by what stands before the
 * @.
 */
export function readGuest(typed: string): { name: string; email: string } | undefined {
  const match = /^(.*?)<([^<>]+)>$/.exec(typed.normalize('NFKC'));
  const email = normalAddress((match?.[2] ?? typed).trim());
  if (!email) return undefined;
  const name = (match?.[1] ?? '').replace(/^["“\s]+|["”\s]+$/g, '') || (email.split('@')[0] ?? email);
  return { name: [...name].slice(0, 100).join(''), email };
}
