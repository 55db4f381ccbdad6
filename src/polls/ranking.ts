import type { PollAnswer } from './forms.js';

// Which of the times offered is best. Pure.

export interface RankedPerson {
  id: number;
  is_required: boolean;
  answers: ReadonlyMap<number, PollAnswer>;
}

export interface Tally {
  option: number;
  yes: number;
  maybe: number;
  no: number;
  silent: number;
  /** Required people who said no. */
  requiredNo: number[];
  requiredMaybe: number[];
  hasRoom: boolean;
  rank: number;
}

/** Silence weighs as a "no". */
const WEIGHTS: Record<PollAnswer, number> = { yes: 2, maybe: 1, no: 0 };

/**
 * Best first. What counts, in this order: the fewest required people who can't, the most required who can or
 * could (a "yes" is two, an "if need be" one), then the same for the optional, then a room that is held, then
 * the earlier.
 * @param options in order of time
 */
export function rankOptions(
  options: readonly { id: number; hasRoom: boolean }[],
  people: readonly RankedPerson[],
): Tally[] {
  const weigh = (option: number, isRequired: boolean): number =>
    people
      .filter(({ is_required }) => is_required === isRequired)
      .reduce((sum, { answers }) => sum + WEIGHTS[answers.get(option) ?? 'no'], 0);
  const tallies = options.map(({ id, hasRoom }): Tally & { required: number; optional: number } => {
    const said = (answer: PollAnswer) => people.filter(({ answers }) => answers.get(id) === answer);
    return {
      option: id,
      yes: said('yes').length,
      maybe: said('maybe').length,
      no: said('no').length,
      silent: people.filter(({ answers }) => !answers.has(id)).length,
      requiredNo: said('no')
        .filter(({ is_required }) => is_required)
        .map((one) => one.id),
      requiredMaybe: said('maybe')
        .filter(({ is_required }) => is_required)
        .map((one) => one.id),
      hasRoom,
      rank: 0,
      required: weigh(id, true),
      optional: weigh(id, false),
    };
  });
  const sorted = [...tallies].sort(
    (a, b) =>
      a.requiredNo.length - b.requiredNo.length ||
      b.required - a.required ||
      a.no - b.no ||
      b.optional - a.optional ||
      Number(b.hasRoom) - Number(a.hasRoom),
  );
  return sorted.map(({ required: _required, optional: _optional, ...tally }, n) => ({
    ...tally,
    rank: n + 1,
  }));
}
