import { load } from 'cheerio';
import { randomUUID } from 'node:crypto';
import type { Cast } from '../support/cast.js';
import type { Agent } from '../support/world.js';

// How the tests of standing meetings fill in the form and answer the plan, as a browser does.

export const postTo = (agent: Agent, path: string, fields: Record<string, unknown>) =>
  agent.post(path).type('form').send(fields);

/** A weekly meeting on the Mondays of April 2030 in the Orchid room. */
export function seriesForm(cast: Cast, more: Record<string, unknown> = {}): Record<string, unknown> {
  return {
    name: 'Weekly leadership',
    organiser: String(cast.organiser.id),
    lang: 'en',
    first_number: '42',
    gates: '',
    frequency: 'weekly',
    every: '1',
    weekday: '1',
    month_day: '1',
    nth: '1',
    nth_weekday: '1',
    from_on: '2030-04-01',
    until_on: '2030-04-30',
    from: '9',
    to: '10',
    zone: 'Asia/Shanghai',
    rooms: String(cast.rooms.orchid),
    chair: '周正',
    members: '陈安',
    key: randomUUID(),
    ...more,
  };
}

/** The plan page sent again: hidden fields, choices and reasons as they stand, with changes by date. */
export function confirm(
  html: string,
  changes: Record<string, { choice?: string; reason?: string }> = {},
): [string, Record<string, unknown>] {
  const $ = load(html);
  const fields: Record<string, unknown> = {};
  const at = $('input[name=at]')
    .map((_, field) => String($(field).val()))
    .get();
  $('main form input[type=hidden]')
    .filter((_, field) => $(field).attr('name') !== 'at')
    .each((_, field) => {
      const name = $(field).attr('name') ?? '';
      fields[name] = name in fields ? [fields[name], $(field).val()].flat() : $(field).val();
    });
  fields.at = at;
  fields.choice = $('select[name=choice]')
    .map((i, field) => changes[at[i] ?? '']?.choice ?? String($(field).val()))
    .get();
  fields.reason = at.map((on, i) => changes[on]?.reason ?? String($('input[name=reason]').eq(i).val()));
  return [$('main form').attr('action') ?? '', fields];
}

/** Plans a standing meeting and agrees to the plan as it stands. @returns its id */
export async function planSeries(agent: Agent, form: Record<string, unknown>): Promise<number> {
  const saved = await postTo(agent, ...confirm((await postTo(agent, '/series', form)).text));
  if (saved.status !== 303) throw new Error(load(saved.text)('main').text());
  return Number(/\d+$/.exec(saved.headers.location ?? '')?.[0]);
}

/** What the form of a page shows in its fields, as a browser would send it, with changes. */
export function fieldsOf(html: string, changes: Record<string, unknown> = {}): Record<string, unknown> {
  const $ = load(html);
  const found: Record<string, unknown> = {};
  $('main form')
    .find('input, textarea, select')
    .each((_, element) => {
      const field = $(element);
      const [name, type] = [field.attr('name'), field.attr('type')];
      if (!name || ((type === 'radio' || type === 'checkbox') && field.attr('checked') === undefined)) return;
      const text =
        element.tagName === 'select'
          ? String(
              field.find('option[selected]').attr('value') ??
                field.find('option').first().attr('value') ??
                '',
            )
          : String(field.val() ?? '').replace(/^\n/, '');
      found[name] = name in found ? [found[name], text].flat() : text;
    });
  return { ...found, ...changes };
}

/** Changes following dates by their page and agrees to the plan as it stands. */
export async function changeFollowingDates(
  agent: Agent,
  series: number,
  meeting: number,
  scope: 'all' | 'following',
  changes: Record<string, unknown>,
): Promise<void> {
  const path = `/series/${series}/dates/${meeting}/following`;
  const first = await postTo(
    agent,
    path,
    fieldsOf((await agent.get(`${path}?scope=${scope}`)).text, { ...changes, key: randomUUID() }),
  );
  const saved = first.status === 303 ? first : await postTo(agent, ...confirm(first.text));
  if (saved.status !== 303) throw new Error(load(saved.text)('main').text());
}
