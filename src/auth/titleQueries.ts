/**
 * SQL condition: may the person `:viewer` know the title of meeting `m`? What is not private, and what one
 * organises, typed, stands in for or takes part in (see the function in migrations/0030_meetings.sql).
 */
export const KNOWS_TITLE = `(not m.is_private or knows_private_meeting(m.id, :viewer))`;
