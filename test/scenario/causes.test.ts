import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const path = (relative: string): string => fileURLToPath(new URL(relative, import.meta.url));

interface Figures {
  readonly wrong: number;
  readonly missedPercent: number;
  readonly passed: number;
  readonly all: number;
  readonly broke: boolean;
}

/** The whole bench is `npm run bench:causes`; it ends with 1 where an incident could not be run. */
async function bench(scenarios: string): Promise<Figures> {
  const { stdout } = await promisify(execFile)(
    process.execPath,
    [path('../bench/causes/main.ts'), path(`causes/${scenarios}`)],
    { maxBuffer: 64 * 1024 * 1024 },
  );
  const figure = (line: RegExp): number => Number(line.exec(stdout)?.[1] ?? Number.NaN);
  const [, passed, all] = /^passed: (\d+) of (\d+)$/m.exec(stdout) ?? [];
  return {
    wrong: figure(/^wrong rollbacks: (\d+)$/m),
    missedPercent: figure(/^missed rollbacks: \d+ \((\d+) %\)$/m),
    passed: Number(passed),
    all: Number(all),
    broke: stdout.includes('could not be run'),
  };
}

test('no wrong rollback and hardly a missed one in incidents that really happened', async () => {
  const { wrong, missedPercent, passed, all } = await bench('published');
  expect(wrong).toBe(0);
  expect(missedPercent).toBeLessThan(5);
  expect(all).toBeGreaterThanOrEqual(40);
  expect(passed).toBeGreaterThanOrEqual(all * 0.9);
}, 300_000);

test('incidents in which Firebreak had rolled back before are run and judged like all others', async () => {
  const { wrong, passed, all, broke } = await bench('composite/cooldown-and-owners.yaml');
  expect(broke).toBe(false);
  expect(wrong).toBe(0);
  expect(passed).toBe(all);
}, 120_000);
