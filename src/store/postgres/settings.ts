import { createHash } from 'node:crypto';

/** Settings that tests may change; production code passes none. */
export type Settings = Readonly<Record<string, string>>;

/** A server whose crashes must lose nothing keeps these on; they are given on the command line, over any file. */
const durable: Settings = { fsync: 'on', synchronous_commit: 'on', full_page_writes: 'on' };

const sized: Settings = {
  shared_buffers: '128MB',
  max_connections: '100',
  wal_buffers: '16MB',
  max_wal_size: '1GB',
  checkpoint_timeout: '10min',
  // Nobody replicates from this server; less WAL for the same durability.
  wal_level: 'minimal',
  max_wal_senders: '0',
  // Queue and projection tables change all the time: vacuum them soon.
  autovacuum_naptime: '15s',
  random_page_cost: '1.1',
  // Short statements on a small machine; parallel ones also need more /dev/shm than containers have.
  jit: 'off',
  max_parallel_workers_per_gather: '0',
  max_parallel_maintenance_workers: '0',
};

const quiet: Settings = {
  timezone: 'UTC',
  log_timezone: 'UTC',
  log_checkpoints: 'off',
  // Statements and details carry what alerts say; it must not end in a log.
  log_min_error_statement: 'panic',
  log_error_verbosity: 'terse',
};

export const PORT = 5432;

/** Where the server listens: a socket in a directory, or (on Windows) a port of the loopback address. */
export type Endpoint =
  | { readonly kind: 'socket'; readonly directory: string; readonly port: number }
  | { readonly kind: 'loopback'; readonly port: number };

export function serverArguments(cluster: string, endpoint: Endpoint, overrides: Settings): string[] {
  const all: Settings = {
    ...durable,
    ...sized,
    ...quiet,
    cluster_name: clusterName(cluster),
    port: String(endpoint.port),
    ...listening(endpoint),
    ...overrides,
  };
  return ['-D', cluster, ...Object.entries(all).flatMap(([name, value]) => ['-c', `${name}=${value}`])];
}

function listening(endpoint: Endpoint): Settings {
  if (endpoint.kind === 'loopback') return { listen_addresses: '127.0.0.1', unix_socket_directories: '' };
  // A list for the server: quoted, or a comma in the path would end the first entry.
  const quoted = `"${endpoint.directory.replaceAll('"', '""')}"`;
  return { listen_addresses: '', unix_socket_directories: quoted, unix_socket_permissions: '0700' };
}

/** Stands in the title of each process of the server, and so tells whose a process is that lost its postmaster. */
export function clusterName(cluster: string): string {
  return `firebreak-${createHash('sha256').update(cluster).digest('hex').slice(0, 12)}`;
}
