import { type Ended } from './ended.ts';
import { type Invocation, signalGroup, spawnFault, spawnGroup, terminateGroup } from './group.ts';
import { redact, redactTail } from './redact.ts';
import { Tail } from './tail.ts';

export interface RunOptions {
  readonly graceMs: number;
  readonly maxOutputBytes: number;
  readonly secrets: readonly string[];
  /** True: `stdout` is given whole and as it is, because it is read by us; it must never be shown. */
  readonly raw: boolean;
}

/** How long after a program's end a grandchild may still hold its output open. */
const LINGER_MS = 250;

const shown = (tail: Tail, secrets: readonly string[]): string => {
  const text = tail.text();
  return tail.truncated ? redactTail(text, secrets) : redact(text, secrets);
};

/**
 * Runs a program to its end, no longer than its timeout and the signal. When either strikes, the answer comes at once
 * and the group is killed behind it.
 */
export const runProcess = (invocation: Invocation, options: RunOptions, signal: AbortSignal): Promise<Ended> => {
  const { promise, resolve } = Promise.withResolvers<Ended>();
  if (signal.aborted) return Promise.resolve({ kind: 'not-started', message: 'Stopped before it was started' });
  const both = new Tail(options.maxOutputBytes);
  const out = new Tail(options.maxOutputBytes);
  const startedAt = performance.now();
  let lingering: NodeJS.Timeout | undefined;
  const child = spawnGroup(invocation, ['ignore', 'pipe', 'pipe']);

  const finish = (ended: Ended): void => {
    clearTimeout(timer);
    signal.removeEventListener('abort', giveUp);
    resolve(ended);
  };
  const giveUp = (): void => {
    // Its output is still taken until it is gone: one that writes while it cleans up would die of a broken pipe.
    terminateGroup(child.pid, options.graceMs);
    finish({ kind: 'timed-out', afterMs: performance.now() - startedAt, output: shown(both, options.secrets) });
  };
  const timer = setTimeout(giveUp, invocation.timeoutMs);
  signal.addEventListener('abort', giveUp, { once: true });

  child.stdout?.on('data', (chunk: Buffer) => {
    out.push(chunk);
    if (!options.raw) both.push(chunk);
  });
  child.stderr?.on('data', (chunk: Buffer) => {
    both.push(chunk);
  });
  child.once('error', (error) => {
    finish({ kind: 'not-started', message: spawnFault(invocation.argv, error) });
  });
  child.once('exit', () => {
    lingering = setTimeout(() => {
      signalGroup(child.pid, 'SIGKILL');
      child.stdout?.destroy(); // held by somebody who left the group
      child.stderr?.destroy();
    }, LINGER_MS);
  });
  child.once('close', (code, killer) => {
    clearTimeout(lingering);
    const output = shown(both, options.secrets);
    if (code === null) {
      finish({ kind: 'killed', by: killer ?? 'a signal', output });
      return;
    }
    const stdout = options.raw ? out.text() : shown(out, options.secrets);
    finish({ kind: 'exited', code, stdout, output });
  });
  return promise;
};
