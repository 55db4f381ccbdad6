import type { Actor } from '../lib/audit/record.js';
import type { Db } from '../lib/db/db.js';
import { findRequestedRooms } from './requestedRoomQueries.js';
import type { Check } from './checks.js';
import { recordOverrides } from './recordCommands.js';
import { lateIn } from './verdict.js';

/**
 * May these meetings still be changed or called off, by the rules of their rooms? What a reason goes beyond
 * is recorded, unless one of them is refused.
 * @returns by meeting the rules that stand against it; empty when all may be
 */
export async function checkNotice(
  trx: Db,
  by: Actor,
  meetings: readonly { meetingId: number; roomIds: readonly number[] }[],
  how: { rule: 'notice_change' | 'notice_cancel'; now: Date; overrideReason?: string | null },
): Promise<Map<number, Check[]>> {
  const known = await findRequestedRooms(trx, by, meetings, { from: how.now, to: how.now });
  const late = new Map<number, Check[]>();
  const overrides = meetings.flatMap(({ meetingId }) => {
    const checks = (known.get(meetingId) ?? []).flatMap((room) =>
      lateIn(room, how.rule, room.meeting_starts_at, how),
    );
    const errors = checks.filter(({ level }) => level === 'error');
    if (errors.length > 0) late.set(meetingId, errors);
    return errors.length > 0 ? [] : [{ meetingId, checks, reason: how.overrideReason ?? '' }];
  });
  if (late.size === 0) await recordOverrides(trx, by, overrides);
  return late;
}
