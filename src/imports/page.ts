import { NotFound } from '../lib/http/errors.js';
import { problemsOf, type Problems } from '../lib/http/form.js';
import { idOf, page, type Answer, type Context } from '../lib/http/route.js';
import { addDays, dayOf } from '../lib/time/zone.js';
import { format } from '../lib/time/format.js';
import { describeClash } from '../meetings/refusal.js';
import { describeCheck } from '../claims/checks.js';
import { BOOKING_COLUMNS } from './bookingTable.js';
import { MOST_BYTES, MOST_ROWS, Unreadable, type Reason } from './entry.js';
import {
  countKnown,
  countRows,
  findOwnImport,
  listBadRows,
  listClashRows,
  listEarlierPlaces,
  listKnownMeetings,
  listMrbsNames,
  listOwnImports,
  listPlaces,
  listRoomNames,
  mrbsName,
  sourceKey,
  type ClashRow,
  type Import,
} from './queries.js';
import { previewRoomImport } from './roomImportCommands.js';
import { MOST_ROOMS, ROOM_COLUMNS } from './roomPreview.js';

/** Most bad lines and clashes that are shown at once; the rest is counted. */
const SHOWN = 50;

export type FormName = 'rooms' | 'bookings' | 'mrbs';

/** What can be taken along, there and back. @param form the form that `problems` are of */
export async function movingPage(c: Context, problems?: Problems, form?: FormName): Promise<Answer> {
  const today = dayOf(c.now, c.zone);
  return page(
    'imports/moving-in',
    {
      title: c.t('moving.title'),
      imports: (await listOwnImports(c.db, c.viewer.id)).map((one) => ({ ...one, kindText: kindOf(c, one) })),
      names: (await listMrbsNames(c.db)).join(c.t('moving.comma')),
      from: today,
      to: addDays(today, 365),
      roomColumns: ROOM_COLUMNS.map((field) => ({
        name: c.t(`moving.room.${field}`),
        text: c.t(`moving.room.${field}.text`),
      })),
      bookingColumns: BOOKING_COLUMNS.map((field) => ({
        name: c.t(`moving.booking.${field}`),
        text: c.t(`moving.booking.${field}.text`),
      })),
      errors: problems?.errors ?? {},
      errorForm: form,
      values: problems?.values ?? {},
      zone: c.office.zone,
      limits: { rows: MOST_ROWS, rooms: MOST_ROOMS, size: MOST_BYTES / 1024 / 1024 },
    },
    { status: problems ? 422 : 200, caching: 'no-store' },
  );
}

/** What kind of file, and of which MRBS. */
function kindOf(c: Context, one: Pick<Import, 'kind' | 'source'>): string {
  const name = mrbsName(one);
  return name === undefined
    ? c.t(`moving.kind.${one.kind}`)
    : c.t('moving.kind.of', { kind: c.t(`moving.kind.${one.kind}`), name });
}

/** As which MRBS a file counts, which earlier files do, and what speaks against it. */
async function tellSource(
  c: Context,
  found: Import,
): Promise<{ name: string; known: number; earlier: string; others: string; differs: string[] } | null> {
  const name = mrbsName(found);
  if (name === undefined) return null;
  const [before, places, known, names] = await Promise.all([
    listEarlierPlaces(c.db, found.id),
    listPlaces(c.db, found.id),
    countKnown(c.db, found),
    listMrbsNames(c.db),
  ]);
  const own = before.filter(({ source }) => sourceKey(source) === sourceKey(found.source));
  const files = new Map(
    own.map((one) => [
      one.import_id,
      c.t('moving.mrbs.file', { name: one.name, day: c.fmt.shortDate(dayOf(one.created_at, c.zone)) }),
    ]),
  );
  const labels = new Map(own.toReversed().map(({ key, label }) => [key, label]));
  // Only in a dump rooms have numbers.
  const differing = places.filter(
    ({ key, label }) => key.startsWith('room:') && labels.has(key) && labels.get(key) !== label,
  );
  return {
    name,
    known,
    earlier: [...files.values()].slice(0, 5).join(c.t('moving.comma')),
    others: names.filter((one) => sourceKey(one) !== sourceKey(name)).join(c.t('moving.comma')),
    differs: differing.slice(0, 5).map(({ key, label }) =>
      c.t('moving.mrbs.differs', {
        id: key.slice('room:'.length),
        before: labels.get(key) ?? '',
        now: label,
      }),
    ),
  };
}

/** A table that can't be read, said at its field. */
export function unreadablePage(c: Context, form: FormName, reason: Reason): Promise<Answer> {
  return movingPage(
    c,
    problemsOf([{ field: 'file', message: c.t(reason.key, reason.values) }], c.req.body ?? {}),
    form,
  );
}

export function tellReasons(c: Context, reasons: Reason[]): string {
  return reasons.map(({ key, values }) => c.t(key, values)).join(c.t('moving.and'));
}

