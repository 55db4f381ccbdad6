import { record, type Actor } from '../lib/audit/record.js';
import { change, inTransaction, rows, type Db } from '../lib/db/db.js';
import { Conflict, Forbidden } from '../lib/http/errors.js';
import { enqueue } from '../lib/jobs/enqueue.js';
import { queueDeliveries, type NewDelivery } from '../lib/mail/queue.js';
import {
  countAnnouncement,
  joinHeldSeries,
  markInvited,
  scheduleMeeting,
  takeBackTimeSequences,
} from '../meetings/announcementCommands.js';
import { mayInvite } from '../meetings/policy.js';
import { lockMeeting } from '../meetings/queries.js';
import { announcementOf, differingFields, spanOf, type Announcement } from './announcement.js';
import {
  findLastAnnouncement,
  findTellable,
  isTooManyOutside,
  listAddressees,
  listAnnouncements,
  objectOf,
  type Addressee,
  type Tellable,
} from './queries.js';
import { findSeriesOf } from './seriesQueries.js';
import { sequenceOfCancel, sequenceOfRequest } from './sequence.js';

export type SendRefusal = 'time' | 'place' | 'chair' | 'nobody' | 'over' | 'outside';
export type Sent = { ok: true; invited: number; unreachable: number } | { ok: false; reason: SendRefusal };

/**
 * Invites everybody who was not invited yet; the first time makes a draft an announced meeting, which needs a
 * time, a room, place or link, and a chair. Who takes part without an address is counted as unreachable:
 * somebody has to tell them.
 */
export function sendInvitations(db: Db, by: Actor, meetingId: number, now: Date): Promise<Sent> {
  return inTransaction(db, async (trx) => {
    const meeting = await lockMeeting(trx, by, meetingId);
    if (meeting.state === 'ended' || meeting.state === 'cancelled')
      throw new Conflict('meetings.problem.closed');
    if (!mayInvite(meeting)) throw new Forbidden();
    const told = await findTellable(trx, meetingId);
    const addressees = await listAddressees(trx, meetingId);
    const fresh = addressees.filter((one) => !one.is_removed && one.invited_at === null);
    if (!told || fresh.length === 0) return { ok: false, reason: 'nobody' };
    const reason = await whyNot(trx, by, told, { fresh, now });
    if (reason) return { ok: false, reason };

    await scheduleMeeting(trx, meetingId);
    await joinHeldSeries(trx, meetingId);
    await markInvited(
      trx,
      fresh.map((one) => one.participant_id),
      now,
    );
    const unreachable = fresh.filter((one) => !one.has_address).length;
    await record(trx, by, {
      action: 'invitation.send',
      noun: 'meetings',
      id: meetingId,
      meetingId,
      after: {
        people: fresh.map(({ person_id, role }) => ({ person_id, role })),
        state: meeting.state === 'draft' ? 'scheduled' : meeting.state,
      },
    });
    await tellEverybody(trx, meetingId, now, by.id);
    await tellSeries(trx, meetingId);
    return { ok: true, invited: fresh.length - unreachable, unreachable };
  });
}

async function whyNot(
  trx: Db,
  by: Actor,
  told: Tellable,
  { fresh, now }: { fresh: Addressee[]; now: Date },
): Promise<SendRefusal | undefined> {
  if (!told.starts_at && !told.starts_on) return 'time';
  if (told.rooms.length === 0 && !told.place && !told.link) return 'place';
  if (!told.chair) return 'chair';
  if (spanOf(told).end <= now) return 'over';
  const people = fresh.map((one) => one.person_id);
  return by.id !== null && (await isTooManyOutside(trx, by.id, { people })) ? 'outside' : undefined;
}

/**
 * Who was invited to the standing meeting as a whole hears of its dates under its UID. In a transaction of
 * its own, because it locks the series, which goes before its meetings; many dates that changed together ask
 * for it once.
 */
async function tellSeries(trx: Db, meetingId: number): Promise<void> {
  const found = await findSeriesOf(trx, meetingId);
  if (found?.is_told)
    await enqueue(
      trx,
      'invitations.announceSeries',
      { seriesId: found.series_id },
      { key: `invitations.announceSeries:${found.series_id}` },
    );
}

/**
 * The worker's side of a change, cancellation or removal: tells whoever does not know yet how the meeting
 * stands now.
 */
export function announceChanges(db: Db, meetingId: number, now: Date): Promise<void> {
  return inTransaction(db, async (trx) => {
    await rows(trx, `select 1 from meetings where id = :id for no key update`, { id: meetingId });
    await tellEverybody(trx, meetingId, now, null);
    await tellSeries(trx, meetingId);
  });
}

/**
 * Compares what each person was told last with how the meeting stands and queues what is missing: invitations
 * and updates (REQUEST) to who takes part, CANCEL to who holds an invitation to what is cancelled or was
 * removed. Saying it twice, or once for several edits, comes to the same.
 */
export async function tellEverybody(trx: Db, meetingId: number, now: Date, by: number | null): Promise<void> {
  const found = await findTellable(trx, meetingId);
  if (!found || found.state === 'draft' || (!found.starts_at && !found.starts_on)) return;
  const addressees = await listAddressees(trx, meetingId);
  const earlier = await listAnnouncements(
    trx,
    meetingId,
    addressees.flatMap((one) => one.last_revision ?? []),
  );
  // Moved to an earlier time that is over by now: whoever knows the later time only must still hear of it.
  if ([found, ...earlier.values()].every((one) => spanOf(one).end <= now)) return;
  const meeting = await withoutMovesTakenBack(trx, found, addressees, earlier);
  const { request, cancel } = recipientsOf(meeting, addressees, earlier);
  await dropUnsent(
    trx,
    meetingId,
    addressees.filter((one) => (one.is_removed || meeting.state === 'cancelled') && !one.holds_invitation),
  );
  if (cancel.length + request.length === 0) return forgetWhatNobodyHeard(trx, meeting);

  const revision = await countAnnouncement(trx, meetingId, now);
  await keepAnnouncement(trx, meeting, { revision, by, now });
  await queueDeliveries(trx, deliveriesOf(meeting, { request, cancel, revision, queuedBy: by }));
  if (by === null) {
    await record(
      trx,
      { id: null },
      {
        action: 'invitation.update',
        noun: 'meetings',
        id: meetingId,
        meetingId,
        after: { revision, told: request.length, cancelled: cancel.length },
      },
    );
  }
}

