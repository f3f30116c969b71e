import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';
import { once } from 'node:events';

/** A program that was told to listen on port 0 of 127.0.0.1 and has said which port it got. */
export interface Listening {
  /** `127.0.0.1:port`. */
  readonly host: string;
  readonly url: string;
  readonly pid: number;
  /** Everything that it has written. */
  log(): string;
  /** The JSON that it answers a GET with. */
  get(path: string): Promise<unknown>;
  /** SIGTERM to this process, SIGKILL when that does not help, and waits. */
  stop(): Promise<void>;
}

/** How Prometheus and Alertmanager say it, in their logs. */
const SAID = /msg="Listening on" address=(127\.0\.0\.1:\d+)/;
const START_MS = 20_000;
const STOP_MS = 5_000;

/**
 * Starts a program of the Prometheus family. It chooses its port itself, so nobody can take a port away between the
 * choice and its use. A program that does not come up is stopped again.
 */
export async function startOnFreePort(command: string, args: readonly string[]): Promise<Listening> {
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  let log = '';
  const keep = (chunk: Buffer): void => {
    log += chunk.toString();
  };
  child.stdout.on('data', keep);
  child.stderr.on('data', keep);
  try {
    const host = await saidPort(child, () => log);
    const url = `http://${host}`;
    return {
      host,
      url,
      pid: child.pid!,
      log: () => log,
      get: async (path) => (await fetch(url + path)).json(),
      stop: () => end(child),
    };
  } catch (error) {
    await end(child);
    throw error;
  }
}

function saidPort(child: ChildProcess, log: () => string): Promise<string> {
  return new Promise((resolve, reject) => {
    const fail = (why: string): void => {
      clearTimeout(patience);
      reject(new Error(`${child.spawnfile} ${why}:\n${log().slice(-2_000)}`));
    };
    const patience = setTimeout(() => {
      fail(`did not listen within ${START_MS} ms`);
    }, START_MS);
    const look = (): void => {
      const host = SAID.exec(log())?.[1];
      if (host === undefined) return;
      clearTimeout(patience);
      resolve(host);
    };
    child.stdout?.on('data', look);
    child.stderr?.on('data', look);
    child.once('error', (error) => {
      fail(`could not be started (${error.message})`);
    });
    child.once('exit', (code) => {
      fail(`ended with ${code} before it listened`);
    });
  });
}

async function end(child: ChildProcess): Promise<void> {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
  const exit = once(child, 'exit');
  child.kill('SIGTERM');
  const patience = setTimeout(() => child.kill('SIGKILL'), STOP_MS);
  await exit;
  clearTimeout(patience);
}
