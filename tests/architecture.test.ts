import { readdirSync, readFileSync } from 'node:fs';
import { basename, dirname, join, relative } from 'node:path';
import { routes } from '../src/app.js';
import { en } from '../src/locales/en.js';
import { zhCN } from '../src/locales/zh.js';
import { jobs } from '../src/worker.js';

// Holds the source to the rules of src/README.md: who may know whom, what a feature folder may hold, where SQL stands.

const ROOT = join(__dirname, '..');
const FEATURES = [
  'people',
  'auth',
  'rooms',
  'meetings',
  'invitations',
  'calendar',
  'polls',
  'agenda',
  'actions',
  'minutes',
  'desk',
  'admin',
];

interface Source {
  path: string;
  text: string;
}

function filesIn(folder: string, ending: string): Source[] {
  return readdirSync(join(ROOT, folder), { recursive: true, withFileTypes: true })
    .filter((file) => file.isFile() && file.name.endsWith(ending))
    .map((file) => join(file.parentPath, file.name))
    .map((path) => ({ path: relative(ROOT, path), text: readFileSync(path, 'utf8') }));
}

const sources = filesIn('src', '.ts');
const views = filesIn('views', '.ejs');
const features = sources.filter(({ path }) => FEATURES.includes(path.split('/')[1] ?? ''));

function importsOf({ path, text }: Source): string[] {
  return [...text.matchAll(/(?:from|import\()\s*'(\.[^']+)'/g)].map(([, to]) =>
    relative(ROOT, join(ROOT, dirname(path), to ?? '')),
  );
}

test('a feature knows only those to its left, and lib knows none', () => {
  const wrong: string[] = [];
  for (const source of sources) {
    const [, from = ''] = source.path.split('/');
    for (const to of importsOf(source)) {
      const [, folder = ''] = to.split('/');
      const target = FEATURES.indexOf(folder);
      if (target < 0) {
        const isOuter =
          /^src\/(app|server|worker)\.js$/.test(to) && !/^src\/(app|server|worker)\.ts$/.test(source.path);
        if (isOuter) wrong.push(`${source.path} → ${to}`);
      } else if (from === 'lib' || from === 'locales') wrong.push(`${source.path} → ${to}`);
      else if (FEATURES.includes(from) && target > FEATURES.indexOf(from))
        wrong.push(`${source.path} → ${to}`);
    }
  }
  expect(wrong).toEqual([]);
});

test('a feature folder holds only the kinds of file that src/README.md lists', () => {
  const vague =
    /^(index|utils?|helpers?|service|manager|common|misc|types|constants)$|(Utils?|Helpers?|Service|Manager)$/;
  expect(features.filter(({ path }) => vague.test(basename(path, '.ts'))).map(({ path }) => path)).toEqual(
    [],
  );
  expect(features.filter(({ path }) => path.split('/').length !== 3).map(({ path }) => path)).toEqual([]);
  for (const feature of FEATURES)
    expect(features.some(({ path }) => path === `src/${feature}/routes.ts`)).toBe(true);
});

test('no file is so long that it no longer reads in one go', () => {
  const long = [...sources, ...views].filter(
    ({ text, path }) => !path.startsWith('src/locales/') && text.split('\n').length > 650,
  );
  expect(long.map(({ path }) => path)).toEqual([]);
});

test('SQL stands only in queries, commands and lib', () => {
  const mayQuery = /(^|[a-z])(queries|commands)\.ts$/i;
  const wrong = features.filter(({ path, text }) => {
    if (mayQuery.test(basename(path))) return false;
    return (
      /import \{[^}]*\b(rows?|change)\b[^}]*\} from '[./]*lib\/db\/db\.js'/.test(text) || /\.raw\(/.test(text)
    );
  });
  expect(wrong.map(({ path }) => path)).toEqual([]);
});

