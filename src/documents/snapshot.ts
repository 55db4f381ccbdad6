// What one version of the minutes says, frozen: everything a document needs, in both languages where there
// are two, so that it reads the same for ever. Its bytes are the canonical JSON of RFC 8785 and are signed by
// their SHA-256.
import { createHash } from 'node:crypto';
import type { Lang } from '../lib/i18n/translate.js';

export interface SnapshotPerson {
  id: number;
  name: string;
  name_en: string | null;
  unit_en: string | null;
  unit_zh: string | null;
}

export interface SnapshotAction {
  id: number;
  deliverable: string;
  lead: SnapshotPerson | null;
  helpers: SnapshotPerson[];
  /** 'YYYY-MM-DD' */
  due_on: string | null;
}

export interface SnapshotDecision {
  id: number;
  basis: 'consensus' | 'vote';
  votes_for: number | null;
  votes_against: number | null;
  abstentions: number | null;
}

export type StatementKind =
  | 'heard'
  | 'considered'
  | 'noted'
  | 'stressed'
  | 'required'
  | 'resolved'
  | 'approved_in_principle'
  | 'deferred';

export interface SnapshotStatement {
  id: number;
  version: number;
  kind: StatementKind;
  text: string;
  decision: SnapshotDecision | null;
  actions: SnapshotAction[];
}

export interface SnapshotItem {
  /** null: what was recorded before or after the items. */
  id: number | null;
  title: string;
  purpose: 'information' | 'discussion' | 'decision';
  state: string;
  is_restricted: boolean;
  presenter: SnapshotPerson | null;
  statements: SnapshotStatement[];
  /** Actions that hang on no statement. */
  actions: SnapshotAction[];
  papers: Array<{ id: number; name: string; version_no: number }>;
}

export interface Attendance extends SnapshotPerson {
  role: string;
  status: 'present' | 'apologies' | 'absent' | null;
}

export interface Snapshot {
  format: 'banhui-minutes/1';
  lang: Lang;
  template: 'plain' | 'official';
  title: string;
  organisation: { name_en: string; name_zh: string };
  meeting: {
    id: number;
    title: string;
    series: string | null;
    number: number | null;
    zone: string;
    /** ISO instants, or null when the meeting has dates only */
    starts_at: string | null;
    ends_at: string | null;
    starts_on: string | null;
    started_at: string | null;
    ended_at: string | null;
    /** Rooms by their names; a typed place has one name for both. */
    places: Array<{ name_en: string; name_zh: string }>;
  };
  attendance: Attendance[];
  items: SnapshotItem[];
  /** Of an issued version that this one corrects. */
  corrects: { number: number; reason: string } | null;
}

/**
 * JSON with one spelling only (RFC 8785): keys sorted by UTF-16 code units, no blanks, ECMAScript numbers and
 * strings.
 * @throws TypeError for what JSON can't carry
 */
export function canonicalJson(value: unknown): string {
  if (value === null || typeof value === 'boolean' || typeof value === 'string') return JSON.stringify(value);
  if (typeof value === 'number') {
    if (!Number.isFinite(value)) throw new TypeError(`${value} has no place in JSON`);
    return JSON.stringify(value);
  }
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(',')}]`;
  if (typeof value !== 'object') throw new TypeError(`a ${typeof value} has no place in JSON`);
  const members = Object.entries(value).filter(([, member]) => member !== undefined);
  members.sort(([a], [b]) => (a < b ? -1 : 1));
  return `{${members.map(([key, member]) => `${JSON.stringify(key)}:${canonicalJson(member)}`).join(',')}}`;
}

/** 64 hexadecimal digits over the UTF-8 bytes. */
export function sha256(text: string): string {
  return createHash('sha256').update(text, 'utf8').digest('hex');
}

export function readSnapshot(content: string): Snapshot {
  const snapshot = JSON.parse(content) as Snapshot;
  if (snapshot.format !== 'banhui-minutes/1')
    throw new Error(`unknown format of minutes ${String(snapshot.format)}`);
  return snapshot;
}
