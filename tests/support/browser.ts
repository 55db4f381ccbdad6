import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, rmdirSync } from 'node:fs';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { chromium, type Browser, type BrowserContext } from 'playwright-core';
import { openSession } from '../../src/auth/commands.js';
import { SESSION_COOKIE } from '../../src/auth/gate.js';
import type { World } from './world.js';

const ARGS = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--disable-dev-shm-usage',
];
// Where nothing says what letters are, the browser names downloads in ASCII.
const UTF8 = { LC_ALL: 'C.UTF-8' };
const INSTALLED = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'];

/**
 * A real browser: the machine's own (or CHROMIUM_PATH) when there is one, else the one inside the packages.
 */
export async function openBrowser(): Promise<Browser> {
  const installed = [process.env.CHROMIUM_PATH, ...INSTALLED].find((path) => path && existsSync(path));
  if (installed)
    return chromium.launch({
      executablePath: installed,
      args: ARGS,
      timeout: 30_000,
      env: { ...process.env, ...UTF8 },
    });
  const { executablePath, env } = await unpack();
  return chromium.launch({
    executablePath,
    args: ARGS,
    timeout: 30_000,
    env: { ...process.env, ...env, ...UTF8 },
  });
}

/**
 * Unpacks the browser of @sparticuz/chromium once, with the libraries (NSS) and the fonts that a bare machine
 * lacks. In a process of its own: the package takes its folder from TMPDIR and its decision about the
 * libraries from a variable of Lambda.
 */
export async function unpack(): Promise<{ executablePath: string; env: Record<string, string> }> {
  const folder = join(tmpdir(), `banhui-chromium-147-${userInfo().uid}`);
  const lock = `${folder}.lock`;
  mkdirSync(folder, { recursive: true });
  await take(lock);
  try {
    const script = `import pack from '@sparticuz/chromium';
      process.stdout.write(await pack.executablePath())`;
    const executablePath = execFileSync(process.execPath, ['--input-type=module', '-e', script], {
      encoding: 'utf8',
      timeout: 60_000,
      env: { ...process.env, TMPDIR: folder, AWS_LAMBDA_JS_RUNTIME: 'nodejs20.x' },
    });
    const libraries = [process.env.LD_LIBRARY_PATH, join(folder, 'al2023', 'lib')].filter(Boolean).join(':');
    const fonts: Record<string, string> = existsSync('/etc/fonts/fonts.conf')
      ? {}
      : { FONTCONFIG_PATH: join(folder, 'fonts') };
    return { executablePath, env: { LD_LIBRARY_PATH: libraries, ...fonts } };
  } finally {
    rmdirSync(lock);
  }
}

/**
 * Two test files may start together; the second waits until the first has unpacked. A lock that was left
 * behind is taken over.
 */
async function take(lock: string): Promise<void> {
  for (let waited = 0; ; waited += 200) {
    try {
      mkdirSync(lock);
      return;
    } catch (error) {
      if (waited > 60_000) return;
      if (!(typeof error === 'object' && error && 'code' in error && error.code === 'EEXIST')) throw error;
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
  }
}

export interface ContextOptions {
  width?: number;
  /** false: a browser without JavaScript. */
  scripts?: boolean;
  theme?: 'light' | 'dark';
  /**
   * For tools that put a script tag into the page. All else runs under the pages' own
   * Content-Security-Policy.
   */
  bypassCSP?: boolean;
  /** What the browser asks for, as long as nobody is signed in. */
  lang?: 'en' | 'zh-CN';
}

/** A window of that person's browser, already signed in. */
export async function contextOf(
  browser: Browser,
  world: World,
  person?: { id: number },
  options: ContextOptions = {},
): Promise<BrowserContext> {
  const context = await browser.newContext({
    baseURL: world.url,
    viewport: { width: options.width ?? 1280, height: 900 },
    bypassCSP: options.bypassCSP ?? false,
    javaScriptEnabled: options.scripts ?? true,
    colorScheme: options.theme ?? 'light',
    // Colours that still fade from one theme into the other would be measured on their way.
    reducedMotion: 'reduce',
    locale: options.lang === 'zh-CN' ? 'zh-CN' : 'en-GB',
  });
  context.setDefaultTimeout(30_000);
  if (person) await context.addCookies([await sessionCookie(world, person)]);
  return context;
}

/** What signing in would put into the browser. */
export async function sessionCookie(
  world: World,
  person: { id: number },
): Promise<{ name: string; value: string; url: string }> {
  return { name: SESSION_COOKIE, value: await openSession(world.db, person.id), url: world.url };
}
