import type { Json } from '../json.ts';
import type { Instant } from '../time.ts';

export type ClockName = 'detect' | 'acknowledge' | 'restore' | 'diagnose' | 'update';

/** Where the onset was taken from: Prometheus' own activeAt, else the alert's startsAt (set only after the rule's `for:`). */
export type OnsetSource =
  | 'active-at'
  | 'starts-at'
  | 'person'
  /** Nothing says when it became worse: when its severity rose. */
  | 'severity-raised';

/** Enough of an alert to recognise it in a timeline; the alert itself is source data, not part of the event. */
export interface AlertSample {
  readonly key: string;
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  readonly startsAt: Instant;
  readonly generatorUrl: string | null;
}

export interface AlertCounts {
  readonly firing: number;
  readonly resolved: number;
}

/** Why somebody was paged; each is a fact of its own and pages once. */
export type PageReason =
  | 'first-page'
  | 'severity-raised'
  | 'reopened'
  | 'rollback-stopped'
  | 'rollback-failed'
  | 'rollback-reverted'
  /** A clock is about to run out, or has. */
  | 'escalated'
  /** A rule of the team's says so. */
  | 'routed';

/** A number that was asked of Prometheus for the rules, and what it answered. */
export interface FactSnapshot {
  readonly fact: string;
  readonly query: string;
  readonly result: Json;
}
