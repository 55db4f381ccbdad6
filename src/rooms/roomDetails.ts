import { describeKept } from '../claims/describeHold.js';
import type { QueueLine } from '../claims/queueQueries.js';
import { hoursOn, type DayRule } from '../hours/openingHours.js';
import type { Context } from '../lib/http/route.js';
import type { ComingMeeting, Room, RoomClosure } from './queries.js';

type Reader = Pick<Context, 't' | 'fmt'>;

/** Other pages about a room, beside where it is; see views/lib/meta.ejs. */
export function waysOf({ t }: Reader, room: Pick<Room, 'id' | 'plan_id' | 'status'>, place: string) {
  const ways: (string | { text: string; href: string })[] = [place];
  if (room.plan_id) ways.push({ text: t('plans.page.onPlan'), href: `/rooms/plans/${room.plan_id}` });
  if (room.status === 'retired') return ways;
  return [
    ...ways,
    { text: t('calendar.view.weekLink'), href: `/calendar/week?of=room-${room.id}` },
    { text: t('calendar.view.month'), href: `/calendar/month?of=room-${room.id}` },
    { text: t('feeds.title'), href: `/feeds?room=${room.id}` },
  ];
}

/** What who keeps rooms may do with one, besides changing its facts; see views/lib/menu.ejs. */
export function keeperVerbs({ t }: Reader, { id }: Pick<Room, 'id'>) {
  return [
    { href: `/rooms/new?like=${id}`, text: t('roomCopy.like') },
    { href: `/rooms/${id}/copy`, text: t('roomCopy.link') },
    { href: `/rooms/${id}/hours`, text: t('hours.room.link') },
    { href: `/rooms/${id}/policy`, text: t('rules.page.link') },
    { href: `/rooms/${id}/closures/new`, text: t('rooms.room.close') },
    { href: `/rooms/${id}/status`, text: t('rooms.room.status') },
    { href: `/rooms/${id}/doors`, text: t('doors.title') },
  ];
}

export interface RoomFacts {
  layouts: string[];
  equipment: string[];
  hours: string[];
  /** Days on which it opens otherwise. */
  differing: string[];
  rules: string[];
  noShows: string;
  /** The office's zone where the reader has another. */
  officeZone: string | null;
}

/** Label and fact; what is not known is left out by views/lib/facts.ejs. */
export function factsOf({ t, fmt }: Reader, room: Room, known: RoomFacts) {
  const minutes = (count: number) => (count ? t('rooms.room.minutes', { count }) : '');
  const seats = [
    t('calendar.day.seats', { count: room.capacity }),
    ...known.layouts,
    room.min_people ? t('layouts.room.atLeast', { count: room.min_people }) : '',
  ];
  const owner = room.owner && { text: fmt.name(room.owner), href: `/people/${room.owner.id}` };
  return [
    { label: t('rooms.field.capacity'), text: seats.filter(Boolean).join('\n') },
    { label: t('rooms.field.equipment'), text: known.equipment.join('\n') },
    {
      label: t('rooms.field.access'),
      text: t(room.is_step_free ? 'rooms.field.stepFree' : 'rooms.field.notStepFree'),
    },
    { label: t('rooms.field.hours'), text: known.hours.join('\n') || t('rooms.hours.none') },
    { label: t('hours.room.coming'), text: known.differing.join('\n') },
    { label: t('rooms.hours.zone'), text: known.officeZone },
    { label: t('rules.room.heading'), text: known.rules.join('\n') },
    { label: t('noShow.rate.label'), text: known.noShows },
    { label: t('rooms.field.setup'), text: minutes(room.setup_minutes) },
    { label: t('rooms.field.teardown'), text: minutes(room.teardown_minutes) },
    { label: t('layouts.field.key'), text: room.key_note },
    { label: t('rooms.field.contact'), text: room.contact },
    { label: t('layouts.field.owner'), ...owner },
    { label: t('rooms.field.note'), text: room.note },
  ];
}

/** How a room stands that can't be booked now: a pill, and a sentence where a reason is known. */
export function outOf(
  { t }: Reader,
  room: Pick<Room, 'status_reason'>,
  status: Room['status'],
  until: string | null,
) {
  if (status === 'in_service') return { pill: undefined, notice: undefined };
  const state = until ? t('layouts.status.outUntil', { day: until }) : t(`rooms.status.${status}`);
  return {
    pill: { text: t(`rooms.status.${status}`), tone: status === 'retired' ? 'neutral' : 'warn' },
    notice: room.status_reason ? state + t('rooms.room.colon') + room.status_reason : undefined,
  };
}

/** The next days on which the room opens otherwise, at most twelve. */
export function differingDays({ t, fmt }: Reader, room: Pick<Room, 'hours'>, days: readonly DayRule[]) {
  return days.slice(0, 12).map((rule) => {
    const open = hoursOn([...room.hours, rule], rule.on);
    return t('hours.room.line', {
      day: fmt.shortDate(rule.on),
      hours: open ? `${open.opens_at}–${open.closes_at}` : t('hours.room.closed'),
      reason: fmt.name(rule),
    });
  });
}

/** A meeting that comes in the room; without title and link where the reader may not know it. */
export function comingLine({ t, fmt }: Reader, room: Pick<Room, 'parts'>, meeting: ComingMeeting) {
  // Of a hall: which part, when it isn't all of them.
  const part = meeting.part && meeting.part.length < room.parts.length ? meeting.part : [];
  return {
    title: meeting.title ?? t('calendar.day.booked'),
    href: meeting.meeting_id === null ? null : `/meetings/${meeting.meeting_id}`,
    day: fmt.shortDay(meeting.starts_at),
    time: fmt.range(meeting.starts_at, meeting.ends_at),
    mine: meeting.is_mine,
    meta: [
      meeting.is_tentative ? t('tentative.free') : '',
      meeting.organiser ? fmt.name(meeting.organiser) : '',
      part.map((one) => fmt.name(one)).join(t('rooms.list.comma')),
      meeting.layout ? t('layouts.room.layoutBooked', { layout: t(`layouts.${meeting.layout}`) }) : '',
    ],
  };
}

/** Who waits for the room, and since when or until when it is held. */
export function queueLine({ t, fmt }: Reader, line: QueueLine) {
  return {
    title: line.title ?? t('calendar.day.booked'),
    href: line.meeting_id === null ? null : `/meetings/${line.meeting_id}`,
    time: fmt.shortDay(line.starts_at),
    meta: [
      fmt.range(line.starts_at, line.ends_at),
      line.state === 'offered' && line.held_until
        ? t('waits.room.held', { until: fmt.dateTime(line.held_until) })
        : t('waits.room.since', { when: fmt.dateTime(line.since) }),
      line.any_seats === null ? '' : t('waits.any.what', { count: line.any_seats }),
    ],
  };
}

/** A closure with the meetings in its way. */
export function closureLine(c: Context<unknown, unknown>, closure: RoomClosure) {
  return {
    ...closure,
    time: c.fmt.range(closure.starts_at, closure.ends_at),
    day: c.fmt.day(closure.starts_at),
    kept: closure.kept.map((one) => describeKept(c, one)),
    meetings: closure.meetings.map((meeting) => {
      const from = new Date(meeting.starts_at);
      return {
        ...meeting,
        title: meeting.title ?? c.t('calendar.day.booked'),
        time: `${c.fmt.shortDay(from)} ${c.fmt.range(from, new Date(meeting.ends_at))}`,
      };
    }),
  };
}
