// The one way in: npm start, test, dev, check, bench, sample, worker. Plain JavaScript with built-ins only, because at
// the first start nothing is installed yet. Brings packages and build up to date, then hands over.
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, relative, sep } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const ROOT = dirname(dirname(fileURLToPath(import.meta.url)));
const MODULES = join(ROOT, 'node_modules');
const DIST = join(ROOT, 'dist');
const LOCK = join(ROOT, '.install-lock');
const [command = 'serve', ...rest] = process.argv.slice(2);
const started = performance.now();
let isStopped = false;

const commands = { serve, worker, sample, dev, test, check: test, bench, compile };

// A terminal that is closed must not take the server with it.
for (const stream of [process.stdout, process.stderr]) stream.on('error', () => {});

/** One line a step; `since` is when it began. */
function say(step, text, since) {
  console.log(
    `  ${step.padEnd(10)} ${text.padEnd(46)} ${((performance.now() - since) / 1000).toFixed(2).padStart(6)} s`,
  );
}

class Stop extends Error {}

async function main() {
  const [major, minor] = process.versions.node.split('.').map(Number);
  if (major < 20 || (major === 20 && minor < 12))
    throw new Stop(
      `Banhui needs Node 20.12 or newer; this is Node ${process.versions.node}. See https://nodejs.org`,
    );
  if (!Object.hasOwn(commands, command))
    throw new Stop(
      `No such command: ${command}. There are: ${Object.keys(commands)
        .filter((name) => name !== 'compile')
        .join(', ')}`,
    );
  process.chdir(ROOT);
  endWithNpm();
  await commands[command]();
}

/** npm hands a signal to the shell between us, which dies of it without a word: being orphaned is our SIGTERM. */
function endWithNpm() {
  if (!process.env.npm_lifecycle_event) return;
  const parent = process.ppid;
  const timer = setInterval(() => {
    if (process.ppid === parent) return;
    clearInterval(timer);
    process.kill(process.pid, 'SIGTERM');
  }, 250);
  timer.unref();
}

// ---- commands -------------------------------------------------------------------------------------------------------

async function serve() {
  const { serve: run } = await prepareAndLoad('server.js');
  await run(started);
}

async function worker() {
  const { work } = await prepareAndLoad('worker.js');
  await giveUpOnError(work);
}

async function sample() {
  const { sample: make } = await prepareAndLoad('sample.js');
  await giveUpOnError(make);
}

/** What a person can put right is told without a stack. */
async function giveUpOnError(work) {
  const { giveUp } = await import(pathToFileURL(join(DIST, 'lib', 'log', 'steps.js')).href);
  await work().catch(giveUp);
}

async function prepareAndLoad(file) {
  process.env.NODE_ENV ??= 'production';
  await prepare({ build: true });
  process.setSourceMapsEnabled(true);
  return import(pathToFileURL(join(DIST, file)).href);
}

async function dev() {
  await prepare({ build: false });
  console.log('  dev        restarts when something under src changes; pages are read anew each time');
  // Apart from the terminal's group: Ctrl-C, once from the terminal and once from us, would make tsx kill the server
  // before it has stopped its database.
  const apart = { detached: process.platform !== 'win32', stdio: ['ignore', 'inherit', 'inherit'] };
  process.exitCode = await run([bin('tsx'), 'watch', '--clear-screen=false', 'src/server.ts'], {
    ...apart,
    env: { ...process.env, BANHUI_DEV: '1' },
  }).code;
}

async function bench() {
  await prepare({ build: true });
  process.exitCode = await run(['--import', 'tsx', join('tests', 'bench', 'run.ts'), ...rest], {
    env: { ...process.env, NODE_ENV: 'production' },
  }).code;
}

/**
 * Types, format and lint one after the other, and the tests beside them: neither keeps all cores busy by itself.
 * Words after `--` go to Jest, and then only the tests are run.
 */
