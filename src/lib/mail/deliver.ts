import { randomUUID } from 'node:crypto';
import { translator } from '../i18n/translate.js';
import type { JobContext } from '../jobs/job.js';
import { format } from '../time/format.js';
import {
  finish,
  keepLease,
  leaseDue,
  putBack,
  storeFrozen,
  tidyQueue,
  type Freezing,
  type Leased,
} from './leases.js';
import { DIGEST, gatherNotices, renderDigest } from './digest.js';
import {
  composeMessage,
  envelopeOf,
  freeze,
  newMessageId,
  UnsendableMail,
  type Frozen,
  type FrozenMail,
} from './message.js';
import {
  noticeKinds,
  rendererOf,
  type MailRenderers,
  type NothingToSend,
  type RenderedMail,
} from './renderer.js';
import { seal, unseal } from './seal.js';
import { CONNECTIONS, createSender, refusalOf, type Refusal, type Sender } from './transport.js';

const BATCH = 100;
/** A lease older than this is renewed before the next message. */
const RENEW_AFTER = 60_000;

export interface Delivered {
  sent: number;
  captured: number;
  failed: number;
  putBack: number;
}

/** One batch on its way. */
interface Batch {
  context: JobContext;
  renderers: MailRenderers;
  /** Undefined: nothing leaves. */
  sender: Sender | undefined;
  lease: string;
  total: Delivered;
}

/**
 * Sends everything that is due. Without SMTP_URL nothing leaves: messages are rendered and captured for the
 * Outbox, for good. Any number of workers may do this at once.
 */
export async function deliverDue(context: JobContext, renderers: MailRenderers): Promise<Delivered> {
  const sender = context.config.smtpUrl ? createSender(context.config.smtpUrl) : undefined;
  const total: Delivered = { sent: 0, captured: 0, failed: 0, putBack: 0 };
  try {
    await tidyQueue(context.db, context.clock.now());
    for (;;) {
      const lease = randomUUID();
      const leased = await leaseDue(context.db, lease, context.clock.now(), BATCH);
      if (leased.length === 0) return total;
      await deliverBatch({ context, renderers, sender, lease, total }, leased);
    }
  } finally {
    sender?.close();
  }
}

async function deliverBatch(batch: Batch, leased: Leased[]): Promise<void> {
  const { context, renderers, lease, total } = batch;
  const now = context.clock.now();
  const gathered = await gatherNotices(context.db, { lease, now, kinds: noticeKinds(renderers) }, leased);
  const single = leased.filter((one) => !gathered.has(one.id));
  const frozen = await freezeBatch(batch, single);
  if (batch.sender) return sendBatch(batch, batch.sender, frozen);
  for (const { id } of frozen) await finish(context.db, { lease, id, now: context.clock.now() }, 'captured');
  total.captured += frozen.length;
}

interface Ready extends Frozen {
  isLast: boolean;
}

/** Renders what is not rendered yet and stores it, before anything of the batch is tried. */
async function freezeBatch(batch: Batch, leased: Leased[]): Promise<Ready[]> {
  const { context, lease } = batch;
  const once = memo();
  const ready: Ready[] = [];
  const fresh: Freezing[] = [];
  for (const delivery of leased) {
    const known = thaw(context, delivery);
    const mail = known?.mail ?? (await makeMail(batch, delivery, once));
    if (!mail) continue;
    const messageId = delivery.message_id ?? newMessageId(context.config);
    ready.push(known ?? readyOf(delivery, messageId, mail));
    if (known) continue;
    fresh.push({
      id: delivery.id,
      messageId,
      stampedAt: delivery.stamped_at,
      subject: delivery.is_restricted ? null : mail.subject,
      content: seal(context.config.secretKey, messageId, Buffer.from(JSON.stringify(mail))),
    });
  }
  await storeFrozen(context.db, lease, context.clock.now(), fresh);
  return ready;
}

