import type { Context } from '../lib/http/route.js';
import type { ListedRoom } from './queries.js';

type Reader = Pick<Context, 't' | 'fmt'>;

/** A room of the list with what was put into words for it. */
export interface RoomRow extends ListedRoom {
  place: string;
  equipmentText: string;
  layoutText: string;
  /** The last day out of service, where it is known. */
  until: string | null;
}

/** The list of rooms as views/lib/table.ejs takes it; layouts have a column only where some room has any. */
export function roomTable(c: Reader, rooms: readonly RoomRow[]) {
  const { t, fmt } = c;
  const hasLayouts = rooms.some((room) => room.layoutText || room.min_people);
  return {
    columns: [
      { label: t('calendar.day.room') },
      { label: t('rooms.field.place') },
      { label: t('rooms.field.capacity'), numeric: true },
      ...(hasLayouts ? [{ label: t('layouts.list.layouts') }] : []),
      { label: t('rooms.field.equipment') },
      { label: t('rooms.list.verbs'), heard: true },
    ],
    rows: rooms.map((room) => ({
      cells: [
        { text: fmt.name(room), href: `/rooms/${room.id}`, meta: wholeOf(c, room), pill: pillOf(c, room) },
        placeCell(c, room),
        fmt.number(room.capacity),
        ...(hasLayouts ? [layoutCell(c, room)] : []),
        [room.equipmentText, room.is_step_free ? t('rooms.field.stepFree') : '']
          .filter(Boolean)
          .join(t('rooms.list.comma')),
        { actions: verbsOf(c, room) },
      ],
    })),
  };
}

/** What a room is a part of, or how many parts it has. */
function wholeOf({ t, fmt }: Reader, room: RoomRow): string | undefined {
  if (room.hall) return t('calendar.day.partOf', { hall: fmt.name(room.hall) });
  return room.part_count ? t('rooms.list.divisible', { count: room.part_count }) : undefined;
}

function pillOf({ t }: Reader, { status, until }: RoomRow) {
  if (status === 'in_service') return undefined;
  return {
    text: until ? t('layouts.status.outUntil', { day: until }) : t(`rooms.status.${status}`),
    tone: status === 'retired' ? 'neutral' : 'warn',
  };
}

function placeCell({ t }: Reader, room: RoomRow) {
  if (!room.plan_id) return room.place;
  return { text: room.place || t('plans.page.onPlan'), href: `/rooms/plans/${room.plan_id}` };
}

function layoutCell({ t }: Reader, room: RoomRow) {
  const meta = room.min_people ? t('layouts.room.atLeast', { count: room.min_people }) : undefined;
  return { text: room.layoutText, meta };
}

function verbsOf({ t, fmt }: Reader, room: RoomRow) {
  if (room.status !== 'in_service' && !room.until) return [];
  return [
    { href: `/bookings/new?room=${room.id}`, label: t('calendar.booking.book'), about: fmt.name(room) },
  ];
}

/** What stands in place of an empty list, as views/lib/empty.ejs takes it. */
export function noRooms({ t }: Reader, { hasFilter, isKeeper }: { hasFilter: boolean; isKeeper: boolean }) {
  if (hasFilter) return { text: t('calendar.day.noneFits'), href: '/rooms', label: t('calendar.day.clear') };
  const text = t('rooms.list.none');
  return isKeeper ? { text, href: '/rooms/new', label: t('rooms.list.add') } : { text };
}
