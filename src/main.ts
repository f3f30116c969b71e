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

// `npm start` has a shell between npm and us, which a signal to npm ends and which does not pass it on: without npm, nobody
// could stop us, and we would hold the port and the data.
if (process.env['npm_package_name'] === 'firebreak' && process.env['npm_lifecycle_event'] === 'start') {
  const { ppid } = process;
  const watch = setInterval(() => {
    if (process.ppid === ppid) return;
    clearInterval(watch);
    stop.abort(new Error('npm, which started it, has ended'));
  }, 500);
  watch.unref();
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
