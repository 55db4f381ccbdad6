import { record, type Actor } from '../lib/audit/record.js';
import { change, inTransaction, row, rows, type Db } from '../lib/db/db.js';
import { NotFound } from '../lib/http/errors.js';
import { CHOICES, NUMBERS, type RuleValues } from './bookingRules.js';
import { findLayer } from './bookingRuleQueries.js';
import { requireKeeper } from './commands.js';

const NAMES = [...NUMBERS, ...(Object.keys(CHOICES) as (keyof typeof CHOICES)[])];

/** Whose rules: of the office (neither), of a group, of a room, of a group in a room. */
export interface LayerOf {
  roomId: number | null;
  groupId: number | null;
}

/**
 * Writes one layer of rules; with nothing in it there is none. Bookings that stand are not touched: rules hold from the next
 * booking or change on. Approvers are a room's, so a group's layer leaves them alone.
 * @returns stale when somebody else has written it since the page was opened
 */
export function saveRules(
  db: Db,
  by: Actor,
  of: LayerOf,
  version: number,
  values: RuleValues,
  approvers: { personIds: number[]; groupIds: number[] } | null,
): Promise<{ ok: true } | { ok: false; reason: 'stale' }> {
  return inTransaction(db, async (trx) => {
    const before = await lockLayer(trx, by, of);
    if ((before?.version ?? 0) !== version) return { ok: false, reason: 'stale' };
    const columns = NAMES.join(', ');
    if (before) await change(trx, `update booking_rules set ${NAMES.map((name) => `${name} = :${name}`).join(', ')}, version = version + 1 where id = :id`, { ...values, id: before.id });
    else await change(trx, `insert into booking_rules (room_id, group_id, ${columns}) values (:room, :group, ${NAMES.map((name) => `:${name}`).join(', ')})`, { ...values, room: of.roomId, group: of.groupId });
    if (of.roomId !== null && of.groupId === null && approvers) await writeApprovers(trx, of.roomId, approvers);
    const changed = NAMES.filter((name) => (before?.[name] ?? null) !== values[name]);
    const pick = (from: Partial<RuleValues> | undefined) => Object.fromEntries(changed.map((name) => [name, from?.[name] ?? null]));
    await record(trx, by, {
      action: 'rules.update', noun: of.roomId === null ? 'booking_rules' : 'rooms', id: of.roomId, before: { group_id: of.groupId, ...pick(before) },
      after: { group_id: of.groupId, ...pick(values), ...(approvers ? { approvers } : {}) },
    });
    return { ok: true };
  });
}

/** Takes a layer away: what it said is left to the others. */
export function removeRules(db: Db, by: Actor, of: LayerOf, version: number): Promise<{ ok: true } | { ok: false; reason: 'stale' }> {
  return inTransaction(db, async (trx) => {
    const before = await lockLayer(trx, by, of);
    if (!before) return { ok: true };
    if (before.version !== version) return { ok: false, reason: 'stale' };
    await change(trx, `delete from booking_rules where id = :id`, { id: before.id });
    await record(trx, by, { action: 'rules.remove', noun: of.roomId === null ? 'booking_rules' : 'rooms', id: of.roomId, before: { group_id: of.groupId } });
    return { ok: true };
  });
}

/** Writers of rules go one after another; a room's also wait for bookings that are being written, and the calendar notices by its version. */
async function lockLayer(trx: Db, by: Actor, { roomId, groupId }: LayerOf) {
  await requireKeeper(trx, by);
  if (roomId !== null && !(await change(trx, `update rooms set version = version + 1 where id = :id`, { id: roomId }))) throw new NotFound();
  if (groupId !== null && !(await rows(trx, `select 1 from people_groups where id = :id for key share`, { id: groupId })).length) throw new NotFound();
  await row(trx, `select pg_advisory_xact_lock(hashtext('booking_rules'))`);
  return findLayer(trx, roomId, groupId);
}

async function writeApprovers(trx: Db, roomId: number, { personIds, groupIds }: { personIds: number[]; groupIds: number[] }): Promise<void> {
  await change(trx, `delete from room_approvers where room_id = :room`, { room: roomId });
  await change(
    trx,
    `insert into room_approvers (room_id, person_id, group_id)
     select :room::bigint, p.id, null from persons p where p.id = any(:persons) and p.deactivated_at is null
     union all select :room::bigint, null, g.id from people_groups g where g.id = any(:groups)`,
    { room: roomId, persons: personIds, groups: groupIds },
  );
}
