// The typeface of the PDF. The package ships Noto Serif SC cut into about a hundred web fonts; pdfkit wants
// one TrueType file. The pieces are WOFF 1, whose glyph tables are plain TrueType behind zlib, so joining
// them needs no font library.
import { inflateSync } from 'node:zlib';

interface Piece {
  table(name: string): Buffer;
  glyphs: Buffer[];
  advances: Array<[advance: number, leftBearing: number]>;
  codepoints: Map<number, number>;
}

/**
 * Joins WOFF 1 pieces of one face into one TrueType font; where two pieces draw a character the first one
 * wins. The kerning kept is the first piece's, whose glyphs stay where they were: put the Latin one first.
 * `isLatin` narrows the quotation marks and the ellipsis, which a Chinese face draws as wide as a character.
 */
export function joinFont(pieces: Buffer[], isLatin = false): Buffer {
  const glyphs: Buffer[] = [];
  const advances: Array<[number, number]> = [];
  const codepoints = new Map<number, number>();
  let first: Piece | undefined;
  for (const buffer of pieces) {
    const piece = readPiece(buffer);
    first ??= piece;
    const base = glyphs.length;
    for (const glyph of piece.glyphs) glyphs.push(base === 0 ? glyph : movedComponents(glyph, base));
    advances.push(...piece.advances);
    for (const [codepoint, glyph] of piece.codepoints) {
      if (glyph !== 0 && !codepoints.has(codepoint)) codepoints.set(codepoint, base + glyph);
    }
  }
  if (!first) throw new Error('a font needs at least one piece');
  if (isLatin) narrow(glyphs, advances, codepoints);
  if (glyphs.length > 0xffff) throw new Error(`${glyphs.length} glyphs do not fit one TrueType font`);
  return writeFont(first, glyphs, advances, codepoints);
}

function readPiece(woff: Buffer): Piece {
  if (woff.readUInt32BE(0) !== 0x774f4646) throw new Error('not a WOFF 1 font');
  const entries = new Map<string, { offset: number; stored: number; length: number }>();
  for (let i = 0, at = 44; i < woff.readUInt16BE(12); i++, at += 20) {
    entries.set(woff.toString('latin1', at, at + 4), {
      offset: woff.readUInt32BE(at + 4),
      stored: woff.readUInt32BE(at + 8),
      length: woff.readUInt32BE(at + 12),
    });
  }
  const table = (name: string): Buffer => {
    const entry = entries.get(name);
    if (!entry) throw new Error(`the font has no ${name} table`);
    const bytes = woff.subarray(entry.offset, entry.offset + entry.stored);
    return entry.stored < entry.length ? inflateSync(bytes) : bytes;
  };
  const count = table('maxp').readUInt16BE(4);
  const isLong = table('head').readInt16BE(50) === 1;
  const [loca, glyf, hmtx] = [table('loca'), table('glyf'), table('hmtx')];
  const offset = (i: number): number => (isLong ? loca.readUInt32BE(i * 4) : loca.readUInt16BE(i * 2) * 2);
  const measured = table('hhea').readUInt16BE(34);
  const glyphs: Buffer[] = [];
  const advances: Piece['advances'] = [];
  for (let i = 0; i < count; i++) {
    glyphs.push(glyf.subarray(offset(i), offset(i + 1)));
    const at = Math.min(i, measured - 1) * 4;
    const bearing = i < measured ? at + 2 : measured * 4 + (i - measured) * 2;
    advances.push([hmtx.readUInt16BE(at), hmtx.readInt16BE(bearing)]);
  }
  return { table, glyphs, advances, codepoints: readCodepoints(table('cmap')) };
}

/** Whether a TrueType font draws a character. */
export function coverage(font: Buffer): (codepoint: number) => boolean {
  for (let i = 0, at = 12; i < font.readUInt16BE(4); i++, at += 16) {
    if (font.toString('latin1', at, at + 4) !== 'cmap') continue;
    const offset = font.readUInt32BE(at + 8);
    const codepoints = readCodepoints(font.subarray(offset, offset + font.readUInt32BE(at + 12)));
    return (codepoint) => (codepoints.get(codepoint) ?? 0) !== 0;
  }
  throw new Error('the font has no cmap table');
}

function readCodepoints(cmap: Buffer): Map<number, number> {
  const found = new Map<number, number>();
  for (let i = 0; i < cmap.readUInt16BE(2); i++) {
    const at = cmap.readUInt32BE(8 + i * 8);
    const format = cmap.readUInt16BE(at);
    if (format === 12) readGroups(cmap, at, found);
    if (format === 4) readSegments(cmap, at, found);
  }
  return found;
}

