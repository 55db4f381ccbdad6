import type { Config } from '../../config.js';
import type { Db } from '../db/db.js';
import type { Lang, Translate } from '../i18n/translate.js';
import type { Format } from '../time/format.js';

// A feature that mails people does two things: its command queues deliveries in its transaction (queue.ts),
// and it exports a renderer for each kind, which worker.ts lists. The worker calls it at the first attempt;
// the result is frozen.

/** A row of `deliveries` as a renderer sees it. */
export interface Delivery {
  id: number;
  kind: string;
  object: string;
  meeting_id: number | null;
  recurrence_id: number | null;
  participant_id: number | null;
  person_id: number;
  to_address: string;
  to_name: string;
  lang: Lang;
  zone: string;
  method: 'NONE' | 'REQUEST' | 'CANCEL';
  revision: number;
  sequence: number | null;
  payload: Record<string, unknown>;
  /**
   * The instant of this message: its Date, and DTSTAMP of its calendar part. Grows from message to message of
   * one object.
   */
  stamped_at: Date;
}

/**
 * Parts of a mail that people read; `layOut` (layout.ts) makes text and HTML of them, the Outbox shows the
 * same.
 */
export type MailBlock =
  | { kind: 'heading'; text: string }
  | { kind: 'paragraph'; text: string; tone?: 'soft' | 'warn' }
  | { kind: 'facts'; facts: { label: string; text: string; was?: string; href?: string }[] }
  | { kind: 'list'; items: string[]; ordered?: boolean }
  | { kind: 'quote'; text: string }
  | { kind: 'buttons'; buttons: { label: string; href: string }[] };

export interface MailAttachment {
  name: string;
  mediaType: string;
  content: Buffer;
}

export interface RenderedMail {
  subject: string;
  text: string;
  html: string;
  /** What text and html were made of, for the Outbox. */
  blocks?: MailBlock[];
  /** A calendar object of `src/lib/ical/write.ts`; its method is the delivery's. */
  ics?: string;
  attachments?: MailAttachment[];
  /** Whose name stands before our own address as the sender. */
  senderName?: string;
  /** Where people who answer by hand are heard. */
  replyTo?: { name: string; address: string };
  /** Mails of one thread name the same root: 'meetings:42'. Default: the delivery's object. */
  thread?: string;
  /** Address of the page where such mails are switched off, for digests and reminders only. */
  unsubscribe?: string;
}

export interface RenderContext {
  db: Db;
  config: Config;
  delivery: Delivery;
  /** Texts, dates and names as the recipient reads them. */
  t: Translate;
  fmt: Format;
  now: Date;
  /** Loads something once for all messages of a batch: `once('meeting:42', () => findMeeting(db, 42))`. */
  once: <T>(key: string, load: () => Promise<T>) => Promise<T>;
}

/**
 * There is nothing left to tell (the change was taken back, the meeting is over): the delivery ends without a
 * mail.
 */
export interface NothingToSend {
  nothing: string;
}

/**
 * Makes one message. May create what the message needs (a one-time token); must not change what it tells
 * about.
 */
export type MailRenderer = (context: RenderContext) => Promise<RenderedMail | NothingToSend>;

/**
 * Of low value: a reminder, or a notice that nobody has to act on at once. Somebody who gets many a day gets
 * them as one mail (digest.ts). Everything else is a letter, and no letter ever waits for being one of many.
 */
export interface NoticeRenderer {
  notice: MailRenderer;
}

/** Declares a kind of mail as a notice. */
export function asNotice(notice: MailRenderer): NoticeRenderer {
  return { notice };
}

/** Kind of delivery → renderer; worker.ts joins those of all features. */
export type MailRenderers = Record<string, MailRenderer | NoticeRenderer>;

/** @throws when no feature has a renderer of this kind */
export function rendererOf(renderers: MailRenderers, kind: string): MailRenderer {
  const found = renderers[kind];
  if (!found) throw new Error(`no renderer for ${kind}`);
  return typeof found === 'function' ? found : found.notice;
}

/** The kinds that are notices. */
export function noticeKinds(renderers: MailRenderers): string[] {
  return Object.keys(renderers).filter((kind) => typeof renderers[kind] !== 'function');
}
