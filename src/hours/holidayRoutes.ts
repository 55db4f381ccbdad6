import { buffer } from 'node:stream/consumers';
import type { z } from 'zod';
import { inTransaction } from '../lib/db/db.js';
import { readChunks } from '../lib/files/store.js';
import { NotFound } from '../lib/http/errors.js';
import { problemsOf, type Problems } from '../lib/http/form.js';
import { once } from '../lib/http/once.js';
import { secretary } from '../lib/http/policy.js';
import { idOf, page, redirect, route, type Answer, type Context, type Route } from '../lib/http/route.js';
import { addDays, dayOf } from '../lib/time/zone.js';
import { decodeText } from '../lib/files/table.js';
import {
  archiveCalendar,
  createCalendar,
  removeHoliday,
  renameCalendar,
  runHolidayImport,
  saveHolidays,
  setDefaultCalendar,
  startHolidayImport,
} from './holidayCommands.js';
import {
  CalendarDefaultForm,
  CalendarForm,
  CalendarQuery,
  HolidayForm,
  HolidayRemovalForm,
  ImportForm,
  ImportRunForm,
  NewCalendarForm,
} from './holidayForms.js';
import { previewHolidays, readHolidays } from './holidayPreview.js';
import {
  findCalendar,
  findHolidayImport,
  listCalendars,
  listHolidays,
  type Holiday,
} from './holidayQueries.js';
import { weekdayName } from './describe.js';

export const holidayRoutes: Route[] = [
  route({ method: 'get', path: '/rooms/holidays', policy: secretary, handle: (c) => listPage(c) }),
  route({
    method: 'post',
    path: '/rooms/holidays',
    policy: secretary,
    form: NewCalendarForm,
    async handle(c) {
      const { key, ...names } = c.form;
      const done = await once(c.db, { person: c.viewer.id, key, body: names }, async (trx) => ({
        location: `/rooms/holidays/${(await createCalendar(trx, c.by, names)).id}`,
      }));
      return redirect(done.location, { notice: 'hours.notice.saved' });
    },
    onInvalid: (c, problems) => listPage(c, problems),
  }),
  route({
    method: 'get',
    path: '/rooms/holidays/:id',
    policy: secretary,
    query: CalendarQuery,
    handle: (c) => calendarPage(c, c.query.year),
  }),
  route({
    method: 'post',
    path: '/rooms/holidays/:id',
    policy: secretary,
    form: CalendarForm,
    async handle(c) {
      const { version, ...names } = c.form;
      if (await renameCalendar(c.db, c.by, { id: idOf(c), version }, names))
        return redirect(`/rooms/holidays/${idOf(c)}`, { notice: 'hours.notice.saved' });
      return calendarPage(c, undefined, {
        problems: problemsOf([{ field: 'name_en', message: c.t('hours.problem.stale') }], c.req.body),
        of: 'names',
        status: 409,
      });
    },
    onInvalid: (c, problems) => calendarPage(c, undefined, { problems, of: 'names', status: 422 }),
  }),
  route({
    method: 'post',
    path: '/rooms/holidays/:id/default',
    policy: secretary,
    form: CalendarDefaultForm,
    async handle(c) {
      await setDefaultCalendar(c.db, c.by, idOf(c), c.form.is_default);
      return redirect(`/rooms/holidays/${idOf(c)}`, { notice: 'hours.notice.saved' });
    },
  }),
  route({
    method: 'post',
    path: '/rooms/holidays/:id/removal',
    policy: secretary,
    async handle(c) {
      await archiveCalendar(c.db, c.by, idOf(c));
      return redirect('/rooms/holidays', { notice: 'hours.notice.removed' });
    },
  }),
  route({
    method: 'post',
    path: '/rooms/holidays/:id/days',
    policy: secretary,
    form: HolidayForm,
    async handle(c) {
      await inTransaction(c.db, (trx) => saveHolidays(trx, c.by, idOf(c), daysOf(c.form)));
      return redirect(`/rooms/holidays/${idOf(c)}?year=${c.form.from_on.slice(0, 4)}`, {
        notice: 'hours.notice.saved',
      });
    },
    onInvalid: (c, problems) => calendarPage(c, undefined, { problems, of: 'days', status: 422 }),
  }),
  route({
    method: 'post',
    path: '/rooms/holidays/:id/days/removal',
    policy: secretary,
    form: HolidayRemovalForm,
    async handle(c) {
      await removeHoliday(c.db, c.by, idOf(c), c.form.on);
      return redirect(`/rooms/holidays/${idOf(c)}?year=${c.form.on.slice(0, 4)}`, {
        notice: 'hours.notice.removed',
      });
    },
  }),
  route({
    method: 'get',
    path: '/rooms/holidays/:id/import',
    policy: secretary,
    handle: (c) => importPage(c),
  }),
  route({
    method: 'post',
    path: '/rooms/holidays/:id/import',
    policy: secretary,
    upload: {
      field: 'file',
      maxFiles: 1,
      also: ['ics'],
      wrongKind: 'hours.import.wrongKind',
      authorise: (c) => findCalendar(c.db, idOf(c)),
    },
    form: ImportForm,
    async handle(c) {
      const [file] = c.files;
      const content = file ? decodeText(await buffer(readChunks(c.db, file.id))) : c.form.text;
      const read = readHolidays(content);
      if (!read.ok)
        return importPage(
          c,
          problemsOf(
            [{ field: file ? 'file' : 'text', message: c.t(read.problem.key, read.problem.values) }],
            { text: c.form.text },
          ),
        );
      const started = await startHolidayImport(c.db, c.by, idOf(c), content.replaceAll('\0', ''));
      return redirect(`/rooms/holidays/${idOf(c)}/import/${started}`);
    },
    onInvalid: (c, problems) => importPage(c, problems),
  }),
  route({
    method: 'get',
    path: '/rooms/holidays/:id/import/:import',
    policy: secretary,
    handle: (c) => previewPage(c),
  }),
  route({
    method: 'post',
    path: '/rooms/holidays/:id/import/:import',
    policy: secretary,
    form: ImportRunForm,
    async handle(c) {
      const done = await runHolidayImport(
        c.db,
        { ...c.by, id: c.viewer.id },
        {
          calendarId: idOf(c),
          id: idOf(c, 'import'),
          all: c.form.lines === 'all',
        },
      );
      if (!done) return previewPage(c, c.t('hours.import.notAll'));
      return redirect(`/rooms/holidays/${idOf(c)}`, {
        notice: {
          key: 'hours.import.done',
          values: { added: done.added ?? 0, changed: done.changed ?? 0, left: done.left_out ?? 0 },
        },
      });
    },
  }),
];

