import type { z } from 'zod';
import { listMovableKinds } from '../equipment/queries.js';
import { listRoomOptions } from '../rooms/queries.js';
import { Conflict, Forbidden } from '../lib/http/errors.js';
import { problemsOf, type Problems } from '../lib/http/form.js';
import { isSecretary, signedIn } from '../lib/http/policy.js';
import { idOf, page, route, type Answer, type Context, type Route } from '../lib/http/route.js';
import { addDays, dayOf, weekdayOf } from '../lib/time/zone.js';
import { findUsualOfLast } from './followingQueries.js';
import {
  checkLayout,
  listActable,
  readActing,
  shownEquipment,
  shownLayouts,
  shownPerson,
} from '../meetings/formPage.js';
import { mayKeepSeries } from '../meetings/policy.js';
import { readRule } from '../series/recurrence.js';
import { readPeople } from '../meetings/namedPeople.js';
import { keptChoices, carryOut } from './page.js';
import { addDates, createSeries, type NewSeries } from './seriesCommands.js';
import { NewDatesForm, NewSeriesForm } from './forms.js';
import { endAfter, fieldsOfRule, scheduleOf } from './scheduleForm.js';
import { findSeries, listRecurrences, type Series } from '../series/queries.js';
import type { ParticipantRole } from '../meetings/states.js';
import { readSeriesPeople } from '../series/namedPeople.js';

export const scheduleRoutes: Route[] = [
  route({
    method: 'get',
    path: '/series/new',
    policy: signedIn,
    handle: async (c) =>
      drawForm(c, { values: { ...defaults(c), organiser: await shownPerson(c, c.viewer.id) } }),
  }),
  route({
    method: 'post',
    path: '/series',
    policy: signedIn,
    form: NewSeriesForm,
    handle: create,
    onInvalid: (c, problems) => drawForm(c, { problems }),
  }),
  route({ method: 'get', path: '/series/:id/dates/new', policy: signedIn, handle: showDates }),
  route({
    method: 'post',
    path: '/series/:id/dates',
    policy: signedIn,
    form: NewDatesForm,
    handle: addToSeries,
    async onInvalid(c, problems) {
      return drawForm(c, { problems, series: await findKept(c) });
    },
  }),
];

function defaults(c: Context): Record<string, unknown> {
  const from = dayOf(c.now, c.zone);
  // Who plans on a Sunday plans for the week.
  const weekday = weekdayOf(from) > 5 ? 1 : weekdayOf(from);
  return {
    frequency: 'weekly',
    every: 1,
    weekday: [weekday],
    month_day: Number(from.slice(8)),
    nth: 1,
    nth_weekday: weekday,
    month: Number(from.slice(5, 7)),
    ends: 'on',
    from_on: from,
    until_on: addDays(from, 182),
    zone: c.zone,
    lang: c.office.lang,
    first_number: 1,
    rooms: [],
  };
}

async function findKept(c: Context): Promise<Series> {
  const series = await findSeries(c.db, c.viewer, idOf(c));
  if (!mayKeepSeries(series)) throw new Forbidden();
  if (series.ended_on !== null) throw new Conflict('meetings.problem.seriesEnded');
  return series;
}

/** Goes on where the last rule ends. */
async function showDates(c: Context): Promise<Answer> {
  const series = await findKept(c);
  const [recurrences, usual] = await Promise.all([
    listRecurrences(c.db, series.id),
    findUsualOfLast(c.db, series.id),
  ]);
  const last = recurrences.at(-1);
  const values = defaults(c);
  if (usual)
    Object.assign(values, {
      rooms: usual.roomIds,
      link: usual.link,
      place: usual.place,
      layout: usual.layout ?? '',
      expected: usual.expected,
      kinds: usual.equipment.map(({ kindId }) => kindId),
      pieces: usual.equipment.map(({ quantity }) => quantity),
      ...(last
        ? {}
        : {
            frequency: 'dates',
            zone: usual.zone,
            from: usual.from,
            to: endAfter(usual.from, usual.minutes),
          }),
    });
  if (last) {
    const rule = readRule(last.rule);
    const from = addDays(dayOf(last.until_at, last.zone), 1);
    const today = dayOf(c.now, last.zone);
    Object.assign(values, {
      ...fieldsOfRule(rule),
      zone: last.zone,
      from_on: from > today ? from : today,
      until_on: addDays(from > today ? from : today, 182),
      from: last.starts_at_time,
      to: endAfter(last.starts_at_time, series.duration_minutes),
    });
  }
  return drawForm(c, { series, values });
}

