import type { Course } from '../../domain/course.ts';
import type { Failure } from '../../domain/failure.ts';
import type { Baseline, MetricReading, RecoveryCheck, RecoveryMetric } from '../../domain/recovery.ts';
import type { FactQuery, JourneyStep, RecoveryPolicy } from '../../domain/policy.ts';
import type { VersionRef } from '../../domain/plan.ts';
import type { Clock } from '../../domain/time.ts';

type Failed = { readonly kind: 'failed'; readonly failure: Failure };
type NoData = { readonly kind: 'no-data'; readonly reason: string; readonly warnings: readonly string[] };

export type MetricAnswer =
  { readonly kind: 'value'; readonly value: number; readonly warnings: readonly string[] } | NoData | Failed;

export type SeriesAnswer =
  | {
      readonly kind: 'series';
      readonly values: readonly { readonly at: number; readonly value: number }[];
      readonly warnings: readonly string[];
    }
  | NoData
  | Failed;

export type AlertsAnswer =
  | { readonly kind: 'alerts'; readonly alerts: readonly { readonly labels: Readonly<Record<string, string>> }[] }
  | Failed;

/** Prometheus, as the proof of a recovery needs it. Moments are epoch milliseconds. */
export interface Metrics {
  query(promql: string, at: number, signal: AbortSignal): Promise<MetricAnswer>;
  queryRange(promql: string, from: number, to: number, stepMs: number, signal: AbortSignal): Promise<SeriesAnswer>;
  firingAlerts(signal: AbortSignal): Promise<AlertsAnswer>;
}

/** An HTTP client that follows no redirects and for which every status is an answer. */
export interface Http {
  request(config: {
    readonly method: string;
    readonly url: string;
    readonly headers: Record<string, string>;
    readonly responseType: 'text';
    readonly signal: AbortSignal;
  }): Promise<{ readonly status: number; readonly data: unknown; readonly headers: object }>;
}

export interface ProbeDeps {
  /** Null: no Prometheus is configured. */
  readonly metrics: Metrics | null;
  readonly http: Http;
  /** What a status, or what the client threw, means. */
  readonly classify: (outcome: unknown) => Failure;
  readonly clock: Clock;
}

/** What `$service` and `$environment` stand for. */
export interface Scope {
  readonly service: string | null;
  readonly environment: string | null;
}

/** `facts` are the service's own over the global ones: `factsFor` in the domain. */
export interface MetricScope extends Scope {
  readonly recovery: RecoveryPolicy | null;
  readonly facts: Readonly<Record<string, FactQuery>>;
}

export interface Journey {
  readonly name: string;
  readonly steps: readonly JourneyStep[];
}

/** Which alerts are the incident's. */
export interface AlertScope extends Scope {
  readonly names: readonly string[];
  /** The label names that can hold the service, and the environment: `correlation.labels` of the policy. */
  readonly serviceLabels: readonly string[];
  readonly environmentLabels: readonly string[];
}

/** The bad candidate (`from`) and the version to go back to, where both serve. */
export interface VersionScope extends Scope {
  readonly recovery: RecoveryPolicy | null;
  readonly from: VersionRef;
  readonly to: VersionRef;
  readonly at: number;
  /** Without it (and without an objective) nothing says that the old version is bad, so the answer is never `no`. */
  readonly baseline?: Baseline | null;
}

/** A metric that nobody declared is not there. */
export type Measured = Readonly<Partial<Record<RecoveryMetric, MetricReading>>>;

/** Measures and decides nothing. No call throws, and each ends with its signal. */
export interface RecoveryProbe {
  /**
   * The 30 minutes that end 5 minutes before `before`, epoch ms. Null when no metric is declared, or there is no Prometheus.
   * Not `answered`: it is worth asking again; what did answer is in the baseline all the same.
   */
  freezeBaseline(
    scope: MetricScope & { readonly before: number },
    signal: AbortSignal,
  ): Promise<{ readonly baseline: Baseline | null; readonly answered: boolean }>;
  measure(scope: MetricScope & { readonly at: number }, signal: AbortSignal): Promise<Measured>;
  /** The metrics over a time; what was not answered is not there. */
  course(
    scope: MetricScope & { readonly from: number; readonly to: number },
    signal: AbortSignal,
  ): Promise<Readonly<Partial<Record<RecoveryMetric, Course>>>>;
  health(urls: readonly string[], signal: AbortSignal, scope?: Scope): Promise<readonly RecoveryCheck[]>;
  journeys(list: readonly Journey[], signal: AbortSignal, scope?: Scope): Promise<readonly RecoveryCheck[]>;
  alerts(scope: AlertScope, signal: AbortSignal): Promise<RecoveryCheck>;
  /** Do pods of the bad candidate fail where those of the other version do not? `no`: both are equally bad. */
  compareVersions(
    scope: VersionScope,
    signal: AbortSignal,
  ): Promise<{ readonly answer: 'yes' | 'no' | 'unknown'; readonly because: string }>;
}
