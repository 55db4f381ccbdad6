/**
 * A site, a building of it, or a floor of that: `[site]`, `[site, building]` or `[site, building, floor]`.
 */
export type Area = readonly string[];

interface Placed {
  site: string;
  building: string;
  floor: string;
}

/** The areas that some room is in, the whole before its parts; a level nobody has filled in is left out. */
export function areasOf(rooms: readonly Placed[]): Area[] {
  const found = new Map<string, Area>();
  for (const { site, building, floor } of rooms) {
    if (site) found.set(writeArea([site]), [site]);
    if (building) found.set(writeArea([site, building]), [site, building]);
    if (floor) found.set(writeArea([site, building, floor]), [site, building, floor]);
  }
  return [...found.values()].sort((a, b) =>
    a.join('\n').localeCompare(b.join('\n'), 'en', { numeric: true }),
  );
}

export function isIn(room: Placed, area: Area): boolean {
  const place = [room.site, room.building, room.floor];
  return area.every((name, level) => place[level] === name);
}

/** As a form posts it. */
export function writeArea(area: Area): string {
  return JSON.stringify(area);
}

/** @returns undefined for what no form of ours has posted */
export function readArea(text: string): Area | undefined {
  try {
    const area: unknown = JSON.parse(text);
    return Array.isArray(area) &&
      area.length >= 1 &&
      area.length <= 3 &&
      area.every((name) => typeof name === 'string')
      ? area
      : undefined;
  } catch {
    return undefined;
  }
}
