import { clockAt, type Day } from '../calendar/dayGrid.js';
import { tableLook } from '../calendar/gridLook.js';
import { ABSENT, BUSY, instantAt, OUTSIDE, runsOf, TENTATIVE, unitAt } from '../calendar/timeLine.js';
import { counted, listed, type Reader } from './page.js';
import type { FindPerson } from './queries.js';
import type { SearchResult } from './search.js';
import { POLLED, type PersonTimes, type RoomTimes } from './suggest.js';

// One day of a search as a table: people and rooms, in words and patterns. Pure.

type State = 'free' | 'unknown' | 'busy' | 'polled' | 'tentative' | 'absent' | 'outside' | 'closed';
const LOOKS: Record<State, string> = {
  free: 'is-open',
  unknown: 'is-open',
  busy: 'is-busy',
  polled: 'is-busy striped',
  tentative: 'is-busy striped',
  absent: 'is-absent',
  outside: 'is-closed hatched',
  closed: 'is-closed hatched',
};

export interface GridCell {
  span: number;
  look: string;
  word: string;
  title: string | null;
  heard: string;
}

export interface GridRow {
  name: string;
  note: string;
  isAll?: boolean;
  cells: GridCell[];
}

/** The day that is drawn: its units begin at `start` of the line, `first` to `last` are shown. */
interface Window {
  day: Day;
  start: number;
  first: number;
  last: number;
}

/**
 * One day of people and rooms with "All" on top: states as words and patterns, titles only where they may be
 * known.
 */
export function gridOf(
  c: Reader,
  found: SearchResult,
  on: string,
): { rows: GridRow[]; hours: { span: number; time: string }[]; units: number; look: string } | undefined {
  const day = found.line.days.find((one) => one.on === on);
  if (!day) return undefined;
  const start = unitAt(found.line, day.start);
  const window = { day, start, ...shownUnits(found, start, day.units) };
  const units = window.last - window.first;
  return {
    rows: [
      ...allRow(c, found, window),
      ...personRows(c, found, window),
      ...guestRows(c, found, window),
      ...roomRows(c, found, window),
    ],
    hours: hoursOf(window),
    units,
    look: tableLook(units),
  };
}

function cellsOf(
  c: Reader,
  { day, start, first, last }: Window,
  stateAt: (at: number) => State,
  titleIn?: (from: number, to: number) => string | null,
): GridCell[] {
  return runsOf(first, last, stateAt).map(({ from, to, state }) => {
    const word = c.t(`calendar.find.state.${state}`);
    const title = titleIn && (state === 'busy' || state === 'tentative') ? titleIn(from, to) : null;
    const time = `${clockAt(day, (from - start) * 15)}–${clockAt(day, (to - start) * 15)}`;
    return {
      span: to - from,
      look: LOOKS[state],
      word: state === 'free' ? '' : word,
      title,
      heard: `${time} ${[word, title].filter(Boolean).join(', ')}`,
    };
  });
}

function personState(units: Uint8Array, at: number): State {
  const bits = units[at] ?? 0;
  if (bits & ABSENT) return 'absent';
  if (bits & BUSY) return 'busy';
  if (bits & TENTATIVE) return 'tentative';
  return bits & OUTSIDE ? 'outside' : 'free';
}

function roomState({ taken, open }: RoomTimes, at: number): State {
  const bits = taken[at];
  if (bits) return bits & POLLED ? 'polled' : 'busy';
  return open[at] ? 'free' : 'closed';
}

const WORST_FIRST: State[] = ['absent', 'busy', 'tentative', 'outside'];

/** All who must come: the worst of their states. */
function allRow(c: Reader, found: SearchResult, window: Window): GridRow[] {
  const { people } = found.request;
  if (people.length === 0) return [];
  const required = people.filter(({ isRequired }) => isRequired);
  const stateAt = (at: number): State => {
    const states = required.map(({ units }) => personState(units, at));
    return WORST_FIRST.find((state) => states.includes(state)) ?? 'free';
  };
  return [
    {
      name: c.t('calendar.find.all', { count: required.length }),
      note: c.t('calendar.find.allNote'),
      isAll: true,
      cells: cellsOf(c, window, stateAt),
    },
  ];
}

