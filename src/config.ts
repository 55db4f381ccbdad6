import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import { isIP } from 'node:net';
import { dirname, join, resolve } from 'node:path';
import { parseEnv } from 'node:util';
import { z } from 'zod';
import { CannotStart } from './lib/log/steps.js';

/** The settings of one process. */
export interface Config {
  port: number;
  host: string;
  dataDir: string;
  databaseUrl?: string;
  databaseDirectUrl?: string;
  publicUrl: string;
  secretKey: string;
  smtpUrl?: string;
  mailFrom: string;
  mailDomain: string;
  mailReplyPattern?: string;
  mailBouncePattern?: string;
  trustProxy: string[];
  logLevel: string;
  /** of everybody in the sample office; one is made when not set */
  samplePassword?: string;
}

/** Settings that are wrong; the message names each one and what is expected. */
export class SettingsError extends CannotStart {}

type Environment = Record<string, string | undefined>;

/** May also be given as a file, by the same name with _FILE at the end; their values are never shown. */
const SECRETS = ['DATABASE_URL', 'DATABASE_DIRECT_URL', 'SECRET_KEY', 'SMTP_URL', 'SAMPLE_PASSWORD'];
const ADDRESS = /^[^\s<>@,;"]+@[^\s<>@,;"]+$/;
const DOMAIN = /^[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*$/i;

function url(protocols: string[], expected: string) {
  return z.string().refine((text) => URL.canParse(text) && protocols.includes(new URL(text).protocol), {
    error: expected,
    abort: true,
  });
}

const database = url(
  ['postgres:', 'postgresql:'],
  'an address such as postgres://user:password@host:5432/banhui',
).refine(
  (text) => isDecodable(new URL(text)),
  'an address in which special characters of name and password are percent-encoded, such as %25 for %',
);
const smtp = url(['smtp:', 'smtps:'], 'an address such as smtp://user:password@host:587')
  .refine((text) => isDecodable(new URL(text)), {
    error:
      'an address in which special characters of name and password are percent-encoded, such as %25 for %',
    abort: true,
  })
  .refine(
    (text) => {
      const { hostname, pathname, hash, port } = new URL(text);
      return hostname !== '' && ['', '/'].includes(pathname) && hash === '' && port !== '0';
    },
    { error: 'an address without a path, such as smtp://user:password@host:587', abort: true },
  )
  .refine((text) => {
    const { protocol, searchParams } = new URL(text);
    const values = protocol === 'smtps:' ? ['required'] : ['none', 'optional', 'required'];
    return [...searchParams].every(([name, value]) => name === 'tls' && values.includes(value));
  }, 'after the ? nothing but tls=none, tls=optional or tls=required, and with smtps: only the last');
const pattern = z
  .string()
  .refine(
    (text) => text.split('{token}').length === 2 && ADDRESS.test(text.replace('{token}', 'x')),
    'an address with {token} in it, such as meetings+{token}@example.org',
  );

const schema = z.object({
  PORT: z
    .string()
    .regex(/^\d{1,5}$/, 'a number from 0 to 65535')
    .transform(Number)
    .refine((port) => port <= 65_535, 'a number from 0 to 65535')
    .default(3000),
  HOST: z
    .string()
    .refine(
      (text) => isIP(text) > 0 || DOMAIN.test(text),
      'an address or name of this machine, such as 127.0.0.1 or 0.0.0.0',
    )
    .default('127.0.0.1'),
  DATA_DIR: z.string().default('./data'),
  DATABASE_URL: database.optional(),
  DATABASE_DIRECT_URL: database.optional(),
  PUBLIC_URL: url(['http:', 'https:'], 'the address people use, such as https://meetings.example.org')
    .refine((text) => {
      const { username, search, hash, pathname } = new URL(text);
      return username === '' && search === '' && hash === '' && pathname === '/';
    }, 'an address without a path, such as https://meetings.example.org')
    .transform((text) => new URL(text).origin)
    .optional(),
  SECRET_KEY: z.string().min(32, 'at least 32 characters, random').optional(),
  SMTP_URL: smtp.optional(),
  MAIL_FROM: z
    .string()
    .refine(
      (text) => ADDRESS.test(/^[^<>]*<([^<>]+)>$/.exec(text)?.[1] ?? text),
      'an address such as Meetings <meetings@example.org>',
    )
    .optional(),
  MAIL_DOMAIN: z
    .string()
    .regex(DOMAIN, 'a domain such as example.org')
    .transform((text) => text.toLowerCase())
    .optional(),
  MAIL_REPLY_PATTERN: pattern.optional(),
  MAIL_BOUNCE_PATTERN: pattern.optional(),
  TRUST_PROXY: z
    .string()
    .transform((text) =>
      text
        .split(',')
        .map((one) => one.trim())
        .filter(Boolean),
    )
    .refine(
      (list) => list.every(isProxy),
      'addresses or networks of reverse proxies, separated by commas, ' +
        'such as 10.0.0.7, 10.1.0.0/16 or loopback',
    )
    .default([]),
  LOG_LEVEL: z.enum(['debug', 'info', 'warn', 'error'], 'one of debug, info, warn, error').default('info'),
  SAMPLE_PASSWORD: z.string().min(12, 'at least 12 characters').optional(),
});

/** Name and password are decoded when the address is used; a lone % would only fail then. */
function isDecodable({ username, password }: URL): boolean {
  try {
    decodeURIComponent(username + password);
    return true;
  } catch {
    return false;
  }
}

function isProxy(text: string): boolean {
  if (['loopback', 'linklocal', 'uniquelocal'].includes(text)) return true;
  const [address = '', bits, ...more] = text.split('/');
  const version = isIP(address);
  return (
    version > 0 &&
    more.length === 0 &&
    (bits === undefined || (/^\d{1,3}$/.test(bits) && Number(bits) <= (version === 4 ? 32 : 128)))
  );
}

/** Names of all settings. */
export const SETTINGS = Object.keys(schema.shape);

/**
 * Reads the settings from the environment, then `.env`, then files named by `*_FILE`.
 * @param root folder of `.env` and of a relative DATA_DIR
 * @throws SettingsError naming every setting that is wrong
 */
export function readConfig(environment: Environment = process.env, root = process.cwd()): Config {
  const set = readSettings(environment, root);
  const dataDir = resolve(root, set.DATA_DIR);
  // An installation that keeps everything elsewhere needs no folder.
  if (!set.DATABASE_URL || !set.SECRET_KEY) makeDataDir(dataDir, set.DATA_DIR);
  const mailFrom = set.MAIL_FROM ?? 'Banhui <meetings@localhost>';
  return {
    port: set.PORT,
    host: set.HOST,
    dataDir,
    databaseUrl: set.DATABASE_URL,
    databaseDirectUrl: set.DATABASE_DIRECT_URL ?? set.DATABASE_URL,
    publicUrl: set.PUBLIC_URL ?? defaultPublicUrl(set.HOST, set.PORT),
    secretKey: set.SECRET_KEY ?? keptKey(dataDir),
    smtpUrl: set.SMTP_URL,
    mailFrom,
    mailDomain: set.MAIL_DOMAIN ?? defaultMailDomain(mailFrom, set.PUBLIC_URL),
    mailReplyPattern: set.MAIL_REPLY_PATTERN,
    mailBouncePattern: set.MAIL_BOUNCE_PATTERN,
    trustProxy: set.TRUST_PROXY,
    logLevel: set.LOG_LEVEL,
    samplePassword: set.SAMPLE_PASSWORD,
  };
}

/** The settings by name, each checked, and those checked that belong together. @throws SettingsError */
function readSettings(environment: Environment, root: string): z.output<typeof schema> {
  const problems: string[] = [];
  const given = gather(environment, root, problems);
  const parsed = schema.safeParse(given);
  for (const issue of parsed.error?.issues ?? []) {
    const name = String(issue.path[0]);
    const shown = SECRETS.includes(name) ? 'not as expected' : `"${given[name]}"`;
    problems.push(`${name} is ${shown}; expected: ${issue.message}`);
  }
  if (given['SMTP_URL'] && !given['MAIL_FROM'])
    problems.push(
      'MAIL_FROM is missing; expected with SMTP_URL: an address such as Meetings <meetings@example.org>',
    );
  if (given['DATABASE_DIRECT_URL'] && !given['DATABASE_URL'])
    problems.push('DATABASE_URL is missing; expected with DATABASE_DIRECT_URL');
  if (!parsed.success || problems.length > 0)
    throw new SettingsError(`The settings are not right:\n${problems.map((one) => `- ${one}`).join('\n')}`);
  return parsed.data;
}

/** What is set, by name; an empty value counts as not set. */
function gather(environment: Environment, root: string, problems: string[]): Environment {
  const file = join(root, '.env');
  const all: Environment = {
    ...(existsSync(file) ? parseEnv(readFileSync(file, 'utf8')) : {}),
    ...withoutEmpty(environment),
  };
  const given: Environment = {};
  for (const name of SETTINGS) {
    const value = all[name]?.trim();
    if (value) given[name] = value;
  }
  for (const name of SECRETS) {
    const path = all[`${name}_FILE`]?.trim();
    if (!path) continue;
    if (given[name]) {
      problems.push(`${name} and ${name}_FILE are both set; expected: one of them`);
      continue;
    }
    try {
      given[name] = readFileSync(resolve(root, path), 'utf8').trim();
    } catch {
      problems.push(`${name}_FILE is "${path}"; expected: a file that can be read`);
    }
  }
  return given;
}

function withoutEmpty(environment: Environment): Environment {
  return Object.fromEntries(Object.entries(environment).filter(([, value]) => value?.trim()));
}

function defaultPublicUrl(host: string, port: number): string {
  const shown = host === '0.0.0.0' || host === '::' ? '127.0.0.1' : host;
  return new URL(`http://${isIP(shown) === 6 ? `[${shown}]` : shown}:${port}`).origin;
}

function defaultMailDomain(mailFrom: string, publicUrl: string | undefined): string {
  const own = mailFrom
    .slice(mailFrom.lastIndexOf('@') + 1)
    .replace('>', '')
    .toLowerCase();
  const host = publicUrl ? new URL(publicUrl).hostname : '';
  return own === 'localhost' && host && isIP(host) === 0 && !host.startsWith('[') ? host : own;
}

/**
 * Makes the data folder and tries whether this user may write in it.
 * @param given as it was set, for the message
 */
function makeDataDir(dataDir: string, given: string): void {
  try {
    makeFolder(dataDir);
    rmdirSync(mkdtempSync(join(dataDir, '.try-')));
  } catch (error) {
    throw new SettingsError(
      `The settings are not right:\n- DATA_DIR is "${given}"; ` +
        `expected: a folder that this user can make and write in (${(error as Error).message})`,
    );
  }
}

/**
 * Level by level: Node's own recursive mkdir never returns where a file system makes no folders, as in /proc.
 */
function makeFolder(folder: string): void {
  if (existsSync(folder)) return;
  if (dirname(folder) !== folder) makeFolder(dirname(folder));
  try {
    mkdirSync(folder, { mode: process.getuid?.() === 0 ? 0o711 : 0o700 });
  } catch (error) {
    // Made by another start in between.
    if (!existsSync(folder)) throw error;
  }
}

/** The key of this installation, made once and readable by nobody else. */
function keptKey(dataDir: string): string {
  const file = join(dataDir, 'secret-key');
  if (!existsSync(file)) {
    try {
      writeFileSync(file, randomBytes(32).toString('base64url'), { mode: 0o600, flag: 'wx' });
    } catch (error) {
      // Made by another start in between.
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    }
  }
  const key = readKey(file);
  if (key.length < 32)
    throw new SettingsError(
      `${file} holds no key; expected: at least 32 characters. ` +
        'Restore it from the backup, or remove it to have another one made',
    );
  return key;
}

function readKey(file: string): string {
  try {
    return readFileSync(file, 'utf8').trim();
  } catch (error) {
    throw new SettingsError(
      `${file} cannot be read (${(error as Error).message}). ` +
        'Start as the user who made it, or choose another DATA_DIR',
    );
  }
}
