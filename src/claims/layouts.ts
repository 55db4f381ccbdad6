/** How a room may seat people, the tightest last; the names are those of `rooms.layout.<name>`. */
export const LAYOUTS = ['boardroom', 'u_shape', 'hollow_square', 'cabaret', 'classroom', 'theatre'] as const;
export type Layout = (typeof LAYOUTS)[number];

export interface LayoutSeats {
  layout: Layout;
  capacity: number;
}

/** In the order in which pages show them. */
export function inOrder<T extends { layout: Layout }>(layouts: readonly T[]): T[] {
  return [...layouts].sort((a, b) => LAYOUTS.indexOf(a.layout) - LAYOUTS.indexOf(b.layout));
}

/** The fields that say more people than the room has seats: `layouts.<place>`, `min_people`. */
export function seatProblems(
  capacity: number,
  layouts: readonly LayoutSeats[],
  minPeople: number | null,
): string[] {
  const fields = layouts.flatMap(({ layout, capacity: seats }) =>
    seats > capacity ? [`layouts.${LAYOUTS.indexOf(layout)}`] : [],
  );
  return minPeople !== null && minPeople > capacity ? [...fields, 'min_people'] : fields;
}
