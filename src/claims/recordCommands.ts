import { recordAll, type Actor } from '../lib/audit/record.js';
import { change, rows, type Db } from '../lib/db/db.js';
import { enqueue } from '../lib/jobs/enqueue.js';
import type { Check } from './checks.js';

// What is written down beside a claim, in its transaction: rules that were gone beyond, and requests for
// approval.

/** A room that somebody has to approve. */
export interface ApprovalRequest {
  roomId: number;
  isHolding: boolean;
  answerHours: number;
  /** What it goes beyond; empty where the room is only given on request. */
  rules: Check[];
}

/** Rules that a secretary's reason went beyond: each stands in the history of its meeting, and is counted. */
export async function recordOverrides(
  trx: Db,
  by: Actor,
  all: readonly { meetingId: number; checks: readonly Check[]; reason: string }[],
): Promise<void> {
  const lines = all.flatMap(({ meetingId, checks, reason }) =>
    checks.map(({ room, rule, actual, limit }) => ({
      meetingId,
      roomId: room.id,
      rule,
      actual,
      allowed: limit,
      reason,
    })),
  );
  if (!lines.length) return;
  await change(
    trx,
    `insert into rule_overrides (person_id, meeting_id, room_id, rule, actual, allowed, reason)
     select :by, c."meetingId", c."roomId", c.rule, c.actual, c.allowed, c.reason
       from jsonb_to_recordset(cast(:lines as jsonb))
         as c ("meetingId" bigint, "roomId" bigint, rule text, actual text, allowed text, reason text)`,
    { by: by.id, lines: JSON.stringify(lines) },
  );
  await recordAll(
    trx,
    by,
    lines.map(({ meetingId, roomId, rule, actual, allowed, reason }) => ({
      action: `override.${rule}`,
      noun: 'meetings',
      id: meetingId,
      meetingId,
      after: { room_id: roomId, rule, actual, limit: allowed },
      note: reason,
    })),
  );
}

/** What is asked for a meeting. */
export interface MeetingApprovals {
  meetingId: number;
  startsAt: Date;
  endsAt: Date;
  now: Date;
  note: string | null;
  approvals: readonly ApprovalRequest[];
}

/**
 * Asks who decides about the rooms; the worker mails them. An answer is due after the hours of the room, at
 * the latest when the meeting begins.
 */
export async function writeRequests(trx: Db, by: Actor, all: readonly MeetingApprovals[]): Promise<void> {
  const lines = all.flatMap(({ meetingId, startsAt, endsAt, now, note, approvals }) =>
    approvals.map(({ roomId, isHolding, answerHours, rules }) => ({
      meeting: meetingId,
      room: roomId,
      from: startsAt,
      to: endsAt,
      now,
      note,
      holds: isHolding,
      hours: answerHours,
      rules,
    })),
  );
  if (!lines.length) return;
  const made = await rows<{
    id: number;
    meeting_id: number;
    room_id: number;
    starts_at: Date;
    ends_at: Date;
    note: string | null;
  }>(
    trx,
    `insert into room_requests (meeting_id, room_id, starts_at, ends_at, is_holding, rules, note,
                                asked_by, asked_at, due_at)
     select q.meeting, q.room, q."from", q."to", q.holds, q.rules, q.note, :by, q.now,
            greatest(q.now, least(q."from", q.now + make_interval(hours => q.hours)))
       from jsonb_to_recordset(cast(:lines as jsonb))
         as q (meeting bigint, room bigint, "from" timestamptz, "to" timestamptz, now timestamptz, note text,
               holds boolean, hours integer, rules jsonb)
     returning id, meeting_id, room_id, starts_at, ends_at, note`,
    { by: by.id, lines: JSON.stringify(lines) },
  );
  await recordAll(
    trx,
    by,
    made.map(({ id, meeting_id, room_id, starts_at, ends_at, note }) => ({
      action: 'roomRequest.create',
      noun: 'room_requests',
      id,
      meetingId: meeting_id,
      after: { room_id, starts_at, ends_at },
      note: note || undefined,
    })),
  );
  await enqueue(trx, 'rooms.tellApprovers', {});
}
