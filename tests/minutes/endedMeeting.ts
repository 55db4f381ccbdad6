import { row, type Db } from '../../src/lib/db/db.js';
import type { Cast } from '../support/cast.js';

export interface Ended {
  meeting: number;
  minutes: number;
  series: number | null;
  items: { budget: number; followUp: number };
  statements: { heard: number; resolved: number; required: number };
  action: number;
}

async function id(db: Db, sql: string, bindings: Record<string, unknown> = {}): Promise<number> {
  const made = await row<{ id: number }>(db, `${sql} returning id`, bindings);
  if (!made) throw new Error('nothing was inserted');
  return made.id;
}

let count = 0;

/** A meeting that took place: two items, three statements, one decision, one action, a draft. */
export async function endedMeeting(
  db: Db,
  cast: Cast,
  options: {
    lang?: 'en' | 'zh-CN';
    seriesId?: number | null;
    author?: number;
    isPrivate?: boolean;
    restricted?: boolean;
    withGuest?: boolean;
    title?: string;
  } = {},
): Promise<Ended> {
  count += 1;
  const lang = options.lang ?? 'en';
  const meeting = await id(
    db,
    `insert into meetings (title, state, series_id, number, starts_at, ends_at, zone, lang, is_private,
       organiser_id, created_by, uid, started_at, ended_at)
     values (:title, 'ended', :series, :number, '2030-03-01T01:00Z', '2030-03-01T02:30Z', 'Asia/Shanghai',
       :lang, :private, :organiser, :organiser, :uid,
             '2030-03-01T01:02Z', '2030-03-01T02:32Z')`,
    {
      title: lang === 'en' ? 'Budget meeting' : '预算会议',
      series: options.seriesId ?? null,
      number: options.seriesId ? count : null,
      lang,
      private: options.isPrivate ?? false,
      organiser: cast.organiser.id,
      uid: `m${count}@office.example`,
    },
  );
  await db.raw('insert into meeting_rooms (meeting_id, room_id) values (?, ?)', [meeting, cast.rooms.orchid]);
  const participant = async (person: number, role: string, status: string | null) => {
    const made = await id(
      db,
      `insert into participants (meeting_id, person_id, role) values (:meeting, :person, :role)`,
      { meeting, person, role },
    );
    if (status)
      await db.raw('insert into attendances (participant_id, status) values (?, ?)', [made, status]);
  };
  await participant(cast.chair.id, 'chair', 'present');
  await participant(cast.secretary.id, 'secretary', 'present');
  await participant(cast.organiser.id, 'required', 'present');
  await participant(cast.attendee.id, 'required', 'apologies');
  if (options.withGuest) await participant(cast.guest.id, 'in_attendance', 'present');
  const item = (position: number, title: string, purpose: string, restricted = false) =>
    id(
      db,
      `insert into agenda_items (meeting_id, position, title, purpose, state, is_restricted, presenter_id,
         created_by)
       values (:meeting, :position, :title, :purpose, 'concluded', :restricted, :presenter, :by)`,
      { meeting, position, title, purpose, restricted, presenter: cast.organiser.id, by: cast.organiser.id },
    );
  const budget = await item(1, lang === 'en' ? 'Draft budget' : '预算草案', 'decision');
  const followUp = await item(
    2,
    lang === 'en' ? 'Follow-up of the third quarter' : '第三季度督办情况',
    'information',
    options.restricted,
  );
  const statement = (itemId: number, position: number, kind: string, text: string) =>
    id(
      db,
      `insert into statements (meeting_id, item_id, position, kind, text, created_by)
       values (:meeting, :item, :position, :kind, :text, :by)`,
      { meeting, item: itemId, position, kind, text, by: cast.secretary.id },
    );
  const heard = await statement(
    followUp,
    1,
    'heard',
    lang === 'en' ? 'Two of twelve actions are overdue.' : '办公室汇报了第三季度督办情况，两项逾期。',
  );
  const resolved = await statement(
    budget,
    1,
    'resolved',
    lang === 'en' ? 'The draft budget is approved.' : '同意预算草案。',
  );
  await db.raw('insert into decisions (statement_id, meeting_id, item_id) values (?, ?, ?)', [
    resolved,
    meeting,
    budget,
  ]);
  const required = await statement(
    budget,
    2,
    'required',
    lang === 'en' ? 'Finance submits the revised budget.' : '财务处修改后报批。',
  );
  const action = await id(
    db,
    `insert into actions (meeting_id, item_id, statement_id, deliverable, lead_id, due_on, created_by)
     values (:meeting, :item, :statement, :text, :lead, '2030-03-20', :by)`,
    {
      meeting,
      item: budget,
      statement: required,
      text: lang === 'en' ? 'Submit the revised budget' : '修改预算草案并报批',
      lead: cast.organiser.id,
      by: cast.secretary.id,
    },
  );
  const minutes = await id(
    db,
    `insert into minutes (meeting_id, author_id, lang, template, title)
     values (:meeting, :author, :lang, :template, :title)`,
    {
      meeting,
      author: options.author ?? cast.secretary.id,
      lang,
      template: lang === 'en' ? 'plain' : 'official',
      title: options.title ?? (lang === 'en' ? 'Minutes of the budget meeting' : '预算会议纪要'),
    },
  );
  return {
    meeting,
    minutes,
    series: options.seriesId ?? null,
    items: { budget, followUp },
    statements: { heard, resolved, required },
    action,
  };
}

/** The newest version's id. */
export async function versionOf(db: Db, minutes: number): Promise<number> {
  const found = await row<{ id: number }>(
    db,
    `select id from minutes_versions where minutes_id = :minutes order by number desc limit 1`,
    { minutes },
  );
  if (!found) throw new Error('no version');
  return found.id;
}

export async function stateOf(db: Db, minutes: number): Promise<string> {
  return (
    (await row<{ state: string }>(db, `select state from minutes where id = :minutes`, { minutes }))?.state ??
    ''
  );
}
