import { readFileSync, readdirSync, statSync } from 'node:fs';
import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { errorCode, ignoring } from './ignoring.ts';
import { clusterName, type Endpoint } from './settings.ts';

/** What a server writes into postmaster.pid of its data directory. */
export interface PostmasterFile {
  readonly pid: number;
  readonly endpoint: Endpoint;
  /** "starting", "ready", "stopping"; empty while the file is being written. */
  readonly status: string;
}

const fileOf = (cluster: string): string => join(cluster, 'postmaster.pid');

export async function readPostmasterFile(cluster: string): Promise<PostmasterFile | undefined> {
  const text = await ignoring(['ENOENT'], readFile(fileOf(cluster), 'utf8'));
  return text === undefined ? undefined : parsePostmasterFile(text);
}

/** Lines: pid, data directory, start time, port, socket directory, listen address, shared memory, status. */
export function parsePostmasterFile(text: string): PostmasterFile | undefined {
  const [pid, , , port, socketDirectory, , , status] = text.split('\n').map((line) => line.trim());
  if (!/^\d+$/.test(pid ?? '') || Number(pid) === 0) return undefined;
  const endpoint: Endpoint = socketDirectory
    ? { kind: 'socket', directory: socketDirectory, port: Number(port) }
    : { kind: 'loopback', port: Number(port) };
  return { pid: Number(pid), endpoint, status: status ?? '' };
}

/**
 * Whether the process is a postmaster that runs on this very data directory. A number alone proves nothing: after a crash of
 * the machine it may belong to anything. The command line can be read without privileges and is empty for a zombie.
 */
export function isPostmasterOf(pid: number, cluster: string): boolean {
  if (!exists(pid)) return false;
  if (process.platform !== 'linux') return true;
  const args = commandLine(String(pid));
  return args[args.indexOf('-D') + 1] === cluster && /(^|\/)postgres$/.test(args[0] ?? '');
}

export function exists(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return errorCode(error) === 'EPERM';
  }
}

/**
 * Makes PostgreSQL see that the file is stale though its number belongs to some other process now. The file must stay: its shared memory key
 * keeps a new server out while processes of the old one are alive. PostgreSQL takes the number of its own parent as stale.
 */
export async function disownPostmasterFile(cluster: string, endpoint: Endpoint): Promise<void> {
  const text = await readFile(fileOf(cluster), 'utf8');
  await writeFile(fileOf(cluster), text.replace(/^\d+/, String(process.pid)));
  if (endpoint.kind === 'socket') await rm(join(endpoint.directory, `.s.PGSQL.${endpoint.port}.lock`), { force: true });
}

/** Processes of a server whose postmaster was killed: they keep its shared memory, and so keep a new server out. */
export function orphansOf(cluster: string): number[] {
  if (process.platform !== 'linux') return [];
  const owner = statSync(cluster).uid;
  const title = `postgres: ${clusterName(cluster)}: `;
  const isOrphan = (pid: string) => commandLine(pid)[0]?.startsWith(title) === true && ownerOf(pid) === owner;
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && isOrphan(name))
    .map(Number);
}

function commandLine(pid: string): string[] {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0');
  } catch {
    return [];
  }
}

function ownerOf(pid: string): number | undefined {
  return statSync(`/proc/${pid}`, { throwIfNoEntry: false })?.uid;
}
