import fc from 'fast-check';
import {
  clockAt,
  dayOfGrid,
  freeStretches,
  layOutDay,
  type GridClaim,
  type GridRoom,
} from '../../src/calendar/dayGrid.js';
import type { Hours } from '../../src/hours/openingHours.js';

const WEEK: Hours[] = [1, 2, 3, 4, 5].map((weekday) => ({ weekday, opens_at: '08:00', closes_at: '18:00' }));
const ZONE = 'Asia/Shanghai';
const MONDAY = dayOfGrid('2030-03-04', ZONE);

function room(id: number, more: Partial<GridRoom> = {}): GridRoom {
  return { id, is_in_service: true, hours: WEEK, part_ids: [], ...more };
}
let nextMeeting = 1;
/** Times in minutes of the day. */
function claim(room_id: number, f: number, t: number, meeting_id = nextMeeting++): GridClaim {
  return { room_id, f, t, s: f, e: t, meeting_id };
}
function draw(rooms: GridRoom[], claims: GridClaim[], nowUnit = 0, day = MONDAY) {
  const grid = layOutDay(day, rooms, claims, { zone: ZONE, nowUnit });
  const clock = (minute: number) => clockAt(day, minute);
  return {
    ...grid,
    rows: grid.rows.map(({ cells }) =>
      cells.map((c) => {
        const count = c.claims.length > 1 ? ` ×${c.claims.length}` : '';
        return `${c.kind} ${clock(c.from * 15)}-${clock(c.to * 15)}${count}`;
      }),
    ),
  };
}

