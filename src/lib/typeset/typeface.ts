// Which font file draws what. The joined fonts are made once and kept in the data folder; an office that owns
// the faces GB/T 9704 names puts them there as fonts/text.ttf (仿宋), title.ttf (小标宋), heading.ttf (黑体),
// subheading.ttf (楷体).
import { createRequire } from 'node:module';
import { mkdir, readdir, readFile, rename, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { coverage, joinFont } from './font.js';

export type FaceName =
  'text' | 'title' | 'heading' | 'subheading' | 'regular' | 'bold' | 'latin' | 'latinBold';

export interface Typeface {
  /**
   * TrueType files by face; the office's own stand in for four of them, `regular` and `bold` draw what those
   * lack.
   */
  files: Record<FaceName, Buffer>;
  covers: Record<FaceName, (codepoint: number) => boolean>;
  /** Whether all four faces of the standard are the office's own. */
  isOwn: boolean;
}

const officeFaces = ['text', 'title', 'heading', 'subheading'] as const;
const made = ['regular', 'bold', 'latin', 'latinBold'] as const;
const packageName = '@fontsource/noto-serif-sc';

let loaded: { dataDir: string; typeface: Promise<Typeface> } | undefined;

/**
 * The fonts, read once per process. About 13 MB; the first call on a machine makes them, in about a second.
 */
export function loadTypeface(dataDir: string): Promise<Typeface> {
  if (loaded?.dataDir !== dataDir) {
    const typeface = readTypeface(join(dataDir, 'fonts'));
    loaded = { dataDir, typeface };
    typeface.catch(() => (loaded = undefined));
  }
  return loaded.typeface;
}

async function readTypeface(folder: string): Promise<Typeface> {
  const [regular, bold, latin, latinBold] = await Promise.all(made.map((face) => madeFace(folder, face)));
  const own = await Promise.all(
    officeFaces.map((face) => readFile(join(folder, `${face}.ttf`)).catch(() => undefined)),
  );
  const [text, title, heading, subheading] = own;
  const files = {
    regular: regular!,
    bold: bold!,
    latin: latin!,
    latinBold: latinBold!,
    text: text ?? regular!,
    title: title ?? bold!,
    heading: heading ?? bold!,
    subheading: subheading ?? regular!,
  };
  const read = new Map<Buffer, (codepoint: number) => boolean>();
  const covers = Object.fromEntries(
    Object.entries(files).map(([face, file]) => {
      const known = read.get(file) ?? coverage(file);
      read.set(file, known);
      return [face, known];
    }),
  ) as Typeface['covers'];
  return { files, covers, isOwn: own.every(Boolean) };
}

async function madeFace(folder: string, face: (typeof made)[number]): Promise<Buffer> {
  const require = createRequire(import.meta.url);
  const { version } = require(`${packageName}/package.json`) as { version: string };
  const path = join(folder, `noto-serif-sc-${version}-${face}.ttf`);
  try {
    return await readFile(path);
  } catch {
    const font = await makeFace(
      dirname(require.resolve(`${packageName}/files/${packageName.slice(12)}-latin-400-normal.woff`)),
      face,
    );
    await mkdir(folder, { recursive: true });
    const unfinished = `${path}.${process.pid}`;
    await writeFile(unfinished, font);
    await rename(unfinished, path); // another process may be making the same file: whole or not at all
    return font;
  }
}

async function makeFace(folder: string, face: (typeof made)[number]): Promise<Buffer> {
  const weight = face === 'bold' || face === 'latinBold' ? 700 : 400;
  const isLatin = face === 'latin' || face === 'latinBold';
  const suffix = `-${weight}-normal.woff`;
  const alphabets = ['latin', 'latin-ext', 'vietnamese', 'cyrillic'].map(
    (name) => `noto-serif-sc-${name}${suffix}`,
  );
  const numbered = (await readdir(folder))
    .filter((name) => name.endsWith(suffix) && /-sc-\d+-/.test(name))
    .sort();
  const names = isLatin ? alphabets : [...alphabets, ...numbered];
  return joinFont(await Promise.all(names.map((name) => readFile(join(folder, name)))), isLatin);
}
