import { z } from 'zod';
import {
  choice,
  date,
  id,
  line,
  list,
  onceKey,
  optionalDate,
  optionalId,
  optionalLine,
  optionalProse,
  prose,
} from '../lib/http/fields.js';
import { SCOPES } from './listQueries.js';

export const ReasonForm = z.strictObject({ reason: prose(2000) });

export const AnswerForm = z.strictObject({ text: prose(20_000), key: onceKey() });

/** Which answer was read: a newer one is not judged unseen. */
export const AcceptanceForm = z.strictObject({ answer_id: id(), note: optionalProse(5000) });
export const ReturnForm = z.strictObject({ answer_id: id(), note: prose(5000) });

export const ExtensionForm = z.strictObject({ new_due_on: date(), reason: prose(2000) });
export const DecisionForm = z.strictObject({
  extension_id: id(),
  verdict: choice(['granted', 'refused']),
  note: optionalProse(2000),
});

export const HandOverForm = z.strictObject({
  lead: line(300),
  helper_ids: list(id(), 50),
  helper: optionalLine(300),
  due_on: optionalDate(),
  note: optionalProse(2000),
});

export const HandOverAllForm = z.strictObject({ from_id: id(), lead: line(300), note: optionalProse(2000) });
export const HandOverAllQuery = z.object({ from: optionalId().catch(null) });

export const EmptyForm = z.strictObject({});

const filter = {
  scope: z.enum(SCOPES).catch('mine'),
  state: z.enum(['open', 'closed', 'cancelled']).catch('open'),
  lead: optionalId().catch(null),
  unit: optionalId().catch(null),
  series: optionalId().catch(null),
  q: optionalLine(100).catch(null),
};

/** `after` is the place of the page before, "2026-11-30_17". */
export const ListQuery = z.object({
  ...filter,
  view: z.enum(['board', 'list']).catch('board'),
  after: z
    .string()
    .regex(/^\d{4}-\d{2}-\d{2}_\d{1,15}$/)
    .optional()
    .catch(undefined),
});
export type Listed = z.output<typeof ListQuery>;
export const ExportQuery = z.object(filter);
