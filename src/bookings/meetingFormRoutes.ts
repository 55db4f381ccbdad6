import type { z } from 'zod';
import { inTransaction } from '../lib/db/db.js';
import { Conflict, Forbidden } from '../lib/http/errors.js';
import { type Problems } from '../lib/http/form.js';
import { once } from '../lib/http/once.js';
import { signedIn } from '../lib/http/policy.js';
import { idOf, redirect, route, type Answer, type Context, type Route } from '../lib/http/route.js';
import { dayOf } from '../lib/time/zone.js';
import { createMeeting, type RoomsRefused } from '../meetings/commands.js';
import { changeMeeting } from '../meetings/changeCommands.js';
import {
  MeetingForm,
  NewMeetingForm,
  PrefillQuery,
  spanOf,
  type MeetingFields,
  type Span,
} from '../meetings/forms.js';
import { mayEditMeeting, mayKeepSeries } from '../meetings/policy.js';
import { findMeeting, type Meeting } from '../meetings/queries.js';
import { describeRefusal } from '../meetings/refusal.js';
import { joinSeries } from '../series/commands.js';
import { findSeries, lockSeries } from '../series/queries.js';
import { findWaitChoices, readAnyRoom } from '../waits/choices.js';
import { createWaiting, joinQueue } from '../waits/commands.js';
import {
  applyPick,
  checkLayout,
  drawForm,
  type Drawing,
  linesOf,
  readActing,
  shownPerson,
  describeSpanProblem,
  toMeeting,
  valuesOf,
} from '../meetings/formPage.js';

export const meetingFormRoutes: Route[] = [
  route({ method: 'get', path: '/meetings/new', policy: signedIn, query: PrefillQuery, handle: showNew }),
  route({
    method: 'post',
    path: '/meetings',
    policy: signedIn,
    form: NewMeetingForm,
    handle: create,
    onInvalid: (c, problems) => drawNew(c, { problems }),
  }),
  route({ method: 'get', path: '/meetings/:id/edit', policy: signedIn, handle: showEdit }),
  route({
    method: 'post',
    path: '/meetings/:id',
    policy: signedIn,
    form: MeetingForm,
    handle: change,
    onInvalid: showEditAgain,
  }),
];

async function showNew(c: Context<unknown, z.output<typeof PrefillQuery>>): Promise<Answer> {
  const { query } = c;
  const series = query.series ? await findSeries(c.db, c.viewer, query.series) : undefined;
  const lastTime = query.from ? later(query.from, series?.duration_minutes ?? 60) : '';
  return drawNew(c, {
    values: {
      title: series?.name ?? '',
      on: query.date ?? dayOf(c.now, c.zone),
      from: query.from ?? '',
      to: query.to ?? lastTime,
      zone: c.zone,
      rooms: query.room ? [query.room] : [],
      series: series?.id ?? '',
      lang: series?.lang ?? c.office.lang,
      is_private: series?.is_private ?? false,
      organiser: await shownPerson(c, c.viewer.id),
    },
  });
}

/** The form of a new meeting; where one is asked for, as one more date of a standing meeting. */
async function drawNew(c: Context, drawing: Drawing): Promise<Answer> {
  const seriesId = Number((drawing.values ?? drawing.problems?.values)?.series) || 0;
  const series = seriesId ? await findSeries(c.db, c.viewer, seriesId) : undefined;
  return drawForm(c, { ...drawing, series });
}

function later(at: string, minutes: number): string {
  const [hours = 0, rest = 0] = at.split(':').map(Number);
  const end = Math.min(hours * 60 + rest + minutes, 23 * 60 + 59);
  return `${String(Math.floor(end / 60)).padStart(2, '0')}:${String(end % 60).padStart(2, '0')}`;
}

async function create(c: Context<z.output<typeof NewMeetingForm>>): Promise<Answer> {
  const { key, series: seriesId, ...typed } = c.form;
  const form = applyPick(typed);
  const span = spanOf(form);
  if ('field' in span) return drawNew(c, { problems: describeSpanProblem(c, span, form.zone) });
  const acting = await readActing(c, form);
  if ('problems' in acting) return drawNew(c, { problems: acting.problems });
  const odd = await checkLayout(c, form);
  if (odd) return drawNew(c, { problems: odd });
  if (seriesId !== null && !mayKeepSeries(await findSeries(c.db, c.viewer, seriesId))) throw new Forbidden();
  const any = await readAnyRoom(c.db, form.pick);
  const waits = (form.pick === 'wait' || any !== undefined) && form.rooms.length > 0 && span.startsAt > c.now;
  const made = await once(c.db, { person: c.viewer.id, key: key, body: c.form }, async (trx) => {
    // Series come before meetings and rooms in the order of locks.
    if (seriesId !== null) await lockSeries(trx, c.by, seriesId);
    const wish = { ...toMeeting(form, span, acting), seriesId, mailDomain: c.config.mailDomain, now: c.now };
    const result = waits ? await createWaiting(trx, c.by, wish, any) : await createMeeting(trx, c.by, wish);
    if (!result.ok) return { location: undefined, refused: result };
    if (seriesId !== null) await joinSeries(trx, c.by, seriesId, result.id);
    return { location: `/meetings/${result.id}`, isAsked: result.requests !== undefined };
  });
  if (made.location !== undefined)
    return redirect(made.location, {
      notice: noticeOf({ waits, any, isAsked: 'isAsked' in made && made.isAsked }, 'meetings.notice.created'),
    });
  return refused(c, made.refused, { ...form, series: seriesId }, { span });
}

