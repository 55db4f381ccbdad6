import { buffer } from 'node:stream/consumers';
import { type ArrivedFile, readChunks } from '../lib/files/store.js';
import { CSV } from '../lib/http/csv.js';
import { BadRequest } from '../lib/http/errors.js';
import { problemsOf } from '../lib/http/form.js';
import { once } from '../lib/http/once.js';
import { secretary } from '../lib/http/policy.js';
import { idOf, redirect, route, send, type Answer, type Context, type Route } from '../lib/http/route.js';
import { addDays, dayOf, startOfDay } from '../lib/time/zone.js';
import { decodeText } from '../lib/files/table.js';
import { bookingsCsv, roomsCsv } from './exportTable.js';
import { listRoomsForExport } from './exportQueries.js';
import { MOST_BYTES, Unreadable } from './entry.js';
import {
  beginBookingImport,
  decideClashes,
  startBookingImport,
  startRoomImport,
  type Decision,
  type PlaceChoice,
} from './commands.js';
import {
  BookingsUploadForm,
  ClashesForm,
  ExportQuery,
  MrbsUploadForm,
  PlacesForm,
  RoomLinesForm,
  RoomsUploadForm,
} from './forms.js';
import { importPage, movingPage, unreadablePage, type FormName } from './page.js';
import type { ImportKind } from './queries.js';
import { runRoomImport } from './roomImportCommands.js';
import { readRoomTable } from './roomPreview.js';

const at = (id: number) => `/admin/moving-in/${id}`;

const missing = (
  c: Context,
  form: FormName,
  key: 'moving.file.none' | 'moving.file.tooLarge' | 'moving.file.wrongKind',
): Promise<Answer> =>
  movingPage(
    c,
    problemsOf([{ field: 'file', message: c.t(key, { size: MOST_BYTES / 1024 / 1024 }) }], c.req.body ?? {}),
    form,
  );

function extensionOf(file: ArrivedFile): string {
  return /\.(\w+)$/.exec(file.name)?.[1]?.toLowerCase() ?? '';
}

/** Keeps the file and goes where it is read; the same form again goes there, too. */
async function startReading(
  c: Context,
  form: FormName,
  kinds: Record<string, Exclude<ImportKind, 'rooms'>>,
  input: { source: string; zone: string; key: string },
): Promise<Answer> {
  const [file] = c.files;
  if (!file) return missing(c, form, 'moving.file.none');
  if (file.bytes > MOST_BYTES) return missing(c, form, 'moving.file.tooLarge');
  const kind = kinds[extensionOf(file)];
  if (!kind) return missing(c, form, 'moving.file.wrongKind');
  const { source, zone, key } = input;
  const done = await once(
    c.db,
    { person: c.viewer.id, key, body: { source, zone, name: file.name, bytes: file.bytes } },
    async (trx) => ({
      location: at(
        await startBookingImport(trx, c.by, { kind, name: file.name, fileId: file.id, source, zone }),
      ),
    }),
  );
  return redirect(done.location);
}

function choicesOf(form: { place: string[]; choice: string[] }): PlaceChoice[] {
  return form.place.flatMap((key, n): PlaceChoice[] => {
    const choice = form.choice[n] ?? '';
    if (choice === '') return [];
    if (choice === 'new' || choice === 'no_room' || choice === 'out') return [{ key, choice, roomId: null }];
    return [{ key, choice: 'room', roomId: Number(choice) }];
  });
}

