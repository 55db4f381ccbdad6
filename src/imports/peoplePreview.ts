import type { Role } from '../lib/http/policy.js';
import { asLang, type Key, type Lang } from '../lib/i18n/translate.js';
import { normalAddress } from '../lib/mail/address.js';
import { isZone } from '../lib/time/zone.js';
import type { CsvLine, Field } from '../lib/files/table.js';
import { mayEdit } from '../people/policy.js';
import { asText, readCells, readYesNo, tooLongCells, type Column, type Columns } from './columns.js';
import type { Reason } from './entry.js';

/** What the directory holds, as far as an import must know it. */
export interface Known {
  persons: KnownPerson[];
  units: { id: number; code: string; name_en: string; name_zh: string; is_active: boolean }[];
}
export interface KnownPerson {
  id: number;
  name: string;
  name_en: string | null;
  email: string | null;
  phone: string | null;
  position: string | null;
  unit_id: number | null;
  affiliation: string | null;
  role: Role;
  is_guest: boolean;
  lang: Lang;
  zone: string;
  has_account: boolean;
  is_gone: boolean;
}

export interface PersonValues {
  name: string;
  name_en: string | null;
  email: string | null;
  phone: string | null;
  position: string | null;
  unit_id: number | null;
  /** A unit that is to be made: its name. */
  new_unit: string | null;
  affiliation: string | null;
  role: Role;
  is_guest: boolean;
  lang: Lang;
  zone: string;
}

export type PersonPreview =
  | { line: CsvLine; outcome: 'bad'; reasons: Reason[] }
  | { line: CsvLine; outcome: 'add'; values: PersonValues }
  | {
      line: CsvLine;
      outcome: 'change';
      id: number;
      before: KnownPerson;
      values: PersonValues;
      fields: (keyof KnownPerson)[];
    }
  | { line: CsvLine; outcome: 'same'; id: number };

