import MailComposer from 'nodemailer/lib/mail-composer';
import { randomBytes } from 'node:crypto';
import type { Config } from '../../config.js';
import { isNormalAddress, readMailbox, type Mailbox } from './address.js';
import type { MailBlock, RenderedMail } from './renderer.js';
import { base32, deriveToken } from './seal.js';

// What a message is on the wire. It is composed from what was frozen, with a fixed date, Message-ID and
// boundary: a second attempt sends the same bytes, so that a duplicate after a crash is the same message to
// every mail program.

/** What is frozen, as JSON, sealed. */
export interface FrozenMail {
  subject: string;
  text: string;
  html: string;
  blocks?: MailBlock[];
  ics?: string;
  attachments: { name: string; mediaType: string; base64: string }[];
  senderName: string;
  replyTo?: Mailbox;
  thread: string;
  unsubscribe?: string;
}

export interface Frozen {
  id: number;
  to_address: string;
  to_name: string;
  method: string;
  message_id: string;
  stamped_at: Date;
  mail: FrozenMail;
}

export interface Envelope {
  from: string;
  to: string[];
  dsn: { id: string; return: 'headers'; notify: ('failure' | 'delay')[]; recipient: string };
}

export class UnsendableMail extends Error {}

/** The one address our mails come from; an organiser stands in front of it by name only. */
export function ourMailbox(config: Pick<Config, 'mailFrom'>): Mailbox {
  const mailbox = readMailbox(config.mailFrom);
  if (!mailbox) throw new UnsendableMail(`MAIL_FROM is not a mail address: ${config.mailFrom}`);
  return mailbox;
}

/** Message-ID of our own domain; random, stored before the first attempt. */
export function newMessageId(config: Config): string {
  return `<${base32(randomBytes(20))}@${config.mailDomain}>`;
}

export function freeze(rendered: RenderedMail, delivery: { object: string }): FrozenMail {
  return {
    subject: oneLine(rendered.subject),
    text: rendered.text,
    html: rendered.html,
    blocks: rendered.blocks,
    ics: rendered.ics || undefined,
    attachments: (rendered.attachments ?? []).map((one) => ({
      name: one.name,
      mediaType: one.mediaType,
      base64: one.content.toString('base64'),
    })),
    senderName: oneLine(rendered.senderName ?? ''),
    replyTo: rendered.replyTo && { ...rendered.replyTo, name: oneLine(rendered.replyTo.name) },
    thread: rendered.thread ?? delivery.object,
    unsubscribe: rendered.unsubscribe,
  };
}

function oneLine(text: string): string {
  return text
    .replace(/[\p{Cc}\u2028\u2029\u202a-\u202e\u2066-\u2069]+/gu, ' ')
    .replace(/\p{Surrogate}/gu, '\ufffd')
    .trim();
}

/**
 * multipart/mixed( multipart/alternative( text, HTML, calendar last ), invite.ics, attachments )
 * @throws UnsendableMail when the address is none
 */
export async function composeMessage(config: Config, frozen: Frozen): Promise<Buffer> {
  if (!isNormalAddress(frozen.to_address))
    throw new UnsendableMail(`not a mail address: ${frozen.to_address}`);
  const { mail } = frozen;
  const sender = ourMailbox(config);
  const root = `<${mail.thread.replace(/[^a-z0-9]+/gi, '-')}.thread@${config.mailDomain}>`;
  const composer = new MailComposer({
    from: { name: mail.senderName || sender.name, address: sender.address },
    to: { name: oneLine(frozen.to_name), address: frozen.to_address },
    replyTo: mail.replyTo && isNormalAddress(mail.replyTo.address) ? mail.replyTo : undefined,
    subject: mail.subject,
    messageId: frozen.message_id,
    date: frozen.stamped_at,
    inReplyTo: root,
    references: [root],
    headers: {
      'Auto-Submitted': 'auto-generated',
      'X-Auto-Response-Suppress': 'OOF, AutoReply',
      ...(mail.unsubscribe ? { 'List-Unsubscribe': `<${mail.unsubscribe}>` } : {}),
    },
    text: mail.text,
    html: mail.html,
    textEncoding: 'base64',
    ...partsOf(frozen),
    baseBoundary: frozen.message_id.replace(/[^a-z0-9]/gi, '').slice(0, 32),
    disableFileAccess: true,
    disableUrlAccess: true,
  });
  return composer.compile().build();
}

/** The calendar, once to be read by programs and once to be opened by hand, and what else is attached. */
function partsOf({ mail, method }: Frozen) {
  const attachments = mail.attachments.map((one) => ({
    filename: oneLine(one.name),
    contentType: one.mediaType,
    content: Buffer.from(one.base64, 'base64'),
    contentTransferEncoding: 'base64' as const,
  }));
  if (mail.ics === undefined) return { alternatives: [], attachments };
  const calendar = { content: Buffer.from(mail.ics), contentTransferEncoding: 'base64' as const };
  return {
    // nodemailer's icalEvent would leak a Content-Disposition into the alternative, so both parts are ours.
    alternatives: [{ ...calendar, contentType: `text/calendar; charset=utf-8; method=${method}` }],
    attachments: [{ ...calendar, filename: 'invite.ics', contentType: 'application/ics' }, ...attachments],
  };
}

/**
 * Where a bounce goes: to the delivery's own address when there is a mailbox for it, else to our plain
 * sender.
 */
export function envelopeOf(config: Config, frozen: Frozen): Envelope {
  return {
    from: config.mailBouncePattern
      ? config.mailBouncePattern.replace('{token}', bounceToken(config, frozen.id))
      : ourMailbox(config).address,
    to: [frozen.to_address],
    dsn: {
      id: frozen.message_id.slice(1, -1).split('@')[0] ?? '',
      return: 'headers',
      notify: ['failure', 'delay'],
      recipient: frozen.to_address,
    },
  };
}

/**
 * The delivery's number and a proof that we wrote it: nobody can invent a bounce for somebody else's mail.
 */
export function bounceToken(config: Config, id: number): string {
  return `${id}-${base32(deriveToken(config.secretKey, 'bounce', String(id)).subarray(0, 10))}`;
}
