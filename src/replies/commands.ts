import { findOrAddGuests } from '../people/guestCommands.js';
import { mayActFor } from '../people/queries.js';
import { record, recordAll, type Actor } from '../lib/audit/record.js';
import { change, inTransaction, row, rows, type Db } from '../lib/db/db.js';
import { Forbidden, NotFound } from '../lib/http/errors.js';
import type { Viewer } from '../lib/http/policy.js';
import { normalAddress } from '../lib/mail/address.js';
import { addSubstitute, markInvited, removeSubstitutes } from '../meetings/announcementCommands.js';
import { mayInvite } from '../meetings/policy.js';
import { findMeeting, lockMeeting } from '../meetings/queries.js';
import type { MeetingState, ParticipantRole, ReplyStatus } from '../meetings/states.js';
import { tellEverybody } from '../invitations/commands.js';
import { whyClosed, type ReplyClosed } from './policy.js';
import { isTooManyOutside } from '../invitations/queries.js';
import { listLaterDates, type LaterDate } from './queries.js';

export interface Reply {
  status: ReplyStatus;
  note: string;
  /** Of a standing meeting: also for every later date that this person may answer. */
  isForAll?: boolean;
  /** With status `delegated`: who comes instead. */
  substitute?: { name: string; email: string };
}

export type SubstituteRefusal = 'self' | 'present' | 'directory' | 'gone' | 'often' | 'outside';
export type Replied =
  | { ok: true; dates: number }
  | { ok: false; closed: ReplyClosed }
  | { ok: false; substitute: SubstituteRefusal };

/** Changes of substitute that one participant may make a day: each of them mails somebody. */
const SUBSTITUTES_A_DAY = 5;

interface Answering {
  id: number;
  meeting_id: number;
  person_id: number;
  email: string | null;
  role: ParticipantRole;
  state: MeetingState;
  sequence: number;
  ends_at: Date | null;
  is_removed: boolean;
  invited_at: Date | null;
  is_private: boolean;
  organiser_id: number;
}

/** An answer as it is given: who gives it, which way and when. */
interface Given {
  by: Actor;
  reply: Reply;
  via: 'link' | 'page';
  now: Date;
}

/** An answer by personal link; the caller has settled whose link it is. */
export function replyByLink(
  db: Db,
  by: Actor,
  participantId: number,
  { reply, now }: Pick<Given, 'reply' | 'now'>,
): Promise<Replied> {
  return inTransaction(db, async (trx) => {
    const others = reply.isForAll ? await lockLaterDates(trx, participantId, now) : [];
    const answering = await lockAnswering(trx, participantId);
    return storeAll(trx, answering, others, { by: { ...by, id: null }, reply, via: 'link', now });
  });
}

/**
 * An answer by somebody signed in: one's own, a leader's by deputy or secretary, anybody's by who keeps the
 * meeting.
 * @param to.participantId whose answer it is; undefined is one's own
 * @throws Forbidden for somebody else's answer, NotFound for a meeting that is hidden
 */
export function replyOnPage(
  db: Db,
  { by, viewer }: { by: Actor; viewer: Pick<Viewer, 'id' | 'role'> },
  to: { meetingId: number; participantId: number | undefined },
  { reply, now }: Pick<Given, 'reply' | 'now'>,
): Promise<Replied> {
  return inTransaction(db, async (trx) => {
    const seen = await findMeeting(trx, { id: by.id ?? -1 }, to.meetingId);
    const id = to.participantId ?? seen.relation.participant_id;
    if (id === null) throw new Forbidden();
    const others = reply.isForAll ? await lockLaterDates(trx, id, now) : [];
    const meeting = await lockMeeting(trx, by, to.meetingId);
    const answering = await lockAnswering(trx, id);
    if (answering.meeting_id !== to.meetingId) throw new NotFound();
    const isOwn = answering.person_id === viewer.id;
    if (
      !isOwn &&
      !mayInvite(meeting) &&
      (meeting.is_private || !(await mayActFor(trx, viewer, answering.person_id)))
    )
      throw new Forbidden();
    const who = isOwn ? by : { ...by, onBehalfOf: answering.person_id };
    return storeAll(trx, answering, others, { by: who, reply, via: 'page', now });
  });
}

/**
 * Locks this date and the later ones, by id like everywhere, and says which of them an answer for all is for.
 */
async function lockLaterDates(trx: Db, participantId: number, now: Date): Promise<LaterDate[]> {
  const ids = (await listLaterDates(trx, participantId, now)).map(({ meeting_id: id }) => id);
  await rows(
    trx,
    `select 1
     from meetings
     where id = any(:ids) or id = (select meeting_id from participants where id = :participant)
     order by id
     for no key update`,
    { ids, participant: participantId },
  );
  return listLaterDates(trx, participantId, now);
}

/** One answer for several dates; the history of each says so. */
async function storeAll(trx: Db, answering: Answering, others: LaterDate[], given: Given): Promise<Replied> {
  const { by, reply, via } = given;
  const stored = await store(trx, answering, given);
  if (!stored.ok || others.length === 0) return stored;
  const ids = others.map(({ participant_id: id }) => id);
  await change(
    trx,
    `insert into replies (participant_id, status, note, sequence, via, recorded_by)
     select pt.id, :status, :note, m.sequence, :via, :by
     from participants pt
     join meetings m on m.id = pt.meeting_id
     where pt.id = any(:ids)
     order by pt.id`,
    { ids, status: reply.status, note: reply.note, via, by: by.id },
  );
  await recordAll(
    trx,
    by,
    others.map(({ participant_id: id, meeting_id: meetingId }) => ({
      action: 'reply.record',
      noun: 'participants',
      id,
      meetingId,
      after: { person_id: answering.person_id, status: reply.status },
      note: reply.note || undefined,
    })),
  );
  return { ok: true, dates: 1 + others.length };
}

