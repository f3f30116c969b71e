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
export function createIngestCounts(store: Store): IngestCounts {
  let counts = new Map<string, Increment>();
  const add = (increment: Increment): void => {
    const key = `${increment.metric} ${Object.values(increment.labels).join(' ')}`;
    counts.set(key, { ...increment, by: (counts.get(key)?.by ?? 0) + increment.by });
  };
  return {
    delivery(source: Source, outcome: DeliveryOutcome) {
      add({ metric: 'deliveries_total', labels: { source, outcome }, by: 1 });
    },
    alerts(source, firing, resolved) {
      if (firing > 0) add({ metric: 'alerts_total', labels: { source, status: 'firing' }, by: firing });
      if (resolved > 0) add({ metric: 'alerts_total', labels: { source, status: 'resolved' }, by: resolved });
    },
    async flush() {
      if (counts.size === 0) return;
      const taken = counts;
      counts = new Map();
      try {
        await store.addCounts([...taken.values()]);
      } catch (error) {
        for (const increment of taken.values()) add(increment);
        throw error;
      }
    },
  };
}
