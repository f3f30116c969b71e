import type { Clock } from '../../../domain/time.ts';
import { type BackgroundRun, BackgroundRuns } from './background.ts';
import type { Ended } from './ended.ts';
import { secretsIn } from './environment.ts';
import { type Invocation, spawnFault } from './group.ts';
import { runProcess } from './run.ts';

/** Runs programs for providers: by argv, in a process group of their own, bounded in time and output. */
export interface ProcessRunner {
  /** To its end. `raw` gives stdout whole and not redacted, for reading by us and never for showing. */
  run(invocation: Invocation, signal: AbortSignal, how?: { readonly raw: true }): Promise<Ended>;
  /** In the background, once an id. Null when it runs; why not, otherwise. */
  start(id: string, invocation: Invocation): Promise<string | null>;
  /** A program that this process started; null when it did not, or not since its own start. */
  look(id: string): BackgroundRun | null;
}

export interface ProcessRunnerOptions {
  /** Values that must not be shown; asked anew each time, because secrets rotate. */
  readonly secrets?: () => readonly string[];
  /** From SIGTERM to SIGKILL. */
  readonly graceMs?: number;
  /** Of what a program writes, so much of the end is kept. */
  readonly maxOutputBytes?: number;
  readonly clock?: Clock;
}

/** A manifest of a Helm release is at most some megabytes: it has to fit into a Secret when compressed. */
const RAW_BYTES = 32 * 1024 * 1024;

export const createProcessRunner = (options: ProcessRunnerOptions = {}): ProcessRunner => {
  const { graceMs = 5_000, maxOutputBytes = 64 * 1024, clock = { now: () => Date.now() } } = options;
  const background = new BackgroundRuns({ graceMs, maxOutputBytes, clock });
  const secretsOf = ({ env }: Invocation): readonly string[] => [...(options.secrets?.() ?? []), ...secretsIn(env)];

  return {
    async run(invocation, signal, how) {
      const raw = how?.raw === true;
      const limit = raw ? RAW_BYTES : maxOutputBytes;
      const secrets = secretsOf(invocation);
      try {
        return await runProcess(invocation, { graceMs, maxOutputBytes: limit, secrets, raw }, signal);
      } catch (error) {
        return { kind: 'not-started', message: spawnFault(invocation.argv, error) };
      }
    },
    start: (id, invocation) => background.start(id, invocation, secretsOf(invocation)),
    look: (id) => background.look(id),
  };
};
