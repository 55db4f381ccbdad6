import type { z } from 'zod';
import { findPersonOption, listPrincipals, personText, resolvePersons } from '../people/queries.js';
import type { EquipmentLine } from '../equipment/commands.js';
import { listMovableKinds } from '../equipment/queries.js';
import { LAYOUTS } from '../claims/layouts.js';
import { listRoomOptions } from '../rooms/queries.js';
import { inTransaction } from '../lib/db/db.js';
import { BadRequest, Conflict, Forbidden } from '../lib/http/errors.js';
import { problemsOf, type Problems } from '../lib/http/form.js';
import { once } from '../lib/http/once.js';
import { isSecretary, signedIn } from '../lib/http/policy.js';
import { idOf, page, redirect, route, type Answer, type Context, type Route } from '../lib/http/route.js';
import { addDays, dayOf, timeOf } from '../lib/time/zone.js';
import { changeMeeting, createMeeting, type NewMeeting, type RoomsRefused } from '../meetings/commands.js';
import {
  MeetingForm,
  NewMeetingForm,
  PrefillQuery,
  spanOf,
  type MeetingFields,
  type Span,
  type SpanProblem,
} from '../meetings/forms.js';
import { mayEditMeeting, mayKeepSeries } from '../meetings/policy.js';
import { findMeeting, type Brief, type Meeting } from '../meetings/queries.js';
import { tellRefusal, type Refusal } from '../meetings/refusal.js';
import { joinSeries } from '../series/commands.js';
import { findSeries } from '../series/queries.js';
import { titleOf } from '../meetings/title.js';
import { findWaitChoices, readAnyRoom } from '../waits/choices.js';
import { createWaiting, joinQueue } from '../waits/commands.js';
import { tellLayouts } from '../rooms/roomFacts.js';

