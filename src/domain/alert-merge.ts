import type { Alert } from './alert.ts';
import { ms } from './time.ts';

/** What is known of an alert that was delivered before. Times in epoch milliseconds. */
export interface KnownAlert {
  readonly status: Alert['status'];
  readonly fired: boolean;
  readonly startsAt: number;
  readonly endsAt: number | null;
  /** When we heard of its present status. */
  readonly statusSeenAt: number;
  readonly contentHash: string;
}

/**
 * `news`: the status or the occurrence changed. `content`: the same, with other words or figures. `repeat`: nothing
 * new. `late`: word of an occurrence that is over, overtaken on its way.
 */
export type MergeOutcome = 'news' | 'content' | 'repeat' | 'late';

export interface Merge {
  readonly outcome: MergeOutcome;
  readonly next: KnownAlert;
}

/**
 * Joins what a delivery says with what is known. Deliveries may be repeated, doubled by an HA pair, reordered, or lost
 * in between; for any order the end is the same. A firing word for an occurrence that has resolved is late when it comes
 * within `lateFiringMs` of that resolve, and a re-fire after it (an Alertmanager that timed an alert out and hears of it
 * again keeps the old startsAt).
 */
export function mergeAlert(
  known: KnownAlert | null,
  alert: Alert,
  contentHash: string,
  receivedAt: number,
  lateFiringMs: number,
): Merge {
  const startsAt = ms(alert.startsAt);
  const endsAt = alert.endsAt === null ? null : ms(alert.endsAt);
  const fresh = (fired: boolean): KnownAlert => ({
    status: alert.status,
    fired,
    startsAt,
    endsAt,
    statusSeenAt: receivedAt,
    contentHash,
  });
  if (known === null) return { outcome: 'news', next: fresh(alert.status === 'firing') };
  // Not by the times: a source that gives no start gets a new one each time.
  if (known.status === alert.status && known.contentHash === contentHash) return { outcome: 'repeat', next: known };
  return alert.status === 'firing'
    ? mergeFiring(known, fresh(true), receivedAt, lateFiringMs)
    : mergeResolved(known, fresh(known.fired && startsAt <= known.startsAt));
}

function mergeFiring(known: KnownAlert, fresh: KnownAlert, receivedAt: number, lateFiringMs: number): Merge {
  if (fresh.startsAt < known.startsAt) return { outcome: 'late', next: known };
  if (fresh.startsAt > known.startsAt) {
    // While it fires, a later start is a resolve that we never got: the same trouble goes on.
    return known.status === 'firing'
      ? { outcome: 'content', next: { ...fresh, statusSeenAt: known.statusSeenAt } }
      : { outcome: 'news', next: fresh };
  }
  if (known.status === 'firing') {
    return { outcome: 'content', next: { ...fresh, statusSeenAt: known.statusSeenAt } };
  }
  // The resolve overtook it: now we know that it did fire.
  if (!known.fired) return { outcome: 'news', next: { ...known, fired: true } };
  return receivedAt - known.statusSeenAt > lateFiringMs
    ? { outcome: 'news', next: fresh }
    : { outcome: 'late', next: known };
}

function mergeResolved(known: KnownAlert, fresh: KnownAlert): Merge {
  if (fresh.startsAt < known.startsAt) {
    // The end of an earlier occurrence; only if it reaches into the known one does it end that too.
    if (fresh.endsAt === null || fresh.endsAt <= known.startsAt) return { outcome: 'late', next: known };
    if (known.status === 'resolved') return { outcome: 'late', next: known };
    return { outcome: 'news', next: { ...fresh, startsAt: known.startsAt } };
  }
  // Without length it is an end whose source gave no start: that of whatever fires.
  const endOnly = fresh.endsAt === fresh.startsAt;
  if (known.status === 'firing') {
    return { outcome: 'news', next: { ...fresh, startsAt: endOnly ? known.startsAt : fresh.startsAt, fired: true } };
  }
  if (endOnly) return { outcome: 'repeat', next: known };
  return fresh.startsAt > known.startsAt ? { outcome: 'news', next: fresh } : { outcome: 'repeat', next: known };
}
