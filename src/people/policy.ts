import { isSecretary, type Role } from '../lib/http/policy.js';

type Who = { id: number; role: Role };

/** Administrators keep everybody; secretaries keep guests and members. */
export function mayEdit(who: Who, person: { role: Role }): boolean {
  return who.role === 'administrator' || (isSecretary(who) && person.role === 'member');
}

export function maySetRole(who: Who): boolean {
  return who.role === 'administrator';
}

/** Guests are other people's contacts: the whole list of them is for secretaries. */
export function mayListGuests(who: Pick<Who, 'role'>): boolean {
  return isSecretary(who);
}
