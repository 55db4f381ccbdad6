import { maySeeAgenda, mayRecord } from '../meetings/policy.js';
import { findMeeting, listParticipants, type Meeting, type Participant } from '../meetings/queries.js';
import { titleOf } from '../meetings/title.js';
import { textOfPerson } from '../people/picked.js';
import { personText } from '../people/queries.js';
import type { ItemState } from '../agenda/policy.js';
import { listAgenda, type AgendaLine } from '../agenda/queries.js';
import type { Tone } from '../meetings/states.js';
import { Forbidden } from '../lib/http/errors.js';
import { idOf, page, redirect, type Answer, type Context } from '../lib/http/route.js';
import { isWritable, listStatements, type Statement } from './statementQueries.js';
import { groupOf, KINDS } from './statementKinds.js';

// The live minutes: one item open at a time by `?item=`, one statement in a form by `?edit=`. Everything is
// an address, so that it works with plain forms; a script only saves in the background.

export interface WriteState {
  item?: number | 'general' | undefined;
  edit?: number | undefined;
  /** After a refusal: which form, what is wrong, what was typed. */
  wrong?: {
    form: 'add' | 'edit';
    errors: Record<string, string>;
    values: Record<string, unknown>;
    status?: number;
  };
}

/** The meeting for who records it; NotFound and Forbidden otherwise. */
export async function meetingToRecord(c: Context, id = idOf(c)): Promise<Meeting> {
  const meeting = await findMeeting(c.db, c.viewer, id);
  if (!mayRecord(meeting)) throw new Forbidden();
  return meeting;
}

interface Section {
  /** null: before and after the items. */
  id: number | null;
  no: number | null;
  title: string;
  isHidden: boolean;
  state: ItemState | null;
  presenter: { name: string; name_en: string | null } | null;
  minutes: number | null;
  isRestricted: boolean;
  isOpen: boolean;
  href: string;
  statements: Statement[];
  removed: Statement[];
}

export async function writePage(c: Context, meeting: Meeting, state: WriteState): Promise<Answer> {
  if (meeting.state === 'draft' || meeting.state === 'scheduled' || meeting.state === 'cancelled')
    return redirect(`/meetings/${meeting.id}`, { notice: 'sitting.error.notBegun' });
  const [lines, participants, all, canWrite] = await Promise.all([
    maySeeAgenda(meeting) ? listAgenda(c.db, c.viewer, meeting) : [],
    listParticipants(c.db, meeting.id),
    listStatements(c.db, meeting.id),
    isWritable(c.db, meeting.id),
  ]);
  const items = lines.filter((line) => isWritten(line, all));
  const edited = all.find((one) => one.id === state.edit && one.deleted_at === null);
  const open = openSection(items, edited, state.item);
  const sections = [
    ...items.map((line) => sectionOf(c, meeting, line, { all, open })),
    generalSection(c, meeting, all, open),
  ];
  const isRunning = meeting.state === 'in_progress';
  const current = sections.find((section) => section.isOpen);
  const { wrong } = state;
  return page(
    'sitting/write',
    {
      title: titleOf(c.t, meeting),
      meeting,
      isRunning,
      elapsed: isRunning ? minutesSince(meeting.started_at, c.now) : null,
      canWrite,
      canUnstart: isRunning && all.every((one) => one.deleted_at !== null),
      sections: sections.map((section) => showSection(c, section)),
      current,
      next: nextOf(sections, current),
      groupOf,
      edited: canWrite ? edited : undefined,
      editedLead: await textOfPerson(c, edited?.action?.lead?.id),
      add: wrong?.form === 'add' ? wrong.values : draftOf(c, all, current?.id ?? null),
      itemOptions: itemOptions(sections),
      ...choicesOf(c, participants),
      participants: participants.filter((one) => one.role !== 'informed' || one.attendance),
      ...refusalOf(wrong),
    },
    { status: wrong ? (wrong.status ?? 422) : 200, caching: 'no-store' },
  );
}

/** What is wrong with a form, and what was typed into it. */
function refusalOf(wrong: WriteState['wrong']) {
  return { wrong, errors: wrong?.errors ?? {}, values: wrong?.values ?? {}, errorForm: wrong?.form };
}

/** Items of the agenda, proposals that may be taken up, and whatever something was written about. */
function isWritten(line: AgendaLine, all: Statement[]): boolean {
  return (
    line.is_on_agenda ||
    (!line.is_hidden && line.state === 'proposed') ||
    all.some((one) => one.item_id === line.id)
  );
}

function minutesSince(began: Date | null, now: Date): number | null {
  return began ? Math.max(0, Math.floor((now.getTime() - began.getTime()) / 60_000)) : null;
}

