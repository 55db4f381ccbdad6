import { randomUUID } from 'node:crypto';
import { sendInvitations } from '../invitations/commands.js';
import { change, row, rows, type Db } from '../lib/db/db.js';
import { addDays, dayOf, toInstant, weekdayOf } from '../lib/time/zone.js';
import { writeRule, type Rule } from '../series/recurrence.js';
import { ROOMS } from './rooms.js';
import {
  ASSEMBLY,
  BOOKINGS,
  REASONS,
  SERIES,
  type Role,
  type SampleItem,
  type SampleSeries,
} from './texts.js';

interface CastRoom {
  id: number;
  /** Minutes before and after a meeting. */
  setup: number;
  teardown: number;
  parts: number[];
}

/** Who is there to take part: active people of each unit, its head first. */
export interface SampleCast {
  zone: string;
  now: Date;
  mailDomain: string;
  units: Map<string, number[]>;
  rooms: Map<string, CastRoom>;
  secretary: number;
}

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

export async function castSample(db: Db, now: Date, mailDomain: string): Promise<SampleCast> {
  const office = await row<{ zone: string }>(db, `select zone from organisations`);
  const people = await rows<{ id: number; unit: string; role: string }>(
    db,
    `select p.id, u.code as unit, p.role from persons p join units u on u.id = p.unit_id
      where p.deactivated_at is null and not p.is_guest order by (u.head_id = p.id) desc nulls last, p.id`,
  );
  const units = new Map<string, number[]>();
  for (const person of people) units.set(person.unit, [...(units.get(person.unit) ?? []), person.id]);
  const secretary = people.find((person) => person.role === 'secretary')?.id ?? people[0]?.id ?? 0;
  return { zone: office?.zone ?? 'Asia/Shanghai', now, mailDomain, units, rooms: new Map(), secretary };
}

export async function addRooms(db: Db, cast: SampleCast): Promise<void> {
  // The sample office is one in China and keeps the holidays of its state.
  await change(db, `update holiday_calendars set is_default = true where name_en = 'China'`);
  for (const [at, room] of ROOMS.entries()) {
    const made = await row<{ id: number }>(
      db,
      `insert into rooms (code, name_en, name_zh, building, floor, capacity, equipment, is_step_free,
              setup_minutes, teardown_minutes, sort_order)
       values (:code, :name_en, :name_zh, :building, :floor, :capacity, :equipment, :step_free,
               :setup, :teardown, :at)
       returning id`,
      { ...room, step_free: room.stepFree, setup: room.setup ?? 0, teardown: room.teardown ?? 0, at },
    );
    if (!made) throw new Error('room not made');
    const parts = (room.parts ?? []).map((code) => cast.rooms.get(code)?.id ?? 0);
    cast.rooms.set(room.code, { id: made.id, setup: room.setup ?? 0, teardown: room.teardown ?? 0, parts });
    await change(
      db,
      `insert into room_hours (room_id, weekday, opens_at, closes_at)
       select :id, d, '08:00', '18:00' from generate_series(1, 5) d`,
      { id: made.id },
    );
    for (const part of parts)
      await change(db, `insert into room_parts (hall_id, part_id) values (:hall, :part)`, {
        hall: made.id,
        part,
      });
  }
}

interface NewMeeting {
  title: string;
  state: 'draft' | 'scheduled' | 'in_progress' | 'ended' | 'cancelled';
  startsAt: Date;
  endsAt: Date;
  room: string;
  organiser: number;
  /** Who typed it; the secretary unless somebody booked for themselves. */
  createdBy?: number;
  lang: 'en' | 'zh-CN';
  seriesId?: number;
  recurrenceId?: number;
  number?: number;
  isPrivate?: boolean;
  reviewer?: number;
  cancelReason?: string;
  members?: { id: number; role: Role }[];
}

