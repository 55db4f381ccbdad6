import type { Check } from '../claims/checks.js';
import { lockRooms } from '../claims/commands.js';
import { checkNotice } from '../claims/noticeCommands.js';

import { record, type Actor } from '../lib/audit/record.js';
import { change, inTransaction, rows, type Db } from '../lib/db/db.js';
import { Forbidden } from '../lib/http/errors.js';
import { callOffMeetings } from '../meetings/callOffCommands.js';
import { allowedReason } from '../meetings/actingCommands.js';
import { mayKeepSeries } from '../meetings/policy.js';
import { listTouchedRooms } from '../meetings/roomChangeCommands.js';
import { lockSeries } from './queries.js';

export interface SeriesEnd {
  /** Local day. */
  on: string;
  /** Dates from this instant on are called off. */
  after: Date;
  reason: string;
  now: Date;
  /** Whoever may go beyond the rooms' notice for calling off does so, with the same reason. */
  beyond?: boolean;
}

/** `late`: dates whose rooms may no longer be called off by now, in order of time. */
export type Ended = { ok: true; count: number } | { ok: false; late: { startsAt: Date; checks: Check[] }[] };

/** Calls off what was planned after a day, what was announced with its mails. The past stays. */
export function endSeries(db: Db, by: Actor, id: number, end: SeriesEnd): Promise<Ended> {
  return inTransaction(db, async (trx): Promise<Ended> => {
    const series = await lockSeries(trx, by, id);
    if (!mayKeepSeries(series)) throw new Forbidden();
    if (series.ended_on !== null) return { ok: true, count: 0 };
    const coming = await lockComing(trx, id, end.after);
    const meetingIds = coming.map((date) => date.meetingId);
    // All rooms before the first is given up, in the order that everybody keeps.
    await lockRooms(trx, await listTouchedRooms(trx, meetingIds, []));
    const overrideReason = end.beyond ? await allowedReason(trx, by, end.reason) : null;
    const late = await checkNotice(trx, by, coming, {
      rule: 'notice_cancel',
      now: end.now,
      overrideReason,
    });
    if (late.size > 0)
      return {
        ok: false,
        late: coming
          .flatMap(({ meetingId, startsAt }) => {
            const checks = late.get(meetingId);
            return checks ? [{ startsAt, checks }] : [];
          })
          .sort((a, b) => a.startsAt.getTime() - b.startsAt.getTime()),
      };
    await callOffMeetings(
      trx,
      by,
      meetingIds.map((meetingId) => ({ meetingId, reason: end.reason })),
    );
    await closeSeries(trx, id, end);
    await record(trx, by, {
      action: 'series.end',
      noun: 'series',
      id,
      after: { ended_on: end.on, cancelled: coming.length },
      note: end.reason,
    });
    return { ok: true, count: coming.length };
  });
}

/** Dates that have not taken place, with their rooms; read again behind the locks. */
async function lockComing(
  trx: Db,
  id: number,
  after: Date,
): Promise<{ meetingId: number; startsAt: Date; roomIds: number[] }[]> {
  await rows(
    trx,
    `select id from meetings
      where series_id = :id and state in ('draft', 'scheduled') and starts_at >= :after
      order by id for no key update`,
    { id, after },
  );
  return rows(
    trx,
    `select m.id as "meetingId", m.starts_at as "startsAt",
            coalesce((select json_agg(room_id order by room_id)
                        from meeting_rooms where meeting_id = m.id), '[]') as "roomIds"
       from meetings m
      where m.series_id = :id and m.state in ('draft', 'scheduled') and m.starts_at >= :after
      order by m.id`,
    { id, after },
  );
}

async function closeSeries(trx: Db, id: number, { on, after }: SeriesEnd): Promise<void> {
  await change(
    trx,
    `update recurrences
        set until_at = least(until_at, cast(:after as timestamptz) - interval '1 second')
      where series_id = :id`,
    { id, after },
  );
  await change(trx, `update series set ended_on = :on, version = version + 1 where id = :id`, { id, on });
}
