import { Forbidden } from '../lib/http/errors.js';
import { problemsOf, type Problems } from '../lib/http/form.js';
import { signedIn } from '../lib/http/policy.js';
import { idOf, page, redirect, route, type Answer, type Context, type Route } from '../lib/http/route.js';
import { format } from '../lib/time/format.js';
import { dayOf } from '../lib/time/zone.js';
import { answerPoll } from './answerCommands.js';
import { choosePollOption, type ChoiceResult } from './choiceCommands.js';
import { cancelPoll } from './commands.js';
import { describeRefusal } from '../meetings/refusal.js';
import { AnswerForm, ANSWERS, CancelForm, ChoiceForm, ListQuery, NothingForm } from './forms.js';
import { isAnswerable, mayAnswerFor, mayKeepPoll } from './policy.js';
import { headFacts, isBehind, showOptions, stateOf, tableOf, describeMissing } from './pollPage.js';
import { findPoll, listOptions, listPeople, listPolls } from './queries.js';
import { remindNow } from './reminderCommands.js';

export const pollsRoutes: Route[] = [
  route({
    method: 'get',
    path: '/polls',
    policy: signedIn,
    query: ListQuery,
    async handle(c) {
      const polls = await listPolls(c.db, c.viewer.id, c.query.state, c.now);
      return page('polls/list', {
        title: c.t('polls.list.title'),
        state: c.query.state,
        polls: polls.map((poll) => ({
          ...poll,
          pill: poll.must_answer
            ? { text: c.t('polls.list.answer'), tone: 'accent' }
            : stateOf(c, poll, c.now),
          deadline: c.fmt.dateTime(poll.deadline_at),
        })),
      });
    },
  }),
  route({ method: 'get', path: '/polls/:id', policy: signedIn, handle: (c) => pollPage(c) }),
  route({
    method: 'post',
    path: '/polls/:id/answer',
    policy: signedIn,
    form: AnswerForm,
    async handle(c) {
      const poll = await findPoll(c.db, c.viewer.id, idOf(c));
      if (poll.relation.poll_person_id === null) throw new Forbidden();
      const answered = await answerPoll(c.db, c.by, poll.id, {
        personId: c.viewer.id,
        answers: c.form.answers,
        note: c.form.note,
        now: c.now,
      });
      if (answered.ok) return redirect(`/polls/${poll.id}`, { notice: 'polls.answered' });
      if (answered.reason === 'closed')
        return redirect(`/polls/${poll.id}`, { notice: 'polls.problem.answersClosed' });
      return pollPage(c, {
        problems: problemsOf(await describeMissing(c, poll.id, answered.options), c.req.body),
      });
    },
    onInvalid: (c, problems) => pollPage(c, { problems }),
  }),
  route({
    method: 'post',
    path: '/polls/:id/choice',
    policy: signedIn,
    form: ChoiceForm,
    async handle(c) {
      const id = idOf(c);
      const chosen = await choosePollOption(c.db, c.by, id, {
        optionId: c.form.option,
        now: c.now,
        mailDomain: c.config.mailDomain,
        room: c.form.room || undefined,
      });
      if (chosen.ok)
        return redirect(`/meetings/${chosen.meetingId}`, {
          notice: chosen.isEarlier ? 'polls.chosenEarlier' : 'polls.chosen',
        });
      if (chosen.reason === 'past') return redirect(`/polls/${id}`, { notice: 'polls.problem.past' });
      return pollPage(c, { refused: chosen });
    },
    onInvalid: (c, problems) => pollPage(c, { problems }),
  }),
  route({
    method: 'post',
    path: '/polls/:id/reminder',
    policy: signedIn,
    form: NothingForm,
    async handle(c) {
      const count = await remindNow(c.db, c.by, idOf(c), { now: c.now, on: dayOf(c.now, c.office.zone) });
      const done = count ? { key: 'polls.remind.done' as const, values: { count } } : 'polls.remind.again';
      return redirect(`/polls/${idOf(c)}`, {
        notice: count === null ? 'polls.problem.answersClosed' : done,
      });
    },
  }),
  route({ method: 'get', path: '/polls/:id/cancellation', policy: signedIn, handle: (c) => cancelPage(c) }),
  route({
    method: 'post',
    path: '/polls/:id/cancellation',
    policy: signedIn,
    form: CancelForm,
    async handle(c) {
      await cancelPoll(c.db, c.by, idOf(c), { reason: c.form.reason, now: c.now });
      return redirect(`/polls/${idOf(c)}`, { notice: 'polls.cancelled' });
    },
    onInvalid: cancelPage,
  }),
];

