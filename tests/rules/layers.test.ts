import fc from 'fast-check';
import { DEFAULTS, rulesFrom, type BookingRules, type RuleLayer } from '../../src/rules/layers.js';
import { describeRules } from '../../src/rules/describe.js';
import { translator, type Lang } from '../../src/lib/i18n/translate.js';
import { brokenQuotas, brokenRules, fittingSpan, type RuleRequest } from '../../src/rules/checks.js';

const NOTHING = Object.fromEntries(
  [...Object.keys(DEFAULTS), 'room_id', 'group_id'].map((name) => [name, null]),
) as unknown as RuleLayer;
const layer = (more: Partial<RuleLayer>): RuleLayer => ({ ...NOTHING, ...more });
const rules = (more: Partial<BookingRules>): BookingRules => ({ ...DEFAULTS, ofRoom: [], ...more });

const ZONE = 'Asia/Shanghai';
const NOW = new Date('2030-03-04T09:00+08:00');
const wish = (from: string, to: string, more: Partial<RuleRequest> = {}): RuleRequest => ({
  from: new Date(`${from}+08:00`),
  to: new Date(`${to}+08:00`),
  now: NOW,
  isRecurring: false,
  ...more,
});
const broken = (of: Partial<BookingRules>, asked: RuleRequest) =>
  brokenRules(rules(of), asked, ZONE).map(({ rule, actual, limit, nearest }) => [
    rule,
    actual,
    limit,
    nearest,
  ]);

describe('layers of rules', () => {
  it('say nothing new where nothing is set', () => {
    expect(rulesFrom([])).toEqual({ ...DEFAULTS, ofRoom: [] });
    expect(rulesFrom([layer({})])).toEqual({ ...DEFAULTS, ofRoom: [] });
  });

  it('replace what they name: office, group everywhere, room, group in the room', () => {
    const office = layer({ window_days: 30, max_minutes: 120, in_policy: 'request' });
    const leaders = layer({ group_id: 1, window_days: 90, in_policy: 'accept' });
    const room = layer({ room_id: 7, window_days: 14 });
    const leadersHere = layer({ room_id: 7, group_id: 1, window_days: 0 });
    expect(rulesFrom([office, leaders])).toMatchObject({
      window_days: 90,
      max_minutes: 120,
      in_policy: 'accept',
      ofRoom: [],
    });
    expect(rulesFrom([room, leaders, office])).toMatchObject({
      window_days: 14,
      in_policy: 'accept',
      ofRoom: ['window_days'],
    });
    expect(rulesFrom([leadersHere, room, leaders, office])).toMatchObject({
      window_days: 0,
      max_minutes: 120,
    });
  });

  it('give who is in several groups the most generous value', () => {
    const both = rulesFrom([
      layer({
        group_id: 1,
        window_days: 60,
        max_minutes: 0,
        notice_create: 120,
        in_policy: 'refuse',
        recurring: 'denied',
      }),
      layer({
        group_id: 2,
        window_days: 90,
        max_minutes: 60,
        notice_create: 30,
        in_policy: 'request',
        recurring: 'allowed',
      }),
    ]);
    expect(both).toMatchObject({
      window_days: 90,
      max_minutes: 0,
      notice_create: 30,
      in_policy: 'request',
      recurring: 'allowed',
    });
  });
});

