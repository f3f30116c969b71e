import type { DeliveryOutcome, IngestMetrics, Source } from '../ingest/ports.ts';
import type { Increment } from '../store/counters.ts';
import type { Store } from '../store/store.ts';

export interface IngestCounts extends IngestMetrics {
  /** Writes what was counted since the last time. What fails is kept for the next time. */
  flush(): Promise<void>;
}

/**
 * Counts deliveries in memory and adds them to the store's counters about once a second, because a repeat must not cost
 * a transaction. A process that is killed loses at most that second of counting, never an alert.
 */
export function createIngestCounts(store: Store, now: () => number): IngestCounts {
  let counts = new Map<string, Increment>();
  let lastSeen = new Map<Source, number>();
  const add = (metric: string, labels: Record<string, string>, by: number): void => {
    const key = `${metric} ${Object.values(labels).join(' ')}`;
    counts.set(key, { metric, labels, by: (counts.get(key)?.by ?? 0) + by });
  };
  return {
    delivery(source: Source, outcome: DeliveryOutcome) {
      add('deliveries_total', { source, outcome }, 1);
      if (outcome === 'stored' || outcome === 'repeated' || outcome === 'ignored') lastSeen.set(source, now());
    },
    alerts(source, firing, resolved) {
      if (firing > 0) add('alerts_total', { source, status: 'firing' }, firing);
      if (resolved > 0) add('alerts_total', { source, status: 'resolved' }, resolved);
    },
    async flush() {
      if (counts.size === 0) return;
      const [taken, seen] = [counts, lastSeen];
      counts = new Map();
      lastSeen = new Map();
      try {
        await store.addCounts(
          [...taken.values()],
          [...seen].map(([source, at]) => ({ source, at })),
        );
      } catch (error) {
        for (const { metric, labels, by } of taken.values()) add(metric, { ...labels }, by);
        for (const [source, at] of seen) lastSeen.set(source, Math.max(at, lastSeen.get(source) ?? 0));
        throw error;
      }
    },
  };
}
