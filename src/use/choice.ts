// What the report is asked of, and its address.
import type { UnitOption } from '../people/queries.js';
import type { UseQuery } from './forms.js';
import type { UseRoom } from './queries.js';

/** The same report of other days, rooms or people. */
export function addressOf(
  query: UseQuery,
  change: Partial<UseQuery> = {},
  path = '/calendar/use',
  more: Record<string, string> = {},
): string {
  const other = { ...query, ...change };
  const fields = new URLSearchParams();
  for (const [name, value] of Object.entries({
    from: other.from,
    to: other.to,
    of: other.of,
    unit: other.unit,
    organiser: other.organiser,
    ...more,
  }))
    if (value) fields.set(name, String(value));
  return `${path}?${fields.toString()}`;
}

/** The rooms that are asked for; what no longer exists is all rooms. */
export function chosenRooms(all: readonly UseRoom[], of: string): readonly UseRoom[] {
  const one = all.find(({ id }) => of === `room-${id}`);
  if (one) return all.filter(({ id }) => id === one.id || one.part_ids.includes(id));
  const some = all.filter(
    ({ building, site }) => (building && of === `in-${building}`) || (site && of === `at-${site}`),
  );
  return some.length ? some : all;
}

/** A unit and all below it. */
export function unitsBelow(units: readonly UnitOption[], id: number): number[] {
  return [
    id,
    ...units.filter(({ parent_id }) => parent_id === id).flatMap((unit) => unitsBelow(units, unit.id)),
  ];
}
