import type { Addressee } from './queries.js';

// SEQUENCE as one person gets it. An invitation carries the meeting's time_sequence (title and text do not
// ask again), a cancellation the meeting's sequence; after a removal and a new invitation one person may be
// ahead of the meeting. It never goes back, and after a CANCEL or a change of time it always grows.

interface Standing {
  sequence: number;
  time_sequence: number;
}

type Before = Pick<Addressee, 'last_method' | 'last_sequence' | 'last_base'>;

export function sequenceOfRequest(meeting: Standing, before: Before): number {
  if (before.last_method === null || before.last_sequence === null) return meeting.time_sequence;
  const asksAgain = before.last_method === 'CANCEL' || (before.last_base ?? 0) < meeting.time_sequence;
  return Math.max(meeting.time_sequence, before.last_sequence + (asksAgain ? 1 : 0));
}

export function sequenceOfCancel(meeting: Standing, before: Before): number {
  return Math.max(meeting.sequence, (before.last_sequence ?? 0) + 1);
}
