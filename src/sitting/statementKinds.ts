import type { StatementKind } from '../documents/snapshot.js';

/** What was said, what was decided, what is to be done: the three buttons under the text. */
export const NOTE_KINDS = [
  'heard',
  'considered',
  'noted',
  'stressed',
] as const satisfies readonly StatementKind[];
export const DECISION_KINDS = [
  'resolved',
  'approved_in_principle',
  'deferred',
] as const satisfies readonly StatementKind[];
export const KINDS = [
  ...NOTE_KINDS,
  'required',
  ...DECISION_KINDS,
] as const satisfies readonly StatementKind[];

export function isDecision(kind: StatementKind): boolean {
  return (DECISION_KINDS as readonly StatementKind[]).includes(kind);
}

/** How a statement shows: a decision, an action, or neither. */
export function groupOf(kind: StatementKind): 'note' | 'decision' | 'action' {
  if (isDecision(kind)) return 'decision';
  return kind === 'required' ? 'action' : 'note';
}

const PREFIXES: Record<string, StatementKind> = { d: 'resolved', a: 'required', n: 'noted' };

/** "/d Approved." is a decision, "/a Report." an action, "/n …" a note: for hands that stay on the keys. */
export function readPrefix(text: string): { kind: StatementKind | undefined; text: string } {
  const match = /^[/／]([dan])(?:\s+|$)([\s\S]*)$/i.exec(text);
  return match
    ? { kind: PREFIXES[match[1]?.toLowerCase() ?? ''], text: match[2] ?? '' }
    : { kind: undefined, text };
}
