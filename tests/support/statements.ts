import type { Db } from '../../src/lib/db/db.js';

/**
 * How many statements the database gets while `work` runs; the beginning and the end of a transaction count
 * too.
 */
export async function countStatements(db: Db, work: () => Promise<unknown>): Promise<number> {
  let count = 0;
  const counts = () => {
    count++;
  };
  db.on('query', counts);
  try {
    await work();
  } finally {
    db.removeListener('query', counts);
  }
  return count;
}
