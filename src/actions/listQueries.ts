import { likePattern, row, rows, type Bindings, type Db } from '../lib/db/db.js';
import { addDays } from '../lib/time/zone.js';
import { COLUMNS, endOfWeek, type ActionState, type Column } from './lights.js';
import {
  ACTION_TABLES,
  IS_INVOLVED,
  MAY_HAND_OVER,
  OVERSEES,
  SEES_MEETING,
  VISIBLE_ACTIONS,
} from './queries.js';

export const SCOPES = ['mine', 'asked', 'all'] as const;

export interface ActionFilter {
  /**
   * mine: what I lead, help with, or am asked to accept or to give to somebody else; asked: what others owe
   * my meetings.
   */
  scope: (typeof SCOPES)[number];
  state: 'open' | 'closed' | 'cancelled';
  lead?: number | null;
  unit?: number | null;
  series?: number | null;
  q?: string | null;
}

export interface ActionRow {
  id: number;
  deliverable: string;
  state: ActionState;
  due_on: string | null;
  original_due_on: string | null;
  closed_at: Date | null;
  lead: { name: string; name_en: string | null; is_active: boolean } | null;
  unit_en: string | null;
  unit_zh: string | null;
  /** null: the viewer may not know the meeting. */
  meeting: { id: number; title: string; number: number | null } | null;
  reminders: number;
  /** The latest answer. */
  answer: string | null;
  is_mine: boolean;
}

const ACTION_ROW = `a.id, a.deliverable, a.state, a.due_on, a.original_due_on, a.closed_at,
  case
    when l.id is not null
    then jsonb_build_object('name', l.name, 'name_en', l.name_en, 'is_active',
      l.deactivated_at is null) end as lead,
  u.name_en as unit_en, u.name_zh as unit_zh,
  case
    when ${SEES_MEETING}
    then jsonb_build_object('id', m.id, 'title', m.title, 'number', m.number) end as meeting,
  (select count(*) from reminders r where r.action_id = a.id)::integer as reminders,
  (select w.text from answers w where w.action_id = a.id order by w.id desc limit 1) as answer,
  coalesce(a.lead_id = :viewer_id, false) as is_mine`;

/** The columns of the board in SQL; the same rule as columnOf in lights.ts. */
const COLUMN = `case
    when a.state = 'answered'
    then 'answered'
    when a.due_on < :today
    then 'overdue'
    when a.due_on <= :sunday
    then 'week'
    else 'open' end`;

/** As the index actions_not_done has it. */
const OPEN = `a.state not in ('closed', 'cancelled')`;

/**
 * What came of meetings that the viewer answers for (organiser, chair, secretary) and of items the viewer
 * proposed.
 */
const ASKED_FOR = `(a.state <> 'planned'
  and a.lead_id <> :viewer_id
  and (${OVERSEES} or i.proposed_by = :viewer_id))`;

function whereOf(filter: ActionFilter): { sql: string; bindings: Bindings } {
  const sql = [VISIBLE_ACTIONS];
  const bindings: Bindings = {};
  if (filter.scope === 'mine')
    sql.push(`(${IS_INVOLVED} or (a.state in ('answered', 'refused', 'planned') and ${OVERSEES}))`);
  if (filter.scope === 'asked') sql.push(ASKED_FOR);
  if (filter.state === 'open') sql.push(OPEN);
  else sql.push(filter.state === 'closed' ? `a.state = 'closed'` : `a.state = 'cancelled'`);
  if (filter.lead) {
    sql.push('a.lead_id = :lead');
    bindings.lead = filter.lead;
  }
  if (filter.unit) {
    sql.push(
      `l.unit_id in (with recursive below (id) as (select :unit::bigint
         union
         select c.id
         from units c
         join below on c.parent_id = below.id)
         select id
         from below)`,
    );
    bindings.unit = filter.unit;
  }
  if (filter.series) {
    sql.push(`m.series_id = :series and ${SEES_MEETING}`);
    bindings.series = filter.series;
  }
  if (filter.q) {
    sql.push(
      `(a.deliverable ilike :q
         or (m.title ilike :q and ${SEES_MEETING})
         or l.name ilike :q
         or l.name_en ilike :q)`,
    );
    bindings.q = likePattern(filter.q);
  }
  return { sql: sql.join('\n and '), bindings };
}

/** Cards of a column of the board; the list view shows the rest. */
export const CARDS = 50;

export interface Board {
  columns: { name: Column; count: number; actions: ActionRow[] }[];
}

