import { randomInt } from 'node:crypto';
import { hashPassword } from '../auth/passwords.js';
import { hasAccounts } from '../auth/queries.js';
import type { Config } from '../config.js';
import { inTransaction, type Db } from '../lib/db/db.js';
import { Conflict } from '../lib/http/errors.js';
import type { Clock } from '../lib/time/clock.js';
import { addFacts } from './factsCommands.js';
import { addBookings } from './bookingCommands.js';
import { addRooms, castSample, keepMailsIn } from './castCommands.js';
import { addSeries } from './seriesCommands.js';
import { addAbsences, addPoll } from './pollCommands.js';
import { addWait } from './waitCommands.js';
import { addMinutes } from './minutesCommands.js';
import { addPolicies } from './rulesCommands.js';
import { START_WITH, UNITS } from './people.js';
import { addPeople, addressOf } from './peopleCommands.js';
import { lockSetup } from '../office/setupCommands.js';

export interface SampleMade {
  /** The secretary of the sample office, who sees most of it. */
  email: string;
  administrator: string;
  /** Of everybody; stored nowhere. */
  password: string;
  /** A few people to sign in as. */
  people: { name: string; name_en: string; email: string; position: string; role: string }[];
}

/**
 * A believable office to look around in, with dates around now, in one transaction. Throws Conflict
 * when anybody has an account: a sample is never mixed into an office.
 * @param options.password else one is made
 */
export async function makeSample(
  db: Db,
  options: { password?: string; clock: Clock; config: Config },
): Promise<SampleMade> {
  const password = options.password || easyPassword();
  const hash = await hashPassword(password);
  await inTransaction(db, async (trx) => {
    await lockSetup(trx);
    if (await hasAccounts(trx)) throw new Conflict('admin.setup.done');
    await addPeople(trx, options.clock.now(), hash);
    const cast = await castSample(trx, options.clock.now(), options.config.mailDomain);
    await addRooms(trx, cast);
    const records = await addSeries(trx, cast);
    await addBookings(trx, cast);
    await addPolicies(trx, cast);
    await addFacts(trx, cast);
    await addMinutes(trx, cast, records);
    await addAbsences(trx, cast);
    await addPoll(trx, cast);
    await addWait(trx, cast);
    if (options.config.smtpUrl) await keepMailsIn(trx);
  });
  const everybody = UNITS.flatMap((unit) => unit.people);
  const people = START_WITH.flatMap((name) => everybody.find((person) => person.name === name) ?? []).map(
    (person) => ({
      name: person.name,
      name_en: person.name_en,
      email: addressOf(person),
      position: person.position,
      role: person.role ?? 'member',
    }),
  );
  return {
    email: people[0]?.email ?? '',
    administrator: people.find((person) => person.role === 'administrator')?.email ?? '',
    password,
    people,
  };
}

const SYLLABLES = [
  'ba',
  'da',
  'fu',
  'ga',
  'he',
  'jin',
  'ka',
  'lan',
  'min',
  'nu',
  'ping',
  'qing',
  'ru',
  'shan',
  'tian',
  'wen',
  'xi',
  'yun',
  'zhu',
  'mo',
];

/** Easy to type from a terminal: four groups of syllables and figures, about 60 bits. */
function easyPassword(): string {
  const group = () =>
    Array.from({ length: 2 }, () => SYLLABLES[randomInt(SYLLABLES.length)]).join('') + randomInt(10, 100);
  return Array.from({ length: 4 }, group).join('-');
}
