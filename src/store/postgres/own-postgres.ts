import { findBinaries } from './binaries.ts';
import { bringUp, type Site } from './bring-up.ts';
import { ensureCluster } from './cluster.ts';
import { chooseEndpoint } from './endpoint.ts';
import { takeLock } from './exclusive-lock.ts';
import { clusterOf, openHome, settleHome } from './home.ts';
import type { Log } from './log.ts';
import { isPostmasterOf, readPostmasterFile } from './postmaster-file.ts';
import { serverUser } from './server-user.ts';
import type { Settings } from './settings.ts';
import { Supervisor, type OwnPostgres } from './supervisor.ts';
import { usualTiming, type Timing } from './timing.ts';

export interface OwnPostgresOptions {
  /** Holds the data directory (`cluster`), the password, the lock and the server's log; made when missing. */
  readonly directory: string;
  readonly log: Log;
  /** Ends a start that is under way; the promise then rejects with its reason and no server is left. */
  readonly signal?: AbortSignal;
  /** Where root puts what the server's account could not reach otherwise. */
  readonly sharedRoot?: string;
  /** For tests only: over the settings of production, durability included. */
  readonly settings?: Settings;
  readonly timing?: Partial<Timing>;
}

/**
 * Starts, or takes over, the server whose data are in `directory`. Throws DirectoryInUse, WrongMajorVersion, NoBinaries, or an
 * error that says what to do.
 */
export async function startOwnPostgres(options: OwnPostgresOptions): Promise<OwnPostgres> {
  const { directory, log, sharedRoot = '/var/lib/firebreak' } = options;
  const signal = options.signal ?? new AbortController().signal;
  signal.throwIfAborted();
  const home = await settleHome(directory, sharedRoot, log);
  const lock = await takeLock(home);
  try {
    const site = await prepare(home, sharedRoot, options, signal);
    const server = await bringUp(site, signal);
    log.info({ pid: server.pid, adopted: server.adopted, cluster: site.cluster }, 'the database server is up');
    return new Supervisor(site, server, lock);
  } catch (error) {
    await lock.release();
    throw error;
  }
}

async function prepare(
  home: string,
  sharedRoot: string,
  options: OwnPostgresOptions,
  signal: AbortSignal,
): Promise<Site> {
  const { log, settings = {} } = options;
  const cluster = clusterOf(home);
  const user = await serverUser(cluster);
  await openHome(home, user);
  const binaries = await findBinaries(user, sharedRoot);
  const sync = settings['fsync'] !== 'off';
  const { password } = await ensureCluster({ home, binaries, user, log, signal, sync });
  // A server that is running already says itself where it listens.
  const file = await readPostmasterFile(cluster);
  const running = file !== undefined && isPostmasterOf(file.pid, cluster) ? file.endpoint : undefined;
  const endpoint = running ?? (await chooseEndpoint(cluster));
  return {
    home,
    cluster,
    binaries,
    user,
    password,
    endpoint,
    settings,
    timing: { ...usualTiming, ...options.timing },
    log,
  };
}
