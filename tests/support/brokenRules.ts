// The rules that breakRules.ts breaks: each in words, with the text that keeps it and the tests that know it.

import { ACCOUNTS, RECORDS } from './brokenRecordRules.js';

export interface Rule {
  /** What holds, in plain words. */
  rule: string;
  /** Stands exactly once under src and migrations, in any file; white space may differ. */
  search: string;
  /** What stands there when the rule does not hold. */
  replace: string;
  /**
   * Test files by name, without ending. Where several have the same name, the folder goes before:
   * `minutes/rules`.
   */
  tests: readonly string[];
}

const SEEN: readonly Rule[] = [
  {
    rule: 'Members of a series may see a private date of it',
    search: `or exists (select 1 from series_members s
        where s.series_id = \${alias}.series_id and s.person_id = :viewer_id)`,
    replace: '',
    tests: ['series/series'],
  },
  {
    rule: 'Others do not read the title of a private meeting where its room is shown',
    search: '(not m.is_private or knows_private_meeting(m.id, :viewer))',
    replace: '(true or knows_private_meeting(m.id, :viewer))',
    tests: ['tests/access'],
  },
  {
    rule: 'Somebody acts for another person only between the days of the appointment',
    search:
      "`${day} between coalesce(${deputy}.from_on, '-infinity') and coalesce(${deputy}.to_on, 'infinity')`;",
    replace: '`${day} is not null`;',
    tests: ['tests/access'],
  },
  {
    rule: 'Restricted items are for who decides in the meeting, not for everybody who takes part',
    search: 'CORE.includes(r.role)',
    replace: 'r.role !== null',
    tests: ['agenda/pages', 'minutes/access'],
  },
  {
    rule: 'A paper is for who may see its item',
    search: 'if (!maySeeItem(viewer, meeting, item)) throw new NotFound();',
    replace: '',
    tests: ['agenda/pages'],
  },
  {
    rule: 'Restricted items of the backlog are for who keeps the series',
    search: '!item.is_restricted || isCleared ||',
    replace: 'true ||',
    tests: ['agenda/pages', 'carry-over'],
  },
  {
    rule: 'Planned actions are not seen before the minutes are issued',
    search: `(a.state = 'planned' and exists (select 1 from minutes x
        where x.meeting_id = m.id and x.issued_at is not null))`,
    replace: "(a.state = 'planned')",
    tests: ['lists', 'lifecycle'],
  },
  {
    rule: 'Who only took part does not see actions of restricted items',
    search: 'or (not coalesce(i.is_restricted, false) and (',
    replace: 'or (true and (',
    tests: ['lists', 'lifecycle'],
  },
  {
    rule: 'A private poll is not kept by the office',
    search: 'r.is_organiser || r.is_creator || r.acts_for || (r.is_office && !is_private)',
    replace: 'r.is_organiser || r.is_creator || r.acts_for || r.is_office',
    tests: ['polls', 'changes'],
  },
  {
    rule: 'A poll is known to who is asked and who keeps it, not to everybody',
    search: `or (not is_private_poll(o.id) and exists (select 1 from persons v
        where v.id = viewer and v.role in ('secretary', 'administrator')))`,
    replace: 'or true',
    tests: ['polls', 'holds'],
  },
  {
    rule: 'The outbox masks a meeting that became private after its mail was queued',
    search: 'coalesce((select m.is_private from meetings m where m.id = ${d}.meeting_id), false)',
    replace: 'false',
    tests: ['outbox'],
  },
  {
    rule: 'The outbox shows no token that would let somebody act for the recipient',
    search: '[A-Za-z0-9_-]{32,}/g',
    replace: '[A-Za-z0-9_-]{99,}/g',
    tests: ['outbox'],
  },
];

