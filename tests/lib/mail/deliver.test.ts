import { fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { pino } from 'pino';
import { inTransaction, row, rows } from '../../../src/lib/db/db.js';
import { deliverDue } from '../../../src/lib/mail/deliver.js';
import { queueDeliveries, queueDelivery, type NewDelivery } from '../../../src/lib/mail/queue.js';
import type { MailRenderers } from '../../../src/lib/mail/renderer.js';
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
  world.config.smtpUrl = sink.url;
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
});

const renderers: MailRenderers = {
  'test.note': ({ delivery, t }) =>
    Promise.resolve({
      subject: `Note ${delivery.revision}`,
      text: String(delivery.payload.text ?? t('lib.brand')),
      html: `<p>${delivery.revision}</p>`,
    }),
  'test.nothing': () => Promise.resolve({ nothing: 'taken back' }),
  'test.broken': () => Promise.reject(new Error('no such meeting')),
  'auth.test': () => Promise.resolve({ subject: 'Sign in', text: 'x', html: 'x' }),
};

const context = () => ({
  db: world.db,
  config: world.config,
  clock: world.clock,
  log: pino({ level: 'silent' }),
});
const deliver = () => deliverDue(context(), renderers);
const queue = (changes: Partial<NewDelivery> = {}) =>
  inTransaction(world.db, (trx) =>
    queueDelivery(trx, {
      kind: 'test.note',
      object: 'tests:1',
      personId: cast.attendee.id,
      revision: 1,
      ...changes,
    }),
  );
const states = async () =>
  (await rows<{ state: string }>(world.db, 'select state from deliveries order by id')).map(
    (one) => one.state,
  );
const only = async () => {
  const found = await row<{
    id: number;
    state: string;
    attempts: number;
    error: string | null;
    error_code: number | null;
    not_before: Date;
    content: Buffer | null;
    message_id: string;
    subject: string;
  }>(world.db, 'select * from deliveries');
  if (!found) throw new Error('no delivery');
  return found;
};

describe('a queued mail', () => {
  it('reaches the person in their language and leaves no body behind', async () => {
    await queue();
    expect(await deliver()).toEqual({ sent: 1, captured: 0, failed: 0, putBack: 0 });
    const [got] = sink.to(cast.attendee.email);
    expect(got?.mail.subject).toBe('Note 1');
    expect(got?.mail.text?.trim()).toBe('办会');
    expect(got?.mail.to).toMatchObject({ value: [{ address: cast.attendee.email, name: '陈安' }] });
    expect(await only()).toMatchObject({
      state: 'sent',
      content: null,
      subject: 'Note 1',
      message_id: got?.mail.messageId,
    });
  });

  it('does not exist when its change did not happen', async () => {
    await inTransaction(world.db, async (trx) => {
      await queueDelivery(trx, { kind: 'test.note', object: 'tests:1', personId: cast.attendee.id });
      throw new Error('changed my mind');
    }).catch(() => undefined);
    expect(await states()).toEqual([]);
  });

  it('is one, however often the same change is announced', async () => {
    expect(await queue()).toBe(true);
    expect(await queue()).toBe(false);
    await deliver();
    expect(sink.received).toHaveLength(1);
  });

  it('goes to nobody without an address and nobody who was deactivated', async () => {
    await world.db.raw('update persons set email = null where id = ?', [cast.guest.id]);
    await world.db.raw('update persons set deactivated_at = now() where id = ?', [cast.outsider.id]);
    const told = await inTransaction(world.db, (trx) =>
      queueDeliveries(
        trx,
        [cast.guest, cast.outsider, cast.chair].map(({ id }) => ({
          kind: 'test.note',
          object: 'tests:1',
          personId: id,
        })),
      ),
    );
    expect(told).toEqual([cast.chair.id]);
    await world.db.raw('update persons set email = ? where id = ?', [cast.guest.email, cast.guest.id]);
    await world.db.raw('update persons set deactivated_at = null where id = ?', [cast.outsider.id]);
  });

  it('waits until it is due', async () => {
    await queue({ notBefore: new Date(world.clock.now().getTime() + 60_000) });
    await deliver();
    expect(sink.received).toHaveLength(0);
    world.clock.advance({ seconds: 60 });
    await deliver();
    expect(sink.received).toHaveLength(1);
  });

  it('gives way to a newer revision that comes before it went out', async () => {
    await queue({ notBefore: new Date(world.clock.now().getTime() + 60_000) });
    await queue({ revision: 2, notBefore: new Date(world.clock.now().getTime() + 90_000) });
    world.clock.advance({ seconds: 90 });
    await deliver();
    expect(sink.received.map((one) => one.mail.subject)).toEqual(['Note 2']);
    expect(await states()).toEqual(['superseded', 'sent']);
  });

  it('ends quietly when there is nothing left to tell, or it is of no use any more', async () => {
    await queue({ kind: 'test.nothing' });
    await queue({ object: 'tests:2', usefulUntil: new Date(world.clock.now().getTime() - 1_000) });
    await deliver();
    expect(sink.received).toHaveLength(0);
    expect(await states()).toEqual(['superseded', 'superseded']);
  });

  it('is tried again later when it could not be made, and says why', async () => {
    await queue({ kind: 'test.broken' });
    expect(await deliver()).toMatchObject({ putBack: 1 });
    expect(await only()).toMatchObject({ state: 'waiting', error: 'not made: no such meeting' });
  });

  it('of a restricted matter keeps its subject to itself', async () => {
    world.config.smtpUrl = '';
    await queue({ isRestricted: true });
    await deliver();
    expect(await only()).toMatchObject({ state: 'captured', subject: null });
  });
});

