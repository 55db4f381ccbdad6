import type { Problems } from '../lib/http/form.js';
import type { Context } from '../lib/http/route.js';
import { readPicked } from '../people/picked.js';
import type { ItemFields } from './forms.js';
import type { ItemInput } from './itemCommands.js';

/** What was typed as a command needs it: the presenter is a person by now. `presenterId` is who is stored. */
export async function readItem(
  c: Context,
  form: ItemFields,
  presenterId: number | null = null,
): Promise<{ input: ItemInput } | { problems: Problems }> {
  const { ids, problems } = await readPicked(
    c,
    { presenter: form.presenter },
    { stored: { presenter: presenterId }, guests: true },
  );
  if (problems) return { problems };
  return {
    input: {
      title: form.title,
      purpose: form.purpose,
      presenterId: ids.presenter,
      plannedMinutes: form.minutes,
      note: form.note,
      isRestricted: form.is_restricted,
    },
  };
}
