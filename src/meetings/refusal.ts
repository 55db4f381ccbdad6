import { mayMendByTime, describeBack, describeCheck } from '../claims/checks.js';
import { listFreeTimes, nearestAlternatives, type Alternatives, type Clash } from '../claims/queries.js';
import type { Span } from '../hours/openingHours.js';
import { describeHoldInTheWay } from '../claims/describeHold.js';
import type { EquipmentLine, Shortage } from '../equipment/commands.js';
import { isSecretary } from '../lib/http/policy.js';
import type { Context } from '../lib/http/route.js';
import { format, type Format } from '../lib/time/format.js';
import type { Translate } from '../lib/i18n/translate.js';
import type { RoomsRefused } from './commands.js';

export interface Refusal {
  /** Who has the room, as far as one may know, or which rule of it stands against it. */
  reasons: string[];
  /** Free rooms and times; `pick` goes back with the form. */
  picks: { rooms: { pick: string; label: string }[]; times: { pick: string; label: string }[] };
  /** When a room that is out of service is back: over the times. */
  back?: string;
  /** Who decides about the rooms may be asked to allow it, with a reason. */
  mayAsk: boolean;
  /** Only the equipment is short; rooms and time are to be had. */
  isShort: boolean;
  /** Nobody has the rooms; a rule or their hours stand against it. */
  isRule: boolean;
  /** It can no longer be changed at all: neither another room nor another time would help. */
  isTooLate: boolean;
  /** A secretary may go beyond what is in the way, with a reason. */
  mayOverride: boolean;
  /** One may queue for the rooms, as so many do already. */
  wait?: WaitChoices;
}

export interface RefusedRequest {
  roomIds: number[];
  startsAt: Date;
  endsAt: Date;
  seats?: number | null;
  exceptMeetingId?: number;
  /** All that is requested; without it times are looked for by what is short. */
  equipment?: readonly EquipmentLine[];
  zone: string;
}

/** A "no" of the rooms in words, with the nearest rooms and times that are free. */
export async function describeRefusal(
  c: Context,
  refused: RoomsRefused,
  request: RefusedRequest,
): Promise<Refusal> {
  if (refused.shortages?.length) {
    const equipment =
      request.equipment ??
      refused.shortages.map(({ kind, requested }) => ({
        kindId: kind.id,
        quantity: requested,
      }));
    const [times = []] = await listFreeTimes(
      c.db,
      [
        {
          roomIds: request.roomIds,
          startsAt: request.startsAt,
          endsAt: request.endsAt,
          equipment,
          exceptMeetingId: request.exceptMeetingId ?? null,
          personId: c.viewer.id,
        },
      ],
      c.now,
    );
    return {
      ...wordRefusal(c, refused, { rooms: [], times: [] }, request.zone),
      picks: { rooms: [], times: pickTimes(times, format(c.lang, request.zone)) },
    };
  }
  // Other rooms at the time that was typed. Where rules refuse that time, times near what they allow.
  const free = await nearestAlternatives(c.db, {
    roomIds: request.roomIds,
    startsAt: request.startsAt,
    endsAt: request.endsAt,
    allowed: refused.nearest?.span,
    seats: request.seats ?? null,
    exceptMeetingId: request.exceptMeetingId ?? null,
    personId: refused.nearest?.personId ?? c.viewer.id,
    now: c.now,
  });
  return wordRefusal(c, refused, free, request.zone);
}

/** The same when the free rooms and times are known. */
export function wordRefusal(
  c: Pick<Context, 't' | 'lang' | 'viewer' | 'fmt'>,
  refused: RoomsRefused,
  free: Alternatives,
  zone: string,
): Refusal {
  const fmt = format(c.lang, zone);
  if (refused.shortages?.length) {
    return {
      reasons: refused.shortages.flatMap((shortage) => describeShortage(shortage, c.t, fmt)),
      picks: { rooms: [], times: [] },
      isShort: true,
      isRule: false,
      isTooLate: false,
      mayAsk: false,
      mayOverride: false,
    };
  }
  const errors = refused.checks.filter(({ level }) => level === 'error');
  const isTooLate = errors.some(({ rule }) => rule === 'notice_change');
  const back = describeBack(errors, c.t, fmt);
  return {
    back: back || undefined,
    reasons: [
      ...refused.clashes.map((clash) => describeClash(clash, c.t, fmt)),
      ...errors.map((check) => describeCheck(check, c.t, fmt)),
    ],
    picks: {
      rooms: (isTooLate ? [] : free.rooms).map((room) => ({
        pick: `room:${room.id}`,
        label:
          c.t('meetings.clash.room', { room: fmt.name(room), count: room.capacity }) +
          (room.on_request ? c.t('rules.onRequest') : ''),
      })),
      times: pickTimes(mayMendByTime(errors) && !isTooLate ? free.times : [], fmt),
    },
    mayAsk:
      refused.clashes.length === 0 && errors.length > 0 && errors.every((check) => check.mayRequest === true),
    isShort: false,
    isTooLate,
    isRule: refused.clashes.length === 0 && errors.length > 0,
    mayOverride:
      isSecretary(c.viewer) && refused.clashes.length === 0 && errors.every((check) => check.mayOverride),
  };
}

function pickTimes(times: readonly Span[], fmt: Format): Refusal['picks']['times'] {
  return times.map(({ from, to }) => ({
    pick: `time:${from.getTime()}/${to.getTime()}`,
    label: `${fmt.shortDay(from)} ${fmt.range(from, to)}`,
  }));
}

/** The names of what is short. */
export function kindsOf(shortages: readonly Shortage[], { t, fmt }: Pick<Context, 't' | 'fmt'>): string {
  return shortages.map(({ kind }) => fmt.name(kind)).join(t('rooms.list.comma'));
}

/** How many are left, and who has the others as far as one may know. */
export function describeShortage(
  { kind, requested: asked, left, stock, holders }: Shortage,
  t: Translate,
  fmt: Format,
): string[] {
  return [
    t('equipment.short.left', { name: fmt.name(kind), asked, count: left, stock }),
    ...holders.map((holder) => {
      const values = {
        count: holder.quantity,
        when: `${fmt.shortDay(holder.starts_at)} ${fmt.range(holder.starts_at, holder.ends_at)}`,
      };
      return holder.title === null
        ? t('equipment.short.hasPrivate', values)
        : t('equipment.short.has', { ...values, title: holder.title, who: fmt.name(holder.organiser) });
    }),
  ];
}

/** "Room 301 is taken 09:00–10:30: Weekly leadership (Li Qiang)". What one may not know is only "taken". */
export function describeClash(clash: Clash, t: Translate, fmt: Format): string {
  const values = {
    room: fmt.name(clash.room),
    when: `${fmt.shortDay(clash.starts_at)} ${fmt.range(clash.starts_at, clash.ends_at)}`,
  };
  if (clash.kind === 'closure') return t('meetings.clash.closed', { ...values, reason: clash.reason ?? '' });
  const kept = clash.hold && describeHoldInTheWay(clash.hold, values, t, fmt);
  if (kept) return kept;
  if (clash.title === null) return t('meetings.clash.taken', values);
  return t('meetings.clash.takenBy', { ...values, title: clash.title, name: fmt.name(clash.organiser) });
}

// What one may wait for when a room is taken: that room, or any one with as many seats.

export interface WaitChoices {
  /** So many wait for the room already. */
  count: number;
  /** Any room with the seats, anywhere and in this building; `pick` goes back with the form. */
  any: { pick: string; label: string }[];
}
