import fc from 'fast-check';
import { DateTime } from 'luxon';
import { RRuleTemporal } from 'rrule-temporal';
import {
  FREQUENCIES,
  occurrencesOf,
  readRule,
  describeRule,
  untilForCount,
  writeRule,
  type Rule,
} from '../../src/series/recurrence.js';
import { differenceOf, nextSequence } from '../../src/meetings/sequence.js';
import { translator } from '../../src/lib/i18n/translate.js';

const rule = (more: Partial<Rule>): Rule => ({
  frequency: 'weekly',
  every: 1,
  weekdays: [1],
  monthDay: 1,
  nth: 1,
  month: 1,
  ...more,
});
const span = (more: Record<string, string> = {}) => ({
  fromOn: '2030-01-01',
  untilOn: '2030-03-31',
  from: '09:00',
  to: '10:00',
  zone: 'Europe/Berlin',
  ...more,
});
const days = (one: Rule, more: Record<string, string> = {}) =>
  occurrencesOf(one, span(more)).dates.map(({ on }) => on);

test.each<[string, Rule, Record<string, string>, string[]]>([
  ['every Monday', rule({}), { untilOn: '2030-01-21' }, ['2030-01-07', '2030-01-14', '2030-01-21']],
  [
    'every other Friday, counted from the first',
    rule({ weekdays: [5], every: 2 }),
    { untilOn: '2030-02-10' },
    ['2030-01-04', '2030-01-18', '2030-02-01'],
  ],
  [
    'the 31st, only where there is one',
    rule({ frequency: 'monthly_date', monthDay: 31 }),
    { untilOn: '2030-05-31' },
    ['2030-01-31', '2030-03-31', '2030-05-31'],
  ],
  [
    'the second Tuesday',
    rule({ frequency: 'monthly_weekday', weekdays: [2], nth: 2 }),
    {},
    ['2030-01-08', '2030-02-12', '2030-03-12'],
  ],
  [
    'the last Friday of every other month',
    rule({ frequency: 'monthly_weekday', weekdays: [5], nth: -1, every: 2 }),
    {},
    ['2030-01-25', '2030-03-29'],
  ],
  [
    'every third day',
    rule({ frequency: 'daily', every: 3 }),
    { untilOn: '2030-01-08' },
    ['2030-01-01', '2030-01-04', '2030-01-07'],
  ],
  [
    'Monday and Thursday of every other week',
    rule({ weekdays: [4, 1], every: 2 }),
    { fromOn: '2030-01-02', untilOn: '2030-01-31' },
    ['2030-01-03', '2030-01-14', '2030-01-17', '2030-01-28', '2030-01-31'],
  ],
  [
    '29 February, only where there is one',
    rule({ frequency: 'yearly_date', monthDay: 29, month: 2 }),
    { fromOn: '2030-01-01', untilOn: '2033-12-31' },
    ['2032-02-29'],
  ],
  [
    'the last Friday of June every year',
    rule({ frequency: 'yearly_weekday', weekdays: [5], nth: -1, month: 6 }),
    { untilOn: '2031-12-31' },
    ['2030-06-28', '2031-06-27'],
  ],
  [
    'nothing in a time too short',
    rule({ frequency: 'monthly_date', monthDay: 31 }),
    { fromOn: '2030-02-01', untilOn: '2030-02-28' },
    [],
  ],
])('expands %s', (_name, one, more, expected) => expect(days(one, more)).toEqual(expected));

test('leaves out the date whose time a clock change skips, and keeps the wall time on both sides', () => {
  const found = occurrencesOf(
    rule({ weekdays: [7] }),
    span({ fromOn: '2030-03-24', untilOn: '2030-04-07', from: '02:30', to: '03:30' }),
  );
  expect(found.leftOut).toEqual(['2030-03-31']);
  expect(found.dates.map(({ startsAt }) => startsAt.toISOString())).toEqual([
    '2030-03-24T01:30:00.000Z',
    '2030-04-07T00:30:00.000Z',
  ]);
});

test('a meeting past midnight ends on the next day', () => {
  const [first] = occurrencesOf(rule({}), span({ from: '23:00', to: '01:00', zone: 'Asia/Shanghai' })).dates;
  expect(first).toMatchObject({
    on: '2030-01-07',
    startsAt: new Date('2030-01-07T15:00:00Z'),
    endsAt: new Date('2030-01-07T17:00:00Z'),
  });
});

