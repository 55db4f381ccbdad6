import { describeCheck, type Check } from '../claims/checks.js';
import { findKnownYear } from '../hours/dayRuleQueries.js';
import { alternativesOfMany } from '../claims/queries.js';
import { listRoomOptions, type RoomOption } from '../rooms/queries.js';
import { once } from '../lib/http/once.js';
import { isSecretary } from '../lib/http/policy.js';
import { page, redirect, type Answer, type Context } from '../lib/http/route.js';
import { format } from '../lib/time/format.js';
import type { RoomsRefused } from '../meetings/commands.js';
import { tellCarried } from './carriedDates.js';
import { tellRule } from './recurrence.js';
import { tellPlanRules } from './scheduleRules.js';
import { wordRefusal, type Refusal } from '../meetings/refusal.js';
import type { DateChoice, DatesPlan, Planned } from './dateCommands.js';
import { choicesOf, type DatesForm } from './forms.js';

// The one screen that shows all dates of a plan before anything is saved: what is in the way, and a choice for each date.

export interface PlanFrame {
  name: string;
  /** Address the plan is posted to, as the form was. */
  action: string;
  /** Text of the notice once it is saved. */
  notice: 'meetings.notice.datesPlanned' | 'series.notice.changed';
  /** Where the person goes then; default: the standing meeting's page. */
  doneAt?: string;
}

/** Shows the plan until every date has its place and the person says yes; then saves it in one piece. */
export async function carryOut(
  c: Context<DatesForm & { key: string }>,
  plan: DatesPlan,
  frame: PlanFrame,
  work: (db: Context['db'], isMeant: boolean) => Promise<Planned>,
): Promise<Answer> {
  const { form } = c;
  const { unexplained } = choicesOf(form);
  if (!form.confirmed || unexplained.length > 0)
    return drawPlan(c, plan, frame, await work(c.db, false), unexplained);
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
  return drawPlan(c, plan, frame, saved.refused, []);
}

interface PlanLine {
  on: string;
  when: string;
  reasons: string[];
  /** It was called off or moved, and stays so: there is nothing to choose. */
  isFixed: boolean;
  /** Its rooms are to be had. */
  isFree: boolean;
  /** What is only told: rules that are kept narrowly, what becomes of the date that stood there. */
  marks: string[];
  options: { value: string; label: string }[];
  chosen: string;
  reason: string;
  lacksReason: boolean;
}

