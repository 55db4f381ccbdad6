import { removePlannedAction, restorePlannedAction } from '../actions/planCommands.js';
import type { Actor } from '../lib/audit/record.js';
import { change, inTransaction, rows, type Db } from '../lib/db/db.js';
import { lockStatement, recordStatement, type Closed } from './recordingCommands.js';
import type { Statement } from './statementQueries.js';

// A statement among the others of its item: taken out, put back, moved.

/** Takes a statement out; it can be put back until the minutes are handed in. */
export async function removeStatement(
  db: Db,
  by: Actor,
  id: number,
): Promise<{ ok: true; statement: Statement } | Closed> {
  return inTransaction(db, async (trx) => {
    const { meeting, isOpen, statement, item } = await lockStatement(trx, by, id);
    if (!isOpen) return { ok: false, reason: 'closed' };
    if (statement.deleted_at === null) {
      await change(
        trx,
        `update statements
         set deleted_at = now(), is_draft = false, saved_key = null, updated_by = :by, updated_at = now(),
           version = version + 1
         where id = :id`,
        { id, by: by.id },
      );
      await removePlannedAction(trx, by, id);
      await recordStatement(
        trx,
        by,
        { meeting, item },
        { action: 'statement.remove', id, before: statement.text },
      );
    }
    return { ok: true, statement };
  });
}

export async function restoreStatement(
  db: Db,
  by: Actor,
  id: number,
): Promise<{ ok: true; statement: Statement } | Closed> {
  return inTransaction(db, async (trx) => {
    const { meeting, isOpen, statement, item } = await lockStatement(trx, by, id);
    if (!isOpen) return { ok: false, reason: 'closed' };
    if (statement.deleted_at !== null) {
      await change(
        trx,
        `update statements
         set deleted_at = null, updated_by = :by, updated_at = now(), version = version + 1
         where id = :id`,
        { id, by: by.id },
      );
      await restorePlannedAction(trx, by, id);
      await recordStatement(
        trx,
        by,
        { meeting, item },
        { action: 'statement.restore', id, after: statement.text },
      );
    }
    return { ok: true, statement };
  });
}

/** One place up or down among the statements of its item. At the end of the list nothing happens. */
export async function moveStatement(
  db: Db,
  by: Actor,
  id: number,
  direction: 'up' | 'down',
): Promise<{ ok: true; statement: Statement } | Closed> {
  return inTransaction(db, async (trx) => {
    const { meeting, isOpen, statement, item } = await lockStatement(trx, by, id);
    if (!isOpen) return { ok: false, reason: 'closed' };
    const order = (
      await rows<{ id: number }>(
        trx,
        `select id
         from statements
         where meeting_id = :meeting and item_id is not distinct
         from cast(:item as bigint) and deleted_at is null
         order by position, id`,
        { meeting: meeting.id, item: statement.item_id },
      )
    ).map((one) => one.id);
    const at = order.indexOf(id);
    const other = order[at + (direction === 'up' ? -1 : 1)];
    if (at >= 0 && other !== undefined) {
      [order[at], order[at + (direction === 'up' ? -1 : 1)]] = [other, id];
      await change(
        trx,
        `update statements s
         set position = o.place
         from unnest(cast(:ids as bigint[])) with ordinality as o(id, place)
         where s.id = o.id`,
        { ids: order },
      );
      await recordStatement(trx, by, { meeting, item }, { action: 'statement.move', id });
    }
    return { ok: true, statement };
  });
}
