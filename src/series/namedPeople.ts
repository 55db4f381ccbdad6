import type { Context } from '../lib/http/route.js';
import { readPeople } from '../meetings/namedPeople.js';
import type { SeriesFields } from './forms.js';

/** People of a series as typed: ids, or what is not understood. */
export async function readSeriesPeople(
  c: Context,
  form: Pick<SeriesFields, 'reviewer' | 'approver'>,
): Promise<{
  reviewerId: number | null;
  approverId: number | null;
  problems: { field: string; message: string }[];
}> {
  const problems: { field: string; message: string }[] = [];
  const read = async (field: 'reviewer' | 'approver') => {
    const named = await readPeople(c.db, c.t, form[field] ?? '');
    for (const message of named.problems) problems.push({ field, message });
    for (const guest of named.guests)
      problems.push({ field, message: c.t('meetings.people.unknown', { name: guest.name }) });
    return named.personIds[0] ?? null;
  };
  return { reviewerId: await read('reviewer'), approverId: await read('approver'), problems };
}
