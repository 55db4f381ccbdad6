import knex from 'knex';
import pg from 'pg';
import { Silence } from './silence.js';
import { sqlState } from './sqlState.js';

// Whether a failure means that the database can't be reached. It is judged by the
// class of the error, by SQLSTATE or by the state of the connection, never by
// words: any other error may speak of a connection or of a file that is not there.

/** No connection could be made, or the one in use ended. `code` is that of the socket, where it has one. */
export class DatabaseAway extends Error {
  readonly code: string | undefined;

  constructor(cause: unknown) {
    super(cause instanceof Error ? cause.message : String(cause), { cause });
    this.code = sqlState(cause);
  }
}

/** SQLSTATE classes: 08 connection, 53 out of resources, 57 operator intervention, 58 system error. */
export function isAway(error: unknown): boolean {
  if (error instanceof pg.DatabaseError) return /^(08|53|57|58)/.test(error.code ?? '');
  return error instanceof DatabaseAway || error instanceof Silence || error instanceof knex.KnexTimeoutError;
}

/** The driver's socket, which its types don't show. */
type Wired = pg.ClientBase & { connection?: { stream?: { writable?: boolean } } };
type Send = (...args: unknown[]) => unknown;
type Done = (error: unknown, answer?: unknown) => void;

/**
 * Names what fails on this connection for what it is: answers of the
 * server and mistakes of ours stay as they are.
 */
export function nameLostStatements(client: pg.ClientBase): void {
  const send = client.query.bind(client) as Send;
  const named = (error: unknown): unknown => {
    if (!error || error instanceof pg.DatabaseError || isAway(error)) return error;
    return (client as Wired).connection?.stream?.writable ? error : new DatabaseAway(error);
  };
  const naming: Send = (...args) => {
    const done = args.at(-1);
    if (typeof done === 'function')
      return send(...args.slice(0, -1), (error: unknown, answer?: unknown) =>
        (done as Done)(named(error), answer),
      );
    return (send(...args) as Promise<unknown>).catch((error: unknown) => {
      throw named(error);
    });
  };
  client.query = naming as typeof client.query;
}

interface Acquiring {
  acquireRawConnection(): Promise<unknown>;
}

/**
 * What the server refuses at the door keeps its SQLSTATE; every other
 * way of not getting a connection is away.
 */
export function nameLostConnections(client: Acquiring): void {
  const acquire = client.acquireRawConnection.bind(client);
  client.acquireRawConnection = () =>
    acquire().catch((error: unknown) => {
      throw error instanceof pg.DatabaseError ? error : new DatabaseAway(error);
    });
}
