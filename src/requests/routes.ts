import { signedIn, isSecretary } from '../lib/http/policy.js';
import { Forbidden } from '../lib/http/errors.js';
import { problemsOf, type Problems } from '../lib/http/form.js';
import { idOf, page, redirect, route, type Answer, type Context, type Route } from '../lib/http/route.js';
import { listDeciders } from '../rules/queries.js';
import { tellCheck } from '../claims/checks.js';
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

export const requestRoutes: Route[] = [
  route({
    method: 'get',
    path: '/rooms/requests',
    policy: signedIn,
    query: RequestsQuery,
    async handle(c) {
      const isOffice = isSecretary(c.viewer);
      const view = c.query.view === 'all' && !isOffice ? 'waiting' : c.query.view;
      const [waiting, shown] = await Promise.all([
        listRequestsFor(c.db, c.viewer.id, c.now),
        view === 'mine'
          ? listRequestsOf(c.db, c.viewer.id)
          : view === 'all'
            ? listOpenRequests(c.db, c.viewer.id, c.now)
            : undefined,
      ]);
      return page('requests/list', {
        title: c.t('requests.title'),
        view,
        isOffice,
        waitingCount: waiting.length,
        rows: (shown ?? waiting).map((one) => rowOf(c, one)),
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
      const why = { code: code ?? 'other', reason };
      const done =
        verdict === 'approve'
          ? await approveRequest(c.db, c.by, id, c.now)
          : await (verdict === 'return' ? returnRequest : refuseRequest)(c.db, c.by, id, c.now, why);
      if (done.ok)
        return redirect('/rooms/requests', {
          notice: `requests.notice.${verdict === 'approve' ? 'approved' : verdict === 'return' ? 'returned' : 'refused'}`,
        });
      if (done.reason === 'decided')
        return redirect(`/rooms/requests/${id}`, { notice: 'requests.notice.already' });
      return requestPage(c, { done });
    },
    onInvalid: (c, problems) => requestPage(c, { problems }),
  }),
];

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
    end:
      one.state === 'open'
        ? t('requests.row.due', { time: fmt.dateTime(one.due_at) })
        : one.decider && one.decided_at
          ? t('requests.row.decided', { name: fmt.name(one.decider), time: fmt.dateTime(one.decided_at) })
          : '',
  };
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
      isTaken: done?.reason === 'taken',
      isOver: request.state === 'open' && request.ends_at <= c.now,
      beyond: request.rules.map((check) => tellCheck(check, t, fmt)),
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
      ...(withProblem ? { errors: withProblem.errors } : {}),
    },
    { status: done ? 409 : problems ? 422 : 200 },
  );
}
