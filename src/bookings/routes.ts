import { problemsOf, type Problems } from '../lib/http/form.js';
import { once } from '../lib/http/once.js';
import { isSecretary, signedIn } from '../lib/http/policy.js';
import {
  page,
  redirect,
  route,
  type Answer,
  type Context,
  type Notice,
  type Route,
} from '../lib/http/route.js';
import type { Key } from '../lib/i18n/translate.js';
import { addDays, dayOf, startOfDay, timeOf, toInstant } from '../lib/time/zone.js';
import { createMeeting, type RoomsRefused } from '../meetings/commands.js';
import { describeClash, type WaitChoices } from '../meetings/refusal.js';
import { findWaitChoices, readAnyRoom } from '../waits/choices.js';
import { createWaiting } from '../waits/commands.js';
import { checkLayout, shownLayouts } from '../meetings/formPage.js';
import { describeBack, describeCheck, mayMendByTime } from '../claims/checks.js';
import { nearestAlternatives, type Alternatives } from '../claims/queries.js';
import type { Span } from '../hours/openingHours.js';
import { listRoomOptions } from '../rooms/queries.js';
import { BookingForm, NewBookingQuery } from './forms.js';

export const bookingsRoutes: Route[] = [
  route({
    method: 'get',
    path: '/bookings/new',
    policy: signedIn,
    query: NewBookingQuery,
    async handle(c) {
      const { query } = c;
      const from = query.from ?? nextHour(c);
      const values = {
        room: query.room.filter((id) => id !== null),
        date: query.date ?? dayOf(c.now, c.zone),
        from,
        to: query.to ?? hourLater(from),
        seats: query.seats ?? '',
      };
      return formPage(c, values);
    },
  }),
  route({
    method: 'post',
    path: '/bookings',
    policy: signedIn,
    form: BookingForm,
    async handle(c) {
      const span = readSpan(c.form, c.zone, c.now);
      const given = c.req.body as Record<string, unknown>;
      if ('problem' in span)
        return formPage(c, given, {
          problems: problemsOf([{ field: span.field, message: c.t(span.problem) }], given),
          status: 422,
        });
      if (!c.form.room.length)
        return formPage(c, given, {
          problems: problemsOf([{ field: 'room', message: c.t('calendar.booking.needsRoom') }], given),
          status: 422,
        });
      const odd = await checkLayout(c, { layout: c.form.layout, rooms: c.form.room });
      if (odd) return formPage(c, given, { problems: odd, status: 422 });
      const done = await book(c, c.form, span);
      if ('refused' in done) return refusalPage(c, c.form, span, done.refused);
      return redirect(done.location, 'again' in done ? {} : { notice: done.notice });
    },
    onInvalid: (c, problems) => formPage(c, problems.values, { problems, status: 422 }),
  }),
];

interface Booked {
  location: string;
  notice: Notice;
}

/** One transaction: the form's key, the meeting, its claims, the history. */
function book(
  c: Context,
  form: BookingForm,
  span: Span,
): Promise<Booked | { location: string; again: true } | { location?: undefined; refused: RoomsRefused }> {
  return once(c.db, { person: c.viewer.id, key: form.key, body: form }, async (trx) => {
    const waits = form.wait !== undefined && span.from > c.now;
    const wish = {
      title: form.title,
      startsAt: span.from,
      endsAt: span.to,
      zone: c.zone,
      roomIds: form.room,
      isPrivate: form.is_private,
      expectedCount: form.seats,
      layout: form.layout || null,
      overrideReason: form.override_reason,
      askReason: form.ask_reason,
      now: c.now,
      mailDomain: c.config.mailDomain,
    };
    const made = waits
      ? await createWaiting(trx, c.by, wish, await readAnyRoom(trx, form.wait))
      : await createMeeting(trx, c.by, wish);
    if (!made.ok) return { refused: made };
    return {
      location: `/meetings/${made.id}`,
      notice: noticeOf(waits ? form.wait : undefined, made.requests !== undefined),
    };
  });
}

/** @param wait for the chosen room ('on') or for any */
function noticeOf(wait: string | undefined, isAsked: boolean) {
  if (wait !== undefined) return wait === 'on' ? 'waits.notice.joined' : 'waits.any.joined';
  return isAsked ? 'requests.notice.asked' : 'calendar.booking.saved';
}

/**
 * The instants of what was typed, in the person's zone; "24:00" and "00:00" as an end are the end of the
 * day.
 */
export function readSpan(
  form: { date: string; from: string; to: string },
  zone: string,
  now: Date,
): Span | { field: 'from' | 'to' | 'date'; problem: Key } {
  const from = toInstant(form.date, form.from, zone);
  if (!from) return { field: 'from', problem: 'calendar.booking.skipped' };
  const isWholeDay = form.to === '24:00' || form.to === '00:00';
  const to = isWholeDay ? startOfDay(addDays(form.date, 1), zone) : toInstant(form.date, form.to, zone);
  if (!to) return { field: 'to', problem: 'calendar.booking.skipped' };
  if (to <= from) return { field: 'to', problem: 'calendar.booking.endsBefore' };
  if (to <= now) return { field: 'date', problem: 'calendar.booking.over' };
  return { from, to };
}

interface Shown {
  problems?: Problems;
  status?: number;
  refusal?: Refusal;
}

interface Refusal {
  heading: string;
  reasons: string[];
  rooms: { label: string; room: number }[];
  times: { label: string; date: string; from: string; to: string }[];
  timesHeading: string;
  /** Who decides about the rooms may be asked to allow it. */
  mayAsk: boolean;
  /** One may queue for the rooms, as so many do already. */
  wait?: WaitChoices;
}

