import { IS_NO_SHOW } from '../claims/noShowRateQueries.js';
import { likePattern, rows, type Db } from '../lib/db/db.js';
import {
  brief,
  ROOMS,
  visibleMeetings,
  type Brief,
  type EquipmentOf,
  type RoomOf,
  type Who,
} from './queries.js';
import type { MeetingState, ParticipantRole, ReplyStatus } from './states.js';

/** A meeting in a list. */
export interface MeetingLine {
  id: number;
  title: string;
  state: MeetingState;
  number: number | null;
  series_id: number | null;
  series_name: string | null;
  starts_at: Date;
  ends_at: Date;
  is_private: boolean;
  link: string | null;
  place: string | null;
  announced_at: Date | null;
  organiser: Brief;
  rooms: RoomOf[];
  /** What is carried into them; of a cancelled meeting, what it had. */
  equipment: EquipmentOf[];
  participant_count: number;
  /** The viewer is organiser, leader, participant, or typed it. */
  is_mine: boolean;
  role: ParticipantRole | null;
  participant_id: number | null;
  invited_at: Date | null;
  reply: ReplyStatus | null;
  /** Nobody came to a room of it that wants a check-in. */
  is_no_show: boolean;
}

/** SQL: the last reply of participant `vp` that counts for the present time of meeting `m`. */
const OWN_REPLY = `(
  select r.status
    from replies r
   where r.participant_id = vp.id and r.sequence >= m.time_sequence
   order by r.id desc
   limit 1)`;

const LINE = `
  select m.id, m.title, m.state, m.number, m.series_id, s.name as series_name, m.starts_at, m.ends_at,
         m.is_private, m.link, m.place, m.announced_at, ${brief('po')} as organiser, ${ROOMS} as rooms,
         (select count(*)
            from participants n
           where n.meeting_id = m.id and n.removed_at is null) as participant_count,
         (m.organiser_id = :viewer_id or coalesce(m.booked_for_id = :viewer_id, false)
            or m.created_by = :viewer_id or vp.id is not null) as is_mine,
         vp.role, vp.id as participant_id, vp.invited_at, ${OWN_REPLY} as reply, ${IS_NO_SHOW} as is_no_show`;
const LINE_JOINS = `
    join persons po on po.id = m.organiser_id
    left join series s on s.id = m.series_id
    left join participants vp
      on vp.meeting_id = m.id and vp.person_id = :viewer_id and vp.removed_at is null`;

/** Longest a meeting may last, in days: lists look so far back for what still runs. */
export const MAX_DAYS = 7;

export interface MeetingFilter {
  whose: 'mine' | 'all';
  when: 'coming' | 'past';
  state?: MeetingState | undefined;
  seriesId?: number | undefined;
  unitId?: number | undefined;
  text?: string | undefined;
  /** The last line of the page before. */
  after?: { at: Date; id: number } | undefined;
}

/** SQL: whose a meeting `m` is, by each of the ways; each has an index of its own. */
const OWN = [
  'm.organiser_id = :viewer_id',
  'm.booked_for_id = :viewer_id',
  'm.created_by = :viewer_id',
] as const;

/**
 * SQL: a page of the ids of meetings in which the viewer takes part. They are read by the time that stands
 * beside the person (1040_absences.sql), not through everybody's meetings.
 */
function pageOfParticipant(isPast: boolean, isNext: boolean, where: string): string {
  const [before, first] = isPast
    ? ['<=', 'p.meets_from < :now']
    : ['>=', `p.meets_from > cast(:now as timestamptz) - interval '${MAX_DAYS} days'`];
  const time = isNext ? `p.meets_from ${before} :after_at` : first;
  const order = isPast ? 'desc' : 'asc';
  return `
    select m.id
      from participants p
      join meetings m on m.id = p.meeting_id
     where p.person_id = :viewer_id and p.removed_at is null and ${time} and ${where}
     order by p.meets_from ${order}, m.id ${order}
     limit :limit`;
}

/** SQL: where a text is searched. */
const SEARCHED = {
  /** Among the next few thousand meetings by time. */
  near: (isPast: boolean) => {
    const [after, far, order] = isPast ? ['<', '-infinity', 'desc'] : ['>', 'infinity', 'asc'];
    const last = `
      select x.starts_at
        from meetings x
       where x.starts_at ${after} coalesce(cast(:after_at as timestamptz), :now)
       order by x.starts_at ${order}
      offset 3000 limit 1`;
    return `m.starts_at ${isPast ? '>=' : '<='} coalesce((${last}), '${far}')`;
  },
  /** Among all that have it, by the index of titles. */
  indexed: () =>
    'm.id = any(array(select x.id from meetings x where title_pairs(x.title) @> title_pairs(:text)))',
} as const;

