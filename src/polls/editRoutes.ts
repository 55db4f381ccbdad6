import { listFreeRooms } from '../times/search.js';
import { Forbidden, NotFound } from '../lib/http/errors.js';
import { problemsOf, type Problems } from '../lib/http/form.js';
import { signedIn } from '../lib/http/policy.js';
import { idOf, page, redirect, route, type Answer, type Context, type Route } from '../lib/http/route.js';
import { dayOf, timeOf } from '../lib/time/zone.js';
import { readPeople } from '../meetings/namedPeople.js';
import { listRoomOptions } from '../rooms/queries.js';
import { answerPoll } from './answerCommands.js';
import { addedTo, type PollChange } from './edit.js';
import { editPoll, type EditResult } from './editCommands.js';
import { AnswerForm, ANSWERS, EditPollForm, MAX_OPTIONS, MIN_OPTIONS, TYPED } from './forms.js';
import { toPollPeople, giveRooms, readDeadline, readOffered } from './offerPage.js';
import { mayAnswerFor, mayKeepPoll } from './policy.js';
import { showOptions, describeMissing, type OptionRow } from './pollPage.js';
import {
  findPoll,
  findPollFor,
  listOptions,
  listPeople,
  type Poll,
  type PollOption,
  type PollPerson,
} from './queries.js';

export const editRoutes: Route[] = [
  route({ method: 'get', path: '/polls/:id/edit', policy: signedIn, handle: (c) => showEdit(c) }),
  route({
    method: 'post',
    path: '/polls/:id',
    policy: signedIn,
    form: EditPollForm,
    handle: change,
    onInvalid: (c, problems) => showEdit(c, problems),
  }),
  route({
    method: 'get',
    path: '/polls/:id/people/:person/answer',
    policy: signedIn,
    handle: (c) => showAnswer(c),
  }),
  route({
    method: 'post',
    path: '/polls/:id/people/:person/answer',
    policy: signedIn,
    form: AnswerForm,
    handle: enterAnswer,
    onInvalid: (c, problems) => showAnswer(c, problems),
  }),
];

async function openPoll(c: Context<unknown, unknown>): Promise<Poll | Answer> {
  const poll = await findPoll(c.db, c.viewer.id, idOf(c));
  if (!mayKeepPoll(poll)) throw new Forbidden();
  return poll.state === 'open'
    ? poll
    : redirect(`/polls/${poll.id}`, {
        notice: poll.state === 'closed' ? 'polls.problem.closed' : 'polls.problem.cancelled',
      });
}

async function showEdit(c: Context<unknown, unknown>, problems?: Problems, stale?: Poll): Promise<Answer> {
  const poll = await openPoll(c);
  if (!('relation' in poll)) return poll;
  const [options, people] = await Promise.all([listOptions(c.db, poll.id), listPeople(c.db, poll.id)]);
  const stored = {
    title: poll.title,
    note: poll.note,
    deadline_on: dayOf(poll.deadline_at, c.zone),
    deadline_at: timeOf(poll.deadline_at, c.zone),
    version: poll.version,
    keep: options.map(({ id }) => id),
    room: [],
    stay: people.map(({ id }) => id),
    needed: people.filter(({ is_required }) => is_required).map(({ id }) => id),
    is_private: poll.is_private,
    minutes: minutesOf(options),
    needs_room: options.some(({ room_ids }) => room_ids.length > 0),
  };
  const values: Record<string, unknown> = problems ? problems.values : stored;
  return page(
    'polls/edit',
    {
      title: c.t('polls.edit.title', { title: poll.title }),
      poll,
      zoneText: c.zone,
      isStale: Boolean(stale),
      typed: Array.from({ length: TYPED }, (_, n) => n),
      times: await showTimes(c, options, people),
      people: people.map((one) => ({
        value: one.id,
        label: c.fmt.name(one),
        hint: [
          one.is_guest ? c.t('polls.edit.guest') : '',
          c.t(one.answered_at ? 'polls.edit.answered' : 'polls.table.silent'),
        ]
          .filter(Boolean)
          .join(' · '),
      })),
      values: { ...values, version: stale?.version ?? values.version },
      errors: problems?.errors ?? {},
    },
    { status: stale ? 409 : statusOf(problems), caching: 'no-store' },
  );
}

