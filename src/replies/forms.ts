import { z } from 'zod';
import { choice, email, id, message, optionalLine, optionalProse } from '../lib/http/fields.js';

/** Where the person answered from and goes back to. */
const from = choice(['meeting', 'today', 'replies']).optional();
const note = optionalProse(2000);

/** Of a standing meeting: the answer stands for this date, or for every open one from it on. */
const scope = choice(['one', 'all']).optional();

const substitute = {
  substitute_name: optionalLine(100),
  substitute_email: optionalLine(254),
};

function needsSubstitute(
  form: { status: string; substitute_name: string | null; substitute_email: string | null },
  issues: z.core.ParsePayload,
): void {
  if (form.status !== 'delegated') return;
  if (!form.substitute_name)
    issues.issues.push({
      code: 'custom',
      path: ['substitute_name'],
      message: message('lib.field.required'),
      input: form,
    });
  if (!form.substitute_email || !email().safeParse(form.substitute_email).success) {
    issues.issues.push({
      code: 'custom',
      path: ['substitute_email'],
      message: message(form.substitute_email ? 'lib.field.email' : 'lib.field.required'),
      input: form,
    });
  }
}

const status = choice(['accepted', 'declined', 'delegated']);

/** What a guest answers by personal link. */
export const LinkReplyForm = z
  .strictObject({ status, note, scope, ...substitute })
  .check(({ value, issues }) => needsSubstitute(value, { value, issues }));

/** What somebody signed in answers, for themselves or (with `participant`) for somebody else. */
export const ReplyForm = z
  .strictObject({ status, note, scope, ...substitute, participant: id().optional(), from })
  .check(({ value, issues }) => needsSubstitute(value, { value, issues }));
export type ReplyFields = z.output<typeof LinkReplyForm>;