async function listPage(c: Context<unknown, unknown>, problems?: Problems): Promise<Answer> {
  const calendars = await listCalendars(c.db);
  return page(
    'hours/holiday-calendars',
    {
      title: c.t('hours.holidays.title'),
      calendars: calendars.map((one) => ({
        ...one,
        years: yearsOf(one),
      })),
      hasDefault: calendars.some((one) => one.is_default),
      errors: problems?.errors ?? {},
      values: problems?.values ?? {},
    },
    { status: problems ? 422 : 200 },
  );
}

function yearsOf({ first_year, last_year }: { first_year: number | null; last_year: number | null }): string {
  if (first_year === null) return '';
  return first_year === last_year ? String(first_year) : `${first_year}–${last_year}`;
}

function daysOf(form: z.output<typeof HolidayForm>): Holiday[] {
  const days: Holiday[] = [];
  const name_en = form.name_en ?? form.name_zh ?? '';
  for (let on = form.from_on; on <= (form.to_on ?? form.from_on); on = addDays(on, 1)) {
    days.push({
      on,
      kind: form.kind,
      as_weekday: form.kind === 'workday' ? form.as_weekday : null,
      name_en,
      name_zh: form.name_zh ?? name_en,
    });
  }
  return days;
}

async function calendarPage(
  c: Context<unknown, unknown>,
  requestedYear: number | undefined,
  wrong?: { problems: Problems; of: 'names' | 'days'; status: number },
): Promise<Answer> {
  const calendar = await findCalendar(c.db, idOf(c));
  const thisYear = Number(dayOf(c.now, c.office.zone).slice(0, 4));
  const year = requestedYear ?? thisYear;
  const days = await listHolidays(c.db, calendar.id, `${year}-01-01`, `${year}-12-31`);
  const [first, last] = [
    Math.min(calendar.first_year ?? thisYear, thisYear, year),
    Math.max(calendar.last_year ?? thisYear, thisYear + 1, year),
  ];
  // Far years that were mistyped don't make a hundred tabs.
  const years = Array.from({ length: Math.min(last - first + 1, 12) }, (_, at) => last - at).reverse();
  return page(
    'hours/holiday-calendar',
    {
      title: c.fmt.name(calendar),
      calendar,
      year,
      years: years.map((one) => ({
        href: `/rooms/holidays/${calendar.id}?year=${one}`,
        text: String(one),
        current: one === year,
      })),
      days: days.map((day) => ({
        ...day,
        date: c.fmt.date(day.on),
        name: c.fmt.name(day),
        kindText:
          day.as_weekday === null
            ? c.t('hours.holidays.kind.holiday')
            : c.t('hours.holidays.opensLike', {
                kind: c.t('hours.holidays.kind.workday'),
                weekday: weekdayName(day.as_weekday, c.t),
              }),
      })),
      weekdays: [1, 2, 3, 4, 5, 6, 7].map((value) => ({ value, label: weekdayName(value, c.t) })),
      typed: {
        names: wrong?.of === 'names' ? wrong.problems.values : calendar,
        days: wrong?.of === 'days' ? wrong.problems.values : { kind: 'holiday', as_weekday: 1 },
      },
      wrong: {
        names: wrong?.of === 'names' ? wrong.problems.errors : {},
        days: wrong?.of === 'days' ? wrong.problems.errors : {},
      },
      errors: wrong?.problems.errors ?? {},
      errorForm: wrong?.of,
    },
    { status: wrong?.status ?? 200 },
  );
}

