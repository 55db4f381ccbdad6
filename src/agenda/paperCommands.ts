import { record, type Actor } from '../lib/audit/record.js';
import { change, inTransaction, row, type Db } from '../lib/db/db.js';
import { keepFiles, type ArrivedFile } from '../lib/files/store.js';
import { Conflict, Forbidden, NotFound } from '../lib/http/errors.js';
import { actingFor } from '../meetings/actingCommands.js';
import { lockItem } from './itemCommands.js';
import { mayAddPaper } from './policy.js';

/** Attaches arrived files to an item. @returns the meeting's id */
export function addPapers(db: Db, by: Actor, itemId: number, files: ArrivedFile[]): Promise<number> {
  return inTransaction(db, async (trx) => {
    const { item, meeting } = await lockItem(trx, by, itemId);
    if (!mayAddPaper({ id: by.id ?? -1 }, meeting, item)) throw new Forbidden();
    await keepFiles(
      trx,
      by,
      files.map(({ id }) => id),
    );
    await change(
      trx,
      `insert into papers (item_id, file_id, name, added_by)
       select :item, f.id, f.name, :by
         from unnest(cast(:ids as bigint[]), cast(:names as text[])) with ordinality as f (id, name, place)
        order by f.place`,
      { item: itemId, by: by.id, ids: files.map(({ id }) => id), names: files.map(({ name }) => name) },
    );
    await record(trx, actingFor(by, meeting), {
      action: 'paper.add',
      noun: 'agenda_items',
      id: itemId,
      meetingId: meeting.id,
      after: item.is_restricted ? { count: files.length } : { names: files.map(({ name }) => name) },
    });
    return meeting.id;
  });
}

/**
 * A new version of a paper, of an item of this meeting; the earlier ones stay readable. Two at once: the
 * second is told.
 */
export function replacePaper(db: Db, by: Actor, paperId: number, file: ArrivedFile): Promise<number> {
  return inTransaction(db, async (trx) => {
    const { paper, item, meeting } = await lockPaper(trx, by, paperId);
    if (await row(trx, `select 1 from papers where replaces_id = :id`, { id: paperId }))
      throw new Conflict('agenda.problem.paperReplaced');
    await keepFiles(trx, by, [file.id]);
    await change(
      trx,
      `insert into papers (item_id, file_id, name, version_no, replaces_id, added_by)
       values (:item, :file, :name, :version, :replaces, :by)`,
      {
        item: paper.item_id,
        file: file.id,
        name: file.name,
        version: paper.version_no + 1,
        replaces: paperId,
        by: by.id,
      },
    );
    await record(trx, actingFor(by, meeting), {
      action: 'paper.replace',
      noun: 'agenda_items',
      id: item.id,
      meetingId: meeting.id,
      after: item.is_restricted ? {} : { name: file.name, version: paper.version_no + 1 },
    });
    return meeting.id;
  });
}

/** Takes a paper with all its versions off the agenda; the rows stay. */
export function removePaper(db: Db, by: Actor, paperId: number): Promise<number> {
  return inTransaction(db, async (trx) => {
    const { item, meeting } = await lockPaper(trx, by, paperId);
    await change(
      trx,
      `with recursive back as (
         select id, replaces_id
         from papers
         where id = :id
         union all
         select p.id, p.replaces_id
         from papers p
         join back b on p.id = b.replaces_id
       ), forth as (
         select id
         from papers
         where id = :id
         union all
         select p.id
         from papers p
         join forth f on p.replaces_id = f.id
       ) update papers
         set removed_at = now()
         where removed_at is null and (id in (select id from back) or id in (select id from forth))`,
      { id: paperId },
    );
    await record(trx, actingFor(by, meeting), {
      action: 'paper.remove',
      noun: 'agenda_items',
      id: item.id,
      meetingId: meeting.id,
    });
    return meeting.id;
  });
}

async function lockPaper(trx: Db, by: Actor, paperId: number) {
  const paper = await row<{ item_id: number; version_no: number; removed_at: Date | null }>(
    trx,
    `select item_id, version_no, removed_at from papers where id = :id`,
    { id: paperId },
  );
  if (!paper || paper.removed_at) throw new NotFound();
  const { item, meeting } = await lockItem(trx, by, paper.item_id);
  if (!mayAddPaper({ id: by.id ?? -1 }, meeting, item)) throw new Forbidden();
  return { paper, item, meeting };
}
