import { row, type Db } from '../lib/db/db.js';
import type { Lang } from '../lib/i18n/translate.js';

export interface OfficeRow {
  name_en: string;
  name_zh: string;
  lang: Lang;
  zone: string;
  office_head_id: number | null;
  office_head_name: string | null;
  office_head_name_en: string | null;
  review_gates: 'none' | 'one';
  is_sample: boolean;
  version: number;
}

const OFFICE = `select o.name_en, o.name_zh, o.lang, o.zone, o.office_head_id, p.name as office_head_name,
                       p.name_en as office_head_name_en, o.review_gates, o.is_sample, o.version
  from organisations o left join persons p on p.id = o.office_head_id`;

export async function findOffice(db: Db, options: { lock?: boolean } = {}): Promise<OfficeRow> {
  const found = await row<OfficeRow>(db, `${OFFICE}${options.lock ? ' for no key update of o' : ''}`);
  if (!found) throw new Error('there is no organisation yet');
  return found;
}

export interface OfficeCounts {
  people: number;
  guests: number;
  administrators: number;
  units: number;
  rooms: number;
  waiting_mails: number;
  failed_mails: number;
}

/** A few figures for the index of sentences. Only counts of small or indexed sets. */
export async function countOffice(db: Db): Promise<OfficeCounts> {
  const found = await row<OfficeCounts>(
    db,
    `select (select count(*) from persons where deactivated_at is null and not is_guest) as people,
            (select count(*) from persons where deactivated_at is null and is_guest) as guests,
            (select count(*) from persons where deactivated_at is null
              and role = 'administrator') as administrators,
            (select count(*) from units where is_active) as units,
            (select count(*) from rooms where status <> 'retired') as rooms,
            (select count(*) from deliveries where state = 'waiting' and digest_id is null) as waiting_mails,
            (select count(*) from deliveries where state = 'failed' and digest_id is null) as failed_mails`,
  );
  if (!found) throw new Error('no row');
  return found;
}
