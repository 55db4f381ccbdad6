import fc from 'fast-check';
import { format } from '../../src/lib/time/format.js';
import {
  addDays,
  dayOf,
  isZone,
  parseTime,
  startOfDay,
  timeOf,
  toInstant,
  weekdayOf,
} from '../../src/lib/time/zone.js';

describe('wall time becomes an instant', () => {
  test.each([
    ['2026-11-23', '09:00', 'Asia/Shanghai', '2026-11-23T01:00:00.000Z'],
    ['2026-07-01', '09:00', 'Europe/Berlin', '2026-07-01T07:00:00.000Z'],
    ['2026-12-01', '09:00', 'America/New_York', '2026-12-01T14:00:00.000Z'],
    // exists twice: the first one
    ['2026-10-25', '02:30', 'Europe/Berlin', '2026-10-25T00:30:00.000Z'],
    ['2026-11-01', '01:30', 'America/New_York', '2026-11-01T05:30:00.000Z'],
  ])('%s %s in %s is %s', (on, at, zone, instant) => {
    expect(toInstant(on, at, zone)?.toISOString()).toBe(instant);
  });

  test.each([
    ['2026-03-29', '02:30', 'Europe/Berlin'],
    ['2026-03-08', '02:30', 'America/New_York'],
  ])('%s %s in %s does not exist', (on, at, zone) => {
    expect(toInstant(on, at, zone)).toBeUndefined();
  });

  test('every time that exists comes back as it was said', () => {
    const zones = ['Asia/Shanghai', 'Europe/Berlin', 'America/New_York', 'Australia/Lord_Howe', 'UTC'];
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 4000 }),
        fc.integer({ min: 0, max: 1439 }),
        fc.constantFrom(...zones),
        (days, minutes, zone) => {
          const on = addDays('2020-01-01', days);
          const [hour, minute] = [Math.floor(minutes / 60), minutes % 60];
          const at = `${String(hour).padStart(2, '0')}:${String(minute).padStart(2, '0')}`;
          const instant = toInstant(on, at, zone);
          if (!instant) return;
          expect([dayOf(instant, zone), timeOf(instant, zone)]).toEqual([on, at]);
        },
      ),
    );
  });
});

test('a day begins where the clock of the place says so', () => {
  expect(startOfDay('2026-11-23', 'Asia/Shanghai').toISOString()).toBe('2026-11-22T16:00:00.000Z');
  expect(weekdayOf('2026-11-23')).toBe(1);
  expect(isZone('Asia/Shanghai')).toBe(true);
  expect(isZone('Mars/Base')).toBe(false);
  expect(isZone('EST')).toBe(false);
});

test.each([
  ['9', '09:00'],
  ['930', '09:30'],
  ['0930', '09:30'],
  ['9:30', '09:30'],
  ['9：30', '09:30'],
  ['９：３０', '09:30'],
  ['9.30', '09:30'],
  ['9点半', '09:30'],
  ['14点', '14:00'],
  ['9点05分', '09:05'],
  ['23:59', '23:59'],
  ['0', '00:00'],
  ['24:00', undefined],
  ['9:60', undefined],
  ['nine', undefined],
  ['', undefined],
  ['12345', undefined],
  ['-1', undefined],
])('reads the time %j as %j', (typed, at) => {
  expect(parseTime(typed)).toBe(at);
});

describe('dates are written as an office writes them', () => {
  const from = new Date('2026-11-23T01:00:00Z');
  const to = new Date('2026-11-23T02:30:00Z');
  test('in English', () => {
    const fmt = format('en', 'Asia/Shanghai');
    expect(fmt.day(from)).toBe('Mon 23 Nov 2026');
    expect(fmt.range(from, to)).toBe('09:00–10:30');
    expect(fmt.range(from, new Date('2026-11-23T17:00:00Z'))).toBe('09:00 – Tue 24 Nov 2026 01:00');
    expect(fmt.name({ name: '王敏', name_en: 'Wang Min' })).toBe('Wang Min');
  });
  test('in Chinese', () => {
    const fmt = format('zh-CN', 'Asia/Shanghai');
    expect(fmt.day(from)).toBe('2026年11月23日 周一');
    expect(fmt.shortDate('2026-11-30')).toBe('11月30日 周一');
    expect(fmt.name({ name: '王敏', name_en: 'Wang Min' })).toBe('王敏');
  });
});
