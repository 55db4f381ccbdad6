import type { Context } from '../lib/http/route.js';
import type { Meeting } from '../meetings/queries.js';
import type { Tone } from '../meetings/states.js';
import type { ItemState } from './policy.js';
import type { AgendaLine, BacklogItem, Item, Paper, Purpose } from './queries.js';
import type { Timing } from './timing.js';

// The agenda as its template writes it. Pure: lines go in, what is shown comes out.

type Reader = Pick<Context, 't' | 'fmt' | 'viewer'>;
type OpenLine = Extract<AgendaLine, { is_hidden: false }>;

/** What the reader may do on this page; on the page of the meeting nothing. */
interface Rights {
  mayEdit?: boolean;
  mayAddPapers?: boolean;
}

const PURPOSE_TONES: Record<Purpose, Tone> = {
  information: 'neutral',
  discussion: 'accent',
  decision: 'warn',
};
const STATE_TONES: Partial<Record<ItemState, Tone>> = { concluded: 'ok', under_discussion: 'accent' };
/** What is not on the agenda, in the order of the page. */
const OTHER_STATES = ['proposed', 'returned', 'withdrawn'] as const;

interface Fact {
  text: string;
  href?: string;
  isTime?: boolean;
}

interface ShownPaper {
  id: number;
  name: string;
  facts: string[];
}

interface LineVerbs {
  mayEdit: boolean;
  isFirst: boolean;
  isLast: boolean;
  mayAttach: boolean;
  menu: { action: string; text: string }[];
}

export type ShownLine = { id: number; no: number | null; isHidden: boolean } & Partial<{
  title: string;
  pills: { text: string; tone?: Tone }[];
  facts: Fact[];
  note: string;
  papers: ShownPaper[];
  verbs: LineVerbs;
}>;

export interface ShownOther {
  id: number;
  title: string;
  facts: string[];
  reason: string | null;
  note: string;
  mayAccept: boolean;
  mayReturn: boolean;
  mayRestore: boolean;
  isMine: boolean;
}

export interface ShownAgenda {
  /** Where a new order is posted, by whoever may change it. */
  orderHref: string | undefined;
  lines: ShownLine[];
  others: { heading: string; lines: ShownOther[] }[];
}

export function showAgendaLines(
  c: Reader,
  meeting: Meeting,
  agenda: { lines: AgendaLine[]; timing: Timing },
  rights: Rights = {},
): ShownAgenda {
  const onAgenda = agenda.lines.filter((line) => line.is_on_agenda);
  const others = agenda.lines.flatMap((line) => (line.is_hidden || line.is_on_agenda ? [] : [line]));
  return {
    orderHref: rights.mayEdit ? `/meetings/${meeting.id}/agenda/order` : undefined,
    lines: onAgenda.map((line, at) => {
      if (line.is_hidden) return { id: line.id, no: line.no, isHidden: true };
      const place = { isFirst: at === 0, isLast: at === onAgenda.length - 1 };
      return {
        ...showLine(c, line, meeting.state === 'ended' ? undefined : agenda.timing.startsAt.get(line.id)),
        verbs: verbsOf(c, meeting, line, { ...rights, ...place }),
      };
    }),
    others: OTHER_STATES.map((state) => ({
      heading: c.t(`agenda.page.${state}`),
      lines: others.filter((line) => line.state === state).map((line) => showOther(c, line, rights)),
    })).filter(({ lines }) => lines.length > 0),
  };
}

function showLine(c: Reader, line: OpenLine, begins: Date | undefined): ShownLine {
  const { t, fmt } = c;
  const pills: ShownLine['pills'] = [
    { text: t(`agenda.purpose.${line.purpose}`), tone: PURPOSE_TONES[line.purpose] },
  ];
  if (line.state !== 'accepted')
    pills.push({ text: t(`agenda.state.${line.state}`), tone: STATE_TONES[line.state] ?? 'warn' });
  if (line.is_restricted) pills.push({ text: t('agenda.item.isRestricted') });
  const facts: Fact[] = [];
  if (line.presenter) facts.push({ text: fmt.name(line.presenter) });
  facts.push({ text: t('agenda.item.minutes', { count: line.planned_minutes }) });
  if (begins) facts.push({ text: fmt.time(begins), isTime: true });
  if (line.carried_from) facts.push(carriedFrom(c, line.carried_from));
  if (line.carried_to) facts.push(carriedTo(c, line.carried_to));
  return {
    id: line.id,
    no: line.no,
    isHidden: false,
    title: line.title,
    pills,
    facts,
    note: line.note,
    papers: line.papers.map((paper) => showPaper(c, paper)),
  };
}

