// What is wrong with a draft, by the codes of the office's rule book. A blocking finding stops the submission
// unless somebody gives a reason that is kept; S02 can't be argued with. Every finding names its place.
import type { Snapshot, SnapshotAction, SnapshotItem } from '../documents/snapshot.js';

export type CheckCode =
  | 'O01'
  | 'O02'
  | 'O03'
  | 'D01'
  | 'D02'
  | 'C01'
  | 'C02'
  | 'C03'
  | 'C04'
  | 'F01'
  | 'F02'
  | 'F03'
  | 'L02'
  | 'S02'
  | 'E05'
  | 'X01';

export const blocking: readonly CheckCode[] = ['O01', 'O02', 'C01', 'C02', 'F01', 'F03', 'S02', 'X01'];
export const beyondOverride: readonly CheckCode[] = ['S02'];

/** Codes a reviewer may return with: those of the checks and those only a person can see. */
export const returnCodes = [
  'O01',
  'O02',
  'O03',
  'D01',
  'D02',
  'D03',
  'C01',
  'C02',
  'C03',
  'C04',
  'F01',
  'F02',
  'F03',
  'L01',
  'L02',
  'S01',
  'S02',
  'T01',
  'E05',
  'X01',
  'M01',
  'M02',
  'M03',
  'M04',
  'M05',
  'M06',
  'M07',
  'M08',
  'M09',
] as const;
export type ReturnCode = (typeof returnCodes)[number];

export interface Finding {
  code: CheckCode;
  isBlocking: boolean;
  canOverride: boolean;
  /** Where: 'title', 'attendance', 'item:7', 'statement:12', 'action:3'. Names an override. */
  place: string;
  /** The item's place in the numbering, from 1; null outside the items. */
  item: number | null;
  /** The statement that says it or carries the action, for the way to mend it. */
  statement: number | null;
  /** What was found there, for the message. */
  found: string;
}

export interface CheckContext {
  /** 'YYYY-MM-DD' of the meeting in its zone. */
  day: string;
  authorId: number;
  /** Whether the documents' typeface has a character. */
  covers(codepoint: number): boolean;
}

const finished = new Set(['concluded', 'carried_over', 'withdrawn', 'deferred', 'returned']);
const decided = new Set(['resolved', 'approved_in_principle', 'deferred']);

export function findProblems(snapshot: Snapshot, context: CheckContext): Finding[] {
  const findings: Finding[] = [];
  const carriers = new Map<string, number>(
    snapshot.items.flatMap((item) =>
      item.statements.flatMap((one) => [
        [`statement:${one.id}`, one.id] as const,
        ...one.actions.map((action) => [`action:${action.id}`, one.id] as const),
      ]),
    ),
  );
  const add = (code: CheckCode, place: string, item: number | null, found = ''): void => {
    findings.push({
      code,
      statement: carriers.get(place) ?? null,
      isBlocking: blocking.includes(code),
      canOverride: !beyondOverride.includes(code),
      place,
      item,
      found,
    });
  };
  checkTitle(snapshot, context, add);
  checkAttendance(snapshot, context, add);
  checkText(snapshot.title, { place: 'title', at: null }, context, add);
  let n = 0;
  for (const item of snapshot.items) {
    const at = item.id === null ? null : ++n;
    if (item.id !== null) checkItem(item, at, snapshot, add);
    const placed = item.statements.flatMap((statement) => statement.actions);
    for (const action of [...placed, ...item.actions]) checkAction(action, at, context, add);
    for (const statement of item.statements)
      checkText(statement.text, { place: `statement:${statement.id}`, at }, context, add);
    const texts = new Set(item.statements.map((statement) => statement.text.trim()));
    for (const action of [...placed, ...item.actions]) {
      if (!texts.has(action.deliverable.trim()))
        checkText(action.deliverable, { place: `action:${action.id}`, at }, context, add);
    }
  }
  return findings;
}

type Add = (code: CheckCode, place: string, item: number | null, found?: string) => void;

