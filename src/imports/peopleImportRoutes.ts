import { stringify } from 'csv-stringify/sync';
import { buffer } from 'node:stream/consumers';
import { z } from 'zod';
import { choice } from '../lib/http/fields.js';
import { readChunks } from '../lib/files/store.js';
import { NotFound } from '../lib/http/errors.js';
import { problemsOf, type Problems } from '../lib/http/form.js';
import { secretary } from '../lib/http/policy.js';
import {
  idOf,
  page,
  redirect,
  route,
  send,
  type Answer,
  type Context,
  type Route,
} from '../lib/http/route.js';
import { decodeText, readTable, type CsvTable, type Field } from '../lib/files/table.js';
import { listAllPersons } from '../people/directoryQueries.js';
import { runImport, startImport } from './peopleImportCommands.js';
import { previewPeople } from './peoplePreview.js';
import { findImport, readKnown } from './peopleImportQueries.js';

/**
 * Columns of template and export, in their order; their headings are labels of the form, which an import
 * knows again.
 */
const COLUMNS: Field[] = [
  'name',
  'name_en',
  'email',
  'phone',
  'unit',
  'position',
  'role',
  'is_guest',
  'affiliation',
  'lang',
  'zone',
];
const LABELS = {
  name: 'people.field.name',
  name_en: 'people.field.name_en',
  email: 'people.field.email',
  phone: 'people.field.phone',
  unit: 'people.field.unit_id',
  position: 'people.field.position',
  role: 'people.field.role',
  is_guest: 'people.import.column.guest',
  affiliation: 'people.field.affiliation',
  lang: 'people.field.lang',
  zone: 'people.field.zone',
} as const;

/** Most bad lines that are shown; the rest is counted. */
const SHOWN = 200;

function importPage(c: Context, problems?: Problems): Answer {
  return page(
    'imports/people',
    {
      title: c.t('people.import.title'),
      columns: COLUMNS.map((field) => c.t(LABELS[field])),
      errors: problems?.errors ?? {},
      values: problems?.values ?? {},
      isAdministrator: c.viewer.role === 'administrator',
    },
    { status: problems ? 422 : 200 },
  );
}

function tellUnreadable(c: Context, table: Extract<CsvTable, { ok: false }>): string {
  if (table.reason === 'broken') return c.t('people.import.broken', { line: table.at ?? 1 });
  if (table.reason === 'twice')
    return c.t('people.import.columnTwice', { name: c.t(LABELS[table.name as Field]) });
  return c.t(`people.import.${table.reason}`);
}

function csv(c: Context, lines: string[][], name: string): Answer {
  // Without the mark at its head a spreadsheet reads UTF-8 as the code page of the machine.
  const head = COLUMNS.map((field) => c.t(LABELS[field]));
  return send(
    `\ufeff${stringify([head, ...lines], { record_delimiter: '\r\n', escape_formulas: true })}`,
    'text/csv; charset=utf-8',
    { name: `${name}.csv` },
  );
}

async function previewPage(c: Context, message?: string): Promise<Answer> {
  const found = await findImport(c.db, idOf(c), c.viewer.id);
  if (!found) throw new NotFound();
  if (found.finished_at)
    return page('imports/people-done', { title: c.t('people.import.doneTitle'), done: found });
  const table = readTable(found.content);
  if (!table.ok) return importPage(c, problemsOf([{ field: 'file', message: tellUnreadable(c, table) }], {}));
  const preview = previewPeople(table.lines, await readKnown(c.db), c.viewer, c.office);
  const bad = preview.flatMap((one) => (one.outcome === 'bad' ? one : []));
  const newUnits = new Set(
    preview.flatMap((one) =>
      (one.outcome === 'add' || one.outcome === 'change') && one.values.new_unit ? one.values.new_unit : [],
    ),
  );
  return page(
    'imports/people-preview',
    {
      title: c.t('people.import.previewTitle'),
      id: found.id,
      unknown: table.unknown,
      newUnits: [...newUnits],
      counts: {
        add: 0,
        change: 0,
        same: 0,
        bad: 0,
        ...Object.fromEntries(
          ['add', 'change', 'same', 'bad'].map((outcome) => [
            outcome,
            preview.filter((one) => one.outcome === outcome).length,
          ]),
        ),
      },
      bad: bad.slice(0, SHOWN).map((one) => ({
        number: one.line.number,
        text: Object.values(one.line.cells).join(' · ').slice(0, 200),
        reasons: one.reasons.map((reason) => c.t(reason.key, reason.values)),
      })),
      moreBad: Math.max(0, bad.length - SHOWN),
      some: preview
        .filter((one) => one.outcome === 'add' || one.outcome === 'change')
        .slice(0, 10)
        .map((one) => ({
          number: one.line.number,
          text: Object.values(one.line.cells).join(' · ').slice(0, 200),
          outcome: one.outcome,
        })),
      errors: message ? { '': message } : {},
    },
    { status: message ? 422 : 200, caching: 'no-store' },
  );
}

