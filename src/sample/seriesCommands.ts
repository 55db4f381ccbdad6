import { randomUUID } from 'node:crypto';
import { sendInvitations } from '../invitations/commands.js';
import { change, row, type Db } from '../lib/db/db.js';
import { addDays, dayOf, toInstant, weekdayOf } from '../lib/time/zone.js';
import { writeRule, type Rule } from '../series/recurrence.js';
import { addAgenda } from './agendaCommands.js';
import type { SampleCast } from './castCommands.js';
import { addMeeting } from './meetingCommands.js';
import { SERIES, type Role, type SampleSeries } from './seriesTexts.js';
import { REASONS } from './texts.js';

/** One past meeting whose record exists; minutes are made from it. */
export interface SampleRecord {
  meetingId: number;
  series: SampleSeries;
  /** 1 = the latest past meeting of its series. */
  ago: number;
  chair: number;
  secretary: number;
  reviewer: number;
  members: number[];
  endsAt: Date;
}

/** A standing meeting as it was written. */
interface Standing {
  id: number;
  recurrenceId: number;
  series: SampleSeries;
  members: { id: number; role: Role }[];
  chair: number;
  reviewer: number;
  secretary: number;
}

/**
 * Three standing meetings with six weeks of past and four of coming dates.
 * @returns the past ones, to be minuted
 */
export async function addSeries(db: Db, cast: SampleCast): Promise<SampleRecord[]> {
  const records: SampleRecord[] = [];
  for (const series of SERIES) {
    const standing = await addStanding(db, cast, series);
    for (const [at, date] of datesOf(series, cast).entries()) {
      const record = await addDate(db, cast, standing, { ...date, at });
      if (record) records.push(record);
    }
    await change(
      db,
      `insert into agenda_items (series_id, title, purpose, planned_minutes, created_by, proposed_by)
       values (:series, :title, 'discussion', 10, :by, :by)`,
      { series: standing.id, title: series.items.at(-1)?.title ?? series.name, by: standing.chair },
    );
  }
  return records;
}

async function addStanding(db: Db, cast: SampleCast, series: SampleSeries): Promise<Standing> {
  const members = membersOf(series, cast);
  const inRole = (role: Role) => members.find((member) => member.role === role)?.id ?? cast.secretary;
  const chair = members[0]?.id ?? cast.secretary;
  const reviewer = inRole('in_attendance');
  const made = await row<{ id: number }>(
    db,
    `insert into series (name, organiser_id, reviewer_id, approver_id, lang,
                         duration_minutes, next_number, created_by)
     values (:name, :chair, :reviewer, :chair, :lang, :minutes, :next, :by)
     returning id`,
    {
      name: series.name,
      chair,
      reviewer,
      lang: series.lang,
      minutes: series.minutes,
      next: series.firstNumber,
      by: cast.secretary,
    },
  );
  const id = made?.id ?? 0;
  for (const member of members)
    await change(
      db,
      `insert into series_members (series_id, person_id, role) values (:series, :person, :role)`,
      { series: id, person: member.id, role: member.role },
    );
  const recurrenceId = await addRecurrence(db, cast, id, series);
  return { id, recurrenceId, series, members, chair, reviewer, secretary: inRole('secretary') };
}

const PAST_DATES = 6;

/** Nobody is invited to what is further away. */
const INVITED_DATES = 8;

/** @returns what is to be minuted */
async function addDate(
  db: Db,
  cast: SampleCast,
  standing: Standing,
  date: { at: number; from: Date; to: Date },
): Promise<SampleRecord | undefined> {
  const { series, members, chair, reviewer, secretary } = standing;
  const isPast = date.at < PAST_DATES;
  const meetingId = await addMeeting(db, cast, {
    title: series.name,
    state: isPast ? 'ended' : 'draft',
    startsAt: date.from,
    endsAt: date.to,
    room: series.room,
    organiser: chair,
    lang: series.lang,
    seriesId: standing.id,
    recurrenceId: standing.recurrenceId,
    number: series.firstNumber + date.at,
    reviewer,
    members,
  });
  if (!meetingId) return undefined;
  // Far ahead nobody has an agenda yet.
  if (date.at < INVITED_DATES) await addAgenda(db, cast, meetingId, { ...standing, at: date.at, isPast });
  if (isPast) {
    await addAttendance(db, meetingId, secretary);
    return {
      meetingId,
      series,
      ago: PAST_DATES - date.at,
      chair,
      secretary,
      reviewer,
      members: members.map((member) => member.id),
      endsAt: date.to,
    };
  }
  if (date.at < INVITED_DATES) {
    await sendInvitations(db, { id: secretary }, meetingId, cast.now);
    await addReplies(db, meetingId);
  }
  return undefined;
}

