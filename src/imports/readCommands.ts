import { change, inTransaction, rows, type Db } from '../lib/db/db.js';
import { readChunks } from '../lib/files/store.js';
import { translator, type Lang } from '../lib/i18n/translate.js';
import { decodeText } from '../lib/files/table.js';
import { resolvePersons } from '../people/queries.js';
import { readBookingTable } from './bookingTable.js';
import { Unreadable, type Entry, type Place, type ReadBookings } from './entry.js';
import { letGoOfFile, stopImport } from './commands.js';
import {
  findImportById,
  listEarlierPlaces,
  listRoomNames,
  listRoomsOfOthers,
  mrbsName,
  sourceKey,
  type Import,
} from './queries.js';
import { readCalendar } from './mrbsCalendar.js';
import { readMrbsDump } from './mrbsEntries.js';

const BATCH = 1_000;
/** Most rooms of one file: a person chooses for each. */
const MOST_PLACES = 500;

/**
 * Reads a file of bookings into rows, which a person then looks at. Begun again after a killed worker, it
 * finds the rows
 * that are there and adds the rest.
 */
export async function readImport(db: Db, id: number): Promise<void> {
  const found = await findImportById(db, id);
  if (found?.state !== 'reading' || found.file_id === null) return;
  try {
    const chunks: Buffer[] = [];
    for await (const chunk of readChunks(db, found.file_id) as AsyncIterable<Buffer>) chunks.push(chunk);
    const read = open(found, decodeText(Buffer.concat(chunks)), await langOf(db, found.created_by));
    const uses = new Map<string, number>();
    const seen = new Map<string, Entry>();
    let batch: Entry[] = [];
    for (const entry of read.entries) {
      const same =
        entry.externalId === null || entry.reasons.length > 0 ? undefined : seen.get(entry.externalId);
      // An id is what a booking is known by: two bookings under one would come to one, and nobody would miss
      // the other.
      if (same && !isSame(same, entry))
        entry.reasons.push({ key: 'moving.bad.idTwice', values: { line: same.number } });
      else if (entry.externalId !== null && entry.reasons.length === 0) seen.set(entry.externalId, entry);
      if (entry.place !== null && entry.reasons.length === 0)
        uses.set(entry.place, (uses.get(entry.place) ?? 0) + 1);
      batch.push(entry);
      if (batch.length < BATCH) continue;
      await stage(db, id, batch);
      batch = [];
    }
    await stage(db, id, batch);
    const [places, names, before] = [read.places(), await listRoomNames(db), await listBefore(db, found)];
    if (places.length > MOST_PLACES)
      throw new Unreadable({ key: 'moving.file.tooManyPlaces', values: { count: MOST_PLACES } });
    await inTransaction(db, async (trx) => {
      const locked = await findImportById(trx, id, { lock: true });
      if (locked?.state !== 'reading') return;
      await writePlaces(
        trx,
        id,
        places.map((place) => ({
          ...place,
          rows: uses.get(place.key) ?? 0,
          ...(before.chosen.get(`${place.key}\n${place.label}`) ??
            suggest(
              place,
              names.filter(({ id: room }) => !before.ofOthers.has(room)),
              found.kind !== 'bookings',
            )),
        })),
      );
      await change(trx, `update imports set state = 'mapping', unknown_columns = :unknown where id = :id`, {
        id,
        unknown: read.unknownColumns.slice(0, 50),
      });
      await letGoOfFile(trx, id, locked.file_id);
    });
  } catch (error) {
    if (!(error instanceof Unreadable)) throw error;
    await inTransaction(db, (trx) => stopImport(trx, id, error.reason));
  }
}

function isSame(a: Entry, b: Entry): boolean {
  return (
    a.place === b.place &&
    a.title === b.title &&
    a.startsAt?.getTime() === b.startsAt?.getTime() &&
    a.endsAt?.getTime() === b.endsAt?.getTime()
  );
}

function open(found: Import, text: string, lang: Lang): ReadBookings {
  const t = translator(lang);
  if (found.kind === 'bookings') return readBookingTable(text, found.zone);
  return found.kind === 'mrbs_sql' ? readMrbsDump(text, found.zone, t) : readCalendar(text, found.zone, t);
}

