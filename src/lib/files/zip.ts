import type { Readable } from 'node:stream';

// A zip archive whose files are stored as they are (office documents and images are
// compressed already), written while it is sent. Sizes and checksums are known
// beforehand, so the length is too. Format: PKWARE APPNOTE 6.3, no zip64: under 4 GB.

export interface ZipEntry {
  name: string;
  bytes: number;
  crc32: number;
  at: Date;
  open(): Readable;
}

/** Most bytes such an archive can hold. */
export const MAX_ZIP_BYTES = 3_900_000_000;

const UTF8_NAMES = 0x0800;

/** Bytes of the whole archive. */
export function zipLength(entries: ZipEntry[]): number {
  return entries.reduce((sum, entry) => sum + 30 + 46 + 2 * Buffer.byteLength(entry.name) + entry.bytes, 22);
}

/** The archive, piece by piece. */
export async function* writeZip(entries: ZipEntry[]): AsyncGenerator<Buffer> {
  const directory: Buffer[] = [];
  let offset = 0;
  for (const entry of entries) {
    const name = Buffer.from(entry.name);
    const facts = factsOf(entry, name);
    yield Buffer.concat([numbers([0x04034b50, 4]), facts, name]);
    for await (const part of entry.open() as AsyncIterable<Buffer>) yield part;
    directory.push(
      Buffer.concat([
        numbers([0x02014b50, 4], [20, 2]),
        facts,
        numbers([0, 2], [0, 2], [0, 2], [0, 4], [offset, 4]),
        name,
      ]),
    );
    offset += 30 + name.length + entry.bytes;
  }
  const index = Buffer.concat(directory);
  yield index;
  yield numbers(
    [0x06054b50, 4],
    [0, 2],
    [0, 2],
    [entries.length, 2],
    [entries.length, 2],
    [index.length, 4],
    [offset, 4],
    [0, 2],
  );
}

/** What both headers of a file say, from "version needed" to "extra field length". */
function factsOf(entry: ZipEntry, name: Buffer): Buffer {
  const time =
    (entry.at.getUTCHours() << 11) | (entry.at.getUTCMinutes() << 5) | (entry.at.getUTCSeconds() >> 1);
  const date =
    (Math.max(0, entry.at.getUTCFullYear() - 1980) << 9) |
    ((entry.at.getUTCMonth() + 1) << 5) |
    entry.at.getUTCDate();
  return numbers(
    [20, 2],
    [UTF8_NAMES, 2],
    [0, 2],
    [time, 2],
    [date, 2],
    [entry.crc32, 4],
    [entry.bytes, 4],
    [entry.bytes, 4],
    [name.length, 2],
    [0, 2],
  );
}

/** Little-endian numbers of 2 or 4 bytes. */
function numbers(...parts: [value: number, size: 2 | 4][]): Buffer {
  const bytes = Buffer.alloc(parts.reduce((sum, [, size]) => sum + size, 0));
  let at = 0;
  for (const [value, size] of parts)
    at = size === 2 ? bytes.writeUInt16LE(value, at) : bytes.writeUInt32LE(value, at);
  return bytes;
}

/** Names that differ, as every archive program wants them: the second "a.pdf" is "a (2).pdf". */
export function distinctNames(names: string[]): string[] {
  const taken = new Set<string>();
  return names.map((name) => {
    const dot = name.lastIndexOf('.');
    const [stem, ending] = dot > 0 ? [name.slice(0, dot), name.slice(dot)] : [name, ''];
    let chosen = name;
    for (let n = 2; taken.has(chosen.toLowerCase()); n++) chosen = `${stem} (${n})${ending}`;
    taken.add(chosen.toLowerCase());
    return chosen;
  });
}
