import { todayOf } from '../actions/actionPage.js';
import { countAskedFor, listActionsWaitingFor, type WaitingAction } from '../actions/listQueries.js';
import { dayOfGrid, layOutDay } from '../calendar/dayGrid.js';
import { findDayState, listDayClaims } from '../calendar/queries.js';
import { listRepliesWanted, type ReplyWanted } from '../replies/queries.js';
import { isSecretary } from '../lib/http/policy.js';
import { page, type Answer, type Context } from '../lib/http/route.js';
import { dayOf } from '../lib/time/zone.js';
import { listPollsWaiting } from '../polls/queries.js';
import { listOffersFor, type AwaitedDate } from '../waits/awaitedQueries.js';
import { listMeetings, listMeetingsFor, type MeetingLine } from '../meetings/listQueries.js';
import { listUnattendedOf, type UnattendedSeries } from '../series/unattendedQueries.js';
import { listEndingOf, type EndingSeries } from '../series/renewalQueries.js';
import { pillOf as pillOfLine } from '../meetings/meetingRow.js';
import { shownState } from '../meetings/states.js';
import { titleOf } from '../meetings/title.js';
import { listMinutesToAcknowledge } from '../minutes/circulationQueries.js';
import { listMinutesWaitingFor, type WaitingMinutes } from '../minutes/queries.js';
import { listRequestsFor, listUnsettled, type RoomRequest } from '../requests/queries.js';
import { freeNow } from './freeNow.js';
import { linkOf, linkOfMinutes, nextStep, type Facts } from './nextStep.js';
import { findBeginnings, listFacts, type MeetingFacts } from './queries.js';
import { byUrgency, toneOf, waitOfAction, type Wait } from './waiting.js';

const FREE_ROOMS = 5;

/** What waits for me, today's meetings, rooms free now, what I asked for. */
export async function todayPage(c: Context): Promise<Answer> {
  const rows = await readToday(c);
  return page('desk/today', describeToday(c, rows));
}

type Today = Awaited<ReturnType<typeof readToday>>;

/** The rows of the page. The number of queries does not grow with the day. */
async function readToday(c: Context) {
  const today = dayOf(c.now, c.zone);
  const day = dayOfGrid(today, c.zone);
  const [meetings, waiting, asked, rooms, beginnings] = await Promise.all([
    listMeetingsFor(c.db, c.viewer, day.start, day.end),
    readWaiting(c),
    countAskedFor(c.db, c.viewer.id, todayOf(c)),
    roomsFreeNow(c, today),
    isSecretary(c.viewer) ? findBeginnings(c.db) : undefined,
  ]);
  const ids = meetings.map(({ id }) => id);
  const facts = await listFacts(c.db, c.viewer.id, ids);
  const next = { whose: 'mine', when: 'coming' } as const;
  const [coming] =
    meetings.length === 0 ? await listMeetings(c.db, c.viewer, next, { now: c.now, limit: 1 }) : [];
  return { today, meetings, waiting, asked, rooms, beginnings, facts, coming };
}

type Waiting = Awaited<ReturnType<typeof readWaiting>>;

async function readWaiting(c: Context) {
  const [minutes, receipts, actions, replies, polls, ending, unattended, toApprove, unsettled, offers] =
    await Promise.all([
      listMinutesWaitingFor(c.db, c.viewer),
      listMinutesToAcknowledge(c.db, c.viewer),
      listActionsWaitingFor(c.db, c.viewer.id, todayOf(c)),
      listRepliesWanted(c.db, c.viewer, c.now),
      listPollsWaiting(c.db, c.viewer.id, c.now),
      listEndingOf(c.db, c.viewer.id, c.now),
      listUnattendedOf(c.db, c.viewer.id, c.now),
      listRequestsFor(c.db, c.viewer.id, c.now, 20),
      listUnsettled(c.db, c.viewer.id, c.now),
      listOffersFor(c.db, c.viewer.id, c.now),
    ]);
  return { minutes, receipts, actions, replies, polls, ending, unattended, toApprove, unsettled, offers };
}

