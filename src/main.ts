#!/usr/bin/env node
import { createActions } from './app/actions.ts';
import { version } from './app/version.ts';
import { processIo, runCli } from './cli/index.ts';

/** Process entry: signals and exit codes. */
const stop = new AbortController();
for (const signal of ['SIGTERM', 'SIGINT'] as const) {
  process.on(signal, () => {
    stop.abort(new Error(`stopped by ${signal}`));
  });
}

const io = processIo(process);
const actions = createActions({
  env: process.env,
  cwd: process.cwd(),
  now: () => Date.now(),
  say: (line) => {
    io.out(`${line}\n`);
  },
  signal: stop.signal,
});

process.exitCode = await runCli(process.argv.slice(2), { io, actions, version: version() });
