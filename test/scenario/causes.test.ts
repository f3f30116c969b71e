import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const path = (relative: string): string => fileURLToPath(new URL(relative, import.meta.url));

/** The whole bench is `npm run bench:causes`; these are the incidents that follow published post-mortems. */
test('no wrong rollback and hardly a missed one in incidents that really happened', async () => {
  const { stdout } = await promisify(execFile)(
    process.execPath,
    [path('../bench/causes/main.ts'), path('causes/published')],
    { maxBuffer: 64 * 1024 * 1024 },
  );
  const figure = (line: RegExp): number => Number(line.exec(stdout)?.[1] ?? Number.NaN);
  expect(figure(/^wrong rollbacks: (\d+)$/m)).toBe(0);
  expect(figure(/^missed rollbacks: \d+ \((\d+) %\)$/m)).toBeLessThan(5);
  const [, passed, all] = /^passed: (\d+) of (\d+)$/m.exec(stdout) ?? [];
  expect(Number(all)).toBeGreaterThanOrEqual(40);
  expect(Number(passed)).toBeGreaterThanOrEqual(Number(all) * 0.9);
}, 300_000);
