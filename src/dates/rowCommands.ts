import { change, type Db } from '../lib/db/db.js';
import { announceChanges } from '../meetings/announcementCommands.js';
import type { DateRow } from './text.js';

/** One statement for all dates; who was invited to one is told, a minute later. */
export async function writeDateRows(
  trx: Db,
  { recurrenceId, zone }: { recurrenceId: number | null; zone: string | null },
  list: readonly DateRow[],
): Promise<void> {
  if (list.length === 0) return;
  await change(
    trx,
    `update meetings m
        set title = w.title, description = w.description, link = w.link, place = w.place,
            starts_at = w."from", ends_at = w."to", zone = coalesce(:zone, m.zone),
            sequence = w.sequence, time_sequence = w.time_sequence, expected_count = w.expected,
            revision = m.revision + case when w.told then 1 else 0 end,
            recurrence_id = coalesce(:recurrence, m.recurrence_id),
            occurrence_at = coalesce(w.occurrence, m.occurrence_at),
            updated_at = now(), version = m.version + 1
       from jsonb_to_recordset(:list) as w (id bigint, title text, description text, link text, place text,
                                            sequence integer, time_sequence integer, expected integer,
                                            occurrence timestamptz, "from" timestamptz, "to" timestamptz,
                                            told boolean)
      where m.id = w.id`,
    { recurrence: recurrenceId, zone, list: JSON.stringify(list) },
  );
  await announceChanges(
    trx,
    list.filter(({ told }) => told).map(({ id }) => id),
  );
}
