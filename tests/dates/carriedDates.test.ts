import fc from 'fast-check';
import { carryDates, type CarriedDate, type StandingDate } from '../../src/dates/carriedDates.js';
import { occurrencesOf, type Frequency, type Rule } from '../../src/series/recurrence.js';
import { addDays, weekdayOf } from '../../src/lib/time/zone.js';

// What becomes of dates when their rule is replaced. May 2030 begins on a Wednesday; the 7th is a Tuesday.

type Kind = 'plain' | 'off' | 'moved';
const at = (on: string) => new Date(`${on}T01:00:00Z`);
const standing = (dates: readonly (readonly [string, Kind])[]): StandingDate[] =>
  dates.map(([day, kind], id) => {
    const on = day.length > 5 ? day : `2030-${day}`;
    return {
      id,
      on,
      startsAt: at(on),
      endsAt: at(on),
      isCancelled: kind === 'off',
      hasOwnTime: kind === 'moved',
      hasOwnRooms: false,
      itemCount: 0,
    };
  });
const carry = (dates: readonly (readonly [string, Kind])[], days: string[], frequency: Frequency) =>
  carryDates(
    standing(dates),
    days.map((day) => `2030-${day}`),
    frequency,
  ).map(({ kind, to }) => `${kind}${to === null ? '' : ` ${to.slice(5)}`}`);

const CASES: [string, [string, Kind][], string[], string[], Frequency?][] = [
  [
    'another weekday: called off and moved go along with their week',
    [
      ['05-07', 'off'],
      ['05-14', 'moved'],
      ['05-21', 'plain'],
    ],
    ['05-09', '05-16', '05-23'],
    ['cancelled 05-09', 'moved 05-16', 'taken 05-23'],
  ],
  [
    'the same day comes first, even where that calls the other off',
    [
      ['05-07', 'off'],
      ['05-09', 'plain'],
    ],
    ['05-07'],
    ['cancelled 05-07', 'calledOff'],
  ],
  [
    'of two in a week the one that stands takes the only new date',
    [
      ['05-07', 'off'],
      ['05-09', 'plain'],
    ],
    ['05-08'],
    ['lost', 'taken 05-08'],
  ],
  [
    'before one that was moved',
    [
      ['05-07', 'moved'],
      ['05-09', 'plain'],
    ],
    ['05-08'],
    ['left', 'taken 05-08'],
  ],
  [
    'and one that was moved before one that was called off',
    [
      ['05-07', 'off'],
      ['05-09', 'moved'],
    ],
    ['05-08'],
    ['lost', 'moved 05-08'],
  ],
  [
    'two in a week keep their order',
    [
      ['05-07', 'off'],
      ['05-09', 'plain'],
    ],
    ['05-06', '05-08'],
    ['cancelled 05-06', 'taken 05-08'],
  ],
  [
    'both called off stay so',
    [
      ['05-07', 'off'],
      ['05-09', 'off'],
    ],
    ['05-06', '05-10'],
    ['cancelled 05-06', 'cancelled 05-10'],
  ],
  [
    'one goes to the nearest of several',
    [
      ['05-09', 'off'],
      ['05-16', 'plain'],
    ],
    ['05-06', '05-08', '05-13', '05-15'],
    ['cancelled 05-08', 'taken 05-15'],
  ],
  [
    'what has no date in its week finds none',
    [
      ['05-07', 'off'],
      ['05-14', 'moved'],
      ['05-21', 'plain'],
    ],
    ['05-30'],
    ['lost', 'left', 'calledOff'],
  ],
  [
    'a daily rule knows days only',
    [
      ['05-07', 'off'],
      ['05-08', 'plain'],
      ['05-11', 'moved'],
    ],
    ['05-07', '05-08', '05-09', '05-10'],
    ['cancelled 05-07', 'taken 05-08', 'left'],
    'daily',
  ],
  [
    'from Saturday to weekdays: the Friday before',
    [['05-11', 'off']],
    ['05-06', '05-07', '05-08', '05-09', '05-10'],
    ['cancelled 05-10'],
  ],
  [
    'monthly, from the second Tuesday to the third Thursday',
    [
      ['05-14', 'off'],
      ['06-11', 'moved'],
      ['07-09', 'plain'],
    ],
    ['05-16', '06-20', '07-18'],
    ['cancelled 05-16', 'moved 06-20', 'taken 07-18'],
    'monthly_weekday',
  ],
  [
    'from weekly to monthly the nearest that stands goes on',
    [
      ['05-06', 'plain'],
      ['05-13', 'plain'],
      ['05-20', 'off'],
      ['05-27', 'plain'],
    ],
    ['05-22'],
    ['calledOff', 'calledOff', 'lost', 'taken 05-22'],
    'monthly_date',
  ],
  ['a year', [['03-04', 'off']], ['06-03'], ['cancelled 06-03'], 'yearly_date'],
];
test.each(
  CASES.map(([name, dates, days, expected, frequency = 'weekly']) => ({
    name,
    dates,
    days,
    expected,
    frequency,
  })),
)('$name', ({ dates, days, expected, frequency }) => expect(carry(dates, days, frequency)).toEqual(expected));

