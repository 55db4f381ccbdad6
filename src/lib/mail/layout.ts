import { fill } from '../http/view.js';
import type { Lang, Translate } from '../i18n/translate.js';
import type { Format } from '../time/format.js';
import type { MailBlock } from './renderer.js';

export interface Letter {
  /** Heading on top; also the title of the HTML. */
  title: string;
  blocks: MailBlock[];
  /** Last lines, soft: why this came, who sent it. */
  footer?: string[];
}

export interface Reader {
  lang: Lang;
  t: Translate;
  fmt: Format;
}

/** The same letter as plain text and as HTML (views/mail/layout.ejs), in the recipient's language. */
export function layOut(letter: Letter, reader: Reader): { text: string; html: string; blocks: MailBlock[] } {
  const blocks: MailBlock[] = [
    { kind: 'heading', text: letter.title },
    ...letter.blocks,
    ...(letter.footer ?? []).map((text) => ({ kind: 'paragraph' as const, text, tone: 'soft' as const })),
  ];
  const html = fill('mail/layout', {
    ...reader,
    viewer: null,
    url: (path: string) => path,
    title: letter.title,
    blocks: letter.blocks,
    footer: letter.footer ?? [],
  });
  return { text: plainText(letter, reader.t), html, blocks };
}

function plainText(letter: Letter, t: Translate): string {
  const parts = [letter.title, ...letter.blocks.map((block) => plainBlock(block, t))];
  if (letter.footer?.length) parts.push(`-- \n${letter.footer.join('\n')}`);
  return `${parts.join('\n\n')}\n`;
}

function plainBlock(block: MailBlock, t: Translate): string {
  switch (block.kind) {
    case 'heading':
    case 'paragraph':
      return block.text;
    case 'quote':
      return block.text
        .split('\n')
        .map((line) => `> ${line}`)
        .join('\n');
    case 'list':
      return block.items.map((item, n) => `${block.ordered ? `${n + 1}.` : '-'} ${item}`).join('\n');
    case 'facts':
      return block.facts
        .map((fact) => {
          const now = t('lib.mail.fact', { label: fact.label, text: fact.text });
          return fact.was === undefined ? now : `${now}\n${t('lib.mail.was', { text: fact.was })}`;
        })
        .join('\n');
    case 'buttons':
      return block.buttons
        .map((button) => `${t('lib.mail.fact', { label: button.label, text: '' }).trim()}\n${button.href}`)
        .join('\n\n');
  }
}
