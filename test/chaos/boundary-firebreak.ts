import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { stringify } from 'yaml';
import type { Connection } from '../../src/store/postgres/index.ts';
import { urlOf } from '../harness/database.ts';
import { CLOCK_VARIABLE, KILL_VARIABLE, type Boundary } from './boundary.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));
const entry = fileURLToPath(new URL('./boundary-process.ts', import.meta.url));

export interface BoundaryProcessOptions {
  readonly directory: string;
  readonly connection: Connection;
  readonly config: object;
  readonly env: Readonly<Record<string, string>>;
  /** Where its fast clock began, epoch milliseconds. */
  readonly origin: number;
  /** A directory, shared by all processes: it halves what a start costs. One that was killed leaves nothing there. */
  readonly compileCache: string;
  /** Null: it is left alone. */
  readonly boundary: Boundary | null;
}

/** A process of boundary-process.ts. */
export interface BoundaryProcess {
  /** Where it listens; null when it has ended. */
  url(): string | null;
  /** Resolves when it has ended, with what ended it. */
  readonly ended: Promise<NodeJS.Signals | number>;
  log(): string;
  /** SIGTERM, and waits. */
  stop(): Promise<NodeJS.Signals | number>;
  kill(): Promise<NodeJS.Signals | number>;
}

/** Resolves when it listens, or has reached its boundary already. */
export async function startBoundaryProcess(options: BoundaryProcessOptions): Promise<BoundaryProcess> {
  const configPath = join(options.directory, 'firebreak.yaml');
  await writeFile(configPath, stringify(options.config));
  const child = spawn(process.execPath, [entry], {
    cwd: root,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: {
      PATH: process.env['PATH'],
      HOME: process.env['HOME'],
      NODE_COMPILE_CACHE: options.compileCache,
      FIREBREAK_CONFIG: configPath,
      FIREBREAK_HTTP_HOST: '127.0.0.1',
      FIREBREAK_HTTP_PORT: '0',
      FIREBREAK_DATABASE_URL: urlOf(options.connection),
      FIREBREAK_LOG_LEVEL: 'warn',
      [CLOCK_VARIABLE]: String(options.origin),
      [KILL_VARIABLE]: JSON.stringify(options.boundary),
      ...options.env,
    },
  });
  let said = '';
  const listens = Promise.withResolvers<string>();
  const hear = (chunk: Buffer): void => {
    said += chunk.toString();
    const url = /listens on (\S+)/.exec(said)?.[1];
    if (url !== undefined) listens.resolve(url);
  };
  child.stdout.on('data', hear);
  child.stderr.on('data', hear);
  const ended = once(child, 'exit').then(([code, signal]) => (signal ?? code) as NodeJS.Signals | number);
  const end = (signal: NodeJS.Signals) => async (): Promise<NodeJS.Signals | number> => {
    child.kill(signal);
    return ended;
  };
  const first = await Promise.race([listens.promise, ended]);
  if (typeof first === 'number') throw new Error(`Firebreak ended with ${first} before it listened:\n${said}`);
  const isAlive = (): boolean => child.exitCode === null && child.signalCode === null;
  return {
    url: () => (isAlive() ? first : null),
    ended,
    log: () => said,
    stop: end('SIGTERM'),
    kill: end('SIGKILL'),
  };
}
