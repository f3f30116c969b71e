import type { Severity } from './severity.ts';
import type { Instant } from './time.ts';

export const STATISTICS_GROUPS = ['severity', 'service', 'week'] as const;
export type StatisticsGroup = (typeof STATISTICS_GROUPS)[number];

/** Which incidents: those that opened in [since, until), and of these only some. */
export interface StatisticsFilter {
  readonly since: Instant;
  readonly until: Instant;
  readonly service: string | null;
  /** Empty: every one. */
  readonly severity: readonly Severity[];
  readonly groupBy: StatisticsGroup | null;
}

/** How long something took. Null where nothing was measured: that is no zero. */
export interface Spread {
  readonly count: number;
  readonly meanSeconds: number | null;
  readonly medianSeconds: number | null;
  readonly p95Seconds: number | null;
}

/** So many of so many; the share is null of none. */
export interface Share {
  readonly count: number;
  readonly of: number;
  readonly share: number | null;
}

/** Promises that a team makes to its users, each with the share of incidents that kept it. */
export const GOALS = ['p0-restored-in-5-min', 'p1-restored-in-30-min', 'p1-resolved-in-30-min'] as const;
export type Goal = (typeof GOALS)[number];

export interface Figures {
  readonly incidents: number;
  /** From onset to opening. */
  readonly timeToDetect: Spread;
  /** From opening to the first acknowledgement. */
  readonly timeToAcknowledge: Spread;
  /** From opening to the service being restored; of one that came back, all the time that it was not. */
  readonly timeToRestore: Spread;
  /** From opening to resolved, for good. */
  readonly timeToResolve: Spread;
  readonly clocks: readonly { readonly clock: string; readonly met: number; readonly breached: number }[];
  /** Of those that were started and have ended, not counting what people took back with an undo. */
  readonly rollbacks: Share & { readonly verdicts: Readonly<Record<string, number>> };
  /** Of the P0 and P1 that are over. */
  readonly postmortems: Share;
  /** Of those that are over: a root cause is confirmed. */
  readonly rootCauses: Share;
  readonly repeats: Share;
  /** Of false alarms too: what is to be done there is no less due. */
  readonly actions: {
    readonly open: number;
    readonly overdue: number;
    readonly done: number;
    readonly verified: number;
  };
  readonly goals: readonly (Share & { readonly goal: Goal })[];
}

export interface Statistics {
  readonly since: Instant;
  readonly until: Instant;
  readonly groupBy: StatisticsGroup | null;
  readonly total: Figures;
  /** In the order of the key: a severity, a service (null: none was known), an ISO week like `2026-W48`. */
  readonly groups: readonly (Figures & { readonly key: string | null })[];
}

export const shareOf = (count: number, of: number): Share => ({ count, of, share: of === 0 ? null : count / of });
