import { readFileSync } from 'node:fs';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { contextOf, openBrowser } from '../support/browser.js';
import { makeCast, type Cast } from '../support/cast.js';
import { testWorld, type World } from '../support/world.js';

// From an empty form to an agenda with papers, as a person does it: with a script, and without one.

const PNG = Buffer.from(
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==',
  'base64',
);

let world: World;
let cast: Cast;
let browser: Browser;
beforeAll(async () => {
  world = await testWorld();
  cast = await makeCast(world.db);
  browser = await openBrowser();
}, 60_000);
afterAll(async () => {
  await browser?.close();
  await world?.close();
});

const titles = async (page: Page) =>
  (await page.locator('.agenda-title').allTextContents()).map((text) => text.trim().split(/\s/)[0]);

describe.each([
  ['with a script', true],
  ['without a script', false],
])('%s', (_name, scripts) => {
  let context: BrowserContext;
  let page: Page;
  beforeAll(async () => {
    context = await contextOf(browser, world, cast.organiser, { scripts, width: scripts ? 1280 : 320 });
    page = await context.newPage();
  });
  afterAll(() => context.close());

  it('books a meeting, adds people and items, puts them in order and attaches papers', async () => {
    await page.goto('/meetings/new');
    await page.fill('#f-title', 'Budget 2031');
    await page.fill('#f-on', scripts ? '2030-03-05' : '2030-03-06');
    await page.fill('#f-from', '9');
    await page.fill('#f-to', '10点半');
    await page.selectOption('#f-rooms', { label: 'Orchid · 12 seats' });
    await page.locator('main button.button-primary').click();
    await page.waitForURL(/\/meetings\/\d+$/);
    const here = new URL(page.url()).pathname;
    expect(await page.locator('.page-head').textContent()).toContain('09:00–10:30');

    await page.goto(`${here}/people`);
    await page.fill('#f-person', 'Zhou Zheng');
    await page.selectOption('#f-role', 'chair');
    await page.locator('main .card button.button-primary').click();
    expect(await page.locator('tbody').textContent()).toContain('Zhou Zheng');

    for (const title of ['First', 'Second', 'Third']) {
      await page.goto(`${here}/agenda`);
      await page.fill('#f-title', title);
      await page.locator('form[action$="/agenda"] button.button-primary').click();
      await page.waitForLoadState();
    }
    expect(await titles(page)).toEqual(['First', 'Second', 'Third']);
    if (scripts) {
      const third = await page.locator('.agenda-no').nth(2).boundingBox();
      const first = await page.locator('.agenda-no').nth(0).boundingBox();
      if (!third || !first) throw new Error('the agenda is not shown');
      await page.mouse.move(third.x + 5, third.y + 5);
      await page.mouse.down();
      await page.mouse.move(first.x + 5, first.y - 2, { steps: 8 });
      await Promise.all([page.waitForNavigation(), page.mouse.up()]);
    } else {
      await page.locator('.agenda-item').nth(2).locator('button', { hasText: 'Up' }).click();
      await page.locator('.agenda-item').nth(1).locator('button', { hasText: 'Up' }).click();
    }
    expect(await titles(page)).toEqual(['Third', 'First', 'Second']);

    await page.locator('.agenda-item').first().getByRole('link', { name: 'Attach papers' }).click();
    await page.setInputFiles('#f-files', [
      { name: '平面图.png', mimeType: 'image/png', buffer: PNG },
      { name: 'note.txt', mimeType: 'text/plain', buffer: Buffer.from('a note') },
    ]);
    await page.locator('main button.button-primary').click();
    await page.waitForURL(/\/agenda$/);
    const [download] = await Promise.all([
      page.waitForEvent('download'),
      page.getByRole('link', { name: '平面图.png', exact: true }).click(),
    ]);
    expect(download.suggestedFilename()).toBe('平面图.png');
    expect(readFileSync(await download.path()).equals(PNG)).toBe(true);
  }, 60_000);

  it('plans a standing meeting; only the fields of the chosen rule are in the way', async () => {
    await page.goto('/series/new');
    expect(await page.locator('#f-month_day').isVisible()).toBe(!scripts);
    await page.selectOption('#f-frequency', 'monthly_date');
    expect(await page.locator('#f-month_day').isVisible()).toBe(true);
    expect(await page.locator('#f-weekday').isVisible()).toBe(!scripts);
    await page.fill('#f-name', scripts ? 'Monthly board' : 'Monthly circle');
    await page.fill('#f-month_day', scripts ? '11' : '12');
    await page.fill('#f-from', '14');
    await page.fill('#f-to', '15');
    await page.fill('#f-until_on', '2030-06-30');
    await page.selectOption('#f-rooms', { label: 'Orchid · 12 seats' });
    await page.fill('#f-members', 'Chen An\nZhou Zheng');
    await page.locator('main button.button-primary').click();
    // The 11th and 12th of May 2030 are a Saturday and a Sunday: the room is closed.
    expect(await page.locator('main').textContent()).toMatch(/is closed/);
    const closed = page.locator('tbody tr', { has: page.locator('.bad') }).first();
    await closed.locator('select').selectOption('skip');
    await closed.locator('input[name=reason]').fill('Weekend');
    await page.locator('main button.button-primary').click();
    await page.waitForURL(/\/series\/\d+$/);
    expect(await page.locator('main').textContent()).toMatch(
      /no\. 1[\s\S]*no\. 2[\s\S]*Weekend[\s\S]*no\. 3/,
    );
  }, 60_000);
});