/** Locks the meeting, then reads the participant: two answers at once come one after the other. */
async function lockAnswering(trx: Db, participantId: number): Promise<Answering> {
  await rows(
    trx,
    `select 1
     from meetings
     where id = (select meeting_id from participants where id = :id)
     for no key update`,
    { id: participantId },
  );
  const found = await row<Answering>(
    trx,
    `select pt.id, pt.meeting_id, pt.person_id, p.email, pt.role, pt.removed_at is not null as is_removed,
       pt.invited_at,
            m.state, m.sequence, coalesce(m.ends_at, cast(m.ends_on as timestamptz)) as ends_at, m.is_private,
              m.organiser_id
       from participants pt join persons p on p.id = pt.person_id join meetings m on m.id = pt.meeting_id
      where pt.id = :id`,
    { id: participantId },
  );
  if (!found) throw new NotFound();
  return found;
}

async function store(trx: Db, answering: Answering, given: Given): Promise<Replied> {
  const { by, reply, via, now } = given;
  const closed = whyClosed(answering, now);
  if (closed) return { ok: false, closed };
  const substitute = reply.status === 'delegated' ? await seatSubstitute(trx, answering, given) : undefined;
  if (substitute && !substitute.ok) return { ok: false, substitute: substitute.reason };
  const substituteId = substitute?.ok ? substitute.id : null;
  if (await saysTheSame(trx, answering, reply, substituteId)) return { ok: true, dates: 1 };

  const removed = await removeSubstitutes(
    trx,
    answering.id,
    substitute?.ok ? substitute.personId : undefined,
  );
  await change(
    trx,
    `insert into replies (participant_id, status, note, substitute_id, sequence, via, recorded_by)
     values (:participant, :status, :note, :substitute, :sequence, :via, :by)`,
    {
      participant: answering.id,
      status: reply.status,
      note: reply.note,
      substitute: substituteId,
      sequence: answering.sequence,
      via,
      by: by.id,
    },
  );
  await record(trx, by, {
    action: 'reply.record',
    noun: 'participants',
    id: answering.id,
    meetingId: answering.meeting_id,
    after: {
      person_id: answering.person_id,
      status: reply.status,
      substitute_id: substitute?.ok ? substitute.personId : undefined,
    },
    note: reply.note || undefined,
  });
  if (removed > 0 || substitute?.isNew)
    await tellEverybody(trx, answering.meeting_id, now, senderOf(by, answering));
  return { ok: true, dates: 1 };
}

/**
 * Whose mail it is when somebody names a substitute: who is signed in, else, by a personal link, the
 * organiser.
 */
function senderOf(by: Actor, answering: Answering): number {
  return by.id ?? answering.organiser_id;
}

/** A double click, or the same answer once more, is one answer. */
async function saysTheSame(
  trx: Db,
  answering: Answering,
  reply: Reply,
  substituteId: number | null,
): Promise<boolean> {
  const last = await row<{ status: string; note: string; substitute_id: number | null; sequence: number }>(
    trx,
    `select status, note, substitute_id, sequence
     from replies
     where participant_id = :id
     order by id desc
     limit 1`,
    { id: answering.id },
  );
  return (
    last?.status === reply.status &&
    last.note === reply.note &&
    last.substitute_id === substituteId &&
    last.sequence === answering.sequence
  );
}

type Seated =
  | { ok: true; id: number; personId: number; isNew: boolean }
  | { ok: false; reason: SubstituteRefusal; isNew: false };

/** Who comes instead becomes a participant in the other's place and is invited at once. */
async function seatSubstitute(
  trx: Db,
  answering: Answering,
  { by, reply: { substitute }, now }: Given,
): Promise<Seated> {
  const refuse = (reason: SubstituteRefusal): Seated => ({ ok: false, reason, isNew: false });
  const email = normalAddress(substitute?.email ?? '');
  if (!substitute || !email) throw new Error('a substitute has a name and an address');
  if (email === answering.email) return refuse('self');
  const known = await row<{
    id: number;
    is_guest: boolean;
    participant_id: number | null;
    instead_of_id: number | null;
  }>(
    trx,
    `select p.id, p.is_guest, pt.id as participant_id, pt.instead_of_id
       from persons p
       left join participants pt on pt.person_id = p.id and pt.meeting_id = :meeting and pt.removed_at is null
      where p.email = :email and p.deactivated_at is null`,
    { email, meeting: answering.meeting_id },
  );
  if (known?.participant_id) {
    return known.instead_of_id === answering.id
      ? { ok: true, id: known.participant_id, personId: known.id, isNew: false }
      : refuse('present');
  }
  // A confidential meeting is nothing a participant may hand to somebody whom the office does not know.
  if (answering.is_private && (!known || known.is_guest)) return refuse('directory');
  if (await changesSubstitutesTooOften(trx, answering.id)) return refuse('often');
  if (await isTooManyOutside(trx, senderOf(by, answering), { addresses: [email] })) return refuse('outside');
  const [personId] = await findOrAddGuests(trx, by, [{ name: substitute.name, email }]);
  if (!personId) return refuse('gone');
  const id = await addSubstitute(trx, by.id, answering, personId);
  if (id === undefined) return refuse('present');
  await markInvited(trx, [id], now);
  return { ok: true, id, personId, isNew: true };
}

async function changesSubstitutesTooOften(trx: Db, participantId: number): Promise<boolean> {
  const counted = await row<{ count: number }>(
    trx,
    `select count(*) as count
     from replies
     where participant_id = :id and status = 'delegated' and at > now() - interval '1 day'`,
    { id: participantId },
  );
  return (counted?.count ?? 0) >= SUBSTITUTES_A_DAY;
}
