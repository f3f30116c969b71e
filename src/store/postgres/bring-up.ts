import { open, rename, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Binaries } from './binaries.ts';
import { connectionTo, ensureDatabase } from './database.ts';
import { prepareEndpoint } from './endpoint.ts';
import { ignoring } from './ignoring.ts';
import type { Log } from './log.ts';
import { disownPostmasterFile, isPostmasterOf, orphansOf, readPostmasterFile } from './postmaster-file.ts';
import { adopt, launch, shutDown, signal as send, type Server } from './server.ts';
import type { ServerUser } from './server-user.ts';
import { serverArguments, type Endpoint, type Settings } from './settings.ts';
import type { Timing } from './timing.ts';

/** Everything that stays the same while one Firebreak process holds the home. */
export interface Site {
  readonly home: string;
  readonly cluster: string;
  readonly binaries: Binaries;
  readonly user: ServerUser | undefined;
  readonly password: string;
  readonly endpoint: Endpoint;
  readonly settings: Settings;
  readonly timing: Timing;
  readonly log: Log;
}

/** A start that failed for something that passes: remains of a killed server that are still going away. */
const HELD_BY_ORPHANS = /pre-existing shared memory block/;
const PASSES = /pre-existing shared memory block|lock file ".*" already exists|could not bind/;

const MAX_LOG_BYTES = 10 * 1024 * 1024;

/** Returns a server that accepts connections: the one that runs already, or a new one. Leaves none behind when it throws. */
export async function bringUp(site: Site, signal: AbortSignal): Promise<Server> {
  const giveUpAt = performance.now() + site.timing.retryMs;
  for (let attempt = 1; ; attempt++) {
    signal.throwIfAborted();
    const logged = await rotateLog(site.home);
    const server = await runningServer(site, signal);
    const failure = await becomesReady(site, server, logged, signal);
    if (failure === undefined) return server;
    if (!PASSES.test(failure) || performance.now() > giveUpAt)
      throw new Error(`The database server did not start: ${failure}`);
    site.log.warn(
      { cluster: site.cluster, attempt, failure },
      'remains of a killed database server are in the way; trying again',
    );
    await sleep(site.timing.retryPauseMs, undefined, { signal });
    if (HELD_BY_ORPHANS.test(failure)) endOrphans(site);
  }
}

async function runningServer(site: Site, signal: AbortSignal): Promise<Server> {
  const { cluster, endpoint, timing } = site;
  const file = await readPostmasterFile(cluster);
  if (file !== undefined && isPostmasterOf(file.pid, cluster)) {
    const server = adopt(file.pid, cluster, timing.pollMs);
    if (file.status !== 'stopping') return server;
    await abortable(server.exited, signal);
  } else if (file !== undefined) {
    await disownPostmasterFile(cluster, endpoint);
  }
  await prepareEndpoint(endpoint, cluster, site.user);
  const args = serverArguments(cluster, endpoint, site.settings);
  return await launch({
    postgres: site.binaries.postgres,
    args,
    user: site.user,
    logFile: logFile(site.home),
  });
}

/** Undefined when the server is ready, else what it said before it ended. When it throws, the server has been stopped. */
async function becomesReady(
  site: Site,
  server: Server,
  logged: number,
  signal: AbortSignal,
): Promise<string | undefined> {
  try {
    const ended = await reportsReady(site, server, signal);
    if (ended !== undefined) return `${ended}: ${await logSince(site.home, logged)}`;
    await ensureDatabase(connectionTo(site.endpoint, site.password), site.cluster);
    return undefined;
  } catch (error) {
    await stopServer(site, server);
    throw error;
  }
}

async function reportsReady(site: Site, server: Server, signal: AbortSignal): Promise<string | undefined> {
  const { cluster, timing, log } = site;
  const startedAt = performance.now();
  const ending = server.exited.then((how) => ({ how }));
  for (let nextWord = timing.patienceMs; ;) {
    const file = await readPostmasterFile(cluster);
    if (file?.pid === server.pid && file.status === 'ready') return undefined;
    const ended = await Promise.race([ending, abortable(sleep(timing.readyPollMs), signal)]);
    if (ended !== undefined) return ended.how;
    const waited = performance.now() - startedAt;
    if (waited > timing.startMs)
      throw new Error(`The database server is not ready after ${Math.round(waited / 1000)} s.`);
    if (waited < nextWord) continue;
    nextWord += timing.patienceMs;
    log.info(
      { pid: server.pid, waitedMs: Math.round(waited) },
      'waiting for the database server, which may be recovering',
    );
  }
}

/** Stops the server and says when that was not clean. */
export async function stopServer(site: Site, server: Server): Promise<void> {
  const { cluster, binaries, user, timing, log } = site;
  const how = await shutDown({ server, cluster, pgCtl: binaries.pgCtl, user, patienceMs: timing.stopMs });
  if (how === 'immediate')
    log.warn({ pid: server.pid }, 'the database server had to be stopped at once; it will recover on the next start');
}

// They end by themselves once they look up from their work, which may be long. Their postmaster is gone: what they do is lost anyway.
function endOrphans(site: Site): void {
  for (const pid of orphansOf(site.cluster)) send(pid, 'SIGKILL');
}

async function abortable<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  signal.throwIfAborted();
  const { promise, reject } = Promise.withResolvers<never>();
  const onAbort = () => {
    reject(signal.reason as Error);
  };
  signal.addEventListener('abort', onAbort, { once: true });
  try {
    return await Promise.race([work, promise]);
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
}

const logFile = (home: string): string => join(home, 'server.log');

/** Keeps the log small, and returns how much is in it. */
async function rotateLog(home: string): Promise<number> {
  const size = (await ignoring(['ENOENT'], stat(logFile(home))))?.size ?? 0;
  if (size <= MAX_LOG_BYTES) return size;
  await rename(logFile(home), `${logFile(home)}.1`);
  return 0;
}

async function logSince(home: string, offset: number): Promise<string> {
  const handle = await open(logFile(home), 'r');
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(4096), 0, 4096, offset);
    return buffer.toString('utf8', 0, bytesRead).trim();
  } finally {
    await handle.close();
  }
}