const ROOMS: readonly Rule[] = [
  {
    rule: 'It may be too late to leave the old room, of one meeting and of the dates of a series',
    search: "flatMap((room) => lateIn(room, 'notice_change', before?.startsAt ?? null, request)),",
    replace: 'flatMap(() => []),',
    tests: ['rules/form', 'manyClaims', 'dates/rules'],
  },
  {
    rule: 'A closed hall takes the piece that a part gives up',
    search: "and ${isWithin('freed.room', 'cl.room_id')}",
    replace: 'and cl.room_id = freed.room',
    tests: ['claims/claims', 'doors/door'],
  },
  {
    rule: 'A closure takes the rest of a meeting that ends early',
    search: 'await handTimesToClosures(trx, rest);',
    replace: '',
    tests: ['doors/door'],
  },
  {
    rule: 'Only a hold whose time is over gives way',
    search: "and c.state in ('held', 'requested') and c.hold_until <= now() and c.occupies_from",
    replace: "and c.state in ('held', 'requested') and c.occupies_from",
    tests: ['claims/claims', 'calendar/holds'],
  },
  {
    rule: 'A hold that is over is for who waits, not for who passes by',
    search: `c.room_id and a.state = 'waiting' and m.state in ('draft', 'scheduled', 'cancelled')
        and m.starts_at > now() and m.starts_at < c.occupies_to and m.ends_at > c.occupies_from)`,
    replace: 'c.room_id and false)',
    tests: ['waits'],
  },
  {
    rule: 'Who asked first is offered the room first',
    search: "'w.since, m.id'",
    replace: "'w.since desc, m.id desc'",
    tests: ['waits', 'awaited'],
  },
  {
    rule: 'Hours count towards a quota with the booking itself',
    search: 'if (used + needed <= limit) return [];',
    replace: 'if (used <= limit) return [];',
    tests: ['rules/form', 'rules/layers'],
  },
  {
    rule: 'A change has to be made in time',
    search: 'if (limit === 0 || left >= limit * MINUTE) return undefined;',
    replace: 'if (limit === 0 || left >= 0) return undefined;',
    tests: ['rules/form', 'rules/layers'],
  },
  {
    rule: 'A booking ends within the opening hours',
    search: 'start >= open.from && end <= open.to',
    replace: 'start >= open.from',
    tests: ['openingHours', 'dayRules'],
  },
  {
    rule: 'A room is closed on a holiday of its calendar',
    search: "if (rule?.kind === 'closed' || rule?.kind === 'holiday') return undefined;",
    replace: "if (rule?.kind === 'closed') return undefined;",
    tests: ['openingHours', 'holidays'],
  },
  {
    rule: "A room's own exception goes before its calendar",
    search: "rules.find(({ kind }) => kind === 'closed' || kind === 'hours') ?? rules[0]",
    replace: 'rules.at(-1)',
    tests: ['openingHours', 'holidays', 'dayRules'],
  },
  {
    rule: 'Only who decides about a room answers requests for it',
    search: "if (!request.decides) throw new Forbidden(); if (request.state === 'open'",
    replace: "if (request.state === 'open'",
    tests: ['requests'],
  },
  {
    rule: 'What is carried into a room is counted together with what others have',
    search: 'away + quantity > stock',
    replace: 'quantity > stock',
    tests: ['equipment'],
  },
  {
    rule: 'A meeting that was begun counts as attended',
    search: 'or m.started_at is not null or',
    replace: 'or',
    tests: ['noShow'],
  },
  {
    rule: 'Who booked shortly before the meeting need not check in',
    search:
      'if (meeting.bookedAt.getTime() > start - rules.check_in_exempt_notice * 60_000) return undefined;',
    replace: '',
    tests: ['noShow'],
  },
];

const MEETINGS: readonly Rule[] = [
  {
    rule: 'A form that was opened before somebody else saved changes nothing',
    search:
      "if (meeting.version !== input.version) return { ok: false, reason: 'stale', meeting }; const changed",
    replace: 'const changed',
    tests: ['commands'],
  },
  {
    rule: 'Who books for a leader has to be a deputy or of the office',
    search:
      "if (!actor || !(await mayActFor(trx, actor, person))) throw new Forbidden('meetings.problem.actFor');",
    replace: '',
    tests: ['commands'],
  },
  {
    rule: 'A number that was sent out stays',
    search: "announced_at is null and starts_at > now() and state in ('draft', 'cancelled')",
    replace: 'starts_at > now()',
    tests: ['dates/numbers'],
  },
  {
    rule: 'A meeting that is over is not restored',
    search: 'if (!mayRestore(meeting)) throw new Forbidden(); if (meeting.ends_at <= now)',
    replace: 'if (!mayRestore(meeting)) throw new Forbidden(); if (meeting.ends_at === now)',
    tests: ['commands'],
  },
  {
    rule: 'Who would not have noticed that a date moved is asked again with the others',
    search: '|| (isAnyNews && (one.last_base ?? 0) < meeting.time_sequence)',
    replace: '',
    tests: ['invite'],
  },
  {
    rule: 'SEQUENCE never goes back for anybody',
    search: 'Math.max(meeting.time_sequence, before.last_sequence + (asksAgain ? 1 : 0))',
    replace: 'meeting.time_sequence',
    tests: ['invite'],
  },
  {
    rule: 'An answer to an earlier time does not count on the meeting page',
    search: 'r.participant_id = vp.id and r.sequence >= m.time_sequence',
    replace: 'r.participant_id = vp.id',
    tests: ['reply'],
  },
  {
    rule: 'A person with another address gets another reply link',
    search: 'holder.to_address === holder.email &&',
    replace: '',
    tests: ['reply'],
  },
  {
    rule: 'Nobody answers for people of a private meeting by acting for them',
    search: '(meeting.is_private || !(await mayActFor(trx, viewer, answering.person_id)))',
    replace: '!(await mayActFor(trx, viewer, answering.person_id))',
    tests: ['reply'],
  },
  {
    rule: 'A poll takes no answer after its deadline',
    search: "poll.state === 'open' && poll.deadline_at > now",
    replace: "poll.state === 'open'",
    tests: ['polls'],
  },
  {
    rule: 'An answer to a poll covers all of its times',
    search: "if (missing.length) return { ok: false, reason: 'missing', options: missing };",
    replace: '',
    tests: ['polls'],
  },
  {
    rule: 'A time at which somebody required cannot come is ranked behind',
    search: 'a.requiredNo.length - b.requiredNo.length ||',
    replace: '',
    tests: ['ranking'],
  },
  {
    rule: 'An older mail of one object goes first',
    search: 'and e.id < ${delivery}.id and',
    replace: 'and false and',
    tests: ['deliver', 'lib/mail/digest'],
  },
];

export const RULES: readonly Rule[] = [...SEEN, ...ROOMS, ...MEETINGS, ...RECORDS, ...ACCOUNTS];
