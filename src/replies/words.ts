import { problemsOf, type Problems } from '../lib/http/form.js';
import type { Translate } from '../lib/i18n/translate.js';
import type { Format } from '../lib/time/format.js';
import type { ReplyFields } from './forms.js';
import type { Replied, Reply } from './commands.js';

/** What a form of either reply page says, as the command takes it. */
export function toReply({ status, note, scope, substitute_name, substitute_email }: ReplyFields): Reply {
  return {
    status,
    note,
    isForAll: scope === 'all' && status !== 'delegated',
    substitute:
      status === 'delegated' ? { name: substitute_name ?? '', email: substitute_email ?? '' } : undefined,
  };
}

/** Why the substitute can't come, beside the field. */
export function refusalOf(
  { t }: { t: Translate },
  replied: Extract<Replied, { substitute: string }>,
  form: object,
): Problems {
  return problemsOf(
    [{ field: 'substitute_email', message: t(`invitations.substitute.${replied.substitute}`) }],
    form,
  );
}

/**
 * Which of the forms of a page was refused, for the links of its error summary (views/replies/_reply.ejs).
 */
export function formOf(problems: Problems | undefined): string {
  const { status, participant } = problems?.values ?? {};
  const base = typeof participant === 'string' ? `p${participant}` : '';
  return status === 'delegated' ? [base, 'instead'].filter(Boolean).join('-') : base || 'reply';
}

/** What the page says after an answer. */
export function noticeOf(status: ReplyFields['status'], dates: number) {
  return dates > 1
    ? { key: 'standing.reply.done' as const, values: { count: dates } }
    : (`invitations.replied.${status}` as const);
}

/** The choice between this date and all open ones, for the form. */
export function furtherOf(
  { fmt }: { fmt: Format },
  meeting: { starts_at: string | Date | null },
  count: number,
): { count: number; day: string } | undefined {
  return count > 0 && meeting.starts_at ? { count, day: fmt.day(new Date(meeting.starts_at)) } : undefined;
}
