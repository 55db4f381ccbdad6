import type { OwnReply } from '../replies/queries.js';
import type { Context } from '../lib/http/route.js';
import type { Meeting, Participant, RoomOf } from '../meetings/queries.js';
import type { ShownPerson } from './meetingPage.js';
import { linkOf, type NextStep, type StepLink } from './nextStep.js';
import type { MeetingFacts } from './queries.js';

// The parts of the meeting page as its template writes them. Pure: rows go in, words come out.

type Reader = Pick<Context, 't' | 'fmt' | 'lang'>;

/** The line below the title: when, where, who leads. */
export function headFacts(c: Reader, meeting: Meeting) {
  const places = meeting.rooms.map((room) => placeOf(c, room));
  if (meeting.place) places.push(meeting.place);
  if (!places.length && !meeting.link) places.push(c.t('desk.meeting.noPlace'));
  return {
    at: meeting.starts_at.toISOString(),
    day: c.fmt.day(meeting.starts_at),
    range: c.fmt.range(meeting.starts_at, meeting.ends_at),
    places,
    link: meeting.link,
    chair: meeting.chair ? c.t('desk.meeting.chair', { name: c.fmt.name(meeting.chair) }) : undefined,
  };
}

/** A room, how it is set up, and whether it is only asked for. */
function placeOf({ t, fmt }: Reader, room: RoomOf): string {
  let text = fmt.name(room);
  if (room.layout) {
    const layout = t(`layouts.${room.layout}`);
    text += ` (${t('layouts.meeting.seats', { layout, count: room.seats })})`;
  }
  if (room.is_refused) return `${text} (${t('requests.meeting.roomRefused')})`;
  if (room.is_requested) return `${text} (${t('desk.meeting.roomRequested')})`;
  return text;
}

export interface ShownStep {
  name: NextStep;
  why: string;
  waitsFor: string | undefined;
  link: StepLink | undefined;
  /** Where all are invited at once, when the agenda may follow later. */
  inviteNow: string | undefined;
}

/** The one next step, undefined where there is none. */
export function showNextStep(
  { t, fmt }: Reader,
  meeting: Meeting,
  facts: MeetingFacts,
  { step, waitsFor }: { step: NextStep; waitsFor: string | undefined },
): ShownStep | undefined {
  if (step === 'none') return undefined;
  const counts: Partial<Record<NextStep, number>> = { invite: facts.not_invited, answer: facts.my_actions };
  const asksFirst = step === 'agenda' && facts.not_invited > 0;
  return {
    name: step,
    why: t(`desk.why.${step}`, {
      count: counts[step] ?? facts.open_actions,
      when: `${fmt.day(meeting.starts_at)} ${fmt.time(meeting.starts_at)}`,
    }),
    waitsFor,
    link: linkOf(step, meeting, facts),
    // An agenda may follow later; who is asked to keep the time free needs to be asked now.
    inviteNow: asksFirst ? linkOf('invite', meeting, facts)?.action : undefined,
  };
}

/** Role, and what is to know beside it: whose place it is, a walk-in, or unit. */
export function noteOf({ t, fmt, lang }: Reader, person: Participant): string {
  const unit = (lang === 'en' ? person.unit_en : person.unit_zh) ?? person.affiliation;
  let beside = unit;
  if (person.is_walk_in) beside = t('desk.meeting.walkIn');
  if (person.instead_of) beside = t('desk.meeting.instead', { name: fmt.name(person.instead_of) });
  return [t(`meetings.role.${person.role}`), beside].filter(Boolean).join(' · ');
}

/** The first people with their notes, and how the replies stand. */
export function showPanel(
  c: Reader,
  people: readonly ShownPerson[],
  limit: number,
  replies: { come: number; open: number; dont: number } | undefined,
) {
  return {
    count: people.length,
    hasMore: people.length > limit,
    lines: people.slice(0, limit).map((person) => ({ ...person, note: noteOf(c, person.participant) })),
    replies: people.length ? replies : undefined,
  };
}

/** What else is to know about the meeting; facts without a text are left out by the template. */
export function aboutFacts({ t, fmt }: Reader, meeting: Meeting, hasPeople: boolean) {
  const { organiser, booked_for, creator, series_id, expected_count } = meeting;
  const equipment = meeting.equipment.map((line) =>
    t('equipment.meeting.line', { name: fmt.name(line), count: line.quantity }),
  );
  return [
    { label: t('desk.meeting.organiser'), text: fmt.name(organiser) },
    { label: t('desk.meeting.bookedFor'), text: booked_for ? fmt.name(booked_for) : '' },
    { label: t('desk.meeting.createdBy'), text: creator.id === organiser.id ? '' : fmt.name(creator) },
    {
      label: t('desk.meeting.series'),
      text: meeting.series_name,
      href: series_id ? `/series/${series_id}` : undefined,
    },
    { label: t('equipment.meeting.title'), text: equipment.join('\n') },
    {
      label: t('desk.meeting.expected'),
      text: !hasPeople && expected_count ? fmt.number(expected_count) : '',
    },
  ];
}

/** Does "Will you come?" stand on the page? After the meeting only the answer is shown. */
export function showsOwnReply(meeting: Meeting, own: OwnReply | undefined, mayReply: boolean): boolean {
  if (!own) return false;
  return mayReply || (own.status !== null && meeting.state !== 'ended');
}
