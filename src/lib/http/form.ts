import type { z } from 'zod';
import { isKey, type Translate, type Values } from '../i18n/translate.js';

/** What is wrong with what was posted, told in the person's language. */
export interface Problems {
  /** Field name → message, for the place beside the field. */
  errors: Record<string, string>;
  /** In the order of the form, for the summary on top. */
  list: { field: string; message: string }[];
  /** What was typed, as it came, to fill the form again. */
  values: Record<string, unknown>;
}

export type Parsed<T> = { ok: true; data: T } | { ok: false; problems: Problems };

/** Parses what was posted by a strict schema: a field that the form does not have is refused. */
export function parseForm<S extends z.ZodType>(schema: S, input: unknown, t: Translate): Parsed<z.output<S>> {
  const parsed = schema.safeParse(input);
  if (parsed.success) return { ok: true, data: parsed.data };
  const found = parsed.error.issues.map((issue) => ({
    field: issue.path.join('.') || (issue.code === 'unrecognized_keys' ? (issue.keys[0] ?? '') : ''),
    message:
      issue.code === 'unrecognized_keys'
        ? t('lib.field.unknown', { name: issue.keys.join(', ').slice(0, 100) })
        : tell(issue.message, t),
  }));
  return { ok: false, problems: problemsOf(found, input) };
}

/** Problems found by a command, in the shape that forms show. */
export function problemsOf(list: { field: string; message: string }[], input: unknown): Problems {
  const errors: Record<string, string> = {};
  for (const { field, message } of list) errors[field] ??= message;
  // One message a field is enough: the first is the one to mend first.
  const firsts = list.filter(({ field, message }) => errors[field] === message);
  const unique = firsts.filter(
    (problem, at) => firsts.findIndex((other) => other.field === problem.field) === at,
  );
  return { errors, list: unique, values: { ...(input as Record<string, unknown>) } };
}

function tell(encoded: string, t: Translate): string {
  const at = encoded.indexOf('|');
  const key = at < 0 ? encoded : encoded.slice(0, at);
  if (!isKey(key)) return t('lib.field.required');
  return at < 0 ? t(key) : t(key, JSON.parse(encoded.slice(at + 1)) as Values);
}
