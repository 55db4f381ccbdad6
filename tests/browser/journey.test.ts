import type { Browser, Page } from 'playwright-core';
import { hashPassword } from '../../src/auth/passwords.js';
import { row } from '../../src/lib/db/db.js';
import { translator, type Key, type Values } from '../../src/lib/i18n/translate.js';
import { contextOf, openBrowser } from '../support/browser.js';
import { makeCast, type Cast, type CastPerson } from '../support/cast.js';
import { testWorld, type World } from '../support/world.js';

// One meeting the whole way, by the pages alone: room → invitation → agenda → record → review → approval →
// issue → action → answer accepted. In both languages, and once without JavaScript.

const PASSWORD = 'a long and plain password';
const SAYS = {
  en: {
    title: 'Budget 2031',
    item: 'Draft budget',
    decision: 'The draft is approved in principle.',
    action: 'Revise the draft and submit it',
    answer: 'Revised and submitted; the receipt is filed.',
  },
  'zh-CN': {
    title: '预算专题会',
    item: '审议2031年度预算草案',
    decision: '原则同意预算草案。',
    action: '修改预算草案并报批',
    answer: '已修改并报送，回执已归档。',
  },
} as const;

let browser: Browser;
beforeAll(async () => {
  browser = await openBrowser();
}, 60_000);
afterAll(() => browser?.close());