describe('without a mail server', () => {
  it('nothing leaves, now or later', async () => {
    delete world.config.smtpUrl;
    await queue();
    expect(await deliver()).toMatchObject({ captured: 1 });
    world.config.smtpUrl = sink.url;
    await deliver();
    expect(sink.received).toHaveLength(0);
    const kept = await only();
    expect(kept.state).toBe('captured');
    expect(kept.content?.includes('Note')).toBe(false); // sealed
  });
});

describe('a mail server in trouble', () => {
  it('that is down loses nothing: 10 s, 30 s, 2 min, 10 min, 30 min, then hourly', async () => {
    world.config.smtpUrl = 'smtp://127.0.0.1:9';
    await queue();
    const pauses: number[] = [];
    for (let n = 0; n < 7; n++) {
      await deliver();
      const { not_before } = await only();
      pauses.push(Math.round((not_before.getTime() - world.clock.now().getTime()) / 1000));
      world.clock.set(not_before);
    }
    expect(pauses).toEqual([10, 30, 120, 600, 1800, 3600, 3600]);
    expect(await only()).toMatchObject({
      state: 'waiting',
      error: expect.stringContaining('ECONNREFUSED') as string,
    });
    world.config.smtpUrl = sink.url;
    await deliver();
    expect(sink.received).toHaveLength(1);
  });

  it('gives up after five days and says so', async () => {
    world.config.smtpUrl = 'smtp://127.0.0.1:9';
    await queue();
    await deliver();
    world.clock.advance({ days: 5, hours: 1 });
    expect(await deliver()).toMatchObject({ failed: 1 });
    expect(await states()).toEqual(['failed']);
  });

  it('is not asked a hundred times when it does not answer at all', async () => {
    world.config.smtpUrl = 'smtp://127.0.0.1:9';
    for (let n = 0; n < 60; n++) await queue({ kind: 'auth.test', object: `tests:${n}` });
    expect(await deliver()).toMatchObject({ putBack: 60 });
  });

  it('that is busy (4xx) gets the same bytes again', async () => {
    sink.onRecipient = () => ({ code: 451, words: 'try again later' });
    await queue();
    await deliver();
    expect(await only()).toMatchObject({
      state: 'waiting',
      error_code: 451,
      error: expect.stringContaining('try again later') as string,
    });
    const { message_id } = await only();
    sink.onRecipient = () => undefined;
    world.clock.advance({ seconds: 10 });
    await world.db.raw(`update deliveries set payload = '{"text":"something else by now"}'`);
    await deliver();
    expect(sink.received[0]?.mail).toMatchObject({ messageId: message_id });
    expect(sink.received[0]?.mail.text?.trim()).toBe('办会');
  });

  it('that refuses one of three (5xx) fails for that one only, with its words', async () => {
    sink.onRecipient = (address) =>
      address === cast.chair.email ? { code: 550, words: 'no such mailbox here' } : undefined;
    for (const { id } of [cast.attendee, cast.chair, cast.organiser]) await queue({ personId: id });
    expect(await deliver()).toMatchObject({ sent: 2, failed: 1 });
    const failed = await row(
      world.db,
      `select person_id, error_code, error from deliveries where state = 'failed'`,
    );
    expect(failed).toMatchObject({
      person_id: cast.chair.id,
      error_code: 550,
      error: expect.stringContaining('no such mailbox here') as string,
    });
  });

  it('that wants to know who we are (530, 535) is our own trouble, not the recipient’s', async () => {
    sink.onRecipient = () => ({ code: 530, words: 'authentication required' });
    await queue();
    expect(await deliver()).toMatchObject({ failed: 0, putBack: 1 });
  });

  it('insists on TLS unless it is told otherwise', async () => {
    world.config.smtpUrl = `${sink.url}?tls=required`;
    await queue();
    expect(await deliver()).toMatchObject({ sent: 0, putBack: 1 });
    expect(sink.received).toHaveLength(0);
    expect((await only()).error).toMatch(/STARTTLS/i);
  });
});

