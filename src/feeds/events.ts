import { createHash } from 'node:crypto';
import { announcementOf } from '../invitations/announcement.js';
import { calendarEvent } from '../invitations/calendarEvent.js';
import { splitCalendar, writeCalendar, writeSeries } from '../lib/ical/write.js';
import { listTellables, type Tellable } from '../invitations/queries.js';
import { listOccurrences, listRules, type StandingRule } from '../invitations/seriesQueries.js';
import { canBeOneEvent, publishedSet } from '../invitations/seriesEvent.js';
import { seriesTold } from '../invitations/seriesView.js';
import type { Context } from '../lib/http/route.js';
import { translator } from '../lib/i18n/translate.js';
import { ourMailbox } from '../lib/mail/message.js';
import { format } from '../lib/time/format.js';
import type { FeedPart } from './join.js';
import type { FeedHolder, FeedLine } from './queries.js';

// The events of a feed: single meetings, and the dates of a rule as one event with its exceptions, under the
// UIDs of the mails. Kept as they were written last, by everything that shows in one: writing and judging one
// costs about a millisecond, joining a thousand of them a few.

const written = new Map<string, FeedPart[]>();
const KEPT = 20_000;
const AT_ONCE = 25;

/** A meeting, or all lines of one rule. */
interface Unit {
  key: string;
  rule: number | null;
  lines: FeedLine[];
}

/** @param rooms the state of all rooms, whose names stand in the events */
export async function partsOf(
  c: Context,
  holder: FeedHolder,
  lines: readonly FeedLine[],
  rooms: string,
): Promise<FeedPart[]> {
  const units = unitsOf(c, holder, lines, rooms);
  const missing = units.filter(({ key }) => !written.has(key));
  while (missing.length > 0) {
    const some: Unit[] = [];
    for (let count = 0; count < AT_ONCE && missing.length > 0; count += some.at(-1)?.lines.length ?? 1)
      some.push(...missing.splice(0, 1));
    const ids = some.flatMap((unit) => unit.lines.map(({ id }) => id));
    const rules = await listRules(
      c.db,
      some.flatMap(({ rule }) => rule ?? []),
    );
    const meetings = await listTellables(c.db, ids);
    const occurrences = rules.size > 0 ? await listOccurrences(c.db, ids) : new Map<number, Date>();
    for (const unit of some) {
      if (written.size >= KEPT) written.clear();
      const rule = unit.rule === null ? undefined : rules.get(unit.rule);
      const dates = datesOf(c, holder, unit, meetings);
      written.set(
        unit.key,
        rule ? writeRule(c, holder, dates, { rule, occurrences }) : writeEach(c, holder, dates),
      );
    }
    // Other requests go on in between.
    await new Promise((resolve) => setImmediate(resolve));
  }
  return units.flatMap(({ key }) => written.get(key) ?? []);
}

function unitsOf(c: Context, holder: FeedHolder, lines: readonly FeedLine[], rooms: string): Unit[] {
  const seenAs = (line: FeedLine) => {
    if (holder.is_busy_only) return 'busy';
    if (!line.is_known) return 'hidden';
    return line.is_own ? 'own' : 'known';
  };
  const keyOf = (line: FeedLine) => `${line.id}:${line.state}:${seenAs(line)}`;
  const units = new Map<string, Unit>();
  for (const line of lines) {
    const name = line.rule_id === null ? `m${line.id}` : `r${line.rule_id}`;
    const unit = units.get(name) ?? {
      key: `${rooms}:${holder.lang}:${holder.zone}:${c.config.mailDomain}`,
      rule: line.rule_id,
      lines: [],
    };
    unit.key += `,${keyOf(line)}`;
    unit.lines.push(line);
    units.set(name, unit);
  }
  // Of a standing meeting it names every date: kept as a hash.
  return [...units.values()].map((unit) =>
    unit.rule === null
      ? unit
      : { ...unit, key: `${unit.rule}|${createHash('sha1').update(unit.key).digest('base64url')}` },
  );
}

interface FeedDate {
  meeting: Tellable;
  /** The same as this person may read it. */
  masked: Tellable;
}

