import { row, type Db } from '../lib/db/db.js';
import type { Lang } from '../lib/i18n/translate.js';
import { compareVersions, type Change } from '../documents/difference.js';
import { buildDocument, tellIn, type MinutesDocument } from '../documents/document.js';
import { maySeeAllItems } from './policy.js';
import { listCopies } from './circulationQueries.js';
import { findContent, listOwnItems, type Minutes } from './queries.js';
import {
  canonicalJson,
  readSnapshot,
  sha256,
  type Snapshot,
  type SnapshotPerson,
} from '../documents/snapshot.js';
import { collectSnapshot } from './snapshotQueries.js';

/** One rendering: which version, for which reader. */
export interface DocumentSpec {
  minutes_id: number;
  /** null: the working draft as it stands. */
  version_id: number | null;
  lang: Lang;
  template: 'plain' | 'official';
  /** Restricted items this reader sees. */
  sees: 'all' | number[];
}

/**
 * The rendering of a version (null: the working draft) for one person; in the document's own language unless
 * told.
 */
export async function specFor(
  db: Db,
  person: { id: number },
  minutes: Minutes,
  rendering: {
    versionId: number | null;
    lang?: Lang | undefined;
    template?: 'plain' | 'official' | undefined;
  },
): Promise<DocumentSpec> {
  const lang = rendering.lang ?? minutes.lang;
  return {
    minutes_id: minutes.id,
    version_id: rendering.versionId,
    lang,
    template:
      lang === 'en'
        ? 'plain'
        : (rendering.template ?? (minutes.lang === lang ? minutes.template : 'official')),
    sees: maySeeAllItems(minutes) ? 'all' : await listOwnItems(db, person, minutes.meeting_id),
  };
}

interface Head {
  number_year: number | null;
  number: number | null;
  version: number;
  sha256: string | null;
  content: string | null;
  approved_at: Date | null;
  issued_at: Date | null;
  approver: SnapshotPerson | null;
  on_behalf_of: SnapshotPerson | null;
}

const person = (alias: string) =>
  `case
     when ${alias}.id is null
     then null
     else jsonb_build_object('id', ${alias}.id, 'name', ${alias}.name, 'name_en', ${alias}.name_en, 'unit_en',
       null, 'unit_zh', null) end`;

export async function findDocument(db: Db, spec: DocumentSpec): Promise<MinutesDocument> {
  const head = await findHead(db, spec);
  const snapshot = head.content ? readSnapshot(head.content) : await collectSnapshot(db, spec.minutes_id);
  return buildDocument(
    snapshot,
    {
      version: head.version,
      sha256: head.sha256,
      number:
        head.number !== null && head.number_year !== null
          ? { year: head.number_year, number: head.number }
          : null,
      approved: head.approver &&
        head.approved_at && { by: head.approver, on_behalf_of: head.on_behalf_of, at: head.approved_at },
      issuedAt: head.issued_at,
      copies: spec.version_id !== null && head.issued_at ? await listCopies(db, spec.version_id) : [],
    },
    {
      lang: spec.lang,
      template: spec.template,
      maySee: (itemId) => spec.sees === 'all' || (itemId !== null && spec.sees.includes(itemId)),
    },
  );
}

async function findHead(db: Db, { minutes_id, version_id }: DocumentSpec): Promise<Head> {
  if (version_id === null) {
    const last = await row<{ number: number }>(
      db,
      `select coalesce(max(number), 0) as number from minutes_versions where minutes_id = :id`,
      {
        id: minutes_id,
      },
    );
    return {
      number_year: null,
      number: null,
      version: (last?.number ?? 0) + 1,
      sha256: null,
      content: null,
      approved_at: null,
      issued_at: null,
      approver: null,
      on_behalf_of: null,
    };
  }
  const found = await row<Head>(
    db,
    `select case when a.id is null then null else x.number_year end as number_year,
       case when a.id is null then null else x.number end as number,
            v.number as version, v.sha256, v.content, a.approved_at, i.issued_at,
            ${person('p')} as approver, ${person('b')} as on_behalf_of
       from minutes_versions v join minutes x on x.id = v.minutes_id
       left join approvals a on a.version_id = v.id
       left join persons p on p.id = a.approved_by
       left join persons b on b.id = a.on_behalf_of_id
       left join issues i on i.version_id = v.id
      where v.id = :version and v.minutes_id = :id`,
    { id: minutes_id, version: version_id },
  );
  if (!found) throw new Error(`minutes ${minutes_id} have no version ${version_id}`);
  return found;
}

/** Items hidden from this reader removed: for differences and lists of findings. */
export function seenBy(snapshot: Snapshot, sees: 'all' | number[]): Snapshot {
  return {
    ...snapshot,
    items: snapshot.items.filter(
      (item) => !item.is_restricted || sees === 'all' || (item.id !== null && sees.includes(item.id)),
    ),
  };
}

/** What changed from one version to another (null: the working draft), of what this reader may see. */
export async function listChanges(
  db: Db,
  lang: Lang,
  spec: DocumentSpec,
  { beforeId, afterId }: { beforeId: number; afterId: number | null },
): Promise<Change[]> {
  const before = readSnapshot(await findContent(db, beforeId));
  const after =
    afterId === null
      ? await collectSnapshot(db, spec.minutes_id)
      : readSnapshot(await findContent(db, afterId));
  return compareVersions(
    seenBy(before, spec.sees),
    seenBy(after, spec.sees),
    tellIn(lang, before.meeting.zone),
  );
}

/** Raised when the layout of drawings changes: those kept are of no use any more. */
const layout = 1;

/** The name of a drawing: the hash of everything that stands in it. */
export function drawingKey(document: MinutesDocument, typeface: { isOwn: boolean }): string {
  return sha256(canonicalJson({ document, isOwn: typeface.isOwn, layout }));
}

export async function findDrawing(db: Db, key: string): Promise<Buffer | undefined> {
  const found = await row<{ content: Buffer }>(db, `select content from drawings where key = :key`, { key });
  return found?.content;
}
