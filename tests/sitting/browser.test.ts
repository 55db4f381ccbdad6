import type { Browser, Page } from 'playwright-core';
import { contextOf, openBrowser } from '../support/browser.js';
import { makeCast, type Cast } from '../support/cast.js';
import { testWorld, type World } from '../support/world.js';
import { makeSitting, statementsOf, type Sitting } from './scene.js';

// Writing the record in a real browser: what the script saves by itself, and what two who write at once see.

let world: World;
let cast: Cast;
let browser: Browser;
let sitting: Sitting;
let page: Page;

beforeAll(async () => {
  world = await testWorld();
  cast = await makeCast(world.db);
  browser = await openBrowser();
}, 60_000);
afterAll(async () => {
  await browser?.close();
  await world?.close();
});
beforeEach(async () => {
  sitting = await makeSitting(world.db, cast, { isStanding: true });
  await (
    await world.agent(cast.secretary)
  )
    .post(`/meetings/${sitting.id}/start`)
    .type('form')
    .send({})
    .expect(303);
  page = await (await contextOf(browser, world, cast.secretary)).newPage();
  await page.goto(write());
});
afterEach(() => page.context().close());

const write = (more = '') => `/meetings/${sitting.id}/minutes/write?item=${sitting.items[0]}${more}`;
const texts = async () =>
  (await statementsOf(world.db, sitting.id)).filter((one) => !one.is_deleted).map((one) => one.text);
const saved = (of: Page = page) =>
  of
    .locator('#saved')
    .filter({ hasText: /^Saved \d\d:\d\d$/ })
    .waitFor();

test('what is typed is saved without a button, survives a reload, and becomes a statement once', async () => {
  await page.locator('#f-add-text').pressSequentially('Costs fall by 12 %.');
  await saved();
  expect(await texts()).toEqual(['Costs fall by 12 %.']);
  await page.reload();
  expect(await page.locator('#f-add-text').inputValue()).toBe('Costs fall by 12 %.');
  await page.locator('#f-add-text').fill('Costs fall by 12 %, at last.');
  await page.getByRole('button', { name: 'Add decision' }).click();
  await page.locator('#statements .statement-decision').waitFor();
  expect(await page.locator('#f-add-text').inputValue()).toBe('');
  expect(await statementsOf(world.db, sitting.id)).toMatchObject([
    { text: 'Costs fall by 12 %, at last.', kind: 'resolved', is_draft: false },
  ]);
});

test('text of one item does not turn up in the field of another', async () => {
  await page.locator('#f-add-text').fill('About the budget');
  await page.goto(write().replace(String(sitting.items[0]), String(sitting.items[1])));
  expect(await page.locator('#f-add-text').inputValue()).toBe('');
  await page.goto(write());
  expect(await page.locator('#f-add-text').inputValue()).toBe('About the budget');
});

test('two windows on one statement: the second is told, keeps its text, and sees both', async () => {
  await page.locator('#f-add-text').fill('The meeting agreed.');
  await page.getByRole('button', { name: 'Add note' }).click();
  const [statement] = await statementsOf(world.db, sitting.id);
  const other = await (await contextOf(browser, world, cast.chair)).newPage();
  await Promise.all([
    page.goto(write(`&edit=${statement?.id}`)),
    other.goto(write(`&edit=${statement?.id}`)),
  ]);
  await other.locator('#f-edit-text').fill('The meeting agreed in principle.');
  await saved(other);
  await page.locator('#f-edit-text').fill('The meeting agreed, with conditions.');
  await page.locator('#saved').filter({ hasText: 'Somebody else changed this' }).waitFor();
  await page.getByRole('button', { name: 'Save' }).click();
  await page.getByRole('heading', { name: 'Two texts of the same statement' }).waitFor();
  expect(await page.locator('section.card').innerText()).toContain('The meeting agreed in principle.');
  expect(await page.locator('textarea').inputValue()).toBe('The meeting agreed, with conditions.');
  expect(await texts()).toEqual(['The meeting agreed in principle.']);
  await page.getByRole('button', { name: 'Keep both' }).click();
  await page.locator('#statements').waitFor();
  expect(await texts()).toEqual(['The meeting agreed in principle.', 'The meeting agreed, with conditions.']);
  await other.context().close();
});

