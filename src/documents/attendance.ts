// Who was there and who gets a copy, by unit, and how a person of a unit reads.
import type { Translate } from '../lib/i18n/translate.js';
import type { Format } from '../lib/time/format.js';
import type { Attendance, SnapshotPerson } from './snapshot.js';

export interface AttendanceList {
  /** Present, apologies, absent or in attendance. */
  label: string;
  groups: Array<{ unit: string; names: string[] }>;
}

/** Present, apologies, in attendance, in the order of GB/T 9704: unit, then names. */
export function attendanceOf(people: Attendance[], t: Translate, fmt: Format): AttendanceList[] {
  const isGuest = (person: Attendance): boolean => person.role === 'in_attendance';
  const expected = people.filter((person) => person.role !== 'informed');
  const lists = [
    {
      label: t('minutes.document.present'),
      people: expected.filter((person) => person.status === 'present' && !isGuest(person)),
    },
    {
      label: t('minutes.document.apologies'),
      people: expected.filter((person) => person.status === 'apologies'),
    },
    { label: t('minutes.document.absent'), people: expected.filter((person) => person.status === 'absent') },
    {
      label: t('minutes.document.inAttendance'),
      people: expected.filter((person) => person.status === 'present' && isGuest(person)),
    },
  ];
  return lists
    .filter((list) => list.people.length > 0)
    .map((list) => ({ label: list.label, groups: byUnit(list.people, fmt) }));
}

function byUnit(people: SnapshotPerson[], fmt: Format): Array<{ unit: string; names: string[] }> {
  const groups = new Map<string, string[]>();
  for (const person of people) {
    const unit = unitOf(person, fmt);
    groups.set(unit, [...(groups.get(unit) ?? []), fmt.name(person)]);
  }
  return [...groups].map(([unit, names]) => ({ unit, names }));
}

function unitOf(person: SnapshotPerson, fmt: Format): string {
  return fmt.name({ name_en: person.unit_en, name_zh: person.unit_zh });
}

/** "Zhang Wei (Finance)" · 财务处张伟 */
export function personOf(person: SnapshotPerson, fmt: Format): string {
  const unit = unitOf(person, fmt);
  if (!unit) return fmt.name(person);
  return fmt.lang === 'en' ? `${fmt.name(person)} (${unit})` : `${unit}${fmt.name(person)}`;
}

export function copiesOf(people: SnapshotPerson[], t: Translate, fmt: Format): string {
  return byUnit(people, fmt)
    .map((group) =>
      group.unit
        ? t('minutes.document.unitNames', {
            unit: group.unit,
            names: group.names.join(t('minutes.document.comma')),
          })
        : group.names.join(t('minutes.document.comma')),
    )
    .join(t('minutes.document.comma'));
}
