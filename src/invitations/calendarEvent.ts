import { isNormalAddress } from '../lib/mail/address.js';
import type { ParticipantRole, ReplyStatus } from '../meetings/states.js';
import {
  linkOf,
  placeText,
  titleText,
  type Announcement,
  type Reader,
  type ToldRoom,
} from './announcement.js';
import type { CalendarAttendee, CalendarEvent } from '../lib/ical/event.js';

/** A participant as a calendar file names one. */
export interface Attendee {
  participant_id: number;
  person_id: number;
  name: string;
  name_en: string | null;
  email: string | null;
  role: ParticipantRole;
  /** The reply that counts now. */
  reply: ReplyStatus | null;
  /** Participant for whom this one stands in. */
  instead_of_id: number | null;
}

export interface EventFacts {
  uid: string;
  created_at: Date;
  updated_at: Date;
}

const ROLES: Record<ParticipantRole, CalendarAttendee['role']> = {
  chair: 'CHAIR',
  secretary: 'REQ-PARTICIPANT',
  required: 'REQ-PARTICIPANT',
  optional: 'OPT-PARTICIPANT',
  in_attendance: 'OPT-PARTICIPANT',
  informed: 'NON-PARTICIPANT',
};
const ANSWERS: Record<ReplyStatus, CalendarAttendee['partstat']> = {
  accepted: 'ACCEPTED',
  declined: 'DECLINED',
  tentative: 'TENTATIVE',
  delegated: 'DELEGATED',
};

/** Same for all events of one message. */
export interface EventFrame {
  facts: EventFacts;
  sequence: number;
  stampedAt: Date;
  /** Our own address, with the participant's token when there is a mailbox for replies. */
  organizerAddress: string;
  /** The human organiser's. */
  sentBy: string | null;
  mailDomain: string;
  reader: Reader;
}

export interface EventContent extends EventFrame {
  told: Announcement;
  attendees: Attendee[];
  /** Undefined withdraws the invitation of one person: the meeting itself and its rooms stay. */
  status: 'CONFIRMED' | 'CANCELLED' | undefined;
}

/** The meeting as one person's calendar shows it. */
export function calendarEvent(content: EventContent): CalendarEvent {
  const { told, facts, reader } = content;
  const link = linkOf(told);
  const description = [told.description, link ? reader.t('invitations.description.link', { link }) : '']
    .filter(Boolean)
    .join('\n\n');
  const location = placeText(told, reader) || link;
  return {
    uid: facts.uid,
    sequence: content.sequence,
    stampedAt: content.stampedAt,
    createdAt: facts.created_at,
    changedAt: facts.updated_at,
    time:
      told.starts_at && told.ends_at
        ? { allDay: false, start: new Date(told.starts_at), end: new Date(told.ends_at), zone: told.zone }
        : { allDay: true, start: told.starts_on ?? '', end: told.ends_on ?? '' },
    status: content.status,
    summary: titleText(told, reader),
    description: description || undefined,
    location,
    link,
    organizer: {
      address: content.organizerAddress,
      name: reader.fmt.name(told.organiser),
      sentBy: content.sentBy === content.organizerAddress ? undefined : normalAddress(content.sentBy),
    },
    attendees: [
      ...people(content.attendees, reader),
      ...(content.status ? told.rooms.map((room) => roomAttendee(room, content.mailDomain, reader)) : []),
    ],
  };
}

/** Who has no address can't be named in a calendar file; mails and pages name them. */
function people(attendees: Attendee[], { fmt }: Reader): CalendarAttendee[] {
  const addressOf = (participantId: number | null | undefined) =>
    attendees.find((one) => one.participant_id === participantId)?.email ?? undefined;
  return attendees.flatMap((one) => {
    if (!one.email || !isNormalAddress(one.email)) return [];
    const substitute =
      one.reply === 'delegated'
        ? attendees.find((other) => other.instead_of_id === one.participant_id)?.email
        : undefined;
    const original = addressOf(one.instead_of_id);
    return [
      {
        type: 'INDIVIDUAL' as const,
        role: ROLES[one.role],
        partstat: one.reply ? ANSWERS[one.reply] : ('NEEDS-ACTION' as const),
        rsvp: one.role !== 'informed' && one.reply !== 'delegated',
        address: one.email,
        name: fmt.name(one),
        delegatedTo: normalAddress(substitute),
        delegatedFrom: normalAddress(original),
      },
    ];
  });
}

function normalAddress(address: string | null | undefined): string | undefined {
  return address && isNormalAddress(address) ? address : undefined;
}

function roomAttendee(room: ToldRoom, mailDomain: string, { fmt }: Reader): CalendarAttendee {
  return {
    type: 'ROOM',
    role: 'NON-PARTICIPANT',
    partstat: roomAnswer(room),
    rsvp: false,
    address: `room-${room.code}@${mailDomain}`,
    name: fmt.name(room),
  };
}

function roomAnswer(room: ToldRoom): CalendarAttendee['partstat'] {
  if (room.is_refused) return 'DECLINED';
  return room.is_requested ? 'NEEDS-ACTION' : 'ACCEPTED';
}

/** Recipient and rooms only: a confidential meeting tells nobody who else takes part. */
export function cutToRecipient(attendees: Attendee[], participantId: number | null): Attendee[] {
  return attendees.filter((one) => one.participant_id === participantId);
}
