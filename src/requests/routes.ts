import { signedIn, isSecretary } from '../lib/http/policy.js';
import { Forbidden } from '../lib/http/errors.js';
import { problemsOf, type Problems } from '../lib/http/form.js';
import { idOf, page, redirect, route, type Answer, type Context, type Route } from '../lib/http/route.js';
import { listDeciders } from '../rules/queries.js';
import { describeCheck } from '../claims/checks.js';
import { nearestAlternatives } from '../claims/queries.js';
import { approveRequest, refuseRequest, returnRequest, type Decided } from './commands.js';
import { AnswerForm, RequestsQuery } from './forms.js';
import {
  findRequest,
  listOpenRequests,
  listRequestsFor,
  listRequestsOf,
  REASON_CODES,
  type RoomRequest,
} from './queries.js';

export const requestsRoutes: Route[] = [
  route({
    method: 'get',
    path: '/rooms/requests',
    policy: signedIn,
    query: RequestsQuery,
    async handle(c) {
      const isOffice = isSecretary(c.viewer);
      const view = c.query.view === 'all' && !isOffice ? 'waiting' : c.query.view;
      const [waiting, mine, all] = await Promise.all([
        listRequestsFor(c.db, c.viewer.id, c.now),
        view === 'mine' ? listRequestsOf(c.db, c.viewer.id) : undefined,
        view === 'all' ? listOpenRequests(c.db, c.viewer.id, c.now) : undefined,
      ]);
      return page('requests/list', {
        title: c.t('requests.title'),
        view,
        isOffice,
        waitingCount: waiting.length,
        rows: (mine ?? all ?? waiting).map((one) => rowOf(c, one)),
      });
    },
  }),
  route({ method: 'get', path: '/rooms/requests/:id', policy: signedIn, handle: (c) => requestPage(c) }),
  route({
    method: 'post',
    path: '/rooms/requests/:id/answer',
    policy: signedIn,
    form: AnswerForm,
    async handle(c) {
      const id = idOf(c);
      const request = await findRequest(c.db, c.viewer, id);
      if (!request.decides) throw new Forbidden();
      const { verdict, code, reason } = c.form;
      const why = { now: c.now, code: code ?? 'other', reason } as const;
      const decide = {
        approve: () => approveRequest(c.db, c.by, id, c.now),
        return: () => returnRequest(c.db, c.by, id, why),
        refuse: () => refuseRequest(c.db, c.by, id, why),
      };
      const done = await decide[verdict]();
      if (done.ok) return redirect('/rooms/requests', { notice: NOTICES[verdict] });
      if (done.reason === 'decided')
        return redirect(`/rooms/requests/${id}`, { notice: 'requests.notice.already' });
      return requestPage(c, { done });
    },
    onInvalid: (c, problems) => requestPage(c, { problems }),
  }),
];

const NOTICES = {
  approve: 'requests.notice.approved',
  return: 'requests.notice.returned',
  refuse: 'requests.notice.refused',
} as const;

const TONES = {
  open: 'warn',
  approved: 'ok',
  returned: 'bad',
  refused: 'bad',
  withdrawn: 'neutral',
} as const;

function pillOf(c: Context<unknown, unknown>, one: RoomRequest): { text: string; tone: string } {
  const isOverdue = one.state === 'open' && one.due_at <= c.now;
  return isOverdue
    ? { text: c.t('requests.state.overdue'), tone: 'bad' }
    : { text: c.t(`requests.state.${one.state}`), tone: TONES[one.state] };
}

/** A request as a row of views/lib/rows.ejs. */
function rowOf(c: Context<unknown, unknown>, one: RoomRequest) {
  const { t, fmt } = c;
  return {
    pill: pillOf(c, one),
    title: `${fmt.name(one.room)} · ${one.title ?? t('requests.private')}`,
    href: `/rooms/requests/${one.id}`,
    meta: [
      `${fmt.shortDay(one.starts_at)} ${fmt.range(one.starts_at, one.ends_at)}`,
      t('requests.row.asked', { name: fmt.name(one.asker), time: fmt.dateTime(one.asked_at) }),
      one.booked_for ? t('requests.row.for', { name: fmt.name(one.booked_for) }) : '',
    ],
    end: endOf(c, one),
  };
}

/** By when an open request is due; who decided any other. */
function endOf({ t, fmt }: Context<unknown, unknown>, one: RoomRequest): string {
  if (one.state === 'open') return t('requests.row.due', { time: fmt.dateTime(one.due_at) });
  if (!one.decider || !one.decided_at) return '';
  return t('requests.row.decided', { name: fmt.name(one.decider), time: fmt.dateTime(one.decided_at) });
}

