import type { z } from 'zod';
import { Forbidden } from '../lib/http/errors.js';
import type { Problems } from '../lib/http/form.js';
import { once } from '../lib/http/once.js';
import { signedIn } from '../lib/http/policy.js';
import { idOf, redirect, route, type Answer, type Context, type Route } from '../lib/http/route.js';
import { addDays } from '../lib/time/zone.js';
import { spanOf } from '../meetings/forms.js';
import {
  applyPick,
  checkLayout,
  drawForm,
  type Drawing,
  readActing,
  shownPerson,
  describeSpanProblem,
  toMeeting,
  valuesOf,
} from '../meetings/formPage.js';
import { maySeeAgenda } from '../meetings/policy.js';
import { findMeeting, type Meeting } from '../meetings/queries.js';
import { describeRefusal } from '../meetings/refusal.js';
import { titleOf } from '../meetings/title.js';
import { copyMeeting } from './copyCommands.js';
import { CopyForm } from './forms.js';
import { loadAgenda } from './queries.js';

export const agendaCopyRoutes: Route[] = [
  route({ method: 'get', path: '/meetings/:id/copy', policy: signedIn, handle: showCopy }),
  route({
    method: 'post',
    path: '/meetings/:id/copy',
    policy: signedIn,
    form: CopyForm,
    handle: copy,
    onInvalid: showAgain,
  }),
];

async function findSource(c: Context): Promise<{ meeting: Meeting; itemIds: number[] }> {
  const meeting = await findMeeting(c.db, c.viewer, idOf(c));
  if (!maySeeAgenda(meeting)) throw new Forbidden();
  const { lines } = await loadAgenda(c.db, c.viewer, meeting);
  return { meeting, itemIds: lines.flatMap((line) => (line.is_on_agenda && !line.is_hidden ? line.id : [])) };
}

function drawingOf(
  c: Context,
  { meeting, itemIds }: { meeting: Meeting; itemIds: number[] },
): Pick<Drawing, 'meeting' | 'action'> {
  return {
    meeting,
    action: {
      href: `/meetings/${meeting.id}/copy`,
      heading: c.t('agenda.copy.heading', { title: titleOf(c.t, meeting) }),
      label: c.t('agenda.copy.label'),
      people: meeting.participant_count,
      items: itemIds.length,
    },
  };
}

/** The same a week later; rooms and all. */
async function showCopy(c: Context): Promise<Answer> {
  const source = await findSource(c);
  const values = await valuesOf(c, source.meeting);
  const move = (on: unknown) => (typeof on === 'string' && on ? addDays(on, 7) : '');
  return drawForm(c, {
    ...drawingOf(c, source),
    values: {
      ...values,
      on: move(values.on),
      to_on: move(values.to_on),
      organiser: await shownPerson(c, c.viewer.id),
      booked_for: '',
      with_people: true,
      with_agenda: true,
    },
  });
}

async function showAgain(c: Context, problems: Problems): Promise<Answer> {
  return drawForm(c, { ...drawingOf(c, await findSource(c)), problems });
}

async function copy(c: Context<z.output<typeof CopyForm>>): Promise<Answer> {
  const source = await findSource(c);
  const form = applyPick(c.form);
  const span = spanOf(form);
  if ('field' in span)
    return drawForm(c, { ...drawingOf(c, source), problems: describeSpanProblem(c, span, form.zone) });
  const acting = await readActing(c, form);
  if ('problems' in acting) return drawForm(c, { ...drawingOf(c, source), problems: acting.problems });
  const odd = await checkLayout(c, form);
  if (odd) return drawForm(c, { ...drawingOf(c, source), problems: odd });
  const made = await once(c.db, { person: c.viewer.id, key: form.key, body: c.form }, async (trx) => {
    const result = await copyMeeting(trx, c.by, source.meeting.id, {
      meeting: { ...toMeeting(form, span, acting), mailDomain: c.config.mailDomain, now: c.now },
      withPeople: form.with_people,
      itemIds: form.with_agenda ? source.itemIds : [],
    });
    return result.ok ? { location: `/meetings/${result.id}` } : { location: undefined, refused: result };
  });
  if (made.location !== undefined) return redirect(made.location, { notice: 'meetings.notice.created' });
  const refusal = await describeRefusal(c, made.refused, {
    roomIds: form.rooms,
    ...span,
    seats: form.expected,
    zone: form.zone,
  });
  return drawForm(c, { ...drawingOf(c, source), values: { ...form }, refusal, status: 409 });
}