/** @returns undefined when there is nothing to send, or it could not be made; the delivery is settled then */
async function makeMail(
  batch: Batch,
  delivery: Leased,
  once: ReturnType<typeof memo>,
): Promise<FrozenMail | undefined> {
  const { context, lease } = batch;
  const { id, kind } = delivery;
  try {
    const rendered = await render(batch, delivery, once);
    if (!('nothing' in rendered)) return freeze(rendered, delivery);
    await finish(context.db, { lease, id, now: context.clock.now() }, 'superseded');
  } catch (error) {
    context.log.error({ err: error, delivery: id, kind }, 'a mail could not be made');
    const words = `not made: ${String(error instanceof Error ? error.message : error)}`;
    await settle(batch, id, { code: null, words, isFinal: delivery.is_last });
  }
  return undefined;
}

function readyOf(delivery: Leased, messageId: string, mail: FrozenMail): Ready {
  const { id, to_address, to_name, method, stamped_at } = delivery;
  return {
    id,
    to_address,
    to_name,
    method,
    stamped_at,
    message_id: messageId,
    mail,
    isLast: delivery.is_last,
  };
}

/**
 * What was frozen earlier. Undefined when it was not, or SECRET_KEY is another one by now: then it is made
 * again under the same Message-ID.
 */
function thaw(context: JobContext, delivery: Leased): Ready | undefined {
  if (!delivery.message_id || !delivery.content) return undefined;
  const mail = readFrozen(context.config.secretKey, delivery.message_id, delivery.content);
  return mail ? readyOf(delivery, delivery.message_id, mail) : undefined;
}

/** The message inside a delivery's sealed content. */
export function readFrozen(secretKey: string, messageId: string, content: Buffer): FrozenMail | undefined {
  const plain = unseal(secretKey, messageId, content);
  return plain ? (JSON.parse(plain.toString()) as FrozenMail) : undefined;
}

async function render(
  { context, renderers }: Batch,
  delivery: Leased,
  once: ReturnType<typeof memo>,
): Promise<RenderedMail | NothingToSend> {
  const it = {
    db: context.db,
    config: context.config,
    delivery,
    t: translator(delivery.lang),
    fmt: format(delivery.lang, delivery.zone),
    now: context.clock.now(),
    once,
  };
  return delivery.kind === DIGEST ? renderDigest(it, renderers) : rendererOf(renderers, delivery.kind)(it);
}

function memo() {
  const loaded = new Map<string, Promise<unknown>>();
  return <T>(key: string, load: () => Promise<T>): Promise<T> => {
    let value = loaded.get(key) as Promise<T> | undefined;
    if (!value) loaded.set(key, (value = load()));
    return value;
  };
}

async function sendBatch(batch: Batch, sender: Sender, frozen: Ready[]): Promise<void> {
  const leasedAt = Date.now();
  const waiting = [...frozen];
  let trouble: Refusal | undefined;
  const work = async () => {
    for (let one = waiting.shift(); one; one = waiting.shift()) {
      const mustRenew = Date.now() - leasedAt > RENEW_AFTER;
      const refusal = trouble ?? (await trySending(batch, sender, one, mustRenew));
      if (refusal === 'taken over') continue;
      // A server that can't be reached need not be asked again for each of a hundred messages.
      if (refusal && refusal.code === null && !refusal.isFinal) trouble = { ...refusal, isUnclear: false };
      await settle(batch, one.id, refusal && { ...refusal, isFinal: refusal.isFinal || one.isLast });
    }
  };
  await Promise.all(Array.from({ length: CONNECTIONS }, work));
}

async function trySending(
  { context, lease }: Batch,
  sender: Sender,
  one: Ready,
  mustRenew: boolean,
): Promise<Refusal | 'taken over' | undefined> {
  if (mustRenew && !(await keepLease(context.db, lease, one.id))) return 'taken over';
  try {
    await sender.send(await composeMessage(context.config, one), envelopeOf(context.config, one));
    return undefined;
  } catch (error) {
    return error instanceof UnsendableMail
      ? { code: null, words: error.message, isFinal: true }
      : refusalOf(error);
  }
}

async function settle(
  { context, lease, total }: Batch,
  id: number,
  refusal: Refusal | undefined,
): Promise<void> {
  const attempt = { lease, id, now: context.clock.now() };
  if (!refusal) {
    await finish(context.db, attempt, 'sent');
    total.sent += 1;
  } else if (refusal.isFinal) {
    await finish(context.db, attempt, 'failed', refusal);
    total.failed += 1;
  } else {
    await putBack(context.db, attempt, refusal);
    total.putBack += 1;
  }
}
