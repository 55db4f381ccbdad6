import { type Problems, problemsOf } from '../lib/http/form.js';
import type { Context } from '../lib/http/route.js';
import { resolvePersons } from '../people/queries.js';
import type { ItemFields } from './forms.js';
import type { ItemInput } from './itemCommands.js';

/** What was typed as a command needs it: the presenter is a person by now. */
export async function readItem(
  c: Context,
  form: ItemFields,
): Promise<{ input: ItemInput } | { problems: Problems }> {
  let presenterId: number | null = null;
  if (form.presenter) {
    const [found] = await resolvePersons(c.db, [form.presenter]);
    if (!found?.ok) {
      const key = found?.reason === 'several' ? 'meetings.people.several' : 'agenda.form.unknownPresenter';
      return {
        problems: problemsOf(
          [{ field: 'presenter', message: c.t(key, { name: form.presenter.slice(0, 100) }) }],
          c.req.body,
        ),
      };
    }
    presenterId = found.person.id;
  }
  return {
    input: {
      title: form.title,
      purpose: form.purpose,
      presenterId,
      plannedMinutes: form.minutes,
      note: form.note,
      isRestricted: form.is_restricted,
    },
  };
}
