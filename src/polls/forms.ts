import { z } from 'zod';
import {
  choice,
  date,
  flag,
  id,
  line,
  list,
  message,
  onceKey,
  optionalLine,
  optionalProse,
  optionalWhole,
  prose,
  time,
  version,
} from '../lib/http/fields.js';

export const MIN_OPTIONS = 2;
export const MAX_OPTIONS = 20;
/** Lines to type times into; there are always a few empty ones. */
export const TYPED = 5;

export const ListQuery = z.object({ state: choice(['open', 'closed']).catch('open') });

/** From find-a-time: its ticked suggestions and its people. */
export const NewPollQuery = z.object({
  offer: list(z.string().max(200), 50).catch([]),
  p: list(id(), 200).catch([]),
  o: list(id(), 200).catch([]),
  gp: list(line(300), 200).catch([]),
  go: list(line(300), 200).catch([]),
  title: optionalLine(200).catch(null),
  minutes: optionalWhole(15, 480).catch(null),
  is_private: flag().catch(false),
});

const optional = <T extends z.ZodType>(of: T, error: string) =>
  z
    .union([z.literal('').transform(() => null), of], { error })
    .optional()
    .transform((value) => value ?? null);
const typed = Object.fromEntries(
  Array.from({ length: TYPED }, (_, n) => [
    [`on_${n}`, optional(date(), message('lib.field.date'))],
    [`from_${n}`, optional(time(), message('lib.field.time'))],
  ]).flat(),
) as Record<`${'on' | 'from'}_${number}`, ReturnType<typeof optional>>;

export const NewPollForm = z.strictObject({
  title: line(200),
  note: optionalProse(2000),
  /** Names and addresses, one a line. */
  required: optionalProse(20_000),
  optional: optionalProse(20_000),
  offer: list(line(200), MAX_OPTIONS),
  minutes: z.coerce
    .number({ error: message('lib.field.choice') })
    .int()
    .min(15, { error: message('lib.field.choice') })
    .max(480, { error: message('lib.field.choice') }),
  ...typed,
  deadline_on: date(),
  deadline_at: time(),
  needs_room: flag(),
  is_private: flag(),
  key: onceKey(),
});
export type NewPollForm = z.output<typeof NewPollForm>;

/** Ticked times and people stay; the rest of it comes to them. */
export const EditPollForm = z.strictObject({
  ...NewPollForm.omit({ key: true, offer: true }).shape,
  keep: list(id(), MAX_OPTIONS),
  /** 'time:room' or 'time:none' for times that get another room; empty: as it is. */
  room: list(
    z.string().regex(/^([1-9]\d{0,14}:(none|[1-9]\d{0,14}))?$/, { error: message('lib.field.choice') }),
    MAX_OPTIONS,
  ),
  /** People who stay asked, and of them those who are required. */
  stay: list(id(), 500),
  needed: list(id(), 500),
  version: version(),
});
export type EditPollForm = z.output<typeof EditPollForm>;

export const ANSWERS = ['yes', 'maybe', 'no'] as const;
export type PollAnswer = (typeof ANSWERS)[number];

/** One field for each time, `answer_<option>`; which options there are the command knows. */
export const AnswerForm = z
  .object({ note: optionalProse(1000) })
  .catchall(z.enum(ANSWERS, { error: message('lib.field.choice') }))
  .transform(({ note, ...rest }, issues) => {
    const answers = new Map<number, PollAnswer>();
    for (const [name, answer] of Object.entries(rest)) {
      const option = /^answer_([1-9]\d{0,14})$/.exec(name)?.[1];
      if (option) answers.set(Number(option), answer);
      else
        issues.addIssue({
          code: 'custom',
          path: [name],
          message: message('lib.field.unknown', { name: name.slice(0, 50) }),
        });
    }
    return { note, answers };
  });
export type AnswerForm = z.output<typeof AnswerForm>;

export const ChoiceForm = z.strictObject({
  option: id(),
  room: z.union([z.literal('none'), id()], { error: message('lib.field.choice') }).optional(),
});
export const NothingForm = z.strictObject({});
export const CancelForm = z.strictObject({ reason: prose(1000) });
