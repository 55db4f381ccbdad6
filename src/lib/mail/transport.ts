import { createTransport } from 'nodemailer';
import type { Envelope } from './message.js';

export interface Sender {
  /** @throws the server's refusal; `isFinal` tells whether to try again */
  send(raw: Buffer, envelope: Envelope): Promise<void>;
  close(): void;
}

/** Connections kept open to the mail server. */
export const CONNECTIONS = 8;

/**
 * One message never takes longer than this; a delivery's lease lasts longer, so that no other worker takes it
 * over meanwhile.
 */
export const SEND_TIMEOUT = 90_000;

/**
 * Sends through the server of SMTP_URL: `smtps://` by TLS from the start, `smtp://` by STARTTLS, which must
 * be offered. `?tls=none` allows plain text, `?tls=optional` takes what there is; to this very machine plain
 * text needs no word.
 */
export function createSender(smtpUrl: string): Sender {
  const url = new URL(smtpUrl);
  const secure = url.protocol === 'smtps:';
  const isLocal = ['localhost', '127.0.0.1', '[::1]'].includes(url.hostname);
  const tls = url.searchParams.get('tls') ?? (isLocal ? 'none' : 'required');
  const pool = createTransport({
    pool: true,
    host: url.hostname.replace(/^\[|\]$/g, ''),
    port: Number(url.port) || (secure ? 465 : 587),
    secure,
    requireTLS: !secure && tls === 'required',
    ignoreTLS: !secure && tls === 'none',
    auth: url.username
      ? { user: decodeURIComponent(url.username), pass: decodeURIComponent(url.password) }
      : undefined,
    maxConnections: CONNECTIONS,
    maxMessages: 500,
    connectionTimeout: 10_000,
    greetingTimeout: 10_000,
    socketTimeout: 60_000,
    dnsTimeout: 10_000,
    disableFileAccess: true,
    disableUrlAccess: true,
  });
  return {
    async send(raw, envelope) {
      await within(SEND_TIMEOUT, pool.sendMail({ raw, envelope: { ...envelope, dsn: { ...envelope.dsn } } }));
    },
    close: () => pool.close(),
  };
}

function within<T>(ms: number, work: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`no answer from the mail server within ${ms / 1000} s`)), ms);
  });
  return Promise.race([work, late]).finally(() => clearTimeout(timer));
}

export interface Refusal {
  /** The server's code, when it gave one. */
  code: number | null;
  /** The server's words. */
  words: string;
  /**
   * Final: a 5xx about this message or its recipient. Trouble with the connection, TLS, our sign-in or our
   * sender address is the office's, and passes.
   */
  isFinal: boolean;
  /** The connection broke off: the server may have taken the message all the same. */
  isUnclear?: boolean;
}

/** The time for connecting or greeting was over; a time-out within the dialogue has the same code. */
const NOT_BEGUN = ['CONNECT_TIMEOUT', 'GREETING_TIMEOUT'];

export function refusalOf(error: unknown): Refusal {
  const fields = (typeof error === 'object' && error !== null ? error : {}) as Partial<
    Record<'responseCode' | 'response' | 'command' | 'message' | 'code' | 'syscall' | 'timeoutType', unknown>
  >;
  const code = typeof fields.responseCode === 'number' ? fields.responseCode : null;
  const command = String(fields.command ?? '');
  // About a connection nodemailer says more than the server's reply to one command.
  const isReply = code !== null && command !== 'CONN' && command !== 'STARTTLS';
  const words = String((isReply && fields.response) || fields.message || error).slice(0, 1000);
  const isAboutUs = code === 530 || code === 535;
  const isAboutThis = command === 'RCPT TO' || command === 'DATA';
  // Too large: said by the server (552) or known from the size it announced.
  const isTooLarge = code === 552 || (fields.code === 'EMESSAGE' && code === null && command === 'MAIL FROM');
  return {
    code,
    words,
    isUnclear: code === null && !isBeforehand(fields),
    isFinal: isTooLarge || (code !== null && code >= 500 && isAboutThis && !isAboutUs),
  };
}

/**
 * The trouble came before the message was handed over: the server can't have taken it.
 * A socket that broke off later has the same code; its system call or kind of time-out tells them apart.
 */
function isBeforehand(fields: { code?: unknown; syscall?: unknown; timeoutType?: unknown }): boolean {
  return (
    ['EDNS', 'ETLS', 'EAUTH'].includes(String(fields.code)) ||
    fields.syscall === 'connect' ||
    NOT_BEGUN.includes(String(fields.timeoutType))
  );
}
