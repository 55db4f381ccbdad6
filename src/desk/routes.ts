import { dueWords, stateTone, todayOf } from '../actions/actionPage.js';
import { listActionsOfMeeting } from '../actions/listQueries.js';
import { showAgendaLines } from '../agenda/agendaPage.js';
import { loadAgenda } from '../agenda/queries.js';
import { whyClosed } from '../replies/policy.js';
import { findInvitationSummary } from '../invitations/queries.js';
import { findReplyOf, listLaterDates } from '../replies/queries.js';
import { furtherOf } from '../replies/words.js';
import { signedIn } from '../lib/http/policy.js';
import type { Format } from '../lib/time/format.js';
import { idOf, page, route, type Answer, type Context, type Route } from '../lib/http/route.js';
import { describeLost } from '../checkins/describe.js';
import { findOpens, listLostRooms } from '../checkins/noShowQueries.js';
import {
  mayCancel,
  mayCheckIn,
  mayEditAgenda,
  mayEditMeeting,
  mayInvite,
  mayPropose,
  mayRestore,
  maySeeAgenda,
  maySeeReplies,
  mayWriteToAll,
} from '../meetings/policy.js';
import { findMeeting, listParticipants, type Meeting, type Participant } from '../meetings/queries.js';
import { shownState, toneOfState } from '../meetings/states.js';
import { titleOf } from '../meetings/title.js';
import { describeWait } from '../waits/page.js';
import { issuedVersion, pillOf } from '../minutes/page.js';
import { mayApprove, mayReview, maySeeDraft } from '../minutes/policy.js';
import { findMinutesOf, type Minutes } from '../minutes/queries.js';
import { votesOfMeeting } from '../polls/pollPage.js';
import { listDecidersOf } from '../rules/queries.js';
import { listRequestsOfMeeting, type RoomRequest } from '../requests/queries.js';
import { HistoryQuery } from './forms.js';
import { tellEntries } from './history.js';
import { countReplies, factsOf, showPeople, tellSeating } from './meetingPage.js';
import { aboutFacts, headFacts, showNextStep, showPanel, showsOwnReply } from './meetingSections.js';
import { nextStep, type NextStep } from './nextStep.js';
import { listFacts, listHistory } from './queries.js';
import { stepsOf } from './steps.js';
import { todayPage } from './todayPage.js';

export const deskRoutes: Route[] = [
  route({ method: 'get', path: '/', policy: signedIn, handle: todayPage }),
  route({ method: 'get', path: '/meetings/:id', policy: signedIn, handle: showMeeting }),
  route({
    method: 'get',
    path: '/meetings/:id/history',
    policy: signedIn,
    query: HistoryQuery,
    handle: (c) => showHistory(c, c.query.before),
  }),
];

const RECENT = 5;

/** People in the side panel; the page of people has them all. */
const SHOWN = 12;

async function showMeeting(c: Context): Promise<Answer> {
  const meeting = await findMeeting(c.db, c.viewer, idOf(c));
  const loaded = await loadMeeting(c, meeting);
  const { facts, minutes, own, participants } = loaded;
  const further =
    own && meeting.series_id !== null
      ? furtherOf(c, meeting, (await listLaterDates(c.db, own.participant_id, c.now)).length)
      : undefined;
  const step = nextStep(
    factsOf(
      meeting,
      facts,
      own,
      minutes && {
        is_author: minutes.is_author,
        may_review: mayReview(minutes),
        may_approve: mayApprove(minutes),
      },
    ),
    c.now,
  );
  return page(
    'desk/meeting',
    {
      title: titleOf(c.t, meeting),
      meeting,
      crumbs: crumbsOf(c, meeting),
      head: headFacts(c, meeting),
      ...standingOf(c, meeting, loaded),
      next: maySeeAgenda(meeting)
        ? showNextStep(c, meeting, facts, { step, waitsFor: minutes && waitsFor(step, minutes, c.fmt) })
        : undefined,
      ...peopleOf(c, meeting, participants),
      ...replyOf(c, meeting, loaded),
      further,
      ...contentOf(c, meeting, loaded),
      may: rightsOf(c, meeting),
      requests: await showRequests(c, meeting, loaded.requests),
      wait: loaded.wait,
      mayAsk: mayEditMeeting(meeting) && meeting.ends_at > c.now,
    },
    { caching: 'no-store' },
  );
}

type Loaded = Awaited<ReturnType<typeof loadMeeting>>;

