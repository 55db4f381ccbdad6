import type { Db } from '../lib/db/db.js';
import { row } from '../lib/db/db.js';
import { createWaiting } from '../waits/commands.js';
import { listFittingRooms } from '../claims/queueQueries.js';
import type { SampleCast } from './castCommands.js';
import { ASSEMBLY, WAIT } from './texts.js';

/** Somebody who waits for any large room while the assembly has them all. */
export async function addWait(trx: Db, cast: SampleCast): Promise<void> {
  const assembly = await row<{ starts_at: Date; ends_at: Date }>(
    trx,
    `select starts_at, ends_at
       from meetings
      where title = :title and starts_at > :now
      order by starts_at
      limit 1`,
    { title: ASSEMBLY.title, now: cast.now },
  );
  const organiser = cast.units.get(WAIT.unit)?.[0];
  if (!assembly || !organiser) return;
  const [startsAt, endsAt] = [
    assembly.starts_at,
    new Date(assembly.starts_at.getTime() + WAIT.minutes * 60_000),
  ];
  const any = { seats: WAIT.seats, building: WAIT.building };
  // On a holiday nothing is open, and nobody would wait.
  if (
    (await listFittingRooms(trx, { ...any, startsAt, endsAt, personId: organiser, now: cast.now })).length ===
    0
  )
    return;
  const made = await createWaiting(
    trx,
    { id: organiser },
    {
      title: WAIT.title,
      startsAt,
      endsAt,
      zone: cast.zone,
      roomIds: [],
      expectedCount: WAIT.seats,
      lang: 'zh-CN',
      mailDomain: cast.mailDomain,
      now: cast.now,
    },
    any,
  );
  if (!made.ok) throw new Error('sample wait: a meeting without a room was refused');
}