function isReturned({ state }: RoomRequest): boolean {
  return state === 'returned' || state === 'refused';
}

/** Who decided, or that it was withdrawn; see views/lib/notice.ejs. */
function decisionOf(c: Context<unknown, unknown>, request: RoomRequest) {
  const { t, fmt } = c;
  if (!request.decider || !request.decided_at)
    return request.state === 'withdrawn' ? { text: t('requests.page.withdrawn') } : undefined;
  return {
    tone: pillOf(c, request).tone,
    text: t('requests.page.decidedBy', {
      state: t(`requests.state.${request.state}`),
      name: fmt.name(request.decider),
      time: fmt.dateTime(request.decided_at),
    }),
  };
}

/** What is asked for, by whom and why; see views/lib/facts.ejs. */
function factsOf({ t, fmt }: Context<unknown, unknown>, request: RoomRequest) {
  const { room, asker, organiser, people, starts_at, ends_at } = request;
  return [
    { label: t('requests.page.when'), text: `${fmt.day(starts_at)} ${fmt.range(starts_at, ends_at)}` },
    {
      label: t('requests.page.room'),
      text: `${fmt.name(room)} · ${t('calendar.day.seats', { count: room.capacity })}`,
      href: `/rooms/${room.id}`,
    },
    { label: t('requests.page.asker'), text: fmt.name(asker) },
    { label: t('requests.page.for'), text: request.booked_for ? fmt.name(request.booked_for) : '' },
    { label: t('requests.page.organiser'), text: organiser.id === asker.id ? '' : fmt.name(organiser) },
    { label: t('requests.page.people'), text: people ? fmt.number(people) : '' },
    { label: t('requests.page.note'), text: request.note },
    {
      label: t('requests.page.beyond'),
      text: request.rules.map((check) => describeCheck(check, t, fmt)).join('\n'),
    },
    {
      label: t('requests.page.code'),
      text: request.reason_code ? t(`requests.code.${request.reason_code}`) : '',
    },
    { label: t('requests.page.reason'), text: request.reason },
  ];
}

async function requestPage(
  c: Context<unknown, unknown>,
  { problems, done }: { problems?: Problems; done?: Exclude<Decided, { ok: true }> } = {},
): Promise<Answer> {
  const { t, fmt } = c;
  const request = await findRequest(c.db, c.viewer, idOf(c));
  const mayAnswer = request.decides && request.state === 'open' && request.ends_at > c.now;
  const [deciders, free] = await Promise.all([
    listDeciders(c.db, request.room.id),
    mayAnswer
      ? nearestAlternatives(c.db, {
          roomIds: [request.room.id],
          startsAt: request.starts_at,
          endsAt: request.ends_at,
          seats: request.people,
          exceptMeetingId: request.meeting_id,
          personId: (request.booked_for ?? request.organiser).id,
          now: c.now,
        })
      : undefined,
  ]);
  const typed = (c.req.body ?? {}) as Record<string, unknown>;
  const withProblem =
    done?.reason === 'over'
      ? problemsOf([{ field: 'verdict', message: t('requests.page.over') }], typed)
      : problems;
  const statusWith = problems ? 422 : 200;
  return page(
    'requests/request',
    {
      title: t('requests.page.title', {
        room: fmt.name(request.room),
        title: request.title ?? t('requests.private'),
      }),
      request,
      pill: pillOf(c, request),
      mayAnswer,
      mayAskAgain: request.asks && isReturned(request) && request.is_current && request.title !== null,
      decision: decisionOf(c, request),
      facts: factsOf(c, request),
      isTaken: done?.reason === 'taken',
      isOver: request.state === 'open' && request.ends_at <= c.now,
      deciders: deciders.map((person) => fmt.name(person)).join(t('requests.comma')),
      alternatives: free && [
        ...free.rooms.map(
          (room) => `${fmt.name(room)} · ${t('calendar.day.seats', { count: room.capacity })}`,
        ),
        ...free.times
          .filter(({ from }) => from.getTime() !== request.starts_at.getTime())
          .map(({ from, to }) => `${fmt.name(request.room)} · ${fmt.shortDay(from)} ${fmt.range(from, to)}`),
      ],
      codes: REASON_CODES.map((value) => ({ value, label: t(`requests.code.${value}`) })),
      values: typed,
      errors: withProblem?.errors ?? {},
    },
    { status: done ? 409 : statusWith },
  );
}
