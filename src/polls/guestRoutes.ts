import { createHmac, timingSafeEqual } from 'node:crypto';
import { readCookie, setCookie } from '../lib/http/cookies.js';
import { problemsOf, type Problems } from '../lib/http/form.js';
import { anyone } from '../lib/http/policy.js';
import { idOf, page, redirect, route, type Answer, type Context, type Route } from '../lib/http/route.js';
import { deriveToken } from '../lib/mail/seal.js';
import { answerPoll } from './answerCommands.js';
import { AnswerForm, ANSWERS } from './forms.js';
import { isAnswerable } from './policy.js';
import { headFacts, showOptions, describeMissing, type OptionRow } from './pollPage.js';
import {
  findHolder,
  findHolderById,
  findPollFor,
  listOptions,
  listPeople,
  type Poll,
  type PollHolder,
} from './queries.js';

// The page of a guest who is asked, without an account; built as the reply page of invitations: the token is
// exchanged for a cookie of two hours, GET shows, only POST answers. A guest sees the times and the own
// answers, nobody else's.

export const pollsGuestRoutes: Route[] = [
  route({ method: 'get', path: '/p/:token', policy: anyone, handle: openLink }),
  route({ method: 'get', path: '/p/poll/:id', policy: anyone, handle: (c) => showPoll(c) }),
  route({
    method: 'post',
    path: '/p/poll/:id',
    policy: anyone,
    form: AnswerForm,
    handle: answer,
    onInvalid: (c, problems) => showPoll(c, problems),
  }),
];

const COOKIE_SECONDS = 2 * 60 * 60;

async function openLink(c: Context): Promise<Answer> {
  const token = c.params.token ?? '';
  const holder = /^[A-Za-z0-9_-]{43}$/.test(token) ? await findHolder(c.db, token, c.now) : undefined;
  c.res.set('Cache-Control', 'no-store');
  if (!holder) return lost(c);
  const until = Math.floor(c.now.getTime() / 1000) + COOKIE_SECONDS;
  const what = `${holder.poll_person_id}.${holder.generation}.${until}`;
  setCookie(c, `poll-${holder.poll_person_id}`, `${what}.${sign(c, what)}`, { seconds: COOKIE_SECONDS });
  if (!c.maybeViewer && !readCookie(c.req, c.config, 'lang'))
    setCookie(c, 'lang', holder.lang, { seconds: COOKIE_SECONDS });
  return redirect(`/p/poll/${holder.poll_person_id}`);
}

function lost(c: Context<unknown, unknown>): Answer {
  return page(
    'replies/lost',
    { title: c.t('invitations.lost.title'), door: true },
    { status: 404, caching: 'no-store' },
  );
}

function sign(c: Context<unknown, unknown>, what: string): string {
  return createHmac('sha256', deriveToken(c.config.secretKey, 'poll cookie', 'v1'))
    .update(what)
    .digest('base64url');
}

async function holderOf(c: Context<unknown, unknown>): Promise<PollHolder | undefined> {
  const id = idOf(c);
  const [asked, generation, until, proof] = (readCookie(c.req, c.config, `poll-${id}`) ?? '').split('.');
  const expected = sign(c, `${asked}.${generation}.${until}`);
  const isOurs =
    proof !== undefined &&
    proof.length === expected.length &&
    timingSafeEqual(Buffer.from(proof), Buffer.from(expected));
  if (!isOurs || Number(asked) !== id || Number(until) * 1000 <= c.now.getTime()) return undefined;
  return findHolderById(c.db, id, Number(generation), c.now);
}

async function showPoll(c: Context<unknown, unknown>, problems?: Problems): Promise<Answer> {
  const holder = await holderOf(c);
  const poll = holder && (await findPollFor(c.db, holder.person_id, holder.poll_id));
  if (!holder || !poll) return lost(c);
  const [options, people] = await Promise.all([listOptions(c.db, poll.id), listPeople(c.db, poll.id)]);
  const me = people.find(({ person_id }) => person_id === holder.person_id);
  const mine = Object.fromEntries(
    Object.entries(me?.answers ?? {}).map(([option, said]) => [`answer_${option}`, said]),
  );
  const shown = showOptions(c, options);
  return page(
    'polls/guest',
    {
      title: poll.title,
      door: true,
      poll,
      me,
      holder,
      facts: headFacts(c, poll, { deadline: c.fmt.dateTime(poll.deadline_at), zone: c.zone }),
      options: shown,
      closed: closedNotice(c, poll),
      chosen: chosenText(shown),
      mayAnswer: isAnswerable(poll, c.now),
      answerOptions: ANSWERS.map((value) => ({ value, label: c.t(`polls.answer.${value}`) })),
      values: { note: me?.note ?? '', ...(problems ? problems.values : mine) },
      errors: problems?.errors ?? {},
    },
    { status: problems ? 422 : 200, caching: 'no-store' },
  );
}

/** Why a guest can't answer any more, as views/lib/notice.ejs takes it. */
function closedNotice(c: Context<unknown, unknown>, poll: Poll) {
  if (poll.state === 'cancelled')
    return { tone: 'bad', text: c.t('polls.cancelledFor', { reason: poll.cancel_reason ?? '' }) };
  return { text: c.t(poll.state === 'closed' ? 'polls.guest.closed' : 'polls.problem.answersClosed') };
}

/** The time that was chosen, with its rooms where they are held for it. */
function chosenText(options: readonly OptionRow[]): string | undefined {
  const chosen = options.find(({ isChosen }) => isChosen);
  if (!chosen) return undefined;
  return chosen.rooms && chosen.isHeld ? `${chosen.when} · ${chosen.rooms}` : chosen.when;
}

async function answer(c: Context<AnswerForm>): Promise<Answer> {
  const holder = await holderOf(c);
  if (!holder) return lost(c);
  const answered = await answerPoll(c.db, { ...c.by, id: null }, holder.poll_id, {
    personId: holder.person_id,
    answers: c.form.answers,
    note: c.form.note,
    now: c.now,
  });
  const here = `/p/poll/${holder.poll_person_id}`;
  if (answered.ok) return redirect(here, { notice: 'polls.answered' });
  if (answered.reason === 'closed') return redirect(here, { notice: 'polls.problem.answersClosed' });
  return showPoll(c, problemsOf(await describeMissing(c, holder.poll_id, answered.options), c.req.body));
}
