import { signedIn } from '../lib/http/policy.js';
import { idOf, page, redirect, route, type Answer, type Context, type Route } from '../lib/http/route.js';
import { dayOf, addDays, parseTime, timeOf, toInstant } from '../lib/time/zone.js';
import { listParticipants, type Meeting } from '../meetings/queries.js';
import { titleOf } from '../meetings/title.js';
import { describeUnresolved } from '../people/picked.js';
import { resolvePersons } from '../people/queries.js';
import { normalAddress } from '../lib/mail/address.js';
import type { z } from 'zod';
import { addWalkIn, markAllPresent, recordAttendance, type AttendanceChange } from './attendanceCommands.js';
import { AttendanceForm, EmptyForm, StatusForm, WalkInForm } from './forms.js';
import { isWritable } from './statementQueries.js';
import { meetingToRecord } from './writePage.js';

interface Wrong {
  errors: Record<string, string>;
  values: Record<string, unknown>;
  status?: number;
}

async function attendancePage(c: Context, meeting: Meeting, wrong?: Wrong): Promise<Answer> {
  const [participants, canWrite] = await Promise.all([
    listParticipants(c.db, meeting.id),
    isWritable(c.db, meeting.id),
  ]);
  const title = titleOf(c.t, meeting);
  return page(
    'sitting/write-attendance',
    {
      title: c.t('sitting.attendance.of', { meeting: title }),
      meeting,
      meetingTitle: title,
      canWrite,
      lines: participants.map((one) => ({
        ...one,
        arrived: timeIn(meeting, one.arrived_at),
        left: timeIn(meeting, one.left_at),
      })),
      typed: lists(wrong?.values),
      errors: wrong?.errors ?? {},
      values: wrong?.values ?? {},
    },
    { status: wrong ? (wrong.status ?? 422) : 200 },
  );
}

/** What was typed into the table, by participant. */
function lists(
  values: Record<string, unknown> | undefined,
): Record<string, { status: string; arrived: string; left: string }> {
  const column = (name: string) =>
    values?.[name] === undefined
      ? []
      : [values[name]]
          .flat()
          .map((one) => (typeof one === 'string' || typeof one === 'number' ? String(one) : ''));
  const [status, arrived, left] = [column('status'), column('arrived'), column('left')];
  return Object.fromEntries(
    column('participant_id').map((id, at) => [
      id,
      { status: status[at] ?? '', arrived: arrived[at] ?? '', left: left[at] ?? '' },
    ]),
  );
}

function timeIn(meeting: Meeting, at: Date | null): string {
  return at ? timeOf(at, meeting.zone) : '';
}

/** A time on the day of the meeting; before its beginning by more than half a day it is after midnight. */
function instantOf(meeting: Meeting, time: string): Date | undefined {
  const began = meeting.started_at ?? meeting.starts_at;
  const day = dayOf(began, meeting.zone);
  const at = toInstant(day, time, meeting.zone);
  return at && began.getTime() - at.getTime() > 12 * 3_600_000
    ? toInstant(addDays(day, 1), time, meeting.zone)
    : at;
}