/** The meeting an item comes from, linked while it is there. */
export function carriedFrom({ t }: Pick<Reader, 't'>, from: NonNullable<Item['carried_from']>): Fact {
  const title = from.title ?? '';
  return {
    text: t('agenda.item.carriedFrom', {
      title: from.number ? t('meetings.title.numbered', { title, number: from.number }) : title,
    }),
    href: from.meeting_id ? `/meetings/${from.meeting_id}` : undefined,
  };
}

function carriedTo({ t }: Reader, to: NonNullable<Item['carried_to']>): Fact {
  return to.meeting_id
    ? { text: t('agenda.item.carriedTo'), href: `/meetings/${to.meeting_id}` }
    : { text: t('agenda.item.carriedToBacklog') };
}

/** Bytes as a reader says them. */
export function sizeOf({ t, fmt }: Pick<Reader, 't' | 'fmt'>, bytes: number): string {
  return t('agenda.paper.size', { size: fmt.number(Math.max(1, Math.round(bytes / 1024))) });
}

function showPaper({ t, fmt }: Reader, paper: Paper): ShownPaper {
  const facts = [sizeOf({ t, fmt }, paper.bytes)];
  if (paper.version_no > 1) facts.push(t('agenda.paper.version', { no: paper.version_no }));
  if (paper.is_carried) facts.push(t('agenda.paper.carried'));
  return { id: paper.id, name: paper.name, facts };
}

/** What waits for a meeting of the series, as a line of the backlog. */
export function showBacklogItem(c: Reader, item: BacklogItem) {
  const { t, fmt } = c;
  const facts: Fact[] = [{ text: t(`agenda.purpose.${item.purpose}`) }];
  if (item.presenter) facts.push({ text: fmt.name(item.presenter) });
  facts.push({ text: t('agenda.item.minutes', { count: item.planned_minutes }) });
  facts.push(
    item.carried_from?.meeting_id
      ? carriedFrom(c, item.carried_from)
      : { text: t('agenda.backlog.since', { day: fmt.day(item.created_at) }) },
  );
  if (item.is_restricted) facts.push({ text: t('agenda.item.isRestricted') });
  return { id: item.id, title: item.title, facts, note: item.note };
}

/** The same as a choice of the agenda's page. */
export function backlogOption(c: Reader, item: Item) {
  const hint = item.carried_from?.title ? carriedFrom(c, item.carried_from).text : undefined;
  return { value: item.id, label: item.title, hint };
}

function verbsOf(
  { t, viewer }: Reader,
  meeting: Meeting,
  line: OpenLine,
  { mayEdit = false, mayAddPapers = false, ...place }: Rights & { isFirst: boolean; isLast: boolean },
): LineVerbs | undefined {
  const isOwn = line.presenter_id === viewer.id || line.proposed_by === viewer.id;
  if (!mayEdit && !mayAddPapers && !isOwn) return undefined;
  const here = `/items/${line.id}`;
  const menu: LineVerbs['menu'] = [];
  if (mayEdit && line.state === 'accepted' && meeting.series_id)
    menu.push({ action: `${here}/backlog`, text: t('agenda.item.toBacklog') });
  if (mayEdit && line.state === 'deferred')
    menu.push({ action: `${here}/restoration`, text: t('agenda.item.restore') });
  if (mayEdit && (line.state === 'accepted' || line.state === 'deferred'))
    menu.push({ action: `${here}/withdrawal`, text: t('agenda.item.withdraw') });
  return {
    mayEdit,
    ...place,
    mayAttach: meeting.state !== 'cancelled' && (mayAddPapers || meeting.state !== 'ended'),
    menu,
  };
}

function showOther({ t, fmt, viewer }: Reader, line: OpenLine, { mayEdit = false }: Rights): ShownOther {
  const facts = [
    t(`agenda.purpose.${line.purpose}`),
    t('agenda.item.minutes', { count: line.planned_minutes }),
  ];
  if (line.proposer) facts.push(t('agenda.item.proposedBy', { name: fmt.name(line.proposer) }));
  const { state } = line;
  return {
    id: line.id,
    title: line.title,
    facts,
    reason: line.state_reason,
    note: line.note,
    mayAccept: mayEdit && (state === 'proposed' || state === 'returned'),
    mayReturn: mayEdit && state === 'proposed',
    mayRestore: mayEdit && state === 'withdrawn',
    isMine: !mayEdit && line.proposed_by === viewer.id && state !== 'withdrawn',
  };
}
