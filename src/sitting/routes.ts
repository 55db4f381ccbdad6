import { signedIn } from '../lib/http/policy.js';
import { idOf, page, redirect, route, type Answer, type Context, type Route } from '../lib/http/route.js';
import { findNextMeeting, listAgenda } from '../agenda/queries.js';
import { maySeeAgenda } from '../meetings/policy.js';
import { findMeeting, listParticipants, type Meeting } from '../meetings/queries.js';
import { titleOf } from '../meetings/title.js';
import { EmptyForm, EndForm, OutcomeForm, WriteQuery } from './forms.js';
import {
  endMeeting,
  listOpenItems,
  OUTCOMES,
  setOutcome,
  startMeeting,
  unstartMeeting,
  type Outcome,
} from './commands.js';
import { meetingToRecord, writePage } from './writePage.js';

export const sittingRoutes: Route[] = [
  route({
    method: 'post',
    path: '/meetings/:id/start',
    policy: signedIn,
    form: EmptyForm,
    async handle(c) {
      const id = idOf(c);
      const begun = await startMeeting(c.db, c.by, id);
      if (begun.ok) return redirect(`/meetings/${id}/minutes/write`, { notice: 'sitting.notice.started' });
      return page(
        'sitting/write-no-chair',
        { title: c.t('sitting.start.title'), meetingId: id },
        { status: 409 },
      );
    },
  }),
  route({
    method: 'post',
    path: '/meetings/:id/start/cancellation',
    policy: signedIn,
    form: EmptyForm,
    async handle(c) {
      const id = idOf(c);
      const undone = await unstartMeeting(c.db, c.by, id);
      if (undone.ok) return redirect(`/meetings/${id}`, { notice: 'sitting.notice.unstarted' });
      return writePage(c, await meetingToRecord(c), {
        wrong: { form: 'add', errors: { '': c.t('sitting.error.written') }, values: {}, status: 409 },
      });
    },
  }),
  route({
    method: 'get',
    path: '/meetings/:id/minutes/write',
    policy: signedIn,
    query: WriteQuery,
    handle: async (c) => writePage(c, await meetingToRecord(c), c.query),
  }),
  route({
    method: 'post',
    path: '/meetings/:id/items/:item/outcome',
    policy: signedIn,
    form: OutcomeForm,
    async handle(c) {
      const [id, item] = [idOf(c), idOf(c, 'item')];
      const done = await setOutcome(c.db, c.by, id, { itemId: item, outcome: c.form.outcome });
      if (done.ok) return redirect(`/meetings/${id}/minutes/write?item=${c.form.next ?? item}#write`);
      const why = {
        noSeries: 'sitting.error.noSeries',
        carried: 'sitting.error.carried',
        closed: 'sitting.error.closed',
      } as const;
      return writePage(c, await meetingToRecord(c), {
        item,
        wrong: { form: 'add', errors: { '': c.t(why[done.reason]) }, values: {}, status: 409 },
      });
    },
  }),
  route({
    method: 'get',
    path: '/meetings/:id/end',
    policy: signedIn,
    handle: async (c) => endPage(c, await meetingToRecord(c)),
  }),
  route({
    method: 'post',
    path: '/meetings/:id/end',
    policy: signedIn,
    form: EndForm,
    async handle(c) {
      const chosen = new Map<number, Outcome>();
      c.form.item_id.forEach((item, at) => {
        const outcome = c.form.outcome[at];
        if (outcome) chosen.set(item, outcome);
      });
      await endMeeting(c.db, c.by, idOf(c), chosen);
      return redirect(`/meetings/${idOf(c)}/minutes`, { notice: 'sitting.notice.ended' });
    },
  }),
];

/** One screen with what is left: carried over unless somebody says otherwise. */
async function endPage(c: Context, meeting: Meeting): Promise<Answer> {
  if (meeting.state !== 'in_progress')
    return redirect(`/meetings/${meeting.id}`, { notice: 'sitting.error.notBegun' });
  const [open, lines, participants, next] = await Promise.all([
    listOpenItems(c.db, meeting.id),
    maySeeAgenda(meeting) ? listAgenda(c.db, c.viewer, meeting) : [],
    listParticipants(c.db, meeting.id),
    meeting.series_id === null
      ? undefined
      : findNextMeeting(c.db, meeting.series_id, meeting.starts_at, meeting.id),
  ]);
  // The next meeting of a series that is private may not be told by name.
  const following = next ? await findMeeting(c.db, c.viewer, next.id).catch(() => undefined) : undefined;
  const title = titleOf(c.t, meeting);
  return page('sitting/write-end', {
    title: c.t('sitting.end.title', { meeting: title }),
    meeting,
    meetingTitle: title,
    items: open.map((item) => {
      const line = lines.find((one) => one.id === item.id);
      const name = line && !line.is_hidden ? line.title : c.t('sitting.item.hidden');
      return { id: item.id, title: line?.no ? `${line.no}. ${name}` : name };
    }),
    outcomes: meeting.series_id === null ? OUTCOMES.filter((one) => one !== 'carried_over') : OUTCOMES,
    preset: meeting.series_id === null ? 'deferred' : 'carried_over',
    following: following && { title: titleOf(c.t, following), starts_at: following.starts_at },
    nobodyPresent: !participants.some((one) => one.attendance === 'present'),
  });
}
