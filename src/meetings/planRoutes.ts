import type { z } from 'zod';
import { listRoomOptions, type RoomOption } from '../rooms/queries.js';
import { Conflict, Forbidden } from '../lib/http/errors.js';
import { problemsOf, type Problems } from '../lib/http/form.js';
import { once } from '../lib/http/once.js';
import { isSecretary, signedIn } from '../lib/http/policy.js';
import { idOf, page, redirect, route, type Answer, type Context, type Route } from '../lib/http/route.js';
import { format } from '../lib/time/format.js';
import { addDays, dayOf, timeOf, weekdayOf } from '../lib/time/zone.js';
import { listActable, readActing, shownPerson } from './formRoutes.js';
import { mayKeepSeries } from './policy.js';
import { lastDayFor, MAX_MONTHS, occurrencesOf, readRule, tellRule, type Rule } from './recurrence.js';
import { tellRefusal } from './refusal.js';
import { readPeople } from './namedPeople.js';
import { addDates, createSeries, type DatesPlan, type NewSeries, type Planned } from './seriesCommands.js';
import { choicesOf, NewDatesForm, NewSeriesForm, type DatesForm, type SeriesFields } from './seriesForms.js';
import { findSeries, listDates, listRecurrences, type Series } from './seriesQueries.js';
import type { RoomsRefused } from './commands.js';
import type { ParticipantRole } from './queries.js';

