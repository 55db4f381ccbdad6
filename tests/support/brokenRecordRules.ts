import type { Rule } from './brokenRules.js';

// The second half of the list in brokenRules.ts: minutes and actions, accounts and what is kept.

export const RECORDS: readonly Rule[] = [
  {
    rule: 'The reviewer of minutes is never their author',
    search: 'm.is_reviewer && !m.is_author',
    replace: 'm.is_reviewer',
    tests: ['minutes/rules'],
  },
  {
    rule: 'Who handed minutes in does not pass them',
    search:
      "if (minutes.versions[0]?.creator.id === by.id) throw new Forbidden('minutes.error.ownSubmission');",
    replace: '',
    tests: ['way', 'minutes/access'],
  },
  {
    rule: 'Only the version that was read is approved',
    search: 'if (!mayApprove(minutes) || version?.id !== given.versionId)',
    replace: 'if (!mayApprove(minutes) || !version)',
    tests: ['way', 'minutes/access'],
  },
  {
    rule: 'Minutes that are not what was submitted are not approved',
    search: 'if (sha256(content) !== version.sha256)',
    replace: 'if (content === undefined)',
    tests: ['way', 'minutes/access'],
  },
  {
    rule: 'Nobody judges an answer of their own',
    search: 's.viewer_id !== s.answered_by &&',
    replace: '',
    tests: ['lifecycle'],
  },
  {
    rule: 'Who leads an action does not decide about more time for it',
    search: 's.is_overseer && !s.is_lead;',
    replace: 's.is_overseer;',
    tests: ['actions/rules'],
  },
  {
    rule: 'Who asked for more time does not grant it',
    search: 'and verdict is null and asked_by <> :by',
    replace: 'and verdict is null and :by::bigint is not null',
    tests: ['lifecycle'],
  },
  {
    rule: 'Reminders up to the day of the assignment are left out',
    search: 'return step && step.on_day > assignedOn ? step : undefined;',
    replace: 'return step;',
    tests: ['actions/rules', 'reminders'],
  },
  {
    rule: 'People are reminded in working hours only',
    search: 'local.weekday <= 5 && local.hour >= WORKING_HOURS.from',
    replace: 'local.hour >= WORKING_HOURS.from',
    tests: ['actions/rules', 'reminders'],
  },
];

export const ACCOUNTS: readonly Rule[] = [
  {
    rule: 'A change that another site sends is refused',
    search: "site === 'same-origin' || site === 'none'",
    replace: "site !== 'cross-origin'",
    tests: ['http', 'reply'],
  },
  {
    rule: 'A sign-in lapses when nothing was asked for half an hour',
    search: 'and s.last_seen_at > now() - make_interval(mins => :idle)`',
    replace: 'and (true or make_interval(mins => :idle) is null)`',
    tests: ['sign-in', 'lapsed-session', 'account'],
  },
  {
    rule: 'A new password ends all sessions of before',
    search: 'await revokeSessions(trx, by, personId); return openSession(trx, personId, from);',
    replace: 'return openSession(trx, personId, from);',
    tests: ['account', 'reset'],
  },
  {
    rule: 'A new role ends all sessions of the person',
    search: "if (done === 'done') await revokeSessions(trx, by, id);",
    replace: '',
    tests: ['account'],
  },
  {
    rule: 'Ten wrong passwords lock an account for a while',
    search: 'sign_in_account: { points: 10,',
    replace: 'sign_in_account: { points: 1000,',
    tests: ['sign-in'],
  },
  {
    rule: 'A link for a new password works once',
    search: 'and l.purpose = any(:purposes) and l.used_at is null and',
    replace: 'and l.purpose = any(:purposes) and',
    tests: ['reset', 'account'],
  },
  {
    rule: 'Only who was deactivated is erased',
    search: "if (!person.deactivated_at) throw new Conflict('admin.erase.firstDeactivate');",
    replace: '',
    tests: ['person-data'],
  },
  {
    rule: 'Only guests are merged',
    search: 'if (!keep.is_guest || !drop.is_guest || drop.has_account)',
    replace: 'if (drop.has_account && keep.id === drop.id)',
    tests: ['person-data'],
  },
  {
    rule: 'Erasing a person also erases the address in mails',
    search: 'await forgetAddress(trx, id);',
    replace: '',
    tests: ['person-data'],
  },
  {
    rule: 'The last administrator stays one',
    search: `if (person.role === 'administrator' && isLast) return 'last_administrator';
        await change(trx, \`update persons set role`,
    replace: 'await change(trx, `update persons set role',
    tests: ['account', 'departure'],
  },
  {
    rule: 'What was sent with a key is not taken again with other contents',
    search: 'if (!earlier.body_hash.equals(hash)) throw new SentBefore(earlier.location);',
    replace: '',
    tests: ['lib/form', 'meetings/pages', 'booking', 'lapsed-session'],
  },
  {
    rule: 'The seal of an event depends on what is written in it',
    search: '.update(`${before}\\n${seq}\\n${content}`)',
    replace: '.update(`${before}\\n${seq}\\n${content.length}`)',
    tests: ['audit'],
  },
  {
    rule: 'A booking that was imported is known by its id',
    search: 'where source = :source and external_id = any(:keys)',
    replace: 'where source = :source and external_id = any(:keys) and false',
    tests: ['moving-in', 'mrbs'],
  },
];
