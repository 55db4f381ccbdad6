import { ABSENT, BUSY, OUTSIDE, TENTATIVE } from '../../src/calendar/timeLine.js';
import {
  COSTS,
  nearestTimes,
  roomCost,
  suggestTimes,
  type PersonTimes,
  type RoomTimes,
  type TimeRequest,
} from '../../src/times/suggest.js';

// Two days of 96 quarter hours. 36 = 9:00, 40 = 10:00, 48 = 12:00, 72 = 18:00.
const UNITS = 192;

type Mark = [from: number, to: number, bit: number];

function person(
  id: number,
  marks: Mark[] = [],
  isRequired = true,
  work: [number, number] = [36, 72],
): PersonTimes {
  const units = new Uint8Array(UNITS);
  for (let at = 0; at < UNITS; at++) if (at % 96 < work[0] || at % 96 >= work[1]) units[at] = OUTSIDE;
  for (const [from, to, bit] of marks) for (let at = from; at < to; at++) units[at] = (units[at] ?? 0) | bit;
  return { id, isRequired, units };
}

function room(
  id: number,
  capacity: number,
  taken: [number, number][] = [],
  more: Partial<RoomTimes> = {},
): RoomTimes {
  const units = new Uint8Array(UNITS);
  for (const [from, to] of taken) units.fill(1, from, to);
  const open = new Uint8Array(UNITS);
  open.fill(1, 32, 80).fill(1, 96 + 32, 96 + 80);
  return { id, capacity, atoms: [id], setupMinutes: 0, teardownMinutes: 0, taken: units, open, ...more };
}

function wish(more: Partial<TimeRequest>): TimeRequest {
  const wall = Uint16Array.from({ length: UNITS }, (_, at) => (at % 96) * 15);
  const day = Uint16Array.from({ length: UNITS }, (_, at) => Math.floor(at / 96));
  return {
    units: UNITS,
    wall,
    day,
    first: 0,
    length: 4,
    people: [person(1)],
    rooms: [room(301, 8)],
    roomCount: 1,
    seats: 2,
    guests: 0,
    ...more,
  };
}

const first = (more: Partial<TimeRequest>) => suggestTimes(wish(more))[0];

test.each<[string, Partial<TimeRequest>, { from?: number; roomIds?: number[] } | undefined]>([
  ['the first hour of work when everybody is free', {}, { from: 36 }],
  ['after what a required person has', { people: [person(1, [[36, 44, BUSY]])] }, { from: 44 }],
  ['not before now', { first: 41 }, { from: 42 }],
  [
    'the next day, when one is absent all day',
    { people: [person(1), person(2, [[0, 96, ABSENT]])] },
    { from: 96 + 36 },
  ],
  ['a free hour rather than a tentative one', { people: [person(1, [[36, 60, TENTATIVE]])] }, { from: 60 }],
  [
    'an hour in which an optional person is free, while it costs less',
    { people: [person(1), person(2, [[36, 40, BUSY]], false)] },
    { from: 40 },
  ],
  [
    'inside the working hours of a person in another zone',
    { people: [person(1), person(2, [], true, [56, 90])] },
    { from: 56 },
  ],
  [
    'the room that fits most tightly',
    { seats: 4, rooms: [room(1, 30), room(2, 4), room(3, 8)] },
    { roomIds: [2] },
  ],
  [
    'the larger room, when the tight one is taken',
    { seats: 4, rooms: [room(1, 30), room(2, 4, [[0, 192]])] },
    { roomIds: [1] },
  ],
  ['beside the setup of the room', { rooms: [room(1, 8, [[36, 40]], { setupMinutes: 30 })] }, { from: 42 }],
  ['beside its teardown', { rooms: [room(1, 8, [[40, 72]], { teardownMinutes: 15 })] }, { from: 96 + 36 }],
  [
    'two rooms that share no part',
    {
      roomCount: 2,
      seats: 8,
      rooms: [room(1, 4, [], { atoms: [7, 8] }), room(2, 4, [], { atoms: [7] }), room(3, 6)],
    },
    { roomIds: [1, 3] },
  ],
  ['without a room', { roomCount: 0, rooms: [] }, { from: 36, roomIds: [] }],
  ['nothing when no room seats them', { seats: 9 }, undefined],
  ['nothing when somebody required is never there', { people: [person(1, [[0, UNITS, ABSENT]])] }, undefined],
  [
    'nothing at night, when nobody at all works',
    {
      people: [
        person(1, [
          [36, 72, BUSY],
          [132, 168, BUSY],
        ]),
      ],
      roomCount: 0,
    },
    undefined,
  ],
])('suggests %s', (_what, more, expected) => {
  const found = first(more);
  if (expected) expect(found).toMatchObject(expected);
  else expect(found).toBeUndefined();
});

test('says why it is not perfect', () => {
  const people = [
    person(1, [[0, UNITS, TENTATIVE]]),
    person(2, [[0, UNITS, BUSY]], false),
    person(3, [[0, UNITS, ABSENT]], false),
    person(4, [], true, [90, 96]),
  ];
  const found = first({ people, seats: 2, rooms: [room(1, 4)] });
  expect(found?.remarks).toEqual([
    { kind: 'tentative', people: [1] },
    { kind: 'optionalBusy', people: [2] },
    { kind: 'optionalAbsent', people: [3] },
    { kind: 'outside', people: [4] },
  ]);
  expect(found?.isRoomLarge).toBe(true);
  expect(found?.cost).toBe(
    COSTS.requiredTentative + 2 * COSTS.optionalAway + COSTS.requiredOutside + roomCost(4, 2),
  );
});

test('gives a choice: no overlaps, not all on one day', () => {
  const found = suggestTimes(wish({}));
  expect(found.length).toBe(6);
  expect(found.filter(({ from }) => from < 96)).toHaveLength(3);
  for (const a of found)
    for (const b of found) expect(a === b || a.to <= b.from || b.to <= a.from).toBe(true);
  expect(found.map(({ cost }) => cost)).toEqual(found.map(({ cost }) => cost).sort((a, b) => a - b));
});

test('avoids lunch and odd quarters, when it costs nothing else', () => {
  const found = first({
    people: [
      person(1, [
        [36, 46, BUSY],
        [56, 72, BUSY],
      ]),
    ],
  });
  expect(found?.from).toBe(52);
  expect(first({ people: [person(1, [[36, 37, BUSY]])] })?.from).toBe(38);
});

test.each<[string, Partial<TimeRequest>, object]>([
  [
    'a shorter one',
    {
      people: [
        person(1, [
          [39, 72, BUSY],
          [96, 192, BUSY],
        ]),
      ],
    },
    { kind: 'shorter', length: 3 },
  ],
  [
    'two rooms',
    { seats: 8, rooms: [room(1, 4), room(2, 4)], people: [person(1)] },
    { kind: 'rooms', roomCount: 2 },
  ],
  [
    'a smaller room without the optional',
    { seats: 2, rooms: [room(1, 1)], people: [person(1), person(2, [], false)] },
    { kind: 'withoutOptional' },
  ],
  [
    'making the busy one optional',
    { people: [person(1), person(2, [[0, UNITS, BUSY]])] },
    { kind: 'optional', personId: 2 },
  ],
  ['no room', { rooms: [] }, { kind: 'noRoom' }],
])('offers %s when nothing fits', (_what, more, expected) => {
  expect(suggestTimes(wish(more))).toEqual([]);
  expect(nearestTimes(wish(more))).toContainEqual(expect.objectContaining(expected));
});
