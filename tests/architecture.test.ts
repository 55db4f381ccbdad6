import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { basename, dirname, join, relative } from 'node:path';
import { routes } from '../src/app.js';
import { en } from '../src/locales/en.js';
import { zhCN } from '../src/locales/zh.js';
import { jobs } from '../src/worker.js';

// Holds the source to the rules of src/README.md: one noun, one folder, one address; who may know whom; how
// wide a line and how long a file may be; where SQL stands. Exceptions stand here by name, each with its
// reason.

const ROOT = join(__dirname, '..');

/** The nouns, each a folder of src. A noun knows only those to its left. */
const NOUNS = (
  'people auth hours equipment rules claims requests rooms meetings waits series dates checkins closures ' +
  'bookings invitations replies absences calendar times doors feeds use polls agenda actions documents ' +
  'minutes sitting desk imports office sample setup'
).split(' ');

/** Folders of the other trees that are no noun. */
const BESIDE: Record<string, string[]> = {
  src: ['lib', 'locales'],
  views: ['lib', 'mail', 'errors', 'assets', 'pictures'],
  tests: ['lib', 'support', 'bench', 'browser', 'start'],
  'src/locales': ['lib'],
};

/** More files in one folder than a reader takes in. */
const MOST_FILES = 25;

/** Words of addresses that belong to a noun of another name. */
const WORDS: Record<string, string> = {
  '': 'desk',
  admin: 'office',
  'moving-in': 'imports',
  import: 'imports',
  export: 'imports',
  outbox: 'office',
  data: 'office',
  erasure: 'office',
  merge: 'office',
  units: 'people',
  groups: 'people',
  profile: 'auth',
  account: 'auth',
  'sign-in': 'auth',
  'sign-out': 'auth',
  reset: 'auth',
  language: 'auth',
  deputies: 'auth',
  holidays: 'hours',
  policy: 'rules',
  plans: 'rooms',
  photos: 'rooms',
  wait: 'waits',
  'check-in': 'checkins',
  'early-end': 'checkins',
  'no-shows': 'checkins',
  moves: 'closures',
  following: 'dates',
  swap: 'bookings',
  'invitation.ics': 'invitations',
  i: 'replies',
  reply: 'replies',
  'find-a-time': 'times',
  times: 'absences',
  'setup-tasks': 'calendar',
  door: 'doors',
  p: 'polls',
  items: 'agenda',
  papers: 'agenda',
  'papers.zip': 'agenda',
  backlog: 'agenda',
  attendance: 'sitting',
  'walk-ins': 'sitting',
  statements: 'sitting',
  outcome: 'sitting',
  write: 'sitting',
};

/** Addresses that another folder serves than the one of their last noun. */
const ELSEWHERE: Record<string, [folders: string, because: string]> = {
  '/meetings/:id': ['desk bookings', 'the page is made of many nouns, and its form is that of a booking'],
  '/meetings/:id/history': ['desk', 'the history of a meeting is made of many nouns'],
  '/meetings/new': ['bookings', 'the form that books knows standing meetings and queues'],
  '/meetings': ['bookings', 'the form that books is posted here; the list stands in meetings'],
  '/meetings/:id/edit': ['bookings', 'the form that books knows standing meetings and queues'],
  '/meetings/:id/copy': ['agenda', 'a copy takes the agenda along'],
  '/meetings/:id/end': ['sitting', 'the page that closes a meeting asks what became of each item'],
  '/meetings/:id/start': ['sitting', 'the sitting begins'],
  '/meetings/:id/start/cancellation': ['sitting', 'the sitting has not begun'],
  '/meetings/:id/extension': ['checkins', 'a little more time belongs to the day itself'],
  '/meetings/:id/people': ['meetings', 'participants are people of a meeting'],
  '/meetings/:id/people/:participant/removal': ['meetings', 'participants are people of a meeting'],
  '/meetings/:id/people/:participant/role': ['meetings', 'participants are people of a meeting'],
  '/series': ['dates', 'a standing meeting is made with its dates; the list stands in series'],
  '/series/new': ['dates', 'a standing meeting is made with its dates'],
  '/series/:id/dates/:meeting/room': ['series', 'one press on the page of the standing meeting'],
  '/people/:id/account-invitation': ['auth', 'an account is what signs in'],
  '/people/:id/account-link': ['auth', 'an account is what signs in'],
  '/people/:id/role': ['auth', 'a role is what an account may do'],
  '/people/:id/hours': ['absences', 'working hours of a person, not hours of a room'],
  '/polls/:id/people/:person/answer': ['polls', 'the people of a poll'],
  '/calendar/people/:id': ['calendar', 'the week of a person'],
  '/rooms/:id/hours/calendar': ['hours', 'the holiday calendar that a room keeps'],
  '/rooms/holidays/:id/import': ['hours', 'holidays are read where they are kept'],
  '/rooms/holidays/:id/import/:import': ['hours', 'holidays are read where they are kept'],
  '/door/check-in': ['doors', 'a display has no sign-in'],
  '/door/early-end': ['doors', 'a display has no sign-in'],
  '/actions/export': ['actions', 'the list of actions as a table'],
  '/admin/moving-in/rooms': ['imports', 'what is moved in'],
  '/admin/moving-in/bookings': ['imports', 'what is moved in'],
  '/admin/moving-in/:id/rooms': ['imports', 'what is moved in'],
  '/admin/moving-in/export/rooms': ['imports', 'what is moved out'],
  '/admin/moving-in/export/bookings': ['imports', 'what is moved out'],
  '/setup/sample': ['setup', 'the first page offers the sample office'],
};

