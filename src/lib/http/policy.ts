import type { Lang } from '../i18n/translate.js';

export type Role = 'administrator' | 'secretary' | 'member';

/** The signed-in person of a request, read once with the session. */
export interface Viewer {
  id: number;
  name: string;
  name_en: string | null;
  email: string | null;
  unit_id: number | null;
  role: Role;
  lang: Lang;
  zone: string;
  theme: 'system' | 'light' | 'dark';
  density: 'comfortable' | 'compact';
  has_shortcuts: boolean;
  must_change_password: boolean;
  session_id: number;
  /** When the person signed in: fresh enough for a change of privilege? */
  signed_in_at: Date;
}

/**
 * Who may use a route at all. What a person may do with one meeting is asked again by the command, which
 * knows the meeting. The name is what the access matrix of the tests shows.
 */
export interface Policy {
  name: 'anyone' | 'signed-in' | 'secretary' | 'administrator';
  allows(viewer: Viewer | null): boolean;
}

export const anyone: Policy = { name: 'anyone', allows: () => true };
export const signedIn: Policy = { name: 'signed-in', allows: (viewer) => viewer !== null };
export const secretary: Policy = {
  name: 'secretary',
  allows: (viewer) => viewer !== null && isSecretary(viewer),
};
export const administrator: Policy = {
  name: 'administrator',
  allows: (viewer) => viewer?.role === 'administrator',
};

/** Secretaries keep rooms and meetings of the whole office; an administrator may do what they may. */
export function isSecretary(viewer: Pick<Viewer, 'role'>): boolean {
  return viewer.role === 'secretary' || viewer.role === 'administrator';
}
