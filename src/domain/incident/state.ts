import type { RoutingDecision, StanceDecision } from '../decision.ts';
import type { JsonObject } from '../json.ts';
import type { AutomationMode, Plan, Rail, Verdict } from '../plan.ts';
import type { Baseline, RecoveryMetric, RecoveryRun } from '../recovery.ts';
import { NO_SAMPLES } from '../recovery.ts';
import type { Severity } from '../severity.ts';
import { isUrgent } from '../severity.ts';
import type { Instant } from '../time.ts';
import type { ProcessState } from './process-state.ts';
import { NO_PROCESS } from './process-state.ts';
import type {
  AlertCounts,
  AlertSample,
  ClockName,
  OnsetSource,
  PageReason,
  RollbackEstimate,
  RollbackPurpose,
} from './events.ts';

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
  /** When it last told how far it is; absent in what was stored before it did. */
  readonly progressedAt?: Instant | null;
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
  /** Whose plan it is: the incident's service, or one that it depends on. */
  readonly service: string | null;
  readonly purpose: RollbackPurpose;
  readonly mode: AutomationMode;
  readonly requestedAt: Instant;
  readonly requestedBy: string;
  readonly plan: Plan | null;
  /** What an undo takes back. */
  readonly undoes: Plan | null;
  /** The last plan before this one of which anything was carried out. */
  readonly carriedOut: Plan | null;
  readonly planHash: string | null;
  readonly suspect: JsonObject | null;
  readonly estimate: RollbackEstimate | null;
  readonly approvalUntil: Instant | null;
  readonly approvedBy: string | null;
  readonly startsAt: Instant | null;
  readonly startedAt: Instant | null;
  readonly steps: readonly RollbackStepProgress[];
  /** Steps whose evidence is saved. */
  readonly captured: readonly number[];
  readonly validatingSince: Instant | null;
  readonly validateUntil: Instant | null;
  /** What was measured when it was asked for: a recovery must not be worse than this. */
  readonly during: Readonly<Partial<Record<RecoveryMetric, number>>>;
  readonly recovery: RecoveryRun;
  readonly sampledAt: Instant | null;
  /** After a recovery it is watched until then that it stays; null when it is not, or no longer. */
  readonly watchUntil: Instant | null;
  readonly verdict: Verdict | null;
  readonly stoppedBy: Rail | null;
  readonly because: string | null;
}

/** What you get by folding an incident's events. Plain JSON: the projection stores it as it is. */
export interface IncidentState extends ProcessState {
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
  /** The highest that it has been. */
  readonly worst: Severity | null;
  readonly severityBecause: string;
  /** The rule whose word stands; where a person's stands, the one whose word would. */
  readonly severityRule: string | null;
  /** The rule that the rules named last; another one than `severityRule` while they say less than what stands. */
  readonly ruledLast: string | null;
  readonly unclassified: boolean;
  /** Since when the rules have said less than what stands; null while they do not. */
  readonly lowerSince: Instant | null;
  readonly facts: JsonObject;
  readonly onset: { readonly at: Instant; readonly source: OnsetSource };
  /** Prometheus had its alert when it was asked at the opening: there it can be asked whether it still fires. */
  readonly inPrometheus: boolean;
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
  /** The last that said something; null until one does. */
  readonly routing: RoutingDecision | null;
  /** `accepted`: PagerDuty has taken it. `unaccepted`: it had not in time, and every other channel was told. */
  readonly page: {
    readonly at: Instant;
    readonly reason: PageReason;
    readonly accepted?: boolean;
    readonly unaccepted?: boolean;
  } | null;
  /** When people were told that it is open; null while that is held back. */
  readonly toldAt: Instant | null;
  /** Set once the incident was P0 or P1 and people were told: from then on it has a message that follows it. */
  readonly announced: boolean;
  readonly announcedAt: Instant | null;
  readonly receipts: Readonly<Record<string, Readonly<Record<string, JsonObject>>>>;
  readonly rollback: RollbackState | null;
  /** Absent until it was asked; null when there is nothing to measure by. */
  readonly baseline?: Baseline | null;
  readonly drill?: true;
  /** Given once an incident. */
  readonly fix: { readonly by: string; readonly until: Instant } | null;
  /** What was rolled away from in this incident: identities, versions and images. It must not come back by itself. */
  readonly badVersions: readonly string[];
}

/** An incident that new alerts of its key join. After that, only a related alert brings it back. */
export const isActive = (status: IncidentStatus): boolean => status !== 'resolved' && status !== 'closed';

export const isSettled = (rollback: RollbackState): boolean =>
  rollback.stage === 'finished' || rollback.stage === 'stopped' || rollback.stage === 'shadowed';

/** What there is to undo: the last plan of which anything was carried out. */
export const lastCarriedOut = (rollback: RollbackState | null): Plan | null => {
  if (rollback === null) return null;
  return rollback.steps.some((step) => step.acceptedAt !== null) ? rollback.plan : rollback.carriedOut;
};

/** A projection that an older version wrote, with what has been added since. */
export function completeState(stored: IncidentState): IncidentState {
  const { rollback, worst, inPrometheus, toldAt, announcedAt, ruledLast } = stored as Partial<IncidentState>;
  return {
    ...ADDED,
    ...stored,
    toldAt: toldAt ?? (toldAt === undefined && stored.severity !== null ? stored.openedAt : null),
    announcedAt: announcedAt ?? (stored.announced ? stored.openedAt : null),
    worst: worst ?? worstKnown(stored),
    ruledLast: ruledLast === undefined ? stored.severityRule : ruledLast,
    inPrometheus: inPrometheus ?? stored.onset.source === 'active-at',
    rollback: rollback == null ? null : { ...ADDED_TO_ROLLBACK, ...rollback },
  };
}

/** What was announced was P0 or P1 once. */
const worstKnown = ({ announced, severity }: IncidentState): Severity | null =>
  announced && severity !== null && !isUrgent(severity) ? 'P1' : severity;

/** Being carried out, or judged. */
export const isUnderWay = (rollback: RollbackState | null): boolean =>
  rollback?.stage === 'executing' || rollback?.stage === 'validating';

/** It was P0 or P1 at its worst. */
export const wasUrgent = ({ worst }: Pick<IncidentState, 'worst'>): boolean => worst !== null && isUrgent(worst);

const ADDED = {
  ...NO_PROCESS,
  fix: null,
  badVersions: [],
  lowerSince: null,
  routing: null,
} satisfies Partial<IncidentState>;
const ADDED_TO_ROLLBACK = {
  service: null,
  purpose: 'roll-back',
  undoes: null,
  carriedOut: null,
  captured: [],
  estimate: null,
  validatingSince: null,
  during: {},
  recovery: NO_SAMPLES,
  sampledAt: null,
  watchUntil: null,
} satisfies Partial<RollbackState>;