async function saveAttendance(c: Context<z.output<typeof AttendanceForm>>): Promise<Answer> {
  const meeting = await meetingToRecord(c);
  const { form } = c;
  const errors: Record<string, string> = {};
  const changes: AttendanceChange[] = [];
  form.participant_id.forEach((participantId, at) => {
    const read = (name: 'arrived' | 'left'): Date | null | undefined => {
      const typed = form[name][at]?.trim() ?? '';
      if (typed === (form[`was_${name}`][at] ?? '')) return undefined;
      if (!typed) return null;
      const time = parseTime(typed);
      const instant = time && instantOf(meeting, time);
      if (!instant) errors[`${name}-${participantId}`] = c.t('sitting.error.time');
      return instant || null;
    };
    const [arrivedAt, leftAt] = [read('arrived'), read('left')];
    if (arrivedAt && leftAt && leftAt <= arrivedAt)
      errors[`left-${participantId}`] = c.t('sitting.error.leftBefore');
    const status = form.status[at] ?? null;
    // Only what was changed on this page is carried out: somebody else may be noting the others.
    if (status === (form.was_status[at] ?? null) && arrivedAt === undefined && leftAt === undefined) return;
    changes.push({
      participantId,
      status: status ?? (arrivedAt || leftAt ? 'present' : null),
      ...(arrivedAt !== undefined ? { arrivedAt } : {}),
      ...(leftAt !== undefined ? { leftAt } : {}),
    });
  });
  if (Object.keys(errors).length > 0) return attendancePage(c, meeting, { errors, values: form });
  const done = await recordAttendance(c.db, c.by, meeting.id, changes);
  return done.ok
    ? redirect(`/meetings/${meeting.id}/attendance`, { notice: 'sitting.notice.attendance' })
    : refused(c, meeting, 'closed');
}

function refused(
  c: Context,
  meeting: Meeting,
  reason: 'closed' | 'full' | 'inactive',
  values: Record<string, unknown> = {},
): Promise<Answer> {
  return attendancePage(c, meeting, { errors: { '': c.t(`sitting.error.${reason}`) }, values, status: 409 });
}

async function walkIn(c: Context<z.output<typeof WalkInForm>>): Promise<Answer> {
  const meeting = await meetingToRecord(c);
  const { person, email, role } = c.form;
  const [found] = await resolvePersons(c.db, [email ?? person]);
  if (found && !found.ok && found.reason === 'several')
    return attendancePage(c, meeting, {
      errors: { person: await describeUnresolved(c, found) },
      values: c.form,
    });
  // "Zhang Wei <zhang@…>" that nobody has is a guest with that address; a bare name is one without.
  const written = /^(.*?)\s*<([^<>\s]+@[^<>\s]+)>$/.exec(person);
  const who = found?.ok
    ? { personId: found.person.id }
    : {
        name: (written?.[1] ?? person).slice(0, 100),
        email: email ?? normalAddress(written?.[2] ?? '') ?? null,
      };
  const done = await addWalkIn(c.db, c.by, meeting.id, { who, role });
  return done.ok
    ? redirect(`/meetings/${meeting.id}/attendance`, { notice: 'sitting.notice.walkIn' })
    : refused(c, meeting, done.reason, c.form);
}

export const attendanceRoutes: Route[] = [
  route({
    method: 'get',
    path: '/meetings/:id/attendance',
    policy: signedIn,
    handle: async (c) => attendancePage(c, await meetingToRecord(c)),
  }),
  route({
    method: 'post',
    path: '/meetings/:id/attendance',
    policy: signedIn,
    form: AttendanceForm,
    handle: saveAttendance,
    onInvalid: async (c, problems) => attendancePage(c, await meetingToRecord(c), problems),
  }),
  route({
    method: 'post',
    path: '/meetings/:id/attendance/present',
    policy: signedIn,
    form: EmptyForm,
    async handle(c) {
      const done = await markAllPresent(c.db, c.by, idOf(c));
      return done.ok
        ? redirect(`/meetings/${idOf(c)}/minutes/write#attendance`)
        : refused(c, await meetingToRecord(c), 'closed');
    },
  }),
  route({
    method: 'post',
    path: '/meetings/:id/attendance/:participant',
    policy: signedIn,
    form: StatusForm,
    async handle(c) {
      const done = await recordAttendance(c.db, c.by, idOf(c), [
        { participantId: idOf(c, 'participant'), status: c.form.status },
      ]);
      return done.ok
        ? redirect(`/meetings/${idOf(c)}/minutes/write#attendance`)
        : refused(c, await meetingToRecord(c), 'closed');
    },
  }),
  route({
    method: 'post',
    path: '/meetings/:id/walk-ins',
    policy: signedIn,
    form: WalkInForm,
    handle: walkIn,
    onInvalid: async (c, problems) => attendancePage(c, await meetingToRecord(c), problems),
  }),
];
