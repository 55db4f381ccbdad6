import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readConfig, SETTINGS, SettingsError } from '../../src/config.js';

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'banhui-config-'));
});
afterEach(() => rmSync(root, { recursive: true }));

const KEY = 'k'.repeat(32);

function problemsOf(environment: Record<string, string>): string {
  try {
    readConfig({ SECRET_KEY: KEY, ...environment }, root);
  } catch (error) {
    if (error instanceof SettingsError) return error.message.split('\n').slice(1).join('\n');
    throw error;
  }
  return '';
}

test('needs no setting at all', () => {
  const config = readConfig({}, root);
  expect(config).toMatchObject({
    port: 3000,
    host: '127.0.0.1',
    dataDir: join(root, 'data'),
    publicUrl: 'http://127.0.0.1:3000',
    mailFrom: 'Banhui <meetings@localhost>',
    mailDomain: 'localhost',
    trustProxy: [],
    logLevel: 'info',
  });
  expect(config.databaseUrl).toBeUndefined();
  expect(config.smtpUrl).toBeUndefined();
});

test('makes a key once, for nobody else to read', () => {
  const first = readConfig({}, root).secretKey;
  expect(first.length).toBeGreaterThanOrEqual(43);
  expect(readConfig({}, root).secretKey).toBe(first);
  expect(statSync(join(root, 'data', 'secret-key')).mode & 0o777).toBe(0o600);
});

test.each([
  ['PORT', 'http'],
  ['PORT', '65536'],
  ['PORT', '-1'],
  ['HOST', 'not a host'],
  ['DATABASE_URL', 'mysql://localhost/banhui'],
  ['DATABASE_URL', 'localhost'],
  ['PUBLIC_URL', 'meetings.example.org'],
  ['PUBLIC_URL', 'ftp://example.org'],
  ['PUBLIC_URL', 'https://example.org/banhui'],
  ['PUBLIC_URL', 'https://user@example.org'],
  ['SECRET_KEY', 'too short'],
  ['DATABASE_URL', 'postgres://app:100%@db.example.org/banhui'],
  ['SMTP_URL', 'mail.example.org'],
  ['SMTP_URL', 'smtp://user:100%25%@mail.example.org'],
  ['SMTP_URL', 'smtp://us%zzer@mail.example.org'],
  ['SMTP_URL', 'smtp://user:12#3@mail.example.org'],
  ['SMTP_URL', 'smtp://mail.example.org/path'],
  ['SMTP_URL', 'smtp://mail.example.org?tls=maybe'],
  ['SMTP_URL', 'smtp://mail.example.org?TLS=none'],
  ['SMTP_URL', 'smtps://mail.example.org?tls=none'],
  ['SMTP_URL', 'smtp://'],
  ['MAIL_FROM', 'nobody'],
  ['MAIL_FROM', 'A <a@example.org>, B <b@example.org>'],
  ['MAIL_DOMAIN', 'exa mple'],
  ['MAIL_REPLY_PATTERN', 'meetings@example.org'],
  ['MAIL_REPLY_PATTERN', '{token}{token}@example.org'],
  ['MAIL_BOUNCE_PATTERN', '{token}'],
  ['TRUST_PROXY', 'true'],
  ['TRUST_PROXY', '10.0.0.0/33'],
  ['TRUST_PROXY', 'proxy.example.org'],
  ['LOG_LEVEL', 'loud'],
  ['SAMPLE_PASSWORD', 'short'],
])('refuses %s=%s by name and says what is expected', (name, value) => {
  const problems = problemsOf({ MAIL_FROM: 'a@example.org', [name]: value });
  expect(problems).toMatch(new RegExp(`^- ${name} is .+; expected: .+`));
  expect(problems.split('\n')).toHaveLength(1);
});

test('names everything that is wrong at once, and shows no secret', () => {
  const problems = problemsOf({
    PORT: 'x',
    SMTP_URL: 'http://user:hunter2@mail.example.org',
    LOG_LEVEL: 'x',
  });
  expect(problems).toMatch(/PORT/);
  expect(problems).toMatch(/SMTP_URL/);
  expect(problems).toMatch(/MAIL_FROM is missing/);
  expect(problems).toMatch(/LOG_LEVEL/);
  expect(problems).not.toMatch(/hunter2/);
});

