import { z } from 'zod';
import {
  choice,
  flag,
  id,
  line,
  list,
  message,
  onceKey,
  optionalLine,
  optionalProse,
  prose,
  version,
  whole,
} from '../lib/http/fields.js';
import { meetingFields } from '../meetings/forms.js';
import { PURPOSES } from './queries.js';

const itemFields = {
  title: line(200),
  purpose: choice(PURPOSES),
  /** As typed into the picker. */
  presenter: optionalLine(300),
  minutes: whole(0, 600),
  note: optionalProse(20_000),
  is_restricted: flag(),
};

export const NewItemForm = z.strictObject({ ...itemFields, key: onceKey() });
export const ItemForm = z.strictObject({ ...itemFields, version: version() });
export type ItemFields = Omit<z.output<typeof ItemForm>, 'version'>;

export const DirectionForm = z.strictObject({ direction: choice(['up', 'down']) });
/** Ids in their new order, parted by commas. */
export const OrderForm = z.strictObject({
  order: z
    .string()
    .regex(/^[1-9]\d{0,14}(,[1-9]\d{0,14}){0,199}$/, { error: message('lib.field.choice') })
    .transform((text) => text.split(',').map(Number)),
});
export const ReasonForm = z.strictObject({ reason: prose(2000) });
export const NoFields = z.strictObject({});
export const FromBacklogForm = z.strictObject({ items: list(id(), 200) });
export const CopyForm = z.strictObject({
  ...meetingFields,
  with_people: flag(),
  with_agenda: flag(),
  key: onceKey(),
});
