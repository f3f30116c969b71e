import type { AutomationMode, StepConfig } from './plan.ts';
import type { Secret } from './secret.ts';
import type { Severity } from './severity.ts';

/** The SLA of one severity, in seconds. Null: this clock does not run for it. */
export interface SeverityPolicy {
  readonly detectSeconds: number;
  readonly acknowledgeSeconds: number;
  readonly restoreSeconds: number;
  readonly diagnoseSeconds: number | null;
  readonly firstUpdateSeconds: number;
  /** How often a status update is due; null: no periodic updates. */
  readonly updateEverySeconds: number | null;
}

/** A service that may be rolled back: writing steps is the opt-in. */
export interface RollbackPolicy {
  /** Null: the global mode, or `auto` where a plan is written and nothing else is said. */
  readonly mode: AutomationMode | null;
  readonly steps: readonly StepConfig[];
}

export interface ServicePolicy {
  readonly owner: string | null;
  readonly specialist: string | null;
  readonly slackChannel: string | null;
  readonly pagerdutyRoutingKey: Secret | null;
  /** Null: nobody said; facts report it as unknown. */
  readonly customerFacing: boolean | null;
  readonly dependsOn: readonly string[];
  readonly runbookUrl: string | null;
  readonly rollback: RollbackPolicy | null;
  readonly recovery: RecoveryPolicy | null;
  /** Facts measured for this service only, by name. */
  readonly facts: Readonly<Record<string, FactQuery>>;
}

export interface JourneyStep {
  readonly method: string;
  readonly url: string;
  readonly expectStatus: number;
  readonly expectBody: string | null;
}

export interface RecoveryPolicy {
  readonly health: readonly string[];
  readonly errorRatio: string | null;
  readonly latencyP95: string | null;
  readonly requestsPerSecond: string | null;
  readonly journeys: readonly { readonly name: string; readonly steps: readonly JourneyStep[] }[];
}

export interface FactQuery {
  readonly promql: string;
}

export interface CorrelationPolicy {
  readonly groupBy: readonly string[];
  readonly ignoreLabels: readonly string[];
  /** For `service` and `environment`: label names, first present wins. */
  readonly labels: { readonly service: readonly string[]; readonly environment: readonly string[] };
  /** Alert names that are heartbeats, not incidents. */
  readonly heartbeats: readonly string[];
  /** A firing delivery that repeats an occurrence already resolved is late if it comes within this time, else a re-fire. */
  readonly lateFiringSeconds: number;
}

export interface AutomationPolicy {
  readonly mode: AutomationMode;
  readonly killSwitch: boolean;
  /** Between announcing a rollback and starting it. */
  readonly holdSeconds: Readonly<Record<'P0' | 'P1' | 'P2', number>>;
  /** A suspect change began at most this long before the onset. */
  readonly recentChangeSeconds: number;
  /** One automatic rollback a service in this time. */
  readonly cooldownSeconds: number;
  readonly approvalExpiresSeconds: number;
  /** From the end of the last step until the verdict must stand. */
  readonly verdictDeadlineSeconds: number;
}

/** Everything of the configuration that the process itself depends on. Immutable for the life of the program. */
export interface Policy {
  readonly severities: Readonly<Record<Severity, SeverityPolicy>>;
  readonly correlation: CorrelationPolicy;
  readonly automation: AutomationPolicy;
  readonly services: Readonly<Record<string, ServicePolicy>>;
  /** Facts measured for every service; `$service` and `$environment` stand for the incident's. */
  readonly facts: Readonly<Record<string, FactQuery>>;
  readonly monitoringSeconds: number;
}
