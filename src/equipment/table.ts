import type { Context } from '../lib/http/route.js';
import type { ListedKind } from './queries.js';

type Reader = Pick<Context, 't' | 'fmt'>;

/**
 * The catalogue in two tables, what is moved and what stays in its room, as views/lib/table.ejs takes them.
 */
export function equipmentTables(c: Reader, kinds: readonly ListedKind[]) {
  const { t } = c;
  const movable = kinds.filter((kind) => kind.is_movable);
  const fixed = kinds.filter((kind) => !kind.is_movable);
  const first = [{ label: t('equipment.list.name') }, { label: t('equipment.list.code') }];
  const last = { label: t('equipment.list.use') };
  return [
    {
      heading: t('equipment.list.movable'),
      none: t('equipment.list.noMovable'),
      columns: [...first, { label: t('equipment.list.stock'), numeric: true }, last],
      rows: movable.map((kind) => rowOf(c, kind)),
    },
    {
      heading: t('equipment.list.fixed'),
      none: t('equipment.list.noFixed'),
      columns: [...first, last],
      rows: fixed.map((kind) => rowOf(c, kind)),
    },
  ];
}

function rowOf({ t, fmt }: Reader, kind: ListedKind) {
  const name = {
    text: fmt.name(kind),
    href: `/rooms/equipment/${kind.id}/edit`,
    pill: kind.is_active ? undefined : { text: t('equipment.list.inactive') },
  };
  const use = kind.is_movable
    ? [fmt.number(kind.stock ?? 0), t('equipment.list.bookings', { count: kind.coming })]
    : [t('equipment.list.rooms', { count: kind.rooms })];
  return { over: !kind.is_active, cells: [name, kind.code, ...use] };
}
