import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { eventually, removeDirectory, startFirebreakProcess, temporaryDirectory } from '../harness/firebreak.ts';
import type { FirebreakProcess } from '../harness/firebreak.ts';

/** Something that takes alerts. */
export interface Target {
  readonly url: string;
  readonly path: string;
  /** Resolves when nothing is left to do for what was taken. */
  settled(): Promise<void>;
  stop(): Promise<void>;
}

export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  server.close();
  await once(server, 'close');
  return port;
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exit = once(child, 'exit');
  child.kill('SIGTERM');
  await exit;
}

const answers = (url: string): Promise<unknown> =>
  eventually(
    () =>
      fetch(url).then(
        (r) => r.ok,
        () => false,
      ),
    (ok) => ok,
  );

/** An Express handler that parses the body and answers: nothing is stored. */
export async function startParser(): Promise<Target> {
  const child = spawn(process.execPath, [fileURLToPath(new URL('parser.ts', import.meta.url))], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [chunk] = (await once(child.stdout, 'data')) as [Buffer];
  return { url: chunk.toString().trim(), path: '/', settled: () => Promise.resolve(), stop: () => end(child) };
}

/** The real Alertmanager, which keeps alerts in memory. */
export async function startAlertmanager(): Promise<Target> {
  const directory = await temporaryDirectory();
  const config = join(directory, 'alertmanager.yml');
  await writeFile(config, 'route: { receiver: none }\nreceivers: [{ name: none }]\n');
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const child = spawn(
    'prometheus-alertmanager',
    [
      `--config.file=${config}`,
      `--storage.path=${join(directory, 'data')}`,
      `--web.listen-address=127.0.0.1:${port}`,
      '--cluster.listen-address=',
      '--log.level=error',
    ],
    { stdio: 'ignore' },
  );
  await answers(`${url}/-/ready`);
  return {
    url,
    path: '/api/v2/alerts',
    settled: () => Promise.resolve(),
    stop: async () => {
      await end(child);
      await removeDirectory(directory);
    },
  };
}

export interface FirebreakTarget extends Target {
  readonly process: FirebreakProcess;
}

/** Firebreak as it is run, on its own PostgreSQL with everything durable. */
export async function startFirebreak(
  env: Readonly<Record<string, string>> = {},
  config: object = {},
): Promise<FirebreakTarget> {
  const process_ = await startFirebreakProcess({ config, env: { FIREBREAK_LOG_LEVEL: 'warn', ...env } });
  return {
    process: process_,
    url: process_.url,
    path: '/webhooks/alertmanager',
    settled: async () => {
      await eventually(
        () => backlog(process_.url),
        (left) => left === 0,
        120_000,
      );
    },
    stop: async () => {
      await process_.stop();
      await removeDirectory(process_.directory);
    },
  };
}

/** Everything that Firebreak's own metrics say is still to do. */
async function backlog(url: string): Promise<number> {
  const text = await (await fetch(`${url}/metrics`)).text();
  const depths = [...text.matchAll(/^firebreak_queue_depth\{queue="(?!dead)[^"]*"\} (\d+)/gm)];
  return depths.reduce((sum, [, depth]) => sum + Number(depth), 0);
}
