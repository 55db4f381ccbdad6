import pg from 'pg';

// What a log may say about a statement that failed: which one it was and where it was asked for, never a
// value. The server's words, its details and knex's copy of the statement may all hold what somebody typed.

interface Failed {
  /** As nameOf() gives it. */
  statement?: string;
  /** Where in our source it was asked for, the innermost first. */
  path?: string;
}

/**
 * What a statement does to which table: `insert into rooms`, `select
 * from meetings`. The first change in it names it.
 */
export function nameOfStatement(sql: string): string {
  const text = sql.replace(/--.*$/gm, ' ').replace(/'(?:[^']|'')*'/g, "''");
  const change =
    /\b(insert\s+into|(?<!for\s+|for\s+no\s+key\s+|do\s+)update|delete\s+from)\s+([a-z_]\w*)/i.exec(text);
  const found = change ?? /\b(select)\b[^]*?\bfrom\s+([a-z_]\w*)/i.exec(text);
  if (!found) return (/^\s*\w+/.exec(text)?.[0] ?? '').trim().toLowerCase();
  const verb = found[1]?.toLowerCase().replace(/\s+/g, ' ');
  return `${verb === 'select' ? 'select from' : verb} ${found[2]?.toLowerCase()}`;
}

/**
 * Notes with an error of the database which statement it was. The way
 * to it is there only while it is being thrown.
 */
export function withStatement(error: unknown, sql: string): unknown {
  if (!(error instanceof pg.DatabaseError)) return error;
  const trace: { stack?: string } = {};
  Error.captureStackTrace(trace, withStatement);
  const path = trace.stack?.split('\n').slice(1).join('\n');
  return Object.assign(error, { statement: nameOfStatement(sql), path } satisfies Failed);
}

/**
 * An error as a log may keep it. Errors of the database lose what may
 * hold values; all others are kept as they are.
 */
export function loggable(error: unknown): unknown {
  if (!(error instanceof pg.DatabaseError)) return error;
  const { code, constraint, table, column, severity, routine, statement, path } = error as pg.DatabaseError &
    Failed;
  return {
    type: 'DatabaseError',
    code,
    severity,
    statement,
    constraint,
    table,
    column,
    routine,
    stack: path,
  };
}
