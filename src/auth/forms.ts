import { z } from 'zod';
import { choice, email, flag, line, message, optionalDate, zone } from '../lib/http/fields.js';
import { LANGS } from '../lib/i18n/translate.js';
import { LONGEST } from './passwords.js';

/** As typed, spaces and all; only composed, so that one keyboard's é is another's. */
export const password = () =>
  z
    .string({ error: message('lib.field.required') })
    .max(LONGEST * 4, { error: message('auth.password.tooLong') })
    .transform((text) => text.normalize('NFC'))
    .refine((text) => text !== '', { error: message('lib.field.required') });

/** Where to go afterwards; checked by `ownPath`, never trusted. */
const next = () =>
  z
    .string()
    .max(4000)
    .optional()
    .transform((text) => text ?? '');

export const SignInForm = z.strictObject({
  email: line(254).transform((text) => text.normalize('NFKC').toLowerCase()),
  password: password(),
  next: next(),
  kept: z.string().max(2_000_000).optional(),
});

export const LanguageForm = z.strictObject({ lang: choice(LANGS), next: next() });

export const ResetForm = z.strictObject({ email: email() });

export const NewPasswordForm = z
  .strictObject({ password: password(), again: password() })
  .refine((form) => form.password === form.again, {
    path: ['again'],
    error: message('auth.password.notAgain'),
  });

export const ChangePasswordForm = z
  .strictObject({ current: password(), password: password(), again: password() })
  .refine((form) => form.password === form.again, {
    path: ['again'],
    error: message('auth.password.notAgain'),
  });

export const ProfileForm = z.strictObject({
  lang: choice(LANGS),
  zone: zone(),
  theme: choice(['system', 'light', 'dark']),
  density: choice(['comfortable', 'compact']),
  has_shortcuts: flag(),
});

export const DeputyForm = z
  .strictObject({ deputy: line(300), from: optionalDate(), to: optionalDate() })
  .refine((form) => !form.from || !form.to || form.from <= form.to, {
    path: ['to'],
    error: message('auth.deputy.order'),
  });

export const EmptyForm = z.strictObject({});
