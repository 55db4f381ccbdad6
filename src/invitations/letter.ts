import type { Config } from '../config.js';
import { isNormalAddress } from '../lib/mail/address.js';
import { layOut } from '../lib/mail/layout.js';
import { ourMailbox } from '../lib/mail/message.js';
import type { MailBlock, RenderContext, RenderedMail } from '../lib/mail/renderer.js';
import { format } from '../lib/time/format.js';
import {
  linkOf,
  placeText,
  spanOf,
  timeText,
  titleText,
  type Announcement,
  type Reader,
  type ToldField,
} from './announcement.js';
import type { Attendee } from './calendarEvent.js';
import { listAgendaTitles, type OfficeName } from './queries.js';
import type { ReplyTokens } from './replyLink.js';

// What the letters of single and standing meetings have in common.

type Fact = Extract<MailBlock, { kind: 'facts' }>['facts'][number];

export function readerOf({ delivery, t, fmt }: RenderContext): Reader {
  return { lang: delivery.lang, t, fmt };
}

export function ownOf({ delivery }: RenderContext, attendees: Attendee[]): Attendee {
  const own = attendees.find((one) => one.person_id === delivery.person_id);
  if (own) return own;
  return {
    participant_id: delivery.participant_id ?? -1,
    person_id: delivery.person_id,
    name: delivery.to_name,
    name_en: null,
    email: delivery.to_address,
    role: 'required',
    reply: null,
    instead_of_id: null,
  };
}

/** The first sentence of an invitation. */
export function opening(
  { t, fmt }: Reader,
  told: Announcement,
  own: Attendee,
  attendees: Attendee[],
): string {
  const name = fmt.name(told.organiser);
  const original = attendees.find((one) => one.participant_id === own.instead_of_id);
  if (original) return t('invitations.mail.instead', { name: fmt.name(original) });
  if (own.role === 'informed') return t('invitations.mail.informed', { name });
  return told.booked_for
    ? t('invitations.mail.invitedFor', { name, leader: fmt.name(told.booked_for) })
    : t('invitations.mail.invited', { name });
}

interface FactOptions {
  /** What the recipient was told before. */
  before?: Announcement;
  /** What differs from it. */
  changed?: ToldField[];
  /** The recipient, whose role is named. */
  own?: Attendee;
}

/** Label and value of everything people are told; old values stand beside new ones. */
export function factsOf(
  reader: Reader,
  told: Announcement,
  { before, changed = [], own }: FactOptions = {},
): Fact[] {
  const { t, fmt } = reader;
  const fact = (field: ToldField, label: string, say: (one: Announcement) => string, href?: string) => {
    const text = say(told);
    const was = before && changed.includes(field) ? say(before) || t('invitations.mail.nothing') : undefined;
    return text || was ? [{ label, text: text || t('invitations.mail.nothing'), was, href }] : [];
  };
  const link = linkOf(told);
  return [
    ...(changed.includes('title')
      ? fact('title', t('invitations.mail.title'), (one) => titleText(one, reader))
      : []),
    ...fact('time', t('invitations.mail.time'), (one) =>
      timeText(one, reader, (zone) => format(reader.lang, zone)),
    ),
    ...fact('place', t('invitations.mail.place'), (one) => placeText(one, reader)),
    ...fact('link', t('invitations.mail.link'), (one) => linkOf(one) ?? '', link),
    ...fact('chair', t('invitations.mail.chair'), (one) => fmt.name(one.chair)),
    ...fact('organiser', t('invitations.mail.organiser'), (one) => fmt.name(one.organiser)),
    ...(changed.includes('booked_for')
      ? fact('booked_for', t('invitations.mail.bookedFor'), (one) => fmt.name(one.booked_for))
      : []),
    ...(own ? [{ label: t('invitations.mail.role'), text: t(`meetings.role.${own.role}`) }] : []),
  ];
}

export function description({ t }: Reader, told: Announcement, changed: ToldField[]): MailBlock[] {
  if (!told.description) return [];
  const quote: MailBlock = { kind: 'quote', text: told.description };
  return changed.includes('description')
    ? [{ kind: 'paragraph', text: t('invitations.mail.newText') }, quote]
    : [quote];
}

