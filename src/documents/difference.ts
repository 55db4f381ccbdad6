// What changed between two versions, statement by statement, for the reviewer and for the readers of a
// correction.
import type { Snapshot, SnapshotAction, SnapshotItem, StatementKind } from './snapshot.js';

/** A stretch of text that stayed, went or came. */
export interface Part {
  kind: 'same' | 'removed' | 'added';
  text: string;
}

export interface Change {
  kind: 'added' | 'removed' | 'changed';
  /** 'title', 'attendance', 'statement:12', 'action:3', 'item:7' */
  place: string;
  statementId: number | null;
  item: { id: number; title: string } | null;
  parts: Part[];
}

interface Told {
  text: string;
  statementId: number | null;
  item: SnapshotItem | null;
}

/** @param tell how a person's attendance, an action or a kind of statement reads in the reader's language */
export function compareVersions(before: Snapshot, after: Snapshot, tell: Tell): Change[] {
  const [old, fresh] = [placesOf(before, tell), placesOf(after, tell)];
  const changes: Change[] = [];
  for (const [place, told] of fresh) {
    const earlier = old.get(place);
    if (!earlier) changes.push(change('added', place, told, [{ kind: 'added', text: told.text }]));
    else if (earlier.text !== told.text)
      changes.push(change('changed', place, told, compareTexts(earlier.text, told.text)));
  }
  for (const [place, told] of old) {
    if (!fresh.has(place))
      changes.push(change('removed', place, told, [{ kind: 'removed', text: told.text }]));
  }
  return changes;
}

export interface Tell {
  kind(kind: StatementKind): string;
  action(action: SnapshotAction): string;
  attendance(snapshot: Snapshot): string;
  decision(statement: SnapshotItem['statements'][number]): string;
}

function change(kind: Change['kind'], place: string, { statementId, item }: Told, parts: Part[]): Change {
  return { kind, place, statementId, item: item?.id ? { id: item.id, title: item.title } : null, parts };
}

function placesOf(snapshot: Snapshot, tell: Tell): Map<string, Told> {
  const places = new Map<string, Told>();
  places.set('title', { text: snapshot.title, statementId: null, item: null });
  places.set('attendance', { text: tell.attendance(snapshot), statementId: null, item: null });
  for (const item of snapshot.items) {
    if (item.id !== null) places.set(`item:${item.id}`, { text: item.title, statementId: null, item });
    for (const statement of item.statements) {
      const text = [`${tell.kind(statement.kind)}${statement.text}`, tell.decision(statement)]
        .filter(Boolean)
        .join('\n');
      places.set(`statement:${statement.id}`, { text, statementId: statement.id, item });
      for (const action of statement.actions)
        places.set(`action:${action.id}`, { text: tell.action(action), statementId: statement.id, item });
    }
    for (const action of item.actions)
      places.set(`action:${action.id}`, { text: tell.action(action), statementId: null, item });
  }
  return places;
}

/** More cells than this are not worth the wait: the whole middle is shown as replaced. */
const largest = 4_000_000;

/** Words of Latin text and single characters of Chinese that went and came. */
export function compareTexts(before: string, after: string): Part[] {
  const [a, b] = [tokens(before), tokens(after)];
  let start = 0;
  while (start < a.length && start < b.length && a[start] === b[start]) start++;
  let end = 0;
  while (end < a.length - start && end < b.length - start && a[a.length - 1 - end] === b[b.length - 1 - end])
    end++;
  const [oldMiddle, newMiddle] = [a.slice(start, a.length - end), b.slice(start, b.length - end)];
  const middle: Part[] =
    oldMiddle.length * newMiddle.length > largest
      ? [
          { kind: 'removed', text: oldMiddle.join('') },
          { kind: 'added', text: newMiddle.join('') },
        ]
      : compareTokens(oldMiddle, newMiddle);
  return joined([
    { kind: 'same', text: a.slice(0, start).join('') },
    ...middle,
    { kind: 'same', text: a.slice(a.length - end).join('') },
  ]);
}

function tokens(text: string): string[] {
  return text.match(/(?:(?!\p{sc=Han})[\p{L}\p{N}])+|\s+|./gsu) ?? [];
}

/** The longest common sequence, by the table of lengths of what is left. */
function compareTokens(a: string[], b: string[]): Part[] {
  const width = b.length + 1;
  const lengths = new Uint32Array((a.length + 1) * width);
  for (let i = a.length - 1; i >= 0; i--) {
    for (let j = b.length - 1; j >= 0; j--) {
      lengths[i * width + j] =
        a[i] === b[j]
          ? lengths[(i + 1) * width + j + 1]! + 1
          : Math.max(lengths[(i + 1) * width + j]!, lengths[i * width + j + 1]!);
    }
  }
  const parts: Part[] = [];
  let [i, j] = [0, 0];
  while (i < a.length || j < b.length) {
    if (i < a.length && j < b.length && a[i] === b[j]) {
      parts.push({ kind: 'same', text: a[i]! });
      i++;
      j++;
    } else if (
      i < a.length &&
      (j >= b.length || lengths[(i + 1) * width + j]! >= lengths[i * width + j + 1]!)
    )
      parts.push({ kind: 'removed', text: a[i++]! });
    else parts.push({ kind: 'added', text: b[j++]! });
  }
  return parts;
}

/**
 * Neighbours of one kind become one; blanks that stayed between two changes belong to both, so that phrases
 * stay whole.
 */
function joined(parts: Part[]): Part[] {
  const result: Part[] = [];
  let [removed, added] = ['', ''];
  const settle = (): void => {
    if (removed) result.push({ kind: 'removed', text: removed });
    if (added) result.push({ kind: 'added', text: added });
    [removed, added] = ['', ''];
  };
  parts.forEach((part, i) => {
    const next = parts[i + 1];
    const isBetween =
      part.text.trim() === '' && (removed || added) && next !== undefined && next.kind !== 'same';
    if (part.kind === 'same' && !isBetween) {
      settle();
      const last = result.at(-1);
      if (last?.kind === 'same') last.text += part.text;
      else if (part.text) result.push({ ...part });
      return;
    }
    if (part.kind !== 'added') removed += part.text;
    if (part.kind !== 'removed') added += part.text;
  });
  settle();
  return result;
}