describe('a broken rule', () => {
  it.each<[string, Partial<BookingRules>, RuleRequest, unknown[]]>([
    [
      'too far ahead',
      { window_days: 30 },
      wish('2030-04-04T10:00', '2030-04-04T11:00'),
      [['window', '2030-04-04', '30', '2030-03-05']],
    ],
    ['the last day of the window', { window_days: 30 }, wish('2030-04-03T23:00', '2030-04-03T23:30'), []],
    [
      'too soon',
      { notice_create: 90 },
      wish('2030-03-04T10:00', '2030-03-04T11:00'),
      [['notice_create', '60', '90', '2030-03-04T02:30:00.000Z']],
    ],
    ['just in time', { notice_create: 60 }, wish('2030-03-04T10:00', '2030-03-04T11:00'), []],
    [
      'too short',
      { min_minutes: 30 },
      wish('2030-03-05T10:00', '2030-03-05T10:29'),
      [['min_duration', '29', '30', '']],
    ],
    [
      'too long',
      { max_minutes: 60 },
      wish('2030-03-05T10:00', '2030-03-05T11:01'),
      [['max_duration', '61', '60', '']],
    ],
    [
      'out of step',
      { start_interval: 30 },
      wish('2030-03-05T10:15', '2030-03-05T11:00'),
      [['interval', '10:15', '30', '10:00 / 10:30']],
    ],
    [
      'a standing meeting',
      { recurring: 'denied' },
      wish('2030-03-05T10:00', '2030-03-05T11:00', { isRecurring: true }),
      [['recurring', '', '', '']],
    ],
    [
      'a standing meeting within its own horizon',
      { window_days: 7, recurring_days: 60 },
      wish('2030-04-05T10:00', '2030-04-05T11:00', { isRecurring: true }),
      [],
    ],
    [
      'beyond that horizon',
      { recurring_days: 60 },
      wish('2030-05-04T10:00', '2030-05-04T11:00', { isRecurring: true }),
      [['recurring_horizon', '2030-05-04', '60', '2030-05-03']],
    ],
    [
      'kept for groups',
      { in_policy: 'refuse' },
      wish('2030-03-05T10:00', '2030-03-05T11:00'),
      [['members_only', '', '', '']],
    ],
    [
      'changed too late',
      { notice_change: 120 },
      wish('2030-03-06T10:00', '2030-03-06T11:00', {
        before: { startsAt: new Date('2030-03-04T10:00+08:00'), hadRoom: true },
      }),
      [['notice_change', '60', '120', '2030-03-04T00:00:00.000Z']],
    ],
    [
      'kept at its time',
      { notice_create: 600 },
      wish('2030-03-04T10:00', '2030-03-04T11:00', {
        before: { startsAt: new Date('2030-03-04T10:00+08:00'), hadRoom: true },
      }),
      [],
    ],
    [
      'inside an approved slot',
      { max_minutes: 30, window_days: 1 },
      wish('2030-03-09T10:00', '2030-03-09T12:00', { isApproved: true }),
      [],
    ],
  ])('%s', (_name, of, asked, expected) => {
    expect(broken(of, asked)).toEqual(expected);
  });

  it('counts a quota where it was set: in the room or in all rooms', () => {
    const usage = {
      quota_person_hours: { ofRoom: 2, all: 7 },
      quota_person_coming: { ofRoom: 0, all: 3 },
      quota_unit_hours: { ofRoom: 0, all: 0 },
      quota_unit_coming: { ofRoom: 0, all: 0 },
    };
    const hour = { from: NOW, to: new Date(NOW.getTime() + 90 * 60_000) };
    expect(brokenQuotas(rules({ quota_person_hours: 8, quota_person_coming: 3 }), hour, usage)).toEqual([
      { rule: 'quota_person_hours', actual: '8.5', limit: '8', nearest: '1' },
      { rule: 'quota_person_coming', actual: '4', limit: '3', nearest: '0' },
    ]);
    expect(
      brokenQuotas(
        rules({
          quota_person_hours: 8,
          quota_person_coming: 3,
          ofRoom: ['quota_person_hours', 'quota_person_coming'],
        }),
        hour,
        usage,
      ),
    ).toEqual([]);
  });
});

it('the nearest span that is offered keeps the rules itself, whatever was asked', () => {
  const rule = fc.record({
    window_days: fc.integer({ min: 1, max: 60 }),
    notice_create: fc.integer({ min: 0, max: 600 }),
    min_minutes: fc.integer({ min: 0, max: 30 }),
    max_minutes: fc.integer({ min: 30, max: 240 }),
    start_interval: fc.constantFrom(0, 5, 10, 15, 20, 30, 60),
  });
  fc.assert(
    fc.property(
      fc.array(rule, { minLength: 1, maxLength: 3 }),
      fc.integer({ min: 10, max: 100_000 }),
      fc.integer({ min: 1, max: 600 }),
      (all, start, length) => {
        const asked: RuleRequest = {
          from: new Date(NOW.getTime() + start * 60_000),
          to: new Date(NOW.getTime() + (start + length) * 60_000),
          now: NOW,
          isRecurring: false,
        };
        const given = all.map((one) => rules(one));
        const fits = fittingSpan(given, asked, [], ZONE);
        for (const one of given)
          expect(
            brokenRules(one, { ...asked, ...fits }, ZONE).filter(({ rule: name }) => name !== 'window'),
          ).toEqual([]);
      },
    ),
  );
});

test('who decides about a room is told in the right number, in both languages', () => {
  const told = (lang: Lang, ...names: string[]) =>
    describeRules(rules({ in_policy: 'request' }), translator(lang), names, lang)[0];
  expect([
    told('en', 'Li Qiang'),
    told('en', 'Li Qiang', 'Wang Min'),
    told('en', 'A', 'B', 'C'),
    told('en'),
  ]).toEqual([
    'On request; Li Qiang decides',
    'On request; Li Qiang and Wang Min decide',
    'On request; A, B and C decide',
    'On request',
  ]);
  expect([told('zh-CN', '李强'), told('zh-CN', '李强', '王敏'), told('zh-CN')]).toEqual([
    '须经李强审批',
    '须经李强和王敏审批',
    '须经审批',
  ]);
});
