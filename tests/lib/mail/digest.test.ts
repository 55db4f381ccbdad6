import { fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { pino } from 'pino';
import { inTransaction, row, rows } from '../../../src/lib/db/db.js';
import { deliverDue } from '../../../src/lib/mail/deliver.js';
import { layOut } from '../../../src/lib/mail/layout.js';
import { queueDelivery, type NewDelivery } from '../../../src/lib/mail/queue.js';
import { asNotice, noticeKinds, type MailRenderers } from '../../../src/lib/mail/renderer.js';
import { renderers as productRenderers } from '../../../src/worker.js';
import { makeCast, type Cast } from '../../support/cast.js';
import { openSink, type Sink } from '../../support/sink.js';
import { testWorld, type World } from '../../support/world.js';

let world: World;
let cast: Cast;
let sink: Sink;

beforeAll(async () => {
  world = await testWorld();
  cast = await makeCast(world.db);
  sink = await openSink();
});
afterAll(async () => {
  await sink.close();
  await world.close();
});
beforeEach(async () => {
  await world.owner.raw('delete from deliveries');
  sink.received.length = 0;
  sink.delay = 0;
  sink.onRecipient = () => undefined;
  world.config.smtpUrl = sink.url;
  world.clock.advance({ days: 2 });
});

/** Numbers of reminders that can't be made, and of those about which there is nothing to tell any more. */
const broken = new Set<number>();
const over = new Set<number>();
afterEach(() => {
  broken.clear();
  over.clear();
});
const renderers: MailRenderers = {
  'test.letter': () => Promise.resolve({ subject: 'Letter', text: 'x', html: 'x' }),
  'test.reminder': asNotice(({ delivery, t, fmt, now }) => {
    const n = Number(delivery.payload.n);
    if (broken.has(n)) throw new Error('no such action');
    if (over.has(n)) return Promise.resolve({ nothing: 'answered' });
    return Promise.resolve({
      subject: `Reminder ${n}`,
      ...layOut(
        {
          title: `Reminder ${n}`,
          blocks: [
            { kind: 'paragraph', text: `${t('lib.brand')} ${fmt.day(now)}` },
            { kind: 'buttons', buttons: [{ label: 'Open', href: `https://banhui.example/actions/${n}` }] },
          ],
        },
        { lang: delivery.lang, t, fmt },
      ),
    });
  }),
};

const context = () => ({
  db: world.db,
  config: world.config,
  clock: world.clock,
  log: pino({ level: 'silent' }),
});
const deliver = () => deliverDue(context(), renderers);
const remind = (n: number, changes: Partial<NewDelivery> = {}) =>
  inTransaction(world.db, (trx) =>
    queueDelivery(trx, {
      kind: 'test.reminder',
      object: `tests:${n}`,
      personId: cast.attendee.id,
      payload: { n },
      ...changes,
    }),
  );
const remindAll = async (from: number, to: number, changes: Partial<NewDelivery> = {}) => {
  for (let n = from; n <= to; n++) await remind(n, changes);
};
const subjects = (person = cast.attendee) => sink.to(person.email).map((one) => one.mail.subject);
/** Numbers of the reminders in a mail, by their links. */
const linksIn = (text: string | undefined) =>
  [...(text ?? '').matchAll(/actions\/(\d+)/g)].map((match) => Number(match[1]));
const numbers = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, n) => from + n);
interface Line {
  id: number;
  kind: string;
  state: string;
  digest_id: number | null;
  error: string | null;
  frozen_at: Date | null;
}
const lines = (state?: string) =>
  rows<Line>(
    world.db,
    `select id, kind, state, digest_id, error, frozen_at from deliveries
      where kind <> 'mail.digest' and (cast(:state as text) is null or state = :state) order by id`,
    { state: state ?? null },
  );
const digests = () =>
  rows<{ id: number; state: string; is_restricted: boolean; subject: string | null; not_before: Date }>(
    world.db,
    `select id, state, is_restricted, subject, not_before
       from deliveries
       where kind = 'mail.digest'
       order by id`,
  );

