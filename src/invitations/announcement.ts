import type { Format } from '../lib/time/format.js';
import type { Lang, Translate } from '../lib/i18n/translate.js';
import { startOfDay } from '../lib/time/zone.js';
import { titleOf } from '../meetings/title.js';
import { cleanLink } from '../lib/ical/text.js';

// What people are told of a meeting, and how two tellings differ. Kept as JSON with each revision, so that an
// update can show old and new values and a cancellation repeats what was last said.

interface NamedPerson {
  id: number;
  name: string;
  name_en: string | null;
}

export interface ToldRoom {
  id: number;
  code: string;
  name_en: string;
  name_zh: string;
  building: string;
  floor: string;
  /** As its claims stand: confirmed, or asked for and not decided. */
  is_requested: boolean;
  /**
   * Asked for and refused: it declines, and nobody is sent there. Absent in what was kept before there were
   * requests.
   */
  is_refused?: boolean;
}

/** Instants are ISO texts, because it rests as JSON. */
export interface Announcement {
  title: string;
  number: number | null;
  starts_at: string | null;
  ends_at: string | null;
  /** 'YYYY-MM-DD' of an all-day meeting, the end exclusive. */
  starts_on: string | null;
  ends_on: string | null;
  zone: string;
  place: string | null;
  link: string | null;
  description: string;
  is_private: boolean;
  rooms: ToldRoom[];
  organiser: NamedPerson;
  booked_for: NamedPerson | null;
  chair: NamedPerson | null;
}

/** Only what is told, out of more: for keeping. */
export function announcementOf({
  title,
  number,
  starts_at,
  ends_at,
  starts_on,
  ends_on,
  zone,
  place,
  link,
  description,
  is_private,
  rooms,
  organiser,
  booked_for,
  chair,
}: Announcement): Announcement {
  return {
    title,
    number,
    starts_at,
    ends_at,
    starts_on,
    ends_on,
    zone,
    place,
    link,
    description,
    is_private,
    rooms,
    organiser,
    booked_for,
    chair,
  };
}

export interface Reader {
  lang: Lang;
  t: Translate;
  fmt: Format;
}

export type ToldField =
  'title' | 'time' | 'place' | 'link' | 'description' | 'organiser' | 'booked_for' | 'chair';
const FIELDS: readonly ToldField[] = [
  'title',
  'time',
  'place',
  'link',
  'description',
  'organiser',
  'booked_for',
  'chair',
];

/** Which of the things people are told differ. */
export function differingFields(before: Announcement, after: Announcement): ToldField[] {
  return FIELDS.filter((field) => essence(before, field) !== essence(after, field));
}

function essence(told: Announcement, field: ToldField): string {
  switch (field) {
    case 'title':
      return JSON.stringify([told.title, told.number]);
    case 'time':
      return JSON.stringify([told.starts_at, told.ends_at, told.starts_on, told.ends_on]);
    case 'place':
      return JSON.stringify([
        told.rooms.filter((room) => !room.is_refused).map((room) => room.id),
        told.place,
      ]);
    case 'organiser':
      return String(told.organiser.id);
    case 'booked_for':
    case 'chair':
      return String(told[field]?.id);
    case 'link':
    case 'description':
      return told[field] ?? '';
  }
}

/** The instants between which the meeting lies; of an all-day one, midnights in its own zone. */
export function spanOf(
  told: Pick<Announcement, 'starts_at' | 'ends_at' | 'starts_on' | 'ends_on' | 'zone'>,
): { start: Date; end: Date } {
  const start = instantOf(told.starts_at, told.starts_on, told.zone);
  const end = instantOf(told.ends_at, told.ends_on, told.zone);
  if (!start || !end) throw new Error('a meeting without a time was told');
  return { start, end };
}

function instantOf(at: string | null, day: string | null, zone: string): Date | undefined {
  if (at) return new Date(at);
  return day ? startOfDay(day, zone) : undefined;
}

export function titleText(told: Announcement, { t }: Reader): string {
  return titleOf(t, told);
}

/**
 * "Mon 4 Mar 2030 09:00–10:30 (China Standard Time)", and in the meeting's own zone too where that reads
 * differently.
 */
export function timeText(told: Announcement, reader: Reader, formatIn: (zone: string) => Format): string {
  const { t, fmt } = reader;
  if (told.starts_on && told.ends_on) {
    const last = new Date(Date.parse(`${told.ends_on}T00:00:00Z`) - 86_400_000).toISOString().slice(0, 10);
    return last === told.starts_on
      ? t('invitations.time.day', { day: fmt.date(told.starts_on) })
      : t('invitations.time.days', { from: fmt.date(told.starts_on), to: fmt.date(last) });
  }
  const { start, end } = spanOf(told);
  const say = (format: Format) =>
    t('invitations.time.span', {
      day: format.day(start),
      range: format.range(start, end),
      zone: format.zoneName(format.zone, start),
    });
  const there = formatIn(told.zone);
  const isSameClock =
    there.dateTime(start) === fmt.dateTime(start) && there.dateTime(end) === fmt.dateTime(end);
  return isSameClock ? say(fmt) : `${say(fmt)}\n${t('invitations.time.there', { time: say(there) })}`;
}

/** "Orchid, building A, floor 3" for each room, then any other place; empty when it is only a link. */
export function placeText(told: Announcement, { t, fmt }: Reader): string {
  // Nobody is sent to a room that was refused; it stays among the attendees as one that declined.
  const rooms = told.rooms
    .filter((room) => !room.is_refused)
    .map((room) => {
      const building = /^[A-Za-z0-9]{1,2}$/.test(room.building)
        ? t('invitations.place.building', { building: room.building })
        : room.building;
      const floor = /^[A-Za-z]?\d{1,2}$/.test(room.floor)
        ? t('invitations.place.floor', { floor: room.floor })
        : room.floor;
      return [fmt.name(room), building, floor].filter(Boolean).join(t('invitations.place.comma'));
    });
  return [...rooms, told.place].filter(Boolean).join(t('invitations.place.semicolon'));
}

/** The link as it may be sent; undefined without one. */
export function linkOf(told: Announcement): string | undefined {
  return told.link ? cleanLink(told.link) : undefined;
}
