import { ourMailbox } from '../lib/mail/message.js';
import type {
  MailBlock,
  MailRenderer,
  MailRenderers,
  NothingToSend,
  RenderContext,
  RenderedMail,
} from '../lib/mail/renderer.js';
import { differingFields, spanOf, titleText, type Announcement } from './announcement.js';
import { calendarEvent, cutToRecipient, type Attendee } from './calendarEvent.js';
import { requireRecipient } from '../lib/ical/checks.js';
import { writeCalendar } from '../lib/ical/write.js';
import {
  button,
  description,
  factsOf,
  letter,
  opening,
  organizerOf,
  ownOf,
  readerOf,
  replyToOf,
  shortTime,
} from './letter.js';
import { ensureReplyLinks } from './linkCommands.js';
import {
  findOfficeName,
  findTellable,
  listAgendaTitles,
  listAnnouncements,
  listAttendees,
  listToldBefore,
  type OfficeName,
  type Tellable,
} from './queries.js';
import type { ReplyTokens } from './replyLink.js';
import { renderSeries } from './seriesMail.js';

/** An invitation or an update: the letter, and the REQUEST for the calendar. */
const renderRequest: MailRenderer = async (context) => {
  const found = await load(context);
  if ('nothing' in found) return found;
  const { meeting, told, before, attendees, tokens } = found;
  const { t, delivery } = context;
  const reader = readerOf(context);
  const own = attendees.find((one) => one.participant_id === delivery.participant_id);
  if (!own) return { nothing: 'not invited any more' };
  const changed = before ? differingFields(before, told) : [];
  const title = titleText(told, reader);
  const agenda = await context.once(`agenda:${meeting.id}`, () => listAgendaTitles(context.db, meeting.id));
  const blocks: MailBlock[] = [
    { kind: 'paragraph', text: opening(reader, told, before !== undefined, changed, own, attendees) },
    { kind: 'facts', facts: factsOf(reader, told, changed.length > 0 ? before : undefined, changed, own) },
    ...description(reader, told, changed),
    ...(agenda.length > 0
      ? [
          { kind: 'heading' as const, text: t('invitations.mail.agenda') },
          { kind: 'list' as const, ordered: true, items: agenda.map((item) => item.title) },
        ]
      : []),
    ...button(
      context,
      tokens,
      own.role === 'informed'
        ? 'invitations.mail.details'
        : changed.includes('time')
          ? 'invitations.mail.replyAgain'
          : 'invitations.mail.reply',
    ),
  ];
  const kind =
    before === undefined
      ? 'invitation'
      : changed.some((field) => field === 'time' || field === 'place' || field === 'link')
        ? 'moved'
        : 'updated';
  return {
    ...letter(
      context,
      found.office,
      told,
      t(`invitations.mail.subject.${kind}`, { title, when: shortTime(reader, told) }),
      title,
      blocks,
    ),
    ...(await calendarPart(context, found, {
      method: 'REQUEST',
      told,
      attendees:
        meeting.is_private || told.is_private ? cutToRecipient(attendees, own.participant_id) : attendees,
      status: 'CONFIRMED',
    })),
  };
};

/** A cancellation of the whole meeting, or of one person's invitation: repeats what was told last. */
const renderCancellation: MailRenderer = async (context) => {
  const found = await load(context);
  if ('nothing' in found) return found;
  const { meeting, before, attendees } = found;
  const { t, delivery } = context;
  const told = before ?? found.told;
  const reader = readerOf(context);
  const isWhole = delivery.payload.whole === true;
  const own = ownOf(context, attendees);
  const title = titleText(told, reader);
  const blocks: MailBlock[] = [
    {
      kind: 'paragraph',
      text: t(isWhole ? 'invitations.mail.cancelled' : 'invitations.mail.uninvited', {
        name: reader.fmt.name(told.organiser),
      }),
    },
    ...(isWhole && meeting.cancel_reason
      ? [
          {
            kind: 'paragraph' as const,
            text: t('invitations.mail.reason', { reason: meeting.cancel_reason }),
          },
        ]
      : []),
    { kind: 'facts', facts: factsOf(reader, told, undefined, [], undefined) },
  ];
  const named =
    !isWhole || told.is_private ? [own] : attendees.includes(own) ? attendees : [...attendees, own];
  return {
    ...letter(
      context,
      found.office,
      told,
      t(isWhole ? 'invitations.mail.subject.cancelled' : 'invitations.mail.subject.uninvited', {
        title,
        when: shortTime(reader, told),
      }),
      title,
      blocks,
    ),
    ...(await calendarPart(context, found, {
      method: 'CANCEL',
      told,
      attendees: named,
      status: isWhole ? 'CANCELLED' : undefined,
    })),
  };
};

