/**
 * What may wait for a person. The order is that of the list: first what runs out by itself, then what holds
 * up others, then what is late, then the rest.
 */
export const WAITS = [
  'roomHeld',
  'review',
  'approve',
  'issue',
  'roomOverdue',
  'roomApproval',
  'correct',
  'roomReturned',
  'roomRefused',
  'overdue',
  'sentBack',
  'accept',
  'decide',
  'reassign',
  'takeOn',
  'choose',
  'due',
  'reply',
  'poll',
  'write',
  'renew',
  'unattended',
  'acknowledge',
  'roomAsked',
] as const;
export type Wait = (typeof WAITS)[number];

export type Tone = 'accent' | 'warn' | 'bad';
const TONES: Record<Wait, Tone> = {
  roomHeld: 'warn',
  review: 'warn',
  approve: 'warn',
  issue: 'warn',
  correct: 'bad',
  overdue: 'bad',
  sentBack: 'bad',
  accept: 'warn',
  decide: 'warn',
  roomOverdue: 'bad',
  roomApproval: 'warn',
  roomReturned: 'bad',
  roomRefused: 'bad',
  roomAsked: 'accent',
  reassign: 'bad',
  takeOn: 'accent',
  due: 'accent',
  reply: 'accent',
  poll: 'accent',
  choose: 'warn',
  write: 'accent',
  renew: 'warn',
  unattended: 'warn',
  acknowledge: 'accent',
};

export function toneOf(wait: Wait): Tone {
  return TONES[wait];
}

/** By kind, and within a kind what is pressing first: the earliest date or instant. */
export function byUrgency<T extends { wait: Wait; when: string | Date | null }>(items: T[]): T[] {
  const time = ({ when }: T) => (when === null ? Number.POSITIVE_INFINITY : new Date(when).getTime());
  return [...items].sort((a, b) => WAITS.indexOf(a.wait) - WAITS.indexOf(b.wait) || time(a) - time(b));
}

interface OwnAction {
  due_on: string | null;
  wants: 'takeOn' | 'answerAgain' | 'answer' | 'accept' | 'reassign' | 'decide';
}

/** How an action that waits shows: late before anything else, as long as it is the viewer's to do. */
export function waitOfAction({ wants, due_on }: OwnAction, today: string): Wait {
  if (wants === 'accept' || wants === 'reassign' || wants === 'decide') return wants;
  if (due_on !== null && due_on < today) return 'overdue';
  if (wants === 'answerAgain') return 'sentBack';
  return wants === 'takeOn' ? 'takeOn' : 'due';
}
