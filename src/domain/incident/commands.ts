import type { Assessment } from '../decision.ts';
import type { Failure } from '../failure.ts';
import type { JsonObject } from '../json.ts';
import type { Plan, RailStop } from '../plan.ts';
import type { Policy } from '../policy.ts';
import type { Baseline, RecoverySample } from '../recovery.ts';
import type { Instant } from '../time.ts';
import type { FactSnapshot } from './event-parts.ts';
import type { TimedClock } from './decide-clocks.ts';
import type { ProcessCommand } from './process-commands.ts';
import type { AlertCounts, AlertSample, EventData, NotificationData, OnsetSource } from './events.ts';

/** What became known of the alerts of one incident since it was last looked at. */
export interface AlertNews {
  readonly counts: AlertCounts;
  readonly joined: {
    readonly count: number;
    readonly names: readonly string[];
    readonly samples: readonly AlertSample[];
  };
  readonly resolved: { readonly count: number; readonly samples: readonly AlertSample[] };
}

export interface Opening {
  readonly correlationKey: string;
  readonly service: string | null;
  readonly environment: string | null;
  readonly title: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly onset: { readonly at: Instant; readonly source: OnsetSource };
  readonly runbookUrl: string | null;
  readonly sourceUrl: string | null;
  readonly afterKeyVersion: number;
  readonly drill?: true;
}

/** Everything that can be asked of an incident. People, alerts, jobs and timers all come in this way. */
export type Command =
  | ProcessCommand
  | { readonly kind: 'open'; readonly opening: Opening; readonly news: AlertNews }
  | { readonly kind: 'observe-alerts'; readonly news: AlertNews }
  /** `snapshots`: what was asked of Prometheus for it. `onset`: when it became as bad as it now is, where an alert says so; looked at only when it rises to P0 or P1. */
  | {
      readonly kind: 'assess';
      readonly assessment: Assessment;
      readonly snapshots?: readonly FactSnapshot[];
      readonly onset?: { readonly at: Instant; readonly source: OnsetSource };
    }
  | { readonly kind: 'acknowledge'; readonly by: string; readonly via: string }
  | { readonly kind: 'resolve'; readonly by: string; readonly via: string; readonly because: string }
  | { readonly kind: 'add-note'; readonly by: string; readonly via: string; readonly text: string }
  | { readonly kind: 'fire-timer'; readonly name: TimerName }
  | { readonly kind: 'report-effect'; readonly effect: NotificationData; readonly outcome: EffectOutcome }
  | {
      readonly kind: 'plan-rollback';
      readonly plan: Plan;
      readonly planHash: string;
      readonly rehearsal: readonly string[];
      readonly suspect: JsonObject | null;
      /** What the steps of earlier rollbacks of the service took, in seconds. */
      readonly pastSeconds?: readonly number[];
    }
  | { readonly kind: 'freeze-baseline'; readonly baseline: Baseline | null }
  | { readonly kind: 'declare-fix'; readonly by: string; readonly via: string; readonly seconds: number }
  /** A person starts it, past the rails that are there for automation. */
  | { readonly kind: 'request-rollback'; readonly by: string; readonly via: string; readonly because: string }
  | { readonly kind: 'undo-rollback'; readonly by: string; readonly via: string; readonly because: string }
  | { readonly kind: 'stop-rollback'; readonly stop: RailStop }
  | { readonly kind: 'approve-rollback'; readonly by: string; readonly via: string; readonly planHash: string | null }
  | { readonly kind: 'abort-rollback'; readonly by: string; readonly via: string; readonly because: string }
  | { readonly kind: 'start-rollback' }
  | { readonly kind: 'record-capture'; readonly capture: EventData['evidence-captured'] }
  | { readonly kind: 'intend-step'; readonly index: number }
  | {
      readonly kind: 'accept-step';
      readonly index: number;
      readonly receipt: JsonObject;
      readonly alreadyThere: boolean;
    }
  | { readonly kind: 'progress-step'; readonly index: number; readonly detail: string }
  | {
      readonly kind: 'finish-step';
      readonly index: number;
      readonly outcome: 'done' | 'failed' | 'diverged';
      readonly detail: string;
    }
  /** `wellBefore`: its metrics were as usual already when the first step went in. */
  | { readonly kind: 'sample-recovery'; readonly sample: RecoverySample; readonly wellBefore?: boolean }
  /** Better before anything was changed. */
  | { readonly kind: 'recover-without-us'; readonly because: string }
  | { readonly kind: 'report-reverted'; readonly name: string; readonly detail: string }
  | { readonly kind: 'end-watch' };

export type EffectOutcome =
  | { readonly kind: 'sent'; readonly receipt: JsonObject; readonly latencyMs: number }
  | { readonly kind: 'skipped'; readonly because: string }
  | { readonly kind: 'failed'; readonly failure: Failure; readonly attempts: number };

export type TimerName =
  | `clock:${TimedClock}`
  /** Its clock runs low. */
  | `clock-warning:${TimedClock}`
  /** Nobody has written an update for so long. */
  | 'status-update'
  /** PagerDuty should have taken the page by now. */
  | 'page-fallback'
  | 'rollback-hold'
  | 'rollback-approval'
  | 'rollback-verdict'
  | 'rollback-watch'
  | 'rollback-poll'
  /** Facts change without news of alerts: look again. */
  | 'reassess'
  /** What stands around it may have changed: the incident that it is linked to, its storm, a window of maintenance. */
  | 'look-around'
  /** The window of maintenance that it is in ends. */
  | 'quiet-end'
  /** The head of a storm tells how it grows. */
  | 'storm'
  | 'drill-end'
  | 'monitoring'
  /** Action items and the review. */
  | 'reminders'
  /** What is looked at after the fact: whether a fix holds. */
  | 'follow-up';

export interface Context {
  /** Epoch milliseconds. */
  readonly now: number;
  readonly policy: Policy;
}

/** A command that the incident's state does not allow. `code` is stable, for the API; `field` names what is at fault. */
export class CommandRefused extends Error {
  readonly code: 'not-found' | 'conflict' | 'invalid';
  readonly field: string | null;
  constructor(code: CommandRefused['code'], message: string, field: string | null = null) {
    super(message);
    this.name = 'CommandRefused';
    this.code = code;
    this.field = field;
  }
}
