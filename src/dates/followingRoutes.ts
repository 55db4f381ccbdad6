import { listMovableKinds } from '../equipment/queries.js';
import { listRoomOptions } from '../rooms/queries.js';
import { Conflict, Forbidden } from '../lib/http/errors.js';
import { problemsOf, type Problems } from '../lib/http/form.js';
import { once } from '../lib/http/once.js';
import { signedIn } from '../lib/http/policy.js';
import { idOf, page, redirect, route, type Answer, type Context, type Route } from '../lib/http/route.js';
import { format } from '../lib/time/format.js';
import { translator } from '../lib/i18n/translate.js';
import { dayOf } from '../lib/time/zone.js';
import { endAfter, fieldsOfRule, readDays, ruleOf, scheduleOf } from './scheduleForm.js';
import { beginningOf, changeFollowing, SeriesChanged, type FollowingRequest } from './followingCommands.js';
import {
  findRuleOf,
  listRuleDates,
  type RuleDate,
  type RunningRule,
  type Usual,
} from './followingQueries.js';
import { checkLayout, linesOf, shownEquipment, shownLayouts } from '../meetings/formPage.js';
import { changeFollowingText, type TextChanged } from './followingTextCommands.js';
import { carryOut, keptChoices } from './page.js';
import { mayKeepSeries } from '../meetings/policy.js';
import { readRule, writeRule } from '../series/recurrence.js';
import { describeShortage } from '../meetings/refusal.js';
import { FollowingForm, FollowingQuery, type FollowingFields } from './forms.js';
import { findSeries, type Series } from '../series/queries.js';

export const followingRoutes: Route[] = [
  route({
    method: 'get',
    path: '/series/:id/dates/:meeting/following',
    policy: signedIn,
    query: FollowingQuery,
    async handle(c) {
      const opened = await open(c, c.query.scope);
      return draw(c, opened, { values: valuesOf(opened, c.query.scope) });
    },
  }),
  route({
    method: 'post',
    path: '/series/:id/dates/:meeting/following',
    policy: signedIn,
    form: FollowingForm,
    handle: change,
    async onInvalid(c, problems) {
      return draw(c, await open(c, 'following'), { problems });
    },
  }),
];

interface Opened {
  series: Series;
  rule: RunningRule;
  dates: RuleDate[];
  usual: Usual;
  /** Local day of the first date that may change. */
  beginsOn: string;
}

async function open(c: Context, scope: FollowingRequest['scope']): Promise<Opened> {
  const series = await findSeries(c.db, c.viewer, idOf(c));
  if (!mayKeepSeries(series)) throw new Forbidden();
  if (series.ended_on !== null) throw new Conflict('meetings.problem.seriesEnded');
  const rule = await findRuleOf(c.db, series.id, idOf(c, 'meeting'));
  const { dates, usual } = await listRuleDates(c.db, rule, beginningOf(rule, scope, c.now), c.now);
  return { series, rule, dates, usual, beginsOn: dates[0]?.on ?? dayOf(c.now, rule.zone) };
}

function valuesOf(opened: Opened, scope: FollowingRequest['scope']): Record<string, unknown> {
  const { series, rule, usual, beginsOn } = opened;
  return {
    ...(rule.rule === null
      ? { frequency: 'dates', on_dates: listedDays(opened).join('\n') }
      : fieldsOfRule(readRule(rule.rule))),
    scope,
    version: series.version,
    title: usual.title || series.name,
    description: usual.description,
    link: usual.link,
    place: usual.place,
    rooms: usual.roomIds,
    zone: rule.zone,
    from: fromOf(opened),
    to: endOf(opened),
    from_on: beginsOn,
    ends: 'on',
    until_on: rule.until_at && dayOf(rule.until_at, rule.zone),
    layout: usual.layout ?? '',
    kinds: usual.equipment.map(({ kindId }) => kindId),
    pieces: usual.equipment.map(({ quantity }) => quantity),
    expected: usual.expected,
  };
}

/** Days of a list of single dates. */
function listedDays({ dates }: Opened): string[] {
  return dates.filter(({ isSecond }) => !isSecond).map(({ on }) => on);
}

/** Wall time at which a usual date begins. */
function fromOf({ rule, usual }: Opened): string {
  return rule.starts_at_time ?? usual.from;
}

/** Wall time at which it ends. */
function endOf(opened: Opened): string {
  return endAfter(fromOf(opened), opened.usual.minutes);
}

/** Nothing but title, text, link and place is another one. */
function isTextOnly(form: FollowingFields, opened: Opened): boolean {
  const { rule, usual } = opened;
  return (
    hasSameDays(form, opened) &&
    form.from === fromOf(opened) &&
    form.to === endOf(opened) &&
    form.zone === rule.zone &&
    [...form.rooms].sort((a, b) => a - b).join() === [...usual.roomIds].sort((a, b) => a - b).join()
  );
}

function hasSameDays(form: FollowingFields, opened: Opened): boolean {
  const { rule, beginsOn } = opened;
  const wanted = ruleOf(form);
  if (wanted === null || rule.rule === null || rule.until_at === null) {
    const { days, unclear } = readDays(form.on_dates);
    return (
      wanted === null &&
      rule.rule === null &&
      unclear.length === 0 &&
      days.join() === listedDays(opened).join()
    );
  }
  return (
    writeRule(wanted) === writeRule(readRule(rule.rule)) &&
    form.ends !== 'count' &&
    form.until_on === dayOf(rule.until_at, rule.zone) &&
    form.from_on === beginsOn
  );
}