async function test() {
  await prepare({ build: true });
  const [checked, tested] = await Promise.all([rest.length > 0 ? [] : runChecks(), runTests()]);
  const outcomes = [...checked, tested];
  // Told last, so that nobody has to look for it between the tests.
  for (const { ok, output } of checked) if (!ok) console.log(output);
  const broken = outcomes.filter((one) => !one.ok).map((one) => one.name);
  const { numPassedTests: passed, numFailedTests: failed } = tested.counts;
  console.log(
    `${passed} passed, ${failed} failed${broken.length > 0 ? ` (not ok: ${broken.join(', ')})` : ''}`,
  );
  process.exitCode = broken.length > 0 ? 1 : 0;
}

/** What is looked at without running it, each with what it remembers from the last time. */
async function runChecks() {
  const cache = join(MODULES, '.cache');
  const types = ['-p', '.', '--incremental', '--tsBuildInfoFile', join(cache, 'banhui-types.json')];
  const format = ['--log-level', 'warn', '--cache', '--cache-location', join(cache, 'banhui-format')];
  const checks = [
    ['types', [bin('typescript', 'tsc'), ...types]],
    ['format', [bin('prettier'), '--check', '.', ...format]],
    ['lint', [bin('eslint'), '--cache', '--cache-location', join(cache, 'banhui-eslint'), '.']],
  ];
  const outcomes = [];
  for (const [name, args] of checks) {
    if (isStopped) break; // Ctrl-C ends what runs, and nothing new is begun
    const since = performance.now();
    const child = run(args, { stdio: ['ignore', 'pipe', 'pipe'] });
    const ok = (await child.code) === 0;
    say(name, ok ? 'ok' : 'FAILED', since);
    outcomes.push({ name, ok, output: child.output() });
  }
  return outcomes;
}

async function runTests() {
  const since = performance.now();
  const report = join(tmpdir(), `banhui-tests-${process.pid}.json`);
  const jest = run(
    [bin('jest'), '-c', join('tests', 'jest.config.mjs'), '--json', `--outputFile=${report}`, ...rest],
    {
      stdio: ['inherit', 'ignore', 'inherit'], // --json also goes to stdout; people read stderr
      env: { ...process.env, NODE_ENV: 'test' },
    },
  );
  const ok = (await jest.code) === 0;
  const counts = existsSync(report)
    ? JSON.parse(readFileSync(report, 'utf8'))
    : { numPassedTests: 0, numFailedTests: 0 };
  rmSync(report, { force: true });
  say('tests', ok ? 'ok' : 'FAILED', since);
  return { name: 'tests', ok, counts };
}

/** Runs Node on a program of the packages. */
function run(args, options = {}) {
  const child = spawn(process.execPath, args, { cwd: ROOT, stdio: 'inherit', ...options });
  let handed = false;
  const hand = (signal) => {
    isStopped = true;
    if (!handed) child.kill(signal === 'SIGHUP' ? 'SIGTERM' : signal);
    handed = true;
  };
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'];
  for (const signal of signals) process.on(signal, hand);
  const parts = [];
  child.stdout?.on('data', (part) => parts.push(part));
  child.stderr?.on('data', (part) => parts.push(part));
  return {
    output: () => Buffer.concat(parts).toString('utf8').trimEnd(),
    code: new Promise((resolve) => {
      child.on('error', (error) => {
        parts.push(Buffer.from(String(error)));
        resolve(1);
      });
      child.on('close', (code, signal) => {
        if (signal) console.log(`  ended      by ${signal}: ${args.find((arg) => !arg.startsWith('-'))}`);
        for (const signal of signals) process.off(signal, hand);
        resolve(code ?? 1);
      });
    }),
  };
}

/** The file of a package's program. */
function bin(name, program = name) {
  const { bin: programs } = JSON.parse(readFileSync(join(MODULES, name, 'package.json'), 'utf8'));
  return join(MODULES, name, typeof programs === 'string' ? programs : programs[program]);
}

// ---- packages and build ---------------------------------------------------------------------------------------------

/** Installs and builds what is missing or outdated; two starts at once take turns. */
async function prepare({ build }) {
  const needsBuild = build && !isBuilt();
  // A place where only what runs was installed, with the build beside it, is complete.
  const withDev = !build || needsBuild || !['serve', 'worker', 'sample'].includes(command);
  if (isInstalled(withDev) && !needsBuild) return;
  const release = await takeLock();
  try {
    if (!isInstalled(withDev)) await install();
    if (build && !isBuilt()) await makeBuild();
  } finally {
    release();
  }
}