function datesOf(c: Context, holder: FeedHolder, unit: Unit, meetings: Map<number, Tellable>): FeedDate[] {
  return unit.lines.flatMap((line) => {
    const meeting = meetings.get(line.id);
    return meeting ? [{ meeting, masked: maskFor(c, holder, line, meeting) }] : [];
  });
}

/** Each meeting as an event of its own. One that can't be written is left out and logged. */
function writeEach(c: Context, holder: FeedHolder, dates: readonly FeedDate[]): FeedPart[] {
  return dates.flatMap((date) => skipUnwritable(c, date.meeting.id, () => writeSingle(c, holder, date)));
}

/** The dates of a rule as one event with its exceptions, or each by itself where no one event can say it. */
function writeRule(
  c: Context,
  holder: FeedHolder,
  dates: readonly FeedDate[],
  { rule, occurrences }: { rule: StandingRule; occurrences: Map<number, Date> },
): FeedPart[] {
  const announced = announceRule(rule, dates, occurrences);
  if (!announced || !canBeOneEvent(announced)) return writeEach(c, holder, dates);
  return skipUnwritable(c, rule.id, () => {
    const stampedAt = new Date(Math.max(...dates.map(({ meeting }) => meeting.updated_at.getTime())));
    const sequence = Math.max(...dates.map(({ meeting }) => meeting.sequence));
    return splitCalendar(
      writeSeries(
        'PUBLISH',
        publishedSet(announced, {
          facts: { uid: rule.uid, created_at: rule.created_at, updated_at: stampedAt },
          sequence,
          stampedAt,
          ...frameOf(c, holder),
        }),
      ),
    );
  });
}

/** What the event of a rule says; undefined where it has no date left. */
function announceRule(rule: StandingRule, dates: readonly FeedDate[], occurrences: Map<number, Date>) {
  const announced = dates.flatMap(({ meeting, masked }) => {
    const at = occurrences.get(meeting.id);
    if (!at) return [];
    return {
      meetingId: meeting.id,
      at,
      isOn: meeting.state !== 'cancelled',
      reason: null,
      timeSequence: meeting.time_sequence,
      told: announcementOf(masked),
    };
  });
  announced.sort((a, b) => a.at.getTime() - b.at.getTime());
  return seriesTold(
    {
      uid: rule.uid,
      follows: rule.follows,
      rule: rule.rule,
      zone: rule.zone,
      startsOn: rule.startsOn,
      startsAtTime: rule.startsAtTime,
      until: announced.at(-1)?.at.toISOString() ?? rule.until,
    },
    announced,
  );
}

function skipUnwritable(c: Context, id: number, write: () => FeedPart): FeedPart[] {
  try {
    return [write()];
  } catch (error) {
    c.log.warn({ err: error, id }, 'left out of a feed');
    return [];
  }
}

/** What this person may read of it. */
function maskFor(c: Context, holder: FeedHolder, line: FeedLine, meeting: Tellable): Tellable {
  const isHidden = holder.is_busy_only || !line.is_known;
  if (!isHidden) return line.is_own ? meeting : { ...meeting, description: '', link: null };
  const office = { id: 0, name: c.office.name_zh, name_en: c.office.name_en };
  return {
    ...meeting,
    title: translator(holder.lang)('calendar.day.booked'),
    number: null,
    description: '',
    link: null,
    place: null,
    organiser: office,
    booked_for: null,
    chair: null,
    rooms: holder.is_busy_only ? [] : meeting.rooms,
  };
}

function frameOf(c: Context, holder: FeedHolder) {
  const t = translator(holder.lang);
  return {
    organizerAddress: ourMailbox(c.config).address,
    sentBy: null,
    mailDomain: c.config.mailDomain,
    reader: { lang: holder.lang, t, fmt: format(holder.lang, holder.zone) },
  };
}

function writeSingle(c: Context, holder: FeedHolder, { meeting, masked }: FeedDate): FeedPart {
  return splitCalendar(
    writeCalendar(
      'PUBLISH',
      calendarEvent({
        facts: meeting,
        told: masked,
        attendees: [],
        sequence: meeting.sequence,
        stampedAt: meeting.updated_at,
        status: meeting.state === 'cancelled' ? 'CANCELLED' : 'CONFIRMED',
        ...frameOf(c, holder),
      }),
    ),
  );
}