function describeToday(c: Context, rows: Today) {
  const { today, rooms, asked, coming, beginnings } = rows;
  const factsOf = new Map(rows.facts.map((facts) => [facts.meeting_id, facts]));
  return {
    title: c.t('desk.today.title'),
    today,
    newHref: '/meetings/new',
    hasSheet: isSecretary(c.viewer),
    waiting: waitingRows(c, rows.waiting),
    meetings: rows.meetings.map((meeting) => meetingRow(c, meeting, factsOf.get(meeting.id))),
    nextMeeting: coming && {
      id: coming.id,
      values: {
        title: titleOf(c.t, coming),
        day: c.fmt.shortDay(coming.starts_at),
        time: c.fmt.time(coming.starts_at),
      },
    },
    rooms,
    asked,
    begin: beginnings && beginSteps(c, beginnings),
  };
}

/** Everything that waits for the viewer, the most urgent first. */
function waitingRows(c: Context, waiting: Waiting): WaitingRow[] {
  return byUrgency([
    ...waiting.offers.map((one) => offerRow(c, one)),
    ...waiting.minutes.map((one) => minutesRow(c, one)),
    ...waiting.receipts.map((one) => receiptRow(c, one)),
    ...waiting.actions.map((one) => actionRow(c, one)),
    ...waiting.replies.map((one) => replyRow(c, one)),
    ...waiting.ending.map((one) => renewalRow(c, one)),
    ...waiting.unattended.map((one) => unattendedRow(c, one)),
    ...waiting.polls.map((one) => pollRow(c, one)),
    ...waiting.toApprove.map((one) =>
      requestRow(c, one, one.due_at <= c.now ? 'roomOverdue' : 'roomApproval'),
    ),
    ...waiting.unsettled.map((one) => requestRow(c, one, waitOfOwn(one))),
  ]);
}

/** A request of the viewer's own. */
function waitOfOwn({ state }: RoomRequest): Wait {
  if (state === 'returned') return 'roomReturned';
  return state === 'refused' ? 'roomRefused' : 'roomAsked';
}

/** The first steps of a new office; false once all are done. */
function beginSteps(c: Context, done: NonNullable<Today['beginnings']>) {
  if (done.has_rooms && done.has_people && done.has_meetings) return false;
  return [
    {
      text: c.t('desk.begin.people'),
      why: c.t('desk.begin.peopleWhy'),
      href: '/people',
      done: done.has_people,
    },
    {
      text: c.t('desk.begin.rooms'),
      why: c.t('desk.begin.roomsWhy'),
      href: '/rooms',
      done: done.has_rooms,
    },
    {
      text: c.t('desk.begin.meeting'),
      why: c.t('desk.begin.meetingWhy'),
      href: '/calendar',
      done: done.has_meetings,
    },
  ];
}

/** A row of views/lib/rows.ejs with what it is sorted by. */
interface WaitingRow {
  wait: Wait;
  when: string | Date | null;
  pill: { text: string; tone: string };
  title: string;
  href: string;
  end?: string;
  actions?: { action: string; label: string; about: string; hidden: Record<string, string | number> }[];
}

function pillOf(c: Context, wait: Wait): { text: string; tone: string } {
  return { text: c.t(`desk.waiting.${wait}`), tone: toneOf(wait) };
}

function renewalRow(c: Context, one: EndingSeries): WaitingRow {
  return {
    wait: 'renew',
    when: one.last_at,
    pill: pillOf(c, 'renew'),
    href: `/series/${one.id}`,
    end: c.t('series.renewal.todayNote'),
    title: c.t('series.renewal.today', { name: one.name, day: c.fmt.shortDay(one.last_at) }),
  };
}

function unattendedRow(c: Context, one: UnattendedSeries): WaitingRow {
  return {
    wait: 'unattended',
    when: one.asked_at,
    pill: pillOf(c, 'unattended'),
    href: `/series/${one.id}`,
    end: c.t('noShow.series.todayNote'),
    title: c.t('noShow.series.today', { name: one.name }),
  };
}

