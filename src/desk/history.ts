import { describeAction } from '../lib/audit/describe.js';
import type { Translate } from '../lib/i18n/translate.js';
import type { Format } from '../lib/time/format.js';
import type { HistoryEntry } from './queries.js';

/** An entry as views/lib/history.ejs shows it. */
export interface ToldEntry {
  at: Date;
  by: string;
  text: string;
  note: string | null;
  changes: { label: string; before: string; after: string }[];
}

// Only fields of the meeting itself are spelt out: what was changed in a restricted item is not everybody's
// to read.
const FIELDS = {
  title: 'desk.field.title',
  starts_at: 'desk.field.starts_at',
  ends_at: 'desk.field.ends_at',
  link: 'desk.field.link',
  place: 'desk.field.place',
  description: 'desk.field.description',
} as const;

function show(field: string, value: unknown, fmt: Format): string {
  if (value === null || value === undefined || value === '') return '';
  if (field === 'starts_at' || field === 'ends_at') return fmt.dateTime(new Date(String(value)));
  const text = String(value);
  return text.length > 200 ? `${text.slice(0, 200)}…` : text;
}

/** The history in words. What was only written down when the thing was made is not repeated as a change. */
export function tellEntries(entries: readonly HistoryEntry[], t: Translate, fmt: Format): ToldEntry[] {
  return entries.map((entry) => {
    const name = entry.name
      ? fmt.name({ name: entry.name, name_en: entry.name_en })
      : t('desk.history.system');
    const behalf =
      entry.behalf_name && entry.behalf_name !== entry.name
        ? fmt.name({ name: entry.behalf_name, name_en: entry.behalf_name_en })
        : '';
    const before = entry.noun === 'meetings' ? entry.before : null;
    const changes = Object.entries(FIELDS).flatMap(([field, label]) => {
      if (!before || !entry.after || !(field in entry.after)) return [];
      return [
        {
          label: t(label),
          before: show(field, before[field], fmt),
          after: show(field, entry.after[field], fmt),
        },
      ];
    });
    return {
      at: entry.at,
      by: behalf ? t('desk.history.onBehalf', { name, leader: behalf }) : name,
      text: describeAction(t, entry.action),
      note: entry.noun === 'meetings' ? entry.note : null,
      changes,
    };
  });
}