/** F01: what the title says of the number and the day must be the meeting's. */
function checkTitle(snapshot: Snapshot, { day }: CheckContext, add: Add): void {
  const { title, meeting } = snapshot;
  if (title.trim() === '') return add('F01', 'title', null);
  const number =
    /第\s*([0-9０-９]+|[一二三四五六七八九十百零]+)\s*次/.exec(title)?.[1] ??
    /\bno\.?\s*(\d+)/i.exec(title)?.[1];
  if (number && meeting.number !== null && readNumber(number) !== meeting.number)
    add('F01', 'title', null, number);
  for (const found of datesIn(title)) if (found.day !== day) add('F01', 'title', null, found.text);
}

function readNumber(text: string): number {
  if (/\d/.test(text.normalize('NFKC'))) return Number(text.normalize('NFKC'));
  let sum = 0;
  let digit = 0;
  for (const character of text) {
    const value = '零一二三四五六七八九'.indexOf(character);
    if (value >= 0) digit = value;
    else {
      sum += (digit || 1) * (character === '百' ? 100 : 10);
      digit = 0;
    }
  }
  return sum + digit;
}

const months = [
  'january',
  'february',
  'march',
  'april',
  'may',
  'june',
  'july',
  'august',
  'september',
  'october',
  'november',
  'december',
];

function datesIn(text: string): Array<{ text: string; day: string }> {
  const iso = (year: string, month: number, day: string): string =>
    `${year}-${String(month).padStart(2, '0')}-${day.padStart(2, '0')}`;
  return [
    ...[...text.matchAll(/(\d{4})\s*年\s*(\d{1,2})\s*月\s*(\d{1,2})\s*日/g)].map((m) => ({
      text: m[0],
      day: iso(m[1]!, Number(m[2]), m[3]!),
    })),
    ...[...text.matchAll(/\b(\d{4})-(\d{1,2})-(\d{1,2})\b/g)].map((m) => ({
      text: m[0],
      day: iso(m[1]!, Number(m[2]), m[3]!),
    })),
    ...[...text.matchAll(/\b(\d{1,2})\s+([A-Z][a-z]+)\s+(\d{4})\b/g)]
      .filter((m) => months.includes(m[2]!.toLowerCase()))
      .map((m) => ({ text: m[0], day: iso(m[3]!, months.indexOf(m[2]!.toLowerCase()) + 1, m[1]!) })),
  ];
}

function checkAttendance({ attendance }: Snapshot, { authorId }: CheckContext, add: Add): void {
  const present = attendance.filter((person) => person.status === 'present');
  const isAuthorThere = present.some((person) => person.id === authorId);
  if (present.length === 0) add('C02', 'attendance', null, 'nobody');
  else {
    if (!present.some((person) => person.role === 'chair')) add('C02', 'attendance', null, 'chair');
    if (!isAuthorThere && !present.some((person) => person.role === 'secretary'))
      add('C02', 'attendance', null, 'secretary');
  }
  const open = attendance.filter((person) => person.status === null && person.role !== 'informed');
  if (open.length > 0 && present.length > 0)
    add('C03', 'attendance', null, open.map((person) => person.name).join(', '));
}

function checkItem(item: SnapshotItem, at: number | null, { attendance }: Snapshot, add: Add): void {
  const place = `item:${item.id}`;
  const isSilent = item.statements.length === 0 && item.actions.length === 0;
  if (!finished.has(item.state) || (item.state === 'concluded' && isSilent))
    add('C01', place, at, item.title);
  else if (
    item.purpose === 'decision' &&
    item.state === 'concluded' &&
    !item.statements.some((statement) => decided.has(statement.kind))
  ) {
    add('D01', place, at, item.title);
  }
  const voters = attendance.filter(
    (person) => person.status === 'present' && person.role !== 'in_attendance',
  ).length;
  for (const { id, decision } of item.statements) {
    if (decision?.basis !== 'vote') continue;
    const votes = (decision.votes_for ?? 0) + (decision.votes_against ?? 0) + (decision.abstentions ?? 0);
    if (votes === 0 || votes > voters) add('D02', `statement:${id}`, at, String(votes));
  }
  const named = item.statements.flatMap(({ id, text }) =>
    [...text.matchAll(/附件\s*(\d+)|\b(?:annex|attachment)\s+(\d+)/gi)].map((m) => ({
      id,
      n: Number(m[1] ?? m[2]),
      text: m[0],
    })),
  );
  for (const { id, n, text } of named) if (n > item.papers.length) add('C04', `statement:${id}`, at, text);
}

