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
