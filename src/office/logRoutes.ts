import { z } from 'zod';
import { findLastVerification } from '../lib/audit/seal.js';
import { describeAction } from '../lib/audit/describe.js';
import { enqueue } from '../lib/jobs/enqueue.js';
import { date } from '../lib/http/fields.js';
import { administrator } from '../lib/http/policy.js';
import { page, redirect, route, type Context, type Route } from '../lib/http/route.js';
import { addDays, startOfDay } from '../lib/time/zone.js';
import { findPersonOption, personText, resolvePersons } from '../people/queries.js';
import { listLog, listNames, LOG_PAGE, type LogFilter } from './logQueries.js';
import { addressOfThing, idsIn, describeChanges } from './logText.js';

/** Kinds of things one can filter by: the tables whose changes are recorded. */
export const NOUNS = [
  'persons',
  'units',
  'organisations',
  'rooms',
  'meetings',
  'series',
  'participants',
  'agenda_items',
  'papers',
  'minutes',
  'actions',
] as const;

const day = date().nullable().catch(null);
const number = z.coerce.number().int().positive().nullable().catch(null);
const Query = z.object({
  person: number,
  who: z.string().max(300).catch(''),
  noun: z.enum(NOUNS).nullable().catch(null),
  id: number,
  from: day,
  to: day,
  before: number,
});
type Asked = z.output<typeof Query>;

/** The person meant by the text of the filter field, else the one of the address. */
async function personOf(
  c: Context,
  asked: Asked,
): Promise<{ id: number | null; text: string; isUnknown: boolean }> {
  if (asked.who) {
    const [found] = await resolvePersons(c.db, [asked.who]);
    return found?.ok
      ? { id: found.person.id, text: asked.who, isUnknown: false }
      : { id: -1, text: asked.who, isUnknown: true };
  }
  const person = asked.person ? await findPersonOption(c.db, asked.person) : undefined;
  return { id: asked.person, text: person ? personText(person, c.fmt.name(person)) : '', isUnknown: false };
}

export const logRoutes: Route[] = [
  route({
    method: 'get',
    path: '/admin/log',
    policy: administrator,
    query: Query,
    async handle(c) {
      const asked = c.query;
      const person = await personOf(c, asked);
      const filter: LogFilter = {
        person: person.id,
        noun: asked.noun,
        id: asked.noun ? asked.id : null,
        before: asked.before,
        from: asked.from ? startOfDay(asked.from, c.zone) : null,
        to: asked.to ? startOfDay(addDays(asked.to, 1), c.zone) : null,
      };
      const [found, verification] = await Promise.all([listLog(c.db, filter), findLastVerification(c.db)]);
      const entries = found.slice(0, LOG_PAGE);
      const ids = idsIn(entries);
      const names = await listNames(c.db, ids);
      const address = (before?: number) => {
        const set = {
          person: person.id,
          noun: asked.noun,
          id: filter.id,
          from: asked.from,
          to: asked.to,
          before,
        };
        const query = new URLSearchParams();
        for (const [name, value] of Object.entries(set)) if (value) query.set(name, String(value));
        return `/admin/log?${query.toString()}`;
      };
      return page('office/log', {
        title: c.t('admin.log.title'),
        asked,
        who: person.text,
        isUnknown: person.isUnknown,
        verification,
        nouns: NOUNS.map((noun) => ({ value: noun, label: c.t(`admin.noun.${noun}`) })),
        only: filter.id,
        entries: entries.map((entry) => ({
          ...entry,
          text: describeAction(c.t, entry.action),
          // Who changed themselves stands in the column beside it already.
          isOnThemselves: entry.noun === 'persons' && entry.noun_id === entry.person_id,
          thingName: c.fmt.name(entry.thing),
          href: addressOfThing(entry),
          changes: describeChanges(entry, names, c.t, c.fmt),
        })),
        newer: asked.before ? address() : undefined,
        older: found.length > LOG_PAGE ? address(entries.at(-1)?.id) : undefined,
      });
    },
  }),
  route({
    method: 'post',
    path: '/admin/log/verification',
    policy: administrator,
    form: z.strictObject({}),
    async handle(c) {
      await enqueue(c.db, 'audit.verify', {}, { key: 'audit.verify' });
      return redirect('/admin/log', { notice: 'admin.log.verifying' });
    },
  }),
];
