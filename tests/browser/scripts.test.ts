import type { Browser, BrowserContext, Page } from 'playwright-core';
import { contextOf, openBrowser } from '../support/browser.js';
import { makeCast, type Cast } from '../support/cast.js';
import { testWorld, type World } from '../support/world.js';

// What scripts add to pages that work without them, in a real browser under the real Content-Security-Policy.

let world: World;
let cast: Cast;
let browser: Browser;
let context: BrowserContext;
let page: Page;
beforeAll(async () => {
  world = await testWorld();
  cast = await makeCast(world.db);
  browser = await openBrowser();
  context = await contextOf(browser, world, cast.organiser);
}, 60_000);
afterAll(async () => {
  await browser?.close();
  await world?.close();
});
beforeEach(async () => {
  page = await context.newPage();
});
afterEach(() => page.close());

const address = () => new URL(page.url()).pathname;

describe('keyboard', () => {
  it.each([
    ['g t', '/'],
    ['g c', '/calendar'],
    ['g m', '/meetings'],
    ['g a', '/actions'],
  ])('%s goes to %s', async (keys, path) => {
    await page.goto(`${world.url}/profile`);
    for (const key of keys.split(' ')) await page.keyboard.press(key);
    await page.waitForURL(`${world.url}${path}`, { waitUntil: 'commit' });
  });

  it('[ and ] turn the day', async () => {
    await page.goto(`${world.url}/calendar?date=2030-03-05`);
    await page.keyboard.press(']');
    await page.waitForURL(/date=2030-03-06/);
    await page.keyboard.press('[');
    await page.waitForURL(/date=2030-03-05/);
  });

  it('? shows the list and hides it again', async () => {
    await page.goto(world.url);
    expect(await page.locator('#keys dl').isVisible()).toBe(false);
    await page.keyboard.press('?');
    expect(await page.locator('#keys dl').isVisible()).toBe(true);
    await page.keyboard.press('?');
    expect(await page.locator('#keys dl').isVisible()).toBe(false);
  });

  it('types letters into fields and does not go anywhere', async () => {
    await page.goto(
      `${world.url}/bookings/new?room=${cast.rooms.orchid}&date=2030-03-05&from=09:00&to=10:00`,
    );
    await page.locator('#f-title').focus();
    await page.keyboard.type('g c n ?');
    expect(await page.locator('#f-title').inputValue()).toBe('g c n ?');
    expect(address()).toBe('/bookings/new');
  });

  it('leaves the keys of an input method and of the browser alone', async () => {
    await page.goto(world.url);
    for (const key of ['g', 'c']) await page.dispatchEvent('body', 'keydown', { key, isComposing: true });
    for (const key of ['g', 'c']) await page.dispatchEvent('body', 'keydown', { key, ctrlKey: true });
    await page.waitForTimeout(150);
    expect(address()).toBe('/');
  });

  it('is silent for who switched it off, and does not offer its list', async () => {
    await world.db.raw('update persons set has_shortcuts = false where id = ?', [cast.organiser.id]);
    await page.goto(world.url);
    for (const key of ['g', 'c', '?']) await page.keyboard.press(key);
    await page.waitForTimeout(150);
    expect(address()).toBe('/');
    expect(await page.locator('#keys').count()).toBe(0);
    await world.db.raw('update persons set has_shortcuts = true where id = ?', [cast.organiser.id]);
  });

  it('Ctrl+Enter sends the form one is in', async () => {
    await page.goto(
      `${world.url}/bookings/new?room=${cast.rooms.orchid}&date=2030-03-07&from=09:00&to=10:00`,
    );
    await page.locator('#f-title').fill('By keyboard alone');
    await page.keyboard.press('Control+Enter');
    await page.waitForURL(/\/meetings\/\d+|\/calendar/);
    expect(await page.textContent('main')).toContain('By keyboard alone');
  });
});

describe('small helps', () => {
  it('shows how a time was understood', async () => {
    await page.goto(
      `${world.url}/bookings/new?room=${cast.rooms.orchid}&date=2030-03-05&from=09:00&to=10:00`,
    );
    for (const [typed, shown] of [
      ['9', '09:00'],
      ['930', '09:30'],
      ['9：30', '09:30'],
      ['1415', '14:15'],
      ['9点半', '09:30'],
      ['2 pm', '14:00'],
      ['99', '99'],
      ['soon', 'soon'],
    ] as const) {
      await page.locator('#f-from').fill(typed);
      await page.locator('#f-from').blur();
      expect(await page.locator('#f-from').inputValue()).toBe(shown);
    }
  });

  it('closes menus with Esc and gives the focus back', async () => {
    await page.goto(world.url);
    const menu = page.locator('.bar .menu');
    await menu.locator('summary').click();
    expect(await menu.locator('.menu-panel').isVisible()).toBe(true);
    await menu.locator('a').first().focus();
    await page.keyboard.press('Escape');
    expect(await menu.locator('.menu-panel').isVisible()).toBe(false);
    expect(await page.evaluate('document.activeElement.tagName')).toBe('SUMMARY');
    await menu.locator('summary').click();
    await page.locator('h1').click();
    expect(await menu.locator('.menu-panel').isVisible()).toBe(false);
  });

  it('sends a form once, however often the button is pressed', async () => {
    await page.goto(
      `${world.url}/bookings/new?room=${cast.rooms.bamboo}&date=2030-03-07&from=09:00&to=10:00`,
    );
    await page.locator('#f-title').fill('Pressed twice');
    let posts = 0;
    page.on('request', (request) => {
      if (request.method() === 'POST') posts += 1;
    });
    await page.evaluate(
      `for (let i = 0; i < 3; i++) document.querySelector('main form .button-primary').click()`,
    );
    await page.waitForURL(/\/meetings\/\d+|\/calendar/);
    expect(posts).toBe(1);
  });

  it('asks before typed text is lost, and not after it was sent', async () => {
    await page.goto(
      `${world.url}/bookings/new?room=${cast.rooms.orchid}&date=2030-03-05&from=09:00&to=10:00`,
    );
    let asked = 0;
    page.on('dialog', (dialog) => {
      asked += 1;
      void dialog.accept();
    });
    await page.locator('#f-title').fill('Half a title');
    await page.goto(world.url);
    expect(asked).toBe(1);
    await page.goto(
      `${world.url}/bookings/new?room=${cast.rooms.orchid}&date=2030-03-05&from=09:00&to=10:00`,
    );
    await page.goto(world.url);
    expect(asked).toBe(1);
  });

  it('puts the focus on what is wrong', async () => {
    await page.goto(
      `${world.url}/bookings/new?room=${cast.rooms.orchid}&date=2030-03-05&from=11:00&to=10:00`,
    );
    await page.locator('#f-title').fill('Backwards');
    await page.locator('#f-from').fill('12:00');
    await page.locator('#f-to').fill('11:00');
    await page.locator('main form .button-primary').click();
    await page.waitForSelector('.error-summary');
    expect(await page.title()).toMatch(/^Error:/);
    expect(await page.evaluate('document.activeElement.className')).toBe('error-summary');
    await page.locator('.error-summary a').first().click();
    expect(await page.evaluate('document.activeElement.tagName')).toBe('INPUT');
  });
});
