import { PER_DAY, ROOMS } from './data.js';
import type { Measured } from './measure.js';

/** What came of many who wanted the same slots. */
export interface Race {
  rounds: number;
  atOnce: number;
  booked: number;
  refused: number;
  other: number;
  doubleBooked: number;
  p95: number;
}

export interface Result {
  size: number;
  rows: Measured[];
  race?: Race;
}

const fixed = (value: number, digits = 2) => (Number.isNaN(value) ? '–' : value.toFixed(digits));
const cpuOf = (row: Measured) => row.node + row.postgres;

function table(lines: string[][]): void {
  const widths = (lines[0] ?? []).map((_, at) => Math.max(...lines.map((line) => (line[at] ?? '').length)));
  for (const line of lines)
    console.log(
      line.map((text, at) => (at ? text.padStart(widths[at] ?? 0) : text.padEnd(widths[at] ?? 0))).join('  '),
    );
}

export function show({ size, rows, race }: Result): void {
  console.log(`\n${size.toLocaleString('en')} meetings, ${ROOMS} rooms, ${PER_DAY} on the day shown`);
  const lines = rows.map((row) => {
    const bare = rows.find(({ name }) => name === row.name.replace(/(, \d+ clients)?$/, ', bare$1'));
    return [
      row.name,
      fixed(cpuOf(row)),
      fixed(row.node),
      fixed(row.postgres),
      fixed(row.perSecond, 0),
      fixed(row.p50),
      fixed(row.p95),
      fixed(row.p99),
      fixed(row.bytes / 1000, 1),
      bare ? fixed(cpuOf(row) / cpuOf(bare)) : '',
      bare ? fixed(row.perSecond / bare.perSecond) : '',
    ];
  });
  table([
    [
      '',
      'CPU ms',
      'of Node',
      'of Postgres',
      'req/s',
      'p50 ms',
      'p95 ms',
      'p99 ms',
      'kB',
      'CPU × bare',
      'req/s × bare',
    ],
    ...lines,
  ]);
  if (race)
    console.log(
      `${race.atOnce} at once for one slot, ${race.rounds} rounds: ${race.booked} booked, ` +
        `${race.refused} refused with alternatives, ${race.other} other answers, ` +
        `${race.doubleBooked} double-booked; p95 ${fixed(race.p95, 0)} ms`,
    );
}

/** How much more the same request costs with more meetings: nothing that grows with the total. */
export function showGrowth(results: Result[]): void {
  const sizes = [...results].sort((a, b) => a.size - b.size);
  const [smallest] = sizes;
  if (!smallest || sizes.length < 2) return;
  console.log(`\nCPU ms by the number of meetings, the most ÷ the least (at most 1.3)`);
  table([
    ['', ...sizes.map(({ size }) => size.toLocaleString('en')), '÷'],
    ...smallest.rows.map(({ name }) => {
      const costs = sizes
        .map(({ rows }) => rows.find((row) => row.name === name))
        .map((row) => (row ? cpuOf(row) : NaN));
      return [name, ...costs.map((cost) => fixed(cost)), fixed(Math.max(...costs) / Math.min(...costs))];
    }),
  ]);
}
