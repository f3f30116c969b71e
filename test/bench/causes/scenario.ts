/** One labelled incident as its file says it. Times are seconds, relative to the onset. */
export interface Scenario {
  readonly id: string;
  readonly title: string;
  readonly services: readonly ServiceEntry[];
  /** Sorted by time. */
  readonly timeline: readonly TimelineEntry[];
  readonly metrics: readonly MetricsEntry[];
  readonly ifRolledBack: readonly RolledBack[];
  readonly expected: Expected;
}

export interface ServiceEntry {
  readonly service: string;
  readonly dependsOn: readonly string[];
  readonly customerFacing: boolean | null;
  readonly hasRollbackPlan: boolean;
  readonly steps: readonly string[];
}

export const CHANGE_TYPES = ['deployment', 'config', 'flag', 'migration'] as const;
export type ChangeType = (typeof CHANGE_TYPES)[number];

export interface ChangeEntry {
  readonly kind: 'change';
  readonly at: number;
  readonly id: string;
  readonly type: ChangeType;
  readonly service: string;
  readonly from: string | null;
  readonly to: string | null;
  readonly state: 'running' | 'completed';
  /** When it began by the sender's clock. */
  readonly claimedAt: number | null;
  readonly byFirebreak: boolean;
}

export interface AlertEntry {
  readonly kind: 'alert-firing' | 'alert-resolved';
  readonly at: number;
  readonly alert: string;
  readonly service: string | null;
  readonly severity: string | null;
  readonly environment: string | null;
  readonly annotations: Readonly<Record<string, string>>;
  readonly activeAt: number | null;
  readonly count: number;
}

export const POD_STATES = ['running', 'crash-looping', 'oom-killed', 'pending', 'terminating'] as const;
export type PodState = (typeof POD_STATES)[number];
export const OWNERS = ['none', 'argocd', 'flux', 'helm', 'flagger', 'rollouts'] as const;
export type Owner = (typeof OWNERS)[number];

export interface RevisionEntry {
  readonly revision: string;
  readonly desired: number;
  readonly ready: number;
  readonly state: PodState;
}

/** Null where the file does not say. */
export interface Workload {
  readonly revisions: readonly RevisionEntry[];
  readonly paused: boolean | null;
  readonly owner: Owner | null;
  readonly autoSync: boolean | null;
  readonly gone: boolean | null;
  readonly dataCompatible: boolean | null;
}

export interface ClusterEntry {
  readonly kind: 'cluster';
  readonly at: number;
  readonly services: readonly string[];
  readonly workload: Workload;
}

export const HUMAN_ACTIONS = ['acknowledge', 'hold', 'approve', 'abort', 'undo-by-hand', 'note'] as const;

export interface HumanEntry {
  readonly kind: 'human';
  readonly at: number;
  readonly action: (typeof HUMAN_ACTIONS)[number];
  /** Null: whoever it concerns, so every incident that is judged. */
  readonly service: string | null;
  readonly seconds: number | null;
  readonly what: string | null;
  readonly note: string;
}

export const MONITORING_STATES = ['down', 'stale', 'up'] as const;

export interface MonitoringEntry {
  readonly kind: 'monitoring';
  readonly at: number;
  readonly state: (typeof MONITORING_STATES)[number];
  /** Null: all of them. */
  readonly services: readonly string[] | null;
}

export type TimelineEntry = ChangeEntry | AlertEntry | ClusterEntry | HumanEntry | MonitoringEntry;

/** Value at a time; null: no samples from here to the next point. Sorted by time, never empty. */
export type Points = readonly (readonly [number, number | null])[];
export type SeriesByName = Readonly<Record<string, Points>>;

export interface MetricsEntry {
  readonly service: string;
  /** `revision`, `endpoint`, `cell`, …; empty: of the whole service. */
  readonly narrowedTo: Readonly<Record<string, string>>;
  readonly series: SeriesByName;
}

export interface RolledBack {
  /** The id of the change that is undone. */
  readonly target: string;
  /** Times are relative to the end of that rollback. */
  readonly series: SeriesByName;
}

export const ACTIONS = ['roll-back', 'hold', 'evaluate', 'fix-forward', 'no-automatic-action'] as const;
export type Action = (typeof ACTIONS)[number];
export const SEVERITY_NAMES = ['P0', 'P1', 'P2', 'P3'] as const;
export type SeverityName = (typeof SEVERITY_NAMES)[number];
export const VERDICT_NAMES = ['recovered', 'not-recovered', 'unknown', 'recovered-without-us', 'none'] as const;
export type VerdictName = (typeof VERDICT_NAMES)[number];

export interface ExpectedDecision {
  readonly action: Action;
  /** Change ids; empty: whatever it undoes. */
  readonly targets: readonly string[];
  readonly byAt: number | null;
}

export interface MustNot {
  readonly action: string;
  readonly what: string | null;
  /** It counts only before this time, after this time. */
  readonly before: number | null;
  readonly after: number | null;
}

export interface Expected {
  readonly severities: readonly SeverityName[];
  readonly decision: ExpectedDecision;
  readonly alsoAcceptable: readonly ExpectedDecision[];
  readonly mustNot: readonly MustNot[];
  /** Null: not judged. */
  readonly verdict: VerdictName | null;
  readonly why: string;
}

export const changesIn = (scenario: Scenario): readonly ChangeEntry[] =>
  scenario.timeline.filter((entry) => entry.kind === 'change');

export const alertsIn = (scenario: Scenario): readonly AlertEntry[] =>
  scenario.timeline.filter(
    (entry): entry is AlertEntry => entry.kind === 'alert-firing' || entry.kind === 'alert-resolved',
  );

/** The service and version that a change id names: by the timeline, else read as `<service>-<version>`. */
export function changeNamed(scenario: Scenario, id: string): { readonly service: string; readonly to: string } | null {
  const known = changesIn(scenario).find((change) => change.id === id);
  if (known !== undefined) return { service: known.service, to: known.to ?? id };
  const owner = scenario.services
    .filter(({ service }) => id.startsWith(`${service}-`))
    .toSorted((a, b) => b.service.length - a.service.length)[0];
  return owner === undefined ? null : { service: owner.service, to: id.slice(owner.service.length + 1) };
}

/** The services that depend on one, directly or over others. */
export function dependentsOf(services: readonly ServiceEntry[], name: string): ReadonlySet<string> {
  const found = new Set<string>();
  const grow = (of: string): void => {
    for (const { service, dependsOn } of services) {
      if (!dependsOn.includes(of) || found.has(service) || service === name) continue;
      found.add(service);
      grow(service);
    }
  };
  grow(name);
  return found;
}