/** Everything the page shows, read at once. */
async function loadMeeting(c: Context, meeting: Meeting) {
  const isOpen = maySeeAgenda(meeting);
  const seesReplies = maySeeReplies(meeting);
  const [
    [facts],
    participants,
    own,
    invitations,
    agenda,
    minutes,
    actions,
    votes,
    history,
    requests,
    lost,
    wait,
    opens,
  ] = await Promise.all([
    listFacts(c.db, c.viewer.id, [meeting.id]),
    seesReplies ? listParticipants(c.db, meeting.id) : [],
    findReplyOf(c.db, meeting.id, c.viewer.id),
    isOpen ? findInvitationSummary(c.db, meeting.id) : undefined,
    isOpen ? loadAgenda(c.db, c.viewer, meeting) : undefined,
    findMinutesOf(c.db, c.viewer, meeting.id),
    listActionsOfMeeting(c.db, c.viewer.id, meeting.id, todayOf(c)),
    seesReplies ? votesOfMeeting(c, meeting.id) : undefined,
    isOpen ? listHistory(c.db, meeting.id, { limit: RECENT + 1 }) : [],
    listRequestsOfMeeting(c.db, c.viewer.id, meeting.id),
    listLostRooms(c.db, meeting.id),
    describeWait(c, meeting),
    // A rule can say four hours at most.
    mayCheckIn(meeting) &&
    c.now < meeting.ends_at &&
    meeting.starts_at.getTime() - c.now.getTime() <= 240 * 60_000
      ? findOpens(c.db, meeting.id)
      : 0,
  ]);
  if (!facts) throw new Error('a meeting that was found has facts');
  return {
    facts,
    participants,
    own,
    invitations,
    agenda,
    minutes,
    actions,
    votes,
    history,
    requests,
    lost,
    wait,
    opens,
  };
}

function crumbsOf(c: Context, meeting: Meeting) {
  const crumbs = [{ href: '/meetings', text: c.t('desk.meeting.crumb') }];
  if (meeting.series_id !== null)
    crumbs.push({ href: `/series/${meeting.series_id}`, text: meeting.series_name ?? '' });
  return crumbs;
}

/** How the meeting stands: its state, what went wrong, and the verbs beside its title. */
function standingOf(c: Context, meeting: Meeting, { facts, lost, wait, participants, opens }: Loaded) {
  const isOpen = maySeeAgenda(meeting);
  const shown = shownState(meeting, c.now);
  // Without a room nothing is booked: it waits for one.
  const state = shown === 'booked' && wait && meeting.rooms.length === 0 ? 'draft' : shown;
  const menu = isOpen ? menuOf(c, meeting, participants.length > 0) : [];
  const may = rightsOf(c, meeting);
  return {
    isOpen,
    state,
    stateTone: toneOfState(state),
    steps: stepsOf({ ...facts, state: meeting.state }),
    cancelled:
      meeting.state === 'cancelled'
        ? c.t('desk.meeting.cancelled', {
            name: c.fmt.name(meeting.canceller),
            reason: meeting.cancel_reason ?? '',
          })
        : undefined,
    lost: describeLost(lost, meeting, c.t, c.fmt),
    mayTakeBack: lost.length > 0 && mayCheckIn(meeting) && c.now < meeting.ends_at,
    seating: isOpen ? tellSeating(meeting, participants, c.t, c.fmt) : undefined,
    menu,
    hasVerbs: menu.length > 0 || may.edit || may.restore,
    isOnTheDay:
      meeting.rooms.length > 0 &&
      mayCheckIn(meeting) &&
      meeting.state !== 'ended' &&
      c.now.getTime() > meeting.starts_at.getTime() - opens * 60_000 &&
      c.now < meeting.ends_at,
  };
}

function peopleOf(c: Context, meeting: Meeting, participants: Participant[]) {
  const people = showPeople(participants, meeting.announced_at !== null);
  const replies = meeting.state === 'scheduled' ? countReplies(participants) : undefined;
  return {
    people: showPanel(c, people, SHOWN, replies),
    about: aboutFacts(c, meeting, participants.length > 0),
    setsUp: mayInvite(meeting) && meeting.rooms.length > 0,
  };
}

/** The viewer's own answer, and how invitations went out. */
function replyOf(c: Context, meeting: Meeting, { own, participants, invitations }: Loaded) {
  // Who is marked present, or has been excused, isn't asked whether they will come.
  const isMarked = participants.some(
    ({ person_id, attendance }) => person_id === c.viewer.id && attendance !== null,
  );
  const mayReply =
    own !== undefined &&
    !isMarked &&
    whyClosed({ ...own, state: meeting.state, ends_at: meeting.ends_at }, c.now) === undefined;
  return {
    own,
    mayReply,
    showsOwn: showsOwnReply(meeting, own, mayReply),
    invitations,
    showsCalendar:
      maySeeAgenda(meeting) &&
      meeting.state !== 'cancelled' &&
      (meeting.state !== 'ended' || invitations !== undefined),
  };
}

