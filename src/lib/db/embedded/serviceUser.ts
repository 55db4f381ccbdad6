import { spawnSync } from 'node:child_process';
import { chownSync, readFileSync } from 'node:fs';

/** The operating system user that runs the embedded database; PostgreSQL refuses to run as root. */
export interface ServiceUser {
  name: string;
  uid: number;
  gid: number;
}

/**
 * Who runs the embedded database: nobody special (undefined: ourselves) for an ordinary user, and for root
 * the owner of an existing cluster, else `postgres`, else `nobody`.
 * @param ownerUid uid of the folder of an existing cluster
 */
export function serviceUser(ownerUid?: number): ServiceUser | undefined {
  if (process.getuid?.() !== 0) return undefined;
  const users = listSystemUsers();
  const chosen =
    (ownerUid === undefined || ownerUid === 0
      ? undefined
      : (users.find((u) => u.uid === ownerUid) ?? {
          name: `uid ${ownerUid}`,
          uid: ownerUid,
          gid: ownerUid,
        })) ??
    users.find((u) => u.name === 'postgres') ??
    users.find((u) => u.name === '_postgres') ??
    users.find((u) => u.name === 'nobody' && u.uid > 0);
  if (!chosen)
    throw new Error(
      'PostgreSQL cannot run as root, and this machine has neither a user "postgres" nor "nobody". ' +
        'Start as an ordinary user.',
    );
  return chosen;
}

function listSystemUsers(): ServiceUser[] {
  return readFileSync('/etc/passwd', 'utf8')
    .split('\n')
    .map((line) => line.split(':'))
    .flatMap(([name, , uid, gid]) =>
      name && uid && gid ? [{ name, uid: Number(uid), gid: Number(gid) }] : [],
    );
}

/** Spawn options that make a child run as the service user. */
export function asUser(user: ServiceUser | undefined): { uid?: number; gid?: number } {
  return user ? { uid: user.uid, gid: user.gid } : {};
}

/** Hands a file or folder to the service user. */
export function giveTo(user: ServiceUser | undefined, path: string): void {
  if (user) chownSync(path, user.uid, user.gid);
}

/**
 * Whether the service user gets at a path: asked of the system itself, because modes alone say nothing about
 * access lists and mounts.
 * @param test as in test(1): x = enter a folder or run a file, w = write
 */
export function canReach(user: ServiceUser | undefined, path: string, test: 'x' | 'w' = 'x'): boolean {
  if (!user) return true;
  return (
    spawnSync('/usr/bin/env', ['test', `-${test}`, path], { ...asUser(user), cwd: '/', stdio: 'ignore' })
      .status === 0
  );
}
