import { row, rows, type Db } from '../lib/db/db.js';
import { isDeputyOf, isInForce } from '../people/deputyQueries.js';
import { visibleMeetings } from '../meetings/queries.js';
import type { ActionState } from './lights.js';

// Who sees which action, in one place: every list, page, mail and figure joins actions by these pieces of
// SQL. They read the aliases a (actions), m (meetings), i (agenda_items), l (persons: the lead) and the
// bindings :viewer_id (the person's id) and :today (the date in the organisation's zone).

export const ACTION_TABLES = `actions a
  join meetings m on m.id = a.meeting_id
  left join agenda_items i on i.id = a.item_id
  left join persons l on l.id = a.lead_id`;

/** The lead's deputy today. */
const IS_DEPUTY = isDeputyOf(':viewer_id', 'a.lead_id', ':today');

const IS_HELPER = `exists (select 1
  from action_helpers h where h.action_id = a.id and h.person_id = :viewer_id)`;

/** Leads it, helps with it, or stands in for the lead. */
export const IS_INVOLVED = `(a.lead_id = :viewer_id or ${IS_HELPER} or ${IS_DEPUTY})`;

const ROLE_IN = (roles: string) => `(
    exists (select 1
      from participants p
      where p.meeting_id = m.id
        and p.person_id = :viewer_id
        and p.removed_at is null
        and p.role in (${roles}))
    or exists (select 1
      from series_members s
      where s.series_id = m.series_id and s.person_id = :viewer_id and s.role in ('chair', 'secretary')))`;

/**
 * Who answers for the meeting: organiser, the leader it is held for, chair, secretary, and a deputy of the
 * first two. A deputy of somebody who leads the action has no say through that person: it would be judging
 * one's own.
 */
export const OVERSEES = `(:viewer_id in (m.organiser_id, coalesce(m.booked_for_id, m.organiser_id))
    or ${ROLE_IN(`'chair', 'secretary'`)}
    or exists (select 1
      from deputies d
      where d.deputy_id = :viewer_id and d.person_id in (m.organiser_id, m.booked_for_id)
         and d.person_id is distinct from a.lead_id
         and ${isInForce('d', ':today')}))`;

const IS_PARTICIPANT = `exists (select 1
    from participants p
    where p.meeting_id = m.id and p.person_id = :viewer_id and p.removed_at is null)`;

/** Secretaries of the office keep what is neither private nor restricted. */
const IS_OFFICE = `(not m.is_private and not coalesce(i.is_restricted, false)
    and exists (select 1
      from persons me
      where me.id = :viewer_id and me.role in ('secretary', 'administrator')))`;

/** Head of the lead's unit or of a unit above it. */
const HEADS_LEAD = `coalesce(l.unit_id in (
    with recursive headed (id) as (
      select id from units where head_id = :viewer_id
      union select c.id from units c join headed on c.parent_id = headed.id)
    select id from headed), false)`;

/**
 * Not before the minutes are issued. What was issued without a lead or a date is seen too, so that somebody
 * mends it.
 */
const IS_OUT = `(a.assigned_at is not null
    or (a.state = 'planned'
      and exists (select 1 from minutes x where x.meeting_id = m.id and x.issued_at is not null)))`;

/** The read scope of actions. */
export const VISIBLE_ACTIONS = `(${IS_OUT} and (
    ${IS_INVOLVED} or ${OVERSEES} or ${ROLE_IN(`'required'`)} or :viewer_id in (i.presenter_id, i.proposed_by)
    or (not coalesce(i.is_restricted, false) and (
      ${IS_PARTICIPANT}
      or (not m.is_private and (
        ${IS_OFFICE} or ${HEADS_LEAD}
        or exists (select 1
          from series_members s
          where s.series_id = m.series_id and s.person_id = :viewer_id)))))))`;

/** As policy.ts says it of handOver. */
export const MAY_HAND_OVER = `(${OVERSEES} or ${IS_OFFICE} or ${HEADS_LEAD})`;

/**
 * May the viewer know which meeting it came from? A lead from outside a private meeting may not. Binds
 * :viewer_id too.
 */
export const SEES_MEETING = visibleMeetings({ id: -1 }, 'm').sql;

/** What a viewer is to an action: all that policy.ts asks about. */
export interface Standing {
  id: number;
  meeting_id: number;
  state: ActionState;
  version: number;
  deliverable: string;
  lead_id: number | null;
  due_on: string | null;
  viewer_id: number;
  is_lead: boolean;
  is_deputy: boolean;
  is_helper: boolean;
  /**
   * Organiser, chair or secretary of the meeting (or a deputy of theirs who is not the lead's), or a
   * secretary of the office.
   */
  is_overseer: boolean;
  heads_lead: boolean;
  /** Of a restricted item: its events stay out of the meeting's history, which more people read. */
  is_restricted: boolean;
  /** The lead can sign in: has an account and is active. */
  lead_signs_in: boolean;
  /** Who wrote the answer that waits, and for whom. */
  answer_id: number | null;
  answered_by: number | null;
  answered_for: number | null;
  extension_id: number | null;
}