/** Who is to get a REQUEST, and who a CANCEL. */
function recipientsOf(
  meeting: Tellable,
  addressees: Addressee[],
  earlier: Map<number, Announcement>,
): { request: Addressee[]; cancel: Addressee[] } {
  const isOn = meeting.state === 'scheduled' || meeting.state === 'in_progress';
  const cancel = addressees.filter(
    (one) =>
      (one.is_removed || meeting.state === 'cancelled') &&
      one.holds_invitation &&
      one.last_method !== 'CANCEL',
  );
  const reachable = addressees.filter(
    (one) => isOn && !one.is_removed && one.invited_at !== null && one.has_address,
  );
  const isAnyNews = reachable.some((one) => isNews(one, earlier, meeting));
  // Once anybody is asked again, so is who would not have noticed: all replies start anew with a new time.
  const request = reachable.filter(
    (one) => isNews(one, earlier, meeting) || (isAnyNews && (one.last_base ?? 0) < meeting.time_sequence),
  );
  return { request, cancel };
}

function deliveriesOf(
  meeting: Tellable,
  {
    request,
    cancel,
    revision,
    queuedBy,
  }: { request: Addressee[]; cancel: Addressee[]; revision: number; queuedBy: number | null },
): NewDelivery[] {
  const common = {
    object: objectOf(meeting.id),
    meetingId: meeting.id,
    revision,
    baseSequence: meeting.time_sequence,
    isRestricted: meeting.is_private,
    queuedBy,
    usefulUntil: spanOf(meeting).end,
  };
  const to = (one: Addressee) => ({ personId: one.person_id, participantId: one.participant_id });
  return [
    ...request.map((one) => ({
      ...common,
      ...to(one),
      kind: 'invitations.request',
      method: 'REQUEST' as const,
      sequence: sequenceOfRequest(meeting, one),
    })),
    ...cancel.map((one) => ({
      ...common,
      ...to(one),
      kind: 'invitations.cancellation',
      method: 'CANCEL' as const,
      sequence: sequenceOfCancel(meeting, one),
      payload: { whole: meeting.state === 'cancelled' },
    })),
  ];
}

/**
 * Moved and moved back before anybody heard of it, with other news to tell: these are told without asking
 * everybody again.
 */
async function withoutMovesTakenBack(
  trx: Db,
  meeting: Tellable,
  addressees: Addressee[],
  earlier: Map<number, Announcement>,
): Promise<Tellable> {
  const last = await findLastAnnouncement(trx, meeting.id);
  if (!last || last.time_sequence >= meeting.time_sequence) return meeting;
  const knowsTheTime = ({ last_method: method, last_revision: revision }: Addressee) => {
    const told = revision === null ? undefined : earlier.get(revision);
    return (
      method === 'REQUEST' &&
      told !== undefined &&
      !differingFields(told, meeting).some((field) => field === 'time' || field === 'place')
    );
  };
  const invited = addressees.filter((one) => !one.is_removed && one.last_method !== null);
  if (invited.length === 0 || !invited.every(knowsTheTime)) return meeting;
  await takeBackTimeSequences(trx, [{ id: meeting.id, to: last.time_sequence }]);
  return { ...meeting, time_sequence: last.time_sequence };
}

function isNews(one: Addressee, earlier: Map<number, Announcement>, meeting: Tellable): boolean {
  if (one.last_method !== 'REQUEST') return true;
  const told = one.last_revision === null ? undefined : earlier.get(one.last_revision);
  return !told || differingFields(told, meeting).length > 0;
}

/** A change taken back within its minute asks nobody again. */
async function forgetWhatNobodyHeard(trx: Db, meeting: Tellable): Promise<void> {
  const last = await findLastAnnouncement(trx, meeting.id);
  if (last && last.time_sequence < meeting.time_sequence)
    await takeBackTimeSequences(trx, [{ id: meeting.id, to: last.time_sequence }]);
}

/** An invitation that never went out need not be withdrawn. */
async function dropUnsent(trx: Db, meetingId: number, people: Addressee[]): Promise<void> {
  if (people.length === 0) return;
  await change(
    trx,
    `update deliveries
     set state = 'superseded', finished_at = now()
     where object = :object and person_id = any(:people) and state = 'waiting' and method = 'REQUEST'`,
    { object: objectOf(meetingId), people: people.map((one) => one.person_id) },
  );
}

async function keepAnnouncement(
  trx: Db,
  meeting: Tellable,
  { revision, by, now }: { revision: number; by: number | null; now: Date },
): Promise<void> {
  await change(
    trx,
    `insert into announcements (meeting_id, revision, sequence, time_sequence, content, announced_by,
       announced_at)
     values (:meeting, :revision, :sequence, :time_sequence, :content, :by, :now)`,
    {
      meeting: meeting.id,
      revision,
      sequence: meeting.sequence,
      time_sequence: meeting.time_sequence,
      content: JSON.stringify(announcementOf(meeting)),
      by,
      now,
    },
  );
}
