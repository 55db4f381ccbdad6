// The minutes as they will read on paper: one view model per version, language, template and reader.
// Renderers (page, mail, PDF) only lay it out; every word is chosen here.
import { type Format, format } from '../lib/time/format.js';
import { dayOf } from '../lib/time/zone.js';
import { type Lang, type Translate, translator } from '../lib/i18n/translate.js';
import { attendanceOf, copiesOf, personOf, type AttendanceList } from './attendance.js';
import { documentItem, duty, numbered, votesOf, type DocumentItem, type ReadItem } from './items.js';
import { longDate } from './numerals.js';
import type { Tell } from './difference.js';
import type { Snapshot, SnapshotPerson } from './snapshot.js';

export interface MinutesDocument {
  lang: Lang;
  template: 'plain' | 'official';
  /** "×××××纪要" over the official layout; the name of the organisation over the plain one. */
  flag: string;
  office: string;
  /** 〔2026〕5号 · no. 5 of 2026; null until approved. */
  number: string | null;
  /** The day of approval, else of the meeting. */
  date: string;
  title: string;
  /** "Draft 2, not approved" over every page until approved. */
  notice: string | null;
  facts: Array<{ label: string; value: string }>;
  /** The first paragraph of the official layout. */
  opening: string;
  /** What this version corrects and why. */
  correction: string | null;
  items: DocumentItem[];
  /** When the meeting closed. */
  closing: string | null;
  attachments: { label: string; entries: string[] } | null;
  attendance: AttendanceList[];
  actions: Array<{ action: string; lead: string; due: string }>;
  actionLabels: { heading: string; action: string; lead: string; due: string };
  attendanceHeading: string;
  /** 抄送 */
  copies: { label: string; names: string } | null;
  issued: { office: string; date: string } | null;
  approved: string | null;
  /** Says that a substitute stands in for 仿宋. */
  fontNote: string;
  /** Which version this is and the SHA-256 of its record. */
  provenance: string;
}

export interface Publication {
  version: number;
  sha256: string | null;
  number: { year: number; number: number } | null;
  approved: { by: SnapshotPerson; on_behalf_of: SnapshotPerson | null; at: Date } | null;
  issuedAt: Date | null;
  /** Who gets a copy without having been there. */
  copies: SnapshotPerson[];
}

export interface Reading {
  lang: Lang;
  template: 'plain' | 'official';
  /** Whether this reader may see an item; asked for restricted ones only. */
  maySee(itemId: number | null): boolean;
}

export function buildDocument(
  snapshot: Snapshot,
  publication: Publication,
  reading: Reading,
): MinutesDocument {
  const { lang } = reading;
  const template = lang === 'en' ? 'plain' : reading.template;
  const t = translator(lang);
  const fmt = format(lang, snapshot.meeting.zone);
  const items = snapshot.items.map((item) => ({
    ...item,
    isWithheld: item.is_restricted && !reading.maySee(item.id),
  }));
  const seen = items.filter((item) => !item.isWithheld);
  const office = fmt.name(snapshot.organisation);
  const held = heldOn(snapshot, fmt);
  return {
    lang,
    template,
    flag: snapshot.meeting.series
      ? t('minutes.document.flag', { name: snapshot.meeting.series })
      : t('minutes.document.flagOffice', { name: office }),
    office,
    number: publication.number && t('minutes.document.number', publication.number),
    date: longDay(publication.approved ? publication.approved.at : heldAt(snapshot), fmt),
    title: snapshot.title,
    notice: publication.approved ? null : t('minutes.document.notice', { version: publication.version }),
    facts: factsOf(snapshot, held, t, fmt),
    opening: openingOf(snapshot, { seen, held }, t, fmt),
    correction:
      snapshot.corrects &&
      t('minutes.document.correction', {
        version: snapshot.corrects.number,
        reason: snapshot.corrects.reason,
      }),
    items: numbered(items, lang).map(([item, marker]) => documentItem(item, marker, t, fmt)),
    closing:
      snapshot.meeting.ended_at &&
      t('minutes.document.adjourned', { time: fmt.time(new Date(snapshot.meeting.ended_at)) }),
    attachments: attachmentsOf(seen, t),
    attendance: attendanceOf(snapshot.attendance, t, fmt),
    actions: actionsOf(seen, t, fmt),
    actionLabels: actionLabels(t),
    attendanceHeading: t('minutes.document.attendance'),
    copies:
      publication.copies.length > 0
        ? { label: t('minutes.document.copies'), names: copiesOf(publication.copies, t, fmt) }
        : null,
    issued: publication.issuedAt && {
      office,
      date: t('minutes.document.issued', { date: longDay(publication.issuedAt, fmt) }),
    },
    approved: publication.approved && approvalOf(publication.approved, t, fmt),
    fontNote: t('minutes.document.fontNote'),
    provenance: publication.sha256
      ? t('minutes.document.provenance', { version: publication.version, sha256: publication.sha256 })
      : t('minutes.document.working'),
  };
}

function approvalOf(
  { by, on_behalf_of, at }: NonNullable<Publication['approved']>,
  t: Translate,
  fmt: Format,
): string {
  const values = { name: fmt.name(by), date: longDay(at, fmt) };
  return on_behalf_of
    ? t('minutes.document.approvedFor', { ...values, principal: fmt.name(on_behalf_of) })
    : t('minutes.document.approved', values);
}