/** Writes one meeting with its claim and participants; undefined when the room is taken at that time. */
async function addMeeting(db: Db, cast: SampleCast, meeting: NewMeeting): Promise<number | undefined> {
  const room = cast.rooms.get(meeting.room);
  if (!room) throw new Error(`no room ${meeting.room}`);
  const announcedAt = meeting.members && meeting.state !== 'draft' ? daysBefore(cast, meeting, 4) : null;
  const id = await insertMeeting(db, cast, meeting, announcedAt);
  if (!(await claimRoom(db, cast, { ...meeting, id }, room))) {
    await change(db, `delete from room_claims where meeting_id = :id`, { id });
    await change(db, `delete from meetings where id = :id`, { id });
    return undefined;
  }
  await change(db, `insert into meeting_rooms (meeting_id, room_id) values (:meeting, :room)`, {
    meeting: id,
    room: room.id,
  });
  for (const member of meeting.members ?? [])
    await change(
      db,
      `insert into participants (meeting_id, person_id, role, invited_at, created_by)
       values (:meeting, :person, :role, :invited, :by)`,
      { meeting: id, person: member.id, role: member.role, invited: announcedAt, by: cast.secretary },
    );
  await change(
    db,
    `insert into audit_events (at, person_id, action, noun, noun_id, meeting_id, after)
     values (:at, :by, 'meeting.create', 'meetings', :id, :id, :after)`,
    {
      at: announcedAt ?? cast.now,
      by: meeting.createdBy ?? cast.secretary,
      id,
      after: JSON.stringify({ title: meeting.title }),
    },
  );
  return id;
}

/** Days before the meeting, or before now if that is earlier. */
function daysBefore(cast: SampleCast, meeting: NewMeeting, days: number): Date {
  return new Date(Math.min(cast.now.getTime(), meeting.startsAt.getTime()) - days * 86_400_000);
}

async function insertMeeting(
  db: Db,
  cast: SampleCast,
  meeting: NewMeeting,
  announcedAt: Date | null,
): Promise<number> {
  const made = await row<{ id: number }>(
    db,
    `insert into meetings (
       title, state, series_id, recurrence_id, occurrence_at, number,
       starts_at, ends_at, zone, lang, organiser_id, created_by, reviewer_id, uid,
       is_private, expected_count, announced_at, started_at, started_by, ended_at, ended_by,
       cancelled_at, cancelled_by, cancel_reason, state_before_cancel, created_at
     )
     values (
       :title, :state, :series, :recurrence,
       case when :recurrence::bigint is null then null else :starts::timestamptz end, :number,
       :starts, :ends, :zone, :lang, :organiser, :creator, :reviewer, :uid,
       :private, :count, :announced, :started, :starter, :ended, :starter,
       :cancelled, :canceller, :reason, :before, :created
     )
     returning id`,
    {
      title: meeting.title,
      state: meeting.state,
      series: meeting.seriesId ?? null,
      recurrence: meeting.recurrenceId ?? null,
      number: meeting.number ?? null,
      starts: meeting.startsAt,
      ends: meeting.endsAt,
      zone: cast.zone,
      lang: meeting.lang,
      organiser: meeting.organiser,
      creator: meeting.createdBy ?? cast.secretary,
      reviewer: meeting.reviewer ?? null,
      uid: `${randomUUID()}@${cast.mailDomain}`,
      private: meeting.isPrivate ?? false,
      count: meeting.members ? null : 6,
      announced: announcedAt,
      ...heldWhen(meeting),
      ...cancelledWhen(meeting, announcedAt),
      created: daysBefore(cast, meeting, 10),
    },
  );
  if (!made) throw new Error('meeting not made');
  return made.id;
}

function heldWhen({ state, startsAt, endsAt, organiser }: NewMeeting) {
  const hasBegun = state === 'ended' || state === 'in_progress';
  return {
    started: hasBegun ? startsAt : null,
    starter: hasBegun ? organiser : null,
    ended: state === 'ended' ? endsAt : null,
  };
}

function cancelledWhen({ cancelReason, organiser }: NewMeeting, announcedAt: Date | null) {
  return {
    cancelled: cancelReason ? announcedAt : null,
    canceller: cancelReason ? organiser : null,
    reason: cancelReason ?? null,
    before: cancelReason ? 'scheduled' : null,
  };
}

