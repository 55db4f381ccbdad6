import type { Readable } from 'node:stream';
import type { Db } from '../lib/db/db.js';
import { csvOf } from '../lib/http/csv.js';
import type { Translate } from '../lib/i18n/translate.js';
import { dayOf, timeOf } from '../lib/time/zone.js';
import { BOOKING_COLUMNS } from './bookingTable.js';
import {
  listBookingsForExport,
  type ExportedBooking,
  type ExportedRoom,
  type ExportPlace,
  type ExportSpan,
} from './exportQueries.js';
import { ROOM_COLUMNS, roomCells } from './roomPreview.js';

const PAGE = 500;

export function roomsCsv(rooms: ExportedRoom[], t: Translate): Readable {
  return csvOf(
    ROOM_COLUMNS.map((field) => t(`moving.room.${field}`)),
    rooms.map((room) => roomCells(room)),
  );
}

/** Page after page, so that a hundred thousand bookings never stand in memory at once. */
export function bookingsCsv(
  db: Db,
  viewerId: number,
  span: ExportSpan,
  { zone, t }: { zone: string; t: Translate },
): Readable {
  async function* lines(): AsyncGenerator<string[]> {
    for (let after: ExportPlace | null = null; ;) {
      const page = { after, limit: PAGE };
      const found: ExportedBooking[] = await listBookingsForExport(db, viewerId, span, page);
      for (const booking of found) yield bookingCells(booking, zone, t);
      const last = found.at(-1);
      if (!last || found.length < PAGE) return;
      after = { startsAt: last.starts_at, id: last.id, roomId: last.room_id };
    }
  }
  return csvOf(
    BOOKING_COLUMNS.map((field) => t(`moving.booking.${field}`)),
    lines(),
  );
}

/**
 * A meeting's UID and its room: unique in the world, so that tables of two offices may be brought into a
 * third.
 */
function exportedId(booking: ExportedBooking): string {
  return `${booking.uid}/${booking.room_code ?? ''}`;
}

function bookingCells(booking: ExportedBooking, zone: string, t: Translate): string[] {
  return [
    exportedId(booking),
    booking.room_code ?? '',
    dayOf(booking.starts_at, zone),
    timeOf(booking.starts_at, zone),
    timeOf(booking.ends_at, zone),
    dayOf(booking.ends_at, zone),
    booking.title ?? t('moving.booked'),
    booking.organiser_email ?? booking.organiser ?? '',
    t(booking.is_private ? 'moving.yes' : 'moving.no'),
    booking.description ?? '',
  ];
}
