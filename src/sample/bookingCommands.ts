import { change, type Db } from '../lib/db/db.js';
import { addDays, dayOf, toInstant, weekdayOf } from '../lib/time/zone.js';
import type { SampleCast } from './castCommands.js';
import { addMeeting } from './meetingCommands.js';
import type { Role } from './seriesTexts.js';
import { ASSEMBLY, BOOKINGS, REASONS } from './texts.js';

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
