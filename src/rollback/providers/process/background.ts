import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import type { Clock } from '../../../domain/time.ts';
import type { Ended } from './ended.ts';
import { type Invocation, spawnFault, spawnGroup, terminateGroup } from './group.ts';
import { redact, redactTail } from './redact.ts';
import { Spool } from './spool.ts';

/** A program that was started in the background of this process. */
export interface BackgroundRun {
  readonly startedAt: number;
  /** Null while it runs. */
  readonly ended: Ended | null;
  /** The end of what it wrote so far. */
  readonly output: string;
}

export interface BackgroundOptions {
  readonly graceMs: number;
  readonly maxOutputBytes: number;
  readonly clock: Clock;
}

interface Entry {
  readonly startedAt: number;
  ended: Ended | null;
  output: () => string;
}

/** Those that ended are kept for people who look later, but not for ever. */
const KEPT = 256;
const TRIM_EVERY_MS = 1_000;

/**
 * The programs that were started and not waited for, by an id that belongs to one pinned target: the same id is never
 * started twice. After a restart it is empty; then only the world knows how far they came.
 */
export class BackgroundRuns {
  readonly #options: BackgroundOptions;
  readonly #entries = new Map<string, Entry>();

  constructor(options: BackgroundOptions) {
    this.#options = options;
  }

  look(id: string): BackgroundRun | null {
    const entry = this.#entries.get(id);
    return entry === undefined ? null : { startedAt: entry.startedAt, ended: entry.ended, output: entry.output() };
  }

  /** Null when it runs; why not, otherwise. */
  async start(id: string, invocation: Invocation, secrets: readonly string[]): Promise<string | null> {
    if (this.#entries.has(id)) return null;
    const entry: Entry = { startedAt: this.#options.clock.now(), ended: null, output: () => '' };
    this.#entries.set(id, entry); // before anything is awaited, so that a second call finds it
    const fault = await this.#spawn(entry, invocation, secrets);
    if (fault !== null) this.#entries.delete(id);
    this.#forgetOldest();
    return fault;
  }

  async #spawn(entry: Entry, invocation: Invocation, secrets: readonly string[]): Promise<string | null> {
    let spool: Spool | null = null;
    try {
      spool = new Spool(this.#options.maxOutputBytes);
      const child = spawnGroup(invocation, ['ignore', spool.fd, spool.fd]);
      child.unref();
      this.#follow(entry, child, spool, invocation.timeoutMs, secrets);
      await once(child, 'spawn'); // rejects with what `error` says
      return null;
    } catch (error) {
      spool?.close();
      return spool === null ? `No place for its output: ${String(error)}` : spawnFault(invocation.argv, error);
    }
  }

  #follow(entry: Entry, child: ChildProcess, spool: Spool, timeoutMs: number, secrets: readonly string[]): void {
    let late = false;
    const limit = setTimeout(() => {
      late = true;
      terminateGroup(child.pid, this.#options.graceMs);
    }, timeoutMs).unref();
    const trimming = setInterval(() => {
      spool.trim();
    }, TRIM_EVERY_MS).unref();
    entry.output = () => (spool.truncated ? redactTail : redact)(spool.tail().toString('utf8'), secrets);

    child.once('error', () => {
      clearTimeout(limit);
      clearInterval(trimming);
    });
    child.once('exit', (code, killer) => {
      clearTimeout(limit);
      clearInterval(trimming);
      const output = entry.output();
      spool.close();
      entry.output = () => output;
      if (late) entry.ended = { kind: 'timed-out', afterMs: timeoutMs, output };
      else if (code === null) entry.ended = { kind: 'killed', by: killer ?? 'a signal', output };
      else entry.ended = { kind: 'exited', code, stdout: '', output };
    });
  }

  #forgetOldest(): void {
    for (const [id, entry] of this.#entries) {
      if (this.#entries.size <= KEPT) return;
      if (entry.ended !== null) this.#entries.delete(id);
    }
  }
}
