import { layOut } from '../lib/mail/layout.js';
import type { MailRenderers, RenderContext, RenderedMail } from '../lib/mail/renderer.js';
import { makeLink } from './commands.js';

/**
 * A letter with one button. The token is made with the message:
 * nothing that opens an account waits in the queue.
 */
async function withLink(c: RenderContext, name: 'reset' | 'account'): Promise<RenderedMail> {
  const { t, delivery } = c;
  const token = await makeLink(
    c.db,
    { id: null },
    name === 'reset' ? 'password_reset' : 'account_invitation',
    delivery.person_id,
  );
  const href = new URL(`/${name}/${token}`, c.config.publicUrl).href;
  const letter = layOut(
    {
      title: t(`auth.mail.${name}.title`),
      blocks: [
        {
          kind: 'paragraph',
          text: t(`auth.mail.${name}.text`, { name: delivery.to_name, email: delivery.to_address }),
        },
        { kind: 'buttons', buttons: [{ label: t(`auth.mail.${name}.button`), href }] },
        { kind: 'paragraph', text: t(`auth.mail.${name}.expires`), tone: 'soft' },
      ],
      footer: [t(`auth.mail.${name}.footer`)],
    },
    { lang: delivery.lang, t, fmt: c.fmt },
  );
  return { subject: t(`auth.mail.${name}.title`), ...letter };
}

export const renderers: MailRenderers = {
  'auth.passwordReset': (c) => withLink(c, 'reset'),
  'auth.accountInvitation': (c) => withLink(c, 'account'),
  /** Whoever did not do it themselves learns of it. */
  'auth.passwordChanged': (c) => {
    const letter = layOut(
      {
        title: c.t('auth.mail.changed.title'),
        blocks: [
          {
            kind: 'paragraph',
            text: c.t('auth.mail.changed.text', { time: c.fmt.dateTime(c.delivery.stamped_at) }),
          },
          {
            kind: 'buttons',
            buttons: [
              { label: c.t('auth.mail.changed.button'), href: new URL('/reset', c.config.publicUrl).href },
            ],
          },
        ],
      },
      { lang: c.delivery.lang, t: c.t, fmt: c.fmt },
    );
    return Promise.resolve({ subject: c.t('auth.mail.changed.title'), ...letter });
  },
};
