import { keepActive } from '../people/queries.js';
import { record, type Actor } from '../lib/audit/record.js';
import { change, inTransaction, rows, type Db } from '../lib/db/db.js';
import { BadRequest, Forbidden } from '../lib/http/errors.js';
import type { Lang } from '../lib/i18n/translate.js';
import { requireActingFor } from '../meetings/actingCommands.js';
import { announceChanges } from '../meetings/announcementCommands.js';
import { numberSeries } from '../meetings/numberCommands.js';
import { writeParticipants } from '../meetings/participantCommands.js';
import { mayKeepSeries } from '../meetings/policy.js';
import type { ParticipantRole } from '../meetings/states.js';
import { lockSeries, type Series } from './queries.js';

/**
 * A single date added to a series: its members take part, and it gets its number. The meeting was made just
 * before.
 */
export async function joinSeries(trx: Db, by: Actor, seriesId: number, meetingId: number): Promise<void> {
  const series = await lockSeries(trx, by, seriesId);
  if (!mayKeepSeries(series)) throw new Forbidden();
  const members = await rows<{ person_id: number; role: ParticipantRole }>(
    trx,
    `select sm.person_id, sm.role
       from series_members sm join persons p on p.id = sm.person_id and p.deactivated_at is null
      where sm.series_id = :id`,
    { id: seriesId },
  );
  await writeParticipants(
    trx,
    by,
    meetingId,
    new Map(members.map(({ person_id, role }) => [person_id, role])),
  );
  await numberSeries(trx, seriesId);
}

export interface SeriesChange {
  version: number;
  name: string;
  organiserId: number;
  bookedForId: number | null;
  lang: Lang;
  isPrivate: boolean;
  firstNumber: number;
  reviewGates: 'none' | 'one' | null;
  reviewerId: number | null;
  approverId: number | null;
}

/**
 * Name, people who answer for it, review and numbering. The coming dates follow; who was invited to one is
 * told.
 */
export function changeSeries(
  db: Db,
  by: Actor,
  id: number,
  input: SeriesChange,
): Promise<{ ok: true } | { ok: false; reason: 'stale'; series: Series }> {
  return inTransaction(db, async (trx) => {
    const series = await lockSeries(trx, by, id);
    if (!mayKeepSeries(series)) throw new Forbidden();
    if (series.version !== input.version) return { ok: false, reason: 'stale', series };
    await requirePeople(trx, by, series, input);
    await writeSeries(trx, id, input);
    await renameDates(trx, series, input);
    await numberSeries(trx, id);
    await record(trx, by, {
      action: 'series.update',
      noun: 'series',
      id,
      before: { name: series.name, organiser_id: series.organiser_id },
      after: { name: input.name, organiser_id: input.organiserId },
    });
    return { ok: true };
  });
}

/** Whoever is named anew may be named by the acting person, and is active. */
async function requirePeople(trx: Db, by: Actor, series: Series, input: SeriesChange): Promise<void> {
  const { organiserId, bookedForId, reviewerId, approverId } = input;
  await requireActingFor(
    trx,
    by,
    [organiserId, bookedForId].filter(
      (person) => person !== series.organiser_id && person !== series.booked_for_id,
    ),
  );
  await requireActive(
    trx,
    [reviewerId, approverId].filter(
      (person): person is number =>
        person !== null && person !== series.reviewer_id && person !== series.approver_id,
    ),
  );
}

async function writeSeries(trx: Db, id: number, input: SeriesChange): Promise<void> {
  await change(
    trx,
    `update series
        set name = :name, organiser_id = :organiser, booked_for_id = :booked_for, lang = :lang,
            is_private = :is_private, next_number = :first, review_gates = :gates, reviewer_id = :reviewer,
            approver_id = :approver, version = version + 1
      where id = :id`,
    {
      id,
      name: input.name,
      organiser: input.organiserId,
      booked_for: input.bookedForId,
      lang: input.lang,
      is_private: input.isPrivate,
      first: input.firstNumber,
      gates: input.reviewGates,
      reviewer: input.reviewerId,
      approver: input.approverId,
    },
  );
}

/** The coming dates follow; a title that was given to one date stays. */
async function renameDates(trx: Db, series: Series, input: SeriesChange): Promise<void> {
  const renamed = await rows<{ id: number; is_told: boolean }>(
    trx,
    `update meetings
        set title = case when title = :was then :name else title end, organiser_id = :organiser,
            booked_for_id = :booked_for, lang = :lang, is_private = :is_private, updated_at = now(),
            version = version + 1, revision = revision + case when announced_at is null then 0 else 1 end
      where series_id = :id and state in ('draft', 'scheduled') and starts_at > now()
     returning id, announced_at is not null as is_told`,
    {
      id: series.id,
      was: series.name,
      name: input.name,
      organiser: input.organiserId,
      booked_for: input.bookedForId,
      lang: input.lang,
      is_private: input.isPrivate,
    },
  );
  await announceChanges(
    trx,
    renamed.filter((meeting) => meeting.is_told).map((meeting) => meeting.id),
  );
}

export async function requireActive(trx: Db, ids: number[]): Promise<void> {
  const active = await keepActive(trx, ids);
  if (ids.some((person) => !active.has(person))) throw new BadRequest();
}