function readGroups(cmap: Buffer, at: number, found: Map<number, number>): void {
  for (let g = 0, p = at + 16; g < cmap.readUInt32BE(at + 12); g++, p += 12) {
    const [start, end, glyph] = [cmap.readUInt32BE(p), cmap.readUInt32BE(p + 4), cmap.readUInt32BE(p + 8)];
    for (let c = start; c <= end; c++) found.set(c, glyph + c - start);
  }
}

function readSegments(cmap: Buffer, at: number, found: Map<number, number>): void {
  const doubled = cmap.readUInt16BE(at + 6);
  for (let s = 0; s < doubled; s += 2) {
    const end = cmap.readUInt16BE(at + 14 + s);
    const start = cmap.readUInt16BE(at + 16 + doubled + s);
    const delta = cmap.readUInt16BE(at + 16 + 2 * doubled + s);
    const rangeAt = at + 16 + 3 * doubled + s;
    const range = cmap.readUInt16BE(rangeAt);
    for (let c = start; c <= end && c !== 0xffff; c++) {
      const raw = range === 0 ? c : cmap.readUInt16BE(rangeAt + range + (c - start) * 2);
      if (range === 0 || raw !== 0) found.set(c, (raw + delta) & 0xffff);
    }
  }
}

/** A glyph made of other glyphs names them by index; in the joined font these indexes have moved. */
function movedComponents(glyph: Buffer, base: number): Buffer {
  if (glyph.length === 0 || glyph.readInt16BE(0) >= 0) return glyph;
  const moved = Buffer.from(glyph);
  for (let at = 10, flags = 0x20; flags & 0x20;) {
    flags = moved.readUInt16BE(at);
    moved.writeUInt16BE(moved.readUInt16BE(at + 2) + base, at + 2);
    at += 4 + (flags & 0x01 ? 4 : 2) + scaleBytes(flags);
  }
  return moved;
}

/**
 * Replaces each wide mark by a glyph that draws the same outline (the ellipsis: three full stops) on a narrow
 * advance.
 */
function narrow(glyphs: Buffer[], advances: Piece['advances'], codepoints: Map<number, number>): void {
  for (const mark of '‘’“”') {
    const drawn = codepoints.get(mark.codePointAt(0)!);
    const outline = drawn === undefined ? undefined : glyphs[drawn];
    if (drawn === undefined || !outline || outline.length === 0) continue;
    const [left, right] = [outline.readInt16BE(2), outline.readInt16BE(6)];
    codepoints.set(mark.codePointAt(0)!, glyphs.length);
    advances.push([right - left + 2 * markBearing, markBearing]);
    glyphs.push(composite(outline, [{ glyph: drawn, dx: markBearing - left }]));
  }
  const stop = codepoints.get(0x2e);
  const outline = stop === undefined ? undefined : glyphs[stop];
  if (stop === undefined || !outline) return;
  const advance = advances[stop]![0];
  codepoints.set(0x2026, glyphs.length);
  advances.push([advance * 3, advances[stop]![1]]);
  glyphs.push(
    composite(
      outline,
      [0, 1, 2].map((i) => ({ glyph: stop, dx: i * advance })),
    ),
  );
}

const markBearing = 60;

function composite(outline: Buffer, parts: Array<{ glyph: number; dx: number }>): Buffer {
  const glyph = Buffer.alloc(10 + parts.length * 8);
  glyph.writeInt16BE(-1, 0);
  glyph.writeInt16BE(outline.readInt16BE(2) + parts[0]!.dx, 2);
  glyph.writeInt16BE(outline.readInt16BE(4), 4);
  glyph.writeInt16BE(outline.readInt16BE(6) + parts.at(-1)!.dx, 6);
  glyph.writeInt16BE(outline.readInt16BE(8), 8);
  parts.forEach((part, i) => {
    // words, as offsets; more follow
    glyph.writeUInt16BE(0x0003 | (i < parts.length - 1 ? 0x20 : 0), 10 + i * 8);
    glyph.writeUInt16BE(part.glyph, 12 + i * 8);
    glyph.writeInt16BE(part.dx, 14 + i * 8);
  });
  return glyph;
}

