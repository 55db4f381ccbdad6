import { readFileSync } from 'node:fs';
import { join } from 'node:path';

// views/README.md: text at least 5.5:1, borders of controls 3.3:1, in both themes, on every ground.

const css = readFileSync(join(__dirname, '../../views/assets/css/frame/tokens.css'), 'utf8');

function tokens(block: RegExp): Record<string, string> {
  const found = block.exec(css)?.[1];
  if (!found) throw new Error(`no block ${block}`);
  return Object.fromEntries(
    [...found.matchAll(/--([\w-]+): (#[0-9a-f]{6});/g)].map(([, name, value]) => [name, value]),
  );
}

const light = tokens(/^:root \{([^}]*)\}/m);
const dark = tokens(/:root\[data-theme='dark'\] \{([^}]*)\}/);
const darkBySystem = tokens(/:root:not\(\[data-theme='light'\]\) \{([^}]*)\}/);

function luminance(hex: string): number {
  const [r = 0, g = 0, b = 0] = [1, 3, 5]
    .map((at) => parseInt(hex.slice(at, at + 2), 16) / 255)
    .map((c) => (c <= 0.03928 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4));
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}

function contrast(one: string, other: string): number {
  const [high = 0, low = 0] = [luminance(one), luminance(other)].sort((a, b) => b - a);
  return (high + 0.05) / (low + 0.05);
}

const GROUNDS = ['paper', 'surface', 'sunken'];
const TEXTS = ['ink', 'soft', 'accent', 'accent-strong', 'ok', 'warn', 'bad', 'bad-strong'];
const PAIRS: [string, string, number][] = [
  ...TEXTS.flatMap((text) => GROUNDS.map((ground): [string, string, number] => [text, ground, 5.5])),
  ...['accent', 'ok', 'warn', 'bad'].flatMap((tone): [string, string, number][] => [
    [tone, `${tone}-soft`, 5.5],
    ['ink', `${tone}-soft`, 5.5],
    ['soft', `${tone}-soft`, 5.5],
  ]),
  ['on-accent', 'accent', 5.5],
  ['on-accent', 'accent-strong', 5.5],
  ...GROUNDS.map((ground): [string, string, number] => ['edge', ground, 3.3]),
];

describe.each([
  ['light', light],
  ['dark', dark],
])('the %s theme', (_, theme) => {
  it.each(PAIRS)('shows %s on %s with at least %d:1', (text, ground, least) => {
    expect(contrast(theme[text] ?? '', theme[ground] ?? '')).toBeGreaterThanOrEqual(least);
  });
});

it('writes the dark theme twice alike: for the system’s wish and for the person’s choice', () => {
  expect(Object.keys(dark).length).toBeGreaterThan(15);
  expect(darkBySystem).toEqual(dark);
});