export const renderers: MailRenderers = {
  'invitations.request': renderRequest,
  'invitations.cancellation': renderCancellation,
  'invitations.series': renderSeries,
};

interface Loaded {
  meeting: Tellable;
  told: Announcement;
  /** What this person was told before; undefined for a first invitation. */
  before: Announcement | undefined;
  beforeRevision: number | undefined;
  attendees: Attendee[];
  tokens: ReplyTokens | undefined;
  office: OfficeName | undefined;
}

/** Most of it is the same for everybody who is told at once. */
async function load({ db, config, delivery, now, once }: RenderContext): Promise<Loaded | NothingToSend> {
  const id = delivery.meeting_id ?? -1;
  const meeting = await once(`meeting:${id}`, () => findTellable(db, id));
  if (!meeting) return { nothing: 'no such meeting' };
  const toldBefore = await once(`before:${id}:${delivery.revision}`, () =>
    listToldBefore(db, id, delivery.revision),
  );
  const earlier = toldBefore.get(delivery.person_id);
  const told = await once(`told:${id}:${delivery.revision}:${earlier}`, () =>
    listAnnouncements(db, id, [delivery.revision, ...(earlier === undefined ? [] : [earlier])]),
  );
  const announced = told.get(delivery.revision);
  if (!announced) return { nothing: 'nothing was announced' };
  if (spanOf(announced).end <= now) return { nothing: 'the meeting is over' };
  return {
    meeting,
    told: announced,
    before: earlier === undefined ? undefined : told.get(earlier),
    beforeRevision: earlier,
    attendees: await once(`attendees:${id}`, () => listAttendees(db, id)),
    tokens: (await once(`links:${id}`, () => ensureReplyLinks(db, config, id))).get(
      delivery.participant_id ?? -1,
    ),
    office: await once('office', () => findOfficeName(db)),
  };
}

interface CalendarWish {
  method: 'REQUEST' | 'CANCEL';
  told: Announcement;
  attendees: Attendee[];
  status: 'CONFIRMED' | 'CANCELLED' | undefined;
}

/** Our own mailbox is the ORGANIZER and gets no REQUEST from itself; the human's address is for answers by hand. */
async function calendarPart(
  context: RenderContext,
  found: Loaded,
  wish: CalendarWish,
): Promise<Partial<RenderedMail>> {
  const { config, delivery } = context;
  const { meeting, tokens } = found;
  const { method, told, attendees } = wish;
  const organizerAddress = organizerOf(config, tokens);
  const replyTo = replyToOf(context, told, meeting.organiser_email);
  if (delivery.to_address === ourMailbox(config).address) return replyTo;
  // Everybody told at once in one language gets the same file: with 500 participants it names 500 people, and is written once.
  const sameFor = attendees === found.attendees ? 'all' : delivery.person_id;
  const key = [
    'ics',
    meeting.id,
    method,
    wish.status,
    delivery.revision,
    told === found.before ? found.beforeRevision : '',
    delivery.lang,
    delivery.sequence,
    delivery.stamped_at.getTime(),
    organizerAddress,
    sameFor,
  ];
  const { event, ics } = await context.once(key.join(':'), () => {
    const made = calendarEvent({
      facts: meeting,
      told,
      attendees,
      sequence: delivery.sequence ?? 0,
      stampedAt: delivery.stamped_at,
      organizerAddress,
      sentBy: meeting.organiser_email,
      mailDomain: config.mailDomain,
      status: wish.status,
      reader: readerOf(context),
    });
    return Promise.resolve({ event: made, ics: writeCalendar(method, made, delivery.to_address) });
  });
  if (method === 'REQUEST') requireRecipient(event, delivery.to_address);
  return { ...replyTo, ics };
}
