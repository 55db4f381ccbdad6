import type { Lang, Translate } from '../lib/i18n/translate.js';
import { prepare } from '../lib/i18n/prepare.js';
import type { Format } from '../lib/time/format.js';
import { equipmentNames, type EquipmentKind } from '../equipment/kinds.js';
import { isKept, describeHold } from '../claims/describeHold.js';
import type { DayRule } from '../hours/openingHours.js';
import { hrefOfClaim } from './claimLink.js';
import { clockAt, freeStretches, type Cell, type Day, type Grid } from './dayGrid.js';
import type { CalendarClaim, CalendarRoom } from './queries.js';

// The day grid as its template writes it: texts and addresses ready, because a day has several hundred cells.

export interface DayItem {
  href: string | null;
  title: string;
  from: string;
  to: string;
  /** Said of it in a pill. */
  pill?: string;
}

export interface DayCell {
  span: number;
  /** Class names of the cell. */
  look: string;
  /** A free stretch: 'HH:MM' of its start, of the end that is offered, and of its own end; its label. */
  free: { from: string; until: string; to: string; label: string } | null;
  items: DayItem[];
  /** What only a screen reader is told. */
  heard: string;
  /** The whole text of a taken cell, shown by the pointer: a cell may be too narrow for it. */
  hint: string | null;
}

export interface DayRow {
  id: number;
  name: string;
  facts: string;
  isPart: boolean;
  cells: DayCell[];
  /** Free stretches from now on, for narrow screens. */
  free: { from: string; until: string; time: string }[];
  /** Why the room is closed that day, if it is for a reason. */
  why: string | null;
}

export interface DayReader {
  day: Day;
  lang: Lang;
  t: Translate;
  fmt: Format;
  nowUnit: number;
  isToday: boolean;
  kinds: readonly EquipmentKind[];
}

const texts = new Map<Lang, ReturnType<typeof makeTexts>>();

function makeTexts(t: Translate) {
  return {
    book: prepare(t, 'calendar.day.book', ['room', 'from', 'to']),
    mine: t('calendar.day.mineHeard'),
    booked: t('calendar.day.booked'),
    noShow: t('noShow.pill'),
    closed: t('calendar.day.closed'),
    closure: t('calendar.day.closureHeard'),
    requested: t('calendar.day.requestedHeard'),
    past: t('calendar.day.past'),
    requestedTitle: t('tentative.title'),
    requestedFree: t('tentative.heard'),
    requestedBook: prepare(t, 'tentative.bookHeard', ['room', 'from', 'to']),
    until: prepare(t, 'calendar.day.until', ['to']),
  };
}

// A room's name and facts in one language, as long as the rooms stand unchanged.
const facts = new WeakMap<CalendarRoom, Map<Lang, { name: string; facts: string }>>();

function describeRoom(
  room: CalendarRoom,
  rooms: ReadonlyMap<number, CalendarRoom>,
  { lang, t, fmt, kinds }: DayReader,
): { name: string; facts: string } {
  let known = facts.get(room);
  if (!known) facts.set(room, (known = new Map<Lang, { name: string; facts: string }>()));
  let described = known.get(lang);
  if (!described) {
    const hall = room.hall_id === null ? undefined : rooms.get(room.hall_id);
    const parts = [
      t('calendar.day.seats', { count: room.capacity }),
      ...(hall ? [t('calendar.day.partOf', { hall: fmt.name(hall) })] : []),
      ...(room.status === 'out_of_service'
        ? [t('rooms.status.out_of_service')]
        : equipmentNames(room.equipment, kinds, fmt).slice(0, 2)),
    ];
    known.set(lang, (described = { name: fmt.name(room), facts: parts.join(' · ') }));
  }
  return described;
}

/** What the cells of one day are written with. */
interface Writer extends DayReader {
  said: ReturnType<typeof makeTexts>;
}

/** The rows of the day as the template writes them. */
export function showDay(
  grid: Grid<CalendarRoom, CalendarClaim>,
  allRooms: readonly CalendarRoom[],
  reader: DayReader,
): DayRow[] {
  let said = texts.get(reader.lang);
  if (!said) texts.set(reader.lang, (said = makeTexts(reader.t)));
  const writer: Writer = { ...reader, said };
  const byId = new Map(allRooms.map((room) => [room.id, room]));
  return grid.rows.map(({ room, cells }) => {
    const described = describeRoom(room, byId, reader);
    const stretches = freeStretches(cells);
    const offers = cells.map((cell) => offerIn(cell, stretches, writer));
    return {
      id: room.id,
      ...described,
      isPart: room.hall_id !== null,
      cells: cells.map((cell, n) => showCell(writer, cell, described.name, offers[n])),
      free: firstFree(writer, cells, offers),
      why: whyClosed(writer, cells),
    };
  });
}

/** What a free cell offers to book. */
interface Offer {
  from: string;
  /** An hour is what most bookings are; the script takes the quarter that was pressed. */
  until: string;
  to: string;
  /** The cell is the first of its free stretch. */
  isFirst: boolean;
}

