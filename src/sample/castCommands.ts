import { change, row, rows, type Db } from '../lib/db/db.js';
import { ROOMS } from './rooms.js';

export interface CastRoom {
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

/** With a mail server set, nothing of the sample goes out: its addresses are nobody's. */
export async function keepMailsIn(db: Db): Promise<void> {
  await change(db, `update deliveries set state = 'superseded', finished_at = now() where state = 'waiting'`);
}
