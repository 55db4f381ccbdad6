import { page, type Answer, type Context } from '../lib/http/route.js';
import type { Format } from '../lib/time/format.js';
import type { Key, Translate } from '../lib/i18n/translate.js';
import { personText } from '../people/queries.js';
import { equipmentNames, equipmentOptions, type EquipmentKind } from './equipment.js';
import { listEquipmentKinds } from './equipmentQueries.js';
import { LAYOUTS } from './layouts.js';
import { listPartOptions, type Room } from './queries.js';
import { weekdayName } from './roomFacts.js';

// The form of a room, for adding and for changing it.

interface Shown {
  /** Absent for a new room. */
  room?: Room;
  values: Record<string, unknown>;
  problems?: { errors: Record<string, string> };
  /** Somebody else saved the room since this form was opened. */
  isStale?: boolean;
  status?: number;
}

/** Monday to Friday, eight to six: what nearly every office means. */
export function newRoomValues(): Record<string, unknown> {
  const week = (time: string) => [1, 2, 3, 4, 5, 6, 7].map((day) => (day <= 5 ? time : ''));
  return { opens: week('08:00'), closes: week('18:00'), setup_minutes: 0, teardown_minutes: 0, sort_order: 0, equipment: [], parts: [], layouts: [] };
}

export function valuesOf(room: Room, fmt: Format): Record<string, unknown> {
  const week = (side: 'opens_at' | 'closes_at') => [1, 2, 3, 4, 5, 6, 7].map((day) => room.hours.find(({ weekday }) => weekday === day)?.[side] ?? '');
  return {
    ...room, opens: week('opens_at'), closes: week('closes_at'), parts: room.parts.map((part) => part.id),
    layouts: LAYOUTS.map((layout) => room.layouts.find((one) => one.layout === layout)?.capacity ?? ''), owner: room.owner ? personText(room.owner, fmt.name(room.owner)) : '',
  };
}

export async function roomFormPage(c: Context<unknown, unknown>, { room, values, problems, isStale = false, status = 200 }: Shown): Promise<Answer> {
  const [parts, kinds] = await Promise.all([listPartOptions(c.db, room?.id ?? null), listEquipmentKinds(c.db)]);
  const many = (name: string) => [values[name] ?? []].flat();
  return page(
    'rooms/form',
    {
      title: room ? c.t('rooms.form.edit', { room: c.fmt.name(room) }) : c.t('rooms.form.new'),
      room,
      // A checkbox posts "on", a row holds true.
      values: { ...values, is_step_free: Boolean(values.is_step_free), opens: many('opens'), closes: many('closes'), parts: many('parts'), equipment: many('equipment'), layouts: many('layouts') },
      equipment: equipmentOptions(kinds, c.fmt, many('equipment').map(String)),
      layouts: LAYOUTS.map((layout) => c.t(`layouts.${layout}`)),
      parts: parts.map((part) => ({ value: part.id, label: c.fmt.name(part) })),
      weekdays: [1, 2, 3, 4, 5, 6, 7].map((weekday) => weekdayName(weekday, c.t)),
      ...(problems ? { errors: problems.errors } : {}),
      ...(isStale && room ? { theirs: differences(room, values, kinds, c.t, c.fmt) } : {}),
    },
    { status },
  );
}

const LABELS: Record<string, Key> = {
  name_en: 'rooms.field.nameEn', name_zh: 'rooms.field.nameZh', code: 'rooms.field.code', site: 'rooms.field.site', building: 'rooms.field.building',
  floor: 'rooms.field.floor', capacity: 'rooms.field.capacity', layouts: 'layouts.field.layouts', min_people: 'layouts.field.minPeople', owner: 'layouts.field.owner', key_note: 'layouts.field.key', equipment: 'rooms.field.equipment', is_step_free: 'rooms.field.stepFree',
  opens: 'rooms.field.hours', closes: 'rooms.field.hours', setup_minutes: 'rooms.field.setup', teardown_minutes: 'rooms.field.teardown',
  contact: 'rooms.field.contact', note: 'rooms.field.note', sort_order: 'rooms.field.order', parts: 'rooms.field.parts',
};

/** Where the saved room and what was typed differ: what a person must look at before sending it again. */
function differences(room: Room, typed: Record<string, unknown>, kinds: readonly EquipmentKind[], t: Translate, fmt: Format): { label: string; saved: string; typed: string }[] {
  const saved = valuesOf(room, fmt);
  const names = new Map([...room.parts, ...room.halls].map((part) => [String(part.id), fmt.name(part)]));
  const tell = (name: string, value: unknown): string => {
    if (name === 'is_step_free') return t(value ? 'rooms.form.yes' : 'rooms.form.no');
    const list = [value ?? ''].flat().map(String);
    if (name === 'equipment') return equipmentNames(list, kinds, fmt).join(', ');
    if (name === 'parts') return list.filter(Boolean).map((id) => names.get(id) ?? id).join(', ');
    if (name === 'opens' || name === 'closes' || name === 'layouts') return list.map((time) => time || '–').join(' ');
    return list.join(', ').trim();
  };
  return Object.entries(LABELS).flatMap(([name, key]) => {
    const [before, after] = [tell(name, saved[name]), tell(name, typed[name])];
    return before === after ? [] : [{ label: t(key), saved: before, typed: after }];
  });
}
