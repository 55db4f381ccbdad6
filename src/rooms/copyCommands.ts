import { recordAll, type Actor } from '../lib/audit/record.js';
import { change, inTransaction, row, rows, type Db } from '../lib/db/db.js';
import { NotFound } from '../lib/http/errors.js';
import { RULES } from '../rules/layers.js';
import { requireKeeper } from '../auth/keeperQueries.js';

// What a room has in common with others: taken over from one to many, so that a house is set up once.

export const COPIED = ['hours', 'holidays', 'margins', 'equipment', 'contact', 'rules'] as const;
export type Copied = (typeof COPIED)[number];

/** `t` is a room that takes over, `s` the one it is like. */
const SETS: Partial<Record<Copied, string>> = {
  holidays: 'holiday_rule = s.holiday_rule, calendar_id = s.calendar_id',
  margins: 'setup_minutes = s.setup_minutes, teardown_minutes = s.teardown_minutes',
  equipment: 'equipment = s.equipment',
  contact: 'owner_id = s.owner_id, contact = s.contact, key_note = s.key_note',
};

/**
 * Rooms take over what another one has. Bookings that stand are not touched, days that differ
 * (`room_exceptions`) are the room's own. @returns how many rooms took it over: retired ones don't
 */
export function copySettings(
  db: Db,
  by: Actor,
  { fromId, toIds, what }: { fromId: number; toIds: readonly number[]; what: readonly Copied[] },
): Promise<number> {
  return inTransaction(db, async (trx) => {
    await requireKeeper(trx, by);
    // In order, as everybody locks rooms; it waits for bookings that
    // are being written by the settings of before.
    const found = await rows<{ id: number; status: string }>(
      trx,
      `select id, status from rooms where id = any(:ids) order by id for update`,
      { ids: [fromId, ...toIds] },
    );
    if (!found.some(({ id }) => id === fromId)) throw new NotFound();
    const to = found.filter(({ id, status }) => id !== fromId && status !== 'retired').map(({ id }) => id);
    if (to.length === 0) return 0;
    const before = await readSettings(trx, to, what);
    const sets = ['version = t.version + 1', ...what.flatMap((one) => SETS[one] ?? [])];
    await change(
      trx,
      `update rooms t set ${sets.join(', ')} from rooms s where s.id = :from and t.id = any(:to)`,
      { from: fromId, to },
    );
    if (what.includes('hours'))
      await copyRows(trx, { table: 'room_hours', columns: ['weekday', 'opens_at', 'closes_at'], fromId, to });
    if (what.includes('rules')) {
      await row(trx, `select pg_advisory_xact_lock(hashtext('booking_rules'))`);
      await copyRows(trx, { table: 'booking_rules', columns: ['group_id', ...RULES], fromId, to });
      await copyRows(trx, { table: 'room_approvers', columns: ['person_id', 'group_id'], fromId, to });
    }
    const after = await readSettings(trx, to, what);
    await recordAll(
      trx,
      by,
      to.map((id) => ({
        action: 'room.copySettings',
        noun: 'rooms',
        id,
        before: before.get(id),
        after: { copied_from_id: fromId, ...after.get(id) },
      })),
    );
    return to.length;
  });
}

/** A new room has the rules and holidays of the one it is like. */
export function copyRulesTo(db: Db, by: Actor, fromId: number, newId: number): Promise<number> {
  return copySettings(db, by, { fromId, toIds: [newId], what: ['holidays', 'rules'] });
}

async function copyRows(
  trx: Db,
  {
    table,
    columns,
    fromId,
    to,
  }: { table: string; columns: readonly string[]; fromId: number; to: readonly number[] },
): Promise<void> {
  await change(trx, `delete from ${table} where room_id = any(:to)`, { to });
  await change(
    trx,
    `insert into ${table} (room_id, ${columns.join(', ')})
     select t, ${columns.map((name) => `s.${name}`).join(', ')}
       from ${table} s
       cross join unnest(cast(:to as bigint[])) t
       where s.room_id = :from`,
    { from: fromId, to },
  );
}

/** For the history: what the rooms have of it. */
async function readSettings(
  trx: Db,
  ids: readonly number[],
  what: readonly Copied[],
): Promise<Map<number, Record<string, unknown>>> {
  const found = await rows<{ id: number } & Record<string, unknown>>(
    trx,
    `select r.id, r.holiday_rule, r.calendar_id, r.setup_minutes, r.teardown_minutes, r.equipment, r.owner_id,
            r.contact, r.key_note,
            (select coalesce(
               json_agg(
                 json_build_object(
                   'weekday', weekday, 'opens_at', to_char(opens_at, 'HH24:MI'), 'closes_at',
                   to_char(closes_at, 'HH24:MI')
                 )
                 order by weekday
               ), '[]'
             )
               from room_hours where room_id = r.id) as hours,
            (select coalesce(
               json_agg(to_jsonb(l) - array['id', 'room_id', 'version'] order by l.group_id nulls first), '[]'
             )
               from booking_rules l
               where l.room_id = r.id) as rules
       from rooms r where r.id = any(:ids)`,
    { ids },
  );
  const NAMES: Record<Copied, string[]> = {
    hours: ['hours'],
    holidays: ['holiday_rule', 'calendar_id'],
    margins: ['setup_minutes', 'teardown_minutes'],
    equipment: ['equipment'],
    contact: ['owner_id', 'contact', 'key_note'],
    rules: ['rules'],
  };
  const names = what.flatMap((one) => NAMES[one]);
  return new Map(found.map((room) => [room.id, Object.fromEntries(names.map((name) => [name, room[name]]))]));
}
