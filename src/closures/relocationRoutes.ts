import { once } from '../lib/http/once.js';
import { secretary } from '../lib/http/policy.js';
import { idOf, page, redirect, route, type Answer, type Context, type Route } from '../lib/http/route.js';
import { proposeRooms, type FreeFor, type Proposal } from './relocation.js';
import { findClosureGroup, listFreeFor, listHits, type ClosureGroup, type Hit } from './relocationQueries.js';
import { describeCheck } from '../claims/checks.js';
import { accommodate, type Choice, type Obstacle } from './relocationCommands.js';
import { linesOf, MovesForm, type Line } from './relocationForms.js';
import { describeClash, describeShortage } from '../meetings/refusal.js';

/** Most meetings on one page and in one transaction. */
const AT_ONCE = 50;

export const relocationRoutes: Route[] = [
  route({
    method: 'get',
    path: '/rooms/closures/:id/moves',
    policy: secretary,
    async handle(c) {
      return movesPage(c, await findClosureGroup(c.db, idOf(c), c.now));
    },
  }),
  route({
    method: 'post',
    path: '/rooms/closures/:id/moves',
    policy: secretary,
    form: MovesForm,
    async handle(c) {
      const group = await findClosureGroup(c.db, idOf(c), c.now);
      const lines = linesOf(c.form);
      if (lines.some((line) => line.choice === 'cancel' && !line.reason))
        return movesPage(c, group, { lines, beyond: c.form.beyond, status: 422 });
      const choices = lines.flatMap(choiceOf);
      if (!choices.length)
        return redirect(`/rooms/closures/${group.id}`, { notice: 'closures.moves.nothing' });
      let texts = { moved: 0, cancelled: 0 };
      const done = await once(c.db, { person: c.viewer.id, key: c.form.key, body: c.form }, async (trx) => {
        const result = await accommodate(trx, c.by, choices, {
          closureReason: group.reason,
          now: c.now,
          beyond: c.form.beyond,
        });
        if (!result.ok) return { obstacles: result.obstacles };
        texts = result;
        return { location: `/rooms/closures/${group.id}` };
      });
      if ('obstacles' in done && done.obstacles)
        return movesPage(c, group, { lines, obstacles: done.obstacles, beyond: c.form.beyond, status: 409 });
      return redirect(
        `/rooms/closures/${group.id}`,
        'again' in done
          ? {}
          : {
              notice: {
                key: 'closures.moves.done',
                values: { moved: texts.moved, cancelled: texts.cancelled },
              },
            },
      );
    },
  }),
];

function choiceOf({ meetingId, roomId, version, choice, reason }: Line): Choice[] {
  if (choice === 'cancel')
    return [{ meetingId, roomId, version, to: { kind: 'cancel', reason: reason ?? '' } }];
  return choice === 'keep'
    ? []
    : [{ meetingId, roomId, version, to: { kind: 'room', roomId: Number(choice.slice(5)) } }];
}

interface SentChoices {
  lines?: Line[];
  obstacles?: Obstacle[];
  /** Rules were to be gone beyond. */
  beyond?: boolean;
  status?: number;
}

async function movesPage(
  c: Context<unknown, unknown>,
  group: ClosureGroup,
  { lines = [], obstacles = [], beyond = false, status = 200 }: SentChoices = {},
): Promise<Answer> {
  const hits = await listHits(c.db, c.viewer.id, group.id, { now: c.now, limit: AT_ONCE });
  const proposals = proposeRooms(hits, await listFreeFor(c.db, c.viewer.id, hits), c.now);
  const isGone = lines.some(
    (line) => !hits.some((hit) => hit.meeting_id === line.meetingId && hit.room.id === line.roomId),
  );
  return page(
    'closures/moves',
    {
      title: c.t('closures.moves.title'),
      group,
      when: `${c.fmt.day(group.starts_at)} ${c.fmt.range(group.starts_at, group.ends_at)}`,
      lines: proposals.map((proposal) => showLine(c, proposal, lines, obstacles)),
      refusedCount: obstacles.length,
      beyond,
      mayGoBeyond:
        proposals.some(({ rooms }) => rooms.some(({ checks }) => checks.length > 0)) ||
        obstacles.some(
          ({ refused }) =>
            refused !== undefined &&
            refused.clashes.length === 0 &&
            refused.checks.some(({ level }) => level === 'error') &&
            refused.checks.every(({ level, mayOverride }) => level !== 'error' || mayOverride),
        ),
      isGone,
      first: group.hit_count > AT_ONCE ? AT_ONCE : 0,
    },
    { status, caching: 'no-store' },
  );
}

