import { record, type Actor } from '../lib/audit/record.js';
import { change, inTransaction, refusedBy, row, rows, type Db } from '../lib/db/db.js';
import { Forbidden, NotFound } from '../lib/http/errors.js';
import { findGroup, type Group } from './groupQueries.js';

export interface GroupFields {
  name_en: string;
  name_zh: string;
  note: string;
  memberIds: number[];
}
export type GroupRefused = { ok: false; reason: 'name' } | { ok: false; reason: 'stale'; group: Group };

export function createGroup(
  db: Db,
  by: Actor,
  input: GroupFields,
): Promise<{ ok: true; id: number } | GroupRefused> {
  return inTransaction(db, async (trx) => {
    await requireOffice(trx, by);
    const made = await row<{ id: number }>(
      trx,
      `insert into people_groups (name_en, name_zh, note)
       values (:name_en, :name_zh, :note)
       on conflict do nothing
       returning id`,
      named(input),
    );
    if (!made) return { ok: false, reason: 'name' };
    await writeMembers(trx, made.id, input.memberIds);
    await record(trx, by, {
      action: 'group.create',
      noun: 'people_groups',
      id: made.id,
      after: { ...named(input), members: input.memberIds },
    });
    return { ok: true, id: made.id };
  });
}

export function updateGroup(
  db: Db,
  by: Actor,
  { id, version }: { id: number; version: number },
  input: GroupFields,
): Promise<{ ok: true } | GroupRefused> {
  return inTransaction(db, async (trx) => {
    await requireOffice(trx, by);
    const group = await lockGroup(trx, id);
    if (group.version !== version) return { ok: false, reason: 'stale', group };
    const taken = await row(
      trx,
      `select 1
         from people_groups
         where (lower(name_en) = lower(:name_en) or name_zh = :name_zh) and id <> :id`,
      { ...named(input), id },
    );
    if (taken) return { ok: false, reason: 'name' };
    const refused = await refusedBy(trx, ['people_groups_en', 'people_groups_zh'], (inner) =>
      change(
        inner,
        `update people_groups set name_en = :name_en, name_zh = :name_zh, note = :note, version = version + 1
          where id = :id`,
        { ...named(input), id },
      ),
    );
    if (refused) return { ok: false, reason: 'name' };
    await writeMembers(trx, id, input.memberIds);
    await record(trx, by, {
      action: 'group.update',
      noun: 'people_groups',
      id,
      before: {
        name_en: group.name_en,
        name_zh: group.name_zh,
        note: group.note,
        members: group.members.map((one) => one.id),
      },
      after: { ...named(input), members: input.memberIds },
    });
    return { ok: true };
  });
}

/** With its rules and its place among approvers, which the page has shown. */
export function removeGroup(db: Db, by: Actor, id: number): Promise<void> {
  return inTransaction(db, async (trx) => {
    await requireOffice(trx, by);
    const group = await lockGroup(trx, id);
    await change(trx, `delete from people_groups where id = :id`, { id });
    await record(trx, by, {
      action: 'group.remove',
      noun: 'people_groups',
      id,
      before: { name_en: group.name_en, name_zh: group.name_zh, members: group.members.map((one) => one.id) },
    });
  });
}

function named({ name_en, name_zh, note }: GroupFields) {
  return { name_en, name_zh, note };
}

async function requireOffice(trx: Db, by: Actor): Promise<void> {
  const office = await row(
    trx,
    `select 1
       from persons
       where id = :by and role in ('secretary', 'administrator') and deactivated_at is null`,
    { by: by.id },
  );
  if (!office) throw new Forbidden();
}

async function lockGroup(trx: Db, id: number): Promise<Group> {
  await rows(trx, `select 1 from people_groups where id = :id for update`, { id });
  const group = await findGroup(trx, id);
  if (!group) throw new NotFound();
  return group;
}

async function writeMembers(trx: Db, id: number, memberIds: number[]): Promise<void> {
  await change(trx, `delete from people_group_members where group_id = :id and person_id <> all(:members)`, {
    id,
    members: memberIds,
  });
  await change(
    trx,
    `insert into people_group_members (group_id, person_id)
     select :id::bigint, p.id
       from persons p
       where p.id = any(:members) and p.deactivated_at is null
     on conflict do nothing`,
    { id, members: memberIds },
  );
}

/** Two persons become one: who stays is in the groups of both. For the merge of persons. */
export async function mergeGroupMembers(trx: Db, keepId: number, dropId: number): Promise<void> {
  await change(
    trx,
    `insert into people_group_members (group_id, person_id)
     select group_id, :keep::bigint
       from people_group_members
       where person_id = :drop
     on conflict do nothing`,
    { keep: keepId, drop: dropId },
  );
  await change(trx, `delete from people_group_members where person_id = :drop`, { drop: dropId });
}
