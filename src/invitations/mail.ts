import type {
  MailBlock,
  MailRenderer,
  MailRenderers,
  NothingToSend,
  RenderContext,
  RenderedMail,
} from '../lib/mail/renderer.js';
import { differingFields, spanOf, titleText, type Announcement } from './announcement.js';
import { calendarEvent, cutToRecipient, type Attendee, type EventContent } from './calendarEvent.js';
import { attachCalendar } from './calendarFile.js';
import {
  agendaBlocks,
  agendaOf,
  button,
  description,
  factsOf,
  isMove,
  letter,
  namedInCancellation,
  opening,
  ownOf,
  readerOf,
  reasonBlocks,
  replyLabel,
  shortTime,
} from './letter.js';
import { ensureReplyLinks } from './linkCommands.js';
import {
  findOfficeName,
  findTellable,
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
  const { meeting, told, before, attendees, tokens, office } = found;
  const { t, delivery } = context;
  const reader = readerOf(context);
  const own = attendees.find((one) => one.participant_id === delivery.participant_id);
  if (!own) return { nothing: 'not invited any more' };
  const changed = before ? differingFields(before, told) : [];
  const title = titleText(told, reader);
  const updated = isMove(changed) ? 'moved' : 'updated';
  const subject = t(`invitations.mail.subject.${before ? updated : 'invitation'}`, {
    title,
    when: shortTime(reader, told),
  });
  const news = changed.includes('time') ? 'invitations.mail.moved' : 'invitations.mail.changed';
  const blocks: MailBlock[] = [
    {
      kind: 'paragraph',
      text: before
        ? t(news, { name: reader.fmt.name(told.organiser) })
        : opening(reader, told, own, attendees),
    },
    { kind: 'facts', facts: factsOf(reader, told, { before, changed, own }) },
    ...description(reader, told, changed),
    ...agendaBlocks(t('invitations.mail.agenda'), await agendaOf(context, meeting.id)),
    ...button(
      context,
      tokens,
      replyLabel(own, changed.includes('time') ? 'invitations.mail.replyAgain' : 'invitations.mail.reply'),
    ),
  ];
  const isCut = meeting.is_private || told.is_private;
  return {
    ...letter(context, { office, told, subject, title, blocks }),
    ...(await attachMeeting(context, found, {
      told,
      attendees: isCut ? cutToRecipient(attendees, own.participant_id) : attendees,
      status: 'CONFIRMED',
    })),
  };
};

/** A cancellation of the whole meeting, or of one person's invitation: repeats what was told last. */
const renderCancellation: MailRenderer = async (context) => {
  const found = await load(context);
  if ('nothing' in found) return found;
  const { meeting, before, attendees, office } = found;
  const { t, delivery } = context;
  const told = before ?? found.told;
  const reader = readerOf(context);
  const isWhole = delivery.payload.whole === true;
  const way = isWhole ? 'cancelled' : 'uninvited';
  const title = titleText(told, reader);
  const subject = t(`invitations.mail.subject.${way}`, { title, when: shortTime(reader, told) });
  const blocks: MailBlock[] = [
    { kind: 'paragraph', text: t(`invitations.mail.${way}`, { name: reader.fmt.name(told.organiser) }) },
    ...(isWhole ? reasonBlocks(reader, meeting.cancel_reason) : []),
    { kind: 'facts', facts: factsOf(reader, told) },
  ];
  const all = isWhole && !told.is_private ? attendees : undefined;
  return {
    ...letter(context, { office, told, subject, title, blocks }),
    ...(await attachMeeting(context, found, {
      told,
      attendees: namedInCancellation(all, ownOf(context, attendees)).attendees,
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
  const before = earlier === undefined ? undefined : told.get(earlier);
  if (spanOf(announced).end <= now && !(before && spanOf(before).end > now))
    return { nothing: 'the meeting is over' };
  return {
    meeting,
    told: announced,
    before,
    beforeRevision: earlier,
    attendees: await once(`attendees:${id}`, () => listAttendees(db, id)),
    tokens: (await once(`links:${id}`, () => ensureReplyLinks(db, config, id))).get(
      delivery.participant_id ?? -1,
    ),
    office: await once('office', () => findOfficeName(db)),
  };
}

function attachMeeting(
  context: RenderContext,
  found: Loaded,
  content: Pick<EventContent, 'told' | 'attendees' | 'status'>,
): Promise<Partial<RenderedMail>> {
  const { meeting, tokens } = found;
  const isForAll = content.attendees === found.attendees;
  return attachCalendar(context, {
    method: content.status === 'CONFIRMED' ? 'REQUEST' : 'CANCEL',
    facts: meeting,
    told: content.told,
    organiserEmail: meeting.organiser_email,
    tokens,
    sameFor: [
      meeting.id,
      content.status,
      content.told === found.before ? found.beforeRevision : '',
      isForAll ? 'all' : context.delivery.person_id,
    ],
    events: (frame) => [calendarEvent({ ...frame, ...content })],
  });
}