function factsOf(snapshot: Snapshot, held: string, t: Translate, fmt: Format): MinutesDocument['facts'] {
  const { meeting } = snapshot;
  const [from, to] = [meeting.started_at ?? meeting.starts_at, meeting.ended_at ?? meeting.ends_at];
  const chair = snapshot.attendance.find((person) => person.role === 'chair');
  const secretaries = snapshot.attendance.filter((person) => person.role === 'secretary');
  const facts = [
    { label: t('minutes.document.meeting'), value: nameOfMeeting(snapshot, t) },
    { label: t('minutes.document.day'), value: held },
    { label: t('minutes.document.time'), value: from && to ? fmt.range(new Date(from), new Date(to)) : '' },
    {
      label: t('minutes.document.place'),
      value: meeting.places.map((place) => fmt.name(place)).join(t('minutes.document.comma')),
    },
    { label: t('minutes.document.chair'), value: chair ? fmt.name(chair) : '' },
    {
      label: t('minutes.document.secretary'),
      value: secretaries.map((person) => fmt.name(person)).join(t('minutes.document.comma')),
    },
  ];
  return facts.filter((fact) => fact.value !== '');
}

export function nameOfMeeting(snapshot: Snapshot, t: Translate): string {
  const { series, number, title } = snapshot.meeting;
  return series && number !== null ? t('minutes.document.seriesMeeting', { series, number }) : title;
}

function openingOf(
  snapshot: Snapshot,
  { seen, held }: { seen: ReadItem[]; held: string },
  t: Translate,
  fmt: Format,
): string {
  const chair = snapshot.attendance.find((person) => person.role === 'chair');
  const place = snapshot.meeting.places.map((each) => fmt.name(each)).join(t('minutes.document.comma'));
  const titles = seen
    .filter((item) => item.id !== null)
    .map((item) => t('minutes.document.quotedItem', { title: item.title }));
  const values = {
    date: held,
    chair: chair ? fmt.name(chair) : '',
    place,
    meeting: nameOfMeeting(snapshot, t),
    items: titles.join(t('minutes.document.comma')),
  };
  const withChair = place ? 'minutes.document.opening' : 'minutes.document.openingNoPlace';
  return (
    t(chair ? withChair : 'minutes.document.openingNoChair', values) +
    (titles.length > 0 ? t('minutes.document.openingItems', values) : t('minutes.document.openingEnd'))
  );
}

/** Every action of what this reader sees, in the order of the items. */
function actionsOf(seen: ReadItem[], t: Translate, fmt: Format): MinutesDocument['actions'] {
  return seen
    .flatMap((item) => [...item.statements.flatMap((statement) => statement.actions), ...item.actions])
    .map((action) => ({
      action: action.deliverable,
      lead: action.lead
        ? [personOf(action.lead, fmt), ...action.helpers.map((helper) => fmt.name(helper))].join(
            t('minutes.document.comma'),
          )
        : t('minutes.document.noLead'),
      due: action.due_on ? longDate(action.due_on, fmt.lang) : t('minutes.document.noDue'),
    }));
}

function actionLabels(t: Translate): MinutesDocument['actionLabels'] {
  return {
    heading: t('minutes.document.actions'),
    action: t('minutes.document.action'),
    lead: t('minutes.document.lead'),
    due: t('minutes.document.due'),
  };
}

function attachmentsOf(seen: ReadItem[], t: Translate): MinutesDocument['attachments'] {
  const names = seen.flatMap((item) =>
    item.papers.map((paper) => paper.name.replace(/\.[a-z0-9]{1,5}$/i, '')),
  );
  return names.length > 0 ? { label: t('minutes.document.attachments'), entries: names } : null;
}

function heldAt(snapshot: Snapshot): Date {
  const { started_at, starts_at, starts_on } = snapshot.meeting;
  return new Date(started_at ?? starts_at ?? `${starts_on}T12:00:00Z`);
}

function heldOn(snapshot: Snapshot, fmt: Format): string {
  const { starts_at, started_at, starts_on } = snapshot.meeting;
  return starts_at || started_at || !starts_on
    ? longDay(heldAt(snapshot), fmt)
    : longDate(starts_on, fmt.lang);
}

function longDay(instant: Date, { lang, zone }: Format): string {
  return longDate(dayOf(instant, zone), lang);
}

/** How parts of the minutes read in a list of differences. */
export function tellIn(lang: Lang, zone: string): Tell {
  const t = translator(lang);
  const fmt = format(lang, zone);
  return {
    kind: (kind) => t(`minutes.phrase.${kind}`),
    action: (action) => `${t('minutes.phrase.action')}${action.deliverable}\n${duty(action, t, fmt)}`,
    decision: ({ decision }) => (decision ? votesOf(decision, t).join('') : ''),
    attendance: ({ attendance }) =>
      attendanceOf(attendance, t, fmt)
        .map(
          (list) =>
            `${list.label}: ${list.groups.flatMap((group) => group.names).join(t('minutes.document.comma'))}`,
        )
        .join('\n'),
  };
}

/** A name for the PDF that every file system takes; the language where it is not the document's own. */
export function fileName(title: string, own: Lang, lang: Lang): string {
  const plain = title
    .replace(/[\\/:*?"<>|\s]+/g, ' ')
    .trim()
    .slice(0, 80);
  const language = lang === 'en' ? ' (English)' : '（中文）';
  return `${plain || 'minutes'}${lang === own ? '' : language}.pdf`;
}