async function formPage(
  c: Context<unknown, unknown>,
  values: Record<string, unknown>,
  { problems, status = 200, refusal }: Shown = {},
): Promise<Answer> {
  const chosen = [values.room ?? []]
    .flat()
    .map(Number)
    .filter((id) => id > 0);
  const rooms = await listRoomOptions(c.db);
  return page(
    'bookings/booking',
    {
      title: refusal?.heading ?? c.t('calendar.booking.title'),
      values: { ...values, room: chosen },
      kept: keptOf(values),
      isMoreOpen: chosen.length > 1 || isMoreOpen(c, values, { problems, refusal }),
      mayAsk: refusal?.mayAsk === true,
      isFresh: !refusal && !problems,
      rooms: rooms
        .filter(({ id, status: state }) => state === 'in_service' || chosen.includes(id))
        .map((room) => ({
          value: room.id,
          onRequest: room.on_request === true,
          label: [
            `${c.fmt.name(room)} · ${c.t('calendar.day.seats', { count: room.capacity })}`,
            room.on_request ? c.t('rules.onRequest') : '',
          ].join(''),
        })),
      layouts: shownLayouts(c, rooms),
      mayOverride: isSecretary(c.viewer),
      refusal,
      errors: problems?.errors ?? {},
    },
    { status, caching: 'no-store' },
  );
}

/** What a button for another room or time sends along of what was typed. */
function keptOf(values: Record<string, unknown>): Record<string, unknown> {
  const { title, date, from, to, seats, layout, is_private, ask_reason } = values;
  return { title, date, from, to, seats, layout, is_private, ask_reason };
}

const FURTHER_FIELDS = ['seats', 'layout', 'is_private', 'ask_reason'];
const FURTHER_ERRORS = ['layout', 'seats', 'override_reason', 'ask_reason'];

/**
 * The further fields are shown at once where one of them holds something, is wrong, or may lift the refusal.
 */
function isMoreOpen(
  c: Context<unknown, unknown>,
  values: Record<string, unknown>,
  { problems, refusal }: Shown,
): boolean {
  if (FURTHER_FIELDS.some((name) => values[name])) return true;
  if (FURTHER_ERRORS.some((name) => problems?.errors[name])) return true;
  return refusal !== undefined && isSecretary(c.viewer);
}

/**
 * Who has it, and the nearest that is to be had, each as one button; below it the form as it was filled in.
 */
async function refusalPage(
  c: Context<unknown, unknown>,
  form: BookingForm,
  span: Span,
  refused: RoomsRefused,
): Promise<Answer> {
  // Other rooms are looked for at the time that was typed.
  // Where the rules of the rooms refuse it, times are looked for near what they allow.
  const alternatives = await nearestAlternatives(c.db, {
    roomIds: form.room,
    startsAt: span.from,
    endsAt: span.to,
    seats: form.seats,
    personId: refused.nearest?.personId ?? c.viewer.id,
    now: c.now,
    allowed: refused.nearest?.span,
  });
  const errors = refused.checks.filter(({ level }) => level === 'error');
  const isClash = refused.clashes.length > 0 || refused.checks.every(({ level }) => level === 'notice');
  const reasons = isClash
    ? refused.clashes.map((clash) => describeClash(clash, c.t, c.fmt))
    : errors.map((check) => describeCheck(check, c.t, c.fmt));
  const refusal: Refusal = {
    heading: c.t(isClash ? 'calendar.clash.heading' : 'calendar.clash.notOpen'),
    reasons: reasons.length ? reasons : [c.t('calendar.clash.justNow')],
    rooms: roomButtons(c, form, alternatives),
    ...(refused.clashes.length && span.from > c.now
      ? {
          wait: await findWaitChoices(c, {
            roomIds: form.room,
            from: span.from,
            to: span.to,
            seats: form.seats,
          }),
        }
      : {}),
    mayAsk: !isClash && errors.every((check) => check.mayRequest === true),
    timesHeading: describeBack(errors, c.t, c.fmt) ?? c.t('calendar.clash.times'),
    times: (mayMendByTime(errors) ? alternatives.times : []).map(({ from, to }) => ({
      label:
        dayOf(from, c.zone) === form.date
          ? c.fmt.range(from, to)
          : `${c.fmt.shortDay(from)} ${c.fmt.range(from, to)}`,
      date: dayOf(from, c.zone),
      from: timeOf(from, c.zone),
      to: timeOf(to, c.zone),
    })),
  };
  return formPage(
    c,
    { ...(c.req.body as Record<string, unknown>) },
    { status: isClash ? 409 : 422, refusal },
  );
}

/** Another room replaces the one asked for; of several nobody can say which. */
function roomButtons(
  c: Context<unknown, unknown>,
  form: BookingForm,
  { rooms }: Alternatives,
): Refusal['rooms'] {
  if (form.room.length !== 1) return [];
  return rooms.map((room) => ({
    room: room.id,
    label:
      [c.fmt.name(room), c.t('calendar.day.seats', { count: room.capacity })].join(' · ') +
      (room.on_request ? c.t('rules.onRequest') : ''),
  }));
}

/** The next full hour of the person's day; late in the evening the last one. */
function nextHour(c: Context<unknown, unknown>): string {
  const hour = Math.min(23, Number(timeOf(c.now, c.zone).slice(0, 2)) + 1);
  return `${String(hour).padStart(2, '0')}:00`;
}

function hourLater(time: string): string {
  const hour = Number(time.slice(0, 2)) + 1;
  return hour > 23 ? '24:00' : `${String(hour).padStart(2, '0')}${time.slice(2)}`;
}