async function readMembers(c: Context, form: z.output<typeof NewSeriesForm>) {
  const problems: { field: string; message: string }[] = [];
  const members = new Map<number, ParticipantRole>();
  for (const [field, role] of [
    ['members', 'required'],
    ['secretary', 'secretary'],
    ['chair', 'chair'],
  ] as const) {
    const named = await readPeople(c.db, c.t, form[field] ?? '');
    if (named.problems.length > 0) problems.push({ field, message: named.problems.join(' ') });
    // Guests come in on the members' page, where each gets a row of the directory; a plan that is not saved
    // makes nobody.
    for (const guest of named.guests)
      problems.push({ field, message: c.t('meetings.series.guestLater', { address: guest.email }) });
    for (const person of named.personIds) members.set(person, role);
  }
  return { members, problems };
}

async function create(c: Context<z.output<typeof NewSeriesForm>>): Promise<Answer> {
  const { form } = c;
  if (form.back) return drawForm(c, { values: c.req.body as Record<string, unknown> });
  const [people, others] = await Promise.all([readMembers(c, form), readSeriesPeople(c, form)]);
  const problems = [...people.problems, ...others.problems];
  if (problems.length > 0) return drawForm(c, { problems: problemsOf(problems, c.req.body) });
  const read = scheduleOf(c, form);
  if ('problems' in read) return drawForm(c, { problems: read.problems });
  const acting = await readActing(c, form);
  if ('problems' in acting) return drawForm(c, { problems: acting.problems });
  const odd = await checkLayout(c, form);
  if (odd) return drawForm(c, { problems: odd });
  const input: NewSeries = {
    name: form.name,
    organiserId: acting.organiserId ?? c.viewer.id,
    bookedForId: acting.bookedForId,
    lang: form.lang,
    isPrivate: form.is_private,
    durationMinutes: Math.max(5, read.minutes),
    firstNumber: form.first_number,
    reviewGates: form.gates,
    reviewerId: others.reviewerId,
    approverId: others.approverId,
    members: people.members,
  };
  return carryOut(
    c,
    read.schedule,
    { name: form.name, action: '/series', notice: 'meetings.notice.datesPlanned' },
    (db, isMeant) => createSeries(db, c.by, input, { schedule: read.schedule, isMeant }),
  );
}

async function addToSeries(c: Context<z.output<typeof NewDatesForm>>): Promise<Answer> {
  const series = await findKept(c);
  if (c.form.back) return drawForm(c, { series, values: c.req.body as Record<string, unknown> });
  const read = scheduleOf(c, c.form);
  if ('problems' in read) return drawForm(c, { series, problems: read.problems });
  const odd = await checkLayout(c, c.form);
  if (odd) return drawForm(c, { series, problems: odd });
  return carryOut(
    c,
    read.schedule,
    { name: series.name, action: `/series/${series.id}/dates`, notice: 'meetings.notice.datesPlanned' },
    (db, isMeant) => addDates(db, c.by, series.id, { schedule: read.schedule, isMeant }),
  );
}

async function drawForm(
  c: Context,
  drawing: { values?: Record<string, unknown>; problems?: Problems; series?: Series },
): Promise<Answer> {
  const { series, problems } = drawing;
  const values: Record<string, unknown> = { ...(drawing.values ?? problems?.values) };
  values.rooms = [values.rooms ?? []].flat().filter((room) => room !== '');
  const choices = keptChoices(values);
  const [rooms, movable, organisers] = await Promise.all([
    listRoomOptions(c.db),
    listMovableKinds(c.db),
    isSecretary(c.viewer) ? undefined : listActable(c, series),
  ]);
  const heading = series
    ? c.t('meetings.series.planMore', { name: series.name })
    : c.t('meetings.series.new');
  return page(
    'dates/form',
    {
      title: heading,
      heading,
      series,
      isNew: !series,
      withDates: true,
      action: series ? `/series/${series.id}/dates` : '/series',
      rooms,
      organisers,
      layouts: shownLayouts(c, rooms),
      equipment: shownEquipment(c, movable, values, problems),
      values,
      choices,
      errors: problems?.errors ?? {},
      scripts: ['series-rule'],
    },
    { status: problems ? 422 : 200 },
  );
}