/** @returns false when the room is taken at that time, or a part of it */
async function claimRoom(
  db: Db,
  cast: SampleCast,
  meeting: NewMeeting & { id: number },
  room: CastRoom,
): Promise<boolean> {
  const claimed = room.parts.length ? room.parts : [room.id];
  const wrote = await change(
    db,
    `insert into room_claims (
       room_id, meeting_id, state, starts_at, ends_at,
       setup_minutes, teardown_minutes, occupies_from, occupies_to, created_by
     )
     select r, :meeting, :state, :starts, :ends, :setup, :teardown, :from, :to, :by
       from unnest(:rooms::bigint[]) r
      order by r
     on conflict do nothing`,
    {
      rooms: claimed,
      meeting: meeting.id,
      state: meeting.cancelReason ? 'cancelled' : 'confirmed',
      starts: meeting.startsAt,
      ends: meeting.endsAt,
      setup: room.setup,
      teardown: room.teardown,
      by: cast.secretary,
      from: new Date(meeting.startsAt.getTime() - room.setup * 60_000),
      to: new Date(meeting.endsAt.getTime() + room.teardown * 60_000),
    },
  );
  return wrote === claimed.length;
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

function itemsOf(series: SampleSeries, at: number): SampleItem[] {
  const count = series.items.length;
  return [0, 1, 2].flatMap((step) => series.items[(at * 2 + step) % count] ?? []);
}

async function addAgenda(
  db: Db,
  cast: SampleCast,
  meetingId: number,
  { series, at, isPast, members }: Standing & { at: number; isPast: boolean },
): Promise<void> {
  for (const [position, item] of itemsOf(series, at).entries()) {
    const presenter = members[3 + (position % 3)]?.id ?? null;
    const made = await row<{ id: number }>(
      db,
      `insert into agenda_items (meeting_id, position, title, purpose, presenter_id, proposed_by,
                                 planned_minutes, state, created_by)
       values (:meeting, :position, :title, :purpose, :presenter, :presenter, :minutes, :state, :by)
       returning id`,
      {
        meeting: meetingId,
        position: position + 1,
        title: item.title,
        purpose: item.purpose,
        presenter,
        minutes: item.minutes,
        state: isPast ? 'concluded' : 'accepted',
        by: cast.secretary,
      },
    );
    if (made && isPast) await addStatements(db, cast, { meetingId, itemId: made.id, members }, item);
  }
}

async function addStatements(
  db: Db,
  cast: SampleCast,
  { meetingId, itemId, members }: { meetingId: number; itemId: number; members: { id: number }[] },
  item: SampleItem,
): Promise<void> {
  let last = 0;
  for (const [position, statement] of item.statements.entries()) {
    const made = await row<{ id: number }>(
      db,
      `insert into statements (meeting_id, item_id, position, kind, text, created_by)
       values (:meeting, :item, :position, :kind, :text, :by)
       returning id`,
      {
        meeting: meetingId,
        item: itemId,
        position: position + 1,
        kind: statement.kind,
        text: statement.text,
        by: cast.secretary,
      },
    );
    last = made?.id ?? 0;
    if (['resolved', 'approved_in_principle', 'deferred'].includes(statement.kind)) {
      const [yes, no, abstained] = statement.vote ?? [];
      await change(
        db,
        `insert into decisions (statement_id, meeting_id, item_id, basis, votes_for, votes_against,
                abstentions)
         values (:statement, :meeting, :item, :basis, :yes, :no, :abstained)`,
        {
          statement: last,
          meeting: meetingId,
          item: itemId,
          basis: statement.vote ? 'vote' : 'consensus',
          yes: yes ?? null,
          no: no ?? null,
          abstained: abstained ?? null,
        },
      );
    }
  }
  if (!item.action) return;
  await change(
    db,
    `insert into actions (meeting_id, item_id, statement_id, deliverable, lead_id, due_on, created_by)
     select :meeting, :item, :statement, :deliverable, :lead,
            (m.starts_at at time zone 'UTC')::date + :days::int, :by
       from meetings m
      where m.id = :meeting`,
    {
      meeting: meetingId,
      item: itemId,
      statement: last,
      deliverable: item.action.deliverable,
      lead: members[item.action.lead]?.id ?? members[0]?.id ?? null,
      days: item.action.days,
      by: cast.secretary,
    },
  );
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

/**
 * Bookings of the working days around today, so that the grid looks like an office's; one of them runs now.
 */
export async function addBookings(db: Db, cast: SampleCast): Promise<void> {
  const today = dayOf(cast.now, cast.zone);
  for (let ahead = -7; ahead <= 14; ahead++) {
    const day = addDays(today, ahead);
    if (weekdayOf(day) > 5) continue;
    for (const [at, booking] of BOOKINGS.entries()) {
      if (ahead !== 0 && (at * 7 + ahead + 70) % 3 === 0) continue;
      if (booking.weekly && ahead % 7 !== 0) continue;
      await addBooking(db, cast, day, booking);
    }
  }
  await addBooking(db, cast, workday(today, ASSEMBLY.inDays), ASSEMBLY);
  await addRunning(db, cast, today);
  await addCancelled(db, cast, workday(today, 2));
}

function workday(from: string, ahead: number): string {
  const day = addDays(from, ahead);
  return weekdayOf(day) > 5 ? addDays(day, 2) : day;
}

async function addBooking(
  db: Db,
  cast: SampleCast,
  day: string,
  booking: (typeof BOOKINGS)[number],
): Promise<void> {
  const startsAt = toInstant(day, booking.from, cast.zone);
  const endsAt = toInstant(day, booking.to, cast.zone);
  const people = cast.units.get(booking.unit) ?? [];
  const organiser = people[1] ?? people[0];
  if (!startsAt || !endsAt || !organiser) return;
  const lang = /[一-龥]/.test(booking.title) ? 'zh-CN' : 'en';
  await addMeeting(db, cast, {
    title: booking.title,
    state: 'draft',
    startsAt,
    endsAt,
    room: booking.room,
    organiser,
    createdBy: organiser,
    lang,
    isPrivate: booking.isPrivate,
  });
}

/**
 * A meeting that is being held while one looks, with its first item under discussion; within office hours
 * only.
 */
async function addRunning(db: Db, cast: SampleCast, today: string): Promise<void> {
  const startsAt = new Date(Math.floor((cast.now.getTime() - 20 * 60_000) / 900_000) * 900_000);
  const opens = toInstant(today, '08:00', cast.zone);
  const closes = toInstant(today, '17:00', cast.zone);
  if (!opens || !closes || startsAt < opens || startsAt > closes || weekdayOf(today) > 5) return;
  const people = [...(cast.units.get('office') ?? []), ...(cast.units.get('estates') ?? [])].slice(0, 6);
  const roles: Role[] = ['chair', 'secretary', 'required', 'required', 'in_attendance', 'optional'];
  const id = await addMeeting(db, cast, {
    title: '督办工作碰头会',
    state: 'in_progress',
    startsAt,
    endsAt: new Date(startsAt.getTime() + 3_600_000),
    room: 'lib-1',
    organiser: people[0] ?? cast.secretary,
    lang: 'zh-CN',
    members: people.map((person, at) => ({ id: person, role: roles[at] ?? 'required' })),
  });
  if (!id) return;
  const items = [
    ['逾期事项逐项过堂', 'discussion', 20],
    ['下月重点督办事项', 'decision', 25],
  ] as const;
  for (const [at, [title, purpose, minutes]] of items.entries()) {
    await change(
      db,
      `insert into agenda_items (meeting_id, position, title, purpose, planned_minutes, state, opened_at,
              created_by)
       values (:meeting, :position, :title, :purpose, :minutes, :state, :opened, :by)`,
      {
        meeting: id,
        position: at + 1,
        title,
        purpose,
        minutes,
        state: at ? 'accepted' : 'under_discussion',
        opened: at ? null : startsAt,
        by: cast.secretary,
      },
    );
  }
  await change(
    db,
    `insert into attendances (participant_id, status, arrived_at)
     select id, 'present', :at
       from participants
      where meeting_id = :id and role <> 'optional'`,
    { id, at: startsAt },
  );
}

async function addCancelled(db: Db, cast: SampleCast, day: string): Promise<void> {
  const people = cast.units.get('research') ?? [];
  const startsAt = toInstant(day, '09:00', cast.zone);
  if (!startsAt || !people[0]) return;
  await addMeeting(db, cast, {
    title: '科研平台建设协调会',
    state: 'cancelled',
    startsAt,
    endsAt: new Date(startsAt.getTime() + 5_400_000),
    room: 'r401',
    organiser: people[0],
    lang: 'zh-CN',
    members: people.slice(0, 4).map((id, at) => ({ id, role: at ? 'required' : 'chair' })),
    cancelReason: REASONS['zh-CN'].cancelMeeting,
  });
}

/** With a mail server set, nothing of the sample goes out: its addresses are nobody's. */
export async function keepMailsIn(db: Db): Promise<void> {
  await change(db, `update deliveries set state = 'superseded', finished_at = now() where state = 'waiting'`);
}