/** What became of the rooms, else that it was saved. */
function noticeOf(
  rooms: { waits: boolean; any: unknown; isAsked: boolean },
  saved: 'meetings.notice.created' | 'meetings.notice.saved',
) {
  if (rooms.waits) return rooms.any ? 'waits.any.joined' : 'waits.notice.joined';
  return rooms.isAsked ? 'requests.notice.asked' : saved;
}

async function showEdit(c: Context): Promise<Answer> {
  const meeting = await findEditable(c);
  return drawForm(c, { meeting, values: await valuesOf(c, meeting) });
}

async function showEditAgain(c: Context, problems: Problems): Promise<Answer> {
  return drawForm(c, { meeting: await findEditable(c), problems });
}

async function findEditable(c: Context): Promise<Meeting> {
  const meeting = await findMeeting(c.db, c.viewer, idOf(c));
  if (meeting.state !== 'draft' && meeting.state !== 'scheduled')
    throw new Conflict('meetings.problem.closed');
  if (!mayEditMeeting(meeting)) throw new Forbidden();
  return meeting;
}

async function change(c: Context<MeetingForm>): Promise<Answer> {
  const meeting = await findEditable(c);
  const { version, ...typed } = c.form;
  const form = applyPick(typed);
  const span = spanOf(form);
  if ('field' in span) return drawForm(c, { meeting, problems: describeSpanProblem(c, span, form.zone) });
  const acting = await readActing(c, form);
  if ('problems' in acting) return drawForm(c, { meeting, problems: acting.problems });
  const odd = await checkLayout(c, form);
  if (odd) return drawForm(c, { meeting, problems: odd });
  const { organiserId, bookedForId, ...rest } = toMeeting(form, span, acting);
  const changed = {
    ...rest,
    version,
    now: c.now,
    organiserId,
    bookedForId: bookedForId ?? null,
  };
  const any = await readAnyRoom(c.db, form.pick);
  const waits =
    (form.pick === 'wait' || any !== undefined) && form.rooms.length > 0 && mayWait(c, span, meeting);
  const result = waits
    ? await inTransaction(c.db, async (trx) => {
        // What else was typed is saved, with the rooms it has.
        const saved = await changeMeeting(trx, c.by, meeting.id, {
          ...changed,
          roomIds: meeting.rooms.map(({ id }) => id),
        });
        if (saved.ok) await joinQueue(trx, c.by, meeting.id, { rooms: any ?? form.rooms, now: c.now });
        return saved;
      })
    : await changeMeeting(c.db, c.by, meeting.id, changed);
  if (result.ok)
    return redirect(`/meetings/${meeting.id}`, {
      notice: noticeOf({ waits, any, isAsked: result.requests !== undefined }, 'meetings.notice.saved'),
    });
  if ('reason' in result) {
    // Somebody else was quicker. What was typed stays in the form, and what stands now is shown beside it.
    // Saving again decides.
    const values = { ...c.form, version: result.meeting.version };
    return drawForm(c, {
      meeting: result.meeting,
      values,
      status: 409,
      differences: await differencesOf(c, result.meeting, form),
    });
  }
  return refused(c, result, form, { span, meeting });
}

async function refused(
  c: Context,
  result: RoomsRefused,
  form: MeetingFields & { series?: number | null },
  { span, meeting }: { span: Span; meeting?: Meeting },
): Promise<Answer> {
  const refusal = await describeRefusal(c, result, {
    roomIds: form.rooms,
    ...span,
    seats: form.expected,
    equipment: linesOf(form),
    zone: form.zone,
    exceptMeetingId: meeting?.id,
  });
  if (result.clashes.length > 0 && form.rooms.length > 0 && mayWait(c, span, meeting))
    refusal.wait = await findWaitChoices(c, {
      roomIds: form.rooms,
      from: span.startsAt,
      to: span.endsAt,
      seats: form.expected,
    });
  const drawing = { values: { ...form }, refusal, status: 409 };
  return meeting ? drawForm(c, { ...drawing, meeting }) : drawNew(c, drawing);
}

/**
 * A meeting waits for rooms at the time that it has.
 * For another time, a meeting that has rooms would have to give them up first.
 */
function mayWait(c: Context<unknown, unknown>, span: Span, meeting?: Meeting): boolean {
  if (span.startsAt <= c.now) return false;
  return (
    !meeting ||
    meeting.rooms.length === 0 ||
    (span.startsAt.getTime() === meeting.starts_at.getTime() &&
      span.endsAt.getTime() === meeting.ends_at.getTime())
  );
}

async function differencesOf(
  c: Context,
  theirs: Meeting,
  mine: MeetingFields,
): Promise<{ label: string; theirs: string; mine: string }[]> {
  const now = await valuesOf(c, theirs);
  const fields = {
    title: 'title',
    on: 'date',
    from: 'from',
    to: 'to',
    link: 'link',
    place: 'place',
    description: 'description',
  } as const;
  const found = (Object.keys(fields) as (keyof typeof fields)[]).map((name) => ({
    label: c.t(`meetings.form.${fields[name]}`),
    theirs: String(now[name] ?? ''),
    mine: String(mine[name] ?? ''),
  }));
  return found.filter((one) => one.theirs !== one.mine);
}
