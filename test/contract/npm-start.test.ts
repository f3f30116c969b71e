import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { testDatabase, urlOf } from '../harness/database.ts';
import { eventually } from '../harness/firebreak.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));

test('a signal to npm start stops Firebreak, though npm does not pass it on', async () => {
  const database = await testDatabase();
  const env = { ...process.env, FIREBREAK_HTTP_PORT: '0', FIREBREAK_DATABASE_URL: urlOf(database.connection) };
  const npm = spawn('npm', ['start'], { cwd: root, env, stdio: ['ignore', 'pipe', 'pipe'] });
  let out = '';
  for (const stream of [npm.stdout, npm.stderr]) stream.on('data', (chunk: Buffer) => (out += chunk.toString()));
  const url = (
    await eventually(
      async () => /listens on (\S+)/.exec(out),
      (found) => found !== null,
    )
  )?.[1];
  const alive = async (): Promise<boolean> => {
    try {
      return (await fetch(`${url}/healthz`)).ok;
    } catch {
      return false;
    }
  };
  try {
    expect(await alive()).toBe(true);
    npm.kill('SIGTERM');
    await once(npm, 'exit');
    await eventually(alive, (is) => !is);
    expect(
      await eventually(
        async () => out,
        (text) => text.includes('stopping: finishing what is under way'),
      ),
    ).toBeTruthy();
  } finally {
    await database.drop();
  }
});
