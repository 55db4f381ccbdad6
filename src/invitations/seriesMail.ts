import type {
  MailBlock,
  MailRenderer,
  NothingToSend,
  RenderContext,
  RenderedMail,
} from '../lib/mail/renderer.js';
import { differingFields, titleText, type Reader, type ToldField } from './announcement.js';
import type { Attendee } from './calendarEvent.js';
import { attachCalendar, type CalendarFile } from './calendarFile.js';
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
import { findOfficeName, findTellable, type OfficeName, type Tellable } from './queries.js';
import type { ReplyTokens } from './replyLink.js';
import { oneDate, seriesCancelled, wholeSet, type SeriesPeople } from './seriesEvent.js';
import { gatherPeople, peopleOf } from './seriesPeople.js';
import {
  findRule,
  isTakenOver,
  listSeriesAttendees,
  listToldSeries,
  viewIn,
  type SeriesPayload,
  type StandingRule,
} from './seriesQueries.js';
import {
  changesBetween,
  datesIn,
  isPrivate,
  toldOf,
  type DateChange,
  type SeriesView,
  type ToldDate,
  type ToldSeries,
} from './seriesView.js';
import {
  changeText,
  comingOf,
  dateText,
  isExplained,
  isHandedOver,
  named,
  offOf,
  ruleFact,
  ruleText,
  spanOfDate,
  withoutTime,
} from './seriesWords.js';

// Letters about standing meetings: the whole, one date, or its end; the calendar file says the same.

interface Loaded {
  rule: StandingRule;
  told: ToldSeries;
  view: SeriesView;
  held: SeriesView | undefined;
  /** The date whose link the letter has. */
  meeting: Tellable;
  payload: SeriesPayload;
  people: SeriesPeople;
  tokens: ReplyTokens | undefined;
  office: OfficeName | undefined;
  isTakenOver: boolean;
}

export const renderSeries: MailRenderer = async (context) => {
  const found = await load(context);
  if ('nothing' in found) return found;
  const { kind, at } = found.payload;
  const named =
    kind === 'date'
      ? found.people.at(found.told.dates.find((date) => date.at === at)?.meetingId ?? -1)
      : found.people.whole;
  // Taken off the list since: the cancellation says so, to whom anything was said.
  if (
    (kind === 'whole' || kind === 'date') &&
    !named.some(({ person_id: id }) => id === context.delivery.person_id)
  )
    return { nothing: 'not invited any more' };
  switch (kind) {
    case 'whole':
      return found.held ? renderUpdate(context, found, found.held) : renderInvitation(context, found);
    case 'date':
      return renderDate(context, found);
    case 'dateCancelled':
      return renderDateCancelled(context, found);
    case 'cancelled':
      return renderCancelled(context, found);
  }
};

/** Most of it is the same for everybody who is told at once. */
async function load({ db, config, delivery, once }: RenderContext): Promise<Loaded | NothingToSend> {
  const id = delivery.recurrence_id ?? -1;
  const payload = delivery.payload as unknown as SeriesPayload;
  const rule = await once(`rule:${id}`, () => findRule(db, id));
  const meeting = await once(`meeting:${payload.meeting}`, () => findTellable(db, payload.meeting));
  const revisions = [delivery.revision, payload.before?.revision ?? delivery.revision];
  const tellings = await once(`series:${id}:${revisions.join()}`, () => listToldSeries(db, id, revisions));
  const view = viewIn(tellings, { revision: delivery.revision, ...payload });
  if (!rule || !meeting || !view) return { nothing: 'nothing was announced' };
  const everybody = await once(`series people:${id}`, async () =>
    gatherPeople(await listSeriesAttendees(db, id)),
  );
  return {
    rule,
    told: view.told,
    view,
    meeting,
    payload,
    held: payload.before && viewIn(tellings, payload.before),
    people: peopleOf(everybody, delivery.person_id, isPrivate(view.told)),
    tokens:
      delivery.participant_id === null
        ? undefined
        : (await once(`links:${meeting.id}`, () => ensureReplyLinks(db, config, meeting.id))).get(
            delivery.participant_id,
          ),
    office: await once('office', () => findOfficeName(db)),
    isTakenOver: await once(`taken over:${id}`, () => isTakenOver(db, id)),
  };
}

async function renderInvitation(context: RenderContext, found: Loaded): Promise<RenderedMail> {
  const { told, view, people, tokens, office } = found;
  const reader = readerOf(context);
  const { t } = reader;
  const own = ownOf(context, people.whole);
  const title = titleText(told.usual, reader);
  const subject = t('standing.mail.subject.invitation', { title, rule: ruleText(reader, told) });
  const coming = comingOf(view, context.now);
  const facts = factsOf(reader, { ...told.usual, ...spanOfDate(coming[0]) }, { own });
  const dates = coming.map((date) => dateText(reader, told, date));
  const blocks: MailBlock[] = [
    { kind: 'paragraph', text: opening(reader, told.usual, own, people.whole) },
    { kind: 'facts', facts: [ruleFact(reader, told), ...facts.slice(1)] },
    ...description(reader, told.usual, []),
    { kind: 'heading', text: t('standing.mail.dates', { count: coming.length }) },
    { kind: 'list', items: named(reader, dates) },
    ...offOf(reader, view, context.now),
    ...agendaBlocks(t('standing.mail.agenda'), await agendaOf(context, found.meeting.id)),
    ...button(context, tokens, replyLabel(own, 'standing.mail.reply')),
  ];
  return {
    ...letter(context, { office, told: told.usual, subject, title, blocks }),
    ...(await attachWhole(context, found)),
  };
}

