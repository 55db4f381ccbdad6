// Conditions that many statements share, each under one name. They are pieces of SQL text, so that the
// planner sees the very words of the partial indexes and of the constraint of room_claims.

/** SQL condition: the claim still stands. @param claim its alias; without one the columns stand alone */
export const isLive = (claim = ''): string =>
  `${claim && `${claim}.`}state in ('held', 'requested', 'confirmed')`;

/**
 * SQL condition: the claim still stands and keeps others out of the room, as the constraint
 * room_claims_no_overlap has it.
 */
export const isBlocking = (claim = ''): string => `${claim && `${claim}.`}is_holding and ${isLive(claim)}`;

/** SQL condition: a hold whose time is over does not count. */
export const isNotLapsed = (claim = ''): string => {
  const until = `${claim && `${claim}.`}hold_until`;
  return `(${until} is null or ${until} > now())`;
};

/** SQL condition: the atomic room is this room, or a part of this hall. */
export const isWithin = (atomic: string, room: string): string =>
  `(${atomic} = ${room} or ${atomic} in (select part_id from room_parts where hall_id = ${room}))`;

/** SQL: joins the parts of a hall to its row; a room that is not divisible keeps its one row. */
export const joinParts = (room: string, part = 'p'): string =>
  `left join room_parts ${part} on ${part}.hall_id = ${room}`;

/** SQL: the atomic room of a row with its parts. */
export const atomOf = (room: string, part = 'p'): string => `coalesce(${part}.part_id, ${room})`;

/** SQL: the atomic rooms of the rooms in an SQL expression, an array of ids; each once, as `id`. */
export const atomsOf = (rooms: string): string =>
  `select distinct ${atomOf('r.id')} as id from rooms r ${joinParts('r.id')} where r.id = any(${rooms})`;
