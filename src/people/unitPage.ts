import type { Context } from '../lib/http/route.js';
import type { UnitRow } from './unitQueries.js';

type Reader = Pick<Context, 't' | 'fmt'>;

/** The tree of units as views/lib/table.ejs takes it; verbs are for an administrator. */
export function unitTable(c: Reader, units: readonly UnitRow[], isAdministrator: boolean) {
  const { t, fmt } = c;
  return {
    columns: [
      { label: t('people.field.unit_id') },
      { label: t('people.unit.code') },
      { label: t('people.unit.head') },
      { label: t('people.list.title'), numeric: true },
      ...(isAdministrator ? [{ label: t('lib.verb.edit'), heard: true }] : []),
    ],
    rows: units.map((unit) => ({
      over: !unit.is_active,
      cells: [
        {
          text: '\u2003'.repeat(unit.depth) + fmt.name(unit),
          href: `/people?unit=${unit.id}`,
          pill: unit.is_active ? undefined : { text: t('people.unit.inactive'), tone: 'warn' },
        },
        unit.code,
        headCell(c, unit),
        fmt.number(unit.people),
        ...(isAdministrator ? [{ actions: verbsOf(c, unit) }] : []),
      ],
    })),
  };
}

function headCell({ fmt }: Reader, { head_id, head_name, head_name_en }: UnitRow) {
  if (!head_id) return '';
  return { text: fmt.name({ name: head_name, name_en: head_name_en }), href: `/people/${head_id}` };
}

function verbsOf({ t, fmt }: Reader, unit: UnitRow) {
  const about = fmt.name(unit);
  const here = `/units/${unit.id}`;
  if (!unit.is_active)
    return [{ action: `${here}/reactivation`, label: t('people.unit.reactivate'), about, small: true }];
  return [
    { href: `${here}/edit`, label: t('lib.verb.edit'), about },
    { href: `${here}/deactivation`, label: t('people.unit.endVerb'), about },
  ];
}