/** What the viewer was writing in the open section, as values of the form for a new statement. */
function draftOf(c: Context, all: Statement[], itemId: number | null) {
  const draft = all.find(
    (one) =>
      one.is_draft && one.deleted_at === null && one.created_by === c.viewer.id && one.item_id === itemId,
  );
  return { key: draft?.created_key, version: draft?.version, text: draft?.text };
}

function headingOf({ no, title }: Section): string {
  return no ? `${no}. ${title}` : title;
}

function itemOptions(sections: Section[]) {
  return sections
    .filter((section) => !section.isHidden)
    .map((section) => ({ value: section.id ?? 'general', label: headingOf(section) }));
}

const OUTCOME_TONES: Partial<Record<ItemState, Tone>> = {
  concluded: 'ok',
  deferred: 'warn',
  carried_over: 'warn',
  under_discussion: 'accent',
};

/** A section with its heading and what became of its item. */
function showSection({ t }: Context, section: Section) {
  const { id, state, isHidden, isOpen } = section;
  const isConcluded = state === 'concluded';
  const isLeft = state === 'deferred' || state === 'carried_over' || state === 'withdrawn';
  return {
    ...section,
    heading: headingOf(section),
    isLinked: !isHidden && !isOpen,
    outcome:
      state && state !== 'accepted'
        ? { text: t(`sitting.outcome.${state}`), tone: OUTCOME_TONES[state] }
        : undefined,
    isConcluded,
    isLeft: isLeft || state === 'proposed' || state === 'returned',
    isDone: isConcluded || state === 'deferred' || state === 'withdrawn',
    hasOutcome: id !== null && state !== 'carried_over',
  };
}

/** The item asked for, else that of the statement in the form, else the first without an outcome. */
function openSection(
  items: AgendaLine[],
  edited: Statement | undefined,
  asked: number | 'general' | undefined,
): number | null {
  if (edited) return edited.item_id;
  if (asked === 'general') return null;
  const visible = items.filter((line) => !line.is_hidden);
  const found =
    visible.find((line) => line.id === asked) ??
    visible.find((line) => line.state === 'under_discussion') ??
    visible.find((line) => line.state === 'accepted') ??
    visible[0];
  return found?.id ?? null;
}

function addressOf(meeting: { id: number }, item: number | null): string {
  return `/meetings/${meeting.id}/minutes/write?item=${item ?? 'general'}`;
}

function sectionOf(
  c: Context,
  meeting: Meeting,
  line: AgendaLine,
  { all, open }: { all: Statement[]; open: number | null },
): Section {
  const own = line.is_hidden ? [] : all.filter((one) => one.item_id === line.id);
  return {
    id: line.id,
    no: line.no,
    title: line.is_hidden ? c.t('sitting.item.hidden') : line.title,
    isHidden: line.is_hidden,
    state: line.is_hidden ? null : line.state,
    presenter: line.is_hidden ? null : line.presenter,
    minutes: line.planned_minutes,
    isRestricted: !line.is_hidden && line.is_restricted,
    isOpen: !line.is_hidden && line.id === open,
    href: addressOf(meeting, line.id),
    ...parted(c, own),
  };
}

function generalSection(c: Context, meeting: Meeting, all: Statement[], open: number | null): Section {
  return {
    id: null,
    no: null,
    title: c.t('sitting.item.general'),
    isHidden: false,
    state: null,
    presenter: null,
    minutes: null,
    isRestricted: false,
    isOpen: open === null,
    href: addressOf(meeting, null),
    ...parted(
      c,
      all.filter((one) => one.item_id === null),
    ),
  };
}

/** One's own draft stands in the field below the list, not in it. */
function parted(c: Context, own: Statement[]): Pick<Section, 'statements' | 'removed'> {
  return {
    statements: own.filter(
      (one) =>
        one.deleted_at === null && !(one.is_draft && (one.created_by === c.viewer.id || one.text === '')),
    ),
    removed: own.filter((one) => one.deleted_at !== null && one.text !== ''),
  };
}

function nextOf(sections: Section[], current: Section | undefined): Section | undefined {
  const at = current ? sections.indexOf(current) : -1;
  return sections.slice(at + 1).find((section) => !section.isHidden && section.id !== null);
}

/** What a statement's form offers. */
export async function formChoices(c: Context, meeting: Meeting) {
  return choicesOf(c, await listParticipants(c.db, meeting.id));
}

/** The kinds, and who is at the table: they are suggested as leads before anything is typed. */
function choicesOf(c: Context, participants: Participant[]) {
  return {
    kinds: KINDS,
    leads: participants
      .filter((one) => one.attendance !== 'absent')
      .map((one) => {
        const person = { id: one.person_id, email: one.email };
        return { text: personText(person, c.fmt.name(one)), note: c.t('sitting.lead.here') };
      }),
  };
}