/** A page of a noun to the right that another noun draws too. */
const DRAWS: Record<string, string> = {
  // A standing meeting is edited in the form that made it.
  'src/series/routes.ts': 'dates',
};

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
const tests = filesIn('tests', '.ts');
const views = filesIn('views', '.ejs');
const folderOf = ({ path }: Source) => path.split('/')[1] ?? '';
const features = sources.filter((source) => NOUNS.includes(folderOf(source)));
const isRoutes = (path: string) => /(^|\/|[a-z])[rR]outes\.[jt]s$/.test(path);

/** Each file of src with the files of src that it imports. */
const imports = new Map(
  sources.map(({ path, text }) => [
    path,
    [...text.matchAll(/(?:from|import\()\s*'(\.[^']+)\.js'/g)].map(
      ([, to]) => `${relative(ROOT, join(ROOT, dirname(path), to ?? ''))}.ts`,
    ),
  ]),
);

/** Files that reach themselves by their imports, and through which. */
function circles(): string[] {
  const done = new Set<string>();
  const found: string[] = [];
  const visit = (path: string, way: string[]): void => {
    if (way.includes(path)) found.push([...way.slice(way.indexOf(path)), path].join(' → '));
    if (way.includes(path) || done.has(path)) return;
    for (const to of imports.get(path) ?? []) visit(to, [...way, path]);
    done.add(path);
  };
  for (const path of imports.keys()) visit(path, []);
  return found;
}

test('a noun knows only those to its left, and lib knows none', () => {
  const wrong: string[] = [];
  for (const [path, targets] of imports) {
    const [, from = ''] = path.split('/');
    for (const to of targets) {
      const target = NOUNS.indexOf(to.split('/')[1] ?? '');
      const isOuter = /^src\/(app|server|worker)\.ts$/.test(to) && path.split('/').length > 2;
      const isLeft = from === 'lib' || from === 'locales' ? target < 0 : target <= NOUNS.indexOf(from);
      if (isOuter || (path.split('/').length > 2 && !isLeft)) wrong.push(`${path} → ${to}`);
    }
  }
  expect(wrong).toEqual([]);
});

test('no file reaches itself by its imports', () => {
  expect(circles()).toEqual([]);
});

test('every list of routes is joined in app.ts, and nothing else knows it', () => {
  const lists = [...imports.keys()].filter(isRoutes);
  expect(lists.length).toBeGreaterThan(50);
  expect(lists.filter((path) => !imports.get('src/app.ts')?.includes(path))).toEqual([]);
  const known = [...imports].filter(([path]) => path !== 'src/app.ts').flatMap(([, targets]) => targets);
  expect(known.filter(isRoutes)).toEqual([]);
});

test('an address is served by the folder of its last noun', () => {
  const wrong: string[] = [];
  const served = new Set<string>();
  for (const source of features.filter(({ path }) => isRoutes(path))) {
    for (const [, address = ''] of source.text.matchAll(/\bpath: '(\/[^']*)'/g)) {
      served.add(address);
      const words = address.slice(1).split('/').reverse();
      const word = words.find((one) => one in WORDS || NOUNS.includes(one)) ?? '';
      const folders = [WORDS[word] ?? word, ...(ELSEWHERE[address]?.[0].split(' ') ?? [])];
      if (!folders.includes(folderOf(source))) wrong.push(`${address} in ${source.path}`);
    }
  }
  expect(wrong).toEqual([]);
  expect(Object.keys(ELSEWHERE).filter((address) => !served.has(address))).toEqual([]);
});

test('src, views, tests and texts have a folder for a noun, and no other', () => {
  for (const [tree, beside] of Object.entries(BESIDE)) {
    const folders = readdirSync(join(ROOT, tree), { withFileTypes: true }).filter((one) => one.isDirectory());
    const names = folders.map(({ name }) => name);
    expect(names.filter((name) => !NOUNS.includes(name) && !beside.includes(name))).toEqual([]);
  }
  const readmes = NOUNS.map((noun) => ({ noun, path: join(ROOT, 'src', noun, 'README.md') }));
  expect(readmes.filter(({ path }) => !existsSync(path)).map(({ noun }) => noun)).toEqual([]);
  const long = readmes.filter(({ path }) => readFileSync(path, 'utf8').trimEnd().split('\n').length > 40);
  expect(long.map(({ noun }) => noun)).toEqual([]);
});