/** The open actions in their columns, each by due date. */
export async function listBoard(
  db: Db,
  viewerId: number,
  filter: ActionFilter,
  today: string,
): Promise<Board> {
  const where = whereOf({ ...filter, state: 'open' });
  const found = await rows<ActionRow & { column_name: Column; column_count: number }>(
    db,
    `with placed as (
       select a.id, ${COLUMN} as column_name,
              row_number() over (partition by ${COLUMN} order by a.due_on nulls first, a.id) as place,
              count(*) over (partition by ${COLUMN})::integer as column_count
         from ${ACTION_TABLES} where ${where.sql})
     select placed.column_name, placed.column_count, ${ACTION_ROW}
       from placed join ${ACTION_TABLES.replace('actions a', 'actions a on a.id = placed.id')}
       left join units u on u.id = l.unit_id
      where placed.place <= :cards
      order by placed.place`,
    { ...where.bindings, viewer_id: viewerId, today, sunday: endOfWeek(today), cards: CARDS },
  );
  return {
    columns: COLUMNS.map((name) => {
      const actions = found.filter((action) => action.column_name === name);
      return { name, count: actions[0]?.column_count ?? 0, actions };
    }),
  };
}

/** Where the next page goes on: after this due date and id. */
export interface After {
  on: string;
  id: number;
}

/** The list by due date; what is closed or cancelled with the latest first. Without a due date last. */
export async function listActions(
  db: Db,
  viewerId: number,
  filter: ActionFilter,
  page: { today: string; after?: After | undefined; limit: number },
): Promise<{ actions: ActionRow[]; next?: After }> {
  const where = whereOf(filter);
  const isNewestFirst = filter.state !== 'open';
  const direction = isNewestFirst ? 'desc' : 'asc';
  const key = `coalesce(a.due_on, date '9999-12-31')`;
  const after = `and (${key}, a.id) ${isNewestFirst ? '<' : '>'} (:after_on, :after_id)`;
  const found = await rows<ActionRow & { sort_on: string }>(
    db,
    `select ${ACTION_ROW}, ${key}::text as sort_on
       from ${ACTION_TABLES} left join units u on u.id = l.unit_id
      where ${where.sql} ${page.after ? after : ''}
      order by ${key} ${direction}, a.id ${direction} limit :limit`,
    {
      ...where.bindings,
      viewer_id: viewerId,
      today: page.today,
      limit: page.limit + 1,
      ...(page.after ? { after_on: page.after.on, after_id: page.after.id } : {}),
    },
  );
  const actions = found.slice(0, page.limit);
  const last = actions.at(-1);
  return {
    actions,
    ...(found.length > page.limit && last ? { next: { on: last.sort_on, id: last.id } } : {}),
  };
}

/**
 * What the filters of the list offer: leads, units and series that some visible action has; of what is done,
 * of the last year.
 */
export async function listFilterChoices(
  db: Db,
  viewerId: number,
  today: string,
  state: ActionFilter['state'],
): Promise<{
  leads: { id: number; name: string; name_en: string | null }[];
  units: { id: number; name_en: string; name_zh: string }[];
  series: { id: number; name: string }[];
}> {
  const bindings = {
    viewer_id: viewerId,
    today,
    ...(state === 'open' ? {} : { state, since: addDays(today, -366) }),
  };
  const among =
    state === 'open' ? OPEN : `a.state = :state and coalesce(a.due_on, date '9999-12-31') >= :since`;
  const found = await row<{
    leads: { id: number; name: string; name_en: string | null }[];
    units: { id: number; name_en: string; name_zh: string }[];
    series: { id: number; name: string }[];
  }>(
    db,
    `with seen as materialized (
       select distinct a.lead_id, l.unit_id, case when ${SEES_MEETING} then m.series_id end as series_id
         from ${ACTION_TABLES} where ${among} and ${VISIBLE_ACTIONS})
     select coalesce((select jsonb_agg(jsonb_build_object('id', id, 'name', name, 'name_en', name_en)
       order by name)
                        from persons where id in (select lead_id from seen)), '[]') as leads,
            coalesce((select jsonb_agg(jsonb_build_object('id', id, 'name_en', name_en, 'name_zh', name_zh)
              order by name_en)
                        from units where id in (select unit_id from seen)), '[]') as units,
            coalesce((select jsonb_agg(jsonb_build_object('id', id, 'name', name) order by name)
                        from series where id in (select series_id from seen)), '[]') as series`,
    bindings,
  );
  return found ?? { leads: [], units: [], series: [] };
}

export interface WaitingAction {
  id: number;
  deliverable: string;
  due_on: string | null;
  state: ActionState;
  /** What the viewer is asked to do with it. */
  wants: 'takeOn' | 'answerAgain' | 'answer' | 'accept' | 'reassign' | 'decide';
  person: { name: string; name_en: string | null } | null;
}

