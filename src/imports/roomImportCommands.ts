import { record, type Actor } from '../lib/audit/record.js';
import { change, inTransaction, rows, type Db } from '../lib/db/db.js';
import { NotFound } from '../lib/http/errors.js';
import { createRoom, updateRoom } from '../rooms/commands.js';
import { requireKeeper } from '../auth/keeperQueries.js';
import { listEquipmentKinds } from '../equipment/queries.js';
import { listRoomsForExport } from './exportQueries.js';
import type { Reason } from './entry.js';
import { findOwnImport, type RoomOutcome } from './queries.js';
import { previewRooms, readRoomTable, type RoomPreview } from './roomPreview.js';

/** What an import of rooms would do, from what is there now. @throws Unreadable */
export async function previewRoomImport(
  db: Db,
  content: string,
): Promise<{ preview: RoomPreview[]; unknown: string[] }> {
  const { lines, unknown } = readRoomTable(content);
  const retired = await rows<{ code: string }>(db, `select code from rooms where status = 'retired'`);
  return {
    preview: previewRooms(lines, {
      rooms: await listRoomsForExport(db),
      retired: retired.map(({ code }) => code),
      kinds: await listEquipmentKinds(db),
    }),
    unknown,
  };
}

/**
 * Imports a table of rooms, once: posted again it says what the first time did.
 * @param options.all nothing unless every line is good
 */
export function runRoomImport(
  db: Db,
  by: Actor,
  id: number,
  options: { all: boolean },
): Promise<{ ok: true } | { ok: false }> {
  return inTransaction(db, async (trx) => {
    await requireKeeper(trx, by);
    const found = await findOwnImport(trx, id, by.id, { lock: true });
    if (found?.kind !== 'rooms') throw new NotFound();
    if (found.state === 'done') return { ok: true };
    // Before any room is locked by itself: bookings lock theirs in the same order.
    await change(trx, `select pg_advisory_xact_lock(hashtext('room import'))`);
    await rows(trx, `select id from rooms order by id for update`);
    const { preview } = await previewRoomImport(trx, found.content ?? '');
    const bad = preview.filter(({ outcome }) => outcome === 'bad').length;
    if (options.all && bad > 0) return { ok: false };
    const outcome = await carryOut(trx, by, preview, bad);
    if (options.all && outcome.refused.length > 0) throw new NotAll();
    await change(
      trx,
      `update imports
          set state = 'done', finished_at = now(), outcome = :outcome, content = null
        where id = :id`,
      { id, outcome: JSON.stringify(outcome) },
    );
    const { added, changed, left_out } = outcome;
    await record(trx, by, {
      action: 'import.rooms',
      noun: 'imports',
      id,
      after: { added, changed, left_out },
    });
    return { ok: true } as const;
  }).catch((error: unknown) => {
    if (error instanceof NotAll) return { ok: false };
    throw error;
  });
}

/** Rolls back what was begun. */
class NotAll extends Error {}

async function carryOut(trx: Db, by: Actor, preview: RoomPreview[], bad: number): Promise<RoomOutcome> {
  const outcome: RoomOutcome = {
    added: 0,
    changed: 0,
    same: preview.filter((one) => one.outcome === 'same').length,
    left_out: bad,
    refused: [],
  };
  const todo = preview.flatMap((one) => (one.outcome === 'add' || one.outcome === 'change' ? [one] : []));
  const ids = new Map((await listRoomsForExport(trx)).map((room) => [room.code, room.id]));
  // What a hall is divided into may stand below it.
  for (const one of [
    ...todo.filter(({ partCodes }) => partCodes.length === 0),
    ...todo.filter(({ partCodes }) => partCodes.length > 0),
  ]) {
    const refuse = (reason: Reason) => {
      outcome.refused.push({ number: one.line.number, reason });
      outcome.left_out++;
    };
    const parts = one.partCodes.map((code) => ids.get(code));
    const missing = one.partCodes.find((_code, at) => parts[at] === undefined);
    if (missing !== undefined) {
      refuse({ key: 'moving.bad.part', values: { text: missing } });
      continue;
    }
    const values = { ...one.values, parts: parts.filter((part) => part !== undefined) };
    if (one.outcome === 'add') {
      const made = await createRoom(trx, by, values);
      if (made.ok) {
        ids.set(values.code, made.id);
        outcome.added++;
      } else refuse({ key: made.problem });
    } else {
      const done = await updateRoom(trx, by, { id: one.id, version: one.version }, values);
      if (done.ok) outcome.changed++;
      else refuse({ key: done.reason === 'problem' ? done.problem : 'moving.bad.changedMeanwhile' });
    }
  }
  return outcome;
}
