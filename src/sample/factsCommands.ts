import { Readable } from 'node:stream';
import { change, row, rows, type Db } from '../lib/db/db.js';
import { imageSize } from '../lib/files/imageSize.js';
import { storeFile } from '../lib/files/store.js';
import { addDays, dayOf, startOfDay } from '../lib/time/zone.js';
import { setLayout } from '../meetings/placeCommands.js';
import { takeEquipment } from '../equipment/commands.js';
import { createFloorPlan, placeRooms } from '../rooms/floorPlanCommands.js';
import type { SampleCast } from './castCommands.js';
import { drawSamplePlan, PLACES } from './floorPlan.js';
import { BROUGHT, FACTS, MOVABLE, OUT } from './rooms.js';

// The rooms of the sample office as they are: layouts, keys, who answers for them, what is carried into
// them, a floor plan.

/** After the bookings: some of them take equipment and a layout. */
export async function addFacts(db: Db, cast: SampleCast): Promise<void> {
  await addRoomFacts(db, cast);
  await addPlan(db, cast);
  for (const [at, kind] of MOVABLE.entries()) {
    await change(
      db,
      `insert into equipment_kinds (code, name_en, name_zh, is_movable, stock, sort_order)
       values (:code, :name_en, :name_zh, true, :stock, :at)`,
      { ...kind, at: 200 + at * 10 },
    );
  }
  await addBrought(db, cast);
}

async function addRoomFacts(db: Db, cast: SampleCast): Promise<void> {
  for (const facts of FACTS) {
    const id = cast.rooms.get(facts.code)?.id ?? 0;
    await change(
      db,
      `update rooms
          set key_note = :key, contact = :contact, min_people = :fewest, owner_id = :owner,
              version = version + 1
        where id = :id`,
      {
        id,
        key: facts.key,
        contact: facts.contact,
        fewest: facts.fewest ?? null,
        owner: cast.units.get(facts.owner)?.[0] ?? cast.secretary,
      },
    );
    const layouts = Object.entries(facts.layouts ?? {});
    await change(
      db,
      `insert into room_layouts (room_id, layout, capacity)
       select :id::bigint, *
         from unnest(:layouts::text[], :seats::int[])`,
      {
        id,
        layouts: layouts.map(([layout]) => layout),
        seats: layouts.map(([, seats]) => seats),
      },
    );
  }
  const back = startOfDay(addDays(dayOf(cast.now, cast.zone), OUT.days), cast.zone);
  await change(
    db,
    `update rooms
        set status = 'out_of_service', status_reason = :reason, back_at = :back, version = version + 1
      where id = :id`,
    {
      id: cast.rooms.get(OUT.code)?.id ?? 0,
      reason: OUT.reason,
      back,
    },
  );
}

async function addPlan(db: Db, cast: SampleCast): Promise<void> {
  const by = { id: cast.secretary };
  const picture = drawSamplePlan();
  const size = imageSize(picture);
  const stored = await storeFile(db, Readable.from([picture]), { name: 'floor-3.png', uploadedBy: by.id });
  const places = PLACES.flatMap(({ code, x, y }) => {
    const room = cast.rooms.get(code);
    return room ? [{ roomId: room.id, x, y }] : [];
  });
  const [first] = places;
  if (!stored.ok || !size || !first) throw new Error('plan not made');
  const made = await createFloorPlan(db, by, first.roomId, { fileId: stored.file.id, ...size });
  if (made.ok) await placeRooms(db, by, { id: made.id, version: 1 }, places);
}

/** The coming bookings of a few rooms, in turn; what is short of stock goes without. */
async function addBrought(db: Db, cast: SampleCast): Promise<void> {
  const kinds = new Map(
    (
      await rows<{ id: number; code: string }>(db, `select id, code from equipment_kinds where is_movable`)
    ).map(({ id, code }) => [code, id]),
  );
  for (const brought of BROUGHT) {
    const room = cast.rooms.get(brought.room)?.id ?? 0;
    const coming = await rows<{ id: number; starts_at: Date; ends_at: Date }>(
      db,
      `select m.id, m.starts_at, m.ends_at
         from meetings m
         join meeting_rooms r on r.meeting_id = m.id and r.room_id = :room
        where m.state in ('draft', 'scheduled') and m.starts_at > :now order by m.starts_at limit 3`,
      { room, now: cast.now },
    );
    for (const meeting of coming) {
      if (brought.layout)
        await setLayout(db, [{ meetingId: meeting.id, roomIds: [room], layout: brought.layout }]);
      const organiser = await row<{ id: number }>(
        db,
        `select organiser_id as id from meetings where id = :id`,
        { id: meeting.id },
      );
      const lines = brought.equipment.flatMap(([code, quantity]) => {
        const kindId = kinds.get(code);
        return kindId ? [{ kindId, quantity }] : [];
      });
      await takeEquipment(db, { id: organiser?.id ?? cast.secretary }, [
        { meetingId: meeting.id, startsAt: meeting.starts_at, endsAt: meeting.ends_at, lines },
      ]);
    }
  }
}
