// The only writer of iCalendar in the product. ical-generator writes, ical.js (Thunderbird's parser) reads it
// back, adds what the generator cannot write and serialises; calendarChecks.ts then judges the final bytes.
// Nothing unread leaves.
/**
 * REQUEST invites or updates, CANCEL withdraws, PUBLISH is a plain copy for a download or a feed (without
 * attendees).
 */
export type CalendarMethod = 'REQUEST' | 'CANCEL' | 'PUBLISH';

export interface CalendarPerson {
  /** A mail address that passed lib/mail/address. */
  address: string;
  name: string;
}

export interface CalendarAttendee extends CalendarPerson {
  type: 'INDIVIDUAL' | 'ROOM';
  role: 'CHAIR' | 'REQ-PARTICIPANT' | 'OPT-PARTICIPANT' | 'NON-PARTICIPANT';
  partstat: 'NEEDS-ACTION' | 'ACCEPTED' | 'DECLINED' | 'TENTATIVE' | 'DELEGATED';
  /** Whether an answer is wanted. */
  rsvp: boolean;
  delegatedTo?: string;
  delegatedFrom?: string;
}

/** A start and an end (exclusive): instants shown in a zone, or dates as 'YYYY-MM-DD'. */
export type CalendarTime =
  { allDay: false; start: Date; end: Date; zone: string } | { allDay: true; start: string; end: string };

/** A rule in local time. COUNT does not exist here: it is UNTIL before it is stored. */
export interface CalendarRule {
  frequency: 'DAILY' | 'WEEKLY' | 'MONTHLY' | 'YEARLY';
  interval: number;
  byDay?: string[];
  byMonthDay?: number;
  /** 1 to 12; of yearly ones. */
  byMonth?: number;
  /** The last start that may occur: an instant, or a date for all-day rules. */
  until: Date | string;
}

export interface CalendarEvent {
  /** `<uuid>@<our domain>`, the same for the life of the meeting. */
  uid: string;
  sequence: number;
  /** DTSTAMP: when this message was made; grows with every message of one UID. */
  stampedAt: Date;
  createdAt?: Date;
  changedAt?: Date;
  time: CalendarTime;
  rule?: CalendarRule;
  /**
   * Starts of the rule that do not take place, of the same kind as the start; a wall time
   * 'YYYY-MM-DDTHH:MM:SS' where a clock change leaves it out.
   */
  excluded?: (Date | string)[];
  /** Instants for which the time zone must hold as well: every start of the rule. */
  covers?: Date[];
  /** The original start of the one date this event stands for, of the same kind as the start of the rule. */
  recurrenceId?: Date | string;
  status?: 'CONFIRMED' | 'TENTATIVE' | 'CANCELLED';
  summary: string;
  description?: string;
  location?: string;
  /** A video link. */
  link?: string;
  /**
   * UID of what it belongs to: the recurrence that it follows, or another date of the same standing meeting.
   */
  relatedTo?: string;
  organizer: CalendarPerson & { sentBy?: string };
  attendees: CalendarAttendee[];
}