export const importsRoutes: Route[] = [
  route({ method: 'get', path: '/admin/moving-in', policy: secretary, handle: (c) => movingPage(c) }),
  route({
    method: 'get',
    path: '/admin/moving-in/export/rooms',
    policy: secretary,
    async handle(c) {
      return send(roomsCsv(await listRoomsForExport(c.db), c.t), CSV, {
        name: `${c.t('moving.export.roomsName')}.csv`,
      });
    },
  }),
  route({
    method: 'get',
    path: '/admin/moving-in/export/bookings',
    policy: secretary,
    query: ExportQuery,
    handle(c) {
      const from = c.query.from ?? dayOf(c.now, c.office.zone);
      const to = c.query.to ?? addDays(from, 365);
      const span = { from: startOfDay(from, c.office.zone), to: startOfDay(addDays(to, 1), c.office.zone) };
      return send(bookingsCsv(c.db, c.viewer.id, span, { zone: c.office.zone, t: c.t }), CSV, {
        name: `${c.t('moving.export.bookingsName')} ${from} ${to}.csv`,
      });
    },
  }),
  route({
    method: 'post',
    path: '/admin/moving-in/rooms',
    policy: secretary,
    upload: { field: 'file', maxFiles: 1, wrongKind: 'moving.file.isOfWrongKind' },
    form: RoomsUploadForm,
    async handle(c) {
      const [file] = c.files;
      if (!file) return missing(c, 'rooms', 'moving.file.none');
      if (!['csv', 'txt'].includes(extensionOf(file))) return missing(c, 'rooms', 'moving.file.wrongKind');
      if (file.bytes > MOST_BYTES / 4) return missing(c, 'rooms', 'moving.file.tooLarge');
      const content = decodeText(await buffer(readChunks(c.db, file.id))).replaceAll('\0', '');
      try {
        readRoomTable(content);
      } catch (error) {
        if (error instanceof Unreadable) return unreadablePage(c, 'rooms', error.reason);
        throw error;
      }
      const done = await once(
        c.db,
        { person: c.viewer.id, key: c.form.key, body: { content } },
        async (trx) => ({
          location: at(await startRoomImport(trx, c.by, { name: file.name, content, zone: c.office.zone })),
        }),
      );
      return redirect(done.location);
    },
    onInvalid: (c, problems) => movingPage(c, problems, 'rooms'),
  }),
  route({
    method: 'post',
    path: '/admin/moving-in/bookings',
    policy: secretary,
    upload: { field: 'file', maxFiles: 1, wrongKind: 'moving.file.isOfWrongKind' },
    form: BookingsUploadForm,
    handle: (c) =>
      startReading(c, 'bookings', { csv: 'bookings', txt: 'bookings' }, { ...c.form, source: 'csv' }),
    onInvalid: (c, problems) => movingPage(c, problems, 'bookings'),
  }),
  route({
    method: 'post',
    path: '/admin/moving-in/mrbs',
    policy: secretary,
    upload: { field: 'file', maxFiles: 1, also: ['sql', 'ics'], wrongKind: 'moving.file.isOfWrongKind' },
    form: MrbsUploadForm,
    handle: (c) =>
      startReading(
        c,
        'mrbs',
        { sql: 'mrbs_sql', txt: 'mrbs_sql', ics: 'mrbs_ics' },
        { ...c.form, source: `mrbs:${c.form.source}` },
      ),
    onInvalid: (c, problems) => movingPage(c, problems, 'mrbs'),
  }),
  route({ method: 'get', path: '/admin/moving-in/:id', policy: secretary, handle: (c) => importPage(c) }),
  route({
    method: 'post',
    path: '/admin/moving-in/:id/rooms',
    policy: secretary,
    form: RoomLinesForm,
    async handle(c) {
      const done = await runRoomImport(c.db, c.by, idOf(c), { all: c.form.lines === 'all' });
      return done.ok ? redirect(at(idOf(c))) : importPage(c, c.t('moving.notAll'));
    },
  }),
  route({
    method: 'post',
    path: '/admin/moving-in/:id/places',
    policy: secretary,
    form: PlacesForm,
    async handle(c) {
      const done = await beginBookingImport(c.db, c.by, idOf(c), {
        choices: choicesOf(c.form),
        all: c.form.lines === 'all',
      });
      if (done.ok) return redirect(at(idOf(c)));
      return importPage(c, c.t(done.reason === 'bad_rows' ? 'moving.notAll' : 'moving.place.missing'));
    },
  }),
  route({
    method: 'post',
    path: '/admin/moving-in/:id/clashes',
    policy: secretary,
    form: ClashesForm,
    async handle(c) {
      const decisions = c.form.row.flatMap((number, n): Decision[] => {
        const decision = c.form.decision[n] ?? '';
        if (decision === '') return [];
        if (decision === 'out' || decision === 'no_room') return [{ number, decision, roomId: null }];
        return [{ number, decision: 'room', roomId: Number(decision) }];
      });
      if (new Set(decisions.map(({ number }) => number)).size !== decisions.length) throw new BadRequest();
      const { changed } = await decideClashes(c.db, c.by, idOf(c), { decisions, all: c.form.all });
      return changed > 0 ? redirect(at(idOf(c))) : importPage(c, c.t('moving.clash.none'));
    },
  }),
];
