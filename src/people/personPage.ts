import type { Context } from '../lib/http/route.js';
import type { PersonRow } from './directoryQueries.js';

type Reader = Pick<Context, 't' | 'fmt' | 'lang' | 'viewer'>;

interface Account {
  has_password: boolean;
  last_seen_at: Date | null;
}

/** What the page of a person shows to whom, each by a name. */
export function showPerson(c: Reader, person: PersonRow, account: Account | undefined) {
  const { viewer } = c;
  const isStaff = !person.is_guest && !person.deactivated_at;
  const isAdministrator = viewer.role === 'administrator';
  return {
    isStaff,
    seesTimes: isStaff && (viewer.id === person.id || viewer.role !== 'member'),
    maySetRole: isAdministrator && isStaff,
    isAdministrator,
    account: isStaff && account ? showAccount(c, person, account) : undefined,
  };
}

/** The account: how it stands, and what may be done about it as lib/verb takes it. */
function showAccount({ t, fmt, viewer }: Reader, person: PersonRow, account: Account) {
  const { has_password, last_seen_at } = account;
  const isAdministrator = viewer.role === 'administrator';
  const verb = (to: string, label: string, hidden?: Record<string, string>) => ({
    action: `/people/${person.id}/${to}`,
    label,
    small: true,
    hidden,
  });
  const verbs = [];
  if (!has_password && person.email) verbs.push(verb('account-invitation', t('auth.account.invite')));
  if (isAdministrator && person.email) verbs.push(verb('account-link', t('auth.account.makeLink')));
  if (isAdministrator && has_password && viewer.id !== person.id) {
    verbs.push(verb('sign-out', t('auth.account.signOut')));
    verbs.push(verb('sign-out', t('auth.account.mustChange'), { must_change: 'on' }));
  }
  return {
    state: t(has_password ? 'auth.account.active' : 'auth.account.none'),
    lastSeen: last_seen_at ? t('auth.account.lastSeen', { time: fmt.dateTime(last_seen_at) }) : '',
    verbs,
  };
}

/** Label and fact; what is not known is left out by views/lib/facts.ejs. */
export function factsOf(
  { t, fmt, lang }: Reader,
  person: PersonRow,
  headOf: readonly { name_en: string; name_zh: string }[],
) {
  return [
    { label: t('people.field.name'), text: person.name },
    { label: t('people.field.name_en'), text: person.name_en },
    {
      label: t('people.field.unit_id'),
      text: fmt.name({ name_en: person.unit_en, name_zh: person.unit_zh }),
      href: person.unit_id ? `/people?unit=${person.unit_id}` : undefined,
    },
    { label: t('people.field.affiliation'), text: person.affiliation },
    { label: t('people.field.position'), text: person.position },
    {
      label: t('people.field.headOf'),
      text: headOf.map((unit) => fmt.name(unit)).join(lang === 'en' ? ', ' : '、'),
    },
    { label: t('people.field.email'), text: person.email },
    { label: t('people.field.phone'), text: person.phone },
    { label: t('people.field.lang'), text: person.lang === 'en' ? 'English' : '中文' },
  ];
}

/** Guests who look like the same person, each with the verb that makes them one; see views/lib/rows.ejs. */
export function twinRows({ t, fmt }: Reader, person: Pick<PersonRow, 'id'>, twins: readonly PersonRow[]) {
  return twins.map((twin) => ({
    title: fmt.name(twin),
    href: `/people/${twin.id}`,
    meta: [twin.email, twin.affiliation],
    actions: [
      {
        href: `/people/${person.id}/merge?other=${twin.id}`,
        label: t('people.person.mergeVerb'),
        about: twin.email ?? '',
      },
    ],
  }));
}
