import { NotFound } from '../lib/http/errors.js';
import { isSecretary, signedIn } from '../lib/http/policy.js';
import { idOf, page, route, send, type Context, type Route } from '../lib/http/route.js';
import { mayRecord } from '../meetings/policy.js';
import { findMeeting } from '../meetings/queries.js';
import { fileName } from '../documents/document.js';
import { findDocument, listChanges, specFor } from './documentQueries.js';
import { obtainDrawing } from './drawingCommands.js';
import { ReadingQuery, RegisterQuery } from './forms.js';
import { maySeeDraft } from './policy.js';
import { listIssued } from './circulationQueries.js';
import { findMinutes, findMinutesOf, listComments, type Minutes, type VersionLine } from './queries.js';
import { drawingLinks, showMinutes, versionShown } from './page.js';
import { layOutDocument } from './documentPage.js';

async function readVersion(c: Context, minutes: Minutes, number: number): Promise<VersionLine> {
  const version = minutes.versions.find((one) => one.number === number);
  if (!version || (!maySeeDraft(minutes) && version.issued_at === null)) throw new NotFound();
  return version;
}

const registerPage = 50;

export const documentRoutes: Route[] = [
  route({
    method: 'get',
    path: '/minutes',
    policy: signedIn,
    query: RegisterQuery,
    async handle(c) {
      const { q, after } = c.query;
      const [at, id] = (after ?? '').split('-').map(Number);
      const lines = await listIssued(
        c.db,
        { id: c.viewer.id, is_office: isSecretary(c.viewer) },
        {
          text: q || undefined,
          after: at !== undefined && id !== undefined && after ? { at: new Date(at), id } : undefined,
        },
        registerPage,
      );
      const shown = lines.slice(0, registerPage);
      const last = shown.at(-1);
      const more = lines.length > registerPage && last ? olderRegister(q, last) : undefined;
      return page(
        'minutes/register',
        { title: c.t('minutes.register.title'), lines: shown, q: q ?? '', more, isFirst: !after },
        { caching: 'no-store' },
      );
    },
  }),
  route({
    method: 'get',
    path: '/meetings/:id/minutes',
    policy: signedIn,
    async handle(c) {
      const minutes = await findMinutesOf(c.db, c.viewer, idOf(c));
      if (minutes) return showMinutes(c, minutes);
      const meeting = await findMeeting(c.db, c.viewer, idOf(c));
      return page(
        'minutes/none',
        {
          title: c.t('minutes.page.title'),
          meeting,
          mayBegin: mayRecord(meeting) && meeting.state === 'ended',
        },
        { caching: 'no-store' },
      );
    },
  }),
  route({
    method: 'get',
    path: '/minutes/:id',
    policy: signedIn,
    handle: async (c) => showMinutes(c, await findMinutes(c.db, c.viewer, idOf(c))),
  }),
  route({
    method: 'get',
    path: '/minutes/:id/versions/:number',
    policy: signedIn,
    async handle(c) {
      const minutes = await findMinutes(c.db, c.viewer, idOf(c));
      const version = await readVersion(c, minutes, idOf(c, 'number'));
      const spec = await specFor(c.db, c.viewer, minutes, { versionId: version.id });
      const document = layOutDocument(await findDocument(c.db, spec));
      const before = minutes.versions.find(
        (one) => one.number < version.number && (maySeeDraft(minutes) || one.issued_at !== null),
      );
      return page(
        'minutes/version',
        {
          title: c.t('minutes.version.title', { number: version.number }),
          minutes,
          version,
          document,
          before,
          changes: before
            ? await listChanges(c.db, c.lang, spec, { beforeId: before.id, afterId: version.id })
            : [],
          comments: maySeeDraft(minutes)
            ? (await listComments(c.db, c.viewer, minutes.id)).filter(
                (comment) => comment.version_id === version.id && comment.review_id !== null,
              )
            : [],
          drawings: drawingLinks(minutes, version.id, c.t),
        },
        { caching: 'no-store' },
      );
    },
  }),
  route({
    method: 'get',
    path: '/minutes/:id/pdf',
    policy: signedIn,
    query: ReadingQuery,
    async handle(c) {
      const minutes = await findMinutes(c.db, c.viewer, idOf(c));
      const version = c.query.version
        ? (await readVersion(c, minutes, c.query.version)).id
        : versionShown(minutes);
      const spec = await specFor(c.db, c.viewer, minutes, { versionId: version, ...c.query });
      const pdf = await obtainDrawing(c.db, c.config.dataDir, spec);
      if (!pdf)
        return page(
          'minutes/later',
          { title: c.t('minutes.pdf.later'), minutes, again: c.path },
          { status: 503, caching: 'no-store' },
        );
      return send(pdf, 'application/pdf', {
        name: fileName(minutes.title, minutes.lang, spec.lang),
        headers: { 'X-Content-Type-Options': 'nosniff' },
      });
    },
  }),
];

/** The address of the register's next page, which begins after this line. */
function olderRegister(q: string | undefined, last: { id: number; issued_at: Date }): string {
  const after = `${last.issued_at.getTime()}-${last.id}`;
  return `/minutes?${new URLSearchParams(q ? { q, after } : { after }).toString()}`;
}