export const peopleImportRoutes: Route[] = [
  route({ method: 'get', path: '/people/import', policy: secretary, handle: (c) => importPage(c) }),
  route({
    method: 'get',
    path: '/people/import/template',
    policy: secretary,
    handle: (c) =>
      csv(
        c,
        [
          [
            c.t('people.import.example.name'),
            'Zhang Wei',
            'zhang.wei@example.org',
            '010-6200 0000',
            c.t('people.import.example.unit'),
            c.t('people.import.example.position'),
            c.t('people.role.member'),
            c.t('people.import.no'),
            '',
            c.lang === 'en' ? 'English' : '中文',
            c.office.zone,
          ],
        ],
        c.t('people.import.templateName'),
      ),
  }),
  route({
    method: 'post',
    path: '/people/import',
    policy: secretary,
    upload: { field: 'file', maxFiles: 1, wrongKind: 'people.import.wrongKind' },
    form: z.strictObject({
      text: z
        .string()
        .max(1_000_000)
        .optional()
        .transform((text) => text?.trim() ?? ''),
    }),
    async handle(c) {
      const [file] = c.files;
      const content = file ? decodeText(await buffer(readChunks(c.db, file.id))) : c.form.text;
      const table: CsvTable = content ? readTable(content) : { ok: false, reason: 'empty' };
      if (!table.ok)
        return importPage(
          c,
          problemsOf([{ field: file ? 'file' : 'text', message: tellUnreadable(c, table) }], {
            text: c.form.text,
          }),
        );
      return redirect(`/people/import/${await startImport(c.db, c.by, content.replaceAll('\0', ''))}`);
    },
    onInvalid: (c, problems) => importPage(c, problems),
  }),
  route({ method: 'get', path: '/people/import/:id', policy: secretary, handle: (c) => previewPage(c) }),
  route({
    method: 'post',
    path: '/people/import/:id',
    policy: secretary,
    form: z.strictObject({ lines: choice(['good', 'all']) }),
    async handle(c) {
      const by = { ...c.by, id: c.viewer.id, role: c.viewer.role };
      const done = await runImport(c.db, by, idOf(c), {
        all: c.form.lines === 'all',
        office: c.office,
      });
      return done.ok ? redirect(`/people/import/${idOf(c)}`) : previewPage(c, c.t('people.import.notAll'));
    },
  }),
  route({
    method: 'get',
    path: '/people/export',
    policy: secretary,
    async handle(c) {
      const persons = await listAllPersons(c.db, { guests: true });
      const lines = persons.map((person) => [
        person.name,
        person.name_en ?? '',
        person.email ?? '',
        person.phone ?? '',
        person.unit_code ?? '',
        person.position ?? '',
        c.t(`people.role.${person.role}`),
        c.t(person.is_guest ? 'people.import.yes' : 'people.import.no'),
        person.affiliation ?? '',
        person.lang === 'en' ? 'English' : '中文',
        person.zone,
      ]);
      return csv(c, lines, c.t('people.list.title'));
    },
  }),
];
