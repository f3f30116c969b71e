import { createHash } from 'node:crypto';
import { chown, lstat, mkdir, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { ignoring } from './ignoring.ts';
import type { ServerUser } from './server-user.ts';
import { PORT, type Endpoint } from './settings.ts';

/** Bytes that a socket's path may have; Linux has 4 more than macOS. */
const LONGEST_SOCKET_PATH = process.platform === 'linux' ? 107 : 103;

/**
 * Chooses where the server listens: in its data directory, which is closed to all others, or in a short directory of its own when
 * the path is too long for a socket. Another process finds it by postmaster.pid.
 */
export async function chooseEndpoint(cluster: string): Promise<Endpoint> {
  if (process.platform === 'win32') return { kind: 'loopback', port: await freePort() };
  const inside = join(cluster, `.s.PGSQL.${PORT}`);
  if (Buffer.byteLength(inside) <= LONGEST_SOCKET_PATH) return { kind: 'socket', directory: cluster, port: PORT };
  return { kind: 'socket', directory: shortDirectory(cluster), port: PORT };
}

/** Makes the short directory when the endpoint is in one; the cluster itself is already there. */
export async function prepareEndpoint(
  endpoint: Endpoint,
  cluster: string,
  user: ServerUser | undefined,
): Promise<void> {
  if (endpoint.kind !== 'socket' || endpoint.directory !== shortDirectory(cluster)) return;
  const made = await ignoring(
    ['EEXIST'],
    mkdir(endpoint.directory, { mode: 0o700 }).then(() => true),
  );
  if (made && user !== undefined) await chown(endpoint.directory, user.uid, user.gid);
  const entry = await lstat(endpoint.directory);
  // In /tmp anybody may have made that name before us.
  const ours = entry.isDirectory() && entry.uid === (user?.uid ?? process.getuid?.()) && (entry.mode & 0o077) === 0;
  if (!ours) throw new Error(`${endpoint.directory} belongs to somebody else; the database's socket has to go there.`);
}

export async function removeEndpoint(endpoint: Endpoint, cluster: string): Promise<void> {
  if (endpoint.kind !== 'socket' || endpoint.directory !== shortDirectory(cluster)) return;
  await rm(endpoint.directory, { recursive: true, force: true });
}

// Not os.tmpdir(): TMPDIR may be long, or closed to the server's account.
function shortDirectory(cluster: string): string {
  return `/tmp/firebreak-${createHash('sha256').update(cluster).digest('hex').slice(0, 16)}`;
}

async function freePort(): Promise<number> {
  const { promise, resolve, reject } = Promise.withResolvers<number>();
  const probe = createServer().on('error', reject);
  probe.listen(0, '127.0.0.1', () => {
    const address = probe.address();
    probe.close(() => {
      resolve(address !== null && typeof address === 'object' ? address.port : PORT);
    });
  });
  return await promise;
}
