import { nextStep, type Facts } from '../../src/desk/nextStep.js';
import { currentStep, stepsOf, STEPS } from '../../src/desk/steps.js';

const now = new Date('2026-11-23T09:00:00Z');
const later = (hours: number) => new Date(now.getTime() + hours * 3_600_000);
const prepared: Facts = {
  state: 'scheduled',
  minutes_state: null,
  open_actions: 0,
  starts_at: later(24),
  ends_at: later(25),
  has_place: true,
  has_chair: true,
  people: 8,
  not_invited: 0,
  items: 2,
  may_keep: true,
  must_reply: false,
  is_author: false,
  is_reviewer: false,
  is_approver: false,
  my_actions: 0,
  to_accept: 0,
};
const draft: Facts = { ...prepared, state: 'draft', not_invited: 8 };
const ended: Facts = { ...prepared, state: 'ended', starts_at: later(-2), ends_at: later(-1) };
const member: Facts = { ...prepared, may_keep: false };

describe('the next step', () => {
  const cases: [string, Facts, ReturnType<typeof nextStep>][] = [
    [
      'a bare booking wants people',
      { ...draft, people: 0, not_invited: 0, has_chair: false, items: 0 },
      'people',
    ],
    ['people without a chair want a chair', { ...draft, has_chair: false }, 'chair'],
    ['a meeting without a place wants one', { ...draft, has_place: false }, 'place'],
    ['a meeting without an agenda wants one', { ...draft, items: 0 }, 'agenda'],
    ['a prepared draft is sent', draft, 'invite'],
    ['a late guest is invited', { ...prepared, not_invited: 1 }, 'invite'],
    ['what is prepared waits for its day', prepared, 'ready'],
    [
      'it is started from half an hour before',
      { ...prepared, starts_at: later(0.5), ends_at: later(1) },
      'start',
    ],
    ['not a minute earlier', { ...prepared, starts_at: later(0.51), ends_at: later(1) }, 'ready'],
    [
      'an invited meeting that was never started can still be started',
      { ...prepared, starts_at: later(-3), ends_at: later(-2) },
      'start',
    ],
    ['a booking that is over wants nothing', { ...draft, starts_at: later(-3), ends_at: later(-2) }, 'over'],
    [
      'a day without an hour is prepared like any other',
      { ...draft, starts_at: null, ends_at: null },
      'invite',
    ],
    ['who is invited replies', { ...member, must_reply: true }, 'reply'],
    ['the chair replies when nothing is left to prepare', { ...prepared, must_reply: true }, 'reply'],
    [
      'just before it, the start matters more than the own reply',
      { ...prepared, must_reply: true, starts_at: later(0.4), ends_at: later(1) },
      'start',
    ],
    [
      'nobody replies to what is over',
      { ...member, must_reply: true, starts_at: later(-3), ends_at: later(-2) },
      'ready',
    ],
    ['who replied waits', member, 'ready'],
    ['a cancelled meeting wants nothing', { ...prepared, state: 'cancelled' }, 'none'],
    ['while it runs its secretary records', { ...prepared, state: 'in_progress' }, 'record'],
    ['while it runs the others sit in it', { ...member, state: 'in_progress' }, 'waits_meeting'],
    ['after the meeting the minutes are written', ended, 'write'],
    ['others wait for the minutes', { ...ended, may_keep: false }, 'waits_minutes'],
    [
      'returned minutes are corrected by the author',
      { ...ended, minutes_state: 'returned', may_keep: false, is_author: true },
      'correct',
    ],
    [
      'the reviewer reviews',
      { ...ended, minutes_state: 'in_review', may_keep: false, is_reviewer: true },
      'review',
    ],
    [
      'but never the own text',
      { ...ended, minutes_state: 'in_review', is_reviewer: true, is_author: true },
      'waits_review',
    ],
    ['the approver approves', { ...ended, minutes_state: 'passed', is_approver: true }, 'approve'],
    ['others wait for the approval', { ...ended, minutes_state: 'passed' }, 'waits_approval'],
    ['approved minutes are issued', { ...ended, minutes_state: 'approved' }, 'issue'],
    ['others wait for the issue', { ...ended, minutes_state: 'approved', may_keep: false }, 'waits_issue'],
    [
      'the lead answers',
      { ...ended, minutes_state: 'issued', open_actions: 2, my_actions: 1, to_accept: 1 },
      'answer',
    ],
    ['an answer is accepted', { ...ended, minutes_state: 'issued', open_actions: 2, to_accept: 1 }, 'accept'],
    ['open actions are followed up', { ...ended, minutes_state: 'issued', open_actions: 2 }, 'waits_actions'],
    ['the loop closes', { ...ended, minutes_state: 'issued' }, 'closed'],
  ];
  it.each(cases)('%s', (_, facts, expected) => {
    expect(nextStep(facts, now)).toBe(expected);
  });
});

describe('the rail', () => {
  it.each([
    [{ state: 'draft', minutes_state: null, open_actions: 0 }, 'prepare'],
    [{ state: 'in_progress', minutes_state: 'draft', open_actions: 0 }, 'meeting'],
    [{ state: 'ended', minutes_state: null, open_actions: 0 }, 'review'],
    [{ state: 'ended', minutes_state: 'returned', open_actions: 0 }, 'review'],
    [{ state: 'ended', minutes_state: 'passed', open_actions: 0 }, 'approve'],
    [{ state: 'ended', minutes_state: 'approved', open_actions: 1 }, 'circulate'],
    [{ state: 'ended', minutes_state: 'issued', open_actions: 1 }, 'follow_up'],
    [{ state: 'ended', minutes_state: 'issued', open_actions: 0 }, undefined],
  ] as const)('%j stands at %s', (standing, step) => {
    expect(currentStep(standing)).toBe(step);
  });

  it('shows all done when the loop is closed, and where a cancelled meeting stopped', () => {
    expect(
      stepsOf({ state: 'ended', minutes_state: 'issued', open_actions: 0 }).map((step) => step.state),
    ).toEqual(STEPS.map(() => 'done'));
    expect(stepsOf({ state: 'cancelled', minutes_state: null, open_actions: 0 })[0]).toEqual({
      name: 'prepare',
      state: 'stopped',
    });
  });
});
