import type { Actor } from '../lib/audit/record.js';
import { change, rows, type Db } from '../lib/db/db.js';
import { newUid } from '../meetings/commands.js';
import type { Schedule, ScheduledDate } from './schedule.js';
import type { Series } from '../series/queries.js';

// Meetings for new dates of a standing meeting: a statement each for themselves, their people and their
// history.

export type NewDate = ScheduledDate & { meetingId: number };

/** Meetings for the new dates; those that are left out are called off from the start. */
export async function insertMeetings(
  trx: Db,
  by: Actor,
  dates: readonly ScheduledDate[],
  what: {
    series: Series;
    schedule: Schedule;
    description?: string | undefined;
    firstNumber?: number | undefined;
    recurrenceId: number | null;
  },
): Promise<NewDate[]> {
  if (dates.length === 0) return [];
  const { series, schedule, description, firstNumber, recurrenceId } = what;
  const numbers = numbersFrom(firstNumber, dates);
  const list = dates.map((date) => ({
    uid: newUid(schedule.mailDomain),
    occurrence: recurrenceId === null ? null : date.occurrenceAt,
    from: date.startsAt,
    to: date.endsAt,
    skipped: date.skipped,
    number: numbers.get(date.on) ?? null,
  }));
  const made = await rows<{ id: number; uid: string }>(
    trx,
    `insert into meetings (title, description, series_id, recurrence_id, occurrence_at,
                           starts_at, ends_at, zone, link, place, is_private, lang,
                           organiser_id, booked_for_id, created_by, uid, number, expected_count,
                           state, cancelled_at, cancelled_by, cancel_reason, state_before_cancel)
     select :title, :description, :series, :recurrence, w.occurrence, w."from", w."to", :zone, :link, :place,
            :is_private, :lang, :organiser, :booked_for, :by, w.uid, w.number, :expected,
            case when w.skipped is null then 'draft' else 'cancelled' end,
            case when w.skipped is not null then now() end,
            case when w.skipped is not null then cast(:by as bigint) end, w.skipped,
            case when w.skipped is not null then 'draft' end
       from jsonb_to_recordset(:list) as w (uid text, occurrence timestamptz,
                                            "from" timestamptz, "to" timestamptz,
                                            skipped text, number integer)
      order by w."from"
     returning id, uid`,
    {
      title: series.name,
      description: description ?? '',
      series: series.id,
      recurrence: recurrenceId,
      zone: schedule.zone,
      link: schedule.link,
      place: schedule.place,
      is_private: series.is_private,
      lang: series.lang,
      organiser: series.organiser_id,
      booked_for: series.booked_for_id,
      by: by.id,
      expected: schedule.roomSetup.expected,
      list: JSON.stringify(list),
    },
  );
  const ids = new Map(made.map(({ id, uid }) => [uid, id]));
  return dates.map((date, i) => ({ ...date, meetingId: ids.get(list[i]?.uid ?? '') ?? -1 }));
}

/** Numbers by date, where they are counted here. */
function numbersFrom(first: number | undefined, dates: readonly ScheduledDate[]): Map<string, number> {
  if (first === undefined) return new Map();
  return new Map(
    dates
      .filter(({ skipped, startsAt }) => skipped === null && startsAt.getTime() > Date.now())
      .sort((a, b) => a.startsAt.getTime() - b.startsAt.getTime())
      .map(({ on }, place) => [on, first + place]),
  );
}

export async function addMembers(
  trx: Db,
  by: Actor,
  seriesId: number,
  fresh: readonly NewDate[],
): Promise<void> {
  await change(
    trx,
    `insert into participants (meeting_id, person_id, role, created_by)
     select m.id, sm.person_id, sm.role, :by
       from unnest(cast(:meetings as bigint[])) as m (id)
       join series_members sm on sm.series_id = :series
       join persons p on p.id = sm.person_id and p.deactivated_at is null`,
    { by: by.id, meetings: fresh.map(({ meetingId }) => meetingId), series: seriesId },
  );
}

export async function recordNew(trx: Db, by: Actor, fresh: readonly NewDate[]): Promise<void> {
  await change(
    trx,
    `insert into audit_events (person_id, action, noun, noun_id, meeting_id, after, request_id, ip)
     select :by, 'meeting.create', 'meetings', id, id,
            jsonb_build_object('title', title, 'starts_at', starts_at, 'ends_at', ends_at), :request, :ip
       from meetings where id = any(:meetings) order by starts_at`,
    {
      by: by.id,
      meetings: fresh.map(({ meetingId }) => meetingId),
      request: by.requestId ?? null,
      ip: by.ip ?? null,
    },
  );
}
