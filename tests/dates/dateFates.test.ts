import fc from 'fast-check';
import { layOut, type DateFate, type StandingChange } from '../../src/dates/fates.js';
import type { RuleDate, Usual } from '../../src/dates/followingQueries.js';
import { occurrencesOf, type Rule } from '../../src/series/recurrence.js';
import type { DateChoice, Schedule } from '../../src/dates/schedule.js';
import { addDays, toInstant, weekdayOf } from '../../src/lib/time/zone.js';

// What becomes of each date of a standing meeting when its schedule changes. 1 April 2030 is a Monday.

const ZONE = 'Asia/Shanghai';
const [ORCHID, BAMBOO, FAR] = [1, 2, 3];
const usual: Usual = {
  from: '09:00',
  minutes: 60,
  roomIds: [ORCHID],
  title: 'Weekly',
  description: '',
  link: null,
  place: null,
  layout: null,
  equipment: [],
  expected: null,
};
const change: StandingChange = {
  text: { title: 'Weekly', description: '', link: null, place: null },
  roomSetup: {},
  openedId: -1,
  reason: 'No place in the new rule',
  usual,
  whereabouts: new Map([
    [ORCHID, { site: 'S', building: 'North' }],
    [BAMBOO, { site: 'S', building: 'North' }],
    [FAR, { site: 'S', building: 'South' }],
  ]),
};
const at = (on: string, time = '09:00') => {
  const instant = toInstant(on, time, ZONE);
  return instant instanceof Date ? instant : new Date(NaN);
};
let ids = 0;

function dateOn(on: string, more: Partial<RuleDate> = {}): RuleDate {
  return {
    id: ++ids,
    on,
    occurrenceAt: at(on),
    startsAt: at(on),
    endsAt: at(on, '10:00'),
    isCancelled: false,
    hasOwnTime: false,
    hasOwnRooms: false,
    isAwaiting: false,
    itemCount: 0,
    title: 'Weekly',
    description: '',
    link: null,
    place: null,
    roomIds: [ORCHID],
    layout: null,
    equipment: [],
    expected: null,
    announcedAt: null,
    sequence: 0,
    timeSequence: 0,
    ...more,
  };
}
const weekly = (weekdays: number[]): Rule => ({
  frequency: 'weekly',
  every: 1,
  weekdays,
  monthDay: 1,
  nth: 1,
  month: 1,
});
const MONDAYS = ['2030-04-01', '2030-04-08', '2030-04-15'];

function scheduleOf(days: string[], more: Partial<Schedule> = {}): Schedule {
  const [from, to] = [more.from ?? '09:00', more.to ?? '10:00'];
  return {
    rule: weekly([1]),
    zone: ZONE,
    from,
    to,
    occurrences: {
      startsOn: days[0] ?? '',
      dates: days.map((on) => ({ on, startsAt: at(on, from), endsAt: at(on, to) })),
      leftOut: [],
    },
    untilOn: days.at(-1) ?? '',
    roomIds: [ORCHID],
    link: null,
    place: null,
    roomSetup: { layout: null, equipment: [], expected: null },
    choices: new Map(),
    ...more,
  };
}
const shown = (fates: readonly DateFate[]) =>
  fates.map((fate) => `${fate.kind}${fate.to ? ` ${fate.to.on.slice(5)}` : ''}`);
const choose = (on: string, choice: DateChoice) => ({ choices: new Map([[on, choice]]) });
const called = { isCancelled: true };
const moved = { hasOwnTime: true, startsAt: at('2030-04-10', '14:00'), endsAt: at('2030-04-10', '15:00') };

