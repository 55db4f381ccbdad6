import { hrefOf } from '../claims/describeHold.js';
import type { CalendarClaim } from './queries.js';

/** Where a claim on a calendar leads: to its hold, to its meeting where that may be known, else nowhere. */
export function hrefOfClaim(claim: CalendarClaim): string | null {
  if (claim.hold) return hrefOf(claim.hold);
  return claim.meeting_id !== null && claim.title !== null ? `/meetings/${claim.meeting_id}` : null;
}
