import { recordAll, type Actor, type AuditEvent } from '../lib/audit/record.js';
import { change, inTransaction, row, rows, type Db } from '../lib/db/db.js';
import { NotFound } from '../lib/http/errors.js';
import type { Role } from '../lib/http/policy.js';
import type { Lang } from '../lib/i18n/translate.js';
import { readTable } from '../lib/files/table.js';
import { findImport, readKnown, type ImportRow } from './peopleImportQueries.js';
import { previewPeople, type PersonPreview } from './peoplePreview.js';
import { createUnit } from '../people/unitCommands.js';

/** Keeps an uploaded table for its preview. @returns its id */
export async function startImport(db: Db, by: Actor, content: string): Promise<number> {
  const made = await row<{ id: number }>(
    db,
    `insert into person_imports (content, created_by) values (:content, :by) returning id`,
    { content, by: by.id },
  );
  if (!made) throw new Error('the table was not kept');
  return made.id;
}

export type Imported = { ok: true; done: ImportRow } | { ok: false; reason: 'bad_lines' | 'unreadable' };

/**
 * Imports a table, once: posted again it says what the first time did. The preview is made anew from what is
 * there now.
 * @param options.all nothing unless every line is good
 * @param options.office what holds for a person whose line does not say it
 */
export async function runImport(
  db: Db,
  by: Actor & { id: number; role: Role },
  id: number,
  options: { all: boolean; office: { lang: Lang; zone: string } },
): Promise<Imported> {
  return inTransaction(db, async (trx) => {
    // Two files at once would both find somebody missing whom both bring.
    await change(trx, `select pg_advisory_xact_lock(hashtext('person import'))`);
    const found = await findImport(trx, id, by.id, { lock: true });
    if (!found) throw new NotFound();
    if (found.finished_at) return { ok: true, done: found };
    const table = readTable(found.content);
    if (!table.ok) return { ok: false, reason: 'unreadable' };
    const preview = previewPeople(table.lines, await readKnown(trx), by, options.office);
    const bad = preview.filter((one) => one.outcome === 'bad').length;
    if (options.all && bad > 0) return { ok: false, reason: 'bad_lines' };
    await makeUnits(trx, by, preview);
    const added = await addPersons(trx, by, preview);
    const changed = await changePersons(trx, by, preview);
    const done = await row<ImportRow>(
      trx,
      `update person_imports
          set finished_at = now(), added = :added, changed = :changed, left_out = :bad
        where id = :id
       returning *`,
      { id, added, changed, bad },
    );
    await recordAll(trx, by, [
      { action: 'person.import', noun: 'persons', after: { added, changed, left_out: bad } },
    ]);
    return { ok: true, done: done ?? found };
  });
}

/** Units that only the table knows; several lines may name the same one. */
async function makeUnits(trx: Db, by: Actor, preview: PersonPreview[]): Promise<void> {
  const made = new Map<string, number>();
  for (const line of preview) {
    if ((line.outcome !== 'add' && line.outcome !== 'change') || !line.values.new_unit) continue;
    const name = line.values.new_unit;
    const key = name.normalize('NFKC').toLowerCase();
    if (!made.has(key)) {
      const stem =
        name
          .normalize('NFKC')
          .toLowerCase()
          .replace(/[^\p{L}\p{N}]+/gu, '-')
          .replace(/^-+|-+$/g, '')
          .slice(0, 30) || 'unit';
      let unit = await createUnit(trx, by, {
        code: stem,
        name_en: name,
        name_zh: null,
        parent_id: null,
        head_id: null,
      });
      for (let n = 2; !unit.ok && unit.reason === 'code_taken'; n++)
        unit = await createUnit(trx, by, {
          code: `${stem}-${n}`,
          name_en: name,
          name_zh: null,
          parent_id: null,
          head_id: null,
        });
      if (!unit.ok) throw new Error(`unit not made: ${unit.reason}`);
      made.set(key, unit.id);
    }
    line.values.unit_id = made.get(key) ?? null;
  }
}

const COLUMNS = `name text, name_en text, email text, phone text, position text, unit_id bigint,
  affiliation text, role text, is_guest boolean, lang text, zone text`;

async function addPersons(trx: Db, by: Actor, preview: PersonPreview[]): Promise<number> {
  const fresh = preview.flatMap((one) => (one.outcome === 'add' ? one.values : []));
  const added = await rows<{
    id: number;
    unit_id: number | null;
    role: string;
    is_guest: boolean;
    lang: string;
  }>(
    trx,
    `insert into persons (name, name_en, email, phone, position, unit_id,
                          affiliation, role, is_guest, lang, zone)
     select n.name, n.name_en, n.email, n.phone, n.position, n.unit_id,
            n.affiliation, n.role, n.is_guest, n.lang, n.zone
       from jsonb_to_recordset(cast(:fresh as jsonb)) as n (${COLUMNS})
     on conflict do nothing
     returning id, unit_id, role, is_guest, lang`,
    { fresh: JSON.stringify(fresh) },
  );
  await recordAll(
    trx,
    by,
    added.map(({ id, ...after }): AuditEvent => ({ action: 'person.create', noun: 'persons', id, after })),
  );
  return added.length;
}

async function changePersons(trx: Db, by: Actor, preview: PersonPreview[]): Promise<number> {
  const changes = preview.flatMap((one) => (one.outcome === 'change' ? one : []));
  const changed = await change(
    trx,
    `update persons p
        set name = n.name, name_en = n.name_en, email = n.email, phone = n.phone,
            position = n.position, unit_id = n.unit_id, affiliation = n.affiliation,
            is_guest = n.is_guest, lang = n.lang, zone = n.zone, version = p.version + 1
       from jsonb_to_recordset(cast(:changes as jsonb)) as n (id bigint, ${COLUMNS})
      where p.id = n.id`,
    { changes: JSON.stringify(changes.map(({ id, values }) => ({ id, ...values }))) },
  );
  // As with a change by hand: what is personal is only said to have changed.
  const open = ['unit_id', 'is_guest', 'lang'] as const;
  await recordAll(
    trx,
    by,
    changes.map(({ id, before, values, fields }): AuditEvent => {
      const told = open.filter((field) => fields.includes(field));
      const personal = fields.filter(
        (field) => !(open as readonly string[]).includes(field) && field !== 'zone',
      );
      return {
        action: 'person.update',
        noun: 'persons',
        id,
        before: Object.fromEntries(told.map((field) => [field, before[field]])),
        after: {
          ...Object.fromEntries(told.map((field) => [field, values[field]])),
          changed: personal.length ? personal : undefined,
        },
      };
    }),
  );
  return changed;
}

/** Tables are personal data and of no use after their import. */
export async function cleanImports(db: Db): Promise<void> {
  await change(db, `delete from person_imports where created_at < now() - interval '7 days'`);
}
