// Breaks one rule after the other in a copy of the product and runs the tests that should notice it.
//   npx tsx tests/support/breakRules.ts [words]   only rules whose text has one of the words
//     --list       says which rules there are, and where each is found
//     --trusting   does not run the tests on the unbroken copy first
// The checkout itself is only read, so nothing has to be put back, whatever happens. Ends with 1 when a rule
// was not noticed, or when it can't be found any more.
import { spawn, type ChildProcess } from 'node:child_process';
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { RULES, type Rule } from './brokenRules.js';
import { startTestCluster } from './cluster.js';

const ROOT = join(import.meta.dirname, '..', '..');
const COPIED = ['src', 'tests', 'views', 'migrations', 'package.json', 'tsconfig.json'];

/** Where a rule stands and which test files know of it; or why it can't be broken. */
type Found = { file: string; broken: string; tests: string[] } | { problem: string };

interface Outcome {
  failed: string[];
  passed: number;
  /** Files that could not be run at all: no test, only an error. */
  crashed: string[];
}

const files = (folder: string, ending: RegExp) =>
  readdirSync(join(ROOT, folder), { recursive: true })
    .map((name) => join(folder, String(name)))
    .filter((name) => ending.test(name))
    .sort();

/** The text as a pattern. White space stands for any other, because a formatter may break lines elsewhere. */
function patternOf(text: string): RegExp {
  const parts = text.trim().split(/\s+/);
  return new RegExp(parts.map((part) => part.replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&')).join('\\s+'), 'g');
}

/** Finds a rule by its text, wherever its file lies now. */
function find(rule: Rule, sources: Map<string, string>, testFiles: string[]): Found {
  const pattern = patternOf(rule.search);
  const hits = [...sources].flatMap(([file, text]) =>
    [...text.matchAll(pattern)].map((hit) => ({ file, hit })),
  );
  const [first] = hits;
  if (!first || hits.length > 1) return { problem: `its text stands ${hits.length} times in the source` };
  const tests = rule.tests.map((name) => testFiles.filter((file) => isMeant(name, file)));
  const missing = rule.tests.filter((_, i) => tests[i]?.length === 0);
  if (missing.length > 0) return { problem: `no tests of the name ${missing.join(', ')}` };
  const { file, hit } = first;
  const text = sources.get(file) ?? '';
  return {
    file,
    broken: text.slice(0, hit.index) + rule.replace + text.slice(hit.index + hit[0].length),
    tests: tests.flat(),
  };
}

const nameOf = (file: string) => basename(file).replace(/\.test\.ts$/, '');

/** `outbox` is a file of that name in any folder, `minutes/rules` one of that folder. */
const isMeant = (wanted: string, file: string) =>
  `/${file.replaceAll('\\', '/')}`.endsWith(`/${wanted}.test.ts`);

let running: ChildProcess | undefined;

/** Runs test files of the copy. @param env names the database that is lent to them */
async function runTests(copy: string, tests: string[], env: Record<string, string>): Promise<Outcome> {
  const report = join(copy, 'report.json');
  rmSync(report, { force: true });
  const jest = join(ROOT, 'node_modules', 'jest', 'bin', 'jest.js');
  const args = [jest, '-c', join('tests', 'jest.config.mjs'), '--silent', '--json', `--outputFile=${report}`];
  const child = spawn(process.execPath, [...args, '--runTestsByPath', ...tests], {
    cwd: copy,
    env: { ...process.env, NODE_ENV: 'test', ...env },
    stdio: ['ignore', 'ignore', 'ignore'],
  });
  running = child;
  await new Promise((resolve) => child.on('close', resolve));
  running = undefined;
  const { testResults } = JSON.parse(readFileSync(report, 'utf8')) as {
    testResults: { name: string; assertionResults: { status: string; title: string }[]; status: string }[];
  };
  const all = testResults.flatMap(({ assertionResults }) => assertionResults);
  return {
    failed: all.filter(({ status }) => status === 'failed').map(({ title }) => title),
    passed: all.filter(({ status }) => status === 'passed').length,
    crashed: testResults
      .filter(({ status, assertionResults }) => status === 'failed' && assertionResults.length === 0)
      .map(({ name }) => basename(name)),
  };
}

/** Breaks the rule, runs its tests and mends it again. @returns whether it was noticed, and what to say */
async function breakRule(
  copy: string,
  found: Exclude<Found, { problem: string }>,
  env: Record<string, string>,
): Promise<[boolean, string]> {
  const place = join(copy, found.file);
  const whole = readFileSync(place, 'utf8');
  writeFileSync(place, found.broken);
  try {
    const { failed, passed, crashed } = await runTests(
      copy,
      found.tests,
      found.file.startsWith('src') ? env : {},
    );
    if (crashed.length > 0) return [false, `the broken source does not even load (${crashed.join(', ')})`];
    if (failed.length > 0) return [true, `by ${failed.length} of ${failed.length + passed}: ${failed[0]}`];
    return [false, `${passed} tests pass without it`];
  } finally {
    writeFileSync(place, whole);
  }
}

function say(word: string, rule: string, more = ''): void {
  console.log(`${word.padEnd(12)} ${rule}${more && `\n${' '.repeat(13)}${more}`}`);
}

interface Planned {
  rule: string;
  found: Exclude<Found, { problem: string }>;
}

/** Looks up the rules that were asked for. @returns those that can be broken; the others are told */
function planRules(): { ready: Planned[]; lost: number } {
  const words = process.argv.slice(2).filter((arg) => !arg.startsWith('--'));
  const rules = RULES.filter(
    ({ rule }) => words.length === 0 || words.some((word) => rule.toLowerCase().includes(word.toLowerCase())),
  );
  const sources = new Map(
    [...files('src', /\.ts$/), ...files('migrations', /\.sql$/)].map((file) => [
      file,
      readFileSync(join(ROOT, file), 'utf8'),
    ]),
  );
  // A browser takes too long to be asked about every rule.
  const testFiles = files('tests', /\.test\.ts$/).filter(
    (file) => !/support\/browser\.js'/.test(readFileSync(join(ROOT, file), 'utf8')),
  );
  const ready: Planned[] = [];
  for (const rule of rules) {
    const found = find(rule, sources, testFiles);
    if ('problem' in found) say('NOT FOUND', rule.rule, found.problem);
    else ready.push({ rule: rule.rule, found });
  }
  return { ready, lost: rules.length - ready.length };
}

/** A copy to break, which goes with this process. */
function makeCopy(): string {
  const copy = mkdtempSync(join(tmpdir(), 'banhui-rules-'));
  process.on('exit', () => rmSync(copy, { recursive: true, force: true }));
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
    process.on(signal, () => {
      running?.kill('SIGTERM');
      process.exit(130);
    });
  for (const one of COPIED) cpSync(join(ROOT, one), join(copy, one), { recursive: true });
  symlinkSync(join(ROOT, 'node_modules'), join(copy, 'node_modules'), 'junction');
  return copy;
}

/** A test that fails anyway notices nothing. */
async function isSound(copy: string, ready: Planned[], env: Record<string, string>): Promise<boolean> {
  const { failed, crashed } = await runTests(
    copy,
    [...new Set(ready.flatMap(({ found }) => found.tests))],
    env,
  );
  for (const what of [...failed, ...crashed]) say('FAILS', what, 'although no rule is broken');
  return failed.length + crashed.length === 0;
}

async function main(): Promise<boolean> {
  const { ready, lost } = planRules();
  if (process.argv.includes('--list')) {
    for (const { rule, found } of ready)
      say('', rule, `${found.file}, ${found.tests.map(nameOf).join(', ')}`);
    return lost === 0;
  }
  const copy = makeCopy();
  const cluster = await startTestCluster();
  const env = { BANHUI_TEST_CLUSTER: JSON.stringify(cluster.place) };
  try {
    if (!process.argv.includes('--trusting') && !(await isSound(copy, ready, env))) return false;
    let unnoticed = 0;
    for (const { rule, found } of ready) {
      const [isNoticed, how] = await breakRule(copy, found, env);
      if (!isNoticed) unnoticed += 1;
      const short = how.length > 96 ? `${how.slice(0, 95)}…` : how;
      say(isNoticed ? 'noticed' : 'NOT NOTICED', rule, short);
    }
    console.log(
      `${ready.length - unnoticed} of ${ready.length + lost} rules are noticed when they are broken`,
    );
    return unnoticed + lost === 0;
  } finally {
    await cluster.stop();
  }
}

process.exitCode = (await main()) ? 0 : 1;