/** Several dates are not as they were; or all of them have a new text. */
async function renderUpdate(context: RenderContext, found: Loaded, held: SeriesView): Promise<RenderedMail> {
  const { told, view, people, tokens, office } = found;
  const reader = readerOf(context);
  const { t, fmt } = reader;
  const own = ownOf(context, people.whole);
  const title = titleText(told.usual, reader);
  const changes = changesBetween(held, view, context.now);
  const common = differingFields(withoutTime(held.told.usual), withoutTime(told.usual));
  const others = changes.filter(
    (one) => !isHandedOver(told, one) && !isExplained(held.told, told, one, common),
  );
  const asks = changes.some((one) => one.asks && one.is !== undefined);
  const subject = t(asks ? 'standing.mail.subject.moved' : 'standing.mail.subject.updated', {
    title,
    rule: ruleText(reader, told),
  });
  const name = fmt.name(told.usual.organiser);
  const first = comingOf(view, context.now)[0];
  const label = replyLabel(own, asks ? 'standing.mail.reply' : 'invitations.mail.details');
  const lines = others.map((one) => changeText(reader, held.told, told, one));
  const blocks: MailBlock[] = [
    { kind: 'paragraph', text: t(asks ? 'standing.mail.moved' : 'standing.mail.changed', { name }) },
    ...newsBlocks(reader, lines),
    ...handedOverBlocks(reader, found, changes),
    { kind: 'facts', facts: updatedFacts(reader, held.told, told, { changed: common, own, first }) },
    ...description(reader, told.usual, common),
    ...(first ? button(context, tokens, label) : []),
  ];
  return {
    ...letter(context, { office, told: told.usual, subject, title, blocks }),
    ...(await attachWhole(context, found)),
  };
}

function newsBlocks(reader: Reader, lines: string[]): MailBlock[] {
  if (lines.length === 0) return [];
  return [
    { kind: 'heading', text: reader.t('standing.mail.news') },
    { kind: 'list', items: named(reader, lines) },
  ];
}

/** From which day on another rule, or none, has the dates. */
function handedOverBlocks(
  { t, fmt }: Reader,
  { told, isTakenOver }: Loaded,
  changes: DateChange[],
): MailBlock[] {
  const first = changes.find((one) => isHandedOver(told, one));
  if (!first) return [];
  const day = fmt.day(new Date(first.at));
  return [
    { kind: 'paragraph', text: t(isTakenOver ? 'standing.mail.goesOn' : 'standing.mail.leaves', { day }) },
  ];
}

/** The usual facts, old values beside new ones; the rule stands for the time. */
function updatedFacts(
  reader: Reader,
  before: ToldSeries,
  told: ToldSeries,
  { changed, own, first }: { changed: ToldField[]; own: Attendee; first: ToldDate | undefined },
) {
  const facts = factsOf(
    reader,
    { ...told.usual, ...spanOfDate(first) },
    { before: { ...before.usual, ...spanOfDate(first) }, changed, own },
  );
  const time = reader.t('invitations.mail.time');
  return [ruleFact(reader, told), ...facts.filter(({ label }) => label !== time)];
}

/** One date: moved, elsewhere, another text, or one more. */
async function renderDate(context: RenderContext, found: Loaded): Promise<RenderedMail | NothingToSend> {
  const { told, held, payload, people, tokens, office } = found;
  const reader = readerOf(context);
  const { t } = reader;
  const date = told.dates.find(({ at }) => at === payload.at);
  if (!date) return { nothing: 'no such date' };
  const attendees = people.at(date.meetingId);
  const own = ownOf(context, attendees);
  const now = toldOf(told, date);
  const wasDate = held && datesIn(held).get(date.at);
  const was = held && wasDate && toldOf(held.told, wasDate);
  const changed = was ? differingFields(was, now) : [];
  const isMoved = changed.includes('time');
  const title = titleText(now, reader);
  const updated = isMove(changed) ? 'invitations.mail.subject.moved' : 'invitations.mail.subject.updated';
  const subject = t(was ? updated : 'standing.mail.subject.date', { title, when: shortTime(reader, now) });
  const news = isMoved ? 'standing.mail.dateMoved' : 'standing.mail.dateChanged';
  const name = reader.fmt.name(now.organiser);
  const facts = factsOf(reader, now, { before: was, changed, own });
  const blocks: MailBlock[] = [
    { kind: 'paragraph', text: t(was ? news : 'standing.mail.dateMore', { name }) },
    { kind: 'facts', facts: [...facts, ruleFact(reader, told, 'standing.mail.belongs')] },
    ...description(reader, now, changed),
    ...agendaBlocks(t('invitations.mail.agenda'), await agendaOf(context, date.meetingId)),
    ...button(
      context,
      tokens,
      replyLabel(own, isMoved ? 'invitations.mail.replyAgain' : 'invitations.mail.reply'),
    ),
  ];
  return {
    ...letter(context, { office, told: now, subject, title, blocks }),
    ...(await attachSeries(context, found, 'REQUEST', {
      sameFor: people.sameFor,
      events: (frame) => [oneDate(told, date, frame, { attendees, status: 'CONFIRMED' })],
    })),
  };
}

