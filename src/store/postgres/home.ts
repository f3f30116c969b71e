import { randomBytes } from 'node:crypto';
import { constants } from 'node:fs';
import { access, chmod, lstat, mkdir, readdir, realpath, rm, rmdir, stat, symlink, writeFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { errorCode, ignoring } from './ignoring.ts';
import type { Log } from './log.ts';
import { canReach, mayEnter, nobody, type ServerUser } from './server-user.ts';

/** The data directory proper; its siblings in the home are the lock, the password and the server's log. */
export const clusterOf = (home: string): string => join(home, 'cluster');

/**
 * Returns the real directory that holds everything of the server wanted at `directory`; makes it when missing.
 *
 * As root, the server's account may be unable to get there (a clone under /root). Then the home is made under
 * `sharedRoot` and `directory` becomes a symbolic link to it. The link alone decides where the data are: a fresh clone at the
 * same path starts empty, a moved clone keeps its data, and every tool sees them through the path that was asked for.
 */
export async function settleHome(directory: string, sharedRoot: string, log: Log): Promise<string> {
  const wanted = resolve(directory);
  if (process.getuid?.() !== 0) {
    return await ownHome(wanted);
  }
  await mkdir(dirname(wanted), { recursive: true });
  const user = await nobody();
  // Another process may be settling the same home: look again after every step that lost a race.
  for (let attempt = 0; attempt < 50; attempt++) {
    const home = (await existingHome(wanted, user)) ?? (await newHome(wanted, user, sharedRoot, log));
    if (home !== undefined) return await checked(home);
  }
  throw new Error(`${wanted} keeps changing while Firebreak tries to set it up.`);
}

async function ownHome(wanted: string): Promise<string> {
  try {
    await mkdir(wanted, { recursive: true, mode: 0o700 });
    await access(wanted, constants.R_OK | constants.W_OK | constants.X_OK);
  } catch (error) {
    const code = errorCode(error) ?? '';
    if (!['EACCES', 'EPERM', 'EROFS'].includes(code)) throw error;
    throw new Error(
      `${wanted} cannot be written by this account (uid ${String(process.getuid?.())}, ${code}). Give it the directory (chown -R), ` +
        'run Firebreak under the account that owns it, or choose another directory.',
      { cause: error },
    );
  }
  return await checked(wanted);
}

async function existingHome(wanted: string, user: ServerUser): Promise<string | undefined> {
  const entry = await ignoring(['ENOENT'], lstat(wanted));
  if (entry === undefined) return undefined;
  if (entry.isSymbolicLink()) return await followed(wanted);
  if (!entry.isDirectory()) throw new Error(`${wanted} is not a directory.`);
  // With data in it, it stays where it is; whether the owner of the data can get there is seen on the next step.
  if ((await ignoring(['ENOENT'], stat(clusterOf(wanted)))) !== undefined) return await realpath(wanted);
  return (await canReach(dirname(wanted), user)) ? await realpath(wanted) : undefined;
}

async function followed(link: string): Promise<string> {
  const target = await ignoring(['ENOENT'], realpath(link));
  if (target !== undefined) return target;
  // Starting empty here would look like a loss of every incident.
  throw new Error(
    `${link} is a link to a directory that does not exist. Restore that directory, or remove the link to start with an empty database.`,
  );
}

/** Undefined when another process was quicker, whatever it made. */
async function newHome(wanted: string, user: ServerUser, sharedRoot: string, log: Log): Promise<string | undefined> {
  if (await canReach(dirname(wanted), user)) {
    const made = await ignoring(
      ['EEXIST'],
      mkdir(wanted, { mode: 0o711 }).then(() => true),
    );
    return made ? await realpath(wanted) : undefined;
  }
  if (!(await removeEmpty(wanted))) return undefined;
  const place = await outsidePlace(wanted, user, sharedRoot);
  const linked = await ignoring(
    ['EEXIST'],
    symlink(place, wanted).then(() => true),
  );
  if (linked === undefined) {
    await rm(place, { recursive: true });
    return undefined;
  }
  log.info({ directory: wanted, place }, 'the database server cannot run below that directory as nobody; it is linked');
  return place;
}

async function removeEmpty(wanted: string): Promise<boolean> {
  try {
    await rmdir(wanted);
    return true;
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return true;
    if (errorCode(error) === 'ENOTDIR') return false;
    throw new Error(
      `${wanted} cannot be reached by the account the database server runs under (nobody), and it cannot be replaced by a link ` +
        'either because it is not empty or is a mount point. Let others enter the directories above it (chmod o+x), or choose another.',
      { cause: error },
    );
  }
}

async function outsidePlace(wanted: string, user: ServerUser, sharedRoot: string): Promise<string> {
  await ensureSharedRoot(sharedRoot, user);
  const place = join(sharedRoot, `postgres-${randomBytes(6).toString('hex')}`);
  await mkdir(place);
  await chmod(place, 0o711);
  await writeFile(
    join(place, 'ORIGIN'),
    `The database of the Firebreak at ${wanted}, which is a link to this directory.\n`,
  );
  return place;
}

/** Makes the directory for what must stand where the server's account can get to. */
export async function ensureSharedRoot(sharedRoot: string, user: ServerUser): Promise<void> {
  // Explicitly, because a umask of 077 is the very reason why some of these are needed.
  if ((await mkdir(sharedRoot, { recursive: true })) !== undefined) await chmod(sharedRoot, 0o711);
  if (await canReach(sharedRoot, user)) return;
  throw new Error(`${sharedRoot} cannot be reached by the account the database server runs under (uid ${user.uid}).`);
}

async function checked(home: string): Promise<string> {
  const names = await readdir(home);
  if (!names.includes('PG_VERSION')) return await realpath(home);
  throw new Error(`${home} is a data directory of another PostgreSQL, not one of Firebreak. Choose another directory.`);
}

/** Lets the server's account enter the home, and says so when something above keeps it out. */
export async function openHome(home: string, user: ServerUser | undefined): Promise<void> {
  if (user === undefined) return;
  const entry = await stat(home);
  if (!mayEnter(entry, user)) await chmod(home, (entry.mode & 0o777) | 0o111);
  if (await canReach(home, user)) return;
  throw new Error(
    `${home} cannot be reached by the account the database server runs under (uid ${user.uid}). Let it enter the directories above (chmod o+x), ` +
      'or move the directory and leave a link.',
  );
}
