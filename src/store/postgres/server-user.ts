import { constants, type Stats } from 'node:fs';
import { readFile, realpath, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { ignoring } from './ignoring.ts';

/** The account the server runs under when it is not ours. */
export interface ServerUser {
  readonly uid: number;
  readonly gid: number;
}

/**
 * PostgreSQL refuses to run as root: then it runs as the owner of the data, or as nobody for new data.
 * Undefined means that the server runs as we do.
 */
export async function serverUser(cluster: string): Promise<ServerUser | undefined> {
  if (process.getuid?.() !== 0) return undefined;
  const existing = await ignoring(['ENOENT'], stat(cluster));
  if (existing !== undefined && existing.uid !== 0) return { uid: existing.uid, gid: existing.gid };
  return nobody();
}

export async function nobody(): Promise<ServerUser> {
  const accounts = (await ignoring(['ENOENT'], readFile('/etc/passwd', 'utf8'))) ?? '';
  const fields = /^nobody:[^:]*:(\d+):(\d+):/m.exec(accounts);
  return { uid: Number(fields?.[1] ?? 65534), gid: Number(fields?.[2] ?? 65534) };
}

/** Whether the user can enter the directory and every directory above it. */
export async function canReach(directory: string, user: ServerUser): Promise<boolean> {
  for (let at = await realpath(directory); ; at = dirname(at)) {
    if (!mayEnter(await stat(at), user)) return false;
    if (at === dirname(at)) return true;
  }
}

export function mayEnter(entry: Pick<Stats, 'mode' | 'uid' | 'gid'>, user: ServerUser): boolean {
  if (entry.uid === user.uid) return (entry.mode & constants.S_IXUSR) !== 0;
  if (entry.gid === user.gid) return (entry.mode & constants.S_IXGRP) !== 0;
  return (entry.mode & constants.S_IXOTH) !== 0;
}