async function importPage(c: Context<unknown, unknown>, problems?: Problems): Promise<Answer> {
  const calendar = await findCalendar(c.db, idOf(c));
  return page(
    'hours/holiday-import',
    {
      title: c.t('hours.import.title'),
      calendar,
      errors: problems?.errors ?? {},
      values: problems?.values ?? {},
    },
    { status: problems ? 422 : 200 },
  );
}

/** Most entries that can't be read which are shown. */
const SHOWN = 200;

async function previewPage(c: Context<unknown, unknown>, message?: string): Promise<Answer> {
  const calendar = await findCalendar(c.db, idOf(c));
  const found = await findHolidayImport(c.db, idOf(c, 'import'), c.viewer.id);
  if (!found || found.calendar_id !== calendar.id) throw new NotFound();
  if (found.finished_at) return redirect(`/rooms/holidays/${calendar.id}`);
  const read = readHolidays(found.content);
  if (!read.ok)
    return importPage(
      c,
      problemsOf([{ field: 'file', message: c.t(read.problem.key, read.problem.values) }], {}),
    );
  const plan = previewHolidays(
    read.entries,
    await listHolidays(c.db, calendar.id, '1970-01-01', '2199-12-31'),
  );
  const daysWith = (outcome: string) =>
    plan.reduce(
      (sum, one) => sum + (one.outcome === outcome && one.outcome !== 'bad' ? one.days.length : 0),
      0,
    );
  const bad = plan.flatMap((one) =>
    one.outcome === 'bad'
      ? [
          {
            number: one.number,
            text: one.text,
            reasons: one.reasons.map((reason) => c.t(reason.key, reason.values)),
          },
        ]
      : [],
  );
  return page(
    'hours/holiday-import-preview',
    {
      title: c.t('hours.import.previewTitle'),
      calendar,
      id: found.id,
      isTable: read.kind === 'lines',
      counts: { add: daysWith('add'), change: daysWith('change'), same: daysWith('same'), bad: bad.length },
      bad: bad.slice(0, SHOWN),
      errors: message ? { '': message } : {},
    },
    { status: message ? 422 : 200, caching: 'no-store' },
  );
}
