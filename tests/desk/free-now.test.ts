import { freeNow } from '../../src/desk/freeNow.js';

const cell = (kind: 'free' | 'busy', from: number, to: number, claims: unknown[] = []) => ({
  kind,
  from,
  to,
  claims,
});
const room = (id: number, capacity: number, hall_id: number | null = null) => ({
  id,
  capacity,
  hall_id,
  is_in_service: true,
  hours: [],
  part_ids: [],
});
const grid = (rows: { room: ReturnType<typeof room>; cells: ReturnType<typeof cell>[] }[]) => ({
  first: 32,
  last: 72,
  hours: [],
  rows,
});

describe('rooms free now', () => {
  it('names the smallest first, and until when', () => {
    const free = freeNow(
      grid([
        { room: room(1, 30), cells: [cell('free', 36, 60)] },
        { room: room(2, 4), cells: [cell('busy', 32, 36), cell('free', 36, 44), cell('busy', 44, 50)] },
        { room: room(3, 8), cells: [cell('busy', 32, 40), cell('free', 40, 72)] },
      ]),
      36,
      5,
    );
    expect(free.map(({ room: { id }, until }) => [id, until])).toEqual([
      [2, 44],
      [1, 60],
    ]);
  });

  it('names a free hall and not its parts, but a free part of a taken hall', () => {
    const parts = [
      { room: room(11, 50, 10), cells: [cell('free', 36, 60)] },
      { room: room(12, 60, 10), cells: [cell('free', 36, 60)] },
    ];
    expect(
      freeNow(grid([{ room: room(10, 110), cells: [cell('free', 36, 60)] }, ...parts]), 36, 5).map(
        ({ room: { id } }) => id,
      ),
    ).toEqual([10]);
    expect(
      freeNow(
        grid([{ room: room(10, 110), cells: [cell('busy', 36, 60)] }, ...parts.slice(0, 1)]),
        36,
        5,
      ).map(({ room: { id } }) => id),
    ).toEqual([11]);
  });

  it('counts what is only requested as free', () => {
    const asked = cell('free', 40, 48, ['a request']);
    expect(
      freeNow(
        grid([{ room: room(1, 4), cells: [cell('free', 36, 40), asked, cell('free', 48, 60)] }]),
        37,
        5,
      ),
    ).toMatchObject([{ until: 60 }]);
  });

  it('is empty before opening, and keeps to its limit', () => {
    const rows = [1, 2, 3].map((id) => ({ room: room(id, id), cells: [cell('free', 36, 72)] }));
    expect(freeNow(grid(rows), 20, 5)).toEqual([]);
    expect(freeNow(grid(rows), 40, 2)).toHaveLength(2);
  });
});