const anyRule = fc.record({
  frequency: fc.constantFrom(...FREQUENCIES),
  every: fc.integer({ min: 1, max: 12 }),
  weekdays: fc.uniqueArray(fc.integer({ min: 1, max: 7 }), { minLength: 1, maxLength: 7 }),
  month: fc.integer({ min: 1, max: 12 }),
  monthDay: fc.integer({ min: 1, max: 31 }),
  nth: fc.constantFrom(1, 2, 3, 4, -1),
});

test(
  'whatever the rule, its dates are those another implementation of RFC 5545 finds, and it is read ' +
    'back as it was written',
  () => {
    fc.assert(
      fc.property(anyRule, fc.integer({ min: 0, max: 400 }), (drawn, shift) => {
        const one = drawn.frequency === 'weekly' ? drawn : { ...drawn, weekdays: drawn.weekdays.slice(0, 1) };
        const fromOn = DateTime.utc(2029, 1, 1).plus({ days: shift }).toFormat('yyyy-MM-dd');
        const untilOn = DateTime.fromISO(fromOn).plus({ months: 24 }).toFormat('yyyy-MM-dd');
        const found = occurrencesOf(one, span({ fromOn, untilOn, zone: 'Asia/Shanghai' }));
        expect(writeRule(readRule(writeRule(one)))).toBe(writeRule(one));
        if (found.startsOn === undefined) return;
        const compact = (on: string) => on.replaceAll('-', '');
        const judge = new RRuleTemporal({
          rruleString:
            `DTSTART;TZID=UTC:${compact(found.startsOn)}T000000\n` +
            `RRULE:${writeRule(one)};UNTIL=${compact(untilOn)}T000000Z`,
          maxIterations: 5000,
        });
        expect(found.dates.map(({ on }) => on)).toEqual(
          judge.all().map((date) => date.toPlainDate().toString()),
        );
      }),
      { numRuns: 150 },
    );
  },
);

test('a number of meetings becomes a last day, of those that fit into 24 months', () => {
  expect(untilForCount(rule({}), '2030-01-01', 3)).toBe('2030-01-21');
  expect(untilForCount(rule({ frequency: 'yearly_date', month: 3 }), '2030-01-01', 3)).toBeUndefined();
});

test('is told in both languages', () => {
  expect(describeRule(translator('en'), rule({ every: 2 }))).toBe('every 2 weeks on Monday');
  expect(describeRule(translator('zh-CN'), rule({}))).toBe('每周一');
  expect(
    describeRule(translator('zh-CN'), rule({ frequency: 'monthly_weekday', nth: -1, weekdays: [5] })),
  ).toBe('每月最后一个周五');
});

const room = (id: number, building: string) => ({ id, site: '', building });
const place = (
  rooms: ReturnType<typeof room>[],
  at = '2030-01-01T09:00:00Z',
  other: string | null = null,
) => ({
  starts_at: new Date(at),
  ends_at: new Date(Date.parse(at) + 3_600_000),
  place: other,
  rooms,
  roomIds: rooms.map(({ id }) => id),
});
const announced = { announced_at: new Date(), sequence: 3, time_sequence: 1 };
test.each([
  [
    'another time asks again',
    place([room(1, 'A')], '2030-01-01T10:00:00Z'),
    { sequence: 4, time_sequence: 4 },
  ],
  ['a room next door does not', place([room(2, 'A')]), { sequence: 3, time_sequence: 1 }],
  ['a room in another building does', place([room(3, 'B')]), { sequence: 4, time_sequence: 4 }],
  ['another place does', place([room(1, 'A')], undefined, 'Town hall'), { sequence: 4, time_sequence: 4 }],
  ['nothing changed, nothing asked', place([room(1, 'A')]), { sequence: 3, time_sequence: 1 }],
])('%s', (_name, after, expected) =>
  expect(nextSequence(announced, differenceOf(place([room(1, 'A')]), after))).toEqual(expected),
);

test('before the first invitation SEQUENCE stays 0', () => {
  expect(
    nextSequence({ announced_at: null, sequence: 0, time_sequence: 0 }, { time: true, distant: true }),
  ).toEqual({ sequence: 0, time_sequence: 0 });
});
