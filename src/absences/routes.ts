import { Forbidden, NotFound } from '../lib/http/errors.js';
import { problemsOf, type Problems } from '../lib/http/form.js';
import { signedIn } from '../lib/http/policy.js';
import { idOf, page, redirect, route, type Answer, type Context, type Route } from '../lib/http/route.js';
import { format } from '../lib/time/format.js';
import { addDays, startOfDay, toInstant } from '../lib/time/zone.js';
import { findPersonOption, mayActFor, type PersonOption } from '../people/queries.js';
import { addAbsence, removeAbsence, setWorkingHours, type NewAbsence } from './commands.js';
import { ABSENCE_KINDS, AbsenceForm, NoFields, WEEKDAYS, WorkingHoursForm } from './forms.js';
import { findZone, listAbsences, listWorkingHours, USUAL_HOURS, type Absence } from './queries.js';

export const absenceRoutes: Route[] = [
  route({ method: 'get', path: '/people/:id/times', policy: signedIn, handle: (c) => timesPage(c) }),
  route({
    method: 'post',
    path: '/people/:id/absences',
    policy: signedIn,
    form: AbsenceForm,
    async handle(c) {
      const { person, zone } = await personOf(c);
      const span = spanOf(c.form, zone);
      if ('problem' in span)
        return timesPage(c, problemsOf([{ field: span.field, message: c.t(span.problem) }], c.req.body));
      await addAbsence(c.db, c.by, person.id, { kind: c.form.kind, note: c.form.note, ...span });
      return redirect(`/people/${person.id}/times`, { notice: 'calendar.absence.added' });
    },
    onInvalid: (c, problems) => timesPage(c, problems),
  }),
  route({
    method: 'post',
    path: '/people/:id/absences/:absence/removal',
    policy: signedIn,
    form: NoFields,
    async handle(c) {
      const { person } = await personOf(c);
      await removeAbsence(c.db, c.by, person.id, idOf(c, 'absence'));
      return redirect(`/people/${person.id}/times`, { notice: 'calendar.absence.removed' });
    },
  }),
  route({
    method: 'post',
    path: '/people/:id/hours',
    policy: signedIn,
    form: WorkingHoursForm,
    async handle(c) {
      const { person } = await personOf(c);
      const hours = WEEKDAYS.flatMap((weekday) => {
        const [from, to] = [c.form[`from_${weekday}`], c.form[`to_${weekday}`]];
        return from && to ? [{ weekday, opens_at: from, closes_at: to }] : [];
      });
      await setWorkingHours(c.db, c.by, person.id, hours);
      return redirect(`/people/${person.id}/times`, {
        notice: hours.length ? 'calendar.absence.hoursSaved' : 'calendar.absence.hoursUsual',
      });
    },
    onInvalid: (c, problems) => timesPage(c, problems, 'hours'),
  }),
];

/** Oneself, one's deputies and the office's secretaries; for everybody else there is no such page. */
async function personOf(c: Context): Promise<{ person: PersonOption; zone: string }> {
  const id = idOf(c);
  const [person, zone] = await Promise.all([findPersonOption(c.db, id), findZone(c.db, id)]);
  if (!person || !zone || person.is_guest) throw new NotFound();
  if (!(await mayActFor(c.db, c.viewer, id))) throw new Forbidden();
  return { person, zone };
}

function spanOf(
  form: AbsenceForm,
  zone: string,
):
  | Pick<NewAbsence, 'startsAt' | 'endsAt' | 'isAllDay'>
  | {
      field: 'from' | 'to' | 'to_on';
      problem: 'calendar.booking.skipped' | 'calendar.absence.order' | 'calendar.absence.long';
    } {
  const lastOn = form.to_on ?? form.from_on;
  const isAllDay = form.from === null || form.to === null;
  const startsAt =
    form.from === null ? startOfDay(form.from_on, zone) : toInstant(form.from_on, form.from, zone);
  const endsAt = form.to === null ? startOfDay(addDays(lastOn, 1), zone) : toInstant(lastOn, form.to, zone);
  if (!startsAt) return { field: 'from', problem: 'calendar.booking.skipped' };
  if (!endsAt) return { field: 'to', problem: 'calendar.booking.skipped' };
  if (endsAt <= startsAt) return { field: 'to', problem: 'calendar.absence.order' };
  if (endsAt.getTime() - startsAt.getTime() > 366 * 86_400_000)
    return { field: 'to_on', problem: 'calendar.absence.long' };
  return { startsAt, endsAt, isAllDay };
}

async function timesPage(
  c: Context,
  problems?: Problems,
  wrongForm: 'absence' | 'hours' = 'absence',
): Promise<Answer> {
  const { person, zone } = await personOf(c);
  const [absences, set] = await Promise.all([
    listAbsences(c.db, person.id, c.now),
    listWorkingHours(c.db, person.id),
  ]);
  const fmt = format(c.lang, zone);
  const shown = set.length ? set : USUAL_HOURS;
  const hours = Object.fromEntries(
    shown.flatMap(({ weekday, opens_at, closes_at }) => [
      [`from_${weekday}`, opens_at],
      [`to_${weekday}`, closes_at],
    ]),
  );
  const isOwn = person.id === c.viewer.id;
  return page(
    'absences/list',
    {
      title: isOwn
        ? c.t('calendar.absence.titleOwn')
        : c.t('calendar.absence.title', { name: c.fmt.name(person) }),
      person,
      isOwn,
      zone,
      kinds: ABSENCE_KINDS,
      absences: absences.map((one) => ({
        ...one,
        when: whenOf(one, fmt),
        creator:
          one.created_by === person.id
            ? null
            : c.fmt.name({ name: one.creator_name, name_en: one.creator_name_en }),
      })),
      weekdays: WEEKDAYS.map((weekday) => ({ weekday, name: c.t(`calendar.weekday.${weekday}`) })),
      isUsual: set.length === 0,
      hours: wrongForm === 'hours' && problems ? problems.values : hours,
      values: wrongForm === 'absence' && problems ? problems.values : { kind: 'leave' },
      errors: problems?.errors ?? {},
    },
    { status: problems ? 422 : 200, caching: 'no-store' },
  );
}

/** "Mon 23 Nov – Wed 25 Nov", or with the hours. */
function whenOf(absence: Absence, fmt: ReturnType<typeof format>): string {
  if (!absence.is_all_day)
    return `${fmt.day(absence.starts_at)} ${fmt.range(absence.starts_at, absence.ends_at)}`;
  const [first, last] = [fmt.day(absence.starts_at), fmt.day(new Date(absence.ends_at.getTime() - 1))];
  return first === last ? first : `${first} – ${last}`;
}
