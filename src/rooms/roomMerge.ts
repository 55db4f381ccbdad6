import { page, type Answer, type Context } from '../lib/http/route.js';
import { listHistoryOf } from '../lib/audit/history.js';
import type { Cells } from '../lib/http/merge.js';
import type { Key } from '../lib/i18n/translate.js';
import { personText } from '../people/queries.js';
import type { Clash } from './commands.js';
import { equipmentNames, type EquipmentKind } from '../equipment/kinds.js';
import { listEquipmentKinds } from '../equipment/queries.js';
import type { Layout } from '../claims/layouts.js';
import type { Room } from './queries.js';
import { cellsOf, contentOfRoom, type RoomContent } from './roomContent.js';
import { weekdayName } from '../hours/describe.js';
import { editOf, valuesOfContent } from './roomForm.js';

// Two people changed the same of one room: what each wrote stands side by side, and the second chooses.

const LABELS: Record<string, Key> = {
  name_en: 'rooms.field.nameEn',
  name_zh: 'rooms.field.nameZh',
  code: 'rooms.field.code',
  site: 'rooms.field.site',
  building: 'rooms.field.building',
  floor: 'rooms.field.floor',
  capacity: 'rooms.field.capacity',
  min_people: 'layouts.field.minPeople',
  owner_id: 'layouts.field.owner',
  key_note: 'layouts.field.key',
  is_step_free: 'rooms.field.stepFree',
  setup_minutes: 'rooms.field.setup',
  teardown_minutes: 'rooms.field.teardown',
  contact: 'rooms.field.contact',
  note: 'rooms.field.note',
  sort_order: 'rooms.field.order',
};

/** The owner as the picker writes one. */
export function ownerText(c: Context<unknown, unknown>, room: Room, content: RoomContent): string {
  if (room.owner?.id === content.owner_id)
    return room.owner ? personText(room.owner, c.fmt.name(room.owner)) : '';
  const { owner } = c.req.body as Record<string, unknown>;
  return typeof owner === 'string' ? owner : '';
}

export async function roomMergePage(
  c: Context<unknown, unknown>,
  { room, content, clashes, theirs }: Clash,
): Promise<Answer> {
  const [kinds, [last]] = await Promise.all([
    listEquipmentKinds(c.db),
    listHistoryOf(c.db, 'rooms', room.id, 1),
  ]);
  const saved = cellsOf(contentOfRoom(room));
  const mine = cellsOf(content);
  const owner = ownerText(c, room, content);
  const parts = new Map(room.parts.map((part) => [String(part.id), c.fmt.name(part)]));
  const say = (name: string, cells: Cells, ownerIs: string) =>
    describeCell(c, name, name === 'owner_id' ? ownerIs : (cells[name] ?? ''));
  return page(
    'lib/merge',
    {
      title: c.t('merge.title', { what: c.fmt.name(room) }),
      crumb: { href: `/rooms/${room.id}`, text: c.fmt.name(room) },
      by: last?.person ? c.fmt.name(last.person) : c.t('merge.somebody'),
      action: `/rooms/${room.id}`,
      hidden: {
        ...valuesOfContent(content, owner),
        ...editOf(room),
        is_step_free: content.is_step_free ? 'on' : undefined,
      },
      clashes: clashes.map((name) => ({
        name,
        label: labelOf(c, name, kinds, parts),
        mine: say(name, mine, owner),
        theirs: say(name, saved, room.owner ? c.fmt.name(room.owner) : ''),
      })),
      theirs: theirs.map((name) => ({
        label: labelOf(c, name, kinds, parts),
        text: say(name, saved, room.owner ? c.fmt.name(room.owner) : ''),
      })),
    },
    { status: 409 },
  );
}

function labelOf(
  c: Context<unknown, unknown>,
  cell: string,
  kinds: readonly EquipmentKind[],
  parts: ReadonlyMap<string, string>,
): string {
  const plain = LABELS[cell];
  if (plain) return c.t(plain);
  const [kind = '', ...rest] = cell.split('-');
  const name = rest.join('-');
  const heading = {
    layout: () => [c.t('layouts.field.layouts'), c.t(`layouts.${name as Layout}`)],
    hours: () => [c.t('rooms.field.hours'), weekdayName(Number(name), c.t)],
    equipment: () => [c.t('rooms.field.equipment'), equipmentNames([name], kinds, c.fmt)[0] ?? name],
    part: () => [c.t('rooms.field.parts'), parts.get(name) ?? name],
  }[kind];
  return heading ? heading().join(': ') : cell;
}

function describeCell(c: Context<unknown, unknown>, cell: string, value: string): string {
  if (cell === 'is_step_free' || cell.startsWith('equipment-') || cell.startsWith('part-'))
    return c.t(value ? 'rooms.form.yes' : 'rooms.form.no');
  if (cell.startsWith('hours-') && !value) return c.t('hours.room.closed');
  return value || c.t('lib.history.nothing');
}
