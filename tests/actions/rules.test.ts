import { why } from '../../src/actions/policy.js';
import type { Standing } from '../../src/actions/queries.js';
import { columnOf, endOfWeek, lightOf, type ActionState } from '../../src/actions/lights.js';
import { isWorkingHour, stepOf } from '../../src/actions/reminderSteps.js';
import { addDays } from '../../src/lib/time/zone.js';

const TODAY = '2030-03-06'; // a Wednesday

test.each<[string, ActionState, string | null, string, string]>([
  ['is late the day after', 'accepted', '2030-03-05', 'red', 'overdue'],
  ['is not late on its day', 'assigned', '2030-03-06', 'blue', 'week'],
  ['turns blue three days before', 'in_progress', '2030-03-09', 'blue', 'week'],
  ['shows nothing four days before, still this week', 'in_progress', '2030-03-10', 'none', 'week'],
  ['waits in the open column from next Monday on', 'blocked', '2030-03-11', 'none', 'open'],
  ['is no longer late once answered', 'answered', '2030-03-01', 'none', 'answered'],
  ['stays late while it is given back', 'refused', '2030-03-01', 'red', 'overdue'],
  ['without a date is simply open', 'planned', null, 'none', 'open'],
  ['closed shows no light', 'closed', '2030-03-01', 'none', 'overdue'],
])('an action %s', (_what, state, due_on, light, column) => {
  expect([lightOf({ state, due_on }, TODAY), columnOf({ state, due_on }, TODAY)]).toEqual([light, column]);
});

test('a week ends on its Sunday', () => {
  expect(['2030-03-04', '2030-03-06', '2030-03-10'].map(endOfWeek)).toEqual([
    '2030-03-10',
    '2030-03-10',
    '2030-03-10',
  ]);
});

describe('the ladder of reminders', () => {
  const DUE = '2030-03-20';
  test.each([
    [-4, undefined],
    [-3, { level: 'before_due', on_day: '2030-03-17' }],
    [-1, { level: 'before_due', on_day: '2030-03-17' }],
    [0, { level: 'due', on_day: '2030-03-20' }],
    [6, { level: 'due', on_day: '2030-03-20' }],
    [7, { level: 'overdue', on_day: '2030-03-27' }],
    [13, { level: 'overdue', on_day: '2030-03-27' }],
    [21, { level: 'overdue', on_day: '2030-04-10' }],
  ])('%i days after the due date', (days, step) => {
    expect(stepOf(DUE, '2030-03-01', addDays(DUE, days))).toEqual(step);
  });

  test('a step up to the day of the assignment is left out: its own mail said the same', () => {
    expect(stepOf(DUE, '2030-03-18', '2030-03-18')).toBeUndefined();
    expect(stepOf(DUE, '2030-03-18', '2030-03-20')).toEqual({ level: 'due', on_day: DUE });
    // assigned long after the date: nothing before a week has passed by the ladder
    expect(stepOf(DUE, '2030-03-28', '2030-03-28')).toBeUndefined();
    expect(stepOf(DUE, '2030-03-28', '2030-04-03')).toEqual({ level: 'overdue', on_day: '2030-04-03' });
  });

  test.each([
    ['2030-03-04T00:59:00Z', false], // Monday 08:59 in Shanghai
    ['2030-03-04T01:00:00Z', true],
    ['2030-03-04T08:59:00Z', true],
    ['2030-03-04T09:00:00Z', false], // 17:00
    ['2030-03-09T03:00:00Z', false], // Saturday
  ])('at %s people are reminded: %s', (at, isReminded) => {
    expect(isWorkingHour(new Date(at), 'Asia/Shanghai')).toBe(isReminded);
  });
});

describe('who decides about more time', () => {
  const standing = { state: 'accepted', is_lead: false, is_deputy: false, is_overseer: false } as Standing;

  it.each([
    ['who oversees the action', { is_overseer: true }, 'yes'],
    ['not who leads it, even where they oversee it', { is_overseer: true, is_lead: true }, 'person'],
    ['not the deputy of who leads it', { is_deputy: true }, 'person'],
    ['not when it is answered', { is_overseer: true, state: 'answered' }, 'state'],
  ] as const)('%s', (_who, more, said) => {
    expect(why('extend', { ...standing, ...more })).toBe(said);
  });
});
