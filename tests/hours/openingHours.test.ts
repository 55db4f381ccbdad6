import { freeWithin, nearestFreeTimes } from '../../src/claims/freeTimes.js';
import { openSpan, outsideHours, type Hours } from '../../src/hours/openingHours.js';
import { describeHours } from '../../src/hours/describe.js';
import { translator } from '../../src/lib/i18n/translate.js';

const ZONE = 'Europe/Berlin';
const WEEK: Hours[] = [1, 2, 3, 4, 5].map((weekday) => ({ weekday, opens_at: '08:00', closes_at: '18:00' }));
const ALWAYS: Hours[] = [1, 2, 3, 4, 5, 6, 7].map((weekday) => ({
  weekday,
  opens_at: '00:00',
  closes_at: '24:00',
}));
const local = (text: string) => new Date(`${text}:00+01:00`);

describe('opening hours', () => {
  it.each([
    ['within', '2030-03-04T08:00', '2030-03-04T18:00', undefined],
    [
      'too early',
      '2030-03-04T07:45',
      '2030-03-04T09:00',
      { on: '2030-03-04', opens_at: '08:00', closes_at: '18:00' },
    ],
    [
      'too late',
      '2030-03-04T17:00',
      '2030-03-04T18:01',
      { on: '2030-03-04', opens_at: '08:00', closes_at: '18:00' },
    ],
    ['on a closed day', '2030-03-03T10:00', '2030-03-03T11:00', { on: '2030-03-03' }],
    [
      'over night',
      '2030-03-04T17:00',
      '2030-03-05T09:00',
      { on: '2030-03-04', opens_at: '08:00', closes_at: '18:00' },
    ],
  ])('a time %s', (_name, from, to, outside) => {
    expect(outsideHours(WEEK, local(from), local(to), ZONE)).toEqual(outside);
  });

  it('let a meeting cross midnight where both days are open', () => {
    expect(outsideHours(ALWAYS, local('2030-03-04T23:00'), local('2030-03-05T01:00'), ZONE)).toBeUndefined();
  });

  it.each([
    ['2030-03-31', 23],
    ['2030-10-27', 25],
    ['2030-03-04', 24],
  ])('last as long as the day does on %s', (on, hours) => {
    const open = openSpan(ALWAYS, on, ZONE);
    expect(((open?.to.getTime() ?? 0) - (open?.from.getTime() ?? 0)) / 3_600_000).toBe(hours);
  });

  it('that begin in the skipped hour begin when the clocks have been put forward', () => {
    expect(
      openSpan(
        [{ weekday: 7, opens_at: '02:30', closes_at: '10:00' }],
        '2030-03-31',
        ZONE,
      )?.from.toISOString(),
    ).toBe('2030-03-31T01:00:00.000Z');
  });

  it('are told in as few lines as say them', () => {
    const t = translator('en');
    expect(describeHours(WEEK, t)).toEqual(['Monday to Friday 08:00–18:00']);
    expect(
      describeHours(
        [...WEEK.slice(0, 2), { weekday: 6, opens_at: '09:00', closes_at: '12:00' }],
        translator('zh-CN'),
      ),
    ).toEqual(['周一至周二 08:00–18:00', '周六 09:00–12:00']);
  });
});

describe('free times', () => {
  const span = (from: string, to: string) => ({
    from: local(`2030-03-04T${from}`),
    to: local(`2030-03-04T${to}`),
  });
  const wish = {
    hours: WEEK,
    zone: ZONE,
    busy: [] as { from: Date; to: Date }[],
    requested: span('10:00', '11:00'),
    setupMinutes: 0,
    teardownMinutes: 0,
    notBefore: local('2030-03-01T00:00'),
    days: 1,
    limit: 9,
  };
  const tell = (more: Partial<typeof wish>) =>
    nearestFreeTimes({ ...wish, ...more }).map(
      ({ from, to }) => `${from.toISOString().slice(8, 16)}-${to.toISOString().slice(11, 16)}`,
    );

  it('are what busy spans leave, whatever their order', () => {
    expect(
      freeWithin(span('08:00', '12:00'), [
        span('10:00', '11:00'),
        span('07:00', '08:30'),
        span('10:30', '10:45'),
      ]),
    ).toEqual([span('08:30', '10:00'), span('11:00', '12:00')]);
    expect(freeWithin(span('08:00', '12:00'), [span('07:00', '13:00')])).toEqual([]);
  });

  it('come in order of distance, one for each free stretch', () => {
    expect(tell({ busy: [span('09:30', '10:30'), span('12:00', '12:30')] })).toEqual([
      '04T09:30-10:30',
      '04T07:30-08:30',
      '04T11:30-12:30',
      '05T09:00-10:00',
    ]);
  });

  it('leave room for setting up and clearing away, begin on quarter hours and not before now', () => {
    expect(tell({ days: 0, busy: [span('09:30', '11:00')], setupMinutes: 20, teardownMinutes: 20 })).toEqual([
      '04T10:30-11:30',
      '04T07:00-08:00',
    ]);
    expect(tell({ days: 0, busy: [span('09:50', '11:00')], notBefore: local('2030-03-04T11:07') })).toEqual([
      '04T10:15-11:15',
    ]);
  });

  it('do not exist where the stretch is too short or the day closed', () => {
    expect(tell({ days: 0, requested: span('08:00', '18:15') })).toEqual([]);
    expect(
      tell({ days: 0, requested: { from: local('2030-03-03T10:00'), to: local('2030-03-03T11:00') } }),
    ).toEqual([]);
  });
});
