import { chmodSync } from 'node:fs';
import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { setTimeout as sleep } from 'node:timers/promises';
import { DirectoryInUse } from './errors.ts';
import { has, ignoring } from './ignoring.ts';

/** A lock that lives exactly as long as the process that took it, kill -9 included. */
export interface ExclusiveLock {
  release(): Promise<void>;
}

const SQLITE_BUSY = 5;
const ATTEMPTS = 20;

/**
 * Takes the home for this process, or throws DirectoryInUse.
 *
 * Node has no flock(2), but it carries SQLite, whose exclusive transactions are locks of the operating system on a file: atomic,
 * released by the kernel with the process, and seen from other containers that share the volume. Nothing is ever stored in it.
 */
export async function takeLock(home: string): Promise<ExclusiveLock> {
  const owner = join(home, 'owner');
  for (let attempt = 1; ; attempt++) {
    const held = tryLock(join(home, 'lock'));
    if (held !== undefined) {
      await writeFile(owner, `${process.pid}\n`);
      return { release: () => releaseLock(held, owner) };
    }
    if (attempt === ATTEMPTS) throw new DirectoryInUse(home, await readOwner(owner));
    // Two that start at the same moment can refuse each other; random pauses leave one of them the winner.
    await sleep(10 + Math.random() * 40);
  }
}

// Closing any other handle of this file in this process would drop the lock (POSIX), so nothing else opens it.
function tryLock(path: string): DatabaseSync | undefined {
  const database = open(path);
  try {
    database.exec('BEGIN EXCLUSIVE');
    return database;
  } catch (error) {
    database.close();
    if (has(error, 'errcode') && error.errcode === SQLITE_BUSY) return undefined;
    throw error;
  }
}

function open(path: string): DatabaseSync {
  try {
    const database = new DatabaseSync(path);
    // Whoever may read it could lock us out.
    chmodSync(path, 0o600);
    return database;
  } catch (error) {
    throw new Error(`${path} cannot be written by this account (uid ${String(process.getuid?.())}).`, { cause: error });
  }
}

async function releaseLock(held: DatabaseSync, owner: string): Promise<void> {
  if (!held.isOpen) return;
  await rm(owner, { force: true });
  held.close();
}

async function readOwner(path: string): Promise<number | undefined> {
  const pid = Number(await ignoring(['ENOENT'], readFile(path, 'utf8')));
  return Number.isInteger(pid) && pid > 0 ? pid : undefined;
}
