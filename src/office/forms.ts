import { z } from 'zod';
import { password } from '../auth/forms.js';
import {
  choice,
  email,
  id,
  line,
  message,
  optionalId,
  optionalLine,
  optionalProse,
  prose,
  version,
  zone,
} from '../lib/http/fields.js';
import { LANGS } from '../lib/i18n/translate.js';

const office = { name_zh: optionalLine(200), name_en: optionalLine(200), lang: choice(LANGS), zone: zone() };
const named = (form: { name_en: string | null; name_zh: string | null }) =>
  Boolean(form.name_en ?? form.name_zh);
const unnamed = { path: ['name_zh'], error: message('admin.office.nameMissing') };

export const SetupForm = z
  .strictObject({
    ...office,
    person_name: line(100),
    person_name_en: optionalLine(100),
    email: email(),
    password: password(),
    again: password(),
  })
  .refine(named, unnamed)
  .refine((form) => form.password === form.again, {
    path: ['again'],
    error: message('auth.password.notAgain'),
  });

export const OfficeForm = z
  .strictObject({
    ...office,
    office_head_id: optionalId(),
    review_gates: choice(['none', 'one']),
    version: version(),
  })
  .refine(named, unnamed);
export type OfficeChange = z.output<typeof OfficeForm>;

/** Who takes over, and a word for whoever that is. */
export const DepartureForm = z.strictObject({ to: optionalId(), note: optionalProse(1000) });
export const MergeForm = z.strictObject({ other: id() });
/** Why, for the history: there is no way back. */
export const ErasureForm = z.strictObject({ reason: prose(1000) });