test('the states of a claim that stands, and who stands in today, are written once', () => {
  const elsewhere = (words: RegExp, home: string) =>
    sources.filter(({ path, text }) => path !== home && words.test(text)).map(({ path }) => path);
  expect(elsewhere(/'held',\s*'requested',\s*'confirmed'/, 'src/rooms/liveClaimQueries.ts')).toEqual([]);
  expect(elsewhere(/coalesce\(\w+\.to_on,/, 'src/people/deputyQueries.ts')).toEqual([]);
});

test('every job that is asked for by name has a handler', () => {
  const asked = features.flatMap(({ text }) =>
    [...text.matchAll(/\benqueue\(\s*\w+,\s*([^,]+),/g)].map(([, name]) => ({ name: name ?? '', text })),
  );
  // A name in a variable: every job-like text of that file counts.
  const named = asked.flatMap(({ name, text }) =>
    name.startsWith("'")
      ? [name.slice(1, -1)]
      : [
          ...text.matchAll(/'((?:auth|meetings|invitations|polls|agenda|actions|minutes|mail)\.[a-zA-Z]+)'/g),
        ].map(([, job]) => job ?? ''),
  );
  expect(named.length).toBeGreaterThan(5);
  expect(named.filter((name) => !(name in jobs) && !(name in en))).toEqual([]);
});

test('every text that a page or a message asks for exists in both languages', () => {
  const asked = [...sources, ...views].flatMap(({ path, text }) =>
    [...text.matchAll(/\bt\('([\w.-]+)'\s*[,)]/g)].map(([, key]) => ({ path, key: key ?? '' })),
  );
  expect(asked.length).toBeGreaterThan(100);
  const has = (catalog: object, key: string) => key in catalog || `${key}_other` in catalog;
  expect(asked.filter(({ key }) => !has(en, key) || !has(zhCN, key))).toEqual([]);
});

test('a text takes the same values in both languages', () => {
  const valuesOf = (text: string) =>
    [...new Set([...text.matchAll(/\{(\w+)\}/g)].map(([, name]) => name))].sort().join();
  const chinese: Record<string, string> = zhCN;
  const wrong = Object.entries(en)
    .filter(([key]) => !key.endsWith('_one'))
    .filter(([key, text]) => valuesOf(text) !== valuesOf(chinese[key] ?? ''));
  expect(wrong.map(([key]) => key)).toEqual([]);
});

test('every audited action has its text in the history', () => {
  const actions = features.flatMap(({ path, text }) =>
    [...text.matchAll(/\brecord\([^;]*?action:\s*'([\w.]+)'/gs)].map(([, action]) => ({
      path,
      action: action ?? '',
    })),
  );
  expect(actions.length).toBeGreaterThan(20);
  expect(actions.filter(({ action }) => !(`audit.${action}` in en))).toEqual([]);
});

test('every page that a route answers with exists', () => {
  const named = features.flatMap(({ text }) =>
    [...text.matchAll(/\bpage\(\s*'([\w/-]+)'/g)].map(([, view]) => `views/${view}.ejs`),
  );
  const there = new Set(views.map(({ path }) => path));
  expect(named.filter((view) => !there.has(view))).toEqual([]);
});

test('every address has a policy, and none that changes anything is read by GET', () => {
  expect(routes.length).toBeGreaterThan(50);
  expect(routes.filter((route) => !route.policy)).toEqual([]);
  expect(routes.filter((route) => route.method === 'get' && route.form)).toEqual([]);
});

/** Folders of views whose templates are laid out: one element or one tag a line. */
const LAID_OUT = ['auth', 'calendar', 'errors', 'lib', 'people', 'polls', 'rooms', 'layout.ejs'];

test('no line of a template is wider than 140 columns, and few are wider than 110', () => {
  const lines = views
    .filter(({ path }) => LAID_OUT.includes(path.split('/')[1] ?? ''))
    .flatMap(({ path, text }) => text.split('\n').map((line, i) => ({ at: `${path}:${i + 1}`, line })));
  expect(lines.length).toBeGreaterThan(1000);
  const wider = (columns: number) => lines.filter(({ line }) => line.length > columns).map(({ at }) => at);
  expect(wider(140)).toEqual([]);
  expect(wider(110).length).toBeLessThan(lines.length / 100);
});

test('no template writes unescaped text, inline script or inline style', () => {
  const unescaped = views.flatMap(({ path, text }) =>
    [...text.matchAll(/<%-(?!\s*include\()([^%]+)/g)]
      .filter(([, what]) => !(path === 'views/layout.ejs' && what?.trim() === 'it.body'))
      .map(() => path),
  );
  expect(unescaped).toEqual([]);
  const pages = views.filter(({ path }) => !path.startsWith('views/mail/'));
  expect(
    pages
      .filter(({ text }) => /\sstyle=|<style|\son\w+=["']|<script(?![^>]*\ssrc=)/.test(text))
      .map(({ path }) => path),
  ).toEqual([]);
});

test('every list of routes is joined in app.ts', () => {
  const app = sources.find(({ path }) => path === 'src/app.ts')?.text ?? '';
  const lists = features.flatMap(({ text }) =>
    [...text.matchAll(/export const (\w+): Route\[\]/g)].map(([, name]) => name),
  );
  expect(lists.length).toBeGreaterThan(20);
  expect(lists.filter((name) => !app.includes(`...${name},`))).toEqual([]);
});
