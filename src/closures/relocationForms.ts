import { z } from 'zod';
import { flag, list, message, onceKey, optionalLine } from '../lib/http/fields.js';

/**
 * Lines as they were shown, in one order: which meeting leaves which room at which version, what is done, and
 * why.
 */
export const MovesForm = z.strictObject({
  hit: list(
    z.string().regex(/^[1-9]\d{0,14}:[1-9]\d{0,14}:[1-9]\d{0,8}$/, { error: message('lib.field.choice') }),
    100,
  ),
  choice: list(
    z.string().regex(/^(keep|cancel|room:[1-9]\d{0,14})$/, { error: message('lib.field.choice') }),
    100,
  ),
  reason: list(optionalLine(300), 100),
  /** Rules of the rooms are gone beyond, with a reason. */
  beyond: flag(),
  key: onceKey(),
});
export type MovesForm = z.output<typeof MovesForm>;

export interface Line {
  meetingId: number;
  roomId: number;
  version: number;
  /** 'keep', 'cancel' or 'room:17'. */
  choice: string;
  reason: string | null;
}

export function linesOf(form: Pick<MovesForm, 'hit' | 'choice' | 'reason'>): Line[] {
  return form.hit.map((hit, at) => {
    const [meetingId = 0, roomId = 0, version = 0] = hit.split(':').map(Number);
    return { meetingId, roomId, version, choice: form.choice[at] ?? 'keep', reason: form.reason[at] ?? null };
  });
}
