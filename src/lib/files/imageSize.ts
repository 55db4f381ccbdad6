import { imageSize as readSize } from 'image-size';
import type { Db } from '../db/db.js';
import { readChunks } from './store.js';

export interface ImageSize {
  /** Pixels. */
  width: number;
  height: number;
}

/** Width and height from the first bytes of a picture; undefined when they don't say it. */
export function imageSize(bytes: Buffer): ImageSize | undefined {
  try {
    const { width, height } = readSize(bytes);
    return width > 0 && height > 0 ? { width, height } : undefined;
  } catch {
    // No picture, or one that is cut off before its size.
    return undefined;
  }
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
