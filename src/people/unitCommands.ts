import { record, type Actor } from '../lib/audit/record.js';
import { change, inTransaction, row, rows, type Db } from '../lib/db/db.js';
import { NotFound } from '../lib/http/errors.js';
import type { UnitChange } from './forms.js';
import { keepActive } from './queries.js';
import { findUnit, listUnitAndBelow, type UnitRow } from './unitQueries.js';

export type UnitProblem =
  | { ok: false; reason: 'code_taken' | 'cycle' | 'no_such_parent' | 'no_such_head' }
  | { ok: false; reason: 'stale'; unit: UnitRow };
type New = Omit<UnitChange, 'version'>;

/** Edits of the tree go one after another: two that are right alone can close a circle together. */
async function lockTree(trx: Db): Promise<void> {
  await change(trx, `select pg_advisory_xact_lock(hashtext('units'))`);
}

async function problemOf(trx: Db, form: New, self?: UnitRow): Promise<UnitProblem | undefined> {
  const [taken] = await rows<{ id: number }>(
    trx,
    `select id from units where code = :code and id is distinct from :self::bigint`,
    { code: form.code, self: self?.id ?? null },
  );
  if (taken) return { ok: false, reason: 'code_taken' };
  if (form.parent_id && form.parent_id !== self?.parent_id) {
    const parent = await row(trx, `select 1 from units where id = :id and is_active`, { id: form.parent_id });
    if (!parent) return { ok: false, reason: 'no_such_parent' };
    if (self && (await listUnitAndBelow(trx, self.id)).has(form.parent_id))
      return { ok: false, reason: 'cycle' };
  }
  if (
    form.head_id &&
    form.head_id !== self?.head_id &&
    !(await keepActive(trx, [form.head_id])).has(form.head_id)
  )
    return { ok: false, reason: 'no_such_head' };
  return undefined;
}

/** One name is enough: it then stands for both languages. */
function stored(form: New) {
  return {
    code: form.code,
    name_en: form.name_en ?? form.name_zh ?? form.code,
    name_zh: form.name_zh ?? form.name_en ?? form.code,
    parent_id: form.parent_id,
    head_id: form.head_id,
  };
}

export async function createUnit(
  db: Db,
  by: Actor,
  form: New,
): Promise<{ ok: true; id: number } | UnitProblem> {
  return inTransaction(db, async (trx) => {
    await lockTree(trx);
    const problem = await problemOf(trx, form);
    if (problem) return problem;
    const unit = stored(form);
    const made = await row<{ id: number }>(
      trx,
      `insert into units (code, name_en, name_zh, parent_id, head_id)
       values (:code, :name_en, :name_zh, :parent_id, :head_id)
       returning id`,
      unit,
    );
    const id = made?.id ?? 0;
    await record(trx, by, { action: 'unit.create', noun: 'units', id, after: unit });
    return { ok: true, id };
  });
}

export async function updateUnit(
  db: Db,
  by: Actor,
  id: number,
  form: UnitChange,
): Promise<{ ok: true } | UnitProblem> {
  return inTransaction(db, async (trx) => {
    await lockTree(trx);
    const before = await findUnit(trx, id);
    if (!before) throw new NotFound();
    if (before.version !== form.version) return { ok: false, reason: 'stale', unit: before };
    const problem = await problemOf(trx, form, before);
    if (problem) return problem;
    const unit = stored(form);
    await change(
      trx,
      `update units
         set code = :code, name_en = :name_en, name_zh = :name_zh, parent_id = :parent_id, head_id = :head_id,
             version = version + 1
         where id = :id`,
      { ...unit, id },
    );
    const { code, name_en, name_zh, parent_id, head_id } = before;
    await record(trx, by, {
      action: 'unit.update',
      noun: 'units',
      id,
      before: { code, name_en, name_zh, parent_id, head_id },
      after: unit,
    });
    return { ok: true };
  });
}

export type UnitEnded =
  | { ok: true; moved: number }
  | { ok: false; reason: 'in_use' | 'no_such_unit' }
  | { ok: false; reason: 'stale'; unit: UnitRow };

/** Takes a unit out of use; its people and the units below go to another one. */
export async function deactivateUnit(
  db: Db,
  by: Actor,
  id: number,
  form: { version: number; move_to: number | null },
): Promise<UnitEnded> {
  return inTransaction(db, async (trx) => {
    await lockTree(trx);
    const unit = await findUnit(trx, id);
    if (!unit?.is_active) throw new NotFound();
    if (unit.version !== form.version) return { ok: false, reason: 'stale', unit };
    const inUse = await row(
      trx,
      `select 1
         from persons
         where unit_id = :id and deactivated_at is null
       union all
       select 1
         from units
         where parent_id = :id and is_active
         limit 1`,
      { id },
    );
    if (inUse && !form.move_to) return { ok: false, reason: 'in_use' };
    let moved = 0;
    if (inUse && form.move_to) {
      const target = await findUnit(trx, form.move_to);
      if (!target?.is_active || (await listUnitAndBelow(trx, id)).has(target.id))
        return { ok: false, reason: 'no_such_unit' };
      moved = await change(
        trx,
        `update persons
           set unit_id = :to, version = version + 1
           where unit_id = :id and deactivated_at is null`,
        { id, to: target.id },
      );
      await change(
        trx,
        `update units set parent_id = :to, version = version + 1 where parent_id = :id and is_active`,
        { id, to: target.id },
      );
    }
    await change(trx, `update units set is_active = false, version = version + 1 where id = :id`, { id });
    await record(trx, by, {
      action: 'unit.deactivate',
      noun: 'units',
      id,
      after: { move_to: form.move_to, people: moved },
    });
    return { ok: true, moved };
  });
}

/** Takes a unit into use again, at the top when the unit above it is no more. */
export async function reactivateUnit(db: Db, by: Actor, id: number): Promise<void> {
  await inTransaction(db, async (trx) => {
    await lockTree(trx);
    const back = await change(
      trx,
      `update units u set is_active = true, version = version + 1,
              parent_id = (select p.id from units p where p.id = u.parent_id and p.is_active)
        where id = :id and not is_active`,
      { id },
    );
    if (!back) throw new NotFound();
    await record(trx, by, { action: 'unit.reactivate', noun: 'units', id });
  });
}
