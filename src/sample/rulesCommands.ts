import { change, row, type Db } from '../lib/db/db.js';
import { addDays, dayOf, toInstant, weekdayOf } from '../lib/time/zone.js';
import { createMeeting } from '../meetings/commands.js';
import type { SampleCast } from './castCommands.js';
import { OUT } from './rooms.js';

/**
 * Rules of the sample office: how far ahead, short use of the small room, and a guest room that is given on
 * request.
 */
export async function addPolicies(db: Db, cast: SampleCast): Promise<void> {
  const guest = cast.rooms.get('guest')?.id;
  const small = cast.rooms.get('r303')?.id;
  const hall = cast.rooms.get('hall')?.id;
  if (!guest || !small || !hall) throw new Error('rooms of the rules are missing');
  const group = await row<{ id: number }>(
    db,
    `insert into people_groups (name_en, name_zh, note)
     values ('Heads of units', '部门负责人', '接待来访可直接使用接待室')
     returning id`,
  );
  const heads = [...cast.units.values()].flatMap(([head]) => head ?? []);
  await change(
    db,
    `insert into people_group_members (group_id, person_id) select :group::bigint, unnest(:heads::bigint[])`,
    { group: group?.id, heads },
  );
  await change(db, `insert into booking_rules (window_days) values (365)`);
  await change(
    db,
    `insert into booking_rules (room_id, max_minutes, start_interval, check_in)
     values (:room, 120, 15, 'required')`,
    { room: small },
  );
  await addCheckIns(db, small, cast.now);
  await change(
    db,
    `insert into booking_rules (room_id, notice_create, notice_cancel, out_of_policy)
     values (:room, 1440, 240, 'request')`,
    { room: hall },
  );
  await change(
    db,
    `insert into booking_rules (room_id, in_policy, answer_hours) values (:room, 'request', 24)`,
    { room: guest },
  );
  await change(
    db,
    `insert into booking_rules (room_id, group_id, in_policy) values (:room, :group, 'accept')`,
    { room: guest, group: group?.id },
  );
  await change(db, `insert into room_approvers (room_id, person_id) values (:room, :secretary)`, {
    room: guest,
    secretary: cast.secretary,
  });
  await addRequest(db, cast, guest);
}

/** How it went with check-in in the small room lately: people came, but for one time. */
async function addCheckIns(db: Db, roomId: number, now: Date): Promise<void> {
  await change(
    db,
    `insert into check_in_outcomes (meeting_id, room_id, starts_at, outcome, releases, judged_at, released_at)
     select id, :room, starts_at, case when place = 1 then 'no_show' else 'present' end, 10,
            starts_at + interval '10 minutes', case when place = 1 then starts_at + interval '10 minutes' end
       from (select m.id, m.starts_at, row_number() over (order by m.starts_at desc) as place
               from meetings m join meeting_rooms x on x.meeting_id = m.id
              where x.room_id = :room and m.ends_at < :now and m.state <> 'cancelled'
                and m.starts_at > cast(:now as timestamptz) - interval '80 days') m`,
    { room: roomId, now },
  );
}

/**
 * One request that waits: somebody who is no head asks for the guest room, for a day on which it is in
 * service again.
 */
async function addRequest(db: Db, cast: SampleCast, roomId: number): Promise<void> {
  const people = cast.units.get('international') ?? [];
  const asker = people[1];
  const day = addDays(dayOf(cast.now, cast.zone), OUT.days + 1);
  const on = weekdayOf(day) > 5 ? addDays(day, 2) : day;
  const startsAt = toInstant(on, '10:00', cast.zone);
  const endsAt = toInstant(on, '11:30', cast.zone);
  if (!asker || !startsAt || !endsAt) return;
  const made = await createMeeting(
    db,
    { id: asker },
    {
      title: '外国专家来访接待',
      startsAt,
      endsAt,
      zone: cast.zone,
      roomIds: [roomId],
      lang: 'zh-CN',
      expectedCount: 8,
      now: cast.now,
      mailDomain: cast.mailDomain,
      askReason: '名古屋大学代表团一行 5 人来访，请安排茶水。',
    },
  );
  if (!made.ok) throw new Error('the request of the sample was refused');
  // Who decides finds it on their first page; nothing of the sample is mailed about it.
  await change(db, `update room_requests set told_at = now() where meeting_id = :meeting`, {
    meeting: made.id,
  });
}
