import { hash, verify } from '@node-rs/argon2';
import { HttpError } from '../lib/http/errors.js';
import type { Key } from '../lib/i18n/translate.js';

export const SHORTEST = 12;
export const LONGEST = 200;

/** OWASP's least argon2id: 19 MiB, 2 passes, 1 lane; about 25 ms of one core. */
const COST = { memoryCost: 19_456, timeCost: 2, parallelism: 1 };

// Each hash takes a core and 19 MiB: more than two at once would stop
// pages, an endless queue would be a cheap attack.
const AT_ONCE = 2;
const WAITING = 32;
let running = 0;
const waiting: (() => void)[] = [];

/** Too many sign-ins at this very moment: try again in a few seconds. */
export class TooBusy extends HttpError {
  constructor() {
    super(503, 'auth.error.busy');
  }
}

async function inTurn<T>(work: () => Promise<T>): Promise<T> {
  if (running >= AT_ONCE) {
    if (waiting.length >= WAITING) throw new TooBusy();
    await new Promise<void>((resolve) => waiting.push(resolve)); // the one before hands its place over
  } else running++;
  try {
    return await work();
  } finally {
    const next = waiting.shift();
    if (next) next();
    else running--;
  }
}

/** @returns the encoded argon2id hash; throws TooBusy */
export function hashPassword(password: string): Promise<string> {
  return inTurn(() => hash(password, COST));
}

let nobody: Promise<string> | undefined;
/** Hash of a password nobody has: comparing with it takes as long as with a real one. */
function hashOfNobody(): Promise<string> {
  nobody ??= hash('a password that nobody has', COST);
  return nobody;
}

/** Compares; without a stored hash it takes the same time and says no. Throws TooBusy. */
export function isPassword(stored: string | null | undefined, password: string): Promise<boolean> {
  return inTurn(async () => (await verify(stored ?? (await hashOfNobody()), password)) && Boolean(stored));
}

// Of the most used passwords only those with twelve or more characters can be chosen here at all; most of the
// rest of that kind is a short word made longer, which `isPadding` meets.
const COMMON = new Set(
  (
    '123456789012 1234567890123 12345678901234 123456789123 111111222222 112233445566 121212121212 ' +
    '123123123123 123321123321 password1234 password12345 password123456 passwordpassword ' +
    'passw0rdpassw0rd qwertyuiop12 qwertyuiop123 qwertyuiop1234 qwertyuiopasdfghjkl 1qaz2wsx3edc ' +
    '1qaz2wsx3edc4rfv qazwsxedcrfv zaq12wsxcde3 1q2w3e4r5t6y 1q2w3e4r5t6y7u8i q1w2e3r4t5y6 ' +
    'abcdefghijkl abcdefghijklm abcd12345678 administrator administrator1 administrator123 ' +
    'adminadminadmin admin1234567 admin123456789 letmeinletmein welcome12345 welcome123456 ' +
    'iloveyou1234 iloveyouforever woaini1314520 woaini5201314 woaini123456 5201314520131 ' +
    'a12345678901 a123456789012 aa1234567890 asdfghjkl123 asdfghjkl1234 zxcvbnm12345 zxcvbnm123456 ' +
    'changeme1234 changemechangeme superman1234 football1234 baseball1234 princess1234 sunshine1234 ' +
    'dragon123456 monkey123456 master123456 shadow123456 michael12345 trustno1trustno1 banhui123456 ' +
    'banhui1234567'
  ).split(' '),
);

/**
 * Why a password may not be chosen, as the name of a text; undefined when it may.
 * Length comes first (ASVS 6.2.1), then what an attacker tries first: well-known
 * ones, one character or sequence over and over, the person's own name or address.
 * @param own words about the person and the office
 */
export function weakness(password: string, own: (string | null | undefined)[] = []): Key | undefined {
  const length = [...password].length;
  if (length < SHORTEST) return 'auth.password.tooShort';
  if (length > LONGEST) return 'auth.password.tooLong';
  const plain = password.normalize('NFKC').toLowerCase();
  if (COMMON.has(plain) || new Set(plain).size < 5 || isSequence(plain)) return 'auth.password.common';
  const compact = plain.replace(/[^\p{L}\p{N}]/gu, '');
  const rest = own
    .flatMap(namesOf)
    .sort((a, b) => b.length - a.length)
    .reduce((left, name) => left.replaceAll(name, ''), compact);
  return rest !== compact && isPadding(rest) ? 'auth.password.personal' : undefined;
}

/** "Zhang Wei" → zhangwei, weizhang, zhang, wei; of an address the part before the @, and its domain, too. */
function namesOf(text: string | null | undefined): string[] {
  const parts = (text ?? '')
    .normalize('NFKC')
    .toLowerCase()
    .split(/[^\p{L}\p{N}]+/u)
    .filter(Boolean);
  const joined = [parts.join(''), [...parts].reverse().join(''), parts.slice(0, 2).join('')];
  return [...joined, ...parts].filter((name) => [...name].length >= 3);
}

/** "zhangwei" + "2024!": what is left beside the name carries too little. */
function isPadding(rest: string): boolean {
  return [...rest].length < 6;
}

const RUNS = [
  '0123456789',
  '1234567890',
  '9876543210',
  '0987654321',
  'abcdefghijklmnopqrstuvwxyz',
  'qwertyuiopasdfghjklzxcvbnm',
].map((run) => run.repeat(20));
function isSequence(plain: string): boolean {
  return RUNS.some((run) => run.includes(plain));
}