function offerIn(
  cell: Cell<CalendarClaim>,
  stretches: readonly { from: number; to: number }[],
  { day: { marks } }: Writer,
): Offer | undefined {
  if (cell.kind !== 'free') return undefined;
  const stretch = stretches.find((one) => one.from <= cell.from && cell.to <= one.to) ?? cell;
  const to = marks[stretch.to] ?? '';
  return {
    from: marks[cell.from] ?? '',
    until: marks[Math.min(stretch.to, cell.from + 4)] ?? to,
    to,
    isFirst: stretch.from === cell.from,
  };
}

function showCell(
  writer: Writer,
  cell: Cell<CalendarClaim>,
  room: string,
  offer: Offer | undefined,
): DayCell {
  if (cell.kind === 'busy') return showBusy(writer, cell);
  if (cell.claims.length > 0) return showRequested(writer, cell, room, offer);
  const { said } = writer;
  const span = cell.to - cell.from;
  if (offer) {
    const { from, until, to } = offer;
    const free = { from, until, to, label: said.book(room, from, to) };
    return { span, look: 'is-free', free, items: [], heard: '', hint: null };
  }
  if (cell.why) return showExplained(writer, span, cell.why);
  const isClosed = cell.kind === 'closed';
  return {
    span,
    look: isClosed ? 'is-closed hatched' : 'is-past',
    free: null,
    items: [],
    heard: isClosed ? said.closed : said.past,
    hint: null,
  };
}

function showBusy(writer: Writer, cell: Cell<CalendarClaim>): DayCell {
  const { said } = writer;
  const items = cell.claims.map((claim) => showItem(writer, claim));
  const one = cell.claims.length === 1 ? cell.claims[0] : undefined;
  const isMine = cell.claims.some(({ is_mine }) => is_mine);
  const isClosure = one !== undefined && one.closure_id !== null;
  const heard = isClosure
    ? said.closure
    : [isMine ? said.mine : '', one?.is_requested ? said.requested : ''].join(' ').trim();
  return {
    span: cell.to - cell.from,
    look: isClosure ? 'is-closed hatched' : busyLook(one, isMine),
    free: null,
    items,
    heard,
    hint: hintOf(items),
  };
}

function busyLook(one: CalendarClaim | undefined, isMine: boolean): string {
  if (one?.is_requested || isKept(one?.hold)) return 'is-busy striped';
  return isMine ? 'is-busy is-mine' : 'is-busy';
}

/** Requested without being held: the cell stays free, past or closed as the rest. */
function showRequested(
  writer: Writer,
  cell: Cell<CalendarClaim>,
  room: string,
  offer: Offer | undefined,
): DayCell {
  const { said } = writer;
  const items = cell.claims.map((claim) => showItem(writer, claim));
  return {
    span: cell.to - cell.from,
    look: 'is-asked',
    free: offer
      ? {
          from: offer.from,
          until: offer.until,
          to: offer.to,
          label: said.requestedBook(room, offer.from, offer.to),
        }
      : null,
    items,
    heard: said.requestedFree,
    hint: hintOf(items),
  };
}

/** Closed for a reason, which stands in the cell; a narrow one has it as its hint, too. */
function showExplained({ said, fmt }: Writer, span: number, why: DayRule): DayCell {
  const title = fmt.name(why);
  return {
    span,
    look: 'is-closed hatched',
    free: null,
    items: [{ href: null, title, from: '', to: '' }],
    heard: said.closure,
    hint: span < 6 ? title : null,
  };
}

function showItem({ day, said, t, fmt }: Writer, claim: CalendarClaim): DayItem {
  const unknown = claim.is_tentative ? said.requestedTitle : said.booked;
  return {
    href: hrefOfClaim(claim),
    title: claim.hold ? describeHold(claim.hold, t, fmt) : (claim.title ?? unknown),
    from: clockAt(day, claim.s),
    to: clockAt(day, claim.e),
    pill: claim.is_no_show ? said.noShow : undefined,
  };
}

function hintOf(items: readonly DayItem[]): string {
  return items
    .map(({ pill, title, from, to }) => [pill, `${title} ${from}–${to}`].filter(Boolean).join(' '))
    .join(', ');
}

/** The first three free stretches, for narrow screens. */
function firstFree(
  { said, isToday, nowUnit }: Writer,
  cells: readonly Cell<CalendarClaim>[],
  offers: readonly (Offer | undefined)[],
): DayRow['free'] {
  const free: DayRow['free'] = [];
  offers.forEach((offer, n) => {
    if (!offer?.isFirst || free.length === 3) return;
    const { from, until, to } = offer;
    const isNow = isToday && cells[n]?.from === nowUnit;
    free.push({ from, until, time: isNow ? said.until(to) : `${from}–${to}` });
  });
  return free;
}

/** The last reason of the day for which the room is closed. */
function whyClosed({ fmt }: Writer, cells: readonly Cell<CalendarClaim>[]): string | null {
  const explained = cells.filter(({ why, claims }) => why && claims.length === 0).at(-1);
  return explained?.why ? fmt.name(explained.why) : null;
}
