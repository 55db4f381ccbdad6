import { z } from 'zod';
import { layOut } from '../lib/mail/layout.js';
import {
  asNotice,
  type MailBlock,
  type MailRenderer,
  type MailRenderers,
  type NothingToSend,
  type RenderContext,
  type RenderedMail,
} from '../lib/mail/renderer.js';
import { findPersonOption } from '../people/queries.js';
import { listRoomOptions } from '../rooms/queries.js';
import { linkFor } from './linkCommands.js';
import {
  findPollBrief,
  findPollFor,
  listOptions,
  listPeople,
  listRemoved,
  type Poll,
  type PollOption,
} from './queries.js';
import { isAnyNews, newsOf, type News, type KnownPoll } from './news.js';

// Each mail is read as its recipient may see the poll; what was answered, chosen or cancelled meanwhile is
// not asked for again.

const Payload = z.object({ poll_id: z.number() });
const ChangePayload = z.object({
  before: z.object({
    title: z.string(),
    deadline: z.string(),
    times: z.record(z.string(), z.array(z.number())),
    answered: z.array(z.number()),
  }),
});
const GONE: NothingToSend = { nothing: 'the poll is no longer as this mail would tell it' };

interface PollContext extends RenderContext {
  poll: Poll;
  options: PollOption[];
  organiser: string;
  link: string;
}

function about(
  make: (c: PollContext) => Promise<RenderedMail | NothingToSend> | RenderedMail | NothingToSend,
): MailRenderer {
  return async (c) => {
    const { poll_id } = Payload.parse(c.delivery.payload);
    const poll = await findPollFor(c.db, c.delivery.person_id, poll_id);
    if (!poll) return GONE;
    const [options, link] = await Promise.all([
      listOptions(c.db, poll_id),
      linkFor(c.db, c.config, poll_id, c.delivery.person_id),
    ]);
    return make({ ...c, poll, options, organiser: c.fmt.name(poll.organiser), link });
  };
}

const whenOf = (c: PollContext, one: Pick<PollOption, 'starts_at' | 'ends_at'>): string =>
  `${c.fmt.day(one.starts_at)} ${c.fmt.range(one.starts_at, one.ends_at)}`;

/** @param href where the button leads; the poll itself unless given */
async function letter(
  c: PollContext,
  subject: string,
  blocks: MailBlock[],
  { button, href = c.link }: { button: string; href?: string },
): Promise<RenderedMail> {
  const sender = await c.once(`person:${c.poll.organiser_id}`, () =>
    findPersonOption(c.db, c.poll.organiser_id),
  );
  const made = layOut(
    { title: subject, blocks: [...blocks, { kind: 'buttons', buttons: [{ label: button, href }] }] },
    { lang: c.delivery.lang, t: c.t, fmt: c.fmt },
  );
  return {
    subject,
    ...made,
    senderName: c.organiser,
    thread: `polls:${c.poll.id}`,
    replyTo:
      sender?.email && sender.id !== c.delivery.person_id
        ? { name: c.organiser, address: sender.email }
        : undefined,
  };
}

const times = (c: PollContext): MailBlock => ({
  kind: 'list',
  items: c.options.map((one) => whenOf(c, one)),
});
const isOpen = (c: PollContext): boolean => c.poll.state === 'open' && c.poll.deadline_at > c.now;

const asked = about((c) => {
  if (!isOpen(c) || c.poll.relation.poll_person_id === null) return GONE;
  return letter(
    c,
    c.t('polls.mail.asked.subject', { title: c.poll.title }),
    [
      {
        kind: 'paragraph',
        text: c.t('polls.mail.asked.text', {
          name: c.organiser,
          deadline: c.fmt.dateTime(c.poll.deadline_at),
          zone: c.fmt.zone,
        }),
      },
      times(c),
      ...(c.poll.note ? [{ kind: 'quote', text: c.poll.note } as const] : []),
      { kind: 'paragraph', text: c.t('polls.mail.asked.change'), tone: 'soft' },
    ],
    { button: c.t('polls.mail.asked.button') },
  );
});

const reminder = about(async (c) => {
  const me = (await listPeople(c.db, c.poll.id)).find(({ person_id }) => person_id === c.delivery.person_id);
  if (!isOpen(c) || me?.answered_at) return GONE;
  return letter(
    c,
    c.t('polls.mail.reminder.subject', { title: c.poll.title }),
    [
      {
        kind: 'paragraph',
        text: c.t('polls.mail.reminder.text', {
          name: c.organiser,
          deadline: c.fmt.dateTime(c.poll.deadline_at),
          zone: c.fmt.zone,
        }),
      },
      times(c),
    ],
    { button: c.t('polls.mail.asked.button') },
  );
});