const CASES: [string, RuleDate[], Schedule, string[]][] = [
  ['without dates all are new', [], scheduleOf(MONDAYS), ['new 04-01', 'new 04-08', 'new 04-15']],
  [
    'the same days stay with their dates, one more is new',
    [dateOn('2030-04-01'), dateOn('2030-04-08')],
    scheduleOf(MONDAYS),
    ['moved 04-01', 'moved 04-08', 'new 04-15'],
  ],
  [
    'called off or moved by hand, it is kept in the place of its day',
    [dateOn('2030-04-01', called), dateOn('2030-04-08', moved), dateOn('2030-04-15')],
    scheduleOf(MONDAYS),
    ['kept 04-01', 'kept 04-08', 'moved 04-15'],
  ],
  [
    'another weekday: to the day of the same week',
    [dateOn('2030-04-01'), dateOn('2030-04-08', called)],
    scheduleOf(['2030-04-03', '2030-04-10'], { rule: weekly([3]) }),
    ['moved 04-03', 'kept 04-10'],
  ],
  [
    'without a day in its week it is called off, stays where it was moved to, or stays called off',
    [dateOn('2030-04-01'), dateOn('2030-04-08', moved), dateOn('2030-04-15', called)],
    scheduleOf(['2030-04-24'], { rule: weekly([3]) }),
    ['off', 'kept', 'kept', 'new 04-24'],
  ],
  [
    'a date that is left out is called off in its place',
    [dateOn('2030-04-01'), dateOn('2030-04-08')],
    scheduleOf(MONDAYS, choose('2030-04-08', { kind: 'skip', reason: 'Holiday' })),
    ['moved 04-01', 'off 04-08', 'new 04-15'],
  ],
  [
    'what is called off already is not called off again when it is left out',
    [dateOn('2030-04-01', called)],
    scheduleOf(['2030-04-01'], choose('2030-04-01', { kind: 'skip', reason: 'Holiday' })),
    ['kept 04-01'],
  ],
  [
    'of a list: listed days keep theirs, others are called off, called off ones are no matter of it',
    [dateOn('2030-04-01'), dateOn('2030-04-08'), dateOn('2030-04-15', called)],
    scheduleOf(['2030-04-01', '2030-04-09'], { rule: null }),
    ['moved 04-01', 'off', 'kept', 'new 04-09'],
  ],
  [
    'of a list: a second date on a listed day stays as it is',
    [dateOn('2030-04-01'), dateOn('2030-04-01', { isSecond: true, hasOwnTime: true })],
    scheduleOf(['2030-04-01'], { rule: null }),
    ['moved 04-01', 'kept'],
  ],
];
test.each(CASES)('%s', (_title, dates, schedule, expected) => {
  const { fates } = layOut(dates, { schedule, change });
  expect(shown(fates)).toEqual(expected);
});

/** The fate of the only date. */
function fateOf(date: RuleDate, schedule: Schedule, more: Partial<StandingChange> = {}) {
  const [fate] = layOut([date], { schedule, change: { ...change, ...more } }).fates;
  if (fate?.kind !== 'moved') throw new Error('it is not moved');
  return fate;
}
const one = (more: Partial<Schedule> = {}) => scheduleOf(['2030-04-01'], more);
const announced = { announcedAt: at('2030-03-01'), sequence: 4, timeSequence: 2 };

describe('a date that goes on', () => {
  it('gives up nothing when nothing is new', () => {
    const { changesPlace, changesRoomSetup, row } = fateOf(dateOn('2030-04-01', announced), one());
    expect({ changesPlace, changesRoomSetup, told: row.told, sequence: row.sequence }).toEqual({
      changesPlace: false,
      changesRoomSetup: false,
      told: false,
      sequence: 4,
    });
  });

  it('is asked again for another time or building, and only told of another room or text', () => {
    const date = dateOn('2030-04-01', announced);
    const numbers = (schedule: Schedule, title = 'Weekly') => {
      const { row } = fateOf(date, schedule, { text: { ...change.text, title } });
      return [row.told, row.sequence, row.time_sequence];
    };
    expect(numbers(one({ from: '10:00', to: '11:00' }))).toEqual([true, 5, 5]);
    expect(numbers(one({ roomIds: [FAR] }))).toEqual([true, 5, 5]);
    expect(numbers(one({ roomIds: [BAMBOO] }))).toEqual([true, 4, 2]);
    expect(numbers(one(), 'Board')).toEqual([true, 4, 2]);
  });

  it('keeps its own rooms until somebody chooses another one for that day', () => {
    const own = dateOn('2030-04-01', { roomIds: [BAMBOO], hasOwnRooms: true });
    expect(fateOf(own, one({ roomIds: [FAR] })).roomIds).toEqual([BAMBOO]);
    const choice = choose('2030-04-01', { kind: 'room', roomId: FAR });
    expect(fateOf(own, one(choice)).roomIds).toEqual([FAR]);
  });

  it('keeps the text and the setup that it has of its own, unless it is the one that was opened', () => {
    const own = dateOn('2030-04-01', { title: 'Budget day', expected: 30 });
    const asked = { text: { ...change.text, title: 'Board' }, roomSetup: { expected: 12 } };
    expect(fateOf(own, one(), asked).row).toMatchObject({ title: 'Budget day', expected: 30 });
    expect(fateOf(own, one(), { ...asked, openedId: own.id }).row).toMatchObject({
      title: 'Board',
      expected: 12,
    });
  });

  it('waits for its room, or does without equipment, where that was chosen', () => {
    const equipment = [{ kindId: 1, quantity: 2 }];
    const date = dateOn('2030-04-01', { equipment });
    const waits = fateOf(date, one(choose('2030-04-01', { kind: 'wait' })));
    expect([waits.isWaiting, waits.changesPlace, waits.changesRoomSetup]).toEqual([true, true, false]);
    const bare = fateOf(date, one(choose('2030-04-01', { kind: 'bare' })));
    expect([bare.roomSetup.equipment, bare.changesPlace, bare.changesRoomSetup]).toEqual([[], false, true]);
  });
});