function writeFont(
  first: Piece,
  glyphs: Buffer[],
  advances: Piece['advances'],
  codepoints: Map<number, number>,
): Buffer {
  const loca = Buffer.alloc((glyphs.length + 1) * 4);
  const padded: Buffer[] = [];
  let end = 0;
  glyphs.forEach((glyph, i) => {
    padded.push(glyph, Buffer.alloc(-glyph.length & 3));
    end += glyph.length + (-glyph.length & 3);
    loca.writeUInt32BE(end, (i + 1) * 4);
  });
  const hmtx = Buffer.alloc(advances.length * 4);
  advances.forEach(([advance, bearing], i) => {
    hmtx.writeUInt16BE(advance, i * 4);
    hmtx.writeInt16BE(bearing, i * 4 + 2);
  });
  const head = Buffer.from(first.table('head'));
  head.writeUInt32BE(0, 8);
  head.writeInt16BE(1, 50);
  const hhea = Buffer.from(first.table('hhea'));
  hhea.writeUInt16BE(advances.length, 34);
  const maxp = Buffer.from(first.table('maxp'));
  maxp.writeUInt16BE(glyphs.length, 4);
  const post = Buffer.from(first.table('post').subarray(0, 32));
  post.writeUInt32BE(0x00030000, 0); // without glyph names
  return assemble([
    ['GPOS', first.table('GPOS')],
    ['OS/2', first.table('OS/2')],
    ['cmap', writeCodepoints(codepoints)],
    ['glyf', Buffer.concat(padded)],
    ['head', head],
    ['hhea', hhea],
    ['hmtx', hmtx],
    ['loca', loca],
    ['maxp', maxp],
    ['name', first.table('name')],
    ['post', post],
  ]);
}

/** cmap with one format 12 table: runs of [first codepoint, last codepoint, first glyph]. */
function writeCodepoints(codepoints: Map<number, number>): Buffer {
  const groups: Array<[number, number, number]> = [];
  for (const [codepoint, glyph] of [...codepoints].sort((a, b) => a[0] - b[0])) {
    const last = groups.at(-1);
    if (last && codepoint === last[1] + 1 && glyph === last[2] + codepoint - last[0]) last[1] = codepoint;
    else groups.push([codepoint, codepoint, glyph]);
  }
  const cmap = Buffer.alloc(28 + groups.length * 12);
  cmap.writeUInt16BE(1, 2);
  cmap.writeUInt16BE(3, 4);
  cmap.writeUInt16BE(10, 6);
  cmap.writeUInt32BE(12, 8);
  cmap.writeUInt16BE(12, 12);
  cmap.writeUInt32BE(16 + groups.length * 12, 16);
  cmap.writeUInt32BE(groups.length, 24);
  groups.forEach((group, i) => group.forEach((value, j) => cmap.writeUInt32BE(value, 28 + i * 12 + j * 4)));
  return cmap;
}

function assemble(tables: Array<[string, Buffer]>): Buffer {
  const power = Math.floor(Math.log2(tables.length));
  const header = Buffer.alloc(12 + tables.length * 16);
  header.writeUInt32BE(0x00010000, 0);
  header.writeUInt16BE(tables.length, 4);
  header.writeUInt16BE(2 ** power * 16, 6);
  header.writeUInt16BE(power, 8);
  header.writeUInt16BE((tables.length - 2 ** power) * 16, 10);
  const parts: Buffer[] = [header];
  let offset = header.length;
  let headOffset = 0;
  tables.forEach(([name, bytes], i) => {
    if (name === 'head') headOffset = offset;
    const at = 12 + i * 16;
    header.write(name, at, 'latin1');
    header.writeUInt32BE(checksum(bytes), at + 4);
    header.writeUInt32BE(offset, at + 8);
    header.writeUInt32BE(bytes.length, at + 12);
    parts.push(bytes, Buffer.alloc(-bytes.length & 3));
    offset += bytes.length + (-bytes.length & 3);
  });
  const font = Buffer.concat(parts);
  font.writeUInt32BE((0xb1b0afba - checksum(font)) >>> 0, headOffset + 8);
  return font;
}

function checksum(bytes: Buffer): number {
  let sum = 0;
  for (let at = 0; at < bytes.length; at += 4) {
    const word =
      at + 4 <= bytes.length
        ? bytes.readUInt32BE(at)
        : bytes.readUIntBE(at, bytes.length - at) * 2 ** (8 * (4 - bytes.length + at));
    sum = (sum + word) >>> 0;
  }
  return sum;
}

/** Bytes of a component's scale: none, one number, two, or a matrix of four (OpenType, glyf). */
function scaleBytes(flags: number): number {
  if (flags & 0x08) return 2;
  if (flags & 0x40) return 4;
  return flags & 0x80 ? 8 : 0;
}