describe('notices', () => {
  it('come one by one as long as they are few', async () => {
    await remindAll(1, 10);
    await deliver();
    expect(subjects()).toHaveLength(10);
    expect(await digests()).toEqual([]);
  });

  it('come as one mail when they are many, each with its heading and link, in both languages', async () => {
    await world.db.raw(`update persons set lang = 'en' where id = ?`, [cast.chair.id]);
    await remindAll(1, 25);
    await remindAll(101, 125, { personId: cast.chair.id });
    await deliver();
    const [chinese, ...others] = sink.to(cast.attendee.email);
    const [english, ...more] = sink.to(cast.chair.email);
    expect([...others, ...more]).toEqual([]);
    expect(chinese?.mail.subject).toBe('您有 25 条提醒');
    expect(english?.mail.subject).toBe('25 notices for you');
    expect(chinese?.mail.text).toContain('合并为一封邮件');
    expect(english?.mail.text).toContain('these come as one mail');
    expect(linksIn(chinese?.mail.text)).toEqual(numbers(1, 25));
    expect(linksIn(english?.mail.text)).toEqual(numbers(101, 125));
    expect(chinese?.mail.text).toContain('Reminder 7\n\n办会');
    for (const n of numbers(101, 125)) expect(String(english?.mail.html)).toContain(`>Reminder ${n}</h`);
    expect((await lines('sent')).every((line) => line.digest_id !== null)).toBe(true);
    expect(await lines('sent')).toHaveLength(50);
    expect((await digests()).map(({ state }) => state)).toEqual(['sent', 'sent']);
  });

  it('beyond ten a day wait for each other, an hour at most', async () => {
    await remindAll(1, 10);
    await deliver();
    world.clock.advance({ minutes: 5 });
    await remindAll(11, 13);
    await deliver();
    world.clock.advance({ minutes: 30 });
    await remindAll(14, 15);
    await deliver();
    expect(subjects()).toHaveLength(10);
    world.clock.advance({ minutes: 25 });
    await deliver();
    expect(linksIn(sink.to(cast.attendee.email).at(-1)?.mail.text)).toEqual(numbers(11, 15));
    expect(subjects()).toHaveLength(11);
  });

  it('that are of use for a short time only don’t wait', async () => {
    await remindAll(1, 10);
    await deliver();
    await remind(11);
    await deliver();
    await remind(12, { usefulUntil: new Date(world.clock.now().getTime() + 20 * 60_000) });
    await deliver();
    expect(subjects()).toHaveLength(10);
    world.clock.advance({ minutes: 15 });
    await deliver();
    expect(linksIn(sink.to(cast.attendee.email).at(-1)?.mail.text)).toEqual([11, 12]);
  });

  it('never hold up a letter', async () => {
    await remindAll(1, 25);
    for (let n = 0; n < 30; n++) await remind(n, { kind: 'test.letter', object: `letters:${n}` });
    await deliver();
    expect(subjects().filter((one) => one === 'Letter')).toHaveLength(30);
    await remindAll(26, 26);
    await remind(31, { kind: 'test.letter', object: 'letters:31' });
    await deliver();
    expect(subjects().filter((one) => one === 'Letter')).toHaveLength(31);
  });

  it('of more people than a batch holds are one mail to each', async () => {
    await remindAll(1, 150);
    await remindAll(201, 350, { personId: cast.chair.id });
    await deliver();
    expect(sink.received).toHaveLength(2);
    expect(linksIn(sink.to(cast.attendee.email)[0]?.mail.text)).toEqual(numbers(1, 150));
  });

  it('are one mail with two workers, too', async () => {
    await remindAll(1, 60);
    await Promise.all([deliver(), deliver(), deliver()]);
    expect(sink.received.flatMap((one) => linksIn(one.mail.text)).sort((a, b) => a - b)).toEqual(
      numbers(1, 60),
    );
    expect(sink.received.length).toBeLessThanOrEqual(3);
    expect(await lines('sent')).toHaveLength(60);
  });
});