export const planRoutes: Route[] = [
  route({ method: 'get', path: '/series/new', policy: signedIn, handle: async (c) => drawForm(c, { values: { ...defaults(c), organiser: await shownPerson(c, c.viewer.id) } }) }),
  route({ method: 'post', path: '/series', policy: signedIn, form: NewSeriesForm, handle: create, onInvalid: (c, problems) => drawForm(c, { problems }) }),
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
  return {
    frequency: 'weekly', every: 1, weekday: weekdayOf(from), month_day: 1, nth: 1, nth_weekday: weekdayOf(from), from_on: from, until_on: addDays(from, 182), zone: c.zone, lang: c.office.lang,
    first_number: 1, rooms: [],
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
  const [recurrences, [lastDate]] = await Promise.all([listRecurrences(c.db, series.id), listDates(c.db, series.id, 'coming', c.now, 1)]);
  const last = recurrences.at(-1);
  const values = defaults(c);
  if (last) {
    const rule = readRule(last.rule);
    const from = addDays(dayOf(last.until_at, last.zone), 1);
    const today = dayOf(c.now, last.zone);
    Object.assign(values, {
      frequency: rule.frequency, every: rule.every, weekday: rule.weekday, month_day: rule.monthDay, nth: rule.nth, nth_weekday: rule.weekday, zone: last.zone,
      from_on: from > today ? from : today, until_on: addDays(from > today ? from : today, 182), from: last.starts_at_time,
      to: timeOf(new Date(Date.parse(`2000-01-01T${last.starts_at_time}:00Z`) + series.duration_minutes * 60_000), 'UTC'),
      rooms: lastDate?.rooms.map(({ id }) => id) ?? [],
    });
  }
  return drawForm(c, { series, values });
}

/** The rule and its dates, or what is wrong with them. */
function planOf(c: Context, form: DatesForm): { plan: DatesPlan; minutes: number } | { problems: Problems } {
  const rule: Rule = { frequency: form.frequency, every: form.every, weekday: form.frequency === 'weekly' ? form.weekday : form.nth_weekday, monthDay: form.month_day, nth: form.nth };
  const problem = (field: string, message: string) => ({ problems: problemsOf([{ field, message }], c.req.body) });
  if (form.until_on < form.from_on) return problem('until_on', c.t('meetings.series.untilBefore'));
  if (form.until_on > lastDayFor(form.from_on)) return problem('until_on', c.t('meetings.series.tooLong', { count: MAX_MONTHS }));
  if (form.from === form.to) return problem('to', c.t('meetings.form.order'));
  const occurrences = occurrencesOf(rule, { fromOn: form.from_on, untilOn: form.until_on, from: form.from, to: form.to, zone: form.zone });
  const first = occurrences.dates[0];
  if (!first) return problem('until_on', c.t('meetings.series.noDates'));
  const { choices } = choicesOf(form);
  return {
    minutes: Math.min(1440, Math.round((first.endsAt.getTime() - first.startsAt.getTime()) / 60_000)),
    plan: { rule, zone: form.zone, from: form.from, occurrences, untilOn: form.until_on, roomIds: form.rooms, link: form.link, place: form.place, choices, mailDomain: c.config.mailDomain, now: c.now },
  };
}

/** People of a series as typed: ids, or what is not understood. */
export async function readSeriesPeople(c: Context, form: Pick<SeriesFields, 'reviewer' | 'approver'>): Promise<{ reviewerId: number | null; approverId: number | null; problems: { field: string; message: string }[] }> {
  const problems: { field: string; message: string }[] = [];
  const read = async (field: 'reviewer' | 'approver') => {
    const named = await readPeople(c.db, c.t, form[field] ?? '');
    for (const message of named.problems) problems.push({ field, message });
    for (const guest of named.guests) problems.push({ field, message: c.t('meetings.people.unknown', { name: guest.name }) });
    return named.personIds[0] ?? null;
  };
  return { reviewerId: await read('reviewer'), approverId: await read('approver'), problems };
}

async function readMembers(c: Context, form: z.output<typeof NewSeriesForm>) {
  const problems: { field: string; message: string }[] = [];
  const members = new Map<number, ParticipantRole>();
  for (const [field, role] of [['members', 'required'], ['secretary', 'secretary'], ['chair', 'chair']] as const) {
    const named = await readPeople(c.db, c.t, form[field] ?? '');
    if (named.problems.length > 0) problems.push({ field, message: named.problems.join(' ') });
    // Guests come in on the members' page, where each gets a row of the directory; a plan that is not saved makes nobody.
    for (const guest of named.guests) problems.push({ field, message: c.t('meetings.series.guestLater', { address: guest.email }) });
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
  const read = planOf(c, form);
  if ('problems' in read) return drawForm(c, { problems: read.problems });
  const acting = await readActing(c, form);
  if ('problems' in acting) return drawForm(c, { problems: acting.problems });
  const input: NewSeries = {
    name: form.name, organiserId: acting.organiserId ?? c.viewer.id, bookedForId: acting.bookedForId, lang: form.lang, isPrivate: form.is_private, durationMinutes: Math.max(5, read.minutes),
    firstNumber: form.first_number, reviewGates: form.gates, reviewerId: others.reviewerId, approverId: others.approverId, members: people.members,
  };
  return carryOut(c, read.plan, undefined, (db, isMeant) => createSeries(db, c.by, input, read.plan, isMeant));
}

async function addToSeries(c: Context<z.output<typeof NewDatesForm>>): Promise<Answer> {
  const series = await findKept(c);
  if (c.form.back) return drawForm(c, { series, values: c.req.body as Record<string, unknown> });
  const read = planOf(c, c.form);
  if ('problems' in read) return drawForm(c, { series, problems: read.problems });
  return carryOut(c, read.plan, series, (db, isMeant) => addDates(db, c.by, series.id, read.plan, isMeant));
}

/** Shows the plan until every date has its place and the person says yes; then saves it in one piece. */
async function carryOut(
  c: Context<DatesForm & { key: string }>,
  plan: DatesPlan,
  series: Series | undefined,
  work: (db: Context['db'], isMeant: boolean) => Promise<Planned>,
): Promise<Answer> {
  const { form } = c;
  const { unexplained } = choicesOf(form);
  if (!form.confirmed || unexplained.length > 0) return drawPlan(c, plan, await work(c.db, false), series, unexplained);
  const saved = await once(c.db, c.viewer.id, form.key, form, async (trx) => {
    const result = await work(trx, true);
    return result.ok ? { location: `/series/${result.seriesId}` } : { location: undefined, refused: result };
  });
  if (saved.location !== undefined) return redirect(saved.location, { notice: 'meetings.notice.datesPlanned' });
  return drawPlan(c, plan, saved.refused, series, []);
}

interface PlanLine {
  on: string;
  when: string;
  reasons: string[];
  options: { value: string; label: string }[];
  chosen: string;
  reason: string;
  lacksReason: boolean;
}

async function drawPlan(c: Context<DatesForm>, plan: DatesPlan, result: Planned, series: Series | undefined, unexplained: string[]): Promise<Answer> {
  const fmt = format(c.lang, plan.zone);
  const rooms = await listRoomOptions(c.db);
  const refused = result.ok ? new Map<string, RoomsRefused>() : result.refused;
  const lines: PlanLine[] = [];
  for (const date of plan.occurrences.dates) {
    const choice = plan.choices.get(date.on);
    const span = choice?.kind === 'time' ? choice : date;
    const no = refused.get(date.on);
    const options = [{ value: 'keep', label: c.t('meetings.plan.keep') }];
    let reasons: string[] = [];
    if (no) {
      const told = await tellRefusal(c, no, { roomIds: plan.roomIds, startsAt: date.startsAt, endsAt: date.endsAt, zone: plan.zone });
      reasons = told.reasons;
      options.push(
        ...told.picks.rooms.map(({ pick, label }) => ({ value: pick, label: c.t('meetings.plan.otherRoom', { room: label }) })),
        ...told.picks.times.map(({ pick, label }) => ({ value: pick, label: c.t('meetings.plan.otherTime', { time: label }) })),
      );
    }
    options.push({ value: 'skip', label: c.t('meetings.plan.skip') });
    const chosen = choice ? valueOf(choice) : 'keep';
    if (!options.some(({ value }) => value === chosen)) options.splice(1, 0, { value: chosen, label: labelOf(c, choice, rooms, fmt) });
    lines.push({
      on: date.on, when: `${fmt.day(span.startsAt)} ${fmt.range(span.startsAt, span.endsAt)}`, reasons, options, chosen,
      reason: choice?.kind === 'skip' && !unexplained.includes(date.on) ? choice.reason : '', lacksReason: unexplained.includes(date.on),
    });
  }
  const body = c.req.body as Record<string, unknown>;
  const kept = Object.entries(body).filter(([name]) => !['at', 'choice', 'reason', 'confirmed', 'back', 'key'].includes(name));
  const status = unexplained.length > 0 ? 422 : !result.ok ? 409 : 200;
  const name = series?.name ?? String(body.name ?? '');
  return page(
    'meetings/plan',
    {
      title: c.t('meetings.plan.title', { name }), name, action: series ? `/series/${series.id}/dates` : '/series', rule: tellRule(c.t, plan.rule), lines, refusedCount: refused.size,
      leftOut: plan.occurrences.leftOut.map((on) => c.fmt.date(on)), time: plan.from, zone: plan.zone,
      kept: kept.flatMap(([field, value]) => [value].flat().map((one) => ({ name: field, value: String(one) }))),
    },
    { status },
  );
}

function valueOf(choice: NonNullable<ReturnType<DatesPlan['choices']['get']>>): string {
  if (choice.kind === 'room') return `room:${choice.roomId}`;
  if (choice.kind === 'time') return `time:${choice.startsAt.getTime()}/${choice.endsAt.getTime()}`;
  return 'skip';
}

function labelOf(c: Context, choice: ReturnType<DatesPlan['choices']['get']>, rooms: RoomOption[], fmt: Context['fmt']): string {
  if (choice?.kind === 'room') return c.t('meetings.plan.otherRoom', { room: fmt.name(rooms.find(({ id }) => id === choice.roomId)) });
  if (choice?.kind === 'time') return c.t('meetings.plan.otherTime', { time: `${fmt.shortDay(choice.startsAt)} ${fmt.range(choice.startsAt, choice.endsAt)}` });
  return c.t('meetings.plan.keep');
}

async function drawForm(c: Context, drawing: { values?: Record<string, unknown>; problems?: Problems; series?: Series }): Promise<Answer> {
  const { series, problems } = drawing;
  const values: Record<string, unknown> = { ...(drawing.values ?? problems?.values) };
  values.rooms = [values.rooms ?? []].flat().filter((room) => room !== '');
  const [rooms, organisers] = await Promise.all([listRoomOptions(c.db), isSecretary(c.viewer) ? undefined : listActable(c, series)]);
  const heading = series ? c.t('meetings.series.planMore', { name: series.name }) : c.t('meetings.series.new');
  return page(
    'meetings/series-form',
    { title: heading, heading, series, isNew: !series, withDates: true, action: series ? `/series/${series.id}/dates` : '/series', rooms, organisers, values, errors: problems?.errors ?? {}, scripts: ['series-rule'] },
    { status: problems ? 422 : 200 },
  );
}
