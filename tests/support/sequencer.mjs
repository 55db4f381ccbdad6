import Sequencer from '@jest/test-sequencer';

// What takes longest goes first: begun last, the browser's walk through all pages would run alone while a core stands idle.
// A clean checkout has no times of an earlier run to go by.
export default class extends Sequencer {
  sort(tests) {
    return [...super.sort(tests)].sort((a, b) => weight(b) - weight(a));
  }
}

function weight({ path }) {
  if (path.endsWith('/browser/pages.test.ts')) return 2;
  return path.includes('/tests/browser/') || path.includes('/tests/start/') ? 1 : 0;
}
