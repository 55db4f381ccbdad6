import { stringify } from 'csv-stringify';
import { Readable } from 'node:stream';

export const CSV = 'text/csv; charset=utf-8';

/**
 * A table as it is sent: with the mark without which a spreadsheet reads
 * UTF-8 as the code page of the machine; what looks like a formula is text.
 */
export function csvOf(head: string[], lines: AsyncIterable<string[]> | Iterable<string[]>): Readable {
  const rows = Readable.from(lines);
  const table = stringify({
    bom: true,
    header: true,
    columns: head,
    record_delimiter: '\r\n',
    escape_formulas: true,
  });
  rows.on('error', (error) => table.destroy(error));
  // Who stops reading stops the queries.
  table.on('close', () => rows.destroy());
  return rows.pipe(table);
}
