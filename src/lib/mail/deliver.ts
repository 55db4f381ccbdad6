import { randomUUID } from 'node:crypto';
import { translator } from '../i18n/translate.js';
import type { JobContext } from '../jobs/job.js';
import { format } from '../time/format.js';
import {
  claimDue,
  finish,
  holdBackFloods,
  keepClaim,
  putBack,
  storeFrozen,
  tidyQueue,
  type Claimed,
  type Freezing,
} from './leases.js';
import {
  composeMessage,
  envelopeOf,
  freeze,
  newMessageId,
  UnsendableMail,
  type Frozen,
  type FrozenMail,
} from './message.js';
import type { MailRenderers, NothingToSend, RenderedMail } from './renderer.js';
import { seal, unseal } from './seal.js';
import { CONNECTIONS, createSender, refusalOf, type Refusal, type Sender } from './transport.js';

const BATCH = 100;
/** A claim older than this is renewed before the next message. */
const RENEW_AFTER = 60_000;

export interface Delivered {
  sent: number;
  captured: number;
  failed: number;
  putBack: number;
}

/**
 * Sends everything that is due. Without SMTP_URL nothing leaves: messages are rendered and captured for the Outbox, for good.
 * Any number of workers may do this at once.
 */
export async function deliverDue(context: JobContext, renderers: MailRenderers): Promise<Delivered> {
  const sender = context.config.smtpUrl ? createSender(context.config.smtpUrl) : undefined;
  const total: Delivered = { sent: 0, captured: 0, failed: 0, putBack: 0 };
  try {
    await tidyQueue(context.db, context.clock.now());
    for (;;) {
      const claim = randomUUID();
      const claimed = await claimDue(context.db, claim, context.clock.now(), BATCH);
      if (claimed.length === 0) return total;
      await deliverBatch(context, renderers, sender, claim, claimed, total);
    }
  } finally {
    sender?.close();
  }
}

async function deliverBatch(
  context: JobContext,
  renderers: MailRenderers,
  sender: Sender | undefined,
  claim: string,
  claimed: Claimed[],
  total: Delivered,
): Promise<void> {
  const allowed = sender
    ? await holdBackFloods(context.db, claim, context.clock.now(), claimed)
    : new Set(claimed.map((one) => one.id));
  const frozen = await freezeBatch(
    context,
    renderers,
    claim,
    claimed.filter((one) => allowed.has(one.id)),
    total,
  );
  if (!sender) {
    for (const { id } of frozen) await finish(context.db, claim, context.clock.now(), id, 'captured');
    total.captured += frozen.length;
    return;
  }
  await sendBatch(context, sender, claim, frozen, total);
}

interface Ready extends Frozen {
  isLast: boolean;
}

/** Renders what is not rendered yet and stores it, before anything of the batch is tried. */
async function freezeBatch(
  context: JobContext,
  renderers: MailRenderers,
  claim: string,
  claimed: Claimed[],
  total: Delivered,
): Promise<Ready[]> {
  const once = memo();
  const ready: Ready[] = [];
  const fresh: Freezing[] = [];
  for (const delivery of claimed) {
    const known = thaw(context, delivery);
    if (known) {
      ready.push(known);
      continue;
    }
    try {
      const rendered = await render(context, renderers, delivery, once);
      if ('nothing' in rendered) {
        await finish(context.db, claim, context.clock.now(), delivery.id, 'superseded');
        continue;
      }
      const messageId = delivery.message_id ?? newMessageId(context.config);
      const mail = freeze(rendered, delivery);
      fresh.push({
        id: delivery.id,
        messageId,
        stampedAt: delivery.stamped_at,
        subject: delivery.is_restricted ? null : mail.subject,
        content: seal(context.config.secretKey, messageId, Buffer.from(JSON.stringify(mail))),
      });
      ready.push(readyOf(delivery, messageId, mail));
    } catch (error) {
      context.log.error(
        { err: error, delivery: delivery.id, kind: delivery.kind },
        'a mail could not be made',
      );
      await settle(
        context,
        claim,
        delivery.id,
        {
          code: null,
          words: `not made: ${String(error instanceof Error ? error.message : error)}`,
          isFinal: delivery.is_last,
        },
        total,
      );
    }
  }
  await storeFrozen(context.db, claim, context.clock.now(), fresh);
  return ready;
}

function readyOf(delivery: Claimed, messageId: string, mail: FrozenMail): Ready {
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

/** What was frozen earlier; undefined when it was not, or SECRET_KEY is another one by now (then it is made again under the same Message-ID). */
function thaw(context: JobContext, delivery: Claimed): Ready | undefined {
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
  context: JobContext,
  renderers: MailRenderers,
  delivery: Claimed,
  once: ReturnType<typeof memo>,
): Promise<RenderedMail | NothingToSend> {
  const renderer = renderers[delivery.kind];
  if (!renderer) throw new Error(`no renderer for ${delivery.kind}`);
  return renderer({
    db: context.db,
    config: context.config,
    delivery,
    t: translator(delivery.lang),
    fmt: format(delivery.lang, delivery.zone),
    now: context.clock.now(),
    once,
  });
}

function memo() {
  const loaded = new Map<string, Promise<unknown>>();
  return <T>(key: string, load: () => Promise<T>): Promise<T> => {
    let value = loaded.get(key) as Promise<T> | undefined;
    if (!value) loaded.set(key, (value = load()));
    return value;
  };
}

async function sendBatch(
  context: JobContext,
  sender: Sender,
  claim: string,
  frozen: Ready[],
  total: Delivered,
): Promise<void> {
  const claimedAt = Date.now();
  const waiting = [...frozen];
  let trouble: Refusal | undefined;
  const work = async () => {
    for (let one = waiting.shift(); one; one = waiting.shift()) {
      const refusal =
        trouble ?? (await trySending(context, sender, claim, one, Date.now() - claimedAt > RENEW_AFTER));
      if (refusal === 'taken over') continue;
      // A server that can't be reached need not be asked again for each of a hundred messages.
      if (refusal && refusal.code === null && !refusal.isFinal) trouble = { ...refusal, isUnclear: false };
      await settle(
        context,
        claim,
        one.id,
        refusal && { ...refusal, isFinal: refusal.isFinal || one.isLast },
        total,
      );
    }
  };
  await Promise.all(Array.from({ length: CONNECTIONS }, work));
}

async function trySending(
  context: JobContext,
  sender: Sender,
  claim: string,
  one: Ready,
  renew: boolean,
): Promise<Refusal | 'taken over' | undefined> {
  if (renew && !(await keepClaim(context.db, claim, one.id))) return 'taken over';
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
  context: JobContext,
  claim: string,
  id: number,
  refusal: Refusal | undefined,
  total: Delivered,
): Promise<void> {
  if (!refusal) {
    await finish(context.db, claim, context.clock.now(), id, 'sent');
    total.sent += 1;
  } else if (refusal.isFinal) {
    await finish(context.db, claim, context.clock.now(), id, 'failed', refusal);
    total.failed += 1;
  } else {
    await putBack(context.db, claim, context.clock.now(), id, refusal);
    total.putBack += 1;
  }
}