async function langOf(db: Db, personId: number): Promise<Lang> {
  const [person] = await rows<{ lang: Lang }>(db, `select lang from persons where id = :id`, {
    id: personId,
  });
  return person?.lang ?? 'en';
}

async function stage(db: Db, importId: number, batch: Entry[]): Promise<void> {
  if (batch.length === 0) return;
  const texts = [...new Set(batch.map(({ organiser }) => organiser).filter(Boolean))];
  const resolved = await resolvePersons(db, texts);
  const persons = new Map(
    resolved.flatMap((one, at) =>
      one.ok && !one.person.is_guest ? [[texts[at] ?? '', one.person.id] as const] : [],
    ),
  );
  await change(
    db,
    `insert into import_rows (import_id, number, state, place, external_id, title, description, starts_at,
            ends_at, zone, organiser, organiser_id,
                              is_private, is_tentative, content, reasons)
     select :id, e.number, e.state, e.place, e."externalId", e.title, e.description, e."startsAt",
            e."endsAt", e.zone, e.organiser, e.organiser_id,
            e."isPrivate", e."isTentative", e.content, e.reasons
       from jsonb_to_recordset(cast(:batch as jsonb)) as e (number integer, state text, place text,
         "externalId" text, title text, description text,
            "startsAt" timestamptz, "endsAt" timestamptz, zone text, organiser text, organiser_id bigint,
              "isPrivate" boolean, "isTentative" boolean,
            content text, reasons jsonb)
     on conflict do nothing`,
    {
      id: importId,
      batch: JSON.stringify(
        batch.map((entry) => ({
          ...entry,
          state: entry.reasons.length ? 'bad' : 'waiting',
          organiser_id: persons.get(entry.organiser) ?? null,
        })),
      ),
    },
  );
}

type Suggestion = { choice: 'room' | 'new' | 'no_room' | 'out' | null; room_id: number | null };

/**
 * What earlier files say about the places of this one: what a person chose for the same room of the same
 * MRBS, and which rooms
 * belong to another MRBS. A room of that name there is another room.
 */
async function listBefore(
  db: Db,
  found: Import,
): Promise<{ chosen: Map<string, Suggestion>; ofOthers: Set<number> }> {
  if (mrbsName(found) === undefined) return { chosen: new Map(), ofOthers: new Set() };
  const ofOthers = await listRoomsOfOthers(db, found.source);
  const chosen = new Map<string, Suggestion>();
  for (const one of await listEarlierPlaces(db, found.id)) {
    const isOwn = sourceKey(one.source) === sourceKey(found.source);
    if (!isOwn && one.room_id !== null) ofOthers.add(one.room_id);
    const key = `${one.key}\n${one.label}`;
    // What was made new then is there now.
    if (isOwn && one.choice && !chosen.has(key))
      chosen.set(key, { choice: one.room_id === null ? one.choice : 'room', room_id: one.room_id });
  }
  return { chosen, ofOthers };
}

const plain = (text: string) => text.normalize('NFKC').trim().toLowerCase();

/** The room that a place most likely is: its code or name, whole or as the part beside the area's. */
function suggest(
  place: Place,
  names: { id: number; code: string; name_en: string; name_zh: string }[],
  isNewElse: boolean,
): { choice: 'room' | 'new' | null; room_id: number | null } {
  const tries = [place.label, ...place.label.split(/\s+[-–—]\s+|[;,，；、]/)].map(plain).filter(Boolean);
  for (const text of tries) {
    const found = names.filter((room) =>
      [room.code, room.name_en, room.name_zh].some((name) => plain(name) === text),
    );
    if (found.length === 1 && found[0]) return { choice: 'room', room_id: found[0].id };
  }
  return { choice: isNewElse ? 'new' : null, room_id: null };
}

async function writePlaces(
  trx: Db,
  importId: number,
  places: (Place & { rows: number; choice: string | null; room_id: number | null })[],
): Promise<void> {
  await change(
    trx,
    `insert into import_places (import_id, key, label, area, capacity, rows, choice, room_id)
     select :id, p.key, p.label, p.area, p.capacity, p.rows, p.choice, p.room_id
       from jsonb_to_recordset(cast(:places as jsonb)) as p (key text, label text, area text,
         capacity integer, rows integer, choice text, room_id bigint)
     on conflict do nothing`,
    { id: importId, places: JSON.stringify(places) },
  );
}