/** @param limit lines of a page; default: 50 */
export interface PageOfMeetings {
  now: Date;
  limit?: number;
}

/** Meetings by time: one page and one more line, so that the caller knows whether another page follows. */
export async function listMeetings(
  db: Db,
  viewer: Who,
  filter: MeetingFilter,
  page: PageOfMeetings,
): Promise<MeetingLine[]> {
  if (filter.whose === 'mine' || !filter.text || filter.text.length < 2)
    return readMeetings(db, viewer, filter, page);
  // A common title fills a page from the near meetings; the index finds a rare one. Neither reads all.
  const near = await readMeetings(db, viewer, filter, { ...page, searched: 'near' });
  const isFull = near.length > (page.limit ?? PAGE);
  return isFull ? near : readMeetings(db, viewer, filter, { ...page, searched: 'indexed' });
}

const PAGE = 50;

function readMeetings(
  db: Db,
  viewer: Who,
  filter: MeetingFilter,
  { now, limit = PAGE, searched }: PageOfMeetings & { searched?: keyof typeof SEARCHED },
): Promise<MeetingLine[]> {
  const scope = visibleMeetings(viewer);
  const isPast = filter.when === 'past';
  const where = conditionsOf(filter, searched).join(' and ');
  const order = isPast ? 'desc' : 'asc';
  const first = `order by m.starts_at ${order}, m.id ${order} limit :limit`;
  // One's own meetings are a page of each way, put together. A full calendar costs nothing then.
  const own = [
    ...OWN.map((is) => `(select m.id from meetings m where ${is} and ${where} ${first})`),
    `(${pageOfParticipant(isPast, filter.after !== undefined, where)})`,
  ];
  const page = filter.whose === 'mine' ? `m.id in (${own.join(' union all ')})` : `${scope.sql} and ${where}`;
  return rows<MeetingLine>(
    db,
    `${LINE}
       from (select m.* from meetings m where ${page} ${first}) m ${LINE_JOINS}
      order by m.starts_at ${order}, m.id ${order}`,
    {
      ...scope.bindings,
      now,
      limit: limit + 1,
      state: filter.state,
      series: filter.seriesId,
      unit: filter.unitId,
      text: filter.text,
      pattern: filter.text ? likePattern(filter.text) : undefined,
      after_at: filter.after?.at ?? null,
      after_id: filter.after?.id,
    },
  );
}

/** SQL: what a meeting `m` of the list must be. */
function conditionsOf(filter: MeetingFilter, searched: keyof typeof SEARCHED | undefined): string[] {
  const isPast = filter.when === 'past';
  const conditions = [
    isPast
      ? `m.ends_at <= :now and m.starts_at < :now`
      : `m.ends_at > :now and m.starts_at > cast(:now as timestamptz) - interval '${MAX_DAYS} days'`,
  ];
  if (filter.state) conditions.push('m.state = :state');
  if (filter.seriesId) conditions.push('m.series_id = :series');
  if (filter.unitId) conditions.push('m.organiser_id in (select id from persons where unit_id = :unit)');
  if (filter.text) conditions.push('m.title ilike :pattern');
  if (searched) conditions.push(SEARCHED[searched](isPast));
  if (filter.after) conditions.push(`(m.starts_at, m.id) ${isPast ? '<' : '>'} (:after_at, :after_id)`);
  return conditions;
}

/** The viewer's own meetings that touch [from, to) and still stand, by time; for Today. */
export function listMeetingsFor(db: Db, viewer: Who, from: Date, to: Date): Promise<MeetingLine[]> {
  const scope = visibleMeetings(viewer);
  return rows<MeetingLine>(
    db,
    `${LINE}
       from meetings m ${LINE_JOINS}
      where ${scope.sql} and m.state <> 'cancelled'
        and m.starts_at < :until and m.ends_at > :since
        and m.starts_at > cast(:since as timestamptz) - interval '${MAX_DAYS} days'
        and (${OWN.join(' or ')} or vp.id is not null)
      order by m.starts_at, m.id`,
    { ...scope.bindings, since: from, until: to },
  );
}