/** @returns undefined where the viewer may not know of it */
export async function findStanding(
  db: Db,
  viewerId: number,
  id: number,
  today: string,
): Promise<Standing | undefined> {
  const [found] = await listStandings(db, viewerId, [id], today);
  return found;
}

/** Those of these actions that the viewer may know of, by id. */
export function listStandings(
  db: Db,
  viewerId: number,
  ids: readonly number[],
  today: string,
): Promise<Standing[]> {
  return rows<Standing>(
    db,
    `select a.id, a.meeting_id, a.state, a.version, a.deliverable, a.lead_id, a.due_on,
       :viewer_id::bigint as viewer_id,
            coalesce(a.lead_id = :viewer_id, false) as is_lead, ${IS_DEPUTY} as is_deputy,
              ${IS_HELPER} as is_helper,
            (${OVERSEES} or ${IS_OFFICE}) as is_overseer, ${HEADS_LEAD} as heads_lead,
            coalesce(i.is_restricted, false) as is_restricted,
            (l.deactivated_at is null
              and exists (select 1 from accounts c where c.person_id = a.lead_id)) as lead_signs_in,
            w.id as answer_id, w.answered_by, w.for_id as answered_for, e.id as extension_id
       from ${ACTION_TABLES}
       left join answers w on w.action_id = a.id and w.verdict is null
       left join due_date_extensions e on e.action_id = a.id and e.verdict is null
      where a.id = any(:ids) and ${VISIBLE_ACTIONS} order by a.id`,
    { ids, viewer_id: viewerId, today },
  );
}

export interface ActionDetail {
  id: number;
  deliverable: string;
  state: ActionState;
  state_reason: string | null;
  due_on: string | null;
  original_due_on: string | null;
  assigned_at: Date | null;
  accepted_at: Date | null;
  closed_at: Date | null;
  version: number;
  lead: {
    id: number;
    name: string;
    name_en: string | null;
    email: string | null;
    is_active: boolean;
    unit_en: string | null;
    unit_zh: string | null;
  } | null;
  helpers: { id: number; name: string; name_en: string | null }[];
  /** null: the viewer may not know the meeting. */
  meeting: { id: number; title: string; number: number | null; starts_at: Date | null } | null;
  item_title: string | null;
  statement: string | null;
  proposer: { name: string; name_en: string | null } | null;
  closer: { name: string; name_en: string | null } | null;
}

export async function findAction(
  db: Db,
  viewerId: number,
  id: number,
  today: string,
): Promise<ActionDetail | undefined> {
  const found = await row<ActionDetail & { meeting_starts_at: Date | null }>(
    db,
    `select a.id, a.deliverable, a.state, a.state_reason, a.due_on, a.original_due_on, a.assigned_at,
       a.accepted_at, a.closed_at, a.version,
            case
              when l.id is not null
              then jsonb_build_object('id', l.id, 'name', l.name, 'name_en', l.name_en, 'email', l.email,
              'is_active', l.deactivated_at is null, 'unit_en', u.name_en, 'unit_zh', u.name_zh) end as lead,
            coalesce((select jsonb_agg(jsonb_build_object('id', p.id, 'name', p.name, 'name_en', p.name_en)
              order by p.name)
                        from action_helpers h join persons p on p.id = h.person_id where h.action_id = a.id),
                          '[]') as helpers,
            case
              when ${SEES_MEETING}
              then jsonb_build_object('id', m.id, 'title', m.title, 'number', m.number) end as meeting,
            m.starts_at as meeting_starts_at,
            case when ${SEES_MEETING} then i.title end as item_title,
            case
              when ${SEES_MEETING}
              then (select s.text
                from statements s
                where s.id = a.statement_id and s.deleted_at is null) end as statement,
            case when ${SEES_MEETING}
              and r.id is not null
                then jsonb_build_object('name', r.name, 'name_en', r.name_en) end as proposer,
            case
              when c.id is not null
              then jsonb_build_object('name', c.name, 'name_en', c.name_en) end as closer
       from ${ACTION_TABLES}
       left join units u on u.id = l.unit_id
       left join persons r on r.id = i.proposed_by
       left join persons c on c.id = a.closed_by
      where a.id = :id and ${VISIBLE_ACTIONS}`,
    { id, viewer_id: viewerId, today },
  );
  if (!found) return undefined;
  const { meeting_starts_at, ...action } = found;
  return { ...action, meeting: action.meeting && { ...action.meeting, starts_at: meeting_starts_at } };
}

export interface AnswerRow {
  id: number;
  text: string;
  answered_at: Date;
  author: { name: string; name_en: string | null };
  written_for: { name: string; name_en: string | null } | null;
  verdict: 'accepted' | 'sent_back' | null;
  verdict_note: string | null;
  verdict_at: Date | null;
  judge: { name: string; name_en: string | null } | null;
  files: { id: number; name: string; bytes: number }[];
}

