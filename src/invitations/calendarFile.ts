import { requireRecipient } from '../lib/ical/checks.js';
import type { CalendarEvent } from '../lib/ical/event.js';
import { writeSeries } from '../lib/ical/write.js';
import { ourMailbox } from '../lib/mail/message.js';
import type { RenderContext, RenderedMail } from '../lib/mail/renderer.js';
import type { Announcement } from './announcement.js';
import type { EventFrame } from './calendarEvent.js';
import { organizerOf, readerOf, replyToOf } from './letter.js';
import type { ReplyTokens } from './replyLink.js';

export interface CalendarFile {
  method: 'REQUEST' | 'CANCEL';
  facts: EventFrame['facts'];
  told: Announcement;
  organiserEmail: string | null;
  tokens: ReplyTokens | undefined;
  /** What makes it another file than the one of others who are told the same in one language. */
  sameFor: readonly unknown[];
  /** The first event stands for all of them when the recipient is checked. */
  events: (frame: EventFrame) => CalendarEvent[];
}

/**
 * The calendar file of a letter, and where answers by hand go. Our own mailbox is the ORGANIZER and gets no
 * REQUEST from itself. Recipients of the same file share it: with 500 participants it names 500 people.
 */
export async function attachCalendar(
  context: RenderContext,
  { method, facts, told, organiserEmail, tokens, sameFor, events }: CalendarFile,
): Promise<Partial<RenderedMail>> {
  const { config, delivery } = context;
  const replyTo = replyToOf(context, told, organiserEmail);
  if (delivery.to_address === ourMailbox(config).address) return replyTo;
  const organizerAddress = organizerOf(config, tokens);
  const key = JSON.stringify([
    'ics',
    facts.uid,
    method,
    delivery.revision,
    delivery.lang,
    delivery.sequence,
    delivery.stamped_at,
    organizerAddress,
    organiserEmail,
    ...sameFor,
  ]);
  const { first, ics } = await context.once(key, () => {
    const made = events({
      facts,
      sequence: delivery.sequence ?? 0,
      stampedAt: delivery.stamped_at,
      organizerAddress,
      sentBy: organiserEmail,
      mailDomain: config.mailDomain,
      reader: readerOf(context),
    });
    return Promise.resolve({ first: made[0], ics: writeSeries(method, made, delivery.to_address) });
  });
  if (method === 'REQUEST' && first) requireRecipient(first, delivery.to_address);
  return { ...replyTo, ics };
}