const digest = (...parts) =>
  parts.reduce((hash, part) => hash.update(part), createHash('sha256')).digest('hex');
const readIfThere = (file) => (existsSync(file) ? readFileSync(file, 'utf8') : undefined);

/**
 * Our own mark is written after npm has ended well. Without it (somebody installed by hand) npm's own list, which npm
 * writes last, is compared with the lock.
 */
function isInstalled(withDev) {
  const lockFile = readFileSync(join(ROOT, 'package-lock.json'), 'utf8');
  const mark = digest(lockFile, process.platform, process.arch);
  if (readIfThere(join(MODULES, '.banhui-installed')) === mark) return true;
  const listed = readIfThere(join(MODULES, '.package-lock.json'));
  if (!listed) return false;
  const wanted = JSON.parse(lockFile).packages;
  const there = JSON.parse(listed).packages;
  const isComplete = Object.entries(wanted).every(
    ([path, one]) =>
      path === '' ||
      (one.optional && !isForHere(one)) ||
      one.devOptional ||
      one.peer ||
      (one.dev && !withDev) ||
      there[path]?.version === one.version,
  );
  if (isComplete && withDev) {
    try {
      writeFileSync(join(MODULES, '.banhui-installed'), mark);
    } catch {
      // a read-only place: compared again next time
    }
  }
  return isComplete;
}

/** Whether an optional package is a program for this very platform (the database, the compiler). */
function isForHere({ os, cpu, libc }) {
  return Boolean(os?.includes(process.platform) && cpu?.includes(process.arch) && !libc);
}

async function install() {
  const since = performance.now();
  if (process.stdout.isTTY) process.stdout.write('  packages   installing, this takes a moment …\r');
  // The mark goes first: whatever happens from here on, half an installation is never taken for a whole one.
  rmSync(join(MODULES, '.banhui-installed'), { force: true });
  rmSync(join(MODULES, '.package-lock.json'), { force: true });
  const [program, ...first] = npm();
  const args = [
    ...first,
    'ci',
    '--include=dev',
    '--ignore-scripts',
    '--no-audit',
    '--no-fund',
    '--no-progress',
  ];
  const child = spawn(program, args, {
    cwd: ROOT,
    stdio: ['ignore', 'pipe', 'pipe'],
    shell: program === 'npm.cmd',
  });
  // Should we be killed, npm goes on by itself for a while: the lock is held for as long as either lives.
  writeFileSync(join(LOCK, 'pid'), `${process.pid} ${child.pid}`);
  const giveUp = () => {
    child.kill();
    process.exit(1);
  };
  for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, giveUp);
  const parts = [];
  child.stdout.on('data', (part) => parts.push(part));
  child.stderr.on('data', (part) => parts.push(part));
  const code = await new Promise((resolve) => child.on('error', () => resolve(1)).on('close', resolve));
  for (const signal of ['SIGINT', 'SIGTERM']) process.off(signal, giveUp);
  if (code !== 0)
    throw new Stop(
      `The packages could not be installed (npm ci ended with ${code}):\n\n${Buffer.concat(parts).toString('utf8').trim()}`,
    );
  writeFileSync(
    join(MODULES, '.banhui-installed'),
    digest(readFileSync(join(ROOT, 'package-lock.json'), 'utf8'), process.platform, process.arch),
  );
  const count = Object.keys(
    JSON.parse(readFileSync(join(MODULES, '.package-lock.json'), 'utf8')).packages,
  ).length;
  say('packages', `${count} installed`, since);
}

/** How to call the npm that belongs to this Node. */
function npm() {
  const beside = [
    process.env.npm_execpath,
    join(dirname(process.execPath), '..', 'lib', 'node_modules', 'npm', 'bin', 'npm-cli.js'),
    join(dirname(process.execPath), 'node_modules', 'npm', 'bin', 'npm-cli.js'),
  ].find((file) => file?.endsWith('npm-cli.js') && existsSync(file));
  if (beside) return [process.execPath, beside];
  return [process.platform === 'win32' ? 'npm.cmd' : 'npm'];
}

