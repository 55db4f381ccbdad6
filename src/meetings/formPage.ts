import { LAYOUTS } from '../claims/layouts.js';
import type { EquipmentLine } from '../equipment/commands.js';
import { listMovableKinds } from '../equipment/queries.js';
import { BadRequest } from '../lib/http/errors.js';
import { type Problems, problemsOf } from '../lib/http/form.js';
import { isSecretary } from '../lib/http/policy.js';
import { page, type Answer, type Context } from '../lib/http/route.js';
import { addDays, dayOf, timeOf } from '../lib/time/zone.js';
import { personText, findPersonOption, resolvePersons, listPrincipals } from '../people/queries.js';
import { listRoomOptions } from '../rooms/queries.js';
import { describeLayouts } from '../rooms/roomFacts.js';
import type { NewMeeting } from './commands.js';
import type { MeetingFields, Span, SpanProblem } from './forms.js';
import { mayKeepSeries } from './policy.js';
import type { Brief, Meeting } from './queries.js';
import type { Refusal } from './refusal.js';
import { titleOf } from './title.js';

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
    const layouts = describeLayouts(room.layouts, c.t).join(c.t('rooms.list.comma'));
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
    layout: form.layout === undefined ? undefined : form.layout || null,
    equipment: form.kinds.length > 0 ? linesOf(form) : undefined,
    bookedForId: acting.bookedForId,
    organiserId: acting.organiserId ?? undefined,
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

export function describeSpanProblem(c: Context, problem: SpanProblem, zone: string): Problems {
  const text = {
    skipped: () => c.t('meetings.form.skipped', { time: problem.at, zone }),
    order: () => c.t('meetings.form.order'),
    long: () => c.t('meetings.form.long'),
  }[problem.reason]();
  return problemsOf([{ field: problem.field, message: text }], c.req.body);
}

export interface Drawing {
  /** Undefined for a new one. */
  meeting?: Meeting | undefined;
  /** The standing meeting of which it becomes one more date. */
  series?: { id: number; name: string } | undefined;
  /** What stands in the fields; of a refused form, what was posted. */
  values?: Record<string, unknown>;
  problems?: Problems;
  refusal?: Refusal;
  differences?: { label: string; theirs: string; mine: string }[];
  status?: number;
  /** Another address and verb, for a copy. */
  action?: { href: string; heading: string; label: string; people: number; items: number };
}

/** Where more dates than this one are changed; undefined for who does not keep the series. */
export function followingOf({
  id,
  series_id,
  recurrence_id,
  is_private,
  relation,
}: Meeting): { href: string; isList: boolean } | undefined {
  if (series_id === null || !mayKeepSeries({ is_private, ended_on: null, relation })) return undefined;
  return { href: `/series/${series_id}/dates/${id}/following`, isList: recurrence_id === null };
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

/**
 * In whose name one may call a meeting without being a secretary: oneself, one's principals, and whoever
 * answers for it already.
 */
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

function headingOf(c: Context, { meeting, series, action }: Drawing): string {
  if (action) return action.heading;
  if (meeting) return c.t('meetings.form.edit', { title: titleOf(c.t, meeting) });
  return series ? c.t('meetings.form.newDate', { name: series.name }) : c.t('meetings.form.new');
}

/** The form of a meeting: new, edited, or copied. */
export async function drawForm(c: Context, drawing: Drawing): Promise<Answer> {
  const { meeting, problems, series } = drawing;
  const values: Record<string, unknown> = { ...(drawing.values ?? problems?.values) };
  values.rooms = [values.rooms ?? []].flat().filter((room) => room !== '');
  const [rooms, movable, organisers] = await Promise.all([
    listRoomOptions(c.db),
    listMovableKinds(c.db, meeting?.id ?? null),
    isSecretary(c.viewer) ? undefined : listActable(c, meeting),
  ]);
  const heading = headingOf(c, drawing);
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