test('reads .env, and the environment comes first', () => {
  writeFileSync(
    join(root, '.env'),
    `PORT=4000\nHOST="0.0.0.0" # all\nLOG_LEVEL=warn\nMAIL_FROM='会议 <m@office.example>'\n`,
  );
  const config = readConfig({ PORT: '5000', LOG_LEVEL: '' }, root);
  expect(config).toMatchObject({
    port: 5000,
    host: '0.0.0.0',
    logLevel: 'warn',
    mailFrom: '会议 <m@office.example>',
    mailDomain: 'office.example',
    publicUrl: 'http://127.0.0.1:5000',
  });
});

test('reads a secret from a file, without the line end that editors add', () => {
  writeFileSync(join(root, 'key'), `${KEY}\n`);
  expect(readConfig({ SECRET_KEY_FILE: 'key' }, root).secretKey).toBe(KEY);
  expect(problemsOf({ SECRET_KEY_FILE: 'key' })).toMatch(/SECRET_KEY and SECRET_KEY_FILE are both set/);
  expect(problemsOf({ SMTP_URL_FILE: 'no-such-file', MAIL_FROM: 'a@example.org' })).toMatch(
    /SMTP_URL_FILE is "no-such-file"; expected/,
  );
});

test('uses one database address for both roles unless two are given', () => {
  const one = 'postgres://a:b@db.example.org/banhui';
  expect(readConfig({ SECRET_KEY: KEY, DATABASE_URL: one }, root)).toMatchObject({
    databaseUrl: one,
    databaseDirectUrl: one,
  });
  expect(problemsOf({ DATABASE_DIRECT_URL: one })).toMatch(/DATABASE_URL is missing/);
});

test.each([
  [{ PUBLIC_URL: 'https://Meetings.Example.org/' }, 'https://meetings.example.org', 'meetings.example.org'],
  [{ HOST: '::' }, 'http://127.0.0.1:3000', 'localhost'],
  [{ HOST: '::1', PORT: '80' }, 'http://[::1]', 'localhost'],
  [{ PUBLIC_URL: 'http://10.0.0.3:8080' }, 'http://10.0.0.3:8080', 'localhost'],
])('derives the public address and the mail domain from %j', (environment, publicUrl, mailDomain) => {
  expect(readConfig({ SECRET_KEY: KEY, ...environment }, root)).toMatchObject({ publicUrl, mailDomain });
});

test('knows every setting of the example file', () => {
  const named = [...readFileSync('.env.example', 'utf8').matchAll(/^#([A-Z_]+)=/gm)].map((found) => found[1]);
  expect(named.sort()).toEqual([...SETTINGS].sort());
});

test.each([
  'smtp://mail',
  'smtp://u%40b:p%25@mail.example.org:25/?tls=none',
  'smtp://[::1]:2525?tls=optional',
  'smtps://mail.example.org?tls=required',
])('takes SMTP_URL=%s', (url) => {
  expect(readConfig({ SECRET_KEY: KEY, MAIL_FROM: 'a@example.org', SMTP_URL: url }, root).smtpUrl).toBe(url);
});

test.each([{}, { SECRET_KEY: KEY }])(
  'names DATA_DIR when no folder can be made there (%j)',
  (environment) => {
    const file = join(root, 'file');
    writeFileSync(file, '');
    const impossible = [
      file,
      join(file, 'below'),
      ...(process.platform === 'linux' ? ['/proc/none/data', '/proc'] : []),
    ];
    for (const place of impossible) {
      expect(() => readConfig({ DATA_DIR: place, ...environment }, root)).toThrow(SettingsError);
      expect(() => readConfig({ DATA_DIR: place, ...environment }, root)).toThrow(
        `- DATA_DIR is "${place}"; expected: a folder`,
      );
    }
  },
);

test('makes DATA_DIR with all folders above, and leaves nothing else in it', () => {
  readConfig({ DATA_DIR: 'a/b/c' }, root);
  expect(readdirSync(join(root, 'a', 'b', 'c'))).toEqual(['secret-key']);
});

test('says the same Node everywhere', () => {
  const { engines } = JSON.parse(readFileSync('package.json', 'utf8')) as { engines: { node: string } };
  const wanted = engines.node.replace('>=', '');
  expect(readFileSync('README.md', 'utf8')).toContain(`${wanted} or newer, nothing else`);
  expect(readFileSync('src/start.mjs', 'utf8')).toContain(`Banhui needs Node ${wanted} or newer`);
});
