import { randomBytes } from 'node:crypto';
import { chown, mkdtemp, open, readFile, readdir, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Binaries } from './binaries.ts';
import { WrongMajorVersion } from './errors.ts';
import { clusterOf } from './home.ts';
import { ignoring } from './ignoring.ts';
import type { Log } from './log.ts';
import { run } from './run.ts';
import type { ServerUser } from './server-user.ts';

/** The role that everything runs as: the server is ours alone. */
export const ROLE = 'firebreak';

const PARTIAL = 'cluster.partial-';

interface ClusterPlace {
  readonly home: string;
  readonly binaries: Binaries;
  readonly user: ServerUser | undefined;
  readonly log: Log;
  readonly signal: AbortSignal;
  /** False only in tests, where a crash of the machine may lose everything. */
  readonly sync: boolean;
}

/**
 * Makes the data directory unless there is one, and returns the password of the role. A directory is either complete or not there under
 * its final name. The caller holds the lock of the home.
 */
export async function ensureCluster(place: ClusterPlace): Promise<{ readonly password: string }> {
  const { home, binaries } = place;
  await removePartial(home);
  const cluster = clusterOf(home);
  const found = await ignoring(['ENOENT'], readFile(join(cluster, 'PG_VERSION'), 'utf8'));
  if (found === undefined) {
    await refuseStrangeFiles(cluster);
    return { password: await createCluster(place, cluster) };
  }
  if (found.trim() !== binaries.major) throw new WrongMajorVersion(cluster, found.trim(), binaries.major);
  return { password: await readPassword(passwordFile(home)) };
}

const passwordFile = (home: string): string => join(home, 'password');

async function readPassword(file: string): Promise<string> {
  const password = await ignoring(['ENOENT'], readFile(file, 'utf8'));
  if (password !== undefined) return password.trim();
  throw new Error(
    `${file} is missing: without it nobody can connect to the database beside it. Restore it from a backup.`,
  );
}

// Firebreak never leaves such a directory; whoever did may want what is in it.
async function refuseStrangeFiles(cluster: string): Promise<void> {
  const names = (await ignoring(['ENOENT'], readdir(cluster))) ?? [];
  if (names.length === 0) return;
  throw new Error(
    `${cluster} has files in it but no PG_VERSION: it is not a complete data directory. Restore it or move it away.`,
  );
}

async function createCluster(place: ClusterPlace, cluster: string): Promise<string> {
  const { home, user, log } = place;
  log.info({ cluster }, 'creating the database');
  const partial = await mkdtemp(join(home, PARTIAL));
  const password = randomBytes(24).toString('base64url');
  try {
    if (user !== undefined) await chown(partial, user.uid, user.gid);
    await initialise(place, partial, password);
    // The password first: a data directory without one would be of no use, the other way round a new one is made.
    await writeDurably(passwordFile(home), password);
    await rename(partial, cluster);
    await syncDirectory(home);
    return password;
  } finally {
    await remove(partial);
  }
}

async function initialise(place: ClusterPlace, partial: string, password: string): Promise<void> {
  const { home, binaries, user, signal, sync } = place;
  const pwfile = join(home, `${PARTIAL}password`);
  await writeFile(pwfile, `${password}\n`, { mode: 0o600 });
  try {
    if (user !== undefined) await chown(pwfile, user.uid, user.gid);
    const options = [
      '--auth=scram-sha-256',
      '--encoding=UTF8',
      '--locale-provider=libc',
      '--locale=C',
      '--no-instructions',
    ];
    const args = ['-D', partial, '-U', ROLE, '--pwfile', pwfile, ...options, ...(sync ? [] : ['--no-sync'])];
    const result = await run(binaries.initdb, args, { user, signal });
    signal.throwIfAborted();
    if (result.code !== 0) throw new Error(`initdb failed: ${result.output.trim()}${hint(result.output)}`);
    await stat(join(partial, 'PG_VERSION'));
  } finally {
    await rm(pwfile, { force: true });
  }
}

// Containers that run under any number (docker run --user, OpenShift) meet this one.
function hint(output: string): string {
  if (!output.includes('could not look up effective user')) return '';
  return ' (PostgreSQL wants an entry in /etc/passwd for the account it runs under; without one, set FIREBREAK_DATABASE_URL)';
}

async function writeDurably(file: string, text: string): Promise<void> {
  await writeFile(`${file}.new`, text, { mode: 0o600, flush: true });
  await rename(`${file}.new`, file);
}

async function syncDirectory(directory: string): Promise<void> {
  if (process.platform === 'win32') return;
  const handle = await open(directory, 'r');
  await handle.sync().finally(() => handle.close());
}

// What a kill in the middle of initdb left. An initdb that still runs has a directory of its own and fails when it loses it.
async function removePartial(home: string): Promise<void> {
  for (const name of await readdir(home)) {
    if (!name.startsWith(PARTIAL)) continue;
    await remove(join(home, name));
  }
}

// An initdb that was told to end may be writing for a moment longer; what it adds goes with the next start.
async function remove(partial: string): Promise<void> {
  await ignoring(['ENOTEMPTY'], rm(partial, { recursive: true, force: true, maxRetries: 5 }));
}
