import type { Lang, Translate } from '../lib/i18n/translate.js';
import { prepare } from '../lib/i18n/prepare.js';
import type { Format } from '../lib/time/format.js';
import { equipmentNames, type EquipmentKind } from '../equipment/kinds.js';
import { hrefOf, isKept, tellHold } from '../claims/describeHold.js';
import { clockAt, freeStretches, type Cell, type Day, type Grid } from './dayGrid.js';
import type { CalendarClaim, CalendarRoom } from './queries.js';

// The day grid as its template writes it: texts and addresses ready, because a day has several hundred cells.

export interface ShownItem {
  href: string | null;
  title: string;
  from: string;
  to: string;
  /** Said of it in a pill. */
  pill?: string;
}

export interface ShownCell {
  span: number;
  /** Class names of the cell. */
  look: string;
  /** A free stretch: 'HH:MM' of its start, of the end that is offered, and of its own end; its label. */
  free: { from: string; until: string; to: string; label: string } | null;
  items: ShownItem[];
  /** What only a screen reader is told. */
  heard: string;
  /** The whole text of a taken cell, shown by the pointer: a cell may be too narrow for it. */
  hint: string | null;
}

export interface ShownRow {
  id: number;
  name: string;
  facts: string;
  isPart: boolean;
  cells: ShownCell[];
  /** Free stretches from now on, for narrow screens. */
  free: { from: string; until: string; time: string }[];
  /** Why the room is closed that day, if it is for a reason. */
  why: string | null;
}

export interface Show {
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
    asked: t('tentative.title'),
    askedHeard: t('tentative.heard'),
    askedBook: prepare(t, 'tentative.bookHeard', ['room', 'from', 'to']),
    until: prepare(t, 'calendar.day.until', ['to']),
  };
}

// A room's name and facts in one language, as long as the rooms stand unchanged.
const facts = new WeakMap<CalendarRoom, Map<Lang, { name: string; facts: string }>>();

function describe(
  room: CalendarRoom,
  rooms: ReadonlyMap<number, CalendarRoom>,
  show: Show,
): { name: string; facts: string } {
  let known = facts.get(room);
  if (!known) facts.set(room, (known = new Map<Lang, { name: string; facts: string }>()));
  let told = known.get(show.lang);
  if (!told) {
    const { t, fmt } = show;
    const hall = room.hall_id === null ? undefined : rooms.get(room.hall_id);
    const parts = [
      t('calendar.day.seats', { count: room.capacity }),
      ...(hall ? [t('calendar.day.partOf', { hall: fmt.name(hall) })] : []),
      ...(room.status === 'out_of_service'
        ? [t('rooms.status.out_of_service')]
        : equipmentNames(room.equipment, show.kinds, fmt).slice(0, 2)),
    ];
    known.set(show.lang, (told = { name: fmt.name(room), facts: parts.join(' · ') }));
  }
  return told;
}

export function showDay(
  grid: Grid<CalendarRoom, CalendarClaim>,
  allRooms: readonly CalendarRoom[],
  show: Show,
): ShownRow[] {
  let words = texts.get(show.lang);
  if (!words) texts.set(show.lang, (words = makeTexts(show.t)));
  const byId = new Map(allRooms.map((room) => [room.id, room]));
  const { day } = show;
  const { marks } = day;
  const said = words;

  const item = (claim: CalendarClaim): ShownItem => ({
    href: claim.hold
      ? hrefOf(claim.hold)
      : claim.meeting_id !== null && claim.title !== null
        ? `/meetings/${claim.meeting_id}`
        : null,
    title: claim.hold
      ? tellHold(claim.hold, show.t, show.fmt)
      : (claim.title ?? (claim.is_tentative ? said.asked : said.booked)),
    from: clockAt(day, claim.s),
    to: clockAt(day, claim.e),
    ...(claim.is_no_show ? { pill: said.noShow } : {}),
  });
  const busy = (cell: Cell<CalendarClaim>): ShownCell => {
    const items = cell.claims.map(item);
    const one = cell.claims.length === 1 ? cell.claims[0] : undefined;
    const isMine = cell.claims.some(({ is_mine }) => is_mine);
    const isClosure = one !== undefined && one.closure_id !== null;
    const look = isClosure
      ? 'is-closed hatched'
      : one?.is_requested || isKept(one?.hold)
        ? 'is-busy striped'
        : isMine
          ? 'is-busy is-mine'
          : 'is-busy';
    const heard = isClosure
      ? said.closure
      : [isMine ? said.mine : '', one?.is_requested ? said.requested : ''].join(' ').trim();
    return { span: cell.to - cell.from, look, free: null, items, heard, hint: listed(items) };
  };

  const listed = (items: ShownItem[]) =>
    items.map((i) => [i.pill, `${i.title} ${i.from}–${i.to}`].filter(Boolean).join(' ')).join(', ');

  return grid.rows.map(({ room, cells }) => {
    const { name, facts: told } = describe(room, byId, show);
    const shown: ShownCell[] = [];
    const free: ShownRow['free'] = [];
    let why: string | null = null;
    const stretches = freeStretches(cells);
    for (const cell of cells) {
      const span = cell.to - cell.from;
      if (cell.kind === 'busy') shown.push(busy(cell));
      else if (cell.kind === 'free') {
        const stretch = stretches.find((one) => one.from <= cell.from && cell.to <= one.to) ?? cell;
        const from = marks[cell.from] ?? '';
        const to = marks[stretch.to] ?? '';
        // An hour is what most bookings are; the script takes the quarter that was pressed.
        const until = marks[Math.min(stretch.to, cell.from + 4)] ?? to;
        if (cell.claims.length > 0) {
          const items = cell.claims.map(item);
          shown.push({
            span,
            look: 'is-asked',
            free: { from, until, to, label: said.askedBook(name, from, to) },
            items,
            heard: said.askedHeard,
            hint: listed(items),
          });
        } else
          shown.push({
            span,
            look: 'is-free',
            free: { from, until, to, label: said.book(name, from, to) },
            items: [],
            heard: '',
            hint: null,
          });
        if (free.length < 3 && stretch.from === cell.from)
          free.push({
            from,
            until,
            time: show.isToday && cell.from === show.nowUnit ? said.until(to) : `${from}–${to}`,
          });
      } else if (cell.claims.length > 0) {
        const items = cell.claims.map(item);
        shown.push({
          span,
          look: 'is-asked',
          free: null,
          items,
          heard: said.askedHeard,
          hint: listed(items),
        });
      } else if (cell.why) {
        const title = show.fmt.name(cell.why);
        why = title;
        shown.push({
          span,
          look: 'is-closed hatched',
          free: null,
          items: [{ href: null, title, from: '', to: '' }],
          heard: said.closure,
          hint: span < 6 ? title : null,
        });
      } else {
        shown.push({
          span,
          look: cell.kind === 'closed' ? 'is-closed hatched' : 'is-past',
          free: null,
          items: [],
          heard: cell.kind === 'closed' ? said.closed : said.past,
          hint: null,
        });
      }
    }
    return { id: room.id, name, facts: told, isPart: room.hall_id !== null, cells: shown, free, why };
  });
}
