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

/** How a service shows that it is well. `$service` and `$environment` in a query stand for the incident's. */
export interface RecoveryPolicy {
  readonly health: readonly string[];
  readonly errorRatio: string | null;
  readonly latencyP95: string | null;
  readonly requestsPerSecond: string | null;
  /** Narrowed to one version by `$version` or `$pods` (a regular expression for the names of its pods). */
  readonly errorRatioByVersion: string | null;
  readonly latencyP95ByVersion: string | null;
  /** An error ratio that the team's objective allows is never a failed recovery. */
  readonly sloErrorRatio: number | null;
  /** How often these metrics are scraped. */
  readonly scrapeSeconds: number;
  /** From pods that are ready to the first sample; null: two scrapes or the longest range of the queries. */
  readonly settleSeconds: number | null;
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
  /** A heartbeat that was heard before and is silent for longer is trouble with the pipeline itself. */
  readonly heartbeatSeconds: number;
  /** A firing delivery that repeats an occurrence already resolved is late if it comes within this time, else a re-fire. */
  readonly lateFiringSeconds: number;
}

export interface AutomationPolicy {
  readonly mode: AutomationMode;
  /** Sandbox: nothing is carried out, whoever asks. */
  readonly rehearseOnly?: boolean;
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
  /** After a recovery it is watched for this long that it stays rolled back. */
  readonly watchSeconds: number;
  /** What a rollback destroys is saved before, for at most this long. */
  readonly captureSeconds: number;
  /** Blast radius: so many services are rolled back by automation at the same time, and in an hour. */
  readonly servicesAtOnce: number;
  readonly rollbacksPerHour: number;
  /** So many services with open incidents and no suspect change in common freeze automation. */
  readonly stormServices: number;
  /** A plan is rehearsed this often in quiet times. */
  readonly rehearseEverySeconds: number;
  readonly freezeWindows: readonly FreezeWindow[];
}

export type Weekday = 'mon' | 'tue' | 'wed' | 'thu' | 'fri' | 'sat' | 'sun';

/** A time in which automation asks a person. */
export type FreezeWindow = {
  readonly name: string;
  /** False: a P0 is rolled back all the same. */
  readonly includesP0: boolean;
} & (
  | { readonly kind: 'once'; readonly from: string; readonly to: string }
  /** `from` and `to` are HH:MM in `timezone`; `to` before `from` ends on the next day. */
  | {
      readonly kind: 'weekly';
      readonly days: readonly Weekday[];
      readonly from: string;
      readonly to: string;
      readonly timezone: string;
    }
);

export type AudienceName = 'team' | 'stakeholders' | 'customers';

/** How people are reached, as far as the process depends on it. */
export interface CommunicationPolicy {
  /** False in the sandbox and while only observing: nothing leaves, so nothing is missed. */
  readonly sends: boolean;
  readonly pagerduty: boolean;
  readonly slack: boolean;
  readonly email: boolean;
  /** Where the audiences beside the team's own channels are reached, by name. */
  readonly audiences: Readonly<Record<AudienceName, { readonly slack: boolean; readonly email: boolean }>>;
  /** Where the teams are told of what is routed to them, by the name that the rules give them. */
  readonly specialists: Readonly<
    Record<string, { readonly slackChannel: string | null; readonly email: readonly string[] }>
  >;
  /** Null: there is no status page. */
  readonly statuspage: 'automatic' | 'approval' | null;
  /** A P0 page that PagerDuty has not taken by then goes to every other channel. */
  readonly pageAcceptSeconds: number;
  /** At so many percent of a clock's time people are warned; the last one escalates. */
  readonly warnPercents: readonly number[];
  /** More incidents than this in a minute are one storm: people get one message about it. P0s are never part of it. */
  readonly stormIncidents: number;
  /** P0s that open within this time and share a suspect or a dependency have one page. */
  readonly linkSeconds: number;
}

export interface LearningPolicy {
  /** From the publication of the post-mortem to its review. */
  readonly reviewDays: number;
  /** An earlier incident of this age is still "again". */
  readonly recurrenceDays: number;
  /** An action item's owner is reminded this long before it is due. */
  readonly remindDays: number;
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
  readonly communication: CommunicationPolicy;
  readonly learning: LearningPolicy;
}
