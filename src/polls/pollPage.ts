import type { Context } from '../lib/http/route.js';
import { format } from '../lib/time/format.js';
import type { PollAnswer } from './forms.js';
import {
  findPollOfMeeting,
  listOptions,
  listPeople,
  type Poll,
  type PollOption,
  type PollPerson,
} from './queries.js';
import { rankOptions, type Tally } from './ranking.js';

type Reader = Pick<Context, 't' | 'fmt' | 'lang'>;

export interface OptionRow {
  id: number;
  when: string;
  rooms: string;
  isHeld: boolean;
  isChosen: boolean;
  isPast: boolean;
  rank: number;
  why: string;
  tally: Tally | undefined;
}

export const TONES: Record<PollAnswer, string> = { yes: 'ok', maybe: 'warn', no: 'bad' };

export function rankingOf(options: PollOption[], people: PollPerson[]): Tally[] {
  return rankOptions(
    options.map((one) => ({ id: one.id, hasRoom: one.is_held })),
    people.map((one) => ({
      id: one.person_id,
      is_required: one.is_required,
      answers: new Map(
        Object.entries(one.answers).map(([option, answer]): [number, PollAnswer] => [Number(option), answer]),
      ),
    })),
  );
}

/** The times in the order given, each with what is known of it, in the reader's zone. */
function describeVotes(c: Reader, { yes, maybe, no, silent }: Tally, asked: number): string {
  if (silent === asked) return c.t('polls.why.nobody');
  return yes === asked ? c.t('polls.why.all') : c.t('polls.why.counts', { yes, maybe, no });
}

export function showOptions(
  c: Reader & { zone: string; now: Date },
  options: PollOption[],
  people: PollPerson[] = [],
): OptionRow[] {
  const fmt = format(c.lang, c.zone);
  const tallies = rankingOf(options, people);
  const names = (ids: number[]) =>
    people
      .filter(({ person_id }) => ids.includes(person_id))
      .map((one) => c.fmt.name(one))
      .join(c.lang === 'en' ? ', ' : '、');
  return options.map((one) => {
    const tally = tallies.find(({ option }) => option === one.id);
    const rooms = one.rooms.map((room) => c.fmt.name(room)).join(' + ');
    const why =
      tally &&
      [
        describeVotes(c, tally, people.length),
        tally.silent && tally.silent < people.length ? c.t('polls.why.silent', { count: tally.silent }) : '',
        tally.requiredNo.length ? c.t('polls.why.cannot', { names: names(tally.requiredNo) }) : '',
        one.is_held ? c.t('polls.why.held', { room: rooms }) : c.t('polls.why.noRoom'),
      ]
        .filter(Boolean)
        .join(c.lang === 'en' ? '; ' : '；');
    return {
      id: one.id,
      when: `${fmt.shortDay(one.starts_at)} ${fmt.range(one.starts_at, one.ends_at)}`,
      rooms,
      isHeld: one.is_held,
      isChosen: one.is_chosen,
      isPast: one.starts_at <= c.now,
      rank: tally?.rank ?? 0,
      why: why ?? '',
      tally,
    };
  });
}

/** Which times lack an answer, each by its name: a list of the same words would say nothing. */
export async function describeMissing(
  c: Context<unknown, unknown>,
  pollId: number,
  ids: number[],
): Promise<{ field: string; message: string }[]> {
  const shown = showOptions(c, await listOptions(c.db, pollId));
  return shown
    .filter(({ id }) => ids.includes(id))
    .map(({ id, when }) => ({ field: `answer_${id}`, message: c.t('polls.problem.missing', { when }) }));
}

/** The table people × times: a word and a colour in each cell. */
export function tableOf(c: Reader, options: OptionRow[], people: PollPerson[], isOpen: boolean) {
  return people.map((one) => ({
    name: c.fmt.name(one),
    facts: factsOf(c, one, isOpen),
    personId: one.person_id,
    cells: options.map(({ id }) => {
      const answer = one.answers[id];
      return answer ? { text: c.t(`polls.answer.${answer}`), tone: TONES[answer] } : null;
    }),
  }));
}

/** What stands below a name of the table, as views/lib/meta.ejs takes it. */
function factsOf(c: Reader, one: PollPerson, isOpen: boolean) {
  const isSilent = one.answered_at === null && Object.keys(one.answers).length === 0;
  return [
    one.is_required ? '' : c.t('calendar.find.optional'),
    isSilent ? c.t('polls.table.silent') : '',
    isOpen && isBehind(one) ? { text: c.t('polls.table.behind'), look: 'warn' } : '',
    one.answered_by ? c.t('polls.table.enteredBy', { name: c.fmt.name(one.answered_by) }) : '',
    one.note ? { text: one.note, look: 'pre-line' } : '',
  ];
}

/** Who calls the poll, until when and in which zone: the line below its title. */
export function headFacts(
  c: Reader,
  poll: Pick<Poll, 'organiser'>,
  { deadline, zone, between = [] }: { deadline: string; zone: string; between?: string[] },
): string[] {
  return [
    c.t('polls.by', { name: c.fmt.name(poll.organiser) }),
    c.t('polls.until', { when: deadline }),
    ...between,
    c.t('calendar.day.zone', { zone }),
  ];
}

/** Times came to those they answered. */
export function isBehind(one: PollPerson): boolean {
  return one.answered_at === null && Object.keys(one.answers).length > 0;
}

/** Poll state in a word. */
export function stateOf(
  c: Reader,
  poll: Pick<Poll, 'state' | 'deadline_at'>,
  now: Date,
): { text: string; tone: string } {
  if (poll.state === 'cancelled') return { text: c.t('polls.state.cancelled'), tone: 'bad' };
  if (poll.state === 'closed') return { text: c.t('polls.state.closed'), tone: 'ok' };
  return poll.deadline_at > now
    ? { text: c.t('polls.state.open'), tone: 'accent' }
    : { text: c.t('polls.state.over'), tone: 'warn' };
}

/**
 * What was answered in the poll that a meeting came out of, for its page; the caller has asked who may see
 * replies.
 */
export async function votesOfMeeting(c: Context, meetingId: number) {
  const poll = await findPollOfMeeting(c.db, meetingId);
  if (!poll) return undefined;
  const [options, people] = await Promise.all([listOptions(c.db, poll.id), listPeople(c.db, poll.id)]);
  const shown = showOptions(c, options);
  return { options: shown, table: tableOf(c, shown, people, false) };
}
