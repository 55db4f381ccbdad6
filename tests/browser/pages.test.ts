import { readFileSync } from 'node:fs';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { makeSample } from '../../src/sample/make.js';
import { routes } from '../../src/app.js';
import { contextOf, openBrowser, sessionCookie } from '../support/browser.js';
import { addressesOf, NOT_PAGES, type Address } from '../support/pages.js';
import { testWorld, type World } from '../support/world.js';

// Every page of the product, filled with the sample office: axe finds nothing, nothing scrolls sideways at
// 320 px, no script fails and nothing is refused by the Content-Security-Policy; in both languages, light and
// dark, 1280 and 320 px.

// Nobody reads the HTML that axe would copy from every element it looked at: a sixth of its time.
const AXE = `${readFileSync(require.resolve('axe-core/axe.min.js'), 'utf8')}
axe.configure({ noHtml: true });`;
const TAGS = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];
const OPTIONS = { runOnly: TAGS, resultTypes: ['violations'], preload: false };
const AT_ONCE = 2;
type View = readonly [width: number, theme: 'light' | 'dark'];

let world: World;
let browser: Browser;
let addresses: Address[];
beforeAll(async () => {
  world = await testWorld();
  await makeSample(world.db, { password: 'look around here', clock: world.clock, config: world.config });
  addresses = await addressesOf(world.db, world.config);
  browser = await openBrowser();
}, 60_000);
afterAll(async () => {
  await browser?.close();
  await world?.close();
});

it('knows an address for every page there is', () => {
  const listed = new Set(addresses.map(({ path }) => path));
  const pages = routes.filter(({ method }) => method === 'get').map(({ path }) => path);
  expect(pages.filter((path) => !listed.has(path) && !(path in NOT_PAGES))).toEqual([]);
  expect(Object.keys(NOT_PAGES).filter((path) => !pages.includes(path))).toEqual([]);
});

interface Seen {
  violations: string[];
  /** By how much the page is wider than the window. */
  over: number;
}

/** The theme is one attribute, written by the server; changing it here spares half of the page loads. */
function see(page: Page, theme: string): Promise<Seen> {
  return page.evaluate(`(async () => {
    document.documentElement.dataset.theme = '${theme}';
    const { violations } = await axe.run(document, ${JSON.stringify(OPTIONS)});
    return {
      violations: violations.map(({ id, nodes }) => id + ': ' + nodes.slice(0,
        3).map(({ target,
          failureSummary }) => target.join(' ') + ' ' + failureSummary.split('\\n')[1]).join(' | ')),
      over: document.documentElement.scrollWidth - document.documentElement.clientWidth,
    };
  })()`);
}

/** Makes the window that of another person; the files of the frame stay in its cache. */
async function become(context: BrowserContext, person: number | null): Promise<void> {
  await context.clearCookies();
  if (person !== null) await context.addCookies([await sessionCookie(world, { id: person })]);
}

/**
 * A window that looks at one address after the other: a new one for each would be a new process, with axe
 * sent to it again.
 */
async function openEye(
  context: BrowserContext,
): Promise<(address: string, views: readonly View[]) => Promise<string[]>> {
  const page = await context.newPage();
  await page.addInitScript(AXE);
  let found: string[] = [];
  page.on('pageerror', (error) => found.push(`script: ${error.message}`));
  page.on('console', (message) => {
    if (message.type() === 'error' && !/the server responded with a status of/.test(message.text()))
      found.push(`console: ${message.text()}`);
  });
  return async (address, views) => {
    found = [];
    await page.setViewportSize({ width: views[0]?.[0] ?? 1280, height: 900 });
    const answer = await page.goto(address);
    if (!answer || answer.status() >= 400) found.push(`status ${answer?.status()}`);
    for (const [width, theme] of views) {
      if (page.viewportSize()?.width !== width) await page.setViewportSize({ width, height: 900 });
      const { violations, over } = await see(page, theme);
      found.push(...violations.map((what) => `${width} px, ${theme}: ${what}`));
      if (over > 0) found.push(`${width} px: scrolls sideways by ${over}`);
    }
    return found.map((what) => `${address} ${what}`);
  };
}

// Each page is seen in both languages, both themes and both widths, in the four ways in which they can't hide
// each other.
describe.each([
  [
    'en',
    [
      [1280, 'light'],
      [320, 'dark'],
    ],
  ],
  [
    'zh-CN',
    [
      [1280, 'dark'],
      [320, 'light'],
    ],
  ],
] as const)('every page in %s', (lang, views) => {
  it('is accessible and fits, light and dark, wide and narrow', async () => {
    await world.owner.raw('update persons set lang = ?', [lang]);
    const found: string[] = [];
    const left = [...addresses];
    const work = async () => {
      const context = await contextOf(browser, world, undefined, { lang });
      const look = await openEye(context);
      for (let next = left.shift(); next; next = left.shift()) {
        await become(context, next.as);
        found.push(...(await look(next.address, views)));
      }
      await context.close();
    };
    await Promise.all(Array.from({ length: AT_ONCE }, work));
    expect(found).toEqual([]);
  }, 600_000);
});