function showLine(
  c: Context<unknown, unknown>,
  { hit, room, rooms }: Proposal,
  lines: Line[],
  obstacles: Obstacle[],
) {
  const { t, fmt } = c;
  const isThis = (one: { meetingId: number; roomId: number }) =>
    one.meetingId === hit.meeting_id && one.roomId === hit.room.id;
  const line = lines.find(isThis);
  const options = [
    ...rooms.map((one) => ({ value: `room:${one.id}`, label: labelOf(c, hit, one, one.id === room?.id) })),
    { value: 'keep', label: t('closures.moves.keep') },
    ...(hit.may_cancel ? [{ value: 'cancel', label: t('closures.moves.cancel') }] : []),
  ];
  options.sort((a, b) => Number(b.value === `room:${room?.id}`) - Number(a.value === `room:${room?.id}`));
  const proposed = room ? `room:${room.id}` : 'keep';
  const chosen = line && options.some(({ value }) => value === line.choice) ? line.choice : proposed;
  const reasons = obstacles.filter(isThis).flatMap((obstacle) => describeObstacle(c, obstacle));
  if (!reasons.length && !room)
    reasons.push(t(rooms.length ? 'dates.moves.onlyOther' : 'closures.moves.none'));
  return {
    value: `${hit.meeting_id}:${hit.room.id}:${hit.version}`,
    title: hit.title ?? t('calendar.day.booked'),
    href: hit.title === null ? null : `/meetings/${hit.meeting_id}`,
    when: `${fmt.shortDay(hit.starts_at)} ${fmt.range(hit.starts_at, hit.ends_at)}`,
    meta: [
      hit.organiser ? fmt.name(hit.organiser) : '',
      t('closures.moves.people', { count: hit.seats }),
    ].filter(Boolean),
    room: fmt.name(hit.room),
    options,
    chosen,
    reasons,
    reason: line?.reason ?? '',
    lacksReason: line?.choice === 'cancel' && !line.reason,
  };
}

/** A room with its seats as the meeting sits, and what speaks against it. */
function labelOf(
  { t, fmt }: Pick<Context, 't' | 'fmt'>,
  hit: Hit,
  room: FreeFor,
  isProposed: boolean,
): string {
  const comma = t('requests.comma');
  const lacks = [
    ...(room.isEquipped ? [] : [t('dates.moves.lacks')]),
    ...(room.hasLayout || !hit.layout
      ? []
      : [t('dates.moves.noLayout', { layout: t(`layouts.${hit.layout}`) })]),
    ...(room.isAsked ? [t('dates.moves.asked')] : []),
    ...(room.checks.length > 0
      ? [
          t('dates.moves.against', {
            rules: room.checks.map(({ rule }) => t(`dates.rule.${rule}`)).join(comma),
          }),
        ]
      : []),
  ];
  const label = t(isProposed ? 'closures.moves.proposed' : 'closures.moves.other', {
    room: fmt.name(room),
    seats: room.seats,
  });
  return lacks.length > 0 ? t('dates.moves.but', { room: label, lacks: lacks.join(comma) }) : label;
}

function describeObstacle(c: Context<unknown, unknown>, { reason, refused }: Obstacle): string[] {
  if (reason !== 'refused' || !refused)
    return [c.t(reason === 'private' ? 'closures.moves.private' : 'closures.moves.changed')];
  if (refused.shortages?.length)
    return refused.shortages.flatMap((shortage) => describeShortage(shortage, c.t, c.fmt));
  const errors = refused.checks.filter(({ level }) => level === 'error');
  const texts = [
    ...refused.clashes.map((clash) => describeClash(clash, c.t, c.fmt)),
    ...errors.map((check) => describeCheck(check, c.t, c.fmt)),
  ];
  return texts.length ? texts : [c.t('calendar.clash.justNow')];
}