/**
 * What waits for the viewer: to take on, to answer (overdue, sent back, or due within three days), to accept,
 * to give to somebody else, an extension to decide. The most pressing first.
 */
export async function listActionsWaitingFor(
  db: Db,
  viewerId: number,
  today: string,
  limit = 20,
): Promise<WaitingAction[]> {
  return rows<WaitingAction>(
    db,
    `select * from (
       select a.id, a.deliverable, a.due_on, a.state,
         jsonb_build_object('name', l.name, 'name_en', l.name_en) as person,
              case when a.state = 'assigned' then 'takeOn'
                   when exists (select 1 from answers w where w.action_id = a.id and w.verdict = 'sent_back')
                     then 'answerAgain'
                   else 'answer' end as wants
         from ${ACTION_TABLES}
        where ${OPEN}
          and a.lead_id = :viewer_id
          and a.state in ('assigned', 'accepted', 'in_progress', 'blocked')
          and (a.state = 'assigned' or a.due_on <= :today::date + 3
            or exists (select 1 from answers w where w.action_id = a.id and w.verdict = 'sent_back'))
       union all
       select a.id, a.deliverable, a.due_on, a.state,
         jsonb_build_object('name', l.name, 'name_en', l.name_en),
              case
                when a.state = 'answered'
                then 'accept'
                when a.state = 'refused'
                then 'reassign'
                else 'decide' end
         from ${ACTION_TABLES}
        where ${OPEN} and ${OVERSEES} and a.lead_id <> :viewer_id
          and ((a.state = 'answered'
            and not exists (select 1
              from answers w
              where w.action_id = a.id and w.verdict is null and :viewer_id in (w.answered_by, w.for_id)))
            or a.state = 'refused'
            or (a.state in ('assigned', 'accepted', 'in_progress', 'blocked')
              and exists (select 1
                from due_date_extensions e
                where e.action_id = a.id and e.verdict is null)))) waiting
     order by due_on nulls first, id limit :limit`,
    { viewer_id: viewerId, today, limit },
  );
}

/** What the list of `asked` holds that is open. */
export async function countAskedFor(
  db: Db,
  viewerId: number,
  today: string,
): Promise<{ open: number; overdue: number; to_accept: number }> {
  const found = await row<{ open: number; overdue: number; to_accept: number }>(
    db,
    `select count(*)::integer as open,
            (count(*) filter (where a.state <> 'answered' and a.due_on < :today))::integer as overdue,
            (count(*) filter (where a.state = 'answered'))::integer as to_accept
       from ${ACTION_TABLES}
      where ${OPEN} and ${ASKED_FOR}`,
    { viewer_id: viewerId, today },
  );
  return found ?? { open: 0, overdue: 0, to_accept: 0 };
}

export interface MeetingAction {
  id: number;
  deliverable: string;
  state: ActionState;
  due_on: string | null;
  item_id: number | null;
  lead: { name: string; name_en: string | null } | null;
  /** The accepted answer. */
  answer: string | null;
  accepted_at: Date | null;
}

/** The actions of one meeting as the viewer may see them, with their accepted answers. */
export async function listActionsOfMeeting(
  db: Db,
  viewerId: number,
  meetingId: number,
  today: string,
): Promise<MeetingAction[]> {
  return rows<MeetingAction>(
    db,
    `select a.id, a.deliverable, a.state, a.due_on, a.item_id,
            case
              when l.id is not null
              then jsonb_build_object('name', l.name, 'name_en', l.name_en) end as lead,
            w.text as answer, w.verdict_at as accepted_at
       from ${ACTION_TABLES}
       left join answers w on w.action_id = a.id and w.verdict = 'accepted' and a.state = 'closed'
      where a.meeting_id = :meeting and ${VISIBLE_ACTIONS}
      order by i.position nulls last, a.id limit 500`,
    { viewer_id: viewerId, meeting: meetingId, today },
  );
}

/** Actions of a lead that the viewer may hand over to somebody else. */
export async function countHandedOver(
  db: Db,
  viewerId: number,
  leadId: number,
  today: string,
): Promise<number> {
  const found = await row<{ count: number }>(
    db,
    `select count(*)::integer as count from ${ACTION_TABLES}
      where a.lead_id = :lead and a.state in ('assigned', 'accepted', 'in_progress', 'blocked', 'refused')
        and ${VISIBLE_ACTIONS} and ${MAY_HAND_OVER}`,
    { viewer_id: viewerId, lead: leadId, today },
  );
  return found?.count ?? 0;
}
