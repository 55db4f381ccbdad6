import type { Db } from '../db/db.js';
import { readChunks } from './store.js';

export interface ImageSize {
  /** Pixels. */
  width: number;
  height: number;
}

/**
 * Width and height from the first bytes of a PNG, GIF, WebP or JPEG
 * picture; undefined when they don't say it.
 */
export function imageSize(bytes: Buffer): ImageSize | undefined {
  const size = sizeOf(bytes);
  return size && size.width > 0 && size.height > 0 ? size : undefined;
}

function sizeOf(bytes: Buffer): ImageSize | undefined {
  if (bytes.length < 30) return undefined;
  if (bytes.toString('latin1', 1, 4) === 'PNG')
    return { width: bytes.readUInt32BE(16), height: bytes.readUInt32BE(20) };
  if (bytes.toString('latin1', 0, 3) === 'GIF')
    return { width: bytes.readUInt16LE(6), height: bytes.readUInt16LE(8) };
  if (bytes.toString('latin1', 0, 4) === 'RIFF' && bytes.toString('latin1', 8, 12) === 'WEBP')
    return sizeOfWebp(bytes);
  if (bytes.readUInt16BE(0) === 0xffd8) return sizeOfJpeg(bytes);
  return undefined;
}

/** The three kinds of WebP: lossy, lossless, extended (RFC 9649). */
function sizeOfWebp(bytes: Buffer): ImageSize | undefined {
  const kind = bytes.toString('latin1', 12, 16);
  if (kind === 'VP8 ')
    return { width: bytes.readUInt16LE(26) & 0x3fff, height: bytes.readUInt16LE(28) & 0x3fff };
  if (kind === 'VP8L') {
    const bits = bytes.readUInt32LE(21);
    return { width: (bits & 0x3fff) + 1, height: ((bits >>> 14) & 0x3fff) + 1 };
  }
  return kind === 'VP8X'
    ? { width: bytes.readUIntLE(24, 3) + 1, height: bytes.readUIntLE(27, 3) + 1 }
    : undefined;
}

/** Walks from segment to segment to the frame header (ITU-T T.81, B.2.2). */
function sizeOfJpeg(bytes: Buffer): ImageSize | undefined {
  let at = 2;
  while (at + 9 < bytes.length) {
    if (bytes[at] !== 0xff) return undefined;
    const marker = bytes[at + 1] ?? 0;
    const isFrame = marker >= 0xc0 && marker <= 0xcf && marker !== 0xc4 && marker !== 0xc8 && marker !== 0xcc;
    if (isFrame) return { width: bytes.readUInt16BE(at + 7), height: bytes.readUInt16BE(at + 5) };
    at += marker === 0xff ? 1 : 2 + bytes.readUInt16BE(at + 2);
  }
  return undefined;
}

/** A camera writes a small picture and more before the frame header: that much is read at most. */
const ENOUGH = 1024 * 1024;

/** Of a file that has arrived. */
export async function findImageSize(db: Db, fileId: number): Promise<ImageSize | undefined> {
  const parts: Buffer[] = [];
  let read = 0;
  for await (const part of readChunks(db, fileId) as AsyncIterable<Buffer>) {
    parts.push(part);
    read += part.length;
    if (read >= ENOUGH) break;
  }
  return imageSize(Buffer.concat(parts));
}
