import { isKey, type Translate } from '../lib/i18n/translate.js';
import type { Format } from '../lib/time/format.js';
import type { LogEntry, NamedIds, Names } from './logQueries.js';

const PERSONS =
  /^(organiser|booked_for|reviewer|approver|lead|person|deputy|head|office_head|presenter|author|proposed_by|owner|chair|recipient|by|to|required)(_id)?$|_person_id$/;
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

function tellValue(field: string, value: unknown, names: Names, t: Translate, fmt: Format): string {
  if (value === null || value === undefined || value === '') return '';
  if (field === 'lang') return value === 'en' ? 'English' : '中文';
  const role = [`people.role.${String(value)}`, `meetings.role.${String(value)}`].find(isKey);
  if (field === 'role' && role) return t(role);
  if (typeof value === 'boolean') return t(value ? 'admin.log.yes' : 'admin.log.no');
  if (typeof value === 'number' && UNITS.test(field))
    return fmt.name(names.units.get(value)) || String(value);
  if (typeof value === 'number' && ROOMS.test(field))
    return fmt.name(names.rooms.get(value)) || String(value);
  if (typeof value === 'number' && PERSONS.test(field))
    return fmt.name(names.persons.get(value)) || String(value);
  if (typeof value === 'string' && ISO.test(value)) return fmt.dateTime(new Date(value));
  if (Array.isArray(value))
    return value
      .map((one) =>
        field === 'changed'
          ? tellField(String(one), t)
          : tellValue(isListOfPeople(field, value) ? 'person_id' : field, one, names, t, fmt),
      )
      .join(t('admin.log.and'));
  const text = typeof value === 'object' ? tellParts(value, names, t, fmt) : String(value);
  return text.length > 300 ? `${text.slice(0, 300)}…` : text;
}

/** "Li Qiang (Required)" for somebody in a role, else each part with its name. */
function tellParts(value: object, names: Names, t: Translate, fmt: Format): string {
  const parts = Object.entries(value).filter(([, one]) => one !== null && one !== '');
  const who = parts.find(([field]) => PERSONS.test(field));
  const role = parts.find(([field]) => field === 'role');
  if (who && role && parts.length === 2)
    return t('admin.log.inRole', {
      name: tellValue(...who, names, t, fmt),
      role: tellValue(...role, names, t, fmt),
    });
  return parts
    .map(([field, one]) =>
      t('admin.log.part', { field: tellField(field, t), value: tellValue(field, one, names, t, fmt) }),
    )
    .join(t('admin.log.and'));
}

function tellField(field: string, t: Translate): string {
  const key = `admin.field.${field}`;
  return isKey(key) ? t(key) : field.replace(/_id$/, '').replaceAll('_', ' ');
}

/** What was changed, field by field, in the reader's language. */
export function tellChanges(
  entry: LogEntry,
  names: Names,
  t: Translate,
  fmt: Format,
): { label: string; before: string; after: string }[] {
  const fields = [...new Set([...Object.keys(entry.before ?? {}), ...Object.keys(entry.after ?? {})])];
  return fields.flatMap((field) => {
    const before = tellValue(field, entry.before?.[field], names, t, fmt);
    const after = tellValue(field, entry.after?.[field], names, t, fmt);
    return before === after ? [] : [{ label: tellField(field, t), before, after }];
  });
}

/** Where the thing of an entry has a page. */
export function addressOfThing(entry: LogEntry): string | undefined {
  if (entry.meeting_id) return entry.is_masked ? undefined : `/meetings/${entry.meeting_id}`;
  if (entry.noun === 'persons' || entry.noun === 'rooms' || entry.noun === 'series')
    return entry.noun_id && !entry.is_masked
      ? `/${entry.noun === 'persons' ? 'people' : entry.noun}/${entry.noun_id}`
      : undefined;
  return entry.noun === 'units' ? '/units' : undefined;
}