async function addRecurrence(
  db: Db,
  cast: SampleCast,
  seriesId: number,
  series: SampleSeries,
): Promise<number> {
  const dates = datesOf(series, cast);
  const rule: Rule = {
    frequency: 'weekly',
    every: 1,
    weekdays: [series.weekday],
    monthDay: 1,
    nth: 1,
    month: 1,
  };
  const made = await row<{ id: number }>(
    db,
    `insert into recurrences (series_id, uid, rule, zone, starts_on, starts_at_time, until_at)
     values (:series, :uid, :rule, :zone, :starts_on, :at, :until) returning id`,
    {
      series: seriesId,
      uid: `${randomUUID()}@${cast.mailDomain}`,
      rule: writeRule(rule),
      zone: cast.zone,
      starts_on: dayOf(dates[0]?.from ?? cast.now, cast.zone),
      at: series.from,
      until: dates.at(-1)?.from ?? cast.now,
    },
  );
  return made?.id ?? 0;
}

/** Six dates before now and four from now on, on the series' weekday. */
function datesOf(series: SampleSeries, cast: SampleCast): { from: Date; to: Date }[] {
  const today = dayOf(cast.now, cast.zone);
  const thisWeek = addDays(today, series.weekday - weekdayOf(today));
  const all = Array.from({ length: 16 }, (_, at) => addDays(thisWeek, (at - 8) * 7)).flatMap((day) => {
    const from = toInstant(day, series.from, cast.zone);
    return from ? [{ from, to: new Date(from.getTime() + series.minutes * 60_000) }] : [];
  });
  const next = all.findIndex((date) => date.to > cast.now);
  return all.slice(next - 6, next + 4);
}

function membersOf(series: SampleSeries, cast: SampleCast): { id: number; role: Role }[] {
  const heads = series.units.flatMap((unit) => cast.units.get(unit)?.slice(0, 1) ?? []);
  const others = series.units.flatMap((unit) => cast.units.get(unit)?.slice(1, 3) ?? []);
  const order = [
    ...new Set([...heads.slice(0, 1), ...others.slice(0, 2), ...heads.slice(1), ...others.slice(2)]),
  ].slice(0, 9);
  const roles: Role[] = [
    'chair',
    'secretary',
    'in_attendance',
    'required',
    'required',
    'required',
    'required',
    'optional',
    'informed',
  ];
  return order.map((id, at) => ({ id, role: roles[at] ?? 'required' }));
}

async function addAttendance(db: Db, meetingId: number, by: number): Promise<void> {
  await change(
    db,
    `insert into attendances (participant_id, status, recorded_by)
     select id, case when role = 'optional' then 'apologies' else 'present' end, :by
       from participants
      where meeting_id = :meeting and role <> 'informed'`,
    { meeting: meetingId, by },
  );
}

async function addReplies(db: Db, meetingId: number): Promise<void> {
  await change(
    db,
    `insert into replies (participant_id, status, note, sequence, via)
     select id, (array['accepted', 'accepted', 'tentative', 'declined'])[1 + (n + 3) % 4],
            case (n + 3) % 4 when 3 then :note else '' end, 0, 'link'
       from (
         select id, row_number() over (order by id) as n
           from participants
          where meeting_id = :meeting and role <> 'informed'
       ) p
      where n % 5 <> 0`,
    { meeting: meetingId, note: REASONS['zh-CN'].declined },
  );
}
