import { findKnownYear } from '../hours/dayRuleQueries.js';
import { alternativesOfMany } from '../claims/queries.js';
import { listRoomOptions } from '../rooms/queries.js';

import { once } from '../lib/http/once.js';
import { isSecretary } from '../lib/http/policy.js';
import { page, redirect, type Answer, type Context } from '../lib/http/route.js';
import { format } from '../lib/time/format.js';
import type { RoomsRefused } from '../meetings/commands.js';
import { describeCarried } from './carriedDates.js';
import { describeRule } from '../series/recurrence.js';
import { isElsewhere, scheduleLine, type Alternatives, type ScheduleLine } from './scheduleLines.js';
import { describeScheduleRules } from './rules.js';
import type { Schedule } from './schedule.js';
import type { ScheduleResult } from './commands.js';
import { choicesOf, type DatesForm } from './forms.js';
import { describeCheck } from '../claims/checks.js';

// The one screen that shows all dates of a plan before anything is saved: what is in the way, and a choice
// for each date.

export interface ScheduleFrame {
  name: string;
  /** Address the plan is posted to, as the form was. */
  action: string;
  /** Text of the notice once it is saved. */
  notice: 'meetings.notice.datesPlanned' | 'series.notice.changed';
  /** Where the person goes then; default: the standing meeting's page. */
  doneAt?: string;
}

interface ScheduleDrawing {
  schedule: Schedule;
  frame: ScheduleFrame;
  result: ScheduleResult;
  /** Dates that are left out without a reason. */
  unexplained: string[];
}

/** Shows the plan until every date has its place and the person says yes; then saves it in one piece. */
export async function carryOut(
  c: Context<DatesForm & { key: string }>,
  schedule: Schedule,
  frame: ScheduleFrame,
  work: (db: Context['db'], isMeant: boolean) => Promise<ScheduleResult>,
): Promise<Answer> {
  const { form } = c;
  const { unexplained } = choicesOf(form);
  if (!form.confirmed || unexplained.length > 0)
    return drawSchedule(c, { schedule, frame, result: await work(c.db, false), unexplained });
  const saved = await once(c.db, { person: c.viewer.id, key: form.key, body: form }, async (trx) => {
    const result = await work(trx, true);
    return result.ok
      ? { location: frame.doneAt ?? `/series/${result.seriesId}`, asked: result.requested?.size ?? 0 }
      : { location: undefined, refused: result };
  });
  if (saved.location !== undefined) {
    const asked = 'asked' in saved ? saved.asked : 0;
    return redirect(saved.location, {
      notice: asked > 0 ? { key: 'requests.notice.datesAsked', values: { count: asked } } : frame.notice,
    });
  }
  return drawSchedule(c, { schedule, frame, result: saved.refused, unexplained: [] });
}

async function drawSchedule(
  c: Context<DatesForm>,
  { schedule, frame, result, unexplained }: ScheduleDrawing,
): Promise<Answer> {
  const fmt = format(c.lang, schedule.zone);
  const refused = result.ok ? new Map<string, RoomsRefused>() : result.refused;
  const [rooms, knownYear, alternatives] = await Promise.all([
    listRoomOptions(c.db),
    findKnownYear(c.db, schedule.roomIds),
    findAlternatives(c, schedule, refused),
  ]);
  const { stands, otherwise } = describeCarried(c, result.carried ?? [], schedule);
  const { dates, leftOut } = schedule.occurrences;
  const state = { c, fmt, schedule, result, refused, alternatives, rooms, stands, unexplained };
  const lines = dates.map((date) => scheduleLine(state, date));
  const isBeyondKnown = knownYear !== undefined && dates.some(({ on }) => Number(on.slice(0, 4)) > knownYear);
  return page(
    'dates/schedule',
    {
      title: c.t('meetings.plan.title', { name: frame.name }),
      name: frame.name,
      action: frame.action,
      errors: errorsOf(c, lines),
      rule: schedule.rule ? describeRule(c.t, schedule.rule) : c.t('series.rule.list'),
      lines,
      ...refusalsOf(c, schedule, result, fmt),
      isOffice: isSecretary(c.viewer),
      asksFor: (result.requested?.size ?? 0) > 0,
      values: { override_reason: c.form.override_reason, ask_reason: c.form.ask_reason },
      knownYear: isBeyondKnown ? knownYear : undefined,
      leftOut: leftOut.map((on) => c.fmt.date(on)),
      time: schedule.from,
      zone: schedule.zone,
      otherwise,
      kept: keptFields(c.req.body as Record<string, unknown>, ANSWERED),
    },
    { status: statusOf(result, unexplained) },
  );
}

