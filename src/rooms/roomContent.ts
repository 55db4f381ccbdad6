import type { Cells } from '../lib/http/merge.js';
import type { RoomFields } from './forms.js';
import { inOrder, LAYOUTS, type LayoutSeats } from '../claims/layouts.js';
import type { Hours } from '../hours/openingHours.js';
import type { Room } from './queries.js';
import { NUMBERS, TEXTS } from './cells.js';

export type Columns = Omit<RoomFields, 'opens' | 'closes' | 'parts' | 'layouts' | 'owner'> & {
  owner_id: number | null;
};

export interface RoomContent extends Columns {
  layouts: LayoutSeats[];
  hours: Hours[];
  parts: number[];
}

export function contentOf(input: RoomFields, ownerId: number | null): RoomContent {
  const { opens, closes, parts, layouts, owner: _owner, ...columns } = input;
  return {
    ...columns,
    equipment: [...columns.equipment].sort(),
    owner_id: ownerId,
    layouts: LAYOUTS.flatMap((layout, i) => (layouts[i] ? [{ layout, capacity: layouts[i] }] : [])),
    hours: opens.flatMap((opens_at, day) => {
      const closes_at = closes[day];
      return opens_at && closes_at ? [{ weekday: day + 1, opens_at, closes_at }] : [];
    }),
    parts: [...new Set(parts.filter((id) => id !== null))].sort((a, b) => a - b),
  };
}

export function contentOfRoom(room: Room): RoomContent {
  const {
    name_en,
    name_zh,
    code,
    site,
    building,
    floor,
    contact,
    note,
    key_note,
    capacity,
    setup_minutes,
    teardown_minutes,
    sort_order,
    min_people,
    is_step_free,
    hours,
  } = room;
  return {
    name_en,
    name_zh,
    code,
    site,
    building,
    floor,
    contact,
    note,
    key_note,
    capacity,
    setup_minutes,
    teardown_minutes,
    sort_order,
    min_people,
    is_step_free,
    hours,
    equipment: [...room.equipment].sort(),
    owner_id: room.owner?.id ?? null,
    layouts: inOrder(room.layouts),
    parts: room.parts.map(({ id }) => id).sort((a, b) => a - b),
  };
}

export function cellsOf(content: RoomContent): Cells {
  return {
    ...Object.fromEntries([...TEXTS, ...NUMBERS].map((name) => [name, String(content[name])])),
    min_people: String(content.min_people ?? ''),
    is_step_free: content.is_step_free ? 'on' : '',
    owner_id: String(content.owner_id ?? ''),
    ...Object.fromEntries(
      content.layouts.map(({ layout, capacity }) => [`layout-${layout}`, String(capacity)]),
    ),
    ...Object.fromEntries(
      content.hours.map(({ weekday, opens_at, closes_at }) => [
        `hours-${weekday}`,
        `${opens_at}–${closes_at}`,
      ]),
    ),
    ...Object.fromEntries(content.equipment.map((code) => [`equipment-${code}`, 'on'])),
    ...Object.fromEntries(content.parts.map((id) => [`part-${id}`, 'on'])),
  };
}

/** The way back. */
export function contentFrom(cells: Cells): RoomContent {
  const at = (name: string) => cells[name] ?? '';
  const id = (name: string) => (at(name) === '' ? null : Number(at(name)));
  const ticked = (kind: string) =>
    Object.keys(cells).flatMap((name) =>
      name.startsWith(kind) && cells[name] ? [name.slice(kind.length)] : [],
    );
  return {
    ...(Object.fromEntries(TEXTS.map((name) => [name, at(name)])) as Record<(typeof TEXTS)[number], string>),
    ...(Object.fromEntries(NUMBERS.map((name) => [name, Number(at(name))])) as Record<
      (typeof NUMBERS)[number],
      number
    >),
    min_people: id('min_people'),
    is_step_free: at('is_step_free') !== '',
    owner_id: id('owner_id'),
    layouts: LAYOUTS.flatMap((layout) =>
      at(`layout-${layout}`) ? [{ layout, capacity: Number(at(`layout-${layout}`)) }] : [],
    ),
    hours: [1, 2, 3, 4, 5, 6, 7].flatMap((weekday) => {
      const [opens_at, closes_at] = at(`hours-${weekday}`).split('–');
      return opens_at && closes_at ? [{ weekday, opens_at, closes_at }] : [];
    }),
    equipment: ticked('equipment-').sort(),
    parts: ticked('part-')
      .map(Number)
      .sort((a, b) => a - b),
  };
}

/** For the history, where a layout is `theatre 60`. */
export function historyOf(content: RoomContent): Record<string, unknown> {
  return { ...content, layouts: content.layouts.map(({ layout, capacity }) => `${layout} ${capacity}`) };
}
