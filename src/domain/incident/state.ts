import type { StanceDecision } from '../decision.ts';
import type { JsonObject } from '../json.ts';
import type { AutomationMode, Plan, Rail, Verdict } from '../plan.ts';
import type { Severity } from '../severity.ts';
import type { Instant } from '../time.ts';
import type { AlertCounts, AlertSample, ClockName, OnsetSource, PageReason } from './events.ts';

export type IncidentStatus = 'open' | 'acknowledged' | 'mitigated' | 'resolved' | 'closed';

export interface ClockState {
  readonly startedAt: Instant;
  readonly deadline: Instant;
  readonly state: 'running' | 'met' | 'breached' | 'cancelled';
}

export type StepState = 'pending' | 'intended' | 'accepted' | 'done' | 'failed' | 'diverged';

export interface RollbackStepProgress {
  readonly name: string;
  readonly state: StepState;
  readonly receipt: JsonObject | null;
  readonly intendedAt: Instant | null;
  readonly acceptedAt: Instant | null;
  readonly finishedAt: Instant | null;
  readonly detail: string | null;
}

/** requested → planned → (shadowed | awaiting-approval | announced) → executing → validating → finished; or stopped. */
export type RollbackStage =
  | 'requested'
  | 'planned'
  | 'shadowed'
  | 'awaiting-approval'
  | 'announced'
  | 'executing'
  | 'validating'
  | 'finished'
  | 'stopped';

export interface RollbackState {
  readonly stage: RollbackStage;
  readonly mode: AutomationMode;
  readonly requestedAt: Instant;
  readonly requestedBy: string;
  readonly plan: Plan | null;
  readonly planHash: string | null;
  readonly suspect: JsonObject | null;
  readonly approvalUntil: Instant | null;
  readonly approvedBy: string | null;
  readonly startsAt: Instant | null;
  readonly startedAt: Instant | null;
  readonly steps: readonly RollbackStepProgress[];
  readonly validateUntil: Instant | null;
  readonly verdict: Verdict | null;
  readonly stoppedBy: Rail | null;
  readonly because: string | null;
}

/** What you get by folding an incident's events. Plain JSON: the projection stores it as it is. */
export interface IncidentState {
  readonly id: string;
  /** Sequence number of the last event folded: the incident's version. */
  readonly version: number;
  readonly correlationKey: string;
  readonly afterKeyVersion: number;
  readonly service: string | null;
  readonly environment: string | null;
  readonly title: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly runbookUrl: string | null;
  readonly sourceUrl: string | null;
  readonly status: IncidentStatus;
  /** Null only between the opening and its first assessment, which are committed together. */
  readonly severity: Severity | null;
  readonly severityBecause: string;
  readonly severityRule: string | null;
  readonly unclassified: boolean;
  readonly facts: JsonObject;
  readonly onset: { readonly at: Instant; readonly source: OnsetSource };
  readonly openedAt: Instant;
  readonly acknowledgedAt: Instant | null;
  readonly acknowledgedBy: string | null;
  readonly mitigatedAt: Instant | null;
  readonly resolvedAt: Instant | null;
  readonly closedAt: Instant | null;
  readonly alertNames: readonly string[];
  readonly alertSamples: readonly AlertSample[];
  readonly alertCounts: AlertCounts;
  readonly clocks: Readonly<Partial<Record<ClockName, ClockState>>>;
  readonly decision: (StanceDecision & { readonly at: Instant; readonly mode: AutomationMode | null }) | null;
  readonly page: { readonly at: Instant; readonly reason: PageReason } | null;
  /** Set once the incident was P0 or P1: from then on it has a message that follows it. */
  readonly announced: boolean;
  readonly receipts: Readonly<Record<string, Readonly<Record<string, JsonObject>>>>;
  readonly rollback: RollbackState | null;
}

/** An incident that new alerts of its key join. After that, only a related alert brings it back. */
export const isActive = (status: IncidentStatus): boolean => status !== 'resolved' && status !== 'closed';

export const isSettled = (rollback: RollbackState): boolean =>
  rollback.stage === 'finished' || rollback.stage === 'stopped' || rollback.stage === 'shadowed';
