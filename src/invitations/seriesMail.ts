import { ourMailbox } from '../lib/mail/message.js';
import type {
  MailBlock,
  MailRenderer,
  NothingToSend,
  RenderContext,
  RenderedMail,
} from '../lib/mail/renderer.js';
import { format } from '../lib/time/format.js';
import { readRule, describeRule } from '../series/recurrence.js';
import type { ReplyStatus } from '../meetings/states.js';
import {
  differingFields,
  linkOf,
  placeText,
  titleText,
  type Announcement,
  type Reader,
  type ToldField,
} from './announcement.js';
import type { Attendee } from './calendarEvent.js';
import { requireRecipient } from '../lib/ical/checks.js';
import { writeSeries } from '../lib/ical/write.js';
import { type CalendarEvent } from '../lib/ical/event.js';
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
import { findOfficeName, findTellable, listAgendaTitles, type OfficeName, type Tellable } from './queries.js';
import type { ReplyTokens } from './replyLink.js';
import {
  dateCancelled,
  oneDate,
  seriesCancelled,
  wholeSet,
  type SeriesFrame,
  type SeriesPeople,
} from './seriesEvent.js';
import {
  findRule,
  isTakenOver,
  listSeriesAttendees,
  listToldSeries,
  viewIn,
  type SeriesPayload,
  type StandingRule,
} from './seriesQueries.js';
import { groupedBy } from '../lib/groupedBy.js';
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

// Letters about standing meetings: the whole, one date, or its end; the calendar file says the same.

/** A mail names this many dates; the calendar file has all of them. */
const NAMED = 60;

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
  const everybody = await once(`series people:${id}`, async () => gather(await listSeriesAttendees(db, id)));
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

type OnDate = Attendee & { meeting_id: number };

interface Everybody {
  whole: Attendee[];
  byPerson: Map<number, OnDate[]>;
  byDate: Map<number, OnDate[]>;
}

/** Once for all who are told: a year of dates for hundreds of people is a long list. */
function gather(all: readonly OnDate[]): Everybody {
  const [byPerson, byDate] = [
    groupedBy(all, ({ person_id: id }) => id),
    groupedBy(all, ({ meeting_id: id }) => id),
  ];
  return {
    whole: [...byPerson.values()].flatMap((own) =>
      own[0] ? [{ ...own[0], reply: mostFrequent(own), instead_of_id: null }] : [],
    ),
    byPerson,
    byDate,
  };
}

/**
 * Answers are given date by date; to the whole a person's most frequent one belongs, and dates with another are exceptions of theirs.
 * @param isCut nobody learns who else takes part
 */
function peopleOf({ whole, byPerson, byDate }: Everybody, recipient: number, isCut: boolean): SeriesPeople {
  const own = byPerson.get(recipient) ?? [];
  const ownReply = mostFrequent(own);
  const differing = new Set(own.filter(({ reply }) => reply !== ownReply).map(({ meeting_id: id }) => id));
  const cut = <T extends Attendee>(people: T[]) =>
    isCut ? people.filter(({ person_id: id }) => id === recipient) : people;
  return {
    whole: cut(whole),
    at: (meetingId) => cut(byDate.get(meetingId) ?? []),
    differs: (meetingId) => differing.has(meetingId),
    sameFor: isCut ? `${recipient}` : [...differing].join(),
  };
}

/** A substitute is named for one date: nobody delegates the whole. */
function mostFrequent(seats: Attendee[]): ReplyStatus | null {
  const counts = new Map<ReplyStatus | null, number>();
  for (const { reply } of seats) if (reply !== 'delegated') counts.set(reply, (counts.get(reply) ?? 0) + 1);
  return [...counts].sort(([, a], [, b]) => b - a)[0]?.[0] ?? null;
}