describe('the day grid', () => {
  it('shows the opening hours when nothing is booked, and each free stretch once', () => {
    expect(draw([room(1)], [claim(1, 540, 630), claim(1, 780, 840)]).rows[0]).toEqual([
      'free 08:00-09:00',
      'busy 09:00-10:30',
      'free 10:30-13:00',
      'busy 13:00-14:00',
      'free 14:00-18:00',
    ]);
  });

  it('widens to whole hours around bookings outside the opening hours', () => {
    const grid = draw([room(1)], [claim(1, 6 * 60 + 20, 7 * 60), claim(1, 1110, 1215)]);
    expect([grid.first, grid.last]).toEqual([24, 84]);
    expect(grid.rows[0]).toEqual([
      'closed 06:00-06:15',
      'busy 06:15-07:00',
      'closed 07:00-08:00',
      'free 08:00-18:00',
      'closed 18:00-18:30',
      'busy 18:30-20:15',
      'closed 20:15-21:00',
    ]);
  });

  it('gives two bookings that meet inside a quarter hour a cell each', () => {
    expect(draw([room(1)], [claim(1, 540, 590), claim(1, 590, 640)]).rows[0]).toEqual([
      'free 08:00-09:00',
      'busy 09:00-10:00',
      'busy 10:00-10:45',
      'free 10:45-18:00',
    ]);
  });

  it('parts a free stretch by what is only asked for, and leaves it free', () => {
    const asked = (from: number, to: number) => ({ ...claim(1, from, to), is_tentative: true });
    const [row] = layOutDay(MONDAY, [room(1)], [claim(1, 540, 600), asked(570, 660), asked(1050, 1110)], {
      zone: ZONE,
      nowUnit: 0,
    }).rows;
    expect(row?.cells.map(({ kind, from, to, claims }) => [kind, from / 4, to / 4, claims.length])).toEqual([
      ['free', 8, 9, 0],
      ['busy', 9, 10, 1],
      ['free', 10, 11, 1],
      ['free', 11, 17.5, 0],
      ['free', 17.5, 18, 1],
      ['closed', 18, 18.5, 1],
      ['closed', 18.5, 19, 0],
    ]);
    expect(freeStretches(row?.cells ?? []).map(({ from, to }) => [from / 4, to / 4])).toEqual([
      [8, 9],
      [10, 18],
    ]);
  });

  it('joins bookings that share one quarter hour', () => {
    expect(draw([room(1)], [claim(1, 540, 545), claim(1, 545, 550)]).rows[0]?.[1]).toBe(
      'busy 09:00-09:15 ×2',
    );
  });

  it('shows what occupies the parts in the row of the hall, a meeting of the whole hall once', () => {
    const rooms = [room(1, { part_ids: [2, 3] }), room(2), room(3)];
    const grid = draw(rooms, [
      claim(2, 540, 720, 71),
      claim(2, 780, 840, 70),
      claim(3, 600, 660, 72),
      claim(3, 780, 840, 70),
    ]);
    expect(grid.rows[0]).toEqual([
      'free 08:00-09:00',
      'busy 09:00-12:00 ×2',
      'free 12:00-13:00',
      'busy 13:00-14:00',
      'free 14:00-18:00',
    ]);
    expect(grid.rows[1]?.[1]).toBe('busy 09:00-12:00');
    expect(grid.rows[2]?.[1]).toBe('busy 10:00-11:00');
  });

  it('offers nothing of what is past or closed', () => {
    expect(draw([room(1)], [claim(1, 540, 600)], 45).rows[0]).toEqual([
      'past 08:00-09:00',
      'busy 09:00-10:00',
      'past 10:00-11:15',
      'free 11:15-18:00',
    ]);
    expect(draw([room(1, { is_in_service: false })], []).rows[0]).toEqual(['closed 08:00-18:00']);
    expect(draw([room(1)], [], 0, dayOfGrid('2030-03-03', ZONE)).rows[0]).toEqual(['closed 08:00-18:00']);
  });

  it('shows the part of a booking that lies in the day', () => {
    expect(draw([room(1)], [claim(1, -600, 510)]).rows[0]).toEqual(['busy 00:00-08:30', 'free 08:30-18:00']);
    expect(draw([room(1)], [claim(1, 1380, 1600)]).rows[0]?.at(-1)).toBe('busy 23:00-00:00');
  });

  it.each([
    ['a day of 23 hours', '2026-03-29', 92, ['00:00', '01:00', '03:00']],
    ['a day of 25 hours', '2026-10-25', 100, ['00:00', '01:00', '02:00', '02:00', '03:00']],
  ])('has every quarter of %s once', (_name, on, units, begin) => {
    const day = dayOfGrid(on, 'Europe/Berlin');
    const open = [{ weekday: 7, opens_at: '00:00', closes_at: '24:00' }];
    const grid = layOutDay(day, [room(1, { hours: open })], [], { zone: 'Europe/Berlin', nowUnit: 0 });
    expect(day.units).toBe(units);
    expect(grid.hours.slice(0, begin.length).map(({ from }) => day.marks[from])).toEqual(begin);
    expect(grid.hours.reduce((sum, { from, to }) => sum + to - from, 0)).toBe(units);
    expect(grid.rows[0]?.cells).toMatchObject([{ kind: 'free', from: 0, to: units }]);
  });

  it('puts the opening hours of an office elsewhere on the reader’s own clock', () => {
    const berlin = dayOfGrid('2030-03-04', 'Europe/Berlin');
    expect(draw([room(1)], [], 0, berlin).rows[0]).toEqual(['free 01:00-11:00']);
  });

  it('fills every row from end to end, whatever is booked', () => {
    const minutes = fc.tuple(fc.integer({ min: -300, max: 1500 }), fc.integer({ min: 1, max: 400 }));
    fc.assert(
      fc.property(fc.array(minutes, { maxLength: 30 }), fc.integer({ min: 0, max: 96 }), (spans, nowUnit) => {
        let free = -Infinity;
        const claims = spans
          .sort((a, b) => a[0] - b[0])
          .flatMap(([f, length]) => (f >= free ? [claim(1, f, (free = f + length))] : []));
        const { first, last, rows } = layOutDay(MONDAY, [room(1)], claims, { zone: ZONE, nowUnit });
        let at = first;
        for (const cell of rows[0]?.cells ?? []) {
          expect(cell.from).toBe(at);
          expect(cell.to).toBeGreaterThan(cell.from);
          at = cell.to;
        }
        expect(at).toBe(last);
        const shown = rows[0]?.cells.flatMap((cell) => cell.claims) ?? [];
        expect(shown).toHaveLength(claims.filter(({ f, t }) => t > 0 && f < 1440).length);
        // Nothing that is taken is offered.
        for (const cell of rows[0]?.cells ?? []) {
          if (cell.kind === 'free')
            expect(claims.some(({ f, t }) => f < cell.to * 15 && t > cell.from * 15)).toBe(false);
        }
      }),
    );
  });
});