function personRows(c: Reader, found: SearchResult, window: Window): GridRow[] {
  return found.request.people.flatMap((times): GridRow[] => {
    const person = found.people.find(({ id }) => id === times.id);
    if (!person) return [];
    return [
      {
        name: c.fmt.name(person),
        note: c.t(times.isRequired ? 'calendar.find.required' : 'calendar.find.optional'),
        cells: cellsOf(
          c,
          window,
          (at) => stateOfPerson(person, times, at),
          (from, to) => titlesIn(c, found, person, { from, to }),
        ),
      },
    ];
  });
}

/** Of a guest nobody knows the calendar: only what this office knows of is busy. */
function stateOfPerson(person: FindPerson, times: PersonTimes, at: number): State {
  const state = personState(times.units, at);
  return person.is_guest && (state === 'free' || state === 'outside') ? 'unknown' : state;
}

function titlesIn(
  c: Reader,
  { line }: SearchResult,
  person: FindPerson,
  { from, to }: { from: number; to: number },
): string | null {
  const [since, until] = [instantAt(line, from).getTime(), instantAt(line, to).getTime()];
  const titles = person.happenings
    .filter((one) => one.title !== null && one.from < until && one.to > since)
    .map(({ title, isPoll }) =>
      isPoll ? c.t('calendar.find.pollOf', { title: title ?? '' }) : (title ?? ''),
    );
  return titles.length ? listed(c, [...new Set(titles)]) : null;
}

function guestRows(c: Reader, found: SearchResult, window: Window): GridRow[] {
  return found.guests.map((guest) => ({
    name: guest.name,
    note: c.t(guest.isRequired ? 'calendar.find.required' : 'calendar.find.optional'),
    cells: cellsOf(c, window, () => 'unknown'),
  }));
}

const MOST_ROOMS = 12;

/** Rooms with enough seats; those that are suggested stand first. */
function roomRows(c: Reader, found: SearchResult, window: Window): GridRow[] {
  const used = new Set(found.suggestions.flatMap(({ roomIds }) => roomIds));
  const share = Math.ceil(found.request.seats / Math.max(1, found.request.roomCount));
  const shown = found.request.rooms
    .filter(({ capacity }) => capacity >= share)
    .sort((a, b) => Number(used.has(b.id)) - Number(used.has(a.id)))
    .slice(0, MOST_ROOMS);
  return shown.flatMap((times): GridRow[] => {
    const room = found.rooms.find(({ id }) => id === times.id);
    if (!room) return [];
    return [
      {
        name: c.fmt.name(room),
        note: counted(c, 'calendar.day.seats', room.capacity),
        cells: cellsOf(c, window, (at) => roomState(times, at)),
      },
    ];
  });
}

function hoursOf({ day, start, first, last }: Window): { span: number; time: string }[] {
  const hours: { span: number; time: string }[] = [];
  for (let at = first; at < last; at += 4)
    hours.push({ span: Math.min(4, last - at), time: clockAt(day, (at - start) * 15) });
  return hours;
}

/** From the first to the last hour in which anybody works, eight to eighteen at least. */
function shownUnits(found: SearchResult, start: number, units: number): { first: number; last: number } {
  let [first, last] = [start + Math.min(32, units), start + Math.min(72, units)];
  for (let at = start; at < start + units; at++) {
    if (!found.request.people.some((person) => !((person.units[at] ?? 0) & OUTSIDE))) continue;
    first = Math.min(first, at);
    last = Math.max(last, at + 1);
  }
  return {
    first: start + Math.floor((first - start) / 4) * 4,
    last: Math.min(start + units, start + Math.ceil((last - start) / 4) * 4),
  };
}
