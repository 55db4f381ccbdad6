import { recordAll } from '../lib/audit/record.js';
import { change, inTransaction, rows, type Db } from '../lib/db/db.js';
import { queueDeliveries } from '../lib/mail/queue.js';
import { releaseUnused } from '../claims/dayCommands.js';
import { type Expected, listExpected, listExpectedOf } from './noShowQueries.js';
import { listUnattended } from '../series/unattendedQueries.js';
import { lockSeriesOfMany } from '../meetings/numberCommands.js';

// Rooms that have to be checked in to. The worker looks every minute: it reminds when a meeting has begun and
// nobody is there, and gives the room up when the time of the rule is over. Looking twice does nothing twice.

/** How one look at the clock went. */
export interface Judged {
  present: number;
  noShows: number;
  released: number;
}

/**
 * Judges what is due and reminds of what soon will be. Locks the meetings first: who checks in at that moment
 * is there, or finds the room given up.
 */
export function judgeCheckIns(db: Db, now: Date): Promise<Judged> {
  return inTransaction(db, async (trx) => {
    const open = await listExpected(trx, now);
    await remind(
      trx,
      open.filter(({ is_attended, due_at, starts_at }) => !is_attended && due_at > now && starts_at <= now),
    );
    const due = open.filter(({ due_at }) => due_at <= now);
    if (due.length === 0) return { present: 0, noShows: 0, released: 0 };
    const ids = [...new Set(due.map(({ meeting_id }) => meeting_id))];
    await lockSeriesOfMany(trx, ids);
    await rows(trx, `select 1 from meetings where id = any(:ids) order by id for no key update`, { ids });
    const still = (await listExpectedOf(trx, ids)).filter(
      ({ due_at, starts_at }) => due_at <= now && starts_at <= now,
    );
    const absent = still.filter(({ is_attended }) => !is_attended);
    const running = absent.filter(({ ends_at }) => ends_at > now);
    const released = await releaseUnused(
      trx,
      running.map(({ meeting_id, room_id }) => ({ meetingId: meeting_id, roomId: room_id })),
    );
    await keep(trx, still, new Set(running), now);
    await recordAll(
      trx,
      { id: null },
      absent.map((one) => ({
        action: 'meeting.noShow',
        noun: 'meetings',
        id: one.meeting_id,
        meetingId: one.meeting_id,
        after: { room_id: one.room_id, releases: one.releases, is_released: running.includes(one) },
      })),
    );
    await queueDeliveries(
      trx,
      running.flatMap((one) => mailsTo(one, 'meetings.noShow')),
    );
    await askAboutSeries(trx, ids, now);
    return { present: still.length - absent.length, noShows: absent.length, released };
  });
}

/** To the organiser and whoever typed it: once for each start. */
function mailsTo(one: Expected, kind: 'meetings.checkInReminder' | 'meetings.noShow') {
  return [...new Set([one.organiser_id, one.created_by])].map((personId) => ({
    kind,
    object: `meetings:${one.meeting_id}:${kind}`,
    meetingId: one.meeting_id,
    personId,
    revision: Math.floor(one.starts_at.getTime() / 60_000),
    payload: { until: one.due_at.toISOString() },
    isRestricted: one.is_private,
    usefulUntil: kind === 'meetings.noShow' ? one.ends_at : one.due_at,
  }));
}

async function remind(trx: Db, open: Expected[]): Promise<void> {
  const seen = new Set<number>();
  const first = open.filter(({ meeting_id }) => !seen.has(meeting_id) && seen.add(meeting_id));
  await queueDeliveries(
    trx,
    first.flatMap((one) => mailsTo(one, 'meetings.checkInReminder')),
  );
}

async function keep(trx: Db, judged: Expected[], released: ReadonlySet<Expected>, now: Date): Promise<void> {
  await change(
    trx,
    `insert into check_in_outcomes (meeting_id, room_id, starts_at, outcome, releases, judged_at, released_at)
     select j.meeting, j.room, j.starts, j.outcome, j.releases, :now,
            case when j.released then cast(:now as timestamptz) end
       from jsonb_to_recordset(:list)
              as j (meeting bigint, room bigint, starts timestamptz, outcome text,
                    releases integer, released boolean)
     on conflict do nothing`,
    {
      now,
      list: JSON.stringify(
        judged.map((one) => ({
          meeting: one.meeting_id,
          room: one.room_id,
          starts: one.starts_at,
          outcome: one.is_attended ? 'present' : 'no_show',
          releases: one.releases,
          released: released.has(one),
        })),
      ),
    },
  );
}

/**
 * Asks the organisers of standing meetings to whose last dates nobody came whether they are to go on, once.
 */
async function askAboutSeries(trx: Db, meetingIds: readonly number[], now: Date): Promise<void> {
  const series = await rows<{ id: number }>(
    trx,
    `select distinct series_id as id from meetings where id = any(:ids) and series_id is not null`,
    { ids: meetingIds },
  );
  if (series.length === 0) return;
  const unattended = await listUnattended(
    trx,
    series.map(({ id }) => id),
    now,
  );
  if (unattended.length === 0) return;
  await change(trx, `update series set absent_asked_at = :now where id = any(:ids)`, {
    now,
    ids: unattended.map(({ id }) => id),
  });
  await queueDeliveries(
    trx,
    unattended.map((one) => ({
      kind: 'meetings.unattended',
      object: `series:${one.id}:unattended`,
      personId: one.organiser_id,
      revision: Math.floor(now.getTime() / 60_000),
      payload: { seriesId: one.id },
      isRestricted: one.is_private,
    })),
  );
}
