import { problemsOf, type Problems } from '../lib/http/form.js';
import type { Translate } from '../lib/i18n/translate.js';
import type { ReplyFields } from './forms.js';
import type { Replied, Reply } from './replyCommands.js';

/** What a form of either reply page says, as the command takes it. */
export function toReply({ status, note, substitute_name, substitute_email }: ReplyFields): Reply {
  return { status, note, ...(status === 'delegated' ? { substitute: { name: substitute_name ?? '', email: substitute_email ?? '' } } : {}) };
}

/** Why the substitute can't come, beside the field. */
export function refusalOf({ t }: { t: Translate }, replied: Extract<Replied, { substitute: string }>, form: object): Problems {
  return problemsOf([{ field: 'substitute_email', message: t(`invitations.substitute.${replied.substitute}`) }], form);
}

/** Which of the forms of a page was refused, for the links of its error summary (views/invitations/_reply.ejs). */
export function formOf(problems: Problems | undefined): string {
  const { status, participant } = problems?.values ?? {};
  const base = typeof participant === 'string' ? `p${participant}` : '';
  return status === 'delegated' ? [base, 'instead'].filter(Boolean).join('-') : base || 'reply';
}
