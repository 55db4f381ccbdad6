import { z } from 'zod';
import { choice, message } from './fields.js';

// Two people edit one form at once: three states of it become one, field by field.

/** What a form holds, each field as a text; what is absent is empty. */
export type Cells = Record<string, string>;

export interface Merged {
  cells: Cells;
  /** Both changed it, and not to the same: `cells` has mine. */
  clashes: string[];
  /** Only the others changed it: `cells` has theirs. */
  theirs: string[];
}

/**
 * @param was how the form stood when it was opened; it only tells who
 * changed what, and never gets into `cells`
 * @param given fields in which I give way
 */
export function mergeCells(was: Cells, mine: Cells, theirs: Cells, given: readonly string[] = []): Merged {
  const merged: Merged = { cells: {}, clashes: [], theirs: [] };
  for (const name of new Set([...Object.keys(mine), ...Object.keys(theirs)])) {
    const [before, my, their] = [was[name] ?? '', mine[name] ?? '', theirs[name] ?? ''];
    const isTheirs = my !== their && (my === before || given.includes(name));
    merged.cells[name] = isTheirs ? their : my;
    if (isTheirs) merged.theirs.push(name);
    else if (my !== their && their !== before) merged.clashes.push(name);
  }
  return merged;
}

/** The hidden field `was`. */
export const was = () =>
  z
    .string({ error: message('lib.error.badRequest') })
    .max(200_000)
    .transform((text, context): Cells => {
      try {
        return z.record(z.string(), z.string()).parse(JSON.parse(text));
      } catch {
        context.addIssue({ code: 'custom', message: message('lib.error.badRequest') });
        return z.NEVER;
      }
    });

const SIDES = ['mine', 'theirs'] as const;

/** The fields with which a person chooses, one for each that may clash. */
export const picks = (names: readonly string[]) =>
  Object.fromEntries(names.map((name) => [`pick-${name}`, choice(SIDES).optional()]));

/** Parts what was posted: in which fields the person gives way, and the rest. */
export function readPicks<T extends Record<string, unknown>>(form: T): { given: string[]; rest: T } {
  const isPick = (name: string) => name.startsWith('pick-');
  return {
    given: Object.keys(form).flatMap((name) =>
      isPick(name) && form[name] === 'theirs' ? [name.slice('pick-'.length)] : [],
    ),
    rest: Object.fromEntries(Object.entries(form).filter(([name]) => !isPick(name))) as T,
  };
}
