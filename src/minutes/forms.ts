import { z } from 'zod';
import {
  choice,
  id,
  line,
  list,
  optionalId,
  optionalLine,
  optionalProse,
  prose,
  version,
} from '../lib/http/fields.js';
import { returnCodes } from './checks.js';

export const MinutesForm = z.strictObject({
  version: version(),
  title: line(200),
  lang: choice(['en', 'zh-CN']),
  template: choice(['plain', 'official']),
  reviewer: optionalLine(300),
  approver: optionalLine(300),
});

export const OverrideForm = z.strictObject({ code: line(3), place: line(200), reason: prose(1000) });

export const VersionForm = z.strictObject({ version_id: id() });

const code = () =>
  z
    .union([z.literal('').transform(() => null), choice(returnCodes)])
    .optional()
    .transform((value) => value ?? null);

export const CommentForm = z.strictObject({
  version_id: id(),
  statement_id: optionalId(),
  code: code(),
  text: prose(5000),
});

export const PassForm = z.strictObject({ version_id: id(), note: optionalProse(5000) });

export const ReturnForm = z.strictObject({
  version_id: id(),
  codes: list(choice(returnCodes), returnCodes.length).refine((codes) => codes.length > 0, {
    error: 'minutes.return.codeNeeded',
  }),
  note: optionalProse(5000),
  statement_id: optionalId(),
  text: optionalProse(5000),
});

export const AnswerForm = z.strictObject({ answer: prose(5000) });

export const CirculationForm = z.strictObject({
  version_id: id(),
  persons: list(id()),
  others: list(optionalLine(300), 50),
});

export const CopiesForm = z.strictObject({ person: line(300) });

export const CorrectionForm = z.strictObject({ reason: prose(1000) });

const lang = choice(['en', 'zh-CN']).optional().catch(undefined);
const template = choice(['plain', 'official']).optional().catch(undefined);
const number = z.coerce.number().int().positive().optional().catch(undefined);

/** Which rendering is asked for; what makes no sense is dropped. */
export const ReadingQuery = z.object({ lang, template, version: number });

const cursor = z
  .string()
  .regex(/^\d{1,15}-[1-9]\d{0,14}$/)
  .optional()
  .catch(undefined);

/** The register: a word of the title, and the last line of the page before (milliseconds-id). */
export const RegisterQuery = z.object({
  q: z.string().trim().max(100).optional().catch(undefined),
  after: cursor,
});
