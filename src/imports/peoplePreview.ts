import type { Role } from '../lib/http/policy.js';
import { asLang, type Key, type Lang, type Values } from '../lib/i18n/translate.js';
import { normalAddress } from '../lib/mail/address.js';
import { isZone } from '../lib/time/zone.js';
import type { CsvLine, Field } from '../lib/files/table.js';
import { mayEdit } from '../people/policy.js';

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

export interface Reason {
  key: Key;
  values?: Values;
}
export type Planned =
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
const ROLES: Record<string, Role> = {
  member: 'member',
  secretary: 'secretary',
  administrator: 'administrator',
  admin: 'administrator',
  一般人员: 'member',
  普通人员: 'member',
  成员: 'member',
  秘书: 'secretary',
  管理员: 'administrator',
};
const LANGUAGES: Record<string, Lang> = {
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
};
const YES = /^(yes|y|true|1|x|是|✓|√|guest|外部人员)$/i;
const NO = /^(no|n|false|0|否)$/i;
const UNSTORABLE = /[\u0000-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/;

const plain = (text: string | null | undefined) => (text ?? '').normalize('NFKC').trim().toLowerCase();

/**
 * What an import would do, line by line; pure, so that preview and import can't differ.
 * The key is the address; without one, name and unit. Empty cells change nothing, so a file may hold only some columns.
 */
export function planImport(
  lines: CsvLine[],
  known: Known,
  by: { id: number; role: Role },
  office: { lang: Lang; zone: string },
): Planned[] {
  const byEmail = new Map(
    known.persons.flatMap((person) => (person.email ? [[person.email, person] as const] : [])),
  );
  const byName = new Map<string, KnownPerson[]>();
  for (const person of known.persons) {
    if (person.is_gone) continue;
    const key = `${plain(person.name)}|${person.unit_id ?? ''}`;
    byName.set(key, [...(byName.get(key) ?? []), person]);
  }
  const units = new Map(
    known.units
      .filter((unit) => unit.is_active)
      .flatMap((unit) =>
        [plain(unit.name_en), plain(unit.name_zh), plain(unit.code)].map((name) => [name, unit.id] as const),
      ),
  );
  const seen = new Map<string, number>();
  return lines.map((line) => planLine(line, { byEmail, byName, units, seen, by, office }));
}

interface Around {
  byEmail: Map<string, KnownPerson>;
  byName: Map<string, KnownPerson[]>;
  units: Map<string, number>;
  seen: Map<string, number>;
  by: { id: number; role: Role };
  office: { lang: Lang; zone: string };
}

function planLine(line: CsvLine, around: Around): Planned {
  const reasons: Reason[] = [];
  const cells = line.cells;
  const bad = (key: Key, values?: Values) => void reasons.push({ key, ...(values ? { values } : {}) });

  if (!cells.name) bad('people.import.noName');
  for (const [field, text] of Object.entries(cells) as [Field, string][]) {
    const longest = LONGEST[field];
    if (longest && [...text].length > longest)
      bad('people.import.tooLong', { field: text.slice(0, 20), count: longest });
    if (UNSTORABLE.test(text)) bad('people.import.characters');
  }
  const email = cells.email ? normalAddress(cells.email) : null;
  if (email === undefined) bad('people.import.email', { text: cells.email ?? '' });
  const role = cells.role ? ROLES[plain(cells.role)] : undefined;
  if (cells.role && !role) bad('people.import.role', { text: cells.role });
  if (role && role !== 'member' && around.by.role !== 'administrator') bad('people.import.roleNotYours');
  const lang = cells.lang ? (LANGUAGES[plain(cells.lang)] ?? asLang(cells.lang)) : undefined;
  if (cells.lang && !lang) bad('people.import.lang', { text: cells.lang });
  if (cells.zone && !isZone(cells.zone)) bad('people.import.zone', { text: cells.zone });
  const isGuest = cells.is_guest
    ? YES.test(cells.is_guest)
      ? true
      : NO.test(cells.is_guest)
        ? false
        : undefined
    : undefined;
  if (cells.is_guest && isGuest === undefined) bad('people.import.guest', { text: cells.is_guest });
  const unitId = cells.unit ? (around.units.get(plain(cells.unit)) ?? null) : null;
  if (cells.unit && !unitId && around.by.role !== 'administrator')
    bad('people.import.unit', { text: cells.unit });

  const found = email ? around.byEmail.get(email) : undefined;
  const namesakes = (around.byName.get(`${plain(cells.name)}|${unitId ?? ''}`) ?? []).filter(
    (person) => !email || !person.email,
  );
  const person = found ?? (namesakes.length === 1 ? namesakes[0] : undefined);
  if (!found && namesakes.length > 1) bad('people.import.several');

  const keys = [
    email ? `email ${email}` : `name ${plain(cells.name)}|${unitId ?? plain(cells.unit)}`,
    ...(person ? [`id ${person.id}`] : []),
  ];
  const earlier = keys.map((key) => around.seen.get(key)).find((number) => number !== undefined);
  if (earlier) bad('people.import.twice', { line: earlier });

  if (person?.is_gone) bad('people.import.gone');
  else if (person && !mayEdit(around.by, person)) bad('people.import.notYours');
  if (person && role && role !== person.role) bad('people.import.roleOfKnown');
  if (isGuest && ((role ?? person?.role ?? 'member') !== 'member' || person?.has_account))
    bad('people.import.guestWithRole');
  if (reasons.length > 0) return { line, outcome: 'bad', reasons };
  for (const key of keys) around.seen.set(key, line.number);

  const values: PersonValues = {
    name: cells.name ?? '',
    name_en: cells.name_en ?? person?.name_en ?? null,
    email: email ?? person?.email ?? null,
    phone: cells.phone ?? person?.phone ?? null,
    position: cells.position ?? person?.position ?? null,
    unit_id: cells.unit ? unitId : (person?.unit_id ?? null),
    new_unit: cells.unit && !unitId ? cells.unit : null,
    affiliation: cells.affiliation ?? person?.affiliation ?? null,
    role: person?.role ?? role ?? 'member',
    is_guest: isGuest ?? person?.is_guest ?? false,
    lang: lang ?? person?.lang ?? around.office.lang,
    zone: cells.zone ?? person?.zone ?? around.office.zone,
  };
  if (!values.is_guest) values.affiliation = null;
  if (!person) return { line, outcome: 'add', values };
  const fields = (
    [
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
    ] as const
  ).filter((field) => values[field] !== person[field]);
  if (values.new_unit && !fields.includes('unit_id')) fields.push('unit_id');
  return fields.length === 0
    ? { line, outcome: 'same', id: person.id }
    : { line, outcome: 'change', id: person.id, before: person, values, fields };
}
