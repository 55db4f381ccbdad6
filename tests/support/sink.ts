import type { AddressInfo } from 'node:net';
import { simpleParser, type ParsedMail } from 'mailparser';
import { SMTPServer } from 'smtp-server';

export interface Received {
  from: string;
  to: string[];
  raw: Buffer;
  mail: ParsedMail;
}

export interface Sink {
  url: string;
  received: Received[];
  /** Messages to one address, in the order they came. */
  to(address: string): Received[];
  /** What the server says to a recipient; undefined accepts. */
  onRecipient: (address: string) => { code: number; words: string } | undefined;
  /** Milliseconds before the server answers a message. */
  delay: number;
  close(): Promise<void>;
}

/** A real SMTP server that keeps what it gets. */
export async function openSink(): Promise<Sink> {
  const sink: Sink = {
    url: '',
    received: [],
    to: (address) => sink.received.filter((one) => one.to.includes(address)),
    onRecipient: () => undefined,
    delay: 0,
    close: () => new Promise((resolve) => server.close(() => resolve())),
  };
  const server = new SMTPServer({
    authOptional: true,
    disabledCommands: ['AUTH', 'STARTTLS'],
    logger: false,
    onRcptTo(address, _session, callback) {
      const refusal = sink.onRecipient(address.address);
      callback(refusal ? Object.assign(new Error(refusal.words), { responseCode: refusal.code }) : null);
    },
    onData(stream, session, callback) {
      const chunks: Buffer[] = [];
      stream.on('data', (chunk: Buffer) => chunks.push(chunk));
      stream.on('end', () => {
        const raw = Buffer.concat(chunks);
        void simpleParser(raw).then(async (mail) => {
          if (sink.delay) await new Promise((resolve) => setTimeout(resolve, sink.delay));
          const { mailFrom, rcptTo } = session.envelope;
          sink.received.push({
            from: mailFrom ? mailFrom.address : '',
            to: rcptTo.map((one) => one.address),
            raw,
            mail,
          });
          callback(null, 'kept');
        }, callback);
      });
    },
  });
  server.on('error', () => undefined); // a worker that is killed resets its connection
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  sink.url = `smtp://127.0.0.1:${(server.server.address() as AddressInfo).port}`;
  return sink;
}
