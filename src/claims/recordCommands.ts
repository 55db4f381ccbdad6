import { recordAll, type Actor } from '../lib/audit/record.js';
import { change, rows, type Db } from '../lib/db/db.js';
import { enqueue } from '../lib/jobs/enqueue.js';
import type { Check } from './checks.js';

// What is written down beside a claim, in its transaction: rules that were gone beyond, and requests for approval.

export interface NewRequest {
  roomId: number;
  isHolding: boolean;
  answerHours: number;
  /** What it goes beyond; empty where the room is only given on request. */
  rules: Check[];
}

/** Rules that a secretary's reason went beyond: each stands in the history, and is counted. */
export function recordOverrides(
  trx: Db,
  by: Actor,
  meetingId: number,
  checks: readonly Check[],
  reason: string,
): Promise<void> {
  return recordOverridesOfMany(trx, by, [{ meetingId, checks, reason }]);
}

/** The same for many meetings, by one statement. */
export async function recordOverridesOfMany(
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
       from jsonb_to_recordset(cast(:lines as jsonb)) as c("meetingId" bigint, "roomId" bigint, rule text, actual text, allowed text, reason text)`,
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

/** Asks who decides about the rooms, who are mailed by the worker; due after the room's hours, at the latest when the meeting begins. */
export async function writeRequests(
  trx: Db,
  by: Actor,
  wish: { meetingId: number; startsAt: Date; endsAt: Date; now: Date; note: string | null },
  requests: readonly NewRequest[],
): Promise<void> {
  if (!requests.length) return;
  const made = await rows<{ id: number; room_id: number }>(
    trx,
    `insert into room_requests (meeting_id, room_id, starts_at, ends_at, is_holding, rules, note, asked_by, asked_at, due_at)
     select :meeting, q."roomId", :from, :to, q."isHolding", q.rules, :note, :by, :now,
            greatest(:now::timestamptz, least(:from::timestamptz, :now::timestamptz + make_interval(hours => q."answerHours")))
       from jsonb_to_recordset(cast(:requests as jsonb)) as q("roomId" bigint, "isHolding" boolean, rules jsonb, "answerHours" integer)
     returning id, room_id`,
    {
      meeting: wish.meetingId,
      from: wish.startsAt,
      to: wish.endsAt,
      note: wish.note,
      by: by.id,
      now: wish.now,
      requests: JSON.stringify(requests),
    },
  );
  await recordAll(
    trx,
    by,
    made.map(({ id, room_id }) => ({
      action: 'roomRequest.create',
      noun: 'room_requests',
      id,
      meetingId: wish.meetingId,
      after: { room_id, starts_at: wish.startsAt, ends_at: wish.endsAt },
      ...(wish.note ? { note: wish.note } : {}),
    })),
  );
  await enqueue(trx, 'rooms.tellApprovers', {});
}
