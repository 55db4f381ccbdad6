import { rankOptions, type RankedPerson } from '../../src/polls/ranking.js';
import type { PollAnswer } from '../../src/polls/forms.js';

const says = (id: number, answers: (PollAnswer | null)[], is_required = true): RankedPerson => ({
  id,
  is_required,
  answers: new Map(answers.flatMap((answer, n): [number, PollAnswer][] => (answer ? [[n + 1, answer]] : []))),
});
const options = (rooms: boolean[]) => rooms.map((hasRoom, n) => ({ id: n + 1, hasRoom }));

test.each<[string, boolean[], RankedPerson[], number[]]>([
  ['what suits all', [true, true], [says(1, ['maybe', 'yes']), says(2, ['yes', 'yes'])], [2, 1]],
  [
    'nobody required left out, before many who can',
    [true, true],
    [says(1, ['no', 'maybe']), says(2, ['yes', 'maybe']), says(3, ['yes', 'maybe'])],
    [2, 1],
  ],
  [
    'the required before the optional',
    [true, true],
    [says(1, ['maybe', 'yes']), says(2, ['yes', 'no'], false), says(3, ['yes', 'no'], false)],
    [2, 1],
  ],
  [
    'the optional, when the required are equal',
    [true, true],
    [says(1, ['yes', 'yes']), says(2, ['no', 'yes'], false)],
    [2, 1],
  ],
  ['one that has a room, when the people are equal', [false, true], [says(1, ['yes', 'yes'])], [2, 1]],
  ['the earlier, when all is equal', [true, true, true], [], [1, 2, 3]],
])('puts first %s', (_what, rooms, people, expected) => {
  expect(rankOptions(options(rooms), people).map(({ option }) => option)).toEqual(expected);
});

test('counts who is silent and who can’t', () => {
  const [first] = rankOptions(options([true]), [says(1, ['no']), says(2, [null]), says(3, ['maybe'], false)]);
  expect(first).toMatchObject({
    yes: 0,
    maybe: 1,
    no: 1,
    silent: 1,
    requiredNo: [1],
    requiredMaybe: [],
    rank: 1,
  });
});