/** Newest first. The caller has found the action in the viewer's scope. */
export async function listAnswers(db: Db, actionId: number): Promise<AnswerRow[]> {
  return rows<AnswerRow>(
    db,
    `select w.id, w.text, w.answered_at, w.verdict, w.verdict_note, w.verdict_at,
            jsonb_build_object('name', b.name, 'name_en', b.name_en) as author,
            case
              when f.id is not null
              then jsonb_build_object('name', f.name, 'name_en', f.name_en) end as written_for,
            case
              when j.id is not null
              then jsonb_build_object('name', j.name, 'name_en', j.name_en) end as judge,
            coalesce((select jsonb_agg(jsonb_build_object('id', x.id, 'name', x.name, 'bytes', x.bytes)
              order by x.id)
                        from answer_files y join files x on x.id = y.file_id where y.answer_id = w.id),
                          '[]') as files
       from answers w
       join persons b on b.id = w.answered_by
       left join persons f on f.id = w.for_id
       left join persons j on j.id = w.verdict_by
      where w.action_id = :action order by w.id desc limit 100`,
    { action: actionId },
  );
}

/** A file of one of the action's answers. */
export async function findAnswerFile(
  db: Db,
  actionId: number,
  fileId: number,
): Promise<{ id: number; name: string } | undefined> {
  return row(
    db,
    `select f.id, f.name
     from files f
     join answer_files y on y.file_id = f.id
     join answers w on w.id = y.answer_id
      where f.id = :file and w.action_id = :action and f.state = 'stored'`,
    { file: fileId, action: actionId },
  );
}

export interface ExtensionRow {
  id: number;
  new_due_on: string;
  reason: string;
  asked_at: Date;
  asker: { name: string; name_en: string | null };
  verdict: 'granted' | 'refused' | null;
  verdict_note: string | null;
  verdict_at: Date | null;
  judge: { name: string; name_en: string | null } | null;
}

export async function listExtensions(db: Db, actionId: number): Promise<ExtensionRow[]> {
  return rows<ExtensionRow>(
    db,
    `select e.id, e.new_due_on, e.reason, e.asked_at, e.verdict, e.verdict_note, e.verdict_at,
            jsonb_build_object('name', b.name, 'name_en', b.name_en) as asker,
            case
              when j.id is not null
              then jsonb_build_object('name', j.name, 'name_en', j.name_en) end as judge
       from due_date_extensions e
       join persons b on b.id = e.asked_by
       left join persons j on j.id = e.verdict_by
      where e.action_id = :action order by e.id desc limit 50`,
    { action: actionId },
  );
}

export interface ReminderRow {
  id: number;
  level: 'before_due' | 'due' | 'overdue' | 'by_hand';
  at: Date;
  name: string;
  name_en: string | null;
  sender: { name: string; name_en: string | null } | null;
}

export async function listReminders(db: Db, actionId: number): Promise<ReminderRow[]> {
  return rows<ReminderRow>(
    db,
    `select r.id, r.level, r.at, p.name, p.name_en,
            case
              when s.id is not null
              then jsonb_build_object('name', s.name, 'name_en', s.name_en) end as sender
       from reminders r join persons p on p.id = r.person_id left join persons s on s.id = r.sent_by
      where r.action_id = :action order by r.id desc limit 50`,
    { action: actionId },
  );
}

/** Whom an action concerns, by what they are to it. */
export interface Concerned {
  lead_id: number | null;
  helper_ids: number[];
  proposer_id: number | null;
  chair_id: number | null;
  secretary_ids: number[];
  organiser_id: number;
}

export async function findConcerned(db: Db, actionId: number): Promise<Concerned | undefined> {
  return row<Concerned>(
    db,
    `select a.lead_id, i.proposed_by as proposer_id, m.organiser_id,
            array(select h.person_id from action_helpers h where h.action_id = a.id order by 1) as helper_ids,
            (select p.person_id
              from participants p
              where p.meeting_id = m.id and p.role = 'chair' and p.removed_at is null) as chair_id,
            array(select p.person_id
              from participants p
              where p.meeting_id = m.id and p.role = 'secretary' and p.removed_at is null
              order by 1) as secretary_ids
       from ${ACTION_TABLES} where a.id = :id`,
    { id: actionId },
  );
}

/**
 * Who is told when an action needs a word of somebody who oversees it: the secretary of the meeting, else its
 * organiser, else its chair, and never the lead.
 */
export function overseersOf(concerned: Concerned): number[] {
  const isOther = (id: number | null): id is number => id !== null && id !== concerned.lead_id;
  const [first = []] = [concerned.secretary_ids, [concerned.organiser_id], [concerned.chair_id]]
    .map((ids) => ids.filter(isOther))
    .filter((ids) => ids.length > 0);
  return first;
}

/** The zone whose calendar decides which day it is for due dates. */
export async function findOfficeZone(db: Db): Promise<string> {
  return (await row<{ zone: string }>(db, `select zone from organisations`))?.zone ?? 'UTC';
}

/** A person as a mail names one. */
export async function findName(
  db: Db,
  id: number,
): Promise<{ name: string; name_en: string | null } | undefined> {
  return row(db, `select name, name_en from persons where id = :id`, { id });
}
