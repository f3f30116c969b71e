import type { Assessment, RollbackStance, RoutingDecision, SeverityDecision, StanceDecision } from '../decision.ts';
import type { Failure } from '../failure.ts';
import type { JsonObject } from '../json.ts';
import type { AutomationMode, Plan, Rail, Verdict } from '../plan.ts';
import type { Baseline, RecoverySample } from '../recovery.ts';
import type { Severity } from '../severity.ts';
import type { Instant } from '../time.ts';
import type { ChannelName } from '../view.ts';
import type { AlertCounts, AlertSample, ClockName, OnsetSource, PageReason } from './event-parts.ts';
import type { ProcessEventData } from './process-events.ts';

/** Every fact a timeline can hold, by type. Version 1 of each; a changed shape gets a new version and an upcast. */
export interface EventData extends ProcessEventData {
  'incident-opened': {
    readonly correlationKey: string;
    readonly service: string | null;
    readonly environment: string | null;
    readonly title: string;
    readonly labels: Readonly<Record<string, string>>;
    readonly onset: { readonly at: Instant; readonly source: OnsetSource };
    readonly runbookUrl: string | null;
    readonly sourceUrl: string | null;
    /** Alerts of the key whose version is above this belong to this incident. */
    readonly afterKeyVersion: number;
    /** A synthetic incident that tries everything out: nothing is rolled back, and no statistics count it. */
    readonly drill?: true;
  };
  'alerts-joined': {
    readonly count: number;
    readonly counts: AlertCounts;
    readonly names: readonly string[];
    readonly samples: readonly AlertSample[];
  };
  'alerts-resolved': {
    readonly count: number;
    readonly counts: AlertCounts;
    readonly samples: readonly AlertSample[];
  };
  'severity-decided': SeverityDecision;
  'severity-changed': { readonly from: Severity | null; readonly to: Severity; readonly because: string };
  'rollback-decided': StanceDecision & { readonly mode: AutomationMode | null };
  /** Which specialists it goes to, and who else hears of it. */
  'routing-decided': RoutingDecision;
  'page-requested': { readonly reason: PageReason; readonly because: string };
  'clock-started': { readonly clock: ClockName; readonly startedAt: Instant; readonly deadline: Instant };
  'clock-met': { readonly clock: ClockName; readonly seconds: number };
  /** `lateSeconds`: how long after the deadline we noticed; more than a moment means that we were not running. */
  'clock-breached': { readonly clock: ClockName; readonly deadline: Instant; readonly lateSeconds: number };
  'clock-cancelled': { readonly clock: ClockName; readonly because: string };
  'incident-acknowledged': { readonly by: string; readonly via: string };
  /** `at`: when the service was restored, where that is earlier than it could be known. */
  'incident-mitigated': { readonly because: string; readonly via: string; readonly at?: Instant };
  'incident-resolved': { readonly by: string; readonly because: string; readonly via: string };
  'incident-reopened': { readonly because: string };
  'incident-closed': { readonly because: string };
  'note-added': { readonly by: string; readonly via: string; readonly text: string };
  'notification-sent': NotificationData & { readonly receipt: JsonObject; readonly latencyMs: number };
  'notification-skipped': NotificationData & { readonly because: string };
  /** Given up: it stands in the dead letters and can be sent again from there. */
  'notification-failed': NotificationData & { readonly failure: Failure; readonly attempts: number };
  /** What the service's metrics were when all was well; recovery is measured against it. Null: nothing to measure by. */
  'baseline-frozen': { readonly baseline: Baseline | null };
  /** A responder has a fix that takes less than 5 minutes: the rollback waits for it once. */
  'fix-declared': { readonly by: string; readonly via: string; readonly seconds: number; readonly until: Instant };
  'rollback-requested': {
    readonly by: string;
    readonly because: string;
    readonly mode: AutomationMode;
    /** Whose plan it is; absent in old events: the incident's own service. */
    readonly service?: string | null;
    /** `undo` goes back to what a rollback left. Absent: `roll-back`. */
    readonly purpose?: RollbackPurpose;
  };
  'rollback-planned': {
    readonly plan: Plan;
    readonly planHash: string;
    readonly rehearsal: readonly string[];
    readonly suspect: JsonObject | null;
    /** Absent in old events. */
    readonly estimate?: RollbackEstimate;
  };
  /** Mode `shadow`: what would have been done, and was not. */
  'rollback-shadowed': { readonly planHash: string; readonly summary: string };
  'rollback-awaits-approval': { readonly planHash: string; readonly until: Instant; readonly summary: string };
  'rollback-approved': { readonly planHash: string; readonly by: string; readonly via: string };
  'rollback-announced': {
    readonly planHash: string;
    readonly startsAt: Instant;
    readonly summary: string;
    readonly estimate?: RollbackEstimate;
  };
  'rollback-started': { readonly planHash: string };
  /** What the step is about to destroy, saved before: redacted, cut, and never a reason to wait longer. */
  'evidence-captured': {
    readonly index: number;
    readonly name: string;
    readonly items: readonly CapturedText[];
    readonly missing: readonly string[];
    readonly seconds: number;
  };
  'rollback-step-intended': {
    readonly index: number;
    readonly name: string;
    readonly target: string;
    readonly from: string;
    readonly to: string;
  };
  'rollback-step-accepted': {
    readonly index: number;
    readonly name: string;
    readonly receipt: JsonObject;
    readonly alreadyThere: boolean;
  };
  /** How far a step is that takes its time, in the words of its target. */
  'rollback-step-progressed': { readonly index: number; readonly name: string; readonly detail: string };
  'rollback-step-finished': {
    readonly index: number;
    readonly name: string;
    readonly outcome: 'done' | 'failed' | 'diverged';
    readonly detail: string;
  };
  /** A rail stopped it. `completed` says how far it came. */
  'rollback-stopped': {
    readonly rail: Rail;
    readonly because: string;
    readonly completed: readonly string[];
    readonly evidence: JsonObject | null;
  };
  'rollback-validating': { readonly until: Instant };
  /** One look at whether the service is well again. */
  'recovery-sampled': RecoverySample;
  /** After the recovery: something moved a target away from where the rollback put it. */
  'rollback-reverted': { readonly name: string; readonly detail: string };
  /** The watch is over and it stayed rolled back. */
  'rollback-watched': { readonly because: string };
  'rollback-verdict': {
    readonly verdict: Verdict;
    readonly because: string;
    readonly seconds: number;
    /** It is watched until then that it stays rolled back; absent when there is nothing to watch. */
    readonly watchUntil?: Instant;
  };
}

export type RollbackPurpose = 'roll-back' | 'undo';

/** How long its steps take: the median of past rollbacks of the service, or at most what the plan allows. */
export interface RollbackEstimate {
  readonly seconds: number;
  readonly from: 'past-rollbacks' | 'timeouts';
  /** How many rollbacks it is taken from. */
  readonly of: number;
}

export interface CapturedText {
  readonly kind: string;
  readonly name: string;
  readonly text: string;
  readonly truncated: boolean;
}

export interface NotificationData {
  readonly effectId: string;
  readonly channel: ChannelName;
  readonly kind: string;
}

export type EventType = keyof EventData;

/** Version written today, by type. */
export const EVENT_VERSION = 1;

/** An event as decide makes it: not yet numbered, not yet chained. */
export type NewEvent = { [T in EventType]: { readonly type: T; readonly data: EventData[T] } }[EventType];

/** An event as it stands in the timeline. `seq` counts from 1 without gaps. */
export type IncidentEvent = NewEvent & {
  readonly incidentId: string;
  readonly seq: number;
  readonly version: number;
  readonly at: Instant;
  readonly hash: string;
  readonly previousHash: string;
};

export type { AlertCounts, AlertSample, Assessment, ClockName, OnsetSource, PageReason, RollbackStance };