async function drawPlan(
  c: Context<DatesForm>,
  plan: DatesPlan,
  frame: PlanFrame,
  result: Planned,
  unexplained: string[],
): Promise<Answer> {
  const fmt = format(c.lang, plan.zone);
  const refused = result.ok ? new Map<string, RoomsRefused>() : result.refused;
  // What was chosen for a date that is in the way can be chosen anew: it is not asked again, but what it could have instead is.
  const inTheWay = plan.occurrences.dates.filter(({ on }) =>
    refused.has(on)
      ? refused.get(on)?.shortages === undefined
      : isElsewhere(plan.choices.get(on)) && plan.roomIds.length > 0,
  );
  const [rooms, knownYear, alternatives] = await Promise.all([
    listRoomOptions(c.db),
    findKnownYear(c.db, plan.roomIds),
    alternativesOfMany(
      c.db,
      inTheWay.map(({ on, startsAt, endsAt }) => {
        const nearest = refused.get(on)?.nearest;
        return {
          key: on,
          roomIds: plan.roomIds,
          startsAt,
          endsAt,
          personId: nearest?.personId ?? c.viewer.id,
          isRecurring: true,
          seats: plan.setting.expected,
          ...(nearest ? { allowed: nearest.span } : {}),
        };
      }),
      c.now,
    ),
  ]);
  const late = result.late ?? [];
  const barred = new Map(refused);
  for (const { on, checks } of late) barred.set(on, { ok: false, clashes: [], checks });
  const carried = tellCarried(c, result.carried ?? [], plan);
  const lines = plan.occurrences.dates.map((date): PlanLine => {
    const choice = plan.choices.get(date.on);
    const span = choice?.kind === 'time' ? choice : date;
    const no = refused.get(date.on);
    const stands = carried.stands.get(date.on);
    const options = [
      { value: 'keep', label: stands?.isFixed ? c.t('series.plan.asItStands') : c.t('meetings.plan.keep') },
    ];
    let reasons: string[] = [];
    if (no) {
      const told = wordRefusal(c, no, alternatives.get(date.on) ?? NOTHING_FREE, plan.zone);
      reasons = told.reasons;
      options.push(
        ...pickOptions(c, told.picks),
        // A rule stays a rule, however long one waits.
        ...(told.isShort
          ? [{ value: 'bare', label: c.t('dates.plan.bare') }]
          : no.checks.some(({ level }) => level === 'error')
            ? []
            : [{ value: 'wait', label: c.t('series.plan.wait') }]),
      );
    } else if (isElsewhere(choice) && !stands?.isFixed) {
      options.push(
        ...pickOptions(
          c,
          wordRefusal(c, NOTHING_SAID, alternatives.get(date.on) ?? NOTHING_FREE, plan.zone).picks,
        ),
      );
    }
    if (!stands?.isFixed) options.push({ value: 'skip', label: c.t('meetings.plan.skip') });
    const chosen = choice && !stands?.isFixed ? valueOf(choice) : 'keep';
    if (!options.some(({ value }) => value === chosen))
      options.splice(1, 0, { value: chosen, label: labelOf(c, choice, rooms, fmt) });
    const isWaiting = chosen === 'wait' || (result.waiting?.has(date.on) ?? false);
    const isUnexplained = unexplained.includes(date.on);
    return {
      on: date.on,
      when: `${fmt.day(span.startsAt)} ${fmt.range(span.startsAt, span.endsAt)}`,
      reasons,
      options,
      chosen,
      isFixed: stands?.isFixed === true,
      isFree: reasons.length === 0 && chosen !== 'skip' && !isWaiting && stands?.isFixed !== true,
      marks: [
        ...(isWaiting ? [c.t('series.awaited.noRoom')] : []),
        ...(chosen === 'bare' ? [c.t('dates.plan.isBare')] : []),
        ...(result.requested?.has(date.on) && chosen !== 'skip' ? [c.t('requests.plan.toApprove')] : []),
        ...(result.notices.get(date.on) ?? []).map((check) => tellNotice(c, check, fmt)),
        ...(stands ? [stands.text] : []),
      ],
      reason: choice?.kind === 'skip' && !isUnexplained ? choice.reason : '',
      lacksReason: isUnexplained,
    };
  });
  const status = unexplained.length > 0 ? 422 : !result.ok ? 409 : 200;
  return page(
    'series/schedule',
    {
      title: c.t('meetings.plan.title', { name: frame.name }),
      name: frame.name,
      action: frame.action,
      errors: Object.fromEntries(
        lines.flatMap((line, i) =>
          line.lacksReason ? [[`reason-${i}`, c.t('meetings.plan.needsReasonOf', { day: line.when })]] : [],
        ),
      ),
      rule: plan.rule ? tellRule(c.t, plan.rule) : c.t('series.rule.list'),
      lines,
      rules: tellPlanRules(c, barred, plan.zone),
      isOffice: isSecretary(c.viewer),
      takenCount: [...refused.values()].filter(({ clashes }) => clashes.length > 0).length,
      ruledCount: [...barred.values()].filter(
        ({ clashes, checks }) => clashes.length === 0 && checks.length > 0,
      ).length,
      shortCount: [...refused.values()].filter(({ shortages }) => shortages !== undefined).length,
      asksFor: (result.requested?.size ?? 0) > 0,
      values: { override_reason: c.form.override_reason, ask_reason: c.form.ask_reason },
      knownYear:
        knownYear !== undefined && plan.occurrences.dates.some(({ on }) => Number(on.slice(0, 4)) > knownYear)
          ? knownYear
          : undefined,
      leftOut: plan.occurrences.leftOut.map((on) => c.fmt.date(on)),
      time: plan.from,
      zone: plan.zone,
      otherwise: carried.otherwise,
      late: late.map(({ on, checks }) =>
        c.t('dates.late.calledOff', {
          day: c.fmt.date(on),
          rule: checks.map((check) => describeCheck(check, c.t, fmt)).join(' '),
        }),
      ),
      kept: keptFields(c.req.body as Record<string, unknown>, [
        'at',
        'choice',
        'reason',
        'override_reason',
        'ask_reason',
        'confirmed',
        'back',
        'key',
      ]),
    },
    { status },
  );
}

const NOTHING_FREE = { rooms: [], times: [] };
const NOTHING_SAID: RoomsRefused = { ok: false, clashes: [], checks: [] };

/** The rooms were in the way, not the equipment. */
const isElsewhere = (choice: DateChoice | undefined) => choice !== undefined && choice.kind !== 'bare';

function pickOptions(c: Context, { rooms, times }: Refusal['picks']): PlanLine['options'] {
  return [
    ...rooms.map(({ pick, label }) => ({
      value: pick,
      label: c.t('meetings.plan.otherRoom', { room: label }),
    })),
    ...times.map(({ pick, label }) => ({
      value: pick,
      label: c.t('meetings.plan.otherTime', { time: label }),
    })),
  ];
}

/** A rule that is kept narrowly, or that a reason goes beyond. */
function tellNotice(c: Context, check: Check, fmt: Context['fmt']): string {
  const rule = describeCheck(check, c.t, fmt);
  return check.isOverridden ? c.t('dates.plan.beyond', { rule }) : rule;
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

function valueOf(choice: DateChoice): string {
  if (choice.kind === 'room') return `room:${choice.roomId}`;
  if (choice.kind === 'time') return `time:${choice.startsAt.getTime()}/${choice.endsAt.getTime()}`;
  return choice.kind;
}

function labelOf(
  c: Context,
  choice: DateChoice | undefined,
  rooms: RoomOption[],
  fmt: Context['fmt'],
): string {
  if (choice?.kind === 'room')
    return c.t('meetings.plan.otherRoom', { room: fmt.name(rooms.find(({ id }) => id === choice.roomId)) });
  if (choice?.kind === 'time')
    return c.t('meetings.plan.otherTime', {
      time: `${fmt.shortDay(choice.startsAt)} ${fmt.range(choice.startsAt, choice.endsAt)}`,
    });
  if (choice?.kind === 'bare') return c.t('dates.plan.bare');
  return choice?.kind === 'wait' ? c.t('series.plan.wait') : c.t('meetings.plan.keep');
}