/** One pattern of several; each is as in a regular expression. */
const anyOf = (patterns: readonly string[]): string => `(?:${patterns.join('|')})`;
const anywhere = (patterns: readonly string[]): RegExp => new RegExp(anyOf(patterns), 'i');
/** The whole text, with or without a full stop. */
const whole = (patterns: readonly string[]): RegExp => new RegExp(`^${anyOf(patterns)}[。.]?$`, 'i');

const vague = whole([
  '抓好落实',
  '加强(?:管理|领导|协调)',
  '进一步(?:加强|推进|完善)',
  '继续(?:推进|跟进)',
  '高度重视',
  '尽快落实',
  'follow up',
  'continue',
  'improve',
  'strengthen',
  'look into (?:it|this)',
  'keep an eye on (?:it|this)',
]);
const onlyTalk = whole([
  '再?(?:次)?(?:召开|组织|安排)[^，。；]{0,12}(?:会议?|座谈)',
  '(?:hold|organi[sz]e|convene|arrange) (?:a|another) meeting[^.;]{0,40}',
]);

function checkAction(action: SnapshotAction, at: number | null, { day }: CheckContext, add: Add): void {
  const place = `action:${action.id}`;
  const text = action.deliverable.trim();
  if (!action.lead) add('O01', place, at, text);
  if (!action.due_on || action.due_on < day) add('O02', place, at, text);
  if (vague.test(text)) add('O03', place, at, text);
  if (onlyTalk.test(text)) add('E05', place, at, text);
}

const placeholder = anywhere([
  String.raw`\b(?:todo|tbd|tbc|fixme)\b`,
  String.raw`\bx{3,}\b`,
  '[×✕Ｘ]{2,}',
  '[?？]{3,}',
  '[_＿]{3,}',
  '待(?:补充?|填写?|核实)(?![一-鿿])',
  String.raw`[（(【[]\s*待定?\s*[）)】\]]`,
]);
const secret = anywhere([
  '绝密',
  '机密(?!性|计算)',
  '(?<!商业|个人|技术|工作)秘密(?!投票|选举)',
  String.raw`\btop secret\b`,
  String.raw`\bstate secret\b`,
]);
const relative = anywhere([
  '下(?:个?月|周|星期|季度|一?次会议)',
  '本(?:周|星期)[内末五]?',
  '明[天日]',
  '后天',
  '近期',
  '尽快',
  '月底前',
  '年底前',
  String.raw`\b(?:next|this) (?:week|month|quarter|meeting)\b`,
  String.raw`\btomorrow\b`,
  String.raw`\bas soon as possible\b`,
  String.raw`\basap\b`,
  String.raw`\bby the end of the (?:week|month|year)\b`,
]);

function checkText(
  text: string,
  { place, at }: { place: string; at: number | null },
  context: CheckContext,
  add: Add,
): void {
  const found = (pattern: RegExp): string | undefined => pattern.exec(text)?.[0];
  const [hole, marking, vagueDate] = [found(placeholder), found(secret), found(relative)];
  if (hole) add('X01', place, at, hole);
  if (marking) add('S02', place, at, marking);
  if (vagueDate) add('F02', place, at, vagueDate);
  const halfWidth = /[一-鿿][,;:?!](?!\d)|[,;?!][一-鿿]|[一-鿿]\.(?=$|\s)/.exec(text)?.[0];
  const bracket = unpaired(text);
  if (halfWidth ?? bracket) add('L02', place, at, halfWidth ?? bracket ?? '');
  const missing = [...new Set(text)].filter(
    (character) => !/\s/.test(character) && !context.covers(character.codePointAt(0)!),
  );
  if (missing.length > 0) add('F03', place, at, missing.slice(0, 10).join(' '));
}

const pairs = new Map([
  ['（', '）'],
  ['《', '》'],
  ['【', '】'],
  ['〔', '〕'],
  ['「', '」'],
  ['“', '”'],
  ['(', ')'],
  ['[', ']'],
]);

function unpaired(text: string): string | undefined {
  const open: string[] = [];
  for (const character of text) {
    const close = pairs.get(character);
    if (close) open.push(close);
    else if ([...pairs.values()].includes(character)) {
      // "a)" and "1)" number lists
      if (open.at(-1) === character) open.pop();
      else if (character !== ')') return character;
    }
  }
  const left = open.at(-1);
  return left && [...pairs].find(([, close]) => close === left)?.[0];
}