/** The times as they stand, each with the rooms that could be held for it instead. */
async function showTimes(c: Context<unknown, unknown>, options: PollOption[], people: PollPerson[]) {
  const seats = Math.max(1, people.length);
  const [rooms, free] = await Promise.all([
    listRoomOptions(c.db),
    listFreeRooms(
      c.db,
      options.map((one) => ({ startsAt: one.starts_at, endsAt: one.ends_at })),
      seats,
      { viewerId: c.viewer.id, zone: c.zone, officeZone: c.office.zone, today: dayOf(c.now, c.zone) },
    ),
  ]);
  const byId = new Map(rooms.map((room) => [room.id, room]));
  return showOptions(c, options, people).map((one, n) => ({
    value: one.id,
    when: one.when,
    isPast: one.isPast,
    said: describeAnswers(c, one.id, people),
    room: describeRoom(c, one),
    rooms: [
      ...(free[n] ?? [])
        .flatMap((id) => byId.get(id) ?? [])
        .map((room) => ({
          value: `${one.id}:${room.id}`,
          label: `${c.fmt.name(room)} · ${c.t('calendar.day.seats', { count: room.capacity })}`,
        })),
      ...(one.rooms ? [{ value: `${one.id}:none`, label: c.t('polls.withoutRoom') }] : []),
    ],
  }));
}

function describeRoom(c: Context<unknown, unknown>, { isHeld, rooms }: OptionRow): string {
  if (isHeld) return rooms;
  return rooms ? c.t('polls.edit.roomLost', { room: rooms }) : c.t('polls.edit.noRoom');
}

function readRooms(chosen: readonly string[]): Map<number, number[]> {
  return new Map(
    chosen
      .filter(Boolean)
      .map((text) => text.split(':'))
      .map(([option, room]) => [Number(option), room === 'none' ? [] : [Number(room)]]),
  );
}

/** New times are as long as the first of those that stand. */
function minutesOf([first]: PollOption[]): number {
  return first ? Math.round((first.ends_at.getTime() - first.starts_at.getTime()) / 60_000) : 60;
}

function describeAnswers(c: Context<unknown, unknown>, option: number, people: PollPerson[]): string {
  const said = people.map(({ answers }) => answers[option]).filter((answer) => answer !== undefined);
  const count = (answer: (typeof ANSWERS)[number]) => said.filter((one) => one === answer).length;
  return said.length
    ? c.t('polls.why.counts', { yes: count('yes'), maybe: count('maybe'), no: count('no') })
    : '';
}

const statusOf = (problems: Problems | undefined) => (problems ? 422 : 200);

async function change(c: Context<EditPollForm>): Promise<Answer> {
  const { form } = c;
  const poll = await openPoll(c);
  if (!('relation' in poll)) return poll;
  const read = await readChange(c, form, await listOptions(c.db, poll.id));
  if ('problems' in read) return showEdit(c, problemsOf(read.problems, c.req.body));
  const done = await editPoll(c.db, c.by, poll.id, { ...read, now: c.now });
  return done.ok ? saved(c, poll.id, done) : showRefused(c, done);
}

/** The form as the command takes it, with rooms for the new times; or what is wrong with it. */
async function readChange(
  c: Context<EditPollForm>,
  form: EditPollForm,
  stored: readonly PollOption[],
): Promise<PollChange | { problems: { field: string; message: string }[] }> {
  const { options, problems } = readOffered(c, { ...form, offer: [] });
  const kept = stored.filter(({ id }) => form.keep.includes(id));
  const added = addedTo(kept, options);
  const count = kept.length + added.length;
  if (!problems.length && (count < MIN_OPTIONS || count > MAX_OPTIONS))
    problems.push({
      field: 'keep',
      message: c.t('polls.problem.count', { min: MIN_OPTIONS, max: MAX_OPTIONS }),
    });
  const [required, optional] = await Promise.all([
    readPeople(c.db, c.t, form.required),
    readPeople(c.db, c.t, form.optional),
  ]);
  if (required.problems.length) problems.push({ field: 'required', message: required.problems.join(' ') });
  if (optional.problems.length) problems.push({ field: 'optional', message: optional.problems.join(' ') });
  const starts = [...kept.map(({ starts_at }) => starts_at), ...added.map(({ startsAt }) => startsAt)].sort(
    (a, b) => a.getTime() - b.getTime(),
  );
  const deadlineAt = readDeadline(c, form, starts.at(-1), problems);
  if (problems.length || !deadlineAt) return { problems };

  const people = toPollPeople(required, optional);
  const seats = form.stay.length + people.people.length + people.guests.length;
  const withRooms = form.needs_room ? await giveRooms(c, added, seats) : added;
  return {
    version: form.version,
    title: form.title,
    note: form.note,
    isPrivate: form.is_private,
    deadlineAt,
    options: withRooms,
    keep: form.keep,
    rooms: readRooms(form.room),
    stay: form.stay,
    needed: form.needed,
    ...people,
  };
}