async function cancelPage(c: Context, problems?: Problems): Promise<Answer> {
  const poll = await findPoll(c.db, c.viewer.id, idOf(c));
  if (!mayKeepPoll(poll)) throw new Forbidden();
  return page(
    'polls/cancel',
    {
      title: c.t('polls.cancel.title', { title: poll.title }),
      poll,
      values: problems?.values ?? {},
      errors: problems?.errors ?? {},
    },
    { status: problems ? 422 : 200 },
  );
}

interface Showing {
  problems?: Problems;
  refused?: Extract<ChoiceResult, { reason: 'rooms' }>;
}

async function pollPage(c: Context<unknown, unknown>, { problems, refused }: Showing = {}): Promise<Answer> {
  const poll = await findPoll(c.db, c.viewer.id, idOf(c));
  const [options, people] = await Promise.all([listOptions(c.db, poll.id), listPeople(c.db, poll.id)]);
  const keeps = mayKeepPoll(poll);
  const shown = showOptions(c, options, people);
  const answered = people.filter(({ answered_at }) => answered_at !== null).length;
  const behind = poll.state === 'open' ? people.filter(isBehind).length : 0;
  const entersFor = mayAnswerFor(poll) ? `/polls/${poll.id}/people/` : null;
  const me = people.find(({ person_id }) => person_id === c.viewer.id);
  const mine = problems
    ? problems.values
    : Object.fromEntries(
        Object.entries(me?.answers ?? {}).map(([option, answer]) => [`answer_${option}`, answer]),
      );
  return page(
    'polls/poll',
    {
      title: poll.title,
      poll,
      me,
      mayChoose: keeps && poll.state === 'open',
      state: stateOf(c, poll, c.now),
      facts: headFacts(c, poll, {
        deadline: format(c.lang, c.zone).dateTime(poll.deadline_at),
        zone: c.zone,
        between: [
          c.t('polls.answeredOf', { answered, asked: people.length }),
          behind ? c.t('polls.behind', { count: behind }) : '',
        ],
      }),
      options: shown,
      // Best first for who chooses; in order of time for who answers.
      ranked: [...shown]
        .sort((a, b) => a.rank - b.rank)
        .map((one, n) => ({ ...one, isBest: n === 0 && answered + behind > 0 })),
      // Answers are for who calls it and who is asked, as on any list that goes round.
      table: tableOf(c, shown, people, poll.state === 'open').map((row) => ({
        ...row,
        entersAt: entersFor && row.personId !== c.viewer.id ? `${entersFor}${row.personId}/answer` : null,
      })),
      mayRemind:
        keeps &&
        isAnswerable(poll, c.now) &&
        people.some(
          ({ answered_at, person_id, has_address }) =>
            answered_at === null && has_address && person_id !== c.viewer.id,
        ),
      mayAnswer: Boolean(me) && isAnswerable(poll, c.now),
      answerOptions: ANSWERS.map((value) => ({ value, label: c.t(`polls.answer.${value}`) })),
      refusal: refused
        ? { option: refused.option.id, ...(await describeRooms(c, refused, people.length)) }
        : null,
      values: { note: me?.note ?? '', ...mine },
      errors: problems?.errors ?? {},
    },
    { status: refused ? 409 : statusOf(problems), caching: 'no-store' },
  );
}

function statusOf(problems: Problems | undefined): 200 | 422 {
  return problems ? 422 : 200;
}

/** Who has the room by now, and which others are free then. */
async function describeRooms(
  c: Context<unknown, unknown>,
  { refused, option }: Extract<ChoiceResult, { reason: 'rooms' }>,
  seats: number,
) {
  const { reasons, picks } = await describeRefusal(c, refused, {
    roomIds: option.room_ids,
    startsAt: option.starts_at,
    endsAt: option.ends_at,
    seats,
    zone: c.zone,
  });
  return {
    reasons,
    rooms: picks.rooms.map(({ pick, label }) => ({ room: pick.replace('room:', ''), label })),
  };
}
