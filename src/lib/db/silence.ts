import type pg from 'pg';

/** No answer came within the time in which the server would have ended the statement. */
export class Silence extends Error {
  constructor() {
    super('The database does not answer');
  }
}

/** The driver's socket, which its types don't show. */
type Wire = pg.ClientBase & { connection: { stream: { destroy(error: Error): void } } };
type Done = (error: Error | null, answer?: unknown) => void;
type Send = (...args: unknown[]) => unknown;

/**
 * Bounds every statement of a connection. A database that hangs and a network that swallows packets end
 * nothing by themselves. The whole connection is ended then: half an answer that comes later must never be
 * read as that of the next statement, and the server undoes a transaction whose connection is gone.
 * @param limit milliseconds after which the server ends a statement
 */
export function endSilence(client: pg.ClientBase, limit: number): void {
  const send = client.query.bind(client) as Send;
  const bounded: Send = (...args) => {
    const end = () => (client as Wire).connection.stream.destroy(new Silence());
    // Half as long again is for the way. A process that was itself
    // held up (a machine asleep) reads what has come before it judges.
    let timer = setTimeout(() => (timer = setTimeout(end, limit / 10)), limit * 1.5);
    const done = args.at(-1);
    // knex is called back, the limiter of sign-ins waits for a promise
    if (typeof done !== 'function')
      return (send(...args) as Promise<unknown>).finally(() => clearTimeout(timer));
    return send(...args.slice(0, -1), (error: Error | null, answer?: unknown) => {
      clearTimeout(timer);
      (done as Done)(error, answer);
    });
  };
  client.query = bounded as typeof client.query;
}
