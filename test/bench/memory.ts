import { readFile } from 'node:fs/promises';
import { benchAlert, forWebhook } from './alerts.ts';
import { send } from './load.ts';
import { startFirebreak } from './targets.ts';

export interface MemoryRow {
  readonly repeatedAlerts: number;
  /** Resident memory of the process after each tenth, in MiB. */
  readonly residentMiB: readonly number[];
  /** The last tenth to the third: by then everything that is loaded late has been. */
  readonly growth: number;
}

const ALERTS = 1_000_000;
const PER_DELIVERY = 100;
const BODIES = 50;

/** Whether memory stays flat over a million repeated alerts. */
export async function benchMemory(): Promise<MemoryRow> {
  const firebreak = await startFirebreak();
  try {
    const startsAt = new Date().toISOString();
    const bodies = Array.from({ length: BODIES }, (_, b) =>
      forWebhook(
        Array.from({ length: PER_DELIVERY }, (_unused, i) => benchAlert('memory', b * PER_DELIVERY + i, startsAt)),
      ),
    );
    const residentMiB: number[] = [];
    const amount = ALERTS / PER_DELIVERY / 10;
    for (let tenth = 0; tenth < 10; tenth += 1) {
      const result = await send({ url: firebreak.url, path: firebreak.path, bodies, amount, connections: 16 });
      if (result.failed > 0) throw new Error(`${result.failed} requests failed`);
      residentMiB.push(await resident(firebreak.process.pid));
    }
    return { repeatedAlerts: ALERTS, residentMiB, growth: residentMiB[9]! / residentMiB[2]! };
  } finally {
    await firebreak.stop();
  }
}

async function resident(pid: number): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8');
  return Math.round(Number(/VmRSS:\s+(\d+)/.exec(status)?.[1]) / 1024);
}
