import { isKey, type Translate } from '../lib/i18n/translate.js';
import type { Format } from '../lib/time/format.js';
import type { LogEntry, NamedIds, Names } from './logQueries.js';

const PERSONS = new RegExp(
  '^(organiser|booked_for|reviewer|approver|lead|person|deputy|head|office_head|presenter|author' +
    '|proposed_by|owner|chair|recipient|by|to|required)(_id)?$|_person_id$',
);
const UNITS = /^(unit_id|parent_id|move_to)$/;

const ROOMS = /^rooms?(_ids?)?$|_room_id$/;

/** Ids of persons, units and rooms in what was changed, to be named all at once. */
export function idsIn(entries: readonly LogEntry[]): NamedIds {
  const found = { persons: new Set<number>(), units: new Set<number>(), rooms: new Set<number>() };
  const look = (field: string, value: unknown): void => {
    if (Array.isArray(value))
      for (const one of value) look(isListOfPeople(field, value) ? 'person_id' : field, one);
    else if (typeof value === 'object' && value !== null)
      for (const [inner, one] of Object.entries(value)) look(inner, one);
    else if (typeof value !== 'number') return;
    else if (UNITS.test(field)) found.units.add(value);
    else if (ROOMS.test(field)) found.rooms.add(value);
    else if (PERSONS.test(field)) found.persons.add(value);
  };
  for (const entry of entries) {
    look('', entry.before);
    look('', entry.after);
  }
  return { persons: [...found.persons], units: [...found.units], rooms: [...found.rooms] };
}

/** A number alone under this name is how many. */
function isListOfPeople(field: string, value: unknown): boolean {
  return field === 'people' && Array.isArray(value);
}

const ISO = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d+)?Z$/;

/** How what is stored is said: the names of ids, the words and forms of the reader's language. */
interface Reader {
  names: Names;
  t: Translate;
  fmt: Format;
}

function describeValue(field: string, value: unknown, reader: Reader): string {
  if (value === null || value === undefined || value === '') return '';
  const word = wordOf(field, value, reader);
  if (word !== undefined) return word;
  if (Array.isArray(value)) return describeList(field, value, reader);
  const text = typeof value === 'object' ? describeParts(value, reader) : String(value);
  return text.length > 300 ? `${text.slice(0, 300)}…` : text;
}

/** The word for a plain value; undefined for one that stands as it is. */
function wordOf(field: string, value: unknown, { names, t, fmt }: Reader): string | undefined {
  if (field === 'lang') return value === 'en' ? 'English' : '中文';
  if (field === 'role') {
    const role = [`people.role.${String(value)}`, `meetings.role.${String(value)}`].find(isKey);
    if (role) return t(role);
  }
  if (typeof value === 'boolean') return t(value ? 'admin.log.yes' : 'admin.log.no');
  if (typeof value === 'string' && ISO.test(value)) return fmt.dateTime(new Date(value));
  if (typeof value !== 'number') return undefined;
  const known = namesUnder(field, names);
  return known && (fmt.name(known.get(value)) || String(value));
}

/** The names of the ids that stand under a field. */
function namesUnder(field: string, names: Names) {
  if (UNITS.test(field)) return names.units;
  if (ROOMS.test(field)) return names.rooms;
  return PERSONS.test(field) ? names.persons : undefined;
}

function describeList(field: string, values: unknown[], reader: Reader): string {
  const inner = isListOfPeople(field, values) ? 'person_id' : field;
  return values
    .map((one) =>
      field === 'changed' ? nameOfField(String(one), reader.t) : describeValue(inner, one, reader),
    )
    .join(reader.t('admin.log.and'));
}

/** "Li Qiang (Required)" for somebody in a role, else each part with its name. */
function describeParts(value: object, reader: Reader): string {
  const { t } = reader;
  const parts = Object.entries(value).filter(([, one]) => one !== null && one !== '');
  const who = parts.find(([field]) => PERSONS.test(field));
  const role = parts.find(([field]) => field === 'role');
  if (who && role && parts.length === 2)
    return t('admin.log.inRole', {
      name: describeValue(...who, reader),
      role: describeValue(...role, reader),
    });
  return parts
    .map(([field, one]) =>
      t('admin.log.part', { field: nameOfField(field, t), value: describeValue(field, one, reader) }),
    )
    .join(t('admin.log.and'));
}

function nameOfField(field: string, t: Translate): string {
  const key = `admin.field.${field}`;
  return isKey(key) ? t(key) : field.replace(/_id$/, '').replaceAll('_', ' ');
}

/** What was changed, field by field, in the reader's language. */
export function describeChanges(
  entry: LogEntry,
  names: Names,
  t: Translate,
  fmt: Format,
): { label: string; before: string; after: string }[] {
  const fields = [...new Set([...Object.keys(entry.before ?? {}), ...Object.keys(entry.after ?? {})])];
  return fields.flatMap((field) => {
    const before = describeValue(field, entry.before?.[field], { names, t, fmt });
    const after = describeValue(field, entry.after?.[field], { names, t, fmt });
    return before === after ? [] : [{ label: nameOfField(field, t), before, after }];
  });
}

/** Nouns whose things have pages. */
const FOLDERS = new Map([
  ['persons', 'people'],
  ['rooms', 'rooms'],
  ['series', 'series'],
]);

/** Where the thing of an entry has a page. */
export function addressOfThing(entry: LogEntry): string | undefined {
  if (entry.meeting_id) return entry.is_masked ? undefined : `/meetings/${entry.meeting_id}`;
  const folder = FOLDERS.get(entry.noun);
  if (folder) return entry.noun_id && !entry.is_masked ? `/${folder}/${entry.noun_id}` : undefined;
  return entry.noun === 'units' ? '/units' : undefined;
}