test('saving by the button right after typing is no clash with oneself', async () => {
  await page.locator('#f-add-text').fill('Agreed.');
  await page.getByRole('button', { name: 'Add note' }).click();
  const [statement] = await statementsOf(world.db, sitting.id);
  await page.goto(write(`&edit=${statement?.id}`));
  await page.locator('#f-edit-text').fill('Agreed by all.');
  await saved();
  await page.locator('#f-edit-text').press('End');
  await page.locator('#f-edit-text').pressSequentially(' Twice.');
  await page.getByRole('button', { name: 'Save' }).click();
  await page.locator(`#statement-${statement?.id}`).filter({ hasText: 'Agreed by all. Twice.' }).waitFor();
  expect(await texts()).toEqual(['Agreed by all. Twice.']);
});

test('a sign-in that lapses while one writes loses nothing', async () => {
  await world.db.raw(`update sessions set expires_at = now() where person_id = ?`, [cast.secretary.id]);
  await page.locator('#f-add-text').fill('Said after the sign-in had lapsed.');
  await page.locator('#saved').filter({ hasText: 'signed out' }).waitFor();
  expect(await page.locator('#f-add-text').inputValue()).toBe('Said after the sign-in had lapsed.');
});

test('a lead is suggested while one types, those at the meeting before anything is typed', async () => {
  await page.locator('#f-add-text').fill('Report on it.');
  await page.getByRole('button', { name: 'Add action' }).click();
  const lead = page.locator('#f-edit-lead');
  const offered = async () => {
    const options = await page.locator('#f-edit-lead-found option').all();
    return Promise.all(options.map((option) => option.getAttribute('value')));
  };
  const here = await offered();
  expect(here).toContain('Chen An <attendee@office.example>');
  expect(here).not.toContain('Wei Ran <outsider@office.example>');
  await lead.fill('Wei');
  await page.locator('#f-edit-lead-found option[value^="Wei Ran"]').waitFor({ state: 'attached' });
  expect(await offered()).toEqual([...here, 'Wei Ran <outsider@office.example>']);
  // What is half typed is told, the rest is saved.
  await page.locator('#f-edit-text').fill('Report on it in March.');
  await page
    .locator('#saved')
    .filter({ hasText: /^Saved \d\d:\d\d · Nobody called “Wei” was found$/ })
    .waitFor();
  expect(await texts()).toEqual(['Report on it in March.']);
  await lead.fill('Wei Ran <outsider@office.example>');
  await saved();
});

test('without a script everything is written by buttons', async () => {
  const plain = await (await contextOf(browser, world, cast.secretary, { scripts: false })).newPage();
  await plain.goto(write());
  await plain.locator('#f-add-text').fill('Report on it.');
  await plain.locator('#f-add-lead').fill('Chen An');
  await plain.locator('#f-add-due_on').fill('2030-03-20');
  await plain.getByRole('button', { name: 'Add action' }).click();
  expect(await plain.locator('#statements').innerText()).toMatch(/Chen An\s+by Wed 20 Mar/);
  await plain.getByRole('button', { name: 'All others present' }).click();
  expect(await plain.locator('#attendance .count').innerText()).toBe('4 of 4');
  await plain.getByRole('button', { name: 'Conclude, next item' }).click();
  expect(await plain.locator('#write h2').innerText()).toMatch(/^2\. Follow-up/);
  await plain.getByRole('link', { name: 'End meeting' }).click();
  await plain.getByRole('button', { name: 'End meeting' }).click();
  expect(new URL(plain.url()).pathname).toBe(`/meetings/${sitting.id}/minutes`);
  await plain.context().close();
});
