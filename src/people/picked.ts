import { problemsOf, type Problems } from '../lib/http/form.js';
import type { Context } from '../lib/http/route.js';
import { mayListGuests } from './policy.js';
import { findPersonOption, personText, resolvePersons, type PersonOption, type Resolved } from './queries.js';

// Persons in forms: a field holds a text that names one person (views/people/_picker.ejs). Nobody picks from
// a list of the whole staff, so no page grows with the directory.

type Anywhere = Context<unknown, unknown>;

/** Of several people of one name, so many are told apart in the message. */
const TOLD = 5;

/**
 * What a picker's field holds for a person who is chosen already, also
 * for one who has left since. Nobody is ''.
 */
export async function textOfPerson(c: Anywhere, id: number | null | undefined): Promise<string> {
  const person = id ? await findPersonOption(c.db, id) : undefined;
  return person ? personText(person, c.fmt.name(person)) : '';
}

/**
 * Why a text names nobody in particular, in the reader's language. Who
 * is called the same is told with what parts them.
 */
export async function describeUnresolved(
  c: Anywhere,
  found: Exclude<Resolved, { ok: true }>,
): Promise<string> {
  const name = found.text.slice(0, 100);
  if (found.reason === 'nobody') {
    const [gone] = await resolvePersons(c.db, [found.text], 'inactive');
    return c.t(gone?.ok ? 'people.picker.inactive' : 'people.picker.unknown', { name });
  }
  // The address of a guest is for those who keep guests.
  const shown = found.persons.filter((one) => !one.is_guest || mayListGuests(c.viewer));
  if (shown.length === 0) return c.t('people.picker.several', { name });
  const people = shown.slice(0, TOLD).map((one) => describeCandidate(c, one));
  return c.t('people.picker.choose', { name, people: people.join(c.lang === 'en' ? ', ' : '、') });
}

function describeCandidate(c: Anywhere, person: PersonOption): string {
  const unit = c.lang === 'en' ? person.unit_en : person.unit_zh;
  const text = personText(person, c.fmt.name(person));
  if (!unit) return text;
  return c.lang === 'en' ? `${text} (${unit})` : `${text}（${unit}）`;
}

interface Options<Field extends string> {
  /** Who is stored now: they stay even when they have left or are guests. */
  stored?: Partial<Record<Field, number | null>>;
  /** Whether guests may be chosen, too. */
  guests?: boolean;
}

/**
 * Reads the persons named in the fields of a form.
 * @returns the id for each field (null: empty or not understood), and what is wrong, if anything is, by field
 */
export async function readPicked<Field extends string>(
  c: Anywhere,
  typed: Record<Field, string | null>,
  options: Options<Field> = {},
): Promise<{ ids: Record<Field, number | null>; problems?: Problems }> {
  const fields = Object.keys(typed) as Field[];
  const filled = fields.filter((field) => typed[field]);
  const found = await resolvePersons(
    c.db,
    filled.map((field) => typed[field] ?? ''),
  );
  const ids = Object.fromEntries(fields.map((field) => [field, null])) as Record<Field, number | null>;
  const wrong: { field: string; message: string }[] = [];
  for (const [at, field] of filled.entries()) {
    const one = found[at];
    if (!one) continue;
    const read = await readOne(c, one, options.stored?.[field] ?? null, options.guests ?? false);
    if ('message' in read) wrong.push({ field, message: read.message });
    else ids[field] = read.id;
  }
  return wrong.length > 0 ? { ids, problems: problemsOf(wrong, c.req.body) } : { ids };
}

async function readOne(
  c: Anywhere,
  found: Resolved,
  stored: number | null,
  guests: boolean,
): Promise<{ id: number } | { message: string }> {
  if (found.ok) {
    const { person } = found;
    if (!person.is_guest || guests || person.id === stored) return { id: person.id };
    return { message: c.t('people.picker.notGuest', { name: c.fmt.name(person) }) };
  }
  if (found.reason === 'nobody' && stored !== null) {
    const [gone] = await resolvePersons(c.db, [found.text], 'inactive');
    if (gone?.ok && gone.person.id === stored) return { id: stored };
  }
  return { message: await describeUnresolved(c, found) };
}