describe('many at once', () => {
  it('two workers send each message once', async () => {
    for (let n = 0; n < 120; n++) await queue({ object: `tests:${n}` });
    const done = await Promise.all([deliver(), deliver(), deliver()]);
    expect(done.reduce((sum, one) => sum + one.sent, 0)).toBe(120);
    expect(sink.received).toHaveLength(120);
  });

  it('nobody gets an older revision after a newer one', async () => {
    sink.delay = 150;
    await queue();
    const first = deliver();
    while ((await states())[0] !== 'sending') await new Promise((resolve) => setTimeout(resolve, 5));
    await queue({ revision: 2 });
    await Promise.all([first, deliver(), deliver()]);
    await deliver();
    expect(sink.received.map((one) => one.mail.subject)).toEqual(['Note 1', 'Note 2']);
    const dates = sink.received.map((one) => one.mail.date?.getTime() ?? 0);
    expect(dates[1]).toBeGreaterThan(dates[0] ?? 0);
  });

  it('a newer mail of one matter waits until the older one is through', async () => {
    sink.onRecipient = () => ({ code: 451, words: 'try again later' });
    await queue();
    await deliver();
    sink.onRecipient = () => undefined;
    await queue({ kind: 'auth.test', method: 'CANCEL', sequence: 1 });
    await queue({ kind: 'auth.test', object: 'tests:2' });
    await queue({ kind: 'auth.test', personId: cast.chair.id });
    expect(await deliver()).toMatchObject({ sent: 2 }); // of another matter, and to somebody else
    expect(await states()).toEqual(['waiting', 'waiting', 'sent', 'sent']);
    sink.received.length = 0;
    world.clock.advance({ seconds: 10 });
    await deliver();
    await deliver();
    expect(sink.received.map((one) => one.mail.subject)).toEqual(['Note 1', 'Sign in']);
  });

  it('one person gets every letter at once, however many there are', async () => {
    for (let n = 0; n < 120; n++) await queue({ object: `tests:${n}` });
    await deliver();
    expect(sink.to(cast.attendee.email)).toHaveLength(120);
  });
});

describe('a worker that dies in the middle', () => {
  it('loses nothing and repeats at most the very same message', async () => {
    sink.delay = 700; // the server has the message; its "yes" never reaches the worker
    await queue();
    const worker = fork(join(import.meta.dirname, 'worker-once.ts'), [JSON.stringify(world.config)], {
      execArgv: ['--import', 'tsx'],
    });
    while ((await states())[0] !== 'sending' || (await only()).message_id === null)
      await new Promise((resolve) => setTimeout(resolve, 20));
    await new Promise((resolve) => setTimeout(resolve, 300));
    worker.kill('SIGKILL');
    await once(worker, 'exit');
    sink.delay = 0;
    await deliver();
    expect(await states()).toEqual(['sending']); // the claim still holds
    await world.db.raw(`update deliveries set claimed_until = now() - interval '1 second'`);
    await deliver();
    expect(await states()).toEqual(['sent']);
    await new Promise((resolve) => setTimeout(resolve, 700));
    expect(sink.received.length).toBeLessThanOrEqual(2);
    expect(new Set(sink.received.map((one) => one.raw.toString())).size).toBe(1);
  });
});

describe('old bodies', () => {
  it('are wiped after 90 days', async () => {
    world.config.smtpUrl = '';
    await queue();
    await deliver();
    const { wipeOld } = await import('../../../src/lib/mail/leases.js');
    expect(await wipeOld(world.db, world.clock.now())).toBe(0);
    world.clock.advance({ days: 91 });
    expect(await wipeOld(world.db, world.clock.now())).toBe(1);
    expect((await only()).content).toBeNull();
  });
});