/** A room held because it was waited for: taken or declined from here. */
function offerRow(c: Context, one: AwaitedDate): WaitingRow {
  const title = titleOf(c.t, one);
  const about = c.t('waits.today.about', {
    title,
    rooms: one.rooms.map((room) => c.fmt.name(room)).join(c.t('series.rule.comma')),
  });
  const here = `/meetings/${one.meeting_id}/wait`;
  return {
    wait: 'roomHeld',
    when: one.held_until,
    pill: pillOf(c, 'roomHeld'),
    href: `/meetings/${one.meeting_id}`,
    title: `${about} · ${c.fmt.shortDay(one.starts_at)} ${c.fmt.time(one.starts_at)}`,
    end: one.held_until ? c.t('waits.today.until', { until: c.fmt.dateTime(one.held_until) }) : undefined,
    actions: [
      { action: `${here}/acceptance`, label: c.t('waits.take'), about, hidden: {} },
      { action: `${here}/withdrawal`, label: c.t('waits.decline'), about, hidden: {} },
    ],
  };
}

function minutesRow(c: Context, one: WaitingMinutes): WaitingRow {
  return {
    wait: one.verb,
    when: one.since,
    pill: pillOf(c, one.verb),
    title: one.title,
    href: linkOfMinutes(one.verb, one),
    end: `${c.fmt.name(one.author)} · ${c.fmt.shortDay(one.since)}`,
  };
}

function receiptRow(c: Context, one: { minutes_id: number; title: string; since: Date }): WaitingRow {
  return {
    wait: 'acknowledge',
    when: one.since,
    pill: pillOf(c, 'acknowledge'),
    title: one.title,
    href: `/minutes/${one.minutes_id}`,
    end: c.fmt.shortDay(one.since),
  };
}

function actionRow(c: Context, one: WaitingAction): WaitingRow {
  const wait = waitOfAction(one, todayOf(c));
  const isMine = wait !== 'accept' && wait !== 'decide' && wait !== 'reassign';
  const parts = [
    isMine || !one.person ? '' : c.fmt.name(one.person),
    one.due_on ? c.fmt.shortDate(one.due_on) : '',
  ];
  return {
    wait,
    when: one.due_on,
    pill: pillOf(c, wait),
    title: one.deliverable,
    href: `/actions/${one.id}`,
    end: parts.filter(Boolean).join(' · '),
  };
}

function replyRow(c: Context, one: ReplyWanted): WaitingRow {
  const title = titleOf(c.t, one);
  const scope: Record<string, string> = one.further > 0 ? { scope: 'all' } : {};
  const answer = (status: 'accepted' | 'declined', label: string) => ({
    action: `/meetings/${one.meeting_id}/reply`,
    label,
    about: c.t('desk.waiting.aboutMeeting', { title }),
    hidden: { status, from: 'today', ...scope },
  });
  const further = one.further > 0 ? ` ${c.t('standing.reply.more', { count: one.further })}` : '';
  return {
    wait: 'reply',
    when: one.starts_at,
    pill: pillOf(c, 'reply'),
    title: one.starts_at
      ? `${title} · ${c.fmt.shortDay(one.starts_at)} ${c.fmt.time(one.starts_at)}${further}`
      : title,
    href: `/meetings/${one.meeting_id}`,
    actions: [answer('accepted', c.t('desk.waiting.yes')), answer('declined', c.t('desk.waiting.no'))],
  };
}

function pollRow(
  c: Context,
  one: { id: number; title: string; deadline_at: Date; wants: 'answer' | 'choice' },
): WaitingRow {
  const wait = one.wants === 'answer' ? 'poll' : 'choose';
  return {
    wait,
    when: one.deadline_at,
    pill: pillOf(c, wait),
    title: one.title,
    href: `/polls/${one.id}`,
    end: c.t('polls.until', { when: c.fmt.dateTime(one.deadline_at) }),
  };
}

