import { z } from 'zod';
import {
  choice,
  flag,
  line,
  message,
  onceKey,
  optionalEmail,
  optionalId,
  optionalLine,
  version,
  zone,
} from '../lib/http/fields.js';
import { LANGS } from '../lib/i18n/translate.js';

export const ROLES = ['member', 'secretary', 'administrator'] as const;

const person = {
  name: line(100),
  name_en: optionalLine(100),
  email: optionalEmail(),
  phone: optionalLine(40),
  position: optionalLine(100),
  unit_id: optionalId(),
  is_guest: flag(),
  affiliation: optionalLine(200),
  lang: choice(LANGS),
  zone: zone(),
};

export const NewPersonForm = z
  .strictObject({
    ...person,
    role: choice(ROLES)
      .optional()
      .transform((role) => role ?? 'member'),
    key: onceKey(),
  })
  .refine((form) => !form.is_guest || form.role === 'member', {
    path: ['role'],
    error: message('people.guest.noRole'),
  });
export const PersonForm = z.strictObject({ ...person, version: version() });

const unit = {
  code: line(40).refine((code) => /^[\p{L}\p{N}][\p{L}\p{N}._-]*$/u.test(code), {
    error: message('people.unit.codeForm'),
  }),
  name_en: optionalLine(100),
  name_zh: optionalLine(100),
  parent_id: optionalId(),
  head: optionalLine(300),
};
const named = (form: { name_en: string | null; name_zh: string | null }) =>
  Boolean(form.name_en ?? form.name_zh);
const unnamed = { path: ['name_en'], error: message('people.unit.nameMissing') };
export const NewUnitForm = z.strictObject({ ...unit, key: onceKey() }).refine(named, unnamed);
export const UnitForm = z.strictObject({ ...unit, version: version() }).refine(named, unnamed);
/** Where the people and the units below go. */
export const EndUnitForm = z.strictObject({ version: version(), move_to: optionalId() });

export type NewPerson = Omit<z.output<typeof NewPersonForm>, 'key'>;
export type PersonChange = z.output<typeof PersonForm>;
/** As the command takes it: who heads the unit is a person by now. */
export type UnitChange = Omit<z.output<typeof UnitForm>, 'head'> & { head_id: number | null };