/** Whoever made it private may have nothing to do with it from then on. */
async function saved(
  c: Context<EditPollForm>,
  pollId: number,
  done: Extract<EditResult, { ok: true }>,
): Promise<Answer> {
  if (c.form.is_private && !(await mayKnow(c, pollId)))
    return redirect('/polls', { notice: 'polls.edit.savedPrivate' });
  return redirect(`/polls/${pollId}`, {
    notice: done.added
      ? { key: 'polls.edit.savedNew', values: { count: done.added, held: done.held } }
      : 'polls.edit.saved',
  });
}

const REFUSED_FIELDS = { options: 'keep', nobody: 'stay', outside: 'required', unreachable: 'required' };

function showRefused(c: Context<EditPollForm>, done: Extract<EditResult, { ok: false }>): Promise<Answer> {
  if (done.reason === 'stale') return showEdit(c, problemsOf([], c.req.body), done.poll);
  const field = done.reason === 'taken' ? `room_${done.option}` : REFUSED_FIELDS[done.reason];
  return showEdit(c, problemsOf([{ field, message: c.t(`polls.refused.${done.reason}`) }], c.req.body));
}

async function mayKnow(c: Context<unknown, unknown>, pollId: number): Promise<boolean> {
  return (await findPollFor(c.db, c.viewer.id, pollId)) !== undefined;
}

async function somebody(
  c: Context<unknown, unknown>,
): Promise<{ poll: Poll; person: PollPerson; people: PollPerson[] }> {
  const poll = await findPoll(c.db, c.viewer.id, idOf(c));
  if (!mayKeepPoll(poll)) throw new Forbidden();
  const people = await listPeople(c.db, poll.id);
  const person = people.find(({ person_id }) => person_id === idOf(c, 'person'));
  if (!person) throw new NotFound();
  return { poll, person, people };
}

async function showAnswer(c: Context<unknown, unknown>, problems?: Problems): Promise<Answer> {
  const { poll, person } = await somebody(c);
  if (person.person_id === c.viewer.id) return redirect(`/polls/${poll.id}`);
  if (!mayAnswerFor(poll)) return redirect(`/polls/${poll.id}`, { notice: 'polls.problem.answersClosed' });
  const said = Object.fromEntries(
    Object.entries(person.answers).map(([option, answer]) => [`answer_${option}`, answer]),
  );
  return page(
    'polls/answer-for',
    {
      title: c.t('polls.for.title', { name: c.fmt.name(person) }),
      poll,
      person,
      zoneText: c.zone,
      options: showOptions(c, await listOptions(c.db, poll.id)),
      answerOptions: ANSWERS.map((value) => ({ value, label: c.t(`polls.answer.${value}`) })),
      values: problems ? problems.values : { note: person.note, ...said },
      errors: problems?.errors ?? {},
    },
    { status: problems ? 422 : 200, caching: 'no-store' },
  );
}

async function enterAnswer(c: Context<AnswerForm>): Promise<Answer> {
  const { poll, person } = await somebody(c);
  const answered = await answerPoll(c.db, c.by, poll.id, {
    personId: person.person_id,
    answers: c.form.answers,
    note: c.form.note,
    now: c.now,
  });
  if (answered.ok)
    return redirect(`/polls/${poll.id}`, {
      notice: { key: 'polls.for.saved', values: { name: c.fmt.name(person) } },
    });
  if (answered.reason === 'closed')
    return redirect(`/polls/${poll.id}`, { notice: 'polls.problem.answersClosed' });
  return showAnswer(c, problemsOf(await describeMissing(c, poll.id, answered.options), c.req.body));
}