export const formRoutes: Route[] = [
  route({ method: 'get', path: '/meetings/new', policy: signedIn, query: PrefillQuery, handle: showNew }),
  route({
    method: 'post',
    path: '/meetings',
    policy: signedIn,
    form: NewMeetingForm,
    handle: create,
    onInvalid: (c, problems) => drawForm(c, { problems }),
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
  return drawForm(c, {
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

function later(at: string, minutes: number): string {
  const [hours = 0, rest = 0] = at.split(':').map(Number);
  const end = Math.min(hours * 60 + rest + minutes, 23 * 60 + 59);
  return `${String(Math.floor(end / 60)).padStart(2, '0')}:${String(end % 60).padStart(2, '0')}`;
}

async function create(c: Context<z.output<typeof NewMeetingForm>>): Promise<Answer> {
  const { key, series: seriesId, ...typed } = c.form;
  const form = applyPick(typed);
  const span = spanOf(form);
  if ('field' in span) return drawForm(c, { problems: tellSpan(c, span, form.zone) });
  const acting = await readActing(c, form);
  if ('problems' in acting) return drawForm(c, { problems: acting.problems });
  const odd = await checkLayout(c, form);
  if (odd) return drawForm(c, { problems: odd });
  if (seriesId !== null && !mayKeepSeries(await findSeries(c.db, c.viewer, seriesId))) throw new Forbidden();
  const any = await readAnyRoom(c.db, form.pick);
  const waits = (form.pick === 'wait' || any !== undefined) && form.rooms.length > 0 && span.startsAt > c.now;
  const made = await once(c.db, c.viewer.id, key, c.form, async (trx) => {
    const wish = { ...toMeeting(form, span, acting), seriesId, mailDomain: c.config.mailDomain, now: c.now };
    const result = waits ? await createWaiting(trx, c.by, wish, any) : await createMeeting(trx, c.by, wish);
    if (!result.ok) return { location: undefined, refused: result };
    if (seriesId !== null) await joinSeries(trx, c.by, seriesId, result.id);
    return { location: `/meetings/${result.id}`, isAsked: result.requests !== undefined };
  });
  if (made.location !== undefined)
    return redirect(made.location, {
      notice: waits
        ? any
          ? 'waits.any.joined'
          : 'waits.notice.joined'
        : 'isAsked' in made && made.isAsked
          ? 'requests.notice.asked'
          : 'meetings.notice.created',
    });
  return refused(c, made.refused, form, span);
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
  if ('field' in span) return drawForm(c, { meeting, problems: tellSpan(c, span, form.zone) });
  const acting = await readActing(c, form);
  if ('problems' in acting) return drawForm(c, { meeting, problems: acting.problems });
  const odd = await checkLayout(c, form);
  if (odd) return drawForm(c, { meeting, problems: odd });
  const { organiserId, bookedForId, ...rest } = toMeeting(form, span, acting);
  const changed = {
    ...rest,
    version,
    now: c.now,
    ...(organiserId ? { organiserId } : {}),
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
        if (saved.ok) await joinQueue(trx, c.by, meeting.id, any ?? form.rooms, c.now);
        return saved;
      })
    : await changeMeeting(c.db, c.by, meeting.id, changed);
  if (result.ok && waits)
    return redirect(`/meetings/${meeting.id}`, { notice: any ? 'waits.any.joined' : 'waits.notice.joined' });
  if (result.ok)
    return redirect(`/meetings/${meeting.id}`, {
      notice: result.requests ? 'requests.notice.asked' : 'meetings.notice.saved',
    });
  if ('reason' in result) {
    // Somebody else was quicker: what was typed stays in the form, what stands now is shown beside it, and saving again decides.
    const values = { ...c.form, version: result.meeting.version };
    return drawForm(c, {
      meeting: result.meeting,
      values,
      status: 409,
      differences: await differencesOf(c, result.meeting, form),
    });
  }
  return refused(c, result, form, span, meeting);
}

/** A layout belongs to a room that can be set up so; what the rooms offer is named. */
export async function checkLayout(
  c: Context<unknown, unknown>,
  form: Pick<MeetingFields, 'layout' | 'rooms'>,
): Promise<Problems | undefined> {
  const { layout } = form;
  if (!layout) return undefined;
  const chosen = (await listRoomOptions(c.db)).filter(({ id }) => form.rooms.includes(id));
  if (chosen.some(({ layouts }) => layouts.some((one) => one.layout === layout))) return undefined;
  const offers = chosen.map((room) => {
    const layouts = tellLayouts(room.layouts, c.t).join(c.t('rooms.list.comma'));
    return layouts
      ? c.t('layouts.problem.layoutOffers', { room: c.fmt.name(room), layouts })
      : c.t('layouts.problem.layoutNone', { room: c.fmt.name(room) });
  });
  const message =
    chosen.length > 0
      ? c.t('layouts.problem.layout', { rooms: offers.join(' ') })
      : c.t('layouts.problem.layoutRoom');
  return problemsOf([{ field: 'layout', message }], c.req.body);
}

/** A chosen alternative stands in place of what was typed. */
export function applyPick<T extends MeetingFields>(form: T): T {
  const [kind, value = ''] = form.pick?.split(':') ?? [];
  if (kind === 'room') return { ...form, rooms: [Number(value)] };
  if (kind !== 'time') return form;
  const [from, to] = value.split('/').map((at) => new Date(Number(at)));
  if (!from || !to || Number.isNaN(from.getTime()) || Number.isNaN(to.getTime())) throw new BadRequest();
  const on = dayOf(from, form.zone);
  const lastDay = dayOf(to, form.zone);
  return {
    ...form,
    on,
    from: timeOf(from, form.zone),
    to: timeOf(to, form.zone),
    to_on: lastDay === on ? null : lastDay,
  };
}

export interface Acting {
  organiserId: number | null;
  bookedForId: number | null;
}

/** In whose name: the persons that were typed or chosen. May the viewer act for them? The command asks. */
export async function readActing(
  c: Context,
  form: { organiser: string | null; booked_for: string | null },
): Promise<Acting | { problems: Problems }> {
  const problems: { field: string; message: string }[] = [];
  const read = async (field: 'organiser' | 'booked_for') => {
    const typed = form[field];
    if (!typed) return null;
    if (/^[1-9]\d{0,14}$/.test(typed)) return Number(typed);
    const [found] = await resolvePersons(c.db, [typed]);
    if (found?.ok) return found.person.id;
    problems.push({
      field,
      message: c.t(found?.reason === 'several' ? 'meetings.people.several' : 'meetings.people.unknown', {
        name: typed.slice(0, 100),
      }),
    });
    return null;
  };
  const acting = { organiserId: await read('organiser'), bookedForId: await read('booked_for') };
  return problems.length > 0 ? { problems: problemsOf(problems, c.req.body) } : acting;
}

/** A person as the field shows one: in a picker by name and address, in a short list by id. */
export async function shownPerson(c: Context, id: number | null): Promise<string> {
  if (id === null) return '';
  if (!isSecretary(c.viewer)) return String(id);
  const person = await findPersonOption(c.db, id);
  return person ? personText(person, c.fmt.name(person)) : '';
}

/** What a command needs, from what was typed. */
export function toMeeting(form: MeetingFields, { startsAt, endsAt }: Span, acting: Acting): NewMeeting {
  return {
    title: form.title,
    startsAt,
    endsAt,
    zone: form.zone,
    roomIds: form.rooms,
    link: form.link,
    place: form.place,
    lang: form.lang,
    isPrivate: form.is_private,
    expectedCount: form.expected,
    description: form.description,
    overrideReason: form.override_reason,
    askReason: form.ask_reason,
    ...(form.layout === undefined ? {} : { layout: form.layout || null }),
    ...(form.kinds.length > 0 ? { equipment: linesOf(form) } : {}),
    bookedForId: acting.bookedForId,
    ...(acting.organiserId ? { organiserId: acting.organiserId } : {}),
  };
}

/** The movable equipment that was typed. */
export function linesOf({ kinds, pieces }: Pick<MeetingFields, 'kinds' | 'pieces'>): EquipmentLine[] {
  return kinds.flatMap((kindId, i) => (pieces[i] ? [{ kindId, quantity: pieces[i] }] : []));
}

/** A meeting as the form shows it, in its own zone. */
export async function valuesOf(c: Context, meeting: Meeting): Promise<Record<string, unknown>> {
  const { zone } = meeting;
  const on = dayOf(meeting.starts_at, zone);
  const lastDay = dayOf(meeting.ends_at, zone);
  return {
    title: meeting.title,
    on,
    from: timeOf(meeting.starts_at, zone),
    to: timeOf(meeting.ends_at, zone),
    to_on: lastDay === on ? '' : lastDay,
    zone,
    rooms: meeting.rooms.map(({ id }) => id),
    link: meeting.link,
    place: meeting.place,
    organiser: await shownPerson(c, meeting.organiser_id),
    booked_for: await shownPerson(c, meeting.booked_for_id),
    lang: meeting.lang,
    is_private: meeting.is_private,
    expected: meeting.expected_count,
    description: meeting.description,
    version: meeting.version,
    layout: meeting.rooms.find(({ layout }) => layout !== null)?.layout ?? '',
    kinds: meeting.equipment.map(({ kind_id }) => kind_id),
    pieces: meeting.equipment.map(({ quantity }) => quantity),
  };
}

export function tellSpan(c: Context, problem: SpanProblem, zone: string): Problems {
  const text = {
    skipped: () => c.t('meetings.form.skipped', { time: problem.at, zone }),
    order: () => c.t('meetings.form.order'),
    long: () => c.t('meetings.form.long'),
  }[problem.reason]();
  return problemsOf([{ field: problem.field, message: text }], c.req.body);
}

async function refused(
  c: Context,
  result: RoomsRefused,
  form: MeetingFields,
  span: Span,
  meeting?: Meeting,
): Promise<Answer> {
  const refusal = await tellRefusal(c, result, {
    roomIds: form.rooms,
    ...span,
    seats: form.expected,
    equipment: linesOf(form),
    zone: form.zone,
    ...(meeting ? { exceptMeetingId: meeting.id } : {}),
  });
  if (result.clashes.length > 0 && form.rooms.length > 0 && mayWait(c, span, meeting))
    refusal.wait = await findWaitChoices(c, {
      roomIds: form.rooms,
      from: span.startsAt,
      to: span.endsAt,
      seats: form.expected,
    });
  return drawForm(c, { ...(meeting ? { meeting } : {}), values: { ...form }, refusal, status: 409 });
}

/** One waits for rooms at the time the meeting has; one that has rooms would have to give them up for another time first. */
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

export interface Drawing {
  /** Undefined for a new one. */
  meeting?: Meeting;
  /** What stands in the fields; of a refused form, what was posted. */
  values?: Record<string, unknown>;
  problems?: Problems;
  refusal?: Refusal;
  differences?: { label: string; theirs: string; mine: string }[];
  status?: number;
  /** Another address and verb, for a copy. */
  action?: { href: string; heading: string; label: string; people: number; items: number };
}

/** The form of a meeting: new, edited, or copied. */
export async function drawForm(c: Context, drawing: Drawing): Promise<Answer> {
  const { meeting, problems } = drawing;
  const values: Record<string, unknown> = { ...(drawing.values ?? problems?.values) };
  values.rooms = [values.rooms ?? []].flat().filter((room) => room !== '');
  const [rooms, movable, organisers] = await Promise.all([
    listRoomOptions(c.db),
    listMovableKinds(c.db, meeting?.id ?? null),
    isSecretary(c.viewer) ? undefined : listActable(c, meeting),
  ]);
  const seriesId = Number(values.series) || 0;
  const series = !meeting && seriesId ? await findSeries(c.db, c.viewer, seriesId) : undefined;
  const heading =
    drawing.action?.heading ??
    (meeting
      ? c.t('meetings.form.edit', { title: titleOf(c.t, meeting) })
      : series
        ? c.t('meetings.form.newDate', { name: series.name })
        : c.t('meetings.form.new'));
  return page(
    'meetings/form',
    {
      title: heading,
      heading,
      meeting,
      series,
      rooms,
      organisers,
      values,
      equipment: shownEquipment(c, movable, values, problems),
      layouts: shownLayouts(c, rooms),
      refusal: drawing.refusal,
      differences: drawing.differences ?? [],
      errors: problems?.errors ?? {},
      action: drawing.action,
      following: meeting && !drawing.action ? followingOf(meeting) : undefined,
      isOffice: isSecretary(c.viewer),
      tomorrow: addDays(dayOf(c.now, c.zone), 1),
    },
    { status: drawing.status ?? (problems ? 422 : 200) },
  );
}

/** A line for each movable kind, with what was typed beside it. */
export function shownEquipment(
  c: Context,
  kinds: Awaited<ReturnType<typeof listMovableKinds>>,
  values: Record<string, unknown>,
  problems?: Problems,
) {
  const [ids, pieces] = [[values.kinds ?? []].flat().map(String), [values.pieces ?? []].flat() as unknown[]];
  return kinds.map((kind) => {
    const at = ids.indexOf(String(kind.id));
    return {
      id: kind.id,
      name: c.fmt.name(kind),
      stock: kind.stock,
      value: at < 0 ? '' : pieces[at],
      error: at < 0 ? undefined : problems?.errors[`pieces.${at}`],
    };
  });
}

/** The layouts that some room has, as choices. */
export function shownLayouts(
  c: Context<unknown, unknown>,
  rooms: Awaited<ReturnType<typeof listRoomOptions>>,
) {
  return LAYOUTS.filter((layout) =>
    rooms.some(({ layouts }) => layouts.some((one) => one.layout === layout)),
  ).map((value) => ({ value, label: c.t(`layouts.${value}`) }));
}

/** Where more dates than this one are changed; undefined for who does not keep the series. */
function followingOf({
  id,
  series_id,
  recurrence_id,
  is_private,
  relation,
}: Meeting): { href: string; isList: boolean } | undefined {
  if (series_id === null || !mayKeepSeries({ is_private, ended_on: null, relation })) return undefined;
  return { href: `/series/${series_id}/dates/${id}/following`, isList: recurrence_id === null };
}

/** In whose name one may call a meeting without being a secretary: one's own, one's principals', and who answers for it by now. */
export async function listActable(
  c: Context,
  present: { organiser: Brief; booked_for: Brief | null } | undefined,
): Promise<Brief[]> {
  const everybody = [
    c.viewer,
    ...(present ? [present.organiser, present.booked_for] : []),
    ...(await listPrincipals(c.db, c.viewer.id)),
  ].filter((person) => person !== null);
  return everybody
    .filter((person, i) => everybody.findIndex(({ id }) => id === person.id) === i)
    .map(({ id, name, name_en }) => ({ id, name, name_en }));
}
