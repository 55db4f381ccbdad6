import { Readable } from 'node:stream';
import { ACCEPTED, safeName } from '../lib/files/kinds.js';
import { crc32 } from '../lib/files/crc32.js';
import { sendFile } from '../lib/files/send.js';
import { MAX_FILE_BYTES, readChunks } from '../lib/files/store.js';
import { distinctNames, MAX_ZIP_BYTES, writeZip, zipLength, type ZipEntry } from '../lib/files/zip.js';
import { BadRequest, Forbidden, NotFound } from '../lib/http/errors.js';
import { problemsOf, type Problems } from '../lib/http/form.js';
import { signedIn } from '../lib/http/policy.js';
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
import type { Db } from '../lib/db/db.js';
import { maySeeAgenda } from '../meetings/policy.js';
import { findMeeting } from '../meetings/queries.js';
import { titleOf } from '../meetings/title.js';
import { sizeOf } from './agendaPage.js';
import { NoFields } from './forms.js';
import { addPapers, removePaper, replacePaper } from './paperCommands.js';
import { mayAddPaper } from './policy.js';
import { findItem, findPaper, listPaperFiles, listVersions, loadAgenda } from './queries.js';

export const MAX_PAPERS = 20;

export const paperRoutes: Route[] = [
  route({ method: 'get', path: '/items/:id/papers', policy: signedIn, handle: (c) => showAttach(c) }),
  route({
    method: 'post',
    path: '/items/:id/papers',
    policy: signedIn,
    form: NoFields,
    upload: { field: 'files', maxFiles: MAX_PAPERS, authorise: requireItem },
    async handle(c) {
      if (c.files.length === 0)
        return showAttach(c, problemsOf([{ field: 'files', message: c.t('agenda.paper.none') }], {}));
      const meetingId = await addPapers(c.db, c.by, idOf(c), c.files);
      return redirect(`/meetings/${meetingId}/agenda`, {
        notice: { key: 'agenda.notice.papersAdded', values: { count: c.files.length } },
      });
    },
    onInvalid: showAttach,
  }),
  route({ method: 'get', path: '/papers/:id', policy: signedIn, handle: download }),
  route({ method: 'get', path: '/papers/:id/versions', policy: signedIn, handle: (c) => showVersions(c) }),
  route({
    method: 'post',
    path: '/papers/:id/versions',
    policy: signedIn,
    form: NoFields,
    upload: { field: 'files', maxFiles: 1, authorise: requirePaper },
    async handle(c) {
      const [file] = c.files;
      if (!file)
        return showVersions(c, problemsOf([{ field: 'files', message: c.t('agenda.paper.none') }], {}));
      const meetingId = await replacePaper(c.db, c.by, idOf(c), file);
      return redirect(`/meetings/${meetingId}/agenda`, { notice: 'agenda.notice.paperReplaced' });
    },
    onInvalid: showVersions,
  }),
  route({
    method: 'post',
    path: '/papers/:id/removal',
    policy: signedIn,
    form: NoFields,
    handle: async (c) =>
      redirect(`/meetings/${await removePaper(c.db, c.by, idOf(c))}/agenda`, {
        notice: 'agenda.notice.paperRemoved',
      }),
  }),
  route({ method: 'get', path: '/meetings/:id/papers.zip', policy: signedIn, handle: downloadAll }),
];

async function requireItem(c: Context) {
  const found = await findItem(c.db, c.viewer, idOf(c));
  if (!mayAddPaper(c.viewer, found.meeting, found.item)) throw new Forbidden();
  return found;
}

async function requirePaper(c: Context) {
  const found = await findPaper(c.db, c.viewer, idOf(c));
  if (found.paper.item_id !== found.item.id || !mayAddPaper(c.viewer, found.meeting, found.item))
    throw new Forbidden();
  return found;
}

async function showAttach(c: Context, problems?: Problems): Promise<Answer> {
  const { item, meeting } = await requireItem(c);
  return page(
    'agenda/attach',
    {
      title: c.t('agenda.paper.attach'),
      item,
      meeting,
      name: titleOf(c.t, meeting),
      errors: problems?.errors ?? {},
      accepted: ACCEPTED,
      limits: { size: MAX_FILE_BYTES / 1024 / 1024, count: MAX_PAPERS },
    },
    { status: problems ? 422 : 200, caching: 'no-store' },
  );
}

async function download(c: Context): Promise<Answer> {
  const { paper } = await findPaper(c.db, c.viewer, idOf(c));
  return sendFile(c.db, paper.file_id, paper.name);
}

async function showVersions(c: Context, problems?: Problems): Promise<Answer> {
  const { paper, item, meeting } = await findPaper(c.db, c.viewer, idOf(c));
  const mayChange = paper.item_id === item.id && mayAddPaper(c.viewer, meeting, item);
  if (problems && !mayChange) throw new Forbidden();
  return page(
    'agenda/paper',
    {
      title: c.t('agenda.paper.manage', { name: paper.name }),
      paper,
      item,
      meeting,
      name: titleOf(c.t, meeting),
      versions: (await listVersions(c.db, paper.id)).map((version) => ({
        title: version.name,
        href: `/papers/${version.id}`,
        meta: [
          c.t('agenda.paper.version', { no: version.version_no }),
          sizeOf(c, version.bytes),
          c.fmt.name(version.adder),
          c.fmt.dateTime(version.added_at),
        ],
      })),
      mayChange,
      errors: problems?.errors ?? {},
      accepted: ACCEPTED,
    },
    { status: problems ? 422 : 200, caching: 'no-store' },
  );
}

/**
 * All papers that this person may see, named by the number of their item, in one archive that is written
 * while it is sent.
 */
async function downloadAll(c: Context): Promise<Answer> {
  const meeting = await findMeeting(c.db, c.viewer, idOf(c));
  if (!maySeeAgenda(meeting)) throw new Forbidden();
  const { lines } = await loadAgenda(c.db, c.viewer, meeting);
  const papers = lines.flatMap((line) =>
    line.is_hidden || !line.is_on_agenda ? [] : line.papers.map((paper) => ({ ...paper, no: line.no })),
  );
  const files = new Map(
    (
      await listPaperFiles(
        c.db,
        papers.map(({ id }) => id),
      )
    ).map((file) => [file.paper_id, file]),
  );
  const names = distinctNames(papers.map((paper) => `${paper.no ?? 0}-${safeName(paper.name)}`));
  const entries: ZipEntry[] = [];
  for (const [i, paper] of papers.entries()) {
    const file = files.get(paper.id);
    if (!file) continue;
    const checksum = file.crc32 ?? (await checksumOf(c.db, file.file_id));
    entries.push({
      name: names[i] ?? paper.name,
      bytes: file.bytes,
      crc32: checksum,
      at: file.added_at,
      open: () => readChunks(c.db, file.file_id),
    });
  }
  if (entries.length === 0) throw new NotFound();
  const length = zipLength(entries);
  if (length > MAX_ZIP_BYTES) throw new BadRequest('lib.error.tooLarge');
  const name = safeName(`${c.t('agenda.paper.zipName', { title: titleOf(c.t, meeting) })}.zip`);
  return send(Readable.from(writeZip(entries), { objectMode: false }), 'application/zip', {
    name,
    headers: { 'Content-Length': String(length) },
  });
}

async function checksumOf(db: Db, fileId: number): Promise<number> {
  let checksum = 0;
  for await (const part of readChunks(db, fileId) as AsyncIterable<Buffer>) checksum = crc32(part, checksum);
  return checksum;
}
