import type { CheerioAPI } from 'cheerio';
import { row, rows, type Db } from '../../src/lib/db/db.js';
import type { Cast } from '../support/cast.js';

export interface Sitting {
  id: number;
  /** 1 Draft budget, 2 Follow-up, 3 a restricted one */
  items: [number, number, number];
  seriesId: number | null;
}

async function idOf(db: Db, sql: string, bindings: Record<string, unknown>): Promise<number> {
  const made = await row<{ id: number }>(db, `${sql} returning id`, bindings);
  if (!made) throw new Error('nothing was inserted');
  return made.id;
}

let count = 0;

/**
 * A meeting that is announced for Monday 09:00, with chair, secretary and attendee, three items, and a next
 * one if it stands.
 */
export async function makeSitting(
  db: Db,
  cast: Cast,
  more: { isStanding?: boolean; hasNext?: boolean; state?: string; hasChair?: boolean } = {},
): Promise<Sitting> {
  const seriesId = more.isStanding
    ? await idOf(
        db,
        `insert into series (name, organiser_id, created_by) values ('Weekly leadership', :by, :by)`,
        { by: cast.organiser.id },
      )
    : null;
  const meeting = (startsAt: string, number: number | null, state: string) =>
    idOf(
      db,
      `insert into meetings (title, state, series_id, number, starts_at, ends_at, zone, organiser_id,
         created_by, uid, announced_at)
       values ('Weekly leadership', :state, :series, :number, :start,
         cast(:start as timestamptz) + interval '90 minutes', 'Asia/Shanghai', :by, :by, :uid, now())`,
      {
        state,
        series: seriesId,
        number,
        start: startsAt,
        by: cast.organiser.id,
        uid: `sitting-${++count}@office.example`,
      },
    );
  const id = await meeting('2030-03-04T01:00Z', more.isStanding ? 42 : null, more.state ?? 'scheduled');
  if (more.hasNext) await meeting('2030-03-11T01:00Z', 43, 'draft');
  const people: [number, string][] = [
    ...(more.hasChair === false ? [] : [[cast.chair.id, 'chair'] as [number, string]]),
    [cast.secretary.id, 'secretary'],
    [cast.attendee.id, 'optional'],
    [cast.guest.id, 'in_attendance'],
  ];
  for (const [person, role] of people)
    await idOf(db, `insert into participants (meeting_id, person_id, role) values (:id, :person, :role)`, {
      id,
      person,
      role,
    });
  const item = (position: number, title: string, restricted = false) =>
    idOf(
      db,
      `insert into agenda_items (meeting_id, series_id, position, title, is_restricted, created_by)
       values (:id, :series, :position, :title, :restricted, :by)`,
      { id, series: seriesId, position, title, restricted, by: cast.organiser.id },
    );
  return {
    id,
    items: [
      await item(1, 'Draft budget'),
      await item(2, 'Follow-up'),
      await item(3, 'Salary of the director', true),
    ],
    seriesId,
  };
}

export function statementsOf(
  db: Db,
  meetingId: number,
): Promise<
  {
    id: number;
    item_id: number | null;
    kind: string;
    text: string;
    version: number;
    is_draft: boolean;
    is_deleted: boolean;
  }[]
> {
  return rows(
    db,
    `select id, item_id, kind, text, version, is_draft, deleted_at is not null as is_deleted
     from statements
     where meeting_id = :id
     order by item_id nulls last, position, id`,
    { id: meetingId },
  );
}

/** What a browser would post from a form: serializeArray leaves out a choice inside an optgroup. */
export function fieldsOf(page: CheerioAPI, selector: string): Record<string, string | string[]> {
  const found: Record<string, string | string[]> = {};
  page(`${selector} :is(input, textarea, select)[name]`).each((_, field) => {
    const one = page(field);
    const name = one.attr('name') ?? '';
    const type = one.attr('type');
    if ((type === 'checkbox' || type === 'radio') && one.attr('checked') === undefined) return;
    const value = one.is('select')
      ? (one.find('option[selected]').attr('value') ?? one.find('option').first().attr('value') ?? '')
      : (one.val()?.toString() ?? '');
    found[name] = found[name] === undefined ? value : [found[name], value].flat();
  });
  return found;
}
