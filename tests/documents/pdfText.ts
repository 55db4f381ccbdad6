import { inflateSync } from 'node:zlib';

interface Pdf {
  objects: Map<number, { head: string; stream: Buffer | null }>;
}

function read(pdf: Buffer): Pdf {
  const text = pdf.toString('latin1');
  const objects: Pdf['objects'] = new Map();
  for (const found of text.matchAll(/(\d+) 0 obj\n([\s\S]*?)\nendobj/g)) {
    const body = found[2] ?? '';
    const at = body.indexOf('\nstream\n');
    const head = at < 0 ? body : body.slice(0, at);
    const raw = at < 0 ? null : Buffer.from(body.slice(at + 8, body.lastIndexOf('\nendstream')), 'latin1');
    objects.set(Number(found[1]), {
      head,
      stream: raw && head.includes('FlateDecode') ? inflateSync(raw) : raw,
    });
  }
  return { objects };
}

function codesOf(cmap: string): Map<string, string> {
  const codes = new Map<string, string>();
  const told = (hex: string) => Buffer.from(hex, 'hex').swap16().toString('utf16le');
  for (const [, start, , list] of cmap.matchAll(/<([0-9a-f]{4})> <([0-9a-f]{4})> \[([^\]]*)\]/gi)) {
    [...(list ?? '').matchAll(/<([0-9a-f ]+)>/gi)].forEach(([, hex], i) => {
      codes.set((parseInt(start!, 16) + i).toString(16).padStart(4, '0'), told(hex!.replaceAll(' ', '')));
    });
  }
  return codes;
}

/**
 * The text of a PDF of ours in the order of its bytes, one line per line drawn, read through its own
 * ToUnicode tables.
 */
export function pdfText(pdf: Buffer): { text: string; pages: number; bookmarks: string[]; title: string } {
  const { objects } = read(pdf);
  const fonts = new Map<string, Map<string, string>>();
  for (const { head } of objects.values()) {
    for (const [, name, id] of head.matchAll(/\/(F\d+) (\d+) 0 R/g)) {
      const unicode = /\/ToUnicode (\d+) 0 R/.exec(objects.get(Number(id))?.head ?? '')?.[1];
      if (unicode) fonts.set(name!, codesOf(objects.get(Number(unicode))?.stream?.toString('latin1') ?? ''));
    }
  }
  const lines: string[] = [];
  for (const { head, stream } of objects.values()) {
    if (!stream || head.includes('/Type') || !stream.includes(' Tf')) continue;
    let font = new Map<string, string>();
    for (const [part] of stream.toString('latin1').matchAll(/\/F\d+ [\d.]+ Tf|\[[^\]]*\] TJ|EMC/g)) {
      if (part === 'EMC') lines.push('\n');
      else if (part.endsWith('Tf')) font = fonts.get(/\/(F\d+)/.exec(part)![1]!) ?? font;
      else
        for (const [, hex] of part.matchAll(/<([0-9a-f]+)>/gi))
          lines.push(
            (hex!.match(/.{4}/g) ?? []).map((code) => font.get(code.toLowerCase()) ?? '\ufffd').join(''),
          );
    }
  }
  const heads = [...objects.values()].map(({ head }) => head);
  const unescape = (text: string) => {
    const bytes = Buffer.from(
      text.replace(
        /\\(\d{3}|[\s\S])/g,
        (_, code: string) =>
          ({ n: '\n', r: '\r', t: '\t', b: '\b', f: '\f' })[code] ??
          (code.length === 3 ? String.fromCharCode(parseInt(code, 8)) : code),
      ),
      'latin1',
    );
    return bytes[0] === 0xfe && bytes[1] === 0xff
      ? Buffer.from(bytes.subarray(2)).swap16().toString('utf16le')
      : bytes.toString('latin1');
  };
  return {
    text: lines.join('').replace(/\n+/g, '\n'),
    pages: heads.filter((head) => /\/Type \/Page\b/.test(head)).length,
    bookmarks: heads
      .filter((head) => /\/Parent/.test(head) && /\/Dest/.test(head))
      .map((head) => unescape(/\/Title \(((?:\\.|[^\\)])*)\)/.exec(head)?.[1] ?? '')),
    title: unescape(
      /^\(((?:\\.|[^\\)])*)\)$/.exec(
        objects.get(
          Number(/\/Title (\d+) 0 R/.exec(heads.find((head) => head.includes('/Creator')) ?? '')?.[1]),
        )?.head ?? '',
      )?.[1] ?? '',
    ),
  };
}
