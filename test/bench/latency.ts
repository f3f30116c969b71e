import type { FakePagerDuty } from '../fakes/pagerduty.ts';
import { startPagerDuty } from '../fakes/pagerduty.ts';
import { eventually } from '../harness/firebreak.ts';
import { benchAlert, forWebhook } from './alerts.ts';
import { percentile } from './median.ts';
import { startFirebreak } from './targets.ts';

export interface LatencyRow {
  readonly deliveriesPerSecond: number;
  readonly pages: number;
  /** From the delivery being sent to the page's request arriving at PagerDuty, milliseconds. */
  readonly p50: number;
  readonly p99: number;
  readonly max: number;
}

const PER_SECOND = 50;
const SECONDS = 20;
const WARM_UP = 50;

/**
 * How long a page takes: each delivery is a new P0 of a service of its own, sent at a steady pace whatever comes back;
 * the clock stops when the request is read off the wire by a local PagerDuty.
 */
export async function benchLatency(): Promise<LatencyRow> {
  const pagerduty = await startPagerDuty();
  const firebreak = await startFirebreak(
    { NODE_EXTRA_CA_CERTS: pagerduty.certFile },
    { pagerduty: { routingKey: 'r'.repeat(32), server: pagerduty.host } },
  );
  try {
    const sentAt = new Map<string, number>();
    const total = WARM_UP + PER_SECOND * SECONDS;
    const startedAt = performance.now();
    for (let n = 0; n < total; n += 1) {
      await until(startedAt + (n * 1000) / PER_SECOND);
      const alert = p0(n);
      const service = alert.labels['service'];
      sentAt.set(service, performance.now());
      void firebreak.process.post(firebreak.path, forWebhook([alert]).toString());
    }
    await eventually(
      async () => pagerduty.alerts.length,
      (arrived) => arrived >= total,
      60_000,
    );
    const arrivedAt = arrivals(pagerduty);
    const waits = [...sentAt].slice(WARM_UP).map(([service, at]) => arrivedAt.get(service)! - at);
    return {
      deliveriesPerSecond: PER_SECOND,
      pages: waits.length,
      p50: percentile(waits, 50),
      p99: percentile(waits, 99),
      max: Math.max(...waits),
    };
  } finally {
    await firebreak.stop();
    await pagerduty.stop();
  }
}

/** The first request about each service. */
function arrivals({ requests }: FakePagerDuty): ReadonlyMap<string, number> {
  const first = new Map<string, number>();
  for (const { raw, arrivedAt } of requests) {
    const service = /"(?:component|service)":"([^"]+)"/.exec(raw)?.[1];
    if (service !== undefined && !first.has(service)) first.set(service, arrivedAt);
  }
  return first;
}

const until = (at: number): Promise<void> =>
  new Promise((resolve) => setTimeout(resolve, Math.max(0, at - performance.now())));

function p0(n: number) {
  const alert = benchAlert('latency', n, new Date().toISOString());
  return {
    ...alert,
    labels: { ...alert.labels, service: `latency-${n}`, severity: 'critical' },
    annotations: { ...alert.annotations, users_affected_percent: '95' },
  };
}
