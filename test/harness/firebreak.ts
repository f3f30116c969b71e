import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { stringify } from 'yaml';

const root = fileURLToPath(new URL('../../', import.meta.url));

export interface FirebreakOptions {
  /** The configuration file's content. */
  readonly config?: object;
  /** Kept from one start to the next; a new one by default. Holds the configuration and the database. */
  readonly directory?: string;
  readonly env?: Readonly<Record<string, string>>;
  /** `embedded:` in the directory by default. */
  readonly databaseUrl?: string;
}

export interface FirebreakProcess {
  readonly url: string;
  readonly pid: number;
  readonly directory: string;
  /** Everything it has written to stderr: its log, a JSON object a line. */
  log(): string;
  get(path: string): Promise<unknown>;
  post(path: string, body: unknown, headers?: Readonly<Record<string, string>>): Promise<Response>;
  /** SIGTERM, and waits. Returns the exit code. */
  stop(): Promise<number | null>;
  /** SIGKILL, and waits. Its database server lives on. */
  kill(): Promise<void>;
}

/** A directory that the account of the database server can reach. */
export async function temporaryDirectory(): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'firebreak-test-'));
  await chmod(directory, 0o755);
  return directory;
}

export const removeDirectory = (directory: string): Promise<void> => rm(directory, { recursive: true, force: true });

/** Starts the program as a user would, on a free port of loopback, and waits until it listens. */
export async function startFirebreakProcess(options: FirebreakOptions = {}): Promise<FirebreakProcess> {
  const directory = options.directory ?? (await temporaryDirectory());
  const configPath = join(directory, 'firebreak.yaml');
  await writeFile(configPath, stringify(options.config ?? {}));
  const child = spawn(process.execPath, [join(root, 'src/main.ts'), 'serve'], {
    cwd: root,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: {
      PATH: process.env['PATH'],
      HOME: process.env['HOME'],
      FIREBREAK_CONFIG: configPath,
      FIREBREAK_HTTP_HOST: '127.0.0.1',
      FIREBREAK_HTTP_PORT: '0',
      FIREBREAK_DATABASE_URL: options.databaseUrl ?? `embedded:${join(directory, 'postgres')}`,
      FIREBREAK_LOG_LEVEL: 'info',
      ...options.env,
    },
  });
  let out = '';
  let errors = '';
  child.stdout.on('data', (chunk: Buffer) => (out += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (errors += chunk.toString()));
  const url = await listening(
    child,
    () => out,
    () => errors,
  );
  return processOf(child, url, directory, () => errors);
}

function listening(child: ChildProcess, out: () => string, errors: () => string): Promise<string> {
  return new Promise((resolve, reject) => {
    const look = (): void => {
      const url = /listens on (\S+)/.exec(out())?.[1];
      if (url !== undefined) resolve(url);
    };
    child.stdout?.on('data', look);
    child.once('exit', (code) => {
      reject(new Error(`Firebreak ended with ${code} before it listened:\n${out()}${errors()}`));
    });
  });
}

function processOf(child: ChildProcess, url: string, directory: string, log: () => string): FirebreakProcess {
  const end = async (signal: NodeJS.Signals): Promise<number | null> => {
    if (child.exitCode !== null || child.signalCode !== null) return child.exitCode;
    const exit = once(child, 'exit');
    child.kill(signal);
    await exit;
    return child.exitCode;
  };
  return {
    url,
    pid: child.pid!,
    directory,
    log,
    get: async (path) => (await fetch(url + path)).json(),
    post: (path, body, headers = {}) =>
      fetch(url + path, {
        method: 'POST',
        headers: { 'Content-Type': 'application/json', ...headers },
        body: typeof body === 'string' ? body : JSON.stringify(body),
      }),
    stop: () => end('SIGTERM'),
    kill: async () => {
      await end('SIGKILL');
    },
  };
}

/** Asks until the answer satisfies; no fixed pause decides anything. Throws what the last answer was. */
export async function eventually<T>(
  ask: () => Promise<T>,
  good: (answer: T) => boolean,
  withinMs = 30_000,
): Promise<T> {
  const deadline = Date.now() + withinMs;
  for (;;) {
    const answer = await ask();
    if (good(answer)) return answer;
    if (Date.now() > deadline)
      throw new Error(`not within ${withinMs} ms; last: ${JSON.stringify(answer ?? null).slice(0, 2_000)}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
