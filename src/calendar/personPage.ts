import type { Context } from '../lib/http/route.js';
import { addDays } from '../lib/time/zone.js';
import type { Day } from './dayGrid.js';
import type { PollTime } from './pollQueries.js';
import { spanText } from './spanPage.js';
import { viewTabs } from './viewPage.js';
import type { Colleague, PersonMeeting } from './viewQueries.js';

// The week of one person: of others what one may know, the rest as "Booked". Pure.

export interface PersonWeek {
  person: Colleague;
  on: string;
  today: string;
  days: readonly Day[];
  meetings: readonly PersonMeeting[];
  /** What polls may come to. */
  polled: readonly PollTime[];
}

export function personLocals(
  c: Context<unknown, unknown>,
  { person, on, today, days, meetings, polled }: PersonWeek,
) {
  const isOwn = person.id === c.viewer.id;
  const text = spanText(c, 'week', days, on);
  const heading = isOwn
    ? c.t('calendar.view.myWeek')
    : c.t('calendar.view.weekOf', { name: c.fmt.name(person) });
  const here = `/calendar/people/${person.id}`;
  const all = [...meetings, ...polled].sort((a, b) => a.starts_at.getTime() - b.starts_at.getTime());
  return {
    title: `${heading} · ${text}`,
    wide: true,
    heading,
    on,
    text,
    person,
    isOwn,
    tabs: viewTabs(c, 'mine', on),
    previous: `${here}?date=${addDays(on, -7)}`,
    next: `${here}?date=${addDays(on, 7)}`,
    current: days.some((day) => day.on === today) ? null : here,
    days: days.map((day) => ({
      on: day.on,
      label: c.fmt.shortDate(day.on),
      isToday: day.on === today,
      href: `/calendar?date=${day.on}`,
      entries: all
        .filter(({ starts_at, ends_at }) => starts_at < day.end && ends_at > day.start)
        .map((one) => ('poll_id' in one ? showPollTime(c, one) : showMeeting(c, one))),
    })),
  };
}

function showMeeting(c: Context<unknown, unknown>, meeting: PersonMeeting) {
  return {
    kind: 'busy',
    look: meeting.title === null ? '' : 'is-mine',
    href: meeting.title === null ? null : `/meetings/${meeting.id}`,
    time: c.fmt.range(meeting.starts_at, meeting.ends_at),
    title: meeting.title ?? c.t('calendar.day.booked'),
    heard: '',
    place:
      meeting.rooms.map((room) => c.fmt.name(room)).join(c.t('rooms.list.comma')) ||
      meeting.place ||
      (meeting.has_link ? c.t('calendar.view.online') : ''),
  };
}

function showPollTime(
  c: Context<unknown, unknown>,
  { starts_at, ends_at, poll_id, title, is_secret }: PollTime,
) {
  if (is_secret)
    return {
      kind: 'busy',
      look: '',
      href: null,
      time: c.fmt.range(starts_at, ends_at),
      title: c.t('calendar.day.booked'),
      heard: '',
      place: '',
    };
  return {
    kind: 'busy',
    look: 'striped',
    href: poll_id === null ? null : `/polls/${poll_id}`,
    time: c.fmt.range(starts_at, ends_at),
    title: title ?? c.t('calendar.view.polled'),
    heard: '',
    place: c.t('calendar.view.polled'),
  };
}
