import { byUrgency, waitOfAction, WAITS, type Wait } from '../../src/desk/waiting.js';

describe('what waits', () => {
  it('stands by kind, and within a kind by time; what has no date comes last', () => {
    const item = (wait: Wait, when: string | null) => ({ wait, when });
    const sorted = byUrgency([
      item('reply', '2030-03-05'),
      item('overdue', '2030-03-03'),
      item('review', null),
      item('overdue', '2030-03-01'),
      item('reply', null),
    ]);
    expect(sorted.map(({ wait, when }) => `${wait} ${when}`)).toEqual([
      'review null',
      'overdue 2030-03-01',
      'overdue 2030-03-03',
      'reply 2030-03-05',
      'reply null',
    ]);
  });

  const today = '2030-03-04';
  it.each([
    [{ wants: 'answer', due_on: '2030-03-03' }, 'overdue'],
    [{ wants: 'takeOn', due_on: '2030-03-03' }, 'overdue'],
    [{ wants: 'answerAgain', due_on: '2030-03-03' }, 'overdue'],
    [{ wants: 'answer', due_on: '2030-03-04' }, 'due'],
    [{ wants: 'takeOn', due_on: '2030-03-20' }, 'takeOn'],
    [{ wants: 'answerAgain', due_on: null }, 'sentBack'],
    [{ wants: 'accept', due_on: '2030-03-01' }, 'accept'],
    [{ wants: 'decide', due_on: '2030-03-01' }, 'decide'],
    [{ wants: 'reassign', due_on: '2030-03-01' }, 'reassign'],
  ] as const)('an action that %j is %s', (action, wait) => {
    expect(waitOfAction(action, today)).toBe(wait);
    expect(WAITS).toContain(wait);
  });
});
