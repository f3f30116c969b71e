import { setTimeout as sleep } from 'node:timers/promises';
import { bringUp, stopServer, type Site } from './bring-up.ts';
import { connectionTo, type Connection } from './database.ts';
import { removeEndpoint } from './endpoint.ts';
import type { ExclusiveLock } from './exclusive-lock.ts';
import { isPostmasterOf } from './postmaster-file.ts';
import type { Server } from './server.ts';
import { failuresAfter, restartPause } from './timing.ts';

export interface UnexpectedExit {
  readonly pid: number;
  /** As "exit code 1", "signal SIGKILL", or "gone" for an adopted server. */
  readonly how: string;
}

/** A PostgreSQL server of our own that is up, and is brought up again whenever it dies. */
export interface OwnPostgres {
  /** Stays valid over restarts of the server. */
  readonly connection: Connection;
  /** The postmaster that runs now, or ran last. */
  readonly pid: number;
  /** Whether this start found the server running, left by a Firebreak that was killed. */
  readonly adopted: boolean;
  /** The data directory, after links. */
  readonly cluster: string;
  /** Called each time the server ends without us; it is being restarted already. */
  onUnexpectedExit(callback: (exit: UnexpectedExit) => void): void;
  /** Stops the server and gives up the directory. Safe to repeat, and at any time. */
  stop(): Promise<void>;
}

/** Failed restarts in a row from which on somebody should know. */
const ALARMING = 3;

/** Keeps a server that is up, up. */
export class Supervisor implements OwnPostgres {
  readonly connection: Connection;
  readonly adopted: boolean;
  readonly cluster: string;
  readonly #site: Site;
  readonly #lock: ExclusiveLock;
  readonly #stopping = new AbortController();
  readonly #watching: Promise<void>;
  readonly #callbacks: ((exit: UnexpectedExit) => void)[] = [];
  #server: Server;
  #stopped: Promise<void> | undefined;

  constructor(site: Site, server: Server, lock: ExclusiveLock) {
    this.#site = site;
    this.#server = server;
    this.#lock = lock;
    this.connection = connectionTo(site.endpoint, site.password);
    this.adopted = server.adopted;
    this.cluster = site.cluster;
    this.#watching = this.#watch();
  }

  get pid(): number {
    return this.#server.pid;
  }

  onUnexpectedExit(callback: (exit: UnexpectedExit) => void): void {
    this.#callbacks.push(callback);
  }

  stop(): Promise<void> {
    this.#stopped ??= this.#stop();
    return this.#stopped;
  }

  async #stop(): Promise<void> {
    this.#stopping.abort();
    await this.#watching;
    try {
      if (isPostmasterOf(this.pid, this.cluster)) await stopServer(this.#site, this.#server);
      await removeEndpoint(this.#site.endpoint, this.cluster);
    } finally {
      await this.#lock.release();
    }
    this.#site.log.info({ pid: this.pid }, 'the database server is stopped');
  }

  async #watch(): Promise<void> {
    const { signal } = this.#stopping;
    const stopping = new Promise<undefined>((resolve) => {
      signal.addEventListener(
        'abort',
        () => {
          resolve(undefined);
        },
        { once: true },
      );
    });
    for (let failures = 0; ;) {
      const upAt = performance.now();
      const how = await Promise.race([stopping, this.#server.exited]);
      if (how === undefined || signal.aborted) return;
      this.#tell({ pid: this.pid, how });
      failures = failuresAfter(failures, performance.now() - upAt);
      failures = await this.#restart(failures);
    }
  }

  #tell(exit: UnexpectedExit): void {
    this.#site.log.warn(exit, 'the database server ended by itself; restarting it');
    for (const callback of this.#callbacks) {
      try {
        callback(exit);
      } catch (error) {
        this.#site.log.error({ err: error }, 'a listener to the end of the database server failed');
      }
    }
  }

  /** Tries until the server is up or we are stopping; returns the failures in a row. */
  async #restart(failuresBefore: number): Promise<number> {
    const { signal } = this.#stopping;
    for (let failures = failuresBefore; ; failures++) {
      try {
        await sleep(restartPause(failures), undefined, { signal });
        this.#server = await bringUp(this.#site, signal);
        this.#site.log.info({ pid: this.pid }, 'the database server is up again');
        return failures;
      } catch (error) {
        if (signal.aborted) return failures;
        const level = failures + 1 < ALARMING ? 'warn' : 'error';
        this.#site.log[level](
          { err: error, failures: failures + 1 },
          'the database server could not be restarted; trying again',
        );
      }
    }
  }
}
