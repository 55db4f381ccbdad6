import { likePattern, row, rows, type Db } from '../lib/db/db.js';
import type { Lang } from '../lib/i18n/translate.js';
import type { SnapshotPerson } from '../documents/snapshot.js';

type Who = { id: number };

export interface Recipient {
  person_id: number;
  name: string;
  name_en: string | null;
  email: string | null;
  lang: Lang;
  is_guest: boolean;
  has_account: boolean;
  unit_en: string | null;
  unit_zh: string | null;
  /** Role in the meeting; null for the distribution list. */
  role: string | null;
  version_number: number | null;
  circulated_at: Date | null;
  acknowledged_at: Date | null;
  /** Of the mail: waiting, sending, sent, captured, failed, superseded. */
  delivery: string | null;
  error: string | null;
}

/** Who got a version, and whether the mail went out and was acknowledged. */
export function listCirculation(db: Db, minutesId: number, versionId: number): Promise<Recipient[]> {
  return rows<Recipient>(
    db,
    `select p.id as person_id, p.name, p.name_en, p.email, p.lang, p.is_guest,
       exists (select 1 from accounts a where a.person_id = p.id) as has_account,
            coalesce(u.name_en, p.affiliation) as unit_en, coalesce(u.name_zh, p.affiliation) as unit_zh,
              pt.role, v.number as version_number,
            c.circulated_at, c.acknowledged_at, d.state as delivery, d.error
       from circulations c
       join minutes x on x.id = c.minutes_id
       join minutes_versions v on v.id = c.version_id
       join persons p on p.id = c.person_id
       left join units u on u.id = p.unit_id
       left join participants pt on pt.meeting_id = x.meeting_id
         and pt.person_id = p.id
         and pt.removed_at is null
       left join lateral (select state, error
         from deliveries d
         where d.object = 'minutes:' || x.id and d.person_id = p.id and d.revision = v.number
         order by d.id desc
         limit 1) d on true
      where c.minutes_id = :id and c.version_id = :version
      order by pt.role is null,
        array_position(array['chair','secretary','required','optional','in_attendance','informed'], pt.role),
        p.id`,
    { id: minutesId, version: versionId },
  );
}

/**
 * Those to whom the minutes go unless the secretary says otherwise: who takes part, and who got the version
 * before.
 */
export function listProposedRecipients(
  db: Db,
  minutes: { id: number; meeting_id: number },
): Promise<Recipient[]> {
  return rows<Recipient>(
    db,
    `select p.id as person_id, p.name, p.name_en, p.email, p.lang, p.is_guest,
       exists (select 1 from accounts a where a.person_id = p.id) as has_account,
            coalesce(u.name_en, p.affiliation) as unit_en, coalesce(u.name_zh, p.affiliation) as unit_zh,
              pt.role,
            null as version_number, null as circulated_at, null as acknowledged_at,
            null as delivery, null as error
       from persons p
       left join units u on u.id = p.unit_id
       left join participants pt on pt.meeting_id = :meeting and pt.person_id = p.id and pt.removed_at is null
      where p.deactivated_at is null
        and (pt.id is not null
          or exists (select 1 from circulations c where c.minutes_id = :id and c.person_id = p.id))
      order by pt.role is null,
        array_position(array['chair','secretary','required','optional','in_attendance','informed'], pt.role),
        p.id`,
    { id: minutes.id, meeting: minutes.meeting_id },
  );
}

/** Who has a copy of a version without having been there: 抄送. */
export function listCopies(db: Db, versionId: number): Promise<SnapshotPerson[]> {
  return rows<SnapshotPerson>(
    db,
    `select p.id, p.name, p.name_en, coalesce(u.name_en, p.affiliation) as unit_en,
       coalesce(u.name_zh, p.affiliation) as unit_zh
       from circulations c
       join minutes x on x.id = c.minutes_id
       join persons p on p.id = c.person_id
       left join units u on u.id = p.unit_id
       left join participants pt on pt.meeting_id = x.meeting_id
         and pt.person_id = p.id
         and pt.removed_at is null
      where c.version_id = :version and (pt.id is null or pt.role = 'informed')
      order by u.code nulls last, p.id`,
    { version: versionId },
  );
}