/** What the meeting is about, and what came of it. */
function contentOf(c: Context, meeting: Meeting, { agenda, minutes, actions, votes, history }: Loaded) {
  const lines = agenda?.lines ?? [];
  const papers = lines.flatMap((line) => (line.is_hidden || !line.is_on_agenda ? [] : line.papers));
  const today = todayOf(c);
  return {
    description: maySeeAgenda(meeting) ? meeting.description : '',
    agenda: agenda && { shown: showAgendaLines(c, meeting, agenda), timing: agenda.timing },
    papers,
    hasManyPapers: papers.length > 1,
    minutes: minutes && {
      id: minutes.id,
      pill: pillOf(minutes.state, c.t),
      isDraft: maySeeDraft(minutes),
      issued: issuedVersion(minutes),
    },
    actions: actions.map((action) => {
      const due = dueWords(c, action, today);
      return { ...action, due, hasLight: due.tone !== 'neutral', tone: stateTone(action.state) };
    }),
    votes,
    history: tellEntries(history.slice(0, RECENT), c.t, c.fmt),
    hasMoreHistory: history.length > RECENT,
  };
}

function rightsOf(c: Context, meeting: Meeting) {
  return {
    invite: mayInvite(meeting),
    agenda: mayEditAgenda(meeting),
    propose: !mayEditAgenda(meeting) && mayPropose(meeting),
    edit: maySeeAgenda(meeting) && mayEditMeeting(meeting),
    restore: mayRestore(meeting) && meeting.ends_at > c.now,
  };
}

/**
 * Rooms that were asked for, while that matters; for who keeps the meeting and who decides. What was
 * approved is simply the room.
 */
async function showRequests(c: Context, meeting: Meeting, requests: RoomRequest[]) {
  const isOn = (meeting.state === 'draft' || meeting.state === 'scheduled') && meeting.ends_at > c.now;
  const shown = isOn
    ? requests.filter(({ state }) => state === 'open' || state === 'returned' || state === 'refused')
    : [];
  if (!shown.length) return [];
  const deciders = await listDecidersOf(
    c.db,
    shown.map(({ room }) => room.id),
    c.viewer.id,
  );
  return shown
    .map((request) => {
      const known = deciders.find(({ room_id }) => room_id === request.room.id);
      return {
        ...request,
        names: (known?.people ?? []).map((person) => c.fmt.name(person)).join(c.t('requests.comma')),
        mayDecide: known?.decides ?? false,
      };
    })
    .filter(({ mayDecide }) => mayDecide || mayEditMeeting(meeting));
}

/** Whose turn it is, where that is somebody else. */
function waitsFor(step: NextStep, minutes: Minutes, fmt: Format): string | undefined {
  if (step === 'waits_review')
    return minutes.reviewers.length === 1 ? fmt.name(minutes.reviewers[0]) : undefined;
  if (step === 'waits_approval') return minutes.approver ? fmt.name(minutes.approver) : undefined;
  if (step === 'waits_minutes' || step === 'waits_issue') return fmt.name(minutes.author);
  return undefined;
}

/** Verbs that are seldom wanted; changing time or place, which is wanted daily, stands beside them. */
function menuOf(
  c: Context,
  meeting: Meeting,
  hasPeople: boolean,
): { href: string; text: string; apart?: boolean }[] {
  const here = `/meetings/${meeting.id}`;
  const verb = (is: boolean, path: string, text: string, apart = false) =>
    is ? [{ href: `${here}/${path}`, text, apart }] : [];
  return [
    ...verb(mayEditMeeting(meeting) && meeting.rooms.length > 0, 'swap', c.t('swap.title')),
    ...verb(true, 'copy', c.t('desk.menu.copy')),
    ...verb(mayWriteToAll(meeting) && hasPeople, 'message', c.t('desk.menu.message')),
    ...verb(hasPeople && meeting.state !== 'cancelled', 'attendance-sheet', c.t('desk.menu.sheet')),
    ...verb(hasPeople && meeting.state !== 'cancelled', 'name-plates', c.t('desk.menu.plates')),
    ...verb(mayCancel(meeting), 'cancellation', c.t('desk.menu.cancel'), true),
  ];
}

const PAGE = 50;

async function showHistory(c: Context, before: number | undefined): Promise<Answer> {
  const meeting = await findMeeting(c.db, c.viewer, idOf(c));
  const entries = maySeeAgenda(meeting)
    ? await listHistory(c.db, meeting.id, { before, limit: PAGE + 1 })
    : [];
  const title = titleOf(c.t, meeting);
  const last = entries.length > PAGE ? entries[PAGE - 1] : undefined;
  return page('desk/history', {
    title: c.t('desk.history.of', { title }),
    meeting,
    meetingTitle: title,
    entries: tellEntries(entries.slice(0, PAGE), c.t, c.fmt),
    earlier: last ? `/meetings/${meeting.id}/history?before=${last.id}` : undefined,
  });
}
