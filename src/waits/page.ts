import type { Context } from '../lib/http/route.js';
import { mayRestore, mayEditMeeting } from '../meetings/policy.js';
import type { Meeting } from '../meetings/queries.js';
import { findAwaited, findPlace } from './awaitedQueries.js';

import { describeRequest } from './choices.js';

/** How a meeting stands with a room it waits for, for who keeps the meeting; nobody learns who else waits. */
export async function describeWait(c: Context, meeting: Meeting) {
  if (meeting.state !== 'draft' && meeting.state !== 'scheduled' && meeting.state !== 'cancelled')
    return undefined;
  if (!mayTake(meeting)) return undefined;
  const request = await findAwaited(c.db, meeting.id, c.now);
  if (!request) return undefined;
  const state = request.state === 'offered' && !request.is_held ? 'lapsed' : request.state;
  return {
    ...request,
    state,
    what: describeRequest(c, request),
    place: state === 'waiting' ? await findPlace(c.db, request, c.now) : 1,
    isWaiting: state === 'waiting',
    isOffered: state === 'offered',
    mayJoin: meeting.state !== 'cancelled' && (state === 'lapsed' || state === 'declined'),
  };
}

export function mayTake(meeting: Meeting): boolean {
  return meeting.state === 'cancelled' ? mayRestore(meeting) : mayEditMeeting({ ...meeting, state: 'draft' });
}