describe('a digest', () => {
  it('leaves out what there is nothing to tell of any more, and what can’t be made', async () => {
    over.add(3);
    broken.add(4);
    await remindAll(1, 12);
    await deliver();
    expect(linksIn(sink.received[0]?.mail.text)).toEqual([1, 2, 5, 6, 7, 8, 9, 10, 11, 12]);
    expect(await lines('superseded')).toHaveLength(1);
    expect(await lines('waiting')).toMatchObject([{ digest_id: null, error: 'not made: no such action' }]);
    broken.clear();
    world.clock.advance({ seconds: 10 });
    await deliver();
    expect(subjects().at(-1)).toBe('Reminder 4');
  });

  it('is no mail when nothing is left of it', async () => {
    for (const n of numbers(1, 12)) over.add(n);
    await remindAll(1, 12);
    await deliver();
    expect(sink.received).toEqual([]);
    expect((await digests()).map(({ state }) => state)).toEqual(['superseded']);
    expect(await lines('superseded')).toHaveLength(12);
  });

  it('takes what replaces a notice in its place as long as it is not made', async () => {
    await remindAll(1, 10);
    await deliver();
    await remind(11);
    await deliver();
    await remind(11, { revision: 2, payload: { n: 99 } });
    await deliver();
    world.clock.advance({ hours: 1 });
    await deliver();
    expect(subjects().at(-1)).toBe('Reminder 99'); // one notice needs no cover
    expect(subjects()).toHaveLength(11);
  });

  it('that is tried again is the same, and what is newer comes after it', async () => {
    sink.onRecipient = () => ({ code: 451, words: 'try again later' });
    await remindAll(1, 12);
    await deliver();
    await remind(12, { revision: 2, payload: { n: 99 } });
    sink.onRecipient = () => undefined;
    await deliver();
    expect(sink.received).toEqual([]);
    world.clock.advance({ minutes: 1 });
    await deliver();
    expect(linksIn(sink.received[0]?.mail.text)).toEqual(numbers(1, 12));
    expect(await lines('sent')).toHaveLength(13);
    expect(subjects()).toEqual(['您有 12 条提醒', 'Reminder 99']);
  });

  it('that is refused says so of all that it carries, and so does its second try', async () => {
    sink.onRecipient = () => ({ code: 550, words: 'no such mailbox here' });
    await remindAll(1, 12);
    await deliver();
    expect(await lines('failed')).toHaveLength(12);
    sink.onRecipient = () => undefined;
    const [digest] = await digests();
    const admin = await world.agent(cast.administrator);
    await admin.post(`/admin/outbox/${digest?.id}/attempts`).type('form').send({}).expect(303);
    await deliver();
    expect(linksIn(sink.received[0]?.mail.text)).toEqual(numbers(1, 12));
    expect(await lines('sent')).toHaveLength(12);
  });

  it('is one line of the outbox, and hidden when anything in it is', async () => {
    world.config.smtpUrl = '';
    await remindAll(1, 12);
    await deliver();
    const [digest] = await digests();
    const admin = await world.agent(cast.administrator);
    const list = (await admin.get('/admin/outbox')).text;
    expect([...list.matchAll(/\/admin\/outbox\/(\d+)"/g)].map((match) => Number(match[1]))).toEqual([
      digest?.id,
    ]);
    expect((await admin.get(`/admin/outbox/${digest?.id}`)).text).toContain('Reminder 12');
    const [carried] = await lines();
    expect((await admin.get(`/admin/outbox/${carried?.id}`)).text).toContain(`/admin/outbox/${digest?.id}"`);

    await world.owner.raw(`update deliveries set is_restricted = true where id = ?`, [carried?.id ?? 0]);
    expect((await admin.get(`/admin/outbox/${digest?.id}`)).text).not.toContain('Reminder 12');
  });

  it('of restricted matters keeps its subject to itself', async () => {
    world.config.smtpUrl = '';
    await remindAll(1, 11);
    await remind(12, { isRestricted: true });
    await deliver();
    expect(await digests()).toMatchObject([{ is_restricted: true, subject: null }]);
  });
});

describe('a worker that dies', () => {
  beforeEach(() => world.clock.set('2031-01-01T00:00:00Z')); // the clock of worker-once.ts
  const start = () =>
    fork(join(import.meta.dirname, 'worker-once.ts'), [JSON.stringify(world.config)], {
      execArgv: ['--import', 'tsx'],
    });
  const until = async (isSo: () => Promise<boolean>) => {
    while (!(await isSo())) await new Promise((resolve) => setTimeout(resolve, 10));
  };
  const recover = async () => {
    sink.delay = 0;
    await world.db.raw(
      `update deliveries set claimed_until = now() - interval '1 second' where state = 'sending'`,
    );
    await deliver();
    expect((await lines()).map(({ state }) => state)).toEqual(numbers(1, 40).map(() => 'sent'));
  };

  it('while it sends a digest loses nothing and repeats at most the very same mail', async () => {
    sink.delay = 700;
    await remindAll(1, 40);
    const worker = start();
    await until(
      async () => (await row(world.db, `select 1 from deliveries where frozen_at is not null`)) !== undefined,
    );
    await new Promise((resolve) => setTimeout(resolve, 300));
    worker.kill('SIGKILL');
    await once(worker, 'exit');
    await recover();
    await new Promise((resolve) => setTimeout(resolve, 700));
    expect(sink.received.length).toBeGreaterThan(0);
    expect(new Set(sink.received.map((one) => one.raw.toString())).size).toBe(1);
  });

  it('between leasing and sending loses nothing, wherever that is', async () => {
    // A lock stops the worker at each step in turn: before it gathers,
    // and before it marks the digest as made.
    for (const [table, sign] of [
      ['persons', `select 1 from deliveries where state = 'sending'`],
      ['deliveries', `select 1 from deliveries where kind = 'mail.digest'`],
    ] as const) {
      await world.owner.raw('delete from deliveries');
      sink.received.length = 0;
      await remindAll(1, 40);
      const worker = start();
      await world.owner.transaction(async (trx) => {
        if (table === 'persons')
          await trx.raw('select 1 from persons where id = ? for update', [cast.attendee.id]);
        await until(async () => (await row(world.db, sign)) !== undefined);
        worker.kill('SIGKILL');
        await once(worker, 'exit');
      });
      await recover();
      await new Promise((resolve) => setTimeout(resolve, 100));
      const got = sink.received.flatMap((one) => [...(one.mail.text ?? '').matchAll(/Reminder (\d+)/g)]);
      expect(new Set(got.map((match) => match[1])).size).toBe(40);
    }
  });
});

it('only reminders and notices are gathered; nothing that says where to be, and no answer', () => {
  expect(noticeKinds(productRenderers).sort()).toEqual([
    'actions.assigned',
    'actions.blocked',
    'actions.reminder',
    'agenda.proposed',
    'meetings.offerLapsed',
    'meetings.renewal',
    'meetings.unattended',
    'polls.over',
    'polls.reminder',
    'rooms.requestReminder',
  ]);
});
