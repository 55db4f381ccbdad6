// What may be attached: office documents, images, plain text. A file's name and its content must agree,
// because the name is what a person trusts and the content is what a program opens.

/**
 * Extension → media type it is served with, and what its first bytes
 * must be (the media type again, unless told).
 */
const KINDS: Record<string, { type: string; sniffed?: string }> = {
  pdf: { type: 'application/pdf' },
  docx: { type: 'application/vnd.openxmlformats-officedocument.wordprocessingml.document' },
  xlsx: { type: 'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet' },
  pptx: { type: 'application/vnd.openxmlformats-officedocument.presentationml.presentation' },
  odt: { type: 'application/vnd.oasis.opendocument.text' },
  ods: { type: 'application/vnd.oasis.opendocument.spreadsheet' },
  odp: { type: 'application/vnd.oasis.opendocument.presentation' },
  // The older formats of Office and WPS share one container.
  doc: { type: 'application/msword', sniffed: 'application/x-cfb' },
  xls: { type: 'application/vnd.ms-excel', sniffed: 'application/x-cfb' },
  ppt: { type: 'application/vnd.ms-powerpoint', sniffed: 'application/x-cfb' },
  wps: { type: 'application/vnd.ms-works', sniffed: 'application/x-cfb' },
  et: { type: 'application/vnd.ms-excel', sniffed: 'application/x-cfb' },
  dps: { type: 'application/vnd.ms-powerpoint', sniffed: 'application/x-cfb' },
  png: { type: 'image/png' },
  jpg: { type: 'image/jpeg' },
  jpeg: { type: 'image/jpeg' },
  gif: { type: 'image/gif' },
  webp: { type: 'image/webp' },
  txt: { type: 'text/plain', sniffed: 'text/plain' },
  md: { type: 'text/plain', sniffed: 'text/plain' },
  csv: { type: 'text/csv', sniffed: 'text/plain' },
  ics: { type: 'text/calendar' },
};

/** What only a page that reads such files takes (`also` of its upload); nobody attaches them. */
const READ_ONLY: typeof KINDS = {
  sql: { type: 'text/plain' },
  ics: { type: 'text/calendar' },
};

/** For the `accept` attribute of a file field. */
export const ACCEPTED = Object.keys(KINDS)
  .map((extension) => `.${extension}`)
  .join(',');
/** What the browser may show inside a page; nothing here can carry a script. */
export const IMAGE_TYPES: readonly string[] = ['image/png', 'image/jpeg', 'image/gif', 'image/webp'];

/**
 * The media type of a file by its name, when its content is of that kind.
 * @param sniffed media type found by the first bytes, 'text/plain' for text, undefined for anything unknown
 * @param also extensions that this page reads besides
 */
export function kindOf(
  name: string,
  sniffed: string | undefined,
  also: readonly string[] = [],
): string | undefined {
  const extension = /\.([A-Za-z0-9]{1,8})$/.exec(name)?.[1]?.toLowerCase();
  const kind = extension
    ? (KINDS[extension] ?? (also.includes(extension) ? READ_ONLY[extension] : undefined))
    : undefined;
  return kind && sniffed === (kind.sniffed ?? kind.type) ? kind.type : undefined;
}

// Control characters, direction overrides, and what some file system reads as more than a letter.

const UNSAFE = /[\u0000-\u001f\u007f-\u009f\u200b-\u200f\u2028-\u202e\u2066-\u2069\ufeff<>:"/\\|?*]/g;

/**
 * The name a person gave, as every file system can keep it: one line,
 * NFC, at most 200 characters, its extension kept.
 */
export function safeName(given: string): string {
  const last = Buffer.from(given.normalize('NFC')).toString().split(/[/\\]/).at(-1) ?? '';
  const clean = last
    .replace(UNSAFE, '_')
    .replace(/\s+/g, ' ')
    .replace(/^[.\s]+|[.\s]+$/g, '');
  const extension = /\.[A-Za-z0-9]{1,8}$/.exec(clean)?.[0] ?? '';
  const stem = [...clean.slice(0, clean.length - extension.length)].slice(0, 200 - extension.length).join('');
  return (stem + extension || 'file').replace(/^(con|prn|aux|nul|com\d|lpt\d)(?=\.|$)/i, '_$1');
}

/** Reads bytes as text; for the plain text formats, whose first bytes say nothing. */
export interface TextProbe {
  add(bytes: Uint8Array): void;
  isText(): boolean;
}

/** UTF-8, or GB 18030 as older Chinese programs write it; without control characters. */
export function textProbe(): TextProbe {
  const candidates = ['utf-8', 'gb18030'].map((label) => ({
    decoder: new TextDecoder(label, { fatal: true }),
    alive: true,
  }));
  const read = (bytes?: Uint8Array) => {
    for (const candidate of candidates) {
      if (!candidate.alive) continue;
      try {
        const text = candidate.decoder.decode(bytes, { stream: bytes !== undefined });

        if (/[\u0000-\u0008\u000b\u000e-\u001f\u007f]/.test(text)) candidate.alive = false;
      } catch {
        candidate.alive = false;
      }
    }
  };
  return {
    add: read,
    isText() {
      read();
      return candidates.some(({ alive }) => alive);
    },
  };
}
