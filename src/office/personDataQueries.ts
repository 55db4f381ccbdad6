import { row, rows, type Db } from '../lib/db/db.js';

/** Everything that is stored about one person, table by table, as plain data. */
export interface PersonData {
  person: Record<string, unknown>;
  [table: string]: unknown;
}

const TITLE = `case when m.is_private and not :isOwn then null else m.title end as meeting`;

/** Whether texts of a meeting may be read: it is not private and has no restricted item. */
const OPEN = `(
  :isOwn
  or not (
    m.is_private
    or exists (select 1 from agenda_items r where r.meeting_id = m.id and r.is_restricted)
  )
)`;

const ANSWERS_OF_POLL = `
  select jsonb_object_agg(to_char(c.starts_at, 'YYYY-MM-DD"T"HH24:MI:SSOF'), a.answer)
    from poll_answers a
    join poll_options c on c.id = a.option_id and c.removed_at is null
   where a.poll_person_id = x.id`;

const REPLIES = `
  select jsonb_agg(jsonb_build_object('status', r.status, 'note', r.note, 'at', r.at) order by r.id)
    from replies r
   where r.participant_id = p.id`;

const ATTENDANCE = `
  select jsonb_agg(to_jsonb(a) - 'participant_id')
    from attendances a
   where a.participant_id = p.id`;

/** What is read about a person, by the name under which it is handed out. `:id` is the person. */
const TABLES: Record<string, string> = {
  account: `
    select created_at, password_changed_at, must_change_password
      from accounts
     where person_id = :id`,
  sessions: `
    select created_at, last_seen_at, expires_at, revoked_at, ip, user_agent
      from sessions
     where person_id = :id
     order by id`,
  deputies: `
    select person_id, deputy_id, from_on, to_on
      from deputies
     where :id in (person_id, deputy_id)
     order by id`,
  absences: `
    select kind, starts_at, ends_at, is_all_day, case when :isOwn then note end as note
      from absences
     where person_id = :id
     order by id`,
  working_hours: `
    select weekday, starts_at, ends_at
      from working_hours
     where person_id = :id
     order by weekday`,
  polls: `
    select o.id,
           case when is_private_poll(o.id) and not :isOwn then null else o.title end as title,
           x.note, x.answered_at, (${ANSWERS_OF_POLL}) as answers
      from poll_people x
      join polls o on o.id = x.poll_id
     where x.person_id = :id
     order by o.id`,
  groups: `
    select g.name_en, g.name_zh
      from people_group_members m
      join people_groups g on g.id = m.group_id
     where m.person_id = :id
     order by g.id`,
  room_requests: `
    select q.id, ${TITLE}, q.room_id, q.state, q.asked_at, q.decided_at, q.note
      from room_requests q
      join meetings m on m.id = q.meeting_id
     where q.asked_by = :id
     order by q.id`,
  rules_gone_beyond: `
    select at, rule, actual, allowed, reason
      from rule_overrides
     where person_id = :id
     order by id`,
  head_of: `
    select code, name_en, name_zh
      from units
     where head_id = :id
     order by code`,
  meetings_organised: `
    select m.id, ${TITLE}, m.starts_at, m.state
      from meetings m
     where :id in (m.organiser_id, m.booked_for_id, m.created_by)
     order by m.id`,
  participations: `
    select m.id, ${TITLE}, m.starts_at, p.role, p.invited_at, p.removed_at,
           (${REPLIES}) as replies,
           (${ATTENDANCE}) as attendance
      from participants p
      join meetings m on m.id = p.meeting_id
     where p.person_id = :id
     order by m.id`,
  series: `
    select s.id, case when s.is_private and not :isOwn then null else s.name end as name, r.role
      from series_members r
      join series s on s.id = r.series_id
     where r.person_id = :id
     order by s.id`,
  actions: `
    select a.id, case when ${OPEN} then a.deliverable end as deliverable,
           a.state, a.due_on, a.original_due_on, a.assigned_at, a.closed_at
      from actions a
      join meetings m on m.id = a.meeting_id
     where a.lead_id = :id
     order by a.id`,
  answers: `
    select w.id, w.action_id, case when ${OPEN} then w.text end as text, w.answered_at, w.verdict
      from answers w
      join actions a on a.id = w.action_id
      join meetings m on m.id = a.meeting_id
     where w.answered_by = :id
     order by w.id`,
  circulations: `
    select c.minutes_id, c.circulated_at, c.acknowledged_at
      from circulations c
     where c.person_id = :id
     order by c.id`,
  mails: `
    select kind, to_address, state, created_at, finished_at
      from deliveries
     where person_id = :id
     order by id`,
  history: `
    select at, action, noun, noun_id, ip
      from audit_events
     where person_id = :id
     order by id`,
  history_about: `
    select at, action, person_id
      from audit_events
     where noun = 'persons' and noun_id = :id
     order by id`,
};

/**
 * Everything about one person, for that person or for an administrator.
 * @param isOwn false: titles of private meetings and texts of restricted items are left out,
 *   because the administrator may not read them
 */
export async function findPersonData(db: Db, id: number, isOwn: boolean): Promise<PersonData | undefined> {
  const person = await row<Record<string, unknown>>(
    db,
    `select p.id, p.name, p.name_en, p.email, p.phone, p.position, u.code as unit, p.affiliation,
            p.role, p.is_guest, p.lang, p.zone, p.theme, p.density, p.has_shortcuts,
            p.created_at, p.deactivated_at
       from persons p
       left join units u on u.id = p.unit_id
      where p.id = :id and p.erased_at is null`,
    { id },
  );
  if (!person) return undefined;
  const data: PersonData = { person };
  for (const [name, sql] of Object.entries(TABLES)) data[name] = await rows(db, sql, { id, isOwn });
  return data;
}
