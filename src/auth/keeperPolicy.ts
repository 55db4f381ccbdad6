import { isSecretary, type Viewer } from '../lib/http/policy.js';

/**
 * Adds and changes rooms, closes them, takes them out of service. Everybody signed in may see and book them.
 */
export function mayKeepRooms(viewer: Pick<Viewer, 'role'>): boolean {
  return isSecretary(viewer);
}