test('a page stands in the folder of its noun', () => {
  const beside = BESIDE.views ?? [];
  const named = features.flatMap((source) =>
    [...source.text.matchAll(/\bpage\(\s*'([\w-]+)\//g)].map(([, folder = '']) => ({ source, folder })),
  );
  expect(named.length).toBeGreaterThan(100);
  const target = (folder: string) => NOUNS.indexOf(folder);
  const isWrong = ({ source, folder }: (typeof named)[number]) =>
    !beside.includes(folder) && DRAWS[source.path] !== folder && target(folder) > target(folderOf(source));
  expect(named.filter(isWrong).map(({ source, folder }) => `${source.path} draws ${folder}`)).toEqual([]);
});

test('a folder holds at most twenty-five files', () => {
  const full = ['src', 'views', 'tests'].flatMap((tree) =>
    readdirSync(join(ROOT, tree), { recursive: true, withFileTypes: true })
      .filter((one) => one.isDirectory())
      .map((one) => join(one.parentPath, one.name))
      .filter(
        (folder) =>
          readdirSync(folder, { withFileTypes: true }).filter((one) => one.isFile()).length > MOST_FILES,
      ),
  );
  expect(full.map((folder) => relative(ROOT, folder))).toEqual([]);
});

test('a folder of a noun holds no vague files and no folders', () => {
  const vague = /^(index|common|misc|types|constants)$|(utils?|helpers?|service|manager)$/i;
  expect(features.filter(({ path }) => vague.test(basename(path, '.ts'))).map(({ path }) => path)).toEqual(
    [],
  );
  expect(features.filter(({ path }) => path.split('/').length !== 3).map(({ path }) => path)).toEqual([]);
});

test('no file is so long that it no longer reads in one go', () => {
  const long = [...sources, ...views].filter(
    ({ text, path }) => !path.startsWith('src/locales/') && text.split('\n').length > 400,
  );
  expect(long.map(({ path }) => path)).toEqual([]);
});

test('no line of the source is wider than 110 columns, SQL and comments included', () => {
  // A text of one language is one line: it is read by people, not by programmers.
  const wide = [...sources, ...tests]
    .filter(({ path }) => !path.startsWith('src/locales/'))
    .flatMap(({ path, text }) =>
      text.split('\n').flatMap((line, i) => (line.length > 110 ? [`${path}:${i + 1}`] : [])),
    );
  expect(wide).toEqual([]);
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
  expect(elsewhere(/'held',\s*'requested',\s*'confirmed'/, 'src/hours/liveClaimQueries.ts')).toEqual([]);
  expect(elsewhere(/coalesce\(\w+\.to_on,/, 'src/people/deputyQueries.ts')).toEqual([]);
});

test('every job that is asked for by name has a handler', () => {
  const asked = features.flatMap(({ text }) =>
    [...text.matchAll(/\benqueue\(\s*\w+,\s*([^,]+),/g)].map(([, name]) => ({ name: name ?? '', text })),
  );
  // A name in a variable: every job-like text of that file counts.
  const kinds = 'auth|people|rooms|meetings|invitations|polls|agenda|actions|minutes|admin|mail';
  const jobLike = new RegExp(`'((?:${kinds})\\.[a-zA-Z]+)'`, 'g');
  const named = asked.flatMap(({ name, text }) =>
    name.startsWith("'") ? [name.slice(1, -1)] : [...text.matchAll(jobLike)].map(([, job]) => job ?? ''),
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

test('every partial that a template includes exists', () => {
  const missing = views.flatMap(({ path, text }) =>
    [...text.matchAll(/\binclude\(([^{)]*)/g)]
      .flatMap(([, call = '']) => [...call.matchAll(/'([.\w/-]*[/_][\w/-]+)'/g)])
      .map(([, to = '']) => join(dirname(path), `${to}.ejs`))
      .filter((to) => !existsSync(join(ROOT, to)))
      .map((to) => `${path} includes ${to}`),
  );
  expect(missing).toEqual([]);
});

test('every address has a policy, and none that changes anything is read by GET', () => {
  expect(routes.length).toBeGreaterThan(50);
  expect(routes.filter((route) => !route.policy)).toEqual([]);
  expect(routes.filter((route) => route.method === 'get' && route.form)).toEqual([]);
});

test('no line of a template is wider than 140 columns, and few are wider than 110', () => {
  const lines = views.flatMap(({ path, text }) =>
    text.split('\n').map((line, i) => ({ at: `${path}:${i + 1}`, line })),
  );
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