/** The titles of the agenda, when there are any. */
export function agendaBlocks(heading: string, titles: string[]): MailBlock[] {
  if (titles.length === 0) return [];
  return [
    { kind: 'heading', text: heading },
    { kind: 'list', ordered: true, items: titles },
  ];
}

export async function agendaOf({ db, once }: RenderContext, meetingId: number): Promise<string[]> {
  return (await once(`agenda:${meetingId}`, () => listAgendaTitles(db, meetingId))).map(({ title }) => title);
}

/** Why it was called off, when a reason was given. */
export function reasonBlocks({ t }: Reader, reason: string | null | undefined): MailBlock[] {
  return reason ? [{ kind: 'paragraph', text: t('invitations.mail.reason', { reason }) }] : [];
}

/** People who are only informed have nothing to answer. */
export function replyLabel(own: Attendee, label: ButtonLabel): ButtonLabel {
  return own.role === 'informed' ? 'invitations.mail.details' : label;
}

/** A new time or place is a move; everything else is an update. */
export function isMove(changed: ToldField[]): boolean {
  return changed.some((field) => field === 'time' || field === 'place' || field === 'link');
}

/**
 * The attendees of a cancellation: everybody, or only the one who gets it.
 * @param all undefined when the others stay unnamed
 */
export function namedInCancellation(
  all: Attendee[] | undefined,
  own: Attendee,
): { attendees: Attendee[]; sameFor: string } {
  if (all?.some(({ person_id: id }) => id === own.person_id)) return { attendees: all, sameFor: '' };
  return { attendees: [...(all ?? []), own], sameFor: `${own.person_id}` };
}

type ButtonLabel =
  | 'invitations.mail.reply'
  | 'invitations.mail.replyAgain'
  | 'invitations.mail.details'
  | 'standing.mail.reply';

export function button(
  { t, config }: RenderContext,
  tokens: ReplyTokens | undefined,
  label: ButtonLabel,
): MailBlock[] {
  if (!tokens) return [];
  return [
    { kind: 'buttons', buttons: [{ label: t(label), href: `${config.publicUrl}/i/${tokens.link}` }] },
    { kind: 'paragraph', text: t('invitations.mail.personal'), tone: 'soft' },
  ];
}

export function shortTime({ fmt }: Reader, told: Announcement): string {
  const { start } = spanOf(told);
  return told.starts_on ? fmt.shortDate(told.starts_on) : `${fmt.shortDay(start)} ${fmt.time(start)}`;
}

interface Letter {
  office: OfficeName | undefined;
  told: Announcement;
  subject: string;
  title: string;
  blocks: MailBlock[];
}

export function letter(
  context: RenderContext,
  { office, told, subject, title, blocks }: Letter,
): RenderedMail {
  const { t, fmt } = context;
  const organiser = fmt.name(told.organiser);
  return {
    subject,
    ...layOut(
      {
        title,
        blocks,
        footer: [t('invitations.mail.footer', { office: fmt.name(office), name: organiser })],
      },
      readerOf(context),
    ),
    senderName: organiser,
  };
}

/**
 * Clients answer to the ORGANIZER: with a mailbox for replies each participant has an address of their own
 * there.
 */
export function organizerOf(
  config: Pick<Config, 'mailReplyPattern' | 'mailFrom'>,
  tokens: ReplyTokens | undefined,
): string {
  const ours = ourMailbox(config).address;
  return config.mailReplyPattern && tokens
    ? config.mailReplyPattern.replace('{token}', tokens.address).toLowerCase()
    : ours;
}

/** Where people who answer by hand are heard: the human organiser, unless there is a mailbox for replies. */
export function replyToOf(
  { config, fmt }: RenderContext,
  told: Announcement,
  email: string | null,
): Pick<RenderedMail, 'replyTo'> {
  return email && isNormalAddress(email) && !config.mailReplyPattern
    ? { replyTo: { name: fmt.name(told.organiser), address: email } }
    : {};
}