/** A room that waits for the viewer's word, or one they asked for themselves. */
function requestRow(c: Context, one: RoomRequest, wait: Wait): WaitingRow {
  const isMine = wait !== 'roomApproval' && wait !== 'roomOverdue';
  const when = `${c.fmt.shortDay(one.starts_at)} ${c.fmt.time(one.starts_at)}`;
  const due = c.t('requests.row.due', { time: c.fmt.dateTime(one.due_at) });
  const decider = one.decider ? c.fmt.name(one.decider) : due;
  return {
    wait,
    when: isMine ? one.starts_at : one.due_at,
    pill: pillOf(c, wait),
    title: [c.fmt.name(one.room), one.title ?? c.t('requests.private'), when].join(' · '),
    href: isMine && one.title !== null ? `/meetings/${one.meeting_id}` : `/rooms/requests/${one.id}`,
    end: isMine ? decider : `${c.fmt.name(one.asker)} · ${due}`,
  };
}

function meetingRow(c: Context, meeting: MeetingLine, known: MeetingFacts | undefined) {
  const state = shownState(meeting, c.now);
  const step = known && nextStep(factsOfLine(c, meeting, known), c.now);
  const link = step && known && step !== 'reply' ? linkOf(step, { id: meeting.id }, known) : undefined;
  const place = [...meeting.rooms.map((room) => c.fmt.name(room)), meeting.place].filter(Boolean).join(', ');
  return {
    time: c.fmt.range(meeting.starts_at, meeting.ends_at),
    title: titleOf(c.t, meeting),
    href: `/meetings/${meeting.id}`,
    over: meeting.ends_at <= c.now,
    pill: state === 'scheduled' && !meeting.is_no_show ? undefined : pillOfLine(meeting, state, c.t),
    meta: [
      place,
      meeting.participant_count > 0 ? c.t('desk.today.people', { count: meeting.participant_count }) : '',
      step === 'agenda' ? c.t('desk.today.noAgenda') : '',
      meeting.reply ? c.t('desk.today.yourReply', { reply: c.t(`meetings.reply.${meeting.reply}`) }) : '',
    ],
    actions:
      link && step
        ? [{ ...link, label: c.t(`desk.next.${step}` as 'desk.next.agenda'), about: titleOf(c.t, meeting) }]
        : [],
  };
}

/** The page of the meeting knows more of the viewer; for a line it is enough who keeps it. */
function factsOfLine(c: Context, meeting: MeetingLine, known: MeetingFacts): Facts {
  const keeps =
    meeting.organiser.id === c.viewer.id ||
    meeting.role === 'chair' ||
    meeting.role === 'secretary' ||
    (isSecretary(c.viewer) && !meeting.is_private);
  return {
    ...known,
    state: meeting.state,
    starts_at: meeting.starts_at,
    ends_at: meeting.ends_at,
    has_place: meeting.rooms.length > 0 || meeting.link !== null || meeting.place !== null,
    people: meeting.participant_count,
    may_keep: keeps,
    must_reply: meeting.invited_at !== null && meeting.reply === null && meeting.role !== 'informed',
    is_author: known.author_id === c.viewer.id,
    // Who reviews or approves finds it under "waiting".
    is_reviewer: false,
    is_approver: false,
  };
}

async function roomsFreeNow(c: Context, today: string) {
  const day = dayOfGrid(today, c.zone);
  const nowUnit = Math.floor((c.now.getTime() - day.start.getTime()) / 900_000);
  const [{ rooms }, claims] = await Promise.all([
    findDayState(c.db, day),
    listDayClaims(c.db, c.viewer.id, day),
  ]);
  return freeNow(layOutDay(day, rooms, claims, { zone: c.office.zone, nowUnit }), nowUnit, FREE_ROOMS).map(
    ({ room, until }) => {
      const [from, to] = [day.marks[nowUnit], day.marks[Math.min(until, nowUnit + 4)]];
      return {
        room,
        until: new Date(day.start.getTime() + until * 900_000),
        href: `/bookings/new?room=${room.id}&date=${today}&from=${from}&to=${to}`,
      };
    },
  );
}