export interface OwnReceipt {
  version_id: number;
  circulated_at: Date;
  acknowledged_at: Date | null;
}

/** The copy of the newest version that was sent to this person. */
export function findReceipt(db: Db, viewer: Who, minutesId: number): Promise<OwnReceipt | undefined> {
  return row<OwnReceipt>(
    db,
    `select version_id, circulated_at, acknowledged_at
     from circulations
     where minutes_id = :id and person_id = :viewer
     order by id desc
     limit 1`,
    { id: minutesId, viewer: viewer.id },
  );
}

/** Guests without an account read their minutes in the mail and can't press anything here. */
export async function canSignIn(db: Db, personId: number): Promise<boolean> {
  return (await row(db, `select 1 from accounts where person_id = :id`, { id: personId })) !== undefined;
}

/** Issued minutes whose receipt this person has not acknowledged yet; the oldest first. */
export function listMinutesToAcknowledge(
  db: Db,
  viewer: Who,
  limit = 20,
): Promise<Array<{ minutes_id: number; meeting_id: number; title: string; since: Date }>> {
  return rows(
    db,
    `select x.id as minutes_id, x.meeting_id, x.title, c.circulated_at as since
       from circulations c join minutes x on x.id = c.minutes_id
      where c.person_id = :viewer and c.acknowledged_at is null
        and not exists (select 1
          from circulations n
          where n.minutes_id = c.minutes_id and n.person_id = c.person_id and n.id > c.id)
      order by c.id limit :limit`,
    { viewer: viewer.id, limit },
  );
}

export interface IssuedLine {
  id: number;
  meeting_id: number;
  title: string;
  number_year: number | null;
  number: number | null;
  issued_at: Date;
  starts_at: Date;
  series_name: string | null;
  /** Whether a copy was sent to the viewer, and acknowledged. */
  circulated_at: Date | null;
  acknowledged_at: Date | null;
}

/**
 * The register of issued minutes, newest first: what was sent to the viewer; for the office's secretaries
 * also those of every meeting that is not private. One more than `limit`, so that the caller knows whether
 * there is another page.
 */
export function listIssued(
  db: Db,
  viewer: Who & { is_office: boolean },
  filter: { text?: string | undefined; after?: { at: Date; id: number } | undefined },
  limit = 50,
): Promise<IssuedLine[]> {
  const own = `select distinct minutes_id from circulations where person_id = :viewer`;
  return rows<IssuedLine>(
    db,
    `select x.id, x.meeting_id, x.title, x.number_year, x.number, x.issued_at, m.starts_at,
       s.name as series_name, c.circulated_at, c.acknowledged_at
       from minutes x
       join meetings m on m.id = x.meeting_id
       left join series s on s.id = m.series_id
       left join lateral (select circulated_at, acknowledged_at
         from circulations c
         where c.minutes_id = x.id and c.person_id = :viewer
         order by c.id desc
         limit 1) c on true
      where x.issued_at is not null
        and ${viewer.is_office ? `(not m.is_private or x.id in (${own}))` : `x.id in (${own})`}
        ${filter.text ? 'and x.title ilike :pattern' : ''}
        ${filter.after ? 'and (x.issued_at, x.id) < (:after_at, :after_id)' : ''}
      order by x.issued_at desc, x.id desc limit :limit`,
    {
      viewer: viewer.id,
      limit: limit + 1,
      ...(filter.text ? { pattern: likePattern(filter.text) } : {}),
      ...(filter.after ? { after_at: filter.after.at, after_id: filter.after.id } : {}),
    },
  );
}
