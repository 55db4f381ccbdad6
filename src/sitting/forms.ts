import { z } from 'zod';
import {
  choice,
  id,
  line,
  list,
  onceKey,
  optionalDate,
  optionalEmail,
  optionalId,
  optionalLine,
  optionalProse,
  optionalWhole,
} from '../lib/http/fields.js';
import { STATUSES } from './attendanceCommands.js';
import { OUTCOMES } from './commands.js';
import { KINDS } from './statementKinds.js';

const statement = {
  key: onceKey(),
  version: optionalId(),
  text: optionalProse(20_000),
  lead: optionalLine(300),
  due_on: optionalDate(),
};

/** A new statement; `kind` is the button that was pressed. */
export const AddForm = z.strictObject({ ...statement, kind: choice(KINDS).optional() });

export const ChangeForm = z.strictObject({
  ...statement,
  kind: choice(KINDS),
  /** Where it belongs; 'general' is before and after the items. */
  item_id: z.union([z.literal('general').transform(() => null), id()]).optional(),
  basis: choice(['consensus', 'vote']).optional(),
  votes_for: optionalWhole(0, 100_000),
  votes_against: optionalWhole(0, 100_000),
  abstentions: optionalWhole(0, 100_000),
  deliverable: optionalProse(2000),
  helper_ids: list(id(), 50),
  helper: optionalLine(300),
  /** From the merge page: keep theirs and add mine beside it. */
  both: z.literal('1').optional(),
});
export type Change = z.output<typeof ChangeForm>;

export const MoveForm = z.strictObject({ direction: choice(['up', 'down']) });
export const EmptyForm = z.strictObject({});

export const WriteQuery = z.object({
  item: z
    .union([z.literal('general'), z.coerce.number().int().positive()])
    .optional()
    .catch(undefined),
  edit: z.coerce.number().int().positive().optional().catch(undefined),
});

const status = z.union([z.literal('').transform(() => null), z.enum(STATUSES)]);

export const StatusForm = z.strictObject({ status });

/**
 * One line for each participant, in the same order; `was_…` is what the page showed, so that only changes are
 * carried out.
 */
export const AttendanceForm = z.strictObject({
  participant_id: list(id()),
  status: list(status),
  was_status: list(status),
  arrived: list(z.string().max(20)),
  was_arrived: list(z.string().max(20)),
  left: list(z.string().max(20)),
  was_left: list(z.string().max(20)),
});

export const WalkInForm = z.strictObject({
  person: line(300),
  email: optionalEmail(),
  role: choice(['required', 'optional', 'in_attendance']),
});

export const OutcomeForm = z.strictObject({
  outcome: choice([...OUTCOMES, 'under_discussion']),
  next: optionalId(),
});

export const EndForm = z.strictObject({ item_id: list(id(), 500), outcome: list(choice(OUTCOMES), 500) });
