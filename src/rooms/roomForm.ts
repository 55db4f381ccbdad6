import { page, type Answer, type Context } from '../lib/http/route.js';
import type { Format } from '../lib/time/format.js';
import { personText } from '../people/queries.js';
import { equipmentOptions } from '../equipment/kinds.js';
import { listEquipmentKinds } from '../equipment/queries.js';
import { LAYOUTS } from '../claims/layouts.js';
import { listPartOptions, listRoomOptions, type Room } from './queries.js';
import { cellsOf, contentOfRoom, type RoomContent } from './roomContent.js';
import { weekdayName } from '../hours/describe.js';

// The form of a room, for adding and for changing it.

interface RoomFormContent {
  /** Absent for a new room. */
  room?: Room;
  /** A new room is filled in from this one. */
  like?: Room;
  /**
   * With `version` and `was` where the form was opened before: what others saved since is still to be merged.
   */
  values: Record<string, unknown>;
  problems?: { errors: Record<string, string> };
  status?: number;
}

/** Monday to Friday, eight to six: what nearly every office means. */
export function newRoomValues(): Record<string, unknown> {
  const week = (time: string) => [1, 2, 3, 4, 5, 6, 7].map((day) => (day <= 5 ? time : ''));
  return {
    opens: week('08:00'),
    closes: week('18:00'),
    setup_minutes: 0,
    teardown_minutes: 0,
    sort_order: 0,
    equipment: [],
    parts: [],
    layouts: [],
  };
}

export function valuesOf(room: Room, fmt: Format): Record<string, unknown> {
  return {
    ...editOf(room),
    ...valuesOfContent(contentOfRoom(room), room.owner ? personText(room.owner, fmt.name(room.owner)) : ''),
  };
}

/** A new room like another: all but what names it, and its parts. It comes after it in lists. */
export function valuesLike(like: Room, fmt: Format): Record<string, unknown> {
  const {
    was: _was,
    version: _version,
    name_en: _en,
    name_zh: _zh,
    code: _code,
    parts: _parts,
    ...values
  } = valuesOf(like, fmt);
  return { ...values, sort_order: Math.min(like.sort_order + 1, 100_000), like: like.id, with_rules: 'on' };
}

/** What tells a form that is sent back from what it began. */
export function editOf(room: Room): { version: number; was: string } {
  return { version: room.version, was: JSON.stringify(cellsOf(contentOfRoom(room))) };
}

/** The fields of the form, named as they are posted. */
export function valuesOfContent(
  { hours, owner_id: _owner, ...content }: RoomContent,
  owner: string,
): Record<string, unknown> {
  const week = (side: 'opens_at' | 'closes_at') =>
    [1, 2, 3, 4, 5, 6, 7].map((day) => hours.find(({ weekday }) => weekday === day)?.[side] ?? '');
  return {
    ...content,
    opens: week('opens_at'),
    closes: week('closes_at'),
    layouts: LAYOUTS.map((layout) => content.layouts.find((one) => one.layout === layout)?.capacity ?? ''),
    owner,
  };
}

export async function roomFormPage(
  c: Context<unknown, unknown>,
  { room, like, values, problems, status = 200 }: RoomFormContent,
): Promise<Answer> {
  const [parts, kinds, others] = await Promise.all([
    listPartOptions(c.db, room?.id ?? null),
    listEquipmentKinds(c.db),
    room ? [] : listRoomOptions(c.db),
  ]);
  const many = (name: string) => [values[name] ?? []].flat();
  return page(
    'rooms/form',
    {
      title: titleOf(c, room, like),
      room,
      like,
      others: others.map((one) => ({ value: one.id, label: c.fmt.name(one) })),
      // A checkbox posts "on", a row holds true.
      values: {
        ...values,
        is_step_free: Boolean(values.is_step_free),
        opens: many('opens'),
        closes: many('closes'),
        parts: many('parts'),
        equipment: many('equipment'),
        layouts: many('layouts'),
      },
      equipment: equipmentOptions(kinds, c.fmt, many('equipment').map(String)),
      layouts: LAYOUTS.map((layout) => c.t(`layouts.${layout}`)),
      parts: parts.map((part) => ({ value: part.id, label: c.fmt.name(part) })),
      weekdays: [1, 2, 3, 4, 5, 6, 7].map((weekday) => weekdayName(weekday, c.t)),
      errors: problems?.errors ?? {},
    },
    { status },
  );
}

function titleOf(c: Context<unknown, unknown>, room: Room | undefined, like: Room | undefined): string {
  if (room) return c.t('rooms.form.edit', { room: c.fmt.name(room) });
  return like ? c.t('roomCopy.likeTitle', { room: c.fmt.name(like) }) : c.t('rooms.form.new');
}