const LONGEST: Partial<Record<Field, number>> = {
  name: 100,
  name_en: 100,
  email: 254,
  phone: 40,
  position: 100,
  affiliation: 200,
  unit: 100,
};
const ROLES = new Map<string, Role>(
  Object.entries({
    member: 'member',
    secretary: 'secretary',
    administrator: 'administrator',
    admin: 'administrator',
    一般人员: 'member',
    普通人员: 'member',
    成员: 'member',
    秘书: 'secretary',
    管理员: 'administrator',
  } as const),
);
const LANGUAGES = new Map<string, Lang>(
  Object.entries({
    english: 'en',
    en: 'en',
    英文: 'en',
    英语: 'en',
    chinese: 'zh-CN',
    zh: 'zh-CN',
    'zh-cn': 'zh-CN',
    中文: 'zh-CN',
    汉语: 'zh-CN',
    简体中文: 'zh-CN',
  } as const),
);
const GUEST = /^(guest|外部人员)$/i;
const UNSTORABLE = /[\u0000-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/;

const plain = (text: string | null | undefined) => (text ?? '').normalize('NFKC').trim().toLowerCase();

interface PersonCells {
  name: string;
  name_en: string;
  email: string;
  phone: string;
  position: string;
  affiliation: string;
  role: Role;
  lang: Lang;
  zone: string;
  is_guest: boolean;
  /** Id of a unit that is there. */
  unit: number;
}

/** What is there, as it is looked up, and who imports. */
interface Directory {
  byEmail: Map<string, KnownPerson>;
  /** By name and unit. */
  byName: Map<string, KnownPerson[]>;
  units: Map<string, number>;
  by: { id: number; role: Role };
}

function understood<Value>(
  read: Column<Value, Directory>['read'],
  key: Key,
): Required<Column<Value, Directory>> {
  return { read, reasons: (text, value) => (value === undefined ? [{ key, values: { text } }] : []) };
}

const role = understood((text) => ROLES.get(plain(text)), 'people.import.role');

const COLUMNS: Columns<PersonCells, Directory> = {
  name: asText,
  name_en: asText,
  phone: asText,
  position: asText,
  affiliation: asText,
  email: understood(normalAddress, 'people.import.email'),
  role: {
    read: role.read,
    reasons: (text, value, directory) =>
      value && value !== 'member' && directory.by.role !== 'administrator'
        ? [{ key: 'people.import.roleNotYours' }]
        : role.reasons(text, value, directory),
  },
  lang: understood((text) => LANGUAGES.get(plain(text)) ?? asLang(text), 'people.import.lang'),
  zone: understood((text) => (isZone(text) ? text : undefined), 'people.import.zone'),
  is_guest: understood((text) => GUEST.test(text) || readYesNo(text), 'people.import.guest'),
  unit: {
    read: (text, { units }) => units.get(plain(text)),
    // An administrator's import makes a unit that is not there.
    reasons: (text, id, { by }) =>
      id === undefined && by.role !== 'administrator'
        ? [{ key: 'people.import.unit', values: { text } }]
        : [],
  },
};

/**
 * What an import would do, line by line. It is pure, so that preview and import can't differ.
 * The key is the address; without one, it is name and unit.
 * Empty cells change nothing, so a file may hold only some columns.
 */
export function previewPeople(
  lines: CsvLine[],
  known: Known,
  by: { id: number; role: Role },
  office: { lang: Lang; zone: string },
): PersonPreview[] {
  const directory = directoryOf(known, by);
  const seen = new Map<string, number>();
  return lines.map((line) => previewLine(line, { directory, seen, office }));
}

function directoryOf(known: Known, by: { id: number; role: Role }): Directory {
  const byEmail = new Map<string, KnownPerson>();
  const byName = new Map<string, KnownPerson[]>();
  for (const person of known.persons) {
    if (person.email) byEmail.set(person.email, person);
    if (person.is_gone) continue;
    const key = nameKey(person.name, person.unit_id);
    byName.set(key, [...(byName.get(key) ?? []), person]);
  }
  const units = new Map<string, number>();
  for (const unit of known.units.filter(({ is_active }) => is_active))
    for (const name of [unit.name_en, unit.name_zh, unit.code]) units.set(plain(name), unit.id);
  return { byEmail, byName, units, by };
}

function nameKey(name: string | undefined, unit: number | string | null | undefined): string {
  return `${plain(name)}|${unit ?? ''}`;
}

interface Around {
  directory: Directory;
  /** Whom a line above stands for, with its number. */
  seen: Map<string, number>;
  office: { lang: Lang; zone: string };
}

function previewLine(line: CsvLine, { directory, seen, office }: Around): PersonPreview {
  const { values: read, reasons: ofCells } = readCells(COLUMNS, line.cells, directory);
  const { person, isAmbiguous } = findPerson(read, directory);
  const keys = keysOf(line, read, person);
  const earlier = keys.map((key) => seen.get(key)).find((number) => number !== undefined);
  const reasons: Reason[] = [...reasonsOfTexts(line.cells), ...ofCells];
  if (isAmbiguous) reasons.push({ key: 'people.import.several' });
  if (earlier) reasons.push({ key: 'people.import.twice', values: { line: earlier } });
  reasons.push(...reasonsOfPerson(read, person, directory.by));
  if (reasons.length > 0) return { line, outcome: 'bad', reasons };
  for (const key of keys) seen.set(key, line.number);

  const newUnit = read.unit === undefined ? (line.cells.unit ?? null) : null;
  const values = withDefaults(withNewUnit(read, person, newUnit), person, office);
  if (!person) return { line, outcome: 'add', values };
  const fields = changedFields(values, person);
  return fields.length === 0
    ? { line, outcome: 'same', id: person.id }
    : { line, outcome: 'change', id: person.id, before: person, values, fields };
}

/** The person by address, else the only one of that name and unit. Two addresses are two persons. */
function findPerson(
  { email, name, unit }: Partial<PersonCells>,
  { byEmail, byName }: Directory,
): { person: KnownPerson | undefined; isAmbiguous: boolean } {
  const found = email ? byEmail.get(email) : undefined;
  if (found) return { person: found, isAmbiguous: false };
  const namesakes = (byName.get(nameKey(name, unit)) ?? []).filter((person) => !email || !person.email);
  return { person: namesakes.length === 1 ? namesakes[0] : undefined, isAmbiguous: namesakes.length > 1 };
}

/** What two lines of a file must not have in common. */
function keysOf(line: CsvLine, read: Partial<PersonCells>, person: KnownPerson | undefined): string[] {
  const unit = read.unit ?? plain(line.cells.unit);
  const own = read.email ? `email ${read.email}` : `name ${nameKey(read.name, unit)}`;
  return person ? [own, `id ${person.id}`] : [own];
}

function reasonsOfTexts(cells: CsvLine['cells']): Reason[] {
  const reasons: Reason[] = cells.name ? [] : [{ key: 'people.import.noName' }];
  for (const { text, count } of tooLongCells(cells, LONGEST))
    reasons.push({ key: 'people.import.tooLong', values: { field: text.slice(0, 20), count } });
  for (const text of Object.values(cells))
    if (UNSTORABLE.test(text)) reasons.push({ key: 'people.import.characters' });
  return reasons;
}

function reasonsOfPerson(
  read: Partial<PersonCells>,
  person: KnownPerson | undefined,
  by: { id: number; role: Role },
): Reason[] {
  const reasons: Reason[] = [];
  if (person?.is_gone) reasons.push({ key: 'people.import.gone' });
  else if (person && !mayEdit(by, person)) reasons.push({ key: 'people.import.notYours' });
  if (person && read.role && read.role !== person.role) reasons.push({ key: 'people.import.roleOfKnown' });
  const hasRole = (read.role ?? person?.role ?? 'member') !== 'member';
  if (read.is_guest && (hasRole || person?.has_account)) reasons.push({ key: 'people.import.guestWithRole' });
  return reasons;
}

/** The unit of the line: the one it names, one that is to be made, else the person's. */
function withNewUnit(
  { unit, ...read }: Partial<PersonCells>,
  person: KnownPerson | undefined,
  new_unit: string | null,
): Partial<PersonValues> {
  const isNamed = unit !== undefined || new_unit !== null;
  return { ...read, unit_id: isNamed ? (unit ?? null) : (person?.unit_id ?? null), new_unit };
}

/** What the cells say, else what the person has, else what a new person has. */
function withDefaults(
  read: Partial<PersonValues>,
  person: KnownPerson | undefined,
  office: { lang: Lang; zone: string },
): PersonValues {
  const before: Omit<PersonValues, 'new_unit'> = person ?? newPerson(office);
  const isGuest = read.is_guest ?? before.is_guest;
  return {
    name: read.name ?? '',
    name_en: read.name_en ?? before.name_en,
    email: read.email ?? before.email,
    phone: read.phone ?? before.phone,
    position: read.position ?? before.position,
    unit_id: read.unit_id ?? null,
    new_unit: read.new_unit ?? null,
    affiliation: isGuest ? (read.affiliation ?? before.affiliation) : null,
    role: person?.role ?? read.role ?? before.role,
    is_guest: isGuest,
    lang: read.lang ?? before.lang,
    zone: read.zone ?? before.zone,
  };
}

function newPerson(office: { lang: Lang; zone: string }): Omit<PersonValues, 'new_unit'> {
  return {
    name: '',
    name_en: null,
    email: null,
    phone: null,
    position: null,
    unit_id: null,
    affiliation: null,
    role: 'member',
    is_guest: false,
    lang: office.lang,
    zone: office.zone,
  };
}

const COMPARED = [
  'name',
  'name_en',
  'email',
  'phone',
  'position',
  'unit_id',
  'affiliation',
  'is_guest',
  'lang',
  'zone',
] as const;

function changedFields(values: PersonValues, person: KnownPerson): (keyof KnownPerson)[] {
  return COMPARED.filter(
    (field) => values[field] !== person[field] || (field === 'unit_id' && values.new_unit !== null),
  );
}
