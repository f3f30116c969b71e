import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { exists, isPostmasterOf, readPostmasterFile } from '../../src/store/postgres/postmaster-file.ts';
import { eventually } from '../harness/firebreak.ts';

const clusterOf = (directory: string): string => join(directory, 'postgres/cluster');

/** The postmaster that runs on a Firebreak directory; null when none does. */
export async function postmasterOf(directory: string): Promise<number | null> {
  const cluster = clusterOf(directory);
  const file = await readPostmasterFile(cluster);
  return file !== undefined && isPostmasterOf(file.pid, cluster) ? file.pid : null;
}

/** A process may be gone by the time that it is sent a signal. */
export function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

const read = (path: string): string => {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
};

const processes = (): readonly number[] => readdirSync('/proc').map(Number).filter(Number.isInteger);

/** The fourth field is the parent; the second is the name, in brackets, and may hold anything. */
const parentOf = (pid: number): number => Number(/^.*\) \S (\d+)/s.exec(read(`/proc/${pid}/stat`))?.[1] ?? 0);

/** Stops the whole server in its tracks: it neither answers nor refuses. Returns how to let it go on. */
export function freeze(postmaster: number): () => void {
  const frozen = [postmaster, ...processes().filter((pid) => parentOf(pid) === postmaster)];
  for (const pid of frozen) signal(pid, 'SIGSTOP');
  return () => {
    for (const pid of frozen) signal(pid, 'SIGCONT');
  };
}

/** Ends whatever a failed test left behind: every Firebreak of ours that was started in the directory, and its server. */
export async function endLeftovers(directory: string): Promise<void> {
  const isOurs = (pid: number): boolean =>
    parentOf(pid) === process.pid && read(`/proc/${pid}/environ`).includes(`FIREBREAK_CONFIG=${directory}/`);
  for (const pid of processes().filter(isOurs)) signal(pid, 'SIGKILL');
  const postmaster = await postmasterOf(directory);
  if (postmaster === null) return;
  signal(postmaster, 'SIGCONT');
  signal(postmaster, 'SIGQUIT');
  await eventually(
    async () => exists(postmaster),
    (there) => !there,
  );
}
