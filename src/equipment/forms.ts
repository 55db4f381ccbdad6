import { z } from 'zod';
import { flag, line, message, onceKey, optionalWhole, version, whole } from '../lib/http/fields.js';
import { EQUIPMENT_CODE } from './kinds.js';

const KIND = {
  name_en: line(60),
  name_zh: line(60),
  /** Pieces, of what is movable. */
  stock: optionalWhole(0, 9999),
  is_active: flag(),
  sort_order: whole(0, 100_000),
};

export const NewKindForm = z
  .strictObject({
    ...KIND,
    code: z
      .string({ error: message('lib.field.required') })
      .transform((typed) => typed.normalize('NFKC').trim().toLowerCase())
      .refine((code) => EQUIPMENT_CODE.test(code), { error: message('rooms.problem.code') }),
    is_movable: flag(),
    key: onceKey(),
  })
  .refine((form) => !form.is_movable || form.stock !== null, {
    path: ['stock'],
    error: message('equipment.problem.stock'),
  });
export const EditKindForm = z.strictObject({ ...KIND, version: version() });
export type KindFields = Omit<z.output<typeof EditKindForm>, 'version'>;
