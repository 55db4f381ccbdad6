import { z } from 'zod';
import type { Key, Values } from '../i18n/translate.js';
import { normalAddress } from '../mail/address.js';
import { isZone, parseTime } from '../time/zone.js';

// Building blocks of forms. Every message is the name of a text with its values, told in the person's
// language when the page is drawn; see `problems` in form.ts.

export function message(key: Key, values?: Values): string {
  return values ? `${key}|${JSON.stringify(values)}` : key;
}

// NUL, C0/C1 controls but newline and tab, bidi overrides and isolates, lone surrogates: none of them is text
// a person wrote on purpose, and each of them breaks a page, a mail or a calendar file somewhere.
const UNSTORABLE =
  /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]|\p{Surrogate}/u;

// Letters that show nothing (zero-width marks, fillers, the empty
// braille cell): a title of these could be seen and pressed nowhere.
const SHOWS = /[^\s\p{Cf}\p{Mn}\u115f\u1160\u2800\u3164\uffa0]/u;
const isFilled = (text: string) => text === '' || SHOWS.test(text);

const raw = z.string({
  error: (issue) => message(Array.isArray(issue.input) ? 'lib.field.once' : 'lib.field.required'),
});

const clean = raw
  .transform((text) => text.replace(/\r\n?/g, '\n').normalize('NFC').trim())
  .refine((text) => !UNSTORABLE.test(text), { error: message('lib.field.characters') });

function limited(max: number, oneLine: boolean) {
  return clean
    .transform((text) => (isFilled(text) ? text : ''))
    .refine((text) => [...text].length <= max, { error: message('lib.field.tooLong', { count: max }) })
    .refine((text) => !oneLine || !/[\n\t\u2028\u2029]/.test(text), { error: message('lib.field.oneLine') });
}

/** One line that must be filled in. */
export const line = (max: number) =>
  limited(max, true).refine((text) => text !== '', { error: message('lib.field.required') });
/** One line or nothing (null). */
export const optionalLine = (max: number) =>
  limited(max, true)
    .optional()
    .transform((text) => text || null);
/** Several lines that must be filled in. */
export const prose = (max: number) =>
  limited(max, false).refine((text) => text !== '', { error: message('lib.field.required') });
/** Several lines, or the empty text. */
export const optionalProse = (max: number) =>
  limited(max, false)
    .optional()
    .transform((text) => text ?? '');

/** A whole number; full-width digits are read as digits. */
export function whole(min: number, max: number) {
  const error = message('lib.field.number', { min, max });
  return clean
    .transform((text) => (/^\d{1,9}$/.test(text.normalize('NFKC')) ? Number(text.normalize('NFKC')) : NaN))
    .refine((value) => value >= min && value <= max, { error });
}
export function optionalWhole(min: number, max: number) {
  return z
    .union([z.literal('').transform(() => null), whole(min, max)], {
      error: message('lib.field.number', { min, max }),
    })
    .optional()
    .transform((value) => value ?? null);
}

/** A row's id. What it points to is authorised by the command. */
export const id = () =>
  raw
    .refine((text) => /^[1-9]\d{0,14}$/.test(text), { error: message('lib.field.choice') })
    .transform(Number);
export const optionalId = () =>
  z
    .union([z.literal('').transform(() => null), id()], { error: message('lib.field.choice') })
    .optional()
    .transform((value) => value ?? null);
/** The version an edit form was opened with. */
export const version = id;

export function choice<const T extends readonly [string, ...string[]]>(options: T) {
  return z.enum(options, { error: message('lib.field.choice') });
}

/** A checkbox: 'on' when ticked, absent when not. */
export const flag = () =>
  z
    .literal(['on', '1', 'true'])
    .optional()
    .transform((value) => value !== undefined);

/** Checkboxes or a multiple select: none, one or many values of one name. */
export function list<T extends z.ZodType>(of: T, max = 500) {
  return z.preprocess((value) => (value === undefined ? [] : [value].flat()), z.array(of).max(max));
}

/** The day as 'YYYY-MM-DD', or '' when it is none. */
function readDay(text: string): string {
  const match = /^(\d{4})[-/.年](\d{1,2})[-/.月](\d{1,2})日?$/.exec(text.normalize('NFKC'));
  if (!match) return '';
  const on = `${match[1]}-${match[2]?.padStart(2, '0')}-${match[3]?.padStart(2, '0')}`;
  const day = new Date(`${on}T00:00:00Z`);
  return Number.isNaN(day.getTime()) || day.toISOString().slice(0, 10) !== on ? '' : on;
}

/**
 * 'YYYY-MM-DD'; also read as 2026/11/30, 2026.11.30, 2026年11月30日.
 * Days far ahead are refused: weeks and zones are counted from them.
 */
export const date = () =>
  clean
    .transform(readDay)
    .refine((on) => on !== '', { error: message('lib.field.date') })
    .refine((on) => on === '' || (on >= '1970' && on < '2200'), { error: message('lib.field.years') });
export const optionalDate = () =>
  z
    .union([z.literal('').transform(() => null), date()], {
      error: ({ input }) =>
        message(typeof input === 'string' && readDay(input.trim()) ? 'lib.field.years' : 'lib.field.date'),
    })
    .optional()
    .transform((value) => value ?? null);

/** 'HH:MM', typed leniently ("9", "930", "9：30"). */
export const time = () =>
  clean
    .transform((text) => parseTime(text) ?? '')
    .refine((at) => at !== '', { error: message('lib.field.time') });

export const zone = () => line(60).refine(isZone, { error: message('lib.field.choice') });

/** http or https only. */
export const optionalLink = () =>
  optionalLine(2000).refine(
    (text) => {
      if (text === null) return true;
      try {
        return /^https?:$/.test(new URL(text).protocol) && /^https?:\/\//i.test(text);
      } catch {
        return false;
      }
    },
    { error: message('lib.field.link') },
  );

/** A mail address, as it is stored: lower-case, the domain in punycode. */
export const email = () =>
  line(254)
    .transform((text) => normalAddress(text) ?? '')
    .refine((text) => text !== '', { error: message('lib.field.email') });
export const optionalEmail = () =>
  z
    .union([z.literal('').transform(() => null), email()], { error: message('lib.field.email') })
    .optional()
    .transform((value) => value ?? null);

/** The hidden key that makes a form posted twice one change; see once.ts. */
export const onceKey = () => z.uuid({ error: message('lib.error.badRequest') });
