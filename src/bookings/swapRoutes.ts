import { z } from 'zod';
import { message, onceKey, version } from '../lib/http/fields.js';
import { Conflict, Forbidden } from '../lib/http/errors.js';
import { problemsOf, type Problems } from '../lib/http/form.js';
import { once } from '../lib/http/once.js';
import { signedIn } from '../lib/http/policy.js';
import { idOf, page, redirect, route, type Answer, type Context, type Route } from '../lib/http/route.js';
import { describeCheck } from '../claims/checks.js';
import type { RoomsRefused } from '../meetings/commands.js';
import { mayEditMeeting } from '../meetings/policy.js';
import { findMeeting, listSwappable, type Meeting } from '../meetings/queries.js';
import { describeClash, describeShortage } from '../meetings/refusal.js';
import { swapRooms } from './swapCommands.js';
import { titleOf } from '../meetings/title.js';

const SwapForm = z.strictObject({
  version: version(),
  /** The other meeting and the version that was shown. */
  other: z
    .string({ error: message('swap.choose') })
    .regex(/^[1-9]\d{0,14}:[1-9]\d{0,8}$/, { error: message('swap.choose') }),
  key: onceKey(),
});

export const swapRoutes: Route[] = [
  route({ method: 'get', path: '/meetings/:id/swap', policy: signedIn, handle: (c) => swapPage(c) }),
  route({
    method: 'post',
    path: '/meetings/:id/swap',
    policy: signedIn,
    form: SwapForm,
    async handle(c) {
      const meeting = await findEditable(c);
      const [otherId = 0, otherVersion = 0] = c.form.other.split(':').map(Number);
      const done = await once(c.db, { person: c.viewer.id, key: c.form.key, body: c.form }, async (trx) => {
        const result = await swapRooms(
          trx,
          c.by,
          [
            { id: meeting.id, version: c.form.version },
            { id: otherId, version: otherVersion },
          ],
          c.now,
        );
        return result.ok ? { location: `/meetings/${meeting.id}`, requests: result.requests } : { result };
      });
      if (!('result' in done) || !done.result)
        return redirect(`/meetings/${meeting.id}`, {
          notice: 'requests' in done && done.requests > 0 ? 'requests.notice.asked' : 'swap.notice',
        });
      if (done.result.reason === 'stale')
        return swapPage(c, {
          problems: problemsOf([{ field: 'other', message: c.t('swap.stale') }], c.req.body),
          status: 409,
        });
      return swapPage(c, { refused: done.result.refused, status: 409 });
    },
    onInvalid: (c, problems) => swapPage(c, { problems, status: 422 }),
  }),
];

async function findEditable(c: Context<unknown, unknown>): Promise<Meeting> {
  const meeting = await findMeeting(c.db, c.viewer, idOf(c));
  if (meeting.state !== 'draft' && meeting.state !== 'scheduled')
    throw new Conflict('meetings.problem.closed');
  if (!mayEditMeeting(meeting)) throw new Forbidden();
  if (!meeting.rooms.length) throw new Conflict('swap.needsRoom');
  return meeting;
}

async function swapPage(
  c: Context<unknown, unknown>,
  { problems, refused, status = 200 }: { problems?: Problems; refused?: RoomsRefused; status?: number } = {},
): Promise<Answer> {
  const meeting = await findEditable(c);
  const others = (await listSwappable(c.db, c.viewer, meeting, c.now)).filter(
    (other) => mayEditMeeting(other) && !sameRooms(meeting, other),
  );
  const typed = String((c.req.body as Record<string, unknown> | undefined)?.other ?? '').split(':')[0];
  const roomsOf = (one: Meeting) => one.rooms.map((room) => c.fmt.name(room)).join(c.t('rooms.list.comma'));
  return page(
    'bookings/swap',
    {
      title: c.t('swap.title'),
      meeting,
      heading: titleOf(c.t, meeting),
      when: `${c.fmt.day(meeting.starts_at)} ${c.fmt.range(meeting.starts_at, meeting.ends_at)}`,
      rooms: roomsOf(meeting),
      reasons: refused
        ? [
            ...refused.clashes.map((clash) => describeClash(clash, c.t, c.fmt)),
            ...refused.checks
              .filter(({ level }) => level === 'error')
              .map((check) => describeCheck(check, c.t, c.fmt)),
            ...(refused.shortages ?? []).flatMap((shortage) => describeShortage(shortage, c.t, c.fmt)),
          ]
        : [],
      chosen:
        others
          .filter((other) => String(other.id) === typed)
          .map((other) => `${other.id}:${other.version}`)[0] ?? '',
      others: others.map((other) => ({
        value: `${other.id}:${other.version}`,
        label: c.t('swap.line', {
          title: titleOf(c.t, other),
          when: `${c.fmt.shortDay(other.starts_at)} ${c.fmt.range(other.starts_at, other.ends_at)}`,
          rooms: roomsOf(other),
        }),
        ...(other.starts_at < meeting.ends_at && other.ends_at > meeting.starts_at
          ? { hint: c.t('swap.sameTime') }
          : {}),
      })),
      errors: problems?.errors ?? {},
    },
    { status },
  );
}

function sameRooms(a: Meeting, b: Meeting): boolean {
  return (
    a.rooms.length === b.rooms.length && a.rooms.every(({ id }) => b.rooms.some((room) => room.id === id))
  );
}
