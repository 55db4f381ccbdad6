import { record, type Actor } from '../lib/audit/record.js';
import { change, inTransaction, row, rows, type Db } from '../lib/db/db.js';
import { NotFound } from '../lib/http/errors.js';
import { mergeCells, type Cells } from '../lib/http/merge.js';
import {
  cellsOfLayer,
  layerContent,
  layerFrom,
  RULES,
  type LayerContent,
  type RuleValues,
} from './layers.js';
import { findLayer, listApprovers } from './queries.js';
import { requireKeeper } from '../auth/keeperQueries.js';

/** Whose rules: of the office (neither), of a group, of a room, of a group in a room. */
export interface LayerOf {
  roomId: number | null;
  groupId: number | null;
}

export interface RulesClash {
  ok: false;
  /** Both changed the same, or the two halves don't go together. */
  reason: 'clash' | 'minMax';
  /** What would be saved; in the cells of `clashes` it has mine. */
  content: LayerContent;
  /** What stands. */
  stored: LayerContent;
  version: number;
  clashes: string[];
  theirs: string[];
}

/** A form of one layer as it was posted. */
export interface LayerEdit {
  /** Of the layer when the page was opened; 0 where there was none. */
  version: number;
  mine: LayerContent;
  /** What stood on the page when it was opened. What only others changed since stays theirs. */
  was: Cells;
  /** The fields in which the person gave way. */
  given: readonly string[];
}

/**
 * Writes one layer of rules; with nothing in it there is none. Bookings that stand are not touched: rules
 * hold from the next booking or change on. Approvers are a room's, so other layers leave them alone.
 */
export function saveRules(
  db: Db,
  by: Actor,
  of: LayerOf,
  { version, mine, ...edit }: LayerEdit,
): Promise<{ ok: true; isMerged: boolean } | RulesClash> {
  return inTransaction(db, async (trx) => {
    const before = await lockLayer(trx, by, of);
    const theirs = await contentOfLayer(trx, of, before);
    const isStale = (before?.version ?? 0) !== version;
    const hasApprovers = of.roomId !== null && of.groupId === null;
    const merged = mergeCells(
      isStale ? edit.was : cellsOfLayer(theirs),
      cellsOfLayer(hasApprovers ? mine : { ...mine, approvers: theirs.approvers }),
      cellsOfLayer(theirs),
      edit.given,
    );
    const { values, approvers } = layerFrom(merged.cells);
    const refuse = (reason: RulesClash['reason']): RulesClash => ({
      ok: false,
      reason,
      content: { values, approvers },
      stored: theirs,
      version: before?.version ?? 0,
      clashes: merged.clashes,
      theirs: merged.theirs,
    });
    if (merged.clashes.length) return refuse('clash');
    if (values.min_minutes && values.max_minutes && values.min_minutes > values.max_minutes)
      return refuse('minMax');
    const columns = RULES.join(', ');
    if (before)
      await change(
        trx,
        `update booking_rules
           set ${RULES.map((name) => `${name} = :${name}`).join(', ')}, version = version + 1
           where id = :id`,
        { ...values, id: before.id },
      );
    else
      await change(
        trx,
        `insert into booking_rules (room_id, group_id, ${columns})
         values (:room, :group, ${RULES.map((name) => `:${name}`).join(', ')})`,
        { ...values, room: of.roomId, group: of.groupId },
      );
    if (hasApprovers && of.roomId !== null) await writeApprovers(trx, of.roomId, approvers);
    const changed = RULES.filter((name) => theirs.values[name] !== values[name]);
    const pick = (from: RuleValues) => Object.fromEntries(changed.map((name) => [name, from[name]]));
    await record(trx, by, {
      action: 'rules.update',
      noun: of.roomId === null ? 'booking_rules' : 'rooms',
      id: of.roomId,
      before: { group_id: of.groupId, ...pick(theirs.values) },
      after: { group_id: of.groupId, ...pick(values), approvers: hasApprovers ? approvers : undefined },
    });
    return { ok: true, isMerged: merged.theirs.length > 0 };
  });
}

/** Takes a layer away: what it said is left to the others. */
export function removeRules(
  db: Db,
  by: Actor,
  of: LayerOf,
  version: number,
): Promise<{ ok: true } | { ok: false; reason: 'stale' }> {
  return inTransaction(db, async (trx) => {
    const before = await lockLayer(trx, by, of);
    if (!before) return { ok: true };
    if (before.version !== version) return { ok: false, reason: 'stale' };
    await change(trx, `delete from booking_rules where id = :id`, { id: before.id });
    await record(trx, by, {
      action: 'rules.remove',
      noun: of.roomId === null ? 'booking_rules' : 'rooms',
      id: of.roomId,
      before: { group_id: of.groupId },
    });
    return { ok: true };
  });
}

/**
 * Writers of rules go one after another; a room's also wait for bookings
 * that are being written, and the calendar notices by its version.
 */
async function lockLayer(trx: Db, by: Actor, { roomId, groupId }: LayerOf) {
  await requireKeeper(trx, by);
  if (
    roomId !== null &&
    !(await change(trx, `update rooms set version = version + 1 where id = :id`, { id: roomId }))
  )
    throw new NotFound();
  if (
    groupId !== null &&
    !(await rows(trx, `select 1 from people_groups where id = :id for key share`, { id: groupId })).length
  )
    throw new NotFound();
  await row(trx, `select pg_advisory_xact_lock(hashtext('booking_rules'))`);
  return findLayer(trx, roomId, groupId);
}

async function contentOfLayer(
  trx: Db,
  { roomId, groupId }: LayerOf,
  layer: RuleValues | undefined,
): Promise<LayerContent> {
  const named = roomId !== null && groupId === null ? await listApprovers(trx, roomId) : [];
  return layerContent(layer, named);
}

async function writeApprovers(
  trx: Db,
  roomId: number,
  { personIds, groupIds }: { personIds: number[]; groupIds: number[] },
): Promise<void> {
  await change(trx, `delete from room_approvers where room_id = :room`, { room: roomId });
  await change(
    trx,
    `insert into room_approvers (room_id, person_id, group_id)
     select :room::bigint, p.id, null from persons p where p.id = any(:persons) and p.deactivated_at is null
     union all select :room::bigint, null, g.id from people_groups g where g.id = any(:groups)`,
    { room: roomId, persons: personIds, groups: groupIds },
  );
}