const anyRule = fc.record({
  frequency: fc.constantFrom<Frequency>('daily', 'weekly', 'monthly_date', 'monthly_weekday', 'yearly_date'),
  every: fc.integer({ min: 1, max: 3 }),
  weekdays: fc.uniqueArray(fc.integer({ min: 1, max: 7 }), { minLength: 1, maxLength: 4 }),
  month: fc.integer({ min: 1, max: 12 }),
  monthDay: fc.integer({ min: 1, max: 31 }),
  nth: fc.constantFrom(1, 2, 3, 4, -1),
});
const daysOf = (rule: Rule, fromOn: string) =>
  occurrencesOf(rule, {
    fromOn,
    untilOn: addDays(fromOn, 150),
    from: '09:00',
    to: '10:00',
    zone: 'Asia/Shanghai',
  }).dates.map(({ on }) => on);
const periodOf = (frequency: Frequency, on: string) =>
  frequency === 'daily'
    ? on
    : frequency === 'weekly'
      ? addDays(on, 1 - weekdayOf(on))
      : on.slice(0, frequency.startsWith('monthly') ? 7 : 4);
const count = (list: readonly CarriedDate[], ...kinds: string[]) =>
  list.filter(({ kind }) => kinds.includes(kind)).length;

test(
  'whatever the rules: nobody and no day twice, the same day first, nothing called off is booked, ' +
    'nobody gives way to less',
  () => {
    fc.assert(
      fc.property(
        anyRule,
        anyRule,
        fc.array(fc.constantFrom<Kind>('plain', 'off', 'moved'), { minLength: 1, maxLength: 40 }),
        fc.integer({ min: 0, max: 20 }),
        (old, next, kinds, shift) => {
          const dates = standing(
            daysOf(old, '2030-05-01').map((on, n) => [on, kinds[n % kinds.length] ?? 'plain'] as const),
          );
          const days = daysOf(next, addDays('2030-05-01', shift));
          const carried = carryDates(dates, days, next.frequency);
          expect(carried.map(({ date }) => date)).toEqual(dates);
          const taken = carried.flatMap(({ to }) => to ?? []);
          expect(new Set(taken).size).toBe(taken.length);
          expect(taken.filter((to) => !days.includes(to))).toEqual([]);
          const fresh = days.filter((day) => !taken.includes(day));
          for (const one of carried) {
            const { date, kind, to } = one;
            if (days.includes(date.on)) expect(to).toBe(date.on);
            else if (to !== null)
              expect(periodOf(next.frequency, to)).toBe(periodOf(next.frequency, date.on));
            expect(kind === 'cancelled' || kind === 'lost').toBe(date.isCancelled);
            expect(kind === 'moved' || kind === 'left').toBe(!date.isCancelled && date.hasOwnTime);
            if (to !== null) continue;
            // No new date of its period is made while it has none, and none is had that was not the same
            // day's
            // by less.
            const period = periodOf(next.frequency, date.on);
            expect(fresh.filter((day) => periodOf(next.frequency, day) === period)).toEqual([]);
            const others = carried.filter(
              (other) =>
                other.to !== null &&
                other.to !== other.date.on &&
                periodOf(next.frequency, other.date.on) === period,
            );
            if (kind === 'calledOff') expect(count(others, 'moved', 'cancelled')).toBe(0);
            if (kind === 'left') expect(count(others, 'cancelled')).toBe(0);
          }
          // Nobody overtakes anybody within what was not the same day's.
          const wandered = carried.flatMap(({ to, date }) => (to !== null && to !== date.on ? [to] : []));
          expect(wandered).toEqual([...wandered].sort());
        },
      ),
      { numRuns: 100 },
    );
  },
);
