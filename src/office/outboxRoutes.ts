import { z } from 'zod';
import { NotFound } from '../lib/http/errors.js';
import { administrator } from '../lib/http/policy.js';
import {
  idOf,
  page,
  redirect,
  route,
  send,
  type Answer,
  type Context,
  type Route,
} from '../lib/http/route.js';
import { maskCalendar, maskTokens } from '../lib/mail/mask.js';
import { ourMailbox } from '../lib/mail/message.js';
import type { MailBlock } from '../lib/mail/renderer.js';
import { retryMail, retryWaiting } from './outboxCommands.js';
import {
  countOutbox,
  findOutboxMail,
  listOutbox,
  OUTBOX_PAGE,
  OUTBOX_STATES,
  type OutboxMail,
} from './outboxQueries.js';

// Where mail is while it is ours: what waits, went, was refused, or (without SMTP_URL) was only kept. Tokens
// are masked and
// restricted matters hidden: an administrator keeps the machine, not other people's meetings.

const Query = z.object({
  state: z.enum(OUTBOX_STATES).optional().catch(undefined),
  before: z.coerce.number().int().positive().max(1e15).optional().catch(undefined),
});
const Nothing = z.strictObject({});

export const outboxRoutes: Route[] = [
  route({ method: 'get', path: '/admin/outbox', policy: administrator, query: Query, handle: showOutbox }),
  route({
    method: 'post',
    path: '/admin/outbox/attempts',
    policy: administrator,
    form: Nothing,
    handle: tryAll,
  }),
  route({ method: 'get', path: '/admin/outbox/:id', policy: administrator, handle: showMail }),
  route({ method: 'get', path: '/admin/outbox/:id/invite.ics', policy: administrator, handle: download }),
  route({
    method: 'post',
    path: '/admin/outbox/:id/attempts',
    policy: administrator,
    form: Nothing,
    handle: tryAgain,
  }),
];

function serverName(c: Context): string | undefined {
  return c.config.smtpUrl ? new URL(c.config.smtpUrl).hostname : undefined;
}

async function showOutbox(c: Context<unknown, z.output<typeof Query>>): Promise<Answer> {
  const { state, before } = c.query;
  const [found, counts] = await Promise.all([listOutbox(c.db, { state, before }), countOutbox(c.db)]);
  const lines = found.slice(0, OUTBOX_PAGE);
  const address = (query: Record<string, string | number | undefined>) => {
    const set = Object.entries(query).flatMap(([name, value]): [string, string][] =>
      value === undefined ? [] : [[name, String(value)]],
    );
    return set.length ? `/admin/outbox?${new URLSearchParams(set).toString()}` : '/admin/outbox';
  };
  const server = serverName(c);
  return page(
    'office/outbox',
    {
      title: c.t('admin.outbox.title'),
      server,
      mayRetry: server !== undefined && counts.late > 0,
      counts,
      lines,
      tabs: [undefined, ...OUTBOX_STATES].map((one) => ({
        href: address({ state: one }),
        text: c.t(`admin.outbox.tab.${one ?? 'all'}`),
        current: one === state,
        count: one === 'waiting' || one === 'failed' ? counts[one] : undefined,
      })),
      previous: before ? address({ state }) : undefined,
      next: found.length > OUTBOX_PAGE ? address({ state, before: lines.at(-1)?.id }) : undefined,
    },
    { caching: 'no-store' },
  );
}

async function openMail(c: Context): Promise<OutboxMail> {
  const mail = await findOutboxMail(c.db, c.config, idOf(c));
  if (!mail) throw new NotFound();
  return mail;
}

async function showMail(c: Context): Promise<Answer> {
  const delivery = await openMail(c);
  const { mail } = delivery;
  const isUnsent = delivery.state === 'failed' || delivery.state === 'waiting';
  return page(
    'office/outbox-mail',
    {
      title:
        delivery.subject ?? c.t(delivery.is_restricted ? 'admin.outbox.restricted' : 'admin.outbox.unmade'),
      delivery,
      mayRetry:
        serverName(c) !== undefined && isUnsent && !delivery.is_outdated && delivery.digest_id === null,
      isCaptured: delivery.state === 'captured',
      words: delivery.state === 'sent' ? null : delivery.error,
      from: mail ? `${mail.senderName} <${ourMailbox(c.config).address}>`.trim() : undefined,
      blocks: mail?.blocks ? maskBlocks(mail.blocks) : undefined,
      text: mail ? maskTokens(mail.text) : undefined,
      html: mail ? maskTokens(mail.html) : undefined,
      ics: mail?.ics === undefined ? undefined : maskCalendar(mail.ics),
      attachments:
        mail?.attachments.map((one) => ({
          name: one.name,
          bytes: Buffer.byteLength(one.base64, 'base64'),
        })) ?? [],
    },
    { caching: 'no-store' },
  );
}

/** Everything inside a block is text or an address of a page. */
function maskBlocks(blocks: MailBlock[]): MailBlock[] {
  return JSON.parse(maskTokens(JSON.stringify(blocks))) as MailBlock[];
}

async function download(c: Context): Promise<Answer> {
  const { mail, method } = await openMail(c);
  if (mail?.ics === undefined) throw new NotFound();
  return send(maskCalendar(mail.ics), `text/calendar; charset=utf-8; method=${method}`, {
    name: 'invite.ics',
  });
}

async function tryAgain(c: Context): Promise<Answer> {
  const id = idOf(c);
  const tried = await retryMail(c.db, c.by, id, c.now);
  return redirect(`/admin/outbox/${id}`, {
    notice: tried.ok ? 'admin.outbox.trying' : `admin.outbox.no.${tried.reason}`,
  });
}

async function tryAll(c: Context): Promise<Answer> {
  const count = await retryWaiting(c.db, c.by, c.now);
  return redirect('/admin/outbox', { notice: { key: 'admin.outbox.tryingAll', values: { count } } });
}
