import type { Context } from '../lib/http/route.js';
import type { PersonRow } from './directoryQueries.js';

type Reader = Pick<Context, 't' | 'fmt' | 'lang'>;

/** The directory as views/lib/table.ejs takes it; guests have an affiliation where staff have a unit. */
export function directoryTable(c: Reader, persons: readonly PersonRow[], kind: string) {
  const { t, fmt } = c;
  return {
    columns: [
      { label: t('people.field.name') },
      { label: t(kind === 'guests' ? 'people.field.affiliation' : 'people.field.unit_id') },
      { label: t('people.field.position') },
      { label: t('people.field.email') },
      { label: t('people.field.phone') },
    ],
    rows: persons.map((person) => ({
      over: Boolean(person.deactivated_at),
      cells: [
        {
          text: fmt.name(person),
          href: `/people/${person.id}`,
          meta: otherName(c, person),
          pill: person.role === 'member' ? undefined : { text: t(`people.role.${person.role}`) },
        },
        person.is_guest ? person.affiliation : fmt.name({ name_en: person.unit_en, name_zh: person.unit_zh }),
        person.position,
        person.email,
        person.phone,
      ],
    })),
  };
}

/** The Chinese name beside the English one. */
function otherName({ lang }: Reader, { name, name_en }: PersonRow): string | undefined {
  return lang === 'en' && name_en && name_en !== name ? name : undefined;
}

/** What stands in place of an empty list, as views/lib/empty.ejs takes it. */
export function nobody(
  { t }: Reader,
  { hasFilter, isSecretary }: { hasFilter: boolean; isSecretary: boolean },
) {
  if (hasFilter || !isSecretary) return { text: t('people.list.none') };
  return { text: t('people.list.noneYet'), href: '/people/import', label: t('people.list.import') };
}