async function change(c: Context<FollowingFields>): Promise<Answer> {
  const opened = await open(c, c.form.scope);
  if (c.form.back) return draw(c, opened, { values: c.req.body as Record<string, unknown> });
  try {
    return await save(c, opened);
  } catch (error) {
    if (!(error instanceof SeriesChanged)) throw error;
    // What was typed stays in the form; saving again decides.
    const now = await open(c, c.form.scope);
    return draw(c, now, {
      values: { ...(c.req.body as Record<string, unknown>), version: now.series.version },
      isStale: true,
    });
  }
}

async function save(c: Context<FollowingFields>, opened: Opened): Promise<Answer> {
  const { form } = c;
  const { series } = opened;
  const odd = await checkLayout(c, form);
  if (odd) return draw(c, opened, { problems: odd });
  const request: FollowingRequest = {
    seriesId: series.id,
    meetingId: idOf(c, 'meeting'),
    scope: form.scope,
    version: form.version,
    text: { title: form.title, description: form.description, link: form.link, place: form.place },
    roomSetup: {
      layout: form.layout === undefined ? undefined : form.layout || null,
      equipment: form.kinds.length > 0 ? linesOf(form) : undefined,
      expected: form.expected,
    },
    // Read by those whose date is called off: in the language of the meeting.
    reason: translator(series.lang)('series.carried.reason'),
  };
  if (isTextOnly(form, opened)) {
    const done = await once(c.db, { person: c.viewer.id, key: form.key, body: form }, async (trx) => {
      const changed = await changeFollowingText(trx, c.by, request, {
        now: c.now,
        leavesShort: form.short === 'leave',
      });
      return changed.ok
        ? { location: `/series/${series.id}`, count: changed.count }
        : { location: undefined, short: changed.short };
    });
    if (done.location === undefined)
      return draw(c, opened, { values: c.req.body as Record<string, unknown>, short: done.short });
    return redirect(done.location, {
      notice:
        'count' in done
          ? { key: 'series.notice.textChanged', values: { count: done.count } }
          : 'meetings.notice.saved',
    });
  }
  const isList = form.frequency === 'dates';
  const wrong = (field: string, message: string) =>
    draw(c, opened, { problems: problemsOf([{ field, message }], c.req.body) });
  const problem = beforeAllowed(c, form, opened);
  if (problem) return wrong(isList ? 'on_dates' : 'from_on', problem);
  const read = scheduleOf(c, form);
  if ('problems' in read) return draw(c, opened, { problems: read.problems });
  const { occurrences } = read.schedule;
  const schedule = {
    ...read.schedule,
    occurrences: { ...occurrences, dates: occurrences.dates.filter(({ startsAt }) => startsAt > c.now) },
  };
  if (schedule.occurrences.dates.length === 0)
    return wrong(isList ? 'on_dates' : 'until_on', c.t('meetings.series.noDates'));
  return carryOut(
    c,
    schedule,
    { name: series.name, action: actionOf(c), notice: 'series.notice.changed' },
    (db, isMeant) => changeFollowing(db, c.by, request, { schedule, now: c.now, isMeant }),
  );
}

/** The past and the dates that stay are not touched. */
function beforeAllowed(c: Context, form: FollowingFields, { rule, beginsOn }: Opened): string | undefined {
  const first = form.frequency === 'dates' ? (readDays(form.on_dates).days[0] ?? beginsOn) : form.from_on;
  if (first < dayOf(c.now, form.zone)) return c.t('series.form.past');
  const before = form.scope === 'following' && rule.before_at ? dayOf(rule.before_at, rule.zone) : undefined;
  // Of two single dates on one day the second may be the first that changes.
  const stays = rule.rule === null && before === beginsOn ? undefined : before;
  return stays !== undefined && first <= stays
    ? c.t('series.form.afterStaying', { day: c.fmt.date(stays) })
    : undefined;
}

function actionOf(c: Context): string {
  return `/series/${idOf(c)}/dates/${idOf(c, 'meeting')}/following`;
}

async function draw(
  c: Context,
  { series, rule }: Opened,
  drawing: {
    values?: Record<string, unknown>;
    problems?: Problems;
    isStale?: boolean;
    short?: Extract<TextChanged, { ok: false }>['short'];
  },
): Promise<Answer> {
  const { problems } = drawing;
  const fmt = format(c.lang, rule.zone);
  const values: Record<string, unknown> = { ...(drawing.values ?? problems?.values) };
  values.rooms = [values.rooms ?? []].flat().filter((room) => room !== '');
  const isList = rule.rule === null;
  const heading = c.t(isList ? 'series.list.title' : 'series.following.title', { name: series.name });
  const [rooms, movable] = await Promise.all([
    listRoomOptions(c.db),
    listMovableKinds(c.db, idOf(c, 'meeting')),
  ]);
  return page(
    'dates/following',
    {
      title: heading,
      heading,
      series,
      isList,
      action: actionOf(c),
      day: c.fmt.date(dayOf(rule.occurrence_at, rule.zone)),
      rooms,
      values,
      layouts: shownLayouts(c, rooms),
      equipment: shownEquipment(c, movable, values, problems),
      short: (drawing.short ?? []).map(({ on, shortages }) => ({
        day: c.fmt.date(on),
        reasons: shortages.flatMap((shortage) => describeShortage(shortage, c.t, fmt)),
      })),
      choices: keptChoices(values),
      errors: problems?.errors ?? {},
      isStale: drawing.isStale,
      scripts: ['series-rule'],
    },
    { status: statusOf(drawing) },
  );
}

function statusOf({
  isStale,
  short,
  problems,
}: {
  isStale?: boolean;
  short?: unknown;
  problems?: Problems;
}): number {
  if (isStale || short) return 409;
  return problems ? 422 : 200;
}