async function renderInvitation(context: RenderContext, found: Loaded): Promise<RenderedMail> {
  const { told, view, people, tokens } = found;
  const reader = readerOf(context);
  const { t } = reader;
  const own = ownOf(context, people.whole);
  const title = titleText(told.usual, reader);
  const coming = comingOf(view, context.now);
  const agenda = await agendaOf(context, found.meeting.id);
  const blocks: MailBlock[] = [
    { kind: 'paragraph', text: opening(reader, told.usual, false, [], own, people.whole) },
    {
      kind: 'facts',
      facts: [
        ruleFact(reader, told),
        ...factsOf(reader, { ...told.usual, ...spanOfDate(coming[0]) }, undefined, [], own).slice(1),
      ],
    },
    ...description(reader, told.usual, []),
    { kind: 'heading', text: t('standing.mail.dates', { count: coming.length }) },
    {
      kind: 'list',
      items: named(
        reader,
        coming.map((date) => dateText(reader, told, date)),
      ),
    },
    ...offOf(reader, view, context.now),
    ...(agenda.length > 0
      ? [
          { kind: 'heading' as const, text: t('standing.mail.agenda') },
          { kind: 'list' as const, ordered: true, items: agenda },
        ]
      : []),
    ...button(context, tokens, own.role === 'informed' ? 'invitations.mail.details' : 'standing.mail.reply'),
  ];
  return {
    ...letter(
      context,
      found.office,
      told.usual,
      t('standing.mail.subject.invitation', { title, rule: ruleText(reader, told) }),
      title,
      blocks,
    ),
    ...(await calendarPart(context, found, 'REQUEST', people.sameFor, (frame) =>
      wholeSet(view, frame, people),
    )),
  };
}

/** Several dates are not as they were; or all of them have a new text. */
async function renderUpdate(context: RenderContext, found: Loaded, held: SeriesView): Promise<RenderedMail> {
  const { told, view, people, tokens } = found;
  const reader = readerOf(context);
  const { t, fmt } = reader;
  const own = ownOf(context, people.whole);
  const title = titleText(told.usual, reader);
  const changes = changesBetween(held, view, context.now);
  const common = differingFields(withoutTime(held.told.usual), withoutTime(told.usual));
  const [handedOver, others] = [
    changes.filter((one) => isHandedOver(told, one)),
    changes.filter((one) => !isHandedOver(told, one) && !isExplained(held.told, told, one, common)),
  ];
  const asks = changes.some((one) => one.asks && one.is !== undefined);
  const first = comingOf(view, context.now)[0];
  const blocks: MailBlock[] = [
    {
      kind: 'paragraph',
      text: t(asks ? 'standing.mail.moved' : 'standing.mail.changed', {
        name: fmt.name(told.usual.organiser),
      }),
    },
    ...(others.length > 0
      ? [
          { kind: 'heading' as const, text: t('standing.mail.news') },
          {
            kind: 'list' as const,
            items: named(
              reader,
              others.map((one) => changeText(reader, held.told, told, one)),
            ),
          },
        ]
      : []),
    ...(handedOver[0]
      ? [
          {
            kind: 'paragraph' as const,
            text: t(found.isTakenOver ? 'standing.mail.goesOn' : 'standing.mail.leaves', {
              day: fmt.day(new Date(handedOver[0].at)),
            }),
          },
        ]
      : []),
    {
      kind: 'facts',
      facts: [
        ruleFact(reader, told),
        ...factsOf(
          reader,
          { ...told.usual, ...spanOfDate(first) },
          common.length > 0 ? { ...held.told.usual, ...spanOfDate(first) } : undefined,
          common,
          own,
        ).filter(({ label }) => label !== t('invitations.mail.time')),
      ],
    },
    ...description(reader, told.usual, common),
    ...(first
      ? button(
          context,
          tokens,
          own.role === 'informed'
            ? 'invitations.mail.details'
            : asks
              ? 'standing.mail.reply'
              : 'invitations.mail.details',
        )
      : []),
  ];
  return {
    ...letter(
      context,
      found.office,
      told.usual,
      t(asks ? 'standing.mail.subject.moved' : 'standing.mail.subject.updated', {
        title,
        rule: ruleText(reader, told),
      }),
      title,
      blocks,
    ),
    ...(await calendarPart(context, found, 'REQUEST', people.sameFor, (frame) =>
      wholeSet(view, frame, people),
    )),
  };
}

