import { makeAccount } from '../auth/commands.js';
import { change, type Db } from '../lib/db/db.js';
import { addDays, dayOf } from '../lib/time/zone.js';
import { createPerson } from '../people/commands.js';
import { createUnit } from '../people/unitCommands.js';
import { makeOffice } from '../office/setupCommands.js';
import { DEPUTIES, GUESTS, OFFICE, UNITS, type SamplePerson } from './people.js';

/** The product itself makes the sample. */
const BY = { id: null };

/** The office, its units with their heads, people with accounts under one password, guests and deputies. */
export async function addPeople(trx: Db, now: Date, passwordHash: string): Promise<void> {
  await makeOffice(trx, BY, {
    name_en: OFFICE.name_en,
    name_zh: OFFICE.name_zh,
    lang: OFFICE.lang,
    zone: OFFICE.zone,
    isSample: true,
  });
  const units = await addUnits(trx);
  const persons = await addPersons(trx, units, passwordHash);
  await change(trx, `update organisations set office_head_id = :head`, { head: persons.get('李强') });
  for (const guest of GUESTS)
    await add(trx, {
      ...guest,
      position: null,
      unit_id: null,
      affiliation: guest.affiliation,
      is_guest: true,
    });
  await addDeputies(trx, persons, dayOf(now, OFFICE.zone));
}

/** @returns code → id */
async function addUnits(trx: Db): Promise<Map<string, number>> {
  const units = new Map<string, number>();
  for (const unit of UNITS) {
    const made = await createUnit(trx, BY, {
      code: unit.code,
      name_en: unit.name_en,
      name_zh: unit.name_zh,
      parent_id: units.get(unit.parent ?? '') ?? null,
      head_id: null,
    });
    if (!made.ok) throw new Error(`unit ${unit.code}: ${made.reason}`);
    units.set(unit.code, made.id);
  }
  return units;
}

/** The first person of a unit is its head. @returns name → id */
async function addPersons(
  trx: Db,
  units: Map<string, number>,
  passwordHash: string,
): Promise<Map<string, number>> {
  const persons = new Map<string, number>();
  let extension = 8000;
  for (const unit of UNITS) {
    const unitId = units.get(unit.code) ?? null;
    for (const person of unit.people) {
      const id = await add(trx, {
        ...person,
        email: addressOf(person),
        unit_id: unitId,
        phone: `6200-${++extension}`,
      });
      await makeAccount(trx, BY, id, passwordHash);
      persons.set(person.name, id);
    }
    await change(trx, `update units set head_id = :head where id = :id`, {
      head: persons.get(unit.people[0]?.name ?? ''),
      id: unitId,
    });
  }
  return persons;
}

async function addDeputies(trx: Db, persons: Map<string, number>, today: string): Promise<void> {
  for (const [leader, deputy, days] of DEPUTIES)
    await change(
      trx,
      `insert into deputies (person_id, deputy_id, from_on, to_on)
       values (:leader, :deputy, :from_on, :to_on)`,
      {
        leader: persons.get(leader),
        deputy: persons.get(deputy),
        from_on: days ? today : null,
        to_on: days ? addDays(today, days) : null,
      },
    );
}

/** ouyang.ming@…: the Latin name in plain letters. */
export function addressOf(person: { name_en: string }): string {
  const plain = person.name_en.normalize('NFD').replace(/\p{M}/gu, '').toLowerCase();
  return `${plain
    .split(/[^a-z]+/)
    .filter(Boolean)
    .join('.')}@${OFFICE.mailDomain}`;
}

async function add(
  trx: Db,
  person: Omit<SamplePerson, 'position'> & {
    email: string;
    position: string | null;
    unit_id: number | null;
    is_guest?: boolean;
    affiliation?: string;
    phone?: string;
  },
): Promise<number> {
  const made = await createPerson(trx, BY, {
    name: person.name,
    name_en: person.name_en,
    email: person.email,
    phone: person.phone ?? null,
    position: person.position,
    unit_id: person.unit_id,
    is_guest: person.is_guest ?? false,
    affiliation: person.affiliation ?? null,
    role: person.role ?? 'member',
    lang: person.lang ?? 'zh-CN',
    zone: person.zone ?? OFFICE.zone,
  });
  if (!made.ok) throw new Error(`${person.name}: ${made.reason}`);
  return made.id;
}
