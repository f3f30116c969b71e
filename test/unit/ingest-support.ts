/* eslint-disable @typescript-eslint/no-explicit-any -- what others send */
import { readFileSync } from 'node:fs';
import { alertKey } from '../../src/domain/alert.ts';
import type { KnownAlert } from '../../src/domain/alert-merge.ts';
import { mergeAlert } from '../../src/domain/alert-merge.ts';
import type { CorrelationPolicy } from '../../src/domain/policy.ts';
import type {
  Delivery,
  DeliveryResult,
  DeliveryStore,
  Log,
  ObservedAlert,
  SourceSeen,
} from '../../src/ingest/ports.ts';
import type { DeliveryContent, ReadDelivery } from '../../src/ingest/read-delivery.ts';
import { readAlertmanager } from '../../src/ingest/read-delivery.ts';

export const NOW = Date.UTC(2026, 10, 23, 15, 13);
export const LATE_MS = 300_000;

export const correlation: CorrelationPolicy = {
  groupBy: ['service', 'environment'],
  ignoreLabels: ['replica', 'prometheus_replica'],
  labels: { service: ['service', 'app', 'job'], environment: ['environment', 'env'] },
  heartbeats: ['Watchdog'],
  heartbeatSeconds: 300,
  lateFiringSeconds: LATE_MS / 1000,
};

const FIXTURES = new URL('../fixtures/alertmanager/', import.meta.url);
export const fixture = (name: string): any => JSON.parse(readFileSync(new URL(`${name}.json`, FIXTURES), 'utf8'));

/** One alert as Alertmanager sends it. */
export const rawAlert = (changes: Record<string, unknown> = {}): Record<string, unknown> => ({
  status: 'firing',
  labels: { alertname: 'CheckoutDown', service: 'checkout', env: 'production', severity: 'critical' },
  annotations: { summary: 'Checkout is down' },
  startsAt: '2026-11-23T15:00:00.000Z',
  endsAt: '0001-01-01T00:00:00Z',
  generatorURL: 'http://prometheus:9090/graph',
  fingerprint: '9a2731f4eb29dc11',
  ...changes,
});

export function contentOf(read: ReadDelivery): DeliveryContent {
  if (read.kind === 'unreadable') throw new Error(`unreadable: ${read.problem.message}`);
  return read;
}

export const observed = (changes: Record<string, unknown> = {}): ObservedAlert =>
  contentOf(readAlertmanager({ alerts: [rawAlert(changes)] }, { correlation, receivedAt: NOW })).alerts[0]!;

let deliveries = 0;
export function deliveryOf(alerts: readonly ObservedAlert[], changes: Partial<Delivery> = {}): Delivery {
  deliveries += 1;
  const id = `delivery-${deliveries}`;
  return { id, source: 'alertmanager', receivedAt: NOW, alerts, heartbeats: [], rejected: [], ...changes };
}

export const quiet: Log = { info: () => undefined, warn: () => undefined, error: () => undefined };

export class ManualClock {
  at = NOW;
  now(): number {
    return this.at;
  }
}

/** Merges like the real store, in memory. */
export class MemoryStore implements DeliveryStore {
  readonly alerts = new Map<string, KnownAlert>();
  readonly deliveries: Delivery[] = [];
  readonly repeats: SourceSeen[] = [];
  down = false;

  commitDeliveries(batch: readonly Delivery[]): Promise<readonly DeliveryResult[]> {
    if (this.down) return Promise.reject(new Error('connection refused to secret-host'));
    this.deliveries.push(...batch);
    return Promise.resolve(batch.map((delivery) => this.#merge(delivery)));
  }

  #merge(delivery: Delivery): DeliveryResult {
    let duplicates = 0;
    let superseded = 0;
    for (const { alert, contentHash } of delivery.alerts) {
      const key = alertKey(alert.source, alert.fingerprint);
      const merge = mergeAlert(this.alerts.get(key) ?? null, alert, contentHash, delivery.receivedAt, LATE_MS);
      this.alerts.set(key, merge.next);
      if (merge.outcome === 'repeat' || merge.outcome === 'late') duplicates += 1;
      if (merge.next.contentHash !== contentHash) superseded += 1;
    }
    return { accepted: delivery.alerts.length - duplicates, duplicates, superseded };
  }

  touch(seen: readonly SourceSeen[]): Promise<void> {
    if (this.down) return Promise.reject(new Error('connection refused'));
    this.repeats.push(...seen);
    return Promise.resolve();
  }
}