/** One date: moved, elsewhere, another text, or one more. */
async function renderDate(context: RenderContext, found: Loaded): Promise<RenderedMail | NothingToSend> {
  const { told, held, payload, people, tokens } = found;
  const reader = readerOf(context);
  const { t, fmt } = reader;
  const date = told.dates.find(({ at }) => at === payload.at);
  if (!date) return { nothing: 'no such date' };
  const here = people.at(date.meetingId);
  const own = ownOf(context, here);
  const now = toldOf(told, date);
  const wasDate = held && datesIn(held).get(date.at);
  const was = held && wasDate && toldOf(held.told, wasDate);
  const changed = was ? differingFields(was, now) : [];
  const title = titleText(now, reader);
  const agenda = await agendaOf(context, date.meetingId);
  const subject = !was
    ? 'standing.mail.subject.date'
    : changed.some((field) => field === 'time' || field === 'place' || field === 'link')
      ? 'invitations.mail.subject.moved'
      : 'invitations.mail.subject.updated';
  const blocks: MailBlock[] = [
    {
      kind: 'paragraph',
      text: was
        ? t(changed.includes('time') ? 'standing.mail.dateMoved' : 'standing.mail.dateChanged', {
            name: fmt.name(now.organiser),
          })
        : t('standing.mail.dateMore', { name: fmt.name(now.organiser) }),
    },
    {
      kind: 'facts',
      facts: [...factsOf(reader, now, was, changed, own), ruleFact(reader, told, 'standing.mail.belongs')],
    },
    ...description(reader, now, changed),
    ...(agenda.length > 0
      ? [
          { kind: 'heading' as const, text: t('invitations.mail.agenda') },
          { kind: 'list' as const, ordered: true, items: agenda },
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
  return {
    ...letter(context, found.office, now, t(subject, { title, when: shortTime(reader, now) }), title, blocks),
    ...(await calendarPart(context, found, 'REQUEST', people.sameFor, (frame) => [
      oneDate(told, date, frame, here),
    ])),
  };
}

async function renderDateCancelled(
  context: RenderContext,
  found: Loaded,
): Promise<RenderedMail | NothingToSend> {
  const { told, held, payload, people } = found;
  const reader = readerOf(context);
  const { t, fmt } = reader;
  const date = held && datesIn(held).get(payload.at ?? '');
  if (!held || !date) return { nothing: 'the date was not known' };
  const last = toldOf(held.told, date);
  const isWhole = payload.whole === true;
  const own = ownOf(context, people.at(date.meetingId));
  const title = titleText(last, reader);
  const reason = told.dates.find(({ at }) => at === date.at)?.reason;
  const blocks: MailBlock[] = [
    {
      kind: 'paragraph',
      text: t(isWhole ? 'standing.mail.dateCancelled' : 'standing.mail.dateWithout', {
        name: fmt.name(last.organiser),
      }),
    },
    ...(isWhole && reason
      ? [{ kind: 'paragraph' as const, text: t('invitations.mail.reason', { reason }) }]
      : []),
    {
      kind: 'facts',
      facts: [
        ...factsOf(reader, last, undefined, [], undefined),
        ruleFact(reader, told, 'standing.mail.belongs'),
      ],
    },
  ];
  const all = isWhole && !isPrivate(held.told) ? people.whole : undefined;
  return {
    ...letter(
      context,
      found.office,
      last,
      t(isWhole ? 'invitations.mail.subject.cancelled' : 'invitations.mail.subject.uninvited', {
        title,
        when: shortTime(reader, last),
      }),
      title,
      blocks,
    ),
    ...(await calendarPart(context, found, 'CANCEL', sameOf(all, own), (frame) => [
      dateCancelled(held.told, date, frame, withOwn(all, own), isWhole),
    ])),
  };
}

async function renderCancelled(context: RenderContext, found: Loaded): Promise<RenderedMail | NothingToSend> {
  const { held, payload, people, meeting } = found;
  if (!held) return { nothing: 'nothing was held' };
  const reader = readerOf(context);
  const { t, fmt } = reader;
  const { told } = held;
  const own = ownOf(context, people.whole);
  const isWhole = payload.whole === true;
  const title = titleText(told.usual, reader);
  const all = isWhole && !isPrivate(told) ? people.whole : undefined;
  const way = found.isTakenOver ? 'replaced' : isWhole ? 'cancelled' : 'uninvited';
  const blocks: MailBlock[] = [
    { kind: 'paragraph', text: t(`standing.mail.${way}`, { name: fmt.name(told.usual.organiser) }) },
    ...(way === 'cancelled' && meeting.cancel_reason
      ? [
          {
            kind: 'paragraph' as const,
            text: t('invitations.mail.reason', { reason: meeting.cancel_reason }),
          },
        ]
      : []),
    {
      kind: 'facts',
      facts: [ruleFact(reader, told), ...factsOf(reader, told.usual, undefined, [], undefined).slice(1)],
    },
  ];
  return {
    ...letter(
      context,
      found.office,
      told.usual,
      t(`standing.mail.subject.${way}`, { title, rule: ruleText(reader, told) }),
      title,
      blocks,
    ),
    ...(await calendarPart(context, found, 'CANCEL', sameOf(all, own), (frame) => [
      seriesCancelled(held, frame, withOwn(all, own), isWhole),
    ])),
  };
}

/** Who is named in a cancellation: everybody, or the one who gets it. */
function withOwn(all: Attendee[] | undefined, own: Attendee): Attendee[] {
  return !all ? [own] : isAmong(all, own) ? all : [...all, own];
}

function sameOf(all: Attendee[] | undefined, own: Attendee): string {
  return all && isAmong(all, own) ? '' : `${own.person_id}`;
}

function isAmong(people: Attendee[], { person_id: own }: Attendee): boolean {
  return people.some(({ person_id: id }) => id === own);
}

function comingOf(view: SeriesView, now: Date): ToldDate[] {
  return [...datesIn(view).values()].filter(({ end }) => Date.parse(end) > now.getTime());
}

function spanOfDate(date: ToldDate | undefined): Partial<Announcement> {
  return date ? { starts_at: date.start, ends_at: date.end } : {};
}

function withoutTime(told: Announcement): Announcement {
  return { ...told, starts_at: null, ends_at: null, number: null };
}

/** The date went over to another rule, or stands for itself now. */
function isHandedOver(told: ToldSeries, change: DateChange): boolean {
  return change.is === undefined && !told.dates.some(({ at }) => at === change.at);
}

/** It differs only by what is new for all of them. */
function isExplained(
  before: ToldSeries,
  after: ToldSeries,
  { was, is }: DateChange,
  common: ToldField[],
): boolean {
  if (!was || !is || common.length === 0 || was.own || is.own) return false;
  return (
    was.start === is.start &&
    was.end === is.end &&
    differingFields(toldOf(before, was), toldOf(after, is)).every((field) => common.includes(field))
  );
}

/** "every Monday 09:00–10:00 (China Standard Time)": in the zone of the rule, whose weekdays they are. */
function ruleText({ t, lang }: Reader, told: ToldSeries): string {
  const [start, end] = usualSpan(told);
  return t('standing.mail.rule', {
    rule: describeRule(t, readRule(told.rule)),
    range: format(lang, told.zone).range(start, end),
  });
}

function ruleFact(
  reader: Reader,
  told: ToldSeries,
  label: 'invitations.mail.time' | 'standing.mail.belongs' = 'invitations.mail.time',
) {
  const [start] = usualSpan(told);
  return {
    label: reader.t(label),
    text: reader.t('standing.mail.inZone', {
      rule: ruleText(reader, told),
      zone: reader.fmt.zoneName(told.zone, start),
    }),
  };
}

function usualSpan(told: ToldSeries): [Date, Date] {
  const plain = told.dates.find(
    ({ at, start, end, isOn }) =>
      isOn && at === start && Date.parse(end) - Date.parse(start) === told.minutes * 60_000,
  );
  const start = new Date(plain?.start ?? told.dates[0]?.at ?? told.until);
  return [start, new Date(start.getTime() + told.minutes * 60_000)];
}

/** A date with what is unusual about it. */
function dateText(reader: Reader, told: ToldSeries, date: ToldDate): string {
  const { t } = reader;
  const when = whenText(reader, date);
  const place =
    date.own && placeText(date.own, reader) !== placeText(told.usual, reader)
      ? placeText(date.own, reader)
      : '';
  return place
    ? t('standing.mail.at', { when, place })
    : date.own && date.own.title !== told.usual.title
      ? t('standing.mail.as', { when, title: date.own.title })
      : when;
}

function whenText({ fmt }: Reader, { start, end }: ToldDate): string {
  return `${fmt.day(new Date(start))} ${fmt.range(new Date(start), new Date(end))}`;
}

function changeText(
  reader: Reader,
  before: ToldSeries,
  after: ToldSeries,
  { at, was, is }: DateChange,
): string {
  const { t } = reader;
  if (!is) {
    const reason = after.dates.find((date) => date.at === at && !date.isOn)?.reason;
    const isOff = after.dates.some((date) => date.at === at && !date.isOn);
    const when = was ? whenText(reader, was) : '';
    return !isOff
      ? t('standing.mail.line.without', { when })
      : reason
        ? t('standing.mail.line.offBecause', { when, reason })
        : t('standing.mail.line.off', { when });
  }
  if (!was) return t('standing.mail.line.more', { when: dateText(reader, after, is) });
  const [told, now] = [toldOf(before, was), toldOf(after, is)];
  if (was.start !== is.start || was.end !== is.end)
    return t('standing.mail.line.moved', { was: whenText(reader, was), now: dateText(reader, after, is) });
  if (placeText(told, reader) !== placeText(now, reader))
    return t('standing.mail.line.place', {
      when: whenText(reader, is),
      place: placeText(now, reader) || (linkOf(now) ?? t('invitations.mail.nothing')),
    });
  return t('standing.mail.line.text', { when: whenText(reader, is), title: now.title });
}

/** Dates of the rule that are known not to take place. */
function offOf(reader: Reader, { told, from }: SeriesView, now: Date): MailBlock[] {
  const off = told.dates.filter(
    ({ isOn, at, end }) => !isOn && at >= from && Date.parse(end) > now.getTime(),
  );
  if (off.length === 0) return [];
  const { t, fmt } = reader;
  return [
    { kind: 'heading', text: t('standing.mail.off') },
    {
      kind: 'list',
      items: named(
        reader,
        off.map(({ start, reason }) =>
          reason
            ? t('standing.mail.line.offDay', { day: fmt.day(new Date(start)), reason })
            : fmt.day(new Date(start)),
        ),
      ),
    },
  ];
}

function named({ t }: Reader, lines: string[]): string[] {
  return lines.length <= NAMED
    ? lines
    : [...lines.slice(0, NAMED), t('standing.mail.further', { count: lines.length - NAMED })];
}

async function agendaOf({ db, once }: RenderContext, meetingId: number): Promise<string[]> {
  return (await once(`agenda:${meetingId}`, () => listAgendaTitles(db, meetingId))).map(({ title }) => title);
}

/**
 * Our own mailbox is the ORGANIZER and gets no REQUEST from itself. Whoever is told the same in one language gets the same file:
 * with 500 participants it names 500 people, and is written once.
 * @param sameFor what makes it another file than everybody's
 */
async function calendarPart(
  context: RenderContext,
  found: Loaded,
  method: 'REQUEST' | 'CANCEL',
  sameFor: string,
  events: (frame: SeriesFrame) => CalendarEvent[],
): Promise<Partial<RenderedMail>> {
  const { config, delivery } = context;
  const { rule, told, meeting, tokens, payload } = found;
  const email = meeting.organiser_email;
  const replyTo = replyToOf(context, told.usual, email);
  if (delivery.to_address === ourMailbox(config).address) return replyTo;
  const organizerAddress = organizerOf(config, tokens);
  const { from, without, kind, at, whole, before } = payload;
  const key = JSON.stringify([
    'series ics',
    rule.id,
    method,
    delivery.revision,
    delivery.lang,
    delivery.sequence,
    delivery.stamped_at,
    organizerAddress,
    email,
    from,
    without,
    kind,
    at,
    whole,
    before,
    sameFor,
  ]);
  const { first, ics } = await context.once(key, () => {
    const made = events({
      facts: { uid: rule.uid, created_at: rule.created_at, updated_at: delivery.stamped_at },
      sequence: delivery.sequence ?? 0,
      stampedAt: delivery.stamped_at,
      organizerAddress,
      sentBy: email,
      mailDomain: config.mailDomain,
      reader: readerOf(context),
    });
    return Promise.resolve({ first: made[0], ics: writeSeries(method, made, delivery.to_address) });
  });
  if (method === 'REQUEST' && first) requireRecipient(first, delivery.to_address);
  return { ...replyTo, ics };
}