function sources() {
  return readdirSync(join(ROOT, 'src'), { recursive: true })
    .map(String)
    .filter((file) => file.endsWith('.ts'))
    .sort();
}

function sourcesDigest() {
  const parts = sources().flatMap((file) => [file, readFileSync(join(ROOT, 'src', file))]);
  return digest(
    ...parts,
    readFileSync(fileURLToPath(import.meta.url)),
    readFileSync(join(ROOT, 'package-lock.json')),
  );
}

function isBuilt() {
  return readIfThere(join(DIST, '.built')) === sourcesDigest();
}

/** In a process of its own: the compiler's threads and memory are of no use to a server. */
async function makeBuild() {
  const since = performance.now();
  const child = run([fileURLToPath(import.meta.url), 'compile'], { stdio: ['ignore', 'pipe', 'pipe'] });
  if ((await child.code) !== 0) throw new Stop(`The build failed:\n\n${child.output()}`);
  say('build', `${sources().length} files`, since);
}

/** TypeScript to JavaScript, file by file; types are checked by `npm run check`, not here. */
async function compile() {
  const mark = sourcesDigest();
  const { transform } = await import('@swc/core').then((module) => module.default ?? module);
  const fresh = `${DIST}.new-${process.pid}`;
  const files = sources();
  await Promise.all(
    files.map(async (file) => {
      const from = join(ROOT, 'src', file);
      const to = join(fresh, file.replace(/\.ts$/, '.js'));
      mkdirSync(dirname(to), { recursive: true });
      const { code, map } = await transform(readFileSync(from, 'utf8'), {
        filename: from,
        sourceFileName: relative(dirname(join(DIST, file)), from)
          .split(sep)
          .join('/'),
        sourceMaps: true,
        swcrc: false,
        configFile: false,
        module: { type: 'es6' },
        jsc: {
          target: 'es2023',
          parser: { syntax: 'typescript' },
          transform: { verbatimModuleSyntax: true },
        },
      });
      const name = to.slice(to.lastIndexOf(sep) + 1);
      writeFileSync(to, `${code}\n//# sourceMappingURL=${name}.map\n`);
      writeFileSync(`${to}.map`, map);
    }),
  );
  writeFileSync(join(fresh, '.built'), mark);
  const old = `${DIST}.old-${process.pid}`;
  if (existsSync(DIST)) renameSync(DIST, old);
  renameSync(fresh, DIST);
  rmSync(old, { recursive: true, force: true });
  for (const left of readdirSync(ROOT))
    if (/^dist\.(new|old)-\d+$/.test(left)) rmSync(join(ROOT, left), { recursive: true, force: true });
}

/** A folder is made or it isn't: nobody else holds the lock then. Left by a killed start, it is taken over. */
async function takeLock() {
  let told = false;
  for (;;) {
    try {
      mkdirSync(LOCK);
      writeFileSync(join(LOCK, 'pid'), String(process.pid));
      const release = () => rmSync(LOCK, { recursive: true, force: true });
      process.once('exit', release);
      return () => {
        process.off('exit', release);
        release();
      };
    } catch (error) {
      if (error.code !== 'EEXIST')
        throw error.code === 'EACCES' || error.code === 'EROFS'
          ? new Stop(`Packages or build are outdated, and ${ROOT} can't be written by this user.`)
          : error;
    }
    if (isLeft()) {
      const aside = `${LOCK}.${process.pid}`;
      try {
        renameSync(LOCK, aside);
        rmSync(aside, { recursive: true, force: true });
      } catch {
        // somebody else took it over
      }
    } else {
      if (!told) console.log('  waiting    another start is installing or building');
      told = true;
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
  }
}

function isLeft() {
  try {
    const pids = (readIfThere(join(LOCK, 'pid')) ?? '').split(' ').map(Number).filter(Boolean);
    return pids.length > 0 ? !pids.some(isAlive) : Date.now() - statSync(LOCK).mtimeMs > 2000;
  } catch {
    return false; // given back in between
  }
}

function isAlive(pid) {
  if (pid === process.pid) return false; // in a container every start may have the same number; ours it is not yet
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code === 'EPERM';
  }
}

main().catch((error) => {
  console.error(error instanceof Stop ? `\n${error.message}\n` : error);
  process.exitCode = 1;
});