/** Fields of the page itself; the others go along from the form before it. */
const ANSWERED = ['at', 'choice', 'reason', 'override_reason', 'ask_reason', 'confirmed', 'back', 'key'];

function statusOf(result: ScheduleResult, unexplained: readonly string[]): number {
  if (unexplained.length > 0) return 422;
  return result.ok ? 200 : 409;
}

/**
 * What was chosen for a date that is in the way can be chosen anew: it is not asked again, but what it could
 * have instead is.
 */
function findAlternatives(
  c: Context<DatesForm>,
  { occurrences, choices, roomIds, roomSetup }: Schedule,
  refused: ReadonlyMap<string, RoomsRefused>,
): Promise<Map<string, Alternatives>> {
  const inTheWay = occurrences.dates.filter(({ on }) =>
    refused.has(on)
      ? refused.get(on)?.shortages === undefined
      : isElsewhere(choices.get(on)) && roomIds.length > 0,
  );
  return alternativesOfMany(
    c.db,
    inTheWay.map(({ on, startsAt, endsAt }) => {
      const nearest = refused.get(on)?.nearest;
      return {
        key: on,
        roomIds,
        startsAt,
        endsAt,
        personId: nearest?.personId ?? c.viewer.id,
        isRecurring: true,
        seats: roomSetup.expected,
        allowed: nearest?.span,
      };
    }),
    c.now,
  );
}

function errorsOf(c: Context, lines: readonly ScheduleLine[]): Record<string, string> {
  return Object.fromEntries(
    lines.flatMap((line, i) =>
      line.lacksReason ? [[`reason-${i}`, c.t('meetings.plan.needsReasonOf', { day: line.when })]] : [],
    ),
  );
}

/** How many dates can't be as planned and why, above the lines. */
function refusalsOf(c: Context<DatesForm>, schedule: Schedule, result: ScheduleResult, fmt: Context['fmt']) {
  const refused = result.ok ? [] : [...result.refused];
  const late = result.late ?? [];
  const barred = new Map(refused);
  for (const { on, checks } of late) barred.set(on, { ok: false, clashes: [], checks });
  const count = (list: Iterable<RoomsRefused>, isMeant: (one: RoomsRefused) => boolean) =>
    [...list].filter(isMeant).length;
  const all = refused.map(([, one]) => one);
  return {
    rules: describeScheduleRules(c, barred, schedule.zone),
    takenCount: count(all, ({ clashes }) => clashes.length > 0),
    ruledCount: count(barred.values(), ({ clashes, checks }) => clashes.length === 0 && checks.length > 0),
    shortCount: count(all, ({ shortages }) => shortages !== undefined),
    late: late.map(({ on, checks }) =>
      c.t('dates.late.calledOff', {
        day: c.fmt.date(on),
        rule: checks.map((check) => describeCheck(check, c.t, fmt)).join(' '),
      }),
    ),
  };
}

/** What was posted, as hidden fields; without some of them. */
export function keptFields(
  body: Record<string, unknown>,
  except: string[],
): { name: string; value: string }[] {
  return Object.entries(body)
    .filter(([name]) => !except.includes(name))
    .flatMap(([name, value]) => [value].flat().map((one) => ({ name, value: String(one) })));
}

/** Choices that were made on the plan, kept while the person goes back to the rule. */
export function keptChoices(form: {
  at?: unknown;
  choice?: unknown;
  reason?: unknown;
}): { at: string; choice: string; reason: string }[] {
  const list = (value: unknown) => (value === undefined ? [] : [value].flat().map(String));
  const [at, choice, reason] = [list(form.at), list(form.choice), list(form.reason)];
  return at
    .map((on, i) => ({ at: on, choice: choice[i] ?? 'keep', reason: reason[i] ?? '' }))
    .filter((one) => one.choice !== 'keep');
}
