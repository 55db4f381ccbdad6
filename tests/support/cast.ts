import { row, type Db } from '../../src/lib/db/db.js';

/** A person of the cast as tests need them. */
export interface CastPerson {
  id: number;
  name: string;
  email: string;
}

/** The fixed cast: everybody a test needs, with names that tell what they are for. */
export interface Cast {
  /** calls meetings; Planning */
  organiser: CastPerson;
  /** is invited; Planning */
  attendee: CastPerson;
  /** chairs and approves minutes; head of Planning */
  chair: CastPerson;
  /** secretary of the office; reviews minutes */
  reviewer: CastPerson;
  /** a second secretary, who writes minutes */
  secretary: CastPerson;
  /** signed in, but in none of the meetings; another unit */
  outsider: CastPerson;
  administrator: CastPerson;
  /** an outside guest without an account */
  guest: CastPerson;
  units: { planning: number; finance: number };
  rooms: { orchid: number; bamboo: number };
}

/** Everybody lives and works there. */
export const CAST_ZONE = 'Asia/Shanghai';

async function id(db: Db, sql: string, bindings: Record<string, unknown>): Promise<number> {
  const made = await row<{ id: number }>(db, `${sql} returning id`, bindings);
  if (!made) throw new Error('nothing was inserted');
  return made.id;
}

/** The office, two units, eight persons and two rooms that are open on workdays from 08:00 to 20:00. */
export async function makeCast(db: Db): Promise<Cast> {
  await db.raw(
    `insert into organisations (name_en, name_zh, lang, zone)
     values ('Harbour District Office', '海港区办公室', 'en', ?)`,
    [CAST_ZONE],
  );
  const unit = (code: string, en: string, zh: string) =>
    id(db, 'insert into units (code, name_en, name_zh) values (:code, :en, :zh)', { code, en, zh });
  const planning = await unit('planning', 'Planning', '规划处');
  const finance = await unit('finance', 'Finance', '财务处');

  const person = async (
    name: string,
    nameEn: string,
    email: string,
    unitId: number | null,
    more: { role?: string; lang?: string; isGuest?: boolean } = {},
  ) => {
    const personId = await id(
      db,
      `insert into persons (name, name_en, email, unit_id, role, lang, zone, is_guest, affiliation)
       values (:name, :name_en, :email, :unit, :role, :lang, :zone, :is_guest, :affiliation)`,
      {
        name,
        name_en: nameEn,
        email,
        unit: unitId,
        role: more.role ?? 'member',
        lang: more.lang ?? 'en',
        zone: CAST_ZONE,
        is_guest: more.isGuest ?? false,
        affiliation: more.isGuest ? 'Harbour Consulting' : null,
      },
    );
    if (!more.isGuest) await db.raw('insert into accounts (person_id) values (?)', [personId]);
    return { id: personId, name, email };
  };
  const organiser = await person('欧阳敏', 'Ouyang Min', 'organiser@office.example', planning);
  const attendee = await person('陈安', 'Chen An', 'attendee@office.example', planning, { lang: 'zh-CN' });
  const chair = await person('周正', 'Zhou Zheng', 'chair@office.example', planning);
  const reviewer = await person('沈岚', 'Shen Lan', 'reviewer@office.example', finance, {
    role: 'secretary',
  });
  const secretary = await person('何静', 'He Jing', 'secretary@office.example', planning, {
    role: 'secretary',
  });
  const outsider = await person('魏然', 'Wei Ran', 'outsider@office.example', finance);
  const administrator = await person('管平', 'Guan Ping', 'administrator@office.example', finance, {
    role: 'administrator',
  });
  const guest = await person('Alex Guest', 'Alex Guest', 'guest@elsewhere.example', null, { isGuest: true });
  await db.raw('update units set head_id = ? where id = ?', [chair.id, planning]);

  const room = async (code: string, en: string, zh: string, capacity: number) => {
    const roomId = await id(
      db,
      `insert into rooms (code, name_en, name_zh, building, floor, capacity, equipment)
       values (:code, :en, :zh, 'A', '3', :capacity, '{}')`,
      { code, en, zh, capacity },
    );
    await db.raw(
      `insert into room_hours (room_id, weekday, opens_at, closes_at)
       select ?, day, '08:00', '20:00'
         from generate_series(1, 5) as day`,
      [roomId],
    );
    return roomId;
  };
  return {
    organiser,
    attendee,
    chair,
    reviewer,
    secretary,
    outsider,
    administrator,
    guest,
    units: { planning, finance },
    rooms: {
      orchid: await room('orchid', 'Orchid', '兰厅', 12),
      bamboo: await room('bamboo', 'Bamboo', '竹厅', 30),
    },
  };
}