async function renderDateCancelled(
  context: RenderContext,
  found: Loaded,
): Promise<RenderedMail | NothingToSend> {
  const { told, held, payload, people, office } = found;
  const reader = readerOf(context);
  const { t } = reader;
  const date = held && datesIn(held).get(payload.at ?? '');
  if (!held || !date) return { nothing: 'the date was not known' };
  const last = toldOf(held.told, date);
  const isWhole = payload.whole === true;
  const title = titleText(last, reader);
  const subject = t(isWhole ? 'invitations.mail.subject.cancelled' : 'invitations.mail.subject.uninvited', {
    title,
    when: shortTime(reader, last),
  });
  const reason = told.dates.find(({ at }) => at === date.at)?.reason;
  const name = reader.fmt.name(last.organiser);
  const blocks: MailBlock[] = [
    {
      kind: 'paragraph',
      text: t(isWhole ? 'standing.mail.dateCancelled' : 'standing.mail.dateWithout', { name }),
    },
    ...(isWhole ? reasonBlocks(reader, reason) : []),
    {
      kind: 'facts',
      facts: [...factsOf(reader, last), ruleFact(reader, told, 'standing.mail.belongs')],
    },
  ];
  const all = isWhole && !isPrivate(held.told) ? people.whole : undefined;
  const { attendees, sameFor } = namedInCancellation(all, ownOf(context, people.at(date.meetingId)));
  const status = isWhole ? 'CANCELLED' : undefined;
  return {
    ...letter(context, { office, told: last, subject, title, blocks }),
    ...(await attachSeries(context, found, 'CANCEL', {
      sameFor,
      events: (frame) => [oneDate(held.told, date, frame, { attendees, status })],
    })),
  };
}

async function renderCancelled(context: RenderContext, found: Loaded): Promise<RenderedMail | NothingToSend> {
  const { held, payload, people, meeting, office } = found;
  if (!held) return { nothing: 'nothing was held' };
  const reader = readerOf(context);
  const { t } = reader;
  const { told } = held;
  const isWhole = payload.whole === true;
  const withdrawn = isWhole ? 'cancelled' : 'uninvited';
  const way = found.isTakenOver ? 'replaced' : withdrawn;
  const title = titleText(told.usual, reader);
  const subject = t(`standing.mail.subject.${way}`, { title, rule: ruleText(reader, told) });
  const blocks: MailBlock[] = [
    { kind: 'paragraph', text: t(`standing.mail.${way}`, { name: reader.fmt.name(told.usual.organiser) }) },
    ...(way === 'cancelled' ? reasonBlocks(reader, meeting.cancel_reason) : []),
    { kind: 'facts', facts: [ruleFact(reader, told), ...factsOf(reader, told.usual).slice(1)] },
  ];
  const all = isWhole && !isPrivate(told) ? people.whole : undefined;
  const { attendees, sameFor } = namedInCancellation(all, ownOf(context, people.whole));
  const status = isWhole ? 'CANCELLED' : undefined;
  return {
    ...letter(context, { office, told: told.usual, subject, title, blocks }),
    ...(await attachSeries(context, found, 'CANCEL', {
      sameFor,
      events: (frame) => [seriesCancelled(held, frame, { attendees, status })],
    })),
  };
}

function attachWhole(context: RenderContext, found: Loaded): Promise<Partial<RenderedMail>> {
  const { view, people } = found;
  return attachSeries(context, found, 'REQUEST', {
    sameFor: people.sameFor,
    events: (frame) => wholeSet(view, frame, people),
  });
}

/** @param file what it names, and what makes it another file than everybody's */
function attachSeries(
  context: RenderContext,
  { rule, told, meeting, tokens, payload }: Loaded,
  method: CalendarFile['method'],
  file: { sameFor: string; events: CalendarFile['events'] },
): Promise<Partial<RenderedMail>> {
  const { from, without, kind, at, whole, before } = payload;
  return attachCalendar(context, {
    method,
    facts: { uid: rule.uid, created_at: rule.created_at, updated_at: context.delivery.stamped_at },
    told: told.usual,
    organiserEmail: meeting.organiser_email,
    tokens,
    sameFor: [from, without, kind, at, whole, before, file.sameFor],
    events: file.events,
  });
}