test('what stays called off is restored to the new time, what was moved by hand keeps its own', () => {
  const later = { from: '14:00', to: '15:00' };
  const rowOf = (date: RuleDate) => {
    const [fate] = layOut([date], { schedule: one(later), change }).fates;
    return fate?.kind === 'kept' && fate.to ? fate.row : undefined;
  };
  expect(rowOf(dateOn('2030-04-01', called))).toMatchObject({ from: at('2030-04-01', '14:00'), told: false });
  expect(rowOf(dateOn('2030-04-01', moved))).toMatchObject({ from: moved.startsAt, told: false });
});

type Look = 'plain' | 'off' | 'moved';
const anyRule = fc.record({
  frequency: fc.constant('weekly' as const),
  every: fc.integer({ min: 1, max: 3 }),
  weekdays: fc.uniqueArray(fc.integer({ min: 1, max: 7 }), { minLength: 1, maxLength: 3 }),
  monthDay: fc.constant(1),
  nth: fc.constant(1),
  month: fc.constant(1),
});
const occurrences = (rule: Rule, fromOn: string) =>
  occurrencesOf(
    { ...rule, weekdays: [...rule.weekdays].sort((a, b) => a - b) },
    { fromOn, untilOn: addDays(fromOn, 80), from: '09:00', to: '10:00', zone: ZONE },
  );
const weekOf = (on: string) => addDays(on, 1 - weekdayOf(on));
const anyChoice = fc.option(
  fc.constantFrom<DateChoice>(
    { kind: 'skip', reason: 'Holiday' },
    { kind: 'wait' },
    { kind: 'bare' },
    { kind: 'room', roomId: BAMBOO },
  ),
  { nil: undefined },
);

test(
  'whatever the rules and choices: every date and every day has one fate, and none makes room for ' +
    'what is called off',
  () => {
    fc.assert(
      fc.property(
        anyRule,
        fc.option(anyRule, { nil: null }),
        fc.array(fc.constantFrom<Look>('plain', 'off', 'moved'), { minLength: 1, maxLength: 30 }),
        fc.array(anyChoice, { minLength: 1, maxLength: 7 }),
        fc.integer({ min: 0, max: 20 }),
        (old, next, looks, chosen, shift) => {
          const dates = occurrences(old, '2030-04-01').dates.map(({ on }, n) => {
            const look = looks[n % looks.length];
            return dateOn(on, {
              ...announced,
              isCancelled: look === 'off',
              hasOwnTime: look === 'moved',
              announcedAt: n % 2 ? announced.announcedAt : null,
            });
          });
          const days = occurrences(next ?? old, addDays('2030-04-01', shift));
          const choices = new Map(
            days.dates.flatMap(({ on }, n) => {
              const choice = chosen[n % chosen.length];
              return choice ? [[on, choice] as const] : [];
            }),
          );
          const schedule = one({ rule: next, occurrences: days, choices });
          const { fates } = layOut(dates, { schedule, change });

          const standing = fates.flatMap((fate) => (fate.kind === 'new' ? [] : [fate.date]));
          expect(standing).toEqual(dates);
          const listed = days.dates.map(({ on }) => on);
          expect(fates.flatMap(({ to }) => to?.on ?? []).sort()).toEqual([...listed].sort());

          const fresh = fates.flatMap((fate) => (fate.kind === 'new' ? [fate.to.on] : []));
          for (const fate of fates) {
            if (fate.kind === 'new') continue;
            const { date, to } = fate;
            // Its own day is its own.
            if (listed.includes(date.on) && (next !== null || !date.isCancelled))
              expect(to?.on).toBe(date.on);
            // Nothing called off is called off again or booked; nothing moved by hand is touched.
            if (date.isCancelled || date.hasOwnTime) {
              expect(fate.kind === 'kept' || (next === null && fate.kind === 'off')).toBe(true);
            }
            if (fate.kind === 'off' && to !== null) expect(choices.get(to.on)?.kind).toBe('skip');
            if (fate.kind === 'moved') expect(to?.skipped).toBeNull();
            if (fate.kind === 'off' && to === null && next !== null) {
              // No other date of its week is made, nor had by what does not take place as planned.
              const week = weekOf(date.on);
              expect(fresh.filter((on) => weekOf(on) === week)).toEqual([]);
              const others = fates.filter(
                (other) =>
                  other.kind === 'kept' &&
                  other.to &&
                  other.to.on !== other.date.on &&
                  weekOf(other.to.on) === week,
              );
              expect(others).toEqual([]);
            }
            if ('row' in fate && fate.row) {
              expect(fate.row.sequence).toBeGreaterThanOrEqual(date.sequence);
              expect(fate.row.sequence - date.sequence).toBeLessThanOrEqual(date.announcedAt ? 1 : 0);
              if (!date.announcedAt) expect(fate.row.told).toBe(false);
            }
          }
        },
      ),
      { numRuns: 150 },
    );
  },
);
