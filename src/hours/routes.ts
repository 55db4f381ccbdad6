import { problemsOf, type Problems } from '../lib/http/form.js';
import { secretary } from '../lib/http/policy.js';
import { idOf, page, redirect, route, type Answer, type Context, type Route } from '../lib/http/route.js';
import { dayOf } from '../lib/time/zone.js';
import { removeException, saveException, setRoomCalendar } from './holidayCommands.js';
import { ExceptionForm, ExceptionRemovalForm, RoomCalendarForm } from './holidayForms.js';
import { findRoomCalendar, listCalendars, listExceptions } from './holidayQueries.js';
import { findRoomWithWeek } from './roomQueries.js';
import { describeHours } from './describe.js';

// What of a room's hours is not its week: days that differ, and the holidays it keeps.

export const hoursRoutes: Route[] = [
  route({ method: 'get', path: '/rooms/:id/hours', policy: secretary, handle: (c) => hoursPage(c) }),
  route({
    method: 'post',
    path: '/rooms/:id/hours/exceptions',
    policy: secretary,
    form: ExceptionForm,
    async handle(c) {
      const { kind, ...form } = c.form;
      await saveException(
        c.db,
        c.by,
        idOf(c),
        kind === 'closed' ? { ...form, opens_at: null, closes_at: null } : form,
      );
      return redirect(`/rooms/${idOf(c)}/hours`, { notice: 'hours.notice.saved' });
    },
    onInvalid: (c, problems) => hoursPage(c, problems, 422),
  }),
  route({
    method: 'post',
    path: '/rooms/:id/hours/exceptions/removal',
    policy: secretary,
    form: ExceptionRemovalForm,
    async handle(c) {
      await removeException(c.db, c.by, idOf(c), c.form.on);
      return redirect(`/rooms/${idOf(c)}/hours`, { notice: 'hours.notice.removed' });
    },
  }),
  route({
    method: 'post',
    path: '/rooms/:id/hours/calendar',
    policy: secretary,
    form: RoomCalendarForm,
    async handle(c) {
      if (await setRoomCalendar(c.db, c.by, idOf(c), { was: c.form.was, input: c.form.calendar }))
        return redirect(`/rooms/${idOf(c)}/hours`, { notice: 'hours.notice.saved' });
      return hoursPage(
        c,
        problemsOf([{ field: 'calendar', message: c.t('hours.problem.stale') }], c.req.body),
        409,
      );
    },
    onInvalid: (c, problems) => hoursPage(c, problems, 422),
  }),
];

async function hoursPage(c: Context<unknown, unknown>, problems?: Problems, status = 200): Promise<Answer> {
  const room = await findRoomWithWeek(c.db, idOf(c));
  const [exceptions, calendars, kept] = await Promise.all([
    listExceptions(c.db, room.id, dayOf(c.now, c.office.zone)),
    listCalendars(c.db),
    findRoomCalendar(c.db, room.id),
  ]);
  const office = calendars.find((one) => one.is_default);
  return page(
    'hours/room',
    {
      title: c.t('hours.room.title', { room: c.fmt.name(room) }),
      room,
      week: describeHours(room.hours, c.t),
      exceptions: exceptions.map((one) => ({
        ...one,
        date: c.fmt.date(one.on),
        hours: one.opens_at ? `${one.opens_at}–${one.closes_at}` : c.t('hours.room.closed'),
      })),
      calendars: [
        {
          value: 'office',
          label: office
            ? c.t('hours.room.calendarOffice', { name: c.fmt.name(office) })
            : c.t('hours.room.calendarNoOffice'),
        },
        ...calendars.map((one) => ({ value: String(one.id), label: c.fmt.name(one) })),
        { value: 'none', label: c.t('hours.room.calendarNone') },
      ],
      calendar: kept.rule === 'own' ? String(kept.calendar_id) : kept.rule,
      errors: problems?.errors ?? {},
      values: problems?.values ?? { kind: 'closed' },
    },
    { status },
  );
}
