import { layOut } from '../lib/mail/layout.js';
import type { MailRenderers } from '../lib/mail/renderer.js';

export const renderers: MailRenderers = {
  'admin.testMail': async (c) => ({
    subject: c.t('admin.mail.test.title'),
    ...layOut(
      {
        title: c.t('admin.mail.test.title'),
        blocks: [
          {
            kind: 'paragraph',
            text: c.t('admin.mail.test.text', { address: c.config.publicUrl, time: c.fmt.dateTime(c.now) }),
          },
        ],
      },
      { lang: c.delivery.lang, t: c.t, fmt: c.fmt },
    ),
  }),
};