describe.each([
  ['in English', 'en', true],
  ['in Chinese', 'zh-CN', true],
  ['in English without JavaScript', 'en', false],
] as const)('a meeting goes the whole way %s', (_, lang, scripts) => {
  let world: World;
  let cast: Cast;
  const t = (key: Key, values?: Values) => translator(lang)(key, values);
  beforeAll(async () => {
    world = await testWorld(); // Monday 4 March 2030, 09:00
    cast = await makeCast(world.db);
    await world.owner.raw('update persons set lang = ?', [lang]);
    await world.owner.raw('update accounts set password_hash = ?', [await hashPassword(PASSWORD)]);
  }, 60_000);
  afterAll(() => world?.close());

  const open = new Map<number, Page>();
  afterAll(async () => {
    for (const page of open.values()) await page.context().close();
  });

  /** That person's browser, signed in by the sign-in page. */
  async function as(person: CastPerson): Promise<Page> {
    let page = open.get(person.id);
    if (!page) {
      page = await (await contextOf(browser, world, undefined, { scripts, lang })).newPage();
      open.set(person.id, page);
      await page.goto('/');
      await page.getByLabel(t('auth.field.email')).fill(person.email);
      await page.getByLabel(t('auth.field.password')).fill(PASSWORD);
      await press(page, 'auth.signIn.button');
    }
    await page.goto('/');
    return page;
  }

  /** Presses a button or link of the page's main part and waits for the page behind it. */
  async function press(page: Page, key: Key, values?: Values): Promise<void> {
    const name = t(key, values);
    const button = page
      .locator('main')
      .getByRole('button', { name, exact: false })
      .or(page.locator('main').getByRole('link', { name, exact: false }))
      .first();
    await Promise.all([page.waitForNavigation({ waitUntil: 'load' }), button.click()]);
  }

  async function nextStep(page: Page, step: Key): Promise<void> {
    expect(await page.locator('.next .button').textContent()).toBe(t(step));
    await press(page, step);
  }

  const waiting = (page: Page) => page.locator('section[aria-labelledby=waiting] .row');
  const heading = (page: Page) => page.locator('h1').textContent();
  const says = SAYS[lang];
  let meeting = '';

  const steps: [string, () => Promise<void>][] = [];
  steps.push([
    'books a room from the grid with two clicks and one word',
    async () => {
      const page = await as(cast.organiser);
      await page
        .getByRole('link', { name: t('lib.nav.calendar'), exact: true })
        .first()
        .click();
      await page.waitForURL(/\/calendar/);
      await page.locator('td.is-free a').first().click();
      await page.waitForURL(/\/bookings\/new/);
      await page.locator('#f-title').fill(says.title);
      await page.locator('#f-from').fill('9:30');
      await page.locator('#f-to').fill('10:30');
      await press(page, 'calendar.booking.book');
      const found = await row<{ id: number }>(world.db, 'select id from meetings where title = :title', {
        title: says.title,
      });
      meeting = `/meetings/${found?.id}`;
      await page.goto(meeting);
      expect(await heading(page)).toBe(says.title);
      expect(await page.locator('.page-head').textContent()).toContain('09:30–10:30');
    },
  ]);

  steps.push([
    'invites people and says what it is about',
    async () => {
      const page = await as(cast.organiser);
      await page.goto(meeting);
      await nextStep(page, 'desk.next.people');
      for (const [person, role] of [
        [cast.chair, 'chair'],
        [cast.organiser, 'secretary'],
        [cast.attendee, 'required'],
      ] as const) {
        await page.locator('#f-person').fill(person.email);
        await page.locator('#f-role').selectOption(role);
        await press(page, 'meetings.people.addLabel');
      }
      await page.goto(meeting);
      await nextStep(page, 'desk.next.agenda');
      await page.locator('#f-title').fill(says.item);
      await page.getByLabel(t('agenda.purpose.decision')).check();
      await press(page, 'agenda.page.addLabel');
      await page.goto(meeting);
      await nextStep(page, 'desk.next.invite');
      await world.runJobs();
      await page.goto(meeting);
      expect(await page.locator('.page-head .pill').first().textContent()).toBe(
        t('meetings.state.scheduled'),
      );
    },
  ]);

  steps.push([
    'is answered from Today',
    async () => {
      const page = await as(cast.attendee);
      const invitation = waiting(page).filter({ hasText: says.title });
      expect(await invitation.locator('.pill').textContent()).toBe(t('desk.waiting.reply'));
      await Promise.all([
        page.waitForNavigation(),
        invitation.getByRole('button', { name: t('desk.waiting.yes') }).click(),
      ]);
      expect(await waiting(page).filter({ hasText: says.title }).count()).toBe(0);
      const organiser = await as(cast.organiser);
      await organiser.goto(meeting);
      expect(await organiser.locator('section[aria-labelledby=people]').textContent()).toContain(
        t('desk.meeting.come', { count: 1 }),
      );
    },
  ]);

  steps.push([
    'is held and recorded',
    async () => {
      const page = await as(cast.organiser);
      await page.goto(meeting);
      await nextStep(page, 'desk.next.start');
      await press(page, 'sitting.attendance.allPresent');
      await page.locator('#f-add-text').fill(says.decision);
      await press(page, 'sitting.write.decision');
      await page.locator('#f-add-text').fill(says.action);
      await page.locator('#f-add-lead').fill('attendee@office.example');
      await page.locator('#f-add-due_on').fill('2030-03-11');
      await press(page, 'sitting.write.action');
      expect(await page.locator('.statements').textContent()).toContain(says.decision);
      await press(page, 'sitting.verb.concluded');
      await press(page, 'sitting.end');
      await press(page, 'sitting.end');
      await page.goto(meeting);
      expect(await page.locator('.page-head .pill').first().textContent()).toBe(t('meetings.state.ended'));
    },
  ]);

  steps.push([
    'is reviewed by somebody else, approved by the chair, and issued',
    async () => {
      const page = await as(cast.organiser);
      await page.goto(meeting);
      await nextStep(page, 'desk.next.write');
      await press(page, 'minutes.page.submit');

      const reviewer = await as(cast.reviewer);
      expect(await waiting(reviewer).first().locator('.pill').textContent()).toBe(t('desk.waiting.review'));
      await Promise.all([
        reviewer.waitForNavigation(),
        waiting(reviewer).first().locator('a').first().click(),
      ]);
      await press(reviewer, 'minutes.review.pass');

      const chair = await as(cast.chair);
      expect(await waiting(chair).first().locator('.pill').textContent()).toBe(t('desk.waiting.approve'));
      await Promise.all([chair.waitForNavigation(), waiting(chair).first().locator('a').first().click()]);
      await press(chair, 'minutes.review.approve');

      await page.goto(meeting);
      await nextStep(page, 'desk.next.issue');
      await press(page, 'minutes.circulation.issue');
      await world.runJobs();
      await page.goto(meeting);
      expect(await page.locator('.steps [aria-current=step]').textContent()).toContain(
        t('desk.step.follow_up'),
      );
      expect(await page.locator('section[aria-labelledby=actions]').textContent()).toContain(says.action);
    },
  ]);

  steps.push([
    'is followed up: taken on, answered, and the answer accepted by somebody else',
    async () => {
      const lead = await as(cast.attendee);
      const given = waiting(lead).filter({ hasText: says.action });
      expect(await given.locator('.pill').textContent()).toBe(t('desk.waiting.takeOn'));
      await Promise.all([lead.waitForNavigation(), given.locator('a').first().click()]);
      await press(lead, 'actions.verb.takeOn');
      await press(lead, 'actions.verb.answer');
      await lead.locator('#f-text').fill(says.answer);
      await press(lead, 'actions.answer.send');

      const page = await as(cast.organiser);
      const answered = waiting(page).filter({ hasText: says.action });
      expect(await answered.locator('.pill').textContent()).toBe(t('desk.waiting.accept'));
      await Promise.all([page.waitForNavigation(), answered.locator('a').first().click()]);
      await press(page, 'actions.verb.accept');
      await world.runJobs();

      await page.goto(meeting);
      expect(await page.locator('.steps .is-done').count()).toBe(6);
      expect(await page.locator('section[aria-labelledby=actions]').textContent()).toContain(says.answer);
      expect(await page.locator('.next').textContent()).toContain(t('desk.why.closed'));
    },
  ]);

  steps.push([
    'left every step in the history',
    async () => {
      const page = await as(cast.organiser);
      await page.goto(`${meeting}/history`);
      const history = (await page.locator('.history').textContent()) ?? '';
      for (const key of [
        'audit.meeting.create',
        'audit.participant.add',
        'audit.action.answer',
        'audit.action.close',
      ] as const)
        expect(history).toContain(t(key));
    },
  ]);

  it('from the room to the accepted answer', async () => {
    for (const [name, step] of steps) {
      await step().catch((error: unknown) => {
        throw new Error(`It ${name}: ${error instanceof Error ? error.stack : String(error)}`);
      });
    }
  }, 180_000);
});