/** One import, wherever it stands. */
export async function importPage(c: Context, problem?: string): Promise<Answer> {
  const found = await findOwnImport(c.db, idOf(c), c.viewer.id);
  if (!found) throw new NotFound();
  if (found.kind === 'rooms') return roomsPage(c, found, problem);
  const title = c.t('moving.import.title', { name: found.name });
  const status = { status: problem ? 422 : 200, caching: 'no-store' as const };
  if (found.state === 'unreadable')
    return page(
      'imports/moving-stopped',
      { title, text: found.problem ? c.t(found.problem.key, found.problem.values) : '' },
      status,
    );
  const counts = await countRows(c.db, found.id);
  if (found.state === 'reading')
    return page(
      'imports/moving-progress',
      { title, id: found.id, counts, isReading: true, scripts: ['refresh'] },
      status,
    );
  const bad = await listBadRows(c.db, found.id, SHOWN);
  const common = {
    title,
    kindText: kindOf(c, found),
    id: found.id,
    counts,
    errors: problem ? { '': problem } : {},
    bad: bad.map((one) => ({ number: one.number, text: one.content, why: tellReasons(c, one.reasons) })),
    moreBad: Math.max(0, counts.bad - SHOWN),
    unknown: found.unknown_columns,
    isTable: found.kind === 'bookings',
  };
  if (found.state === 'mapping') return placesPage(c, found, common, status);
  if (found.state === 'running')
    return page('imports/moving-progress', { ...common, isReading: false, scripts: ['refresh'] }, status);
  const clashes = await listClashRows(c.db, found.id, SHOWN);
  return page(
    'imports/moving-done',
    {
      ...common,
      clashes: await tellClashes(c, found, clashes),
      moreClashes: Math.max(0, counts.clash - SHOWN),
    },
    status,
  );
}

async function placesPage(
  c: Context,
  found: Import,
  common: Record<string, unknown> & { title: string },
  status: { status: number; caching: 'no-store' },
): Promise<Answer> {
  const [places, rooms] = await Promise.all([listPlaces(c.db, found.id), listRoomNames(c.db)]);
  const typed = c.req.body as { place?: string | string[]; choice?: string | string[] } | undefined;
  const keys = [typed?.place ?? []].flat();
  const choices = new Map([typed?.choice ?? []].flat().map((choice, at) => [keys[at], choice]));
  return page(
    'imports/moving-places',
    {
      ...common,
      zone: found.zone,
      source: await tellSource(c, found),
      places: places.map((place) => ({
        ...place,
        value:
          choices.get(place.key) ?? (place.choice === 'room' ? String(place.room_id) : (place.choice ?? '')),
      })),
      rooms: rooms.map((room) => ({ value: room.id, label: `${c.fmt.name(room)} (${room.code})` })),
    },
    status,
  );
}

/** Why each row got no room, as far as this person may know it today. */
async function tellClashes(c: Context, found: Import, rows: ClashRow[]): Promise<Record<string, unknown>[]> {
  const ids = rows.flatMap(({ clash }) => clash.clashes.flatMap(({ meeting_id }) => meeting_id ?? []));
  const known = new Map(
    (await listKnownMeetings(c.db, c.viewer.id, ids)).map((meeting) => [meeting.id, meeting]),
  );
  const fmt = format(c.lang, found.zone);
  return rows.map((row) => {
    const taken = row.clash.clashes.slice(0, 3).map((one) => {
      const meeting = known.get(one.meeting_id ?? 0);
      const span = { starts_at: new Date(one.starts_at), ends_at: new Date(one.ends_at) };
      return describeClash(
        {
          ...one,
          ...span,
          occupies_from: span.starts_at,
          occupies_to: span.ends_at,
          meeting_id: meeting?.id ?? null,
          title: meeting?.title ?? null,
          organiser: meeting ? { name: meeting.name, name_en: meeting.name_en } : null,
        },
        c.t,
        fmt,
      );
    });
    return {
      number: row.number,
      title: row.title,
      when: `${fmt.day(row.starts_at)} ${fmt.range(row.starts_at, row.ends_at)}`,
      room: c.fmt.name(row.room),
      why: [...taken, ...row.clash.checks.map((check) => describeCheck(check, c.t, fmt))],
      suggested: row.suggested ? { id: row.suggested.id, name: c.fmt.name(row.suggested) } : null,
    };
  });
}

async function roomsPage(c: Context, found: Import, problem?: string): Promise<Answer> {
  const title = c.t('moving.import.title', { name: found.name });
  if (found.outcome) {
    const { refused, ...done } = found.outcome;
    return page(
      'imports/moving-rooms-done',
      {
        title,
        done,
        refused: refused.map((one) => ({ number: one.number, why: tellReasons(c, [one.reason]) })),
      },
      { caching: 'no-store' },
    );
  }
  try {
    const { preview, unknown } = await previewRoomImport(c.db, found.content ?? '');
    const textOf = (cells: Record<string, string>) => Object.values(cells).join(' · ').slice(0, 200);
    const count = (outcome: string) => preview.filter((one) => one.outcome === outcome).length;
    const bad = preview.flatMap((one) => (one.outcome === 'bad' ? [one] : []));
    return page(
      'imports/moving-rooms',
      {
        title,
        id: found.id,
        unknown,
        counts: { add: count('add'), change: count('change'), same: count('same'), bad: bad.length },
        bad: bad.slice(0, 200).map((one) => ({
          number: one.line.number,
          text: textOf(one.line.cells),
          why: tellReasons(c, one.reasons),
        })),
        moreBad: Math.max(0, bad.length - 200),
        some: preview
          .filter((one) => one.outcome === 'add' || one.outcome === 'change')
          .slice(0, 10)
          .map((one) => ({ number: one.line.number, text: textOf(one.line.cells), outcome: one.outcome })),
        errors: problem ? { '': problem } : {},
      },
      { status: problem ? 422 : 200, caching: 'no-store' },
    );
  } catch (error) {
    if (error instanceof Unreadable) return unreadablePage(c, 'rooms', error.reason);
    throw error;
  }
}
