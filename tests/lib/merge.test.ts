import fc from 'fast-check';
import { mergeCells, readPicks, type Cells } from '../../src/lib/http/merge.js';

const cells = fc.dictionary(fc.constantFrom('a', 'b', 'c', 'd'), fc.constantFrom('', '1', '2', '3'));
const filled = (of: Cells) => Object.fromEntries(Object.entries(of).filter(([, value]) => value !== ''));

describe('a form that two people edit', () => {
  it.each([
    ['only mine', '1', '2', '1', '2', false],
    ['only theirs', '1', '1', '2', '2', false],
    ['the same by both', '1', '2', '2', '2', false],
    ['differently by both', '1', '2', '3', '2', true],
    ['emptied by them, changed by me', '1', '2', '', '2', true],
    ['filled by them where nothing was', '', '', '2', '2', false],
  ])('is changed %s', (_name, was, mine, theirs, stands, clashes) => {
    const merged = mergeCells({ a: was }, { a: mine }, { a: theirs });
    expect([merged.cells.a, merged.clashes]).toEqual([stands, clashes ? ['a'] : []]);
    expect(mergeCells({ a: was }, { a: mine }, { a: theirs }, ['a']).cells.a).toBe(theirs);
  });

  it('is nobody’s loss: who changed nothing changes nothing, and every value is somebody’s', () => {
    fc.assert(
      fc.property(cells, cells, cells, (was, mine, theirs) => {
        expect(filled(mergeCells(was, was, theirs).cells)).toEqual(filled(theirs));
        expect(filled(mergeCells(was, mine, was).cells)).toEqual(filled(mine));
        const merged = mergeCells(was, mine, theirs);
        for (const [name, value] of Object.entries(merged.cells))
          expect([mine[name] ?? '', theirs[name] ?? '']).toContain(value);
        expect(merged.clashes).toEqual(
          mergeCells(was, theirs, mine).clashes.sort(
            (a, b) => merged.clashes.indexOf(a) - merged.clashes.indexOf(b),
          ),
        );
      }),
    );
  });

  it('gives way where it was told to', () => {
    expect(readPicks({ title: 'x', 'pick-title': 'theirs', 'pick-note': 'mine' })).toEqual({
      given: ['title'],
      rest: { title: 'x' },
    });
  });
});