/** To who has answered: what is different from what they knew, with the times that wait for an answer. */
const changed = about(async (c) => {
  const { before } = ChangePayload.parse(c.delivery.payload);
  const me = (await listPeople(c.db, c.poll.id)).find(({ person_id }) => person_id === c.delivery.person_id);
  if (c.poll.state !== 'open' || !me) return GONE;
  const news = newsOf(before, c.poll, c.options, me.answers);
  if (!isAnyNews(news)) return GONE;
  const removed = await listRemoved(c.db, c.poll.id, news.removed);
  const [open, roomNames] = [
    isOpen(c) ? c.options.filter(({ id }) => me.answers[id] === undefined) : [],
    await c.once('polls:rooms', () => listRoomOptions(c.db)),
  ];
  const roomsOf = (ids: number[] = []) =>
    roomNames
      .filter(({ id }) => ids.includes(id))
      .map((room) => c.fmt.name(room))
      .join(' + ') || c.t('polls.mail.changed.noRoom');
  const facts = changedFacts(c, before, news, roomsOf);
  const button = c.t(open.length ? 'polls.mail.asked.button' : 'polls.mail.open');
  return letter(
    c,
    c.t(open.length ? 'polls.mail.changed.subject' : 'polls.mail.changed.subjectOnly', {
      title: c.poll.title,
    }),
    [
      {
        kind: 'paragraph',
        text: open.length
          ? c.t('polls.mail.changed.text', {
              name: c.organiser,
              deadline: c.fmt.dateTime(c.poll.deadline_at),
              zone: c.fmt.zone,
            })
          : c.t('polls.mail.changed.only', { name: c.organiser }),
      },
      ...(facts.length ? [{ kind: 'facts', facts } as const] : []),
      ...listed(c, c.t('polls.mail.changed.removed'), removed),
      ...listed(c, c.t('polls.mail.changed.open'), open),
      ...(Object.keys(me.answers).length
        ? [
            {
              kind: 'paragraph',
              text: c.t(open.length ? 'polls.mail.changed.kept' : 'polls.mail.changed.stands'),
              tone: 'soft',
            } as const,
          ]
        : []),
    ],
    { button },
  );
});

/** What is different, beside what it was: title, deadline, and the rooms of times that stay. */
function changedFacts(
  c: PollContext,
  before: KnownPoll,
  news: News,
  roomsOf: (ids?: number[]) => string,
): { label: string; text: string; was: string }[] {
  const title = { label: c.t('polls.mail.changed.title'), text: c.poll.title, was: before.title };
  const deadline = {
    label: c.t('polls.list.deadline'),
    text: `${c.fmt.dateTime(c.poll.deadline_at)} (${c.fmt.zone})`,
    was: c.fmt.dateTime(new Date(before.deadline)),
  };
  return [
    ...(news.title ? [title] : []),
    ...(news.deadline ? [deadline] : []),
    ...c.options
      .filter(({ id }) => news.rooms.includes(id))
      .map((one) => ({
        label: whenOf(c, one),
        text: roomsOf(one.is_held ? one.room_ids : []),
        was: roomsOf(before.times[one.id]),
      })),
  ];
}

function listed(c: PollContext, heading: string, some: { starts_at: Date; ends_at: Date }[]): MailBlock[] {
  if (some.length === 0) return [];
  return [
    { kind: 'heading', text: heading },
    { kind: 'list', items: some.map((one) => whenOf(c, one)) },
  ];
}

/** To who was asked and isn't any more; the poll itself is no longer theirs to read. */
const unasked: MailRenderer = async (c) => {
  const { poll_id } = Payload.parse(c.delivery.payload);
  const [poll, mine] = [
    await findPollBrief(c.db, poll_id),
    await findPollFor(c.db, c.delivery.person_id, poll_id),
  ];
  if (!poll || (mine && mine.relation.poll_person_id !== null)) return GONE;
  const subject = c.t('polls.mail.unasked.subject', { title: poll.title });
  return {
    subject,
    ...layOut(
      {
        title: subject,
        blocks: [
          { kind: 'paragraph', text: c.t('polls.mail.unasked.text', { name: c.fmt.name(poll.organiser) }) },
        ],
      },
      { lang: c.delivery.lang, t: c.t, fmt: c.fmt },
    ),
    senderName: c.fmt.name(poll.organiser),
    thread: `polls:${poll_id}`,
  };
};

const chosen = about((c) => {
  const option = c.options.find(({ is_chosen }) => is_chosen);
  if (!option) return GONE;
  const rooms = option.rooms.map((room) => c.fmt.name(room));
  return letter(
    c,
    c.t('polls.mail.chosen.subject', { title: c.poll.title, when: c.fmt.shortDay(option.starts_at) }),
    [
      { kind: 'paragraph', text: c.t('polls.mail.chosen.text', { name: c.organiser }) },
      {
        kind: 'facts',
        facts: [
          { label: c.t('polls.mail.when'), text: `${whenOf(c, option)} (${c.fmt.zone})` },
          ...(rooms.length && option.is_held
            ? [{ label: c.t('polls.mail.where'), text: rooms.join(' · ') }]
            : []),
        ],
      },
      { kind: 'paragraph', text: c.t('polls.mail.chosen.later'), tone: 'soft' },
    ],
    { button: c.t('polls.mail.open') },
  );
});

const cancelled = about((c) => {
  if (c.poll.state !== 'cancelled') return GONE;
  return letter(
    c,
    c.t('polls.mail.cancelled.subject', { title: c.poll.title }),
    [
      { kind: 'paragraph', text: c.t('polls.mail.cancelled.text', { name: c.organiser }) },
      { kind: 'quote', text: c.poll.cancel_reason ?? '' },
    ],
    { button: c.t('polls.mail.open') },
  );
});

const over = about(async (c) => {
  if (c.poll.state !== 'open') return GONE;
  const people = await listPeople(c.db, c.poll.id);
  const answered = people.filter(({ answered_at }) => answered_at !== null).length;
  return letter(
    c,
    c.t('polls.mail.over.subject', { title: c.poll.title }),
    [
      {
        kind: 'paragraph',
        text:
          answered === 0
            ? c.t('polls.mail.over.nobody')
            : c.t('polls.mail.over.text', { answered, asked: people.length }),
      },
      { kind: 'paragraph', text: c.t('polls.mail.over.holds'), tone: 'soft' },
    ],
    { button: c.t('polls.mail.over.button'), href: `${c.config.publicUrl}/polls/${c.poll.id}` },
  );
});

export const renderers: MailRenderers = {
  'polls.asked': asked,
  'polls.unasked': unasked,
  'polls.changed': changed,
  'polls.reminder': asNotice(reminder),
  'polls.chosen': chosen,
  'polls.cancelled': cancelled,
  'polls.over': asNotice(over),
};
