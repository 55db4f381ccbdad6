import { deflateSync } from 'node:zlib';
import { crc32 } from '../lib/files/crc32.js';

// The third floor of the sample office, drawn here so that no picture has to lie in the tree: walls, doors,
// stairs.

const WIDTH = 1200;
const HEIGHT = 700;
const [PAPER, FLOOR, HALLWAY, WALL, DETAIL] = [0, 1, 2, 3, 4];
/** Red, green, blue of each. */
const COLOURS = [248, 247, 244, 255, 255, 255, 239, 238, 233, 86, 92, 100, 190, 186, 178];

interface Box {
  x: number;
  y: number;
  width: number;
  height: number;
}

/** The walls of the rooms; `code` for those that can be booked. Doors open to the hallway in the middle. */
const ROOMS: (Box & { code?: string; door: 'up' | 'down' })[] = [
  { code: 'r301', x: 60, y: 60, width: 460, height: 250, door: 'down' },
  { code: 'r302', x: 520, y: 60, width: 320, height: 250, door: 'down' },
  { code: 'r303', x: 840, y: 60, width: 150, height: 250, door: 'down' },
  { x: 60, y: 390, width: 230, height: 250, door: 'up' },
  { x: 290, y: 390, width: 230, height: 250, door: 'up' },
  { x: 520, y: 390, width: 320, height: 250, door: 'up' },
  { x: 840, y: 390, width: 300, height: 250, door: 'up' },
];

/** Where the rooms stand, in per cent. */
export const PLACES = ROOMS.flatMap(({ code, x, y, width, height }) =>
  code
    ? [
        {
          code,
          x: Math.round(((x + width / 2) / WIDTH) * 1000) / 10,
          y: Math.round(((y + height / 2) / HEIGHT) * 1000) / 10,
        },
      ]
    : [],
);

/** A PNG with a palette, a few kilobytes. */
export function drawSamplePlan(): Buffer {
  const pixels = Buffer.alloc(WIDTH * HEIGHT, PAPER);
  const fill = ({ x, y, width, height }: Box, colour: number) => {
    for (let row = y; row < y + height; row++) pixels.fill(colour, row * WIDTH + x, row * WIDTH + x + width);
  };
  const frame = (box: Box, thick: number) => {
    fill({ ...box, height: thick }, WALL);
    fill({ ...box, y: box.y + box.height - thick, height: thick }, WALL);
    fill({ ...box, width: thick }, WALL);
    fill({ ...box, x: box.x + box.width - thick, width: thick }, WALL);
  };
  fill({ x: 60, y: 60, width: 1080, height: 580 }, HALLWAY);
  for (const room of ROOMS) {
    fill(room, FLOOR);
    frame(room, 5);
    fill(
      { x: room.x + 30, y: room.door === 'down' ? room.y + room.height - 5 : room.y, width: 50, height: 5 },
      FLOOR,
    );
  }
  // The stairs stand in the upper right corner.
  for (let step = 0; step < 9; step++) fill({ x: 1010 + step * 14, y: 80, width: 3, height: 120 }, DETAIL);
  // A table in each room that can be booked.
  for (const { code, x, y, width, height } of ROOMS) {
    if (code)
      fill(
        { x: x + Math.round(width * 0.2), y: y + 40, width: Math.round(width * 0.6), height: height - 110 },
        HALLWAY,
      );
  }
  frame({ x: 54, y: 54, width: 1092, height: 592 }, 8);
  return encode(pixels);
}

function encode(pixels: Buffer): Buffer {
  const head = Buffer.alloc(13);
  head.writeUInt32BE(WIDTH, 0);
  head.writeUInt32BE(HEIGHT, 4);
  head.set([8, 3, 0, 0, 0], 8); // eight bits a pixel, by palette
  const rows = Array.from({ length: HEIGHT }, (_, row) =>
    Buffer.concat([Buffer.of(0), pixels.subarray(row * WIDTH, (row + 1) * WIDTH)]),
  );
  const signature = Buffer.from('89504e470d0a1a0a', 'hex');
  return Buffer.concat([
    signature,
    chunk('IHDR', head),
    chunk('PLTE', Buffer.from(COLOURS)),
    chunk('IDAT', deflateSync(Buffer.concat(rows))),
    chunk('IEND', Buffer.alloc(0)),
  ]);
}

function chunk(type: string, data: Buffer): Buffer {
  const body = Buffer.concat([Buffer.from(type, 'latin1'), data]);
  const [length, sum] = [Buffer.alloc(4), Buffer.alloc(4)];
  length.writeUInt32BE(data.length);
  sum.writeUInt32BE(crc32(body));
  return Buffer.concat([length, body, sum]);
}
