import type { MetricsEntry, MonitoringEntry, Points, RolledBack, Scenario } from './scenario.ts';
import { changeNamed, dependentsOf } from './scenario.ts';
import { noisy, valueAt } from './series.ts';

/** Null: no samples. */
export type Sample = number | null;

/** Well before anything: what a series is measured against. */
const USUAL_AT = -600;
/** A part of a change in value that no longer counts as one. */
const SMALL = 0.1;

/**
 * Every series of a scenario at any time. `undoneAt` says when the change was undone that `ifRolledBack` names, once it
 * was: from then on its series go on, and the services that depend on that one recover in the same measure.
 */
export class SimulatedMetrics {
  private readonly scenario: Scenario;
  private readonly undoneAt: (change: string) => { readonly at: number } | null;
  private readonly dependents = new Map<string, ReadonlySet<string>>();

  constructor(scenario: Scenario, undoneAt: (change: string) => { readonly at: number } | null) {
    this.scenario = scenario;
    this.undoneAt = undoneAt;
  }

  /** The names of the series that a service has, of itself or narrowed to `narrowedBy`. */
  names(service: string, narrowedBy: string | null = null): readonly string[] {
    const entries = this.entriesOf(service).filter((each) => narrowedBy === null || narrowedBy in each.narrowedTo);
    return [...new Set(entries.flatMap((entry) => Object.keys(entry.series)))];
  }

  /** What a query at `now` for the time `at` gives, with noise; `down`: there is no answer at all. */
  query(
    service: string,
    name: string,
    narrowedTo: Readonly<Record<string, string>>,
    at: number,
    now: number,
  ): Sample | 'down' {
    if (this.monitoring(service, now).state === 'down') return 'down';
    const then = this.monitoring(service, Math.min(at, now));
    if (then.state === 'down') return null;
    const seenAt = then.state === 'stale' ? then.at : Math.min(at, now);
    const value = this.value(service, name, narrowedTo, seenAt);
    if (value === null) return null;
    const seed = `${this.scenario.id}/${service}/${name}/${JSON.stringify(narrowedTo)}`;
    return Math.min(ceiling(name, value), noisy(value, seed, seenAt));
  }

  /** Without noise, and whether or not anybody can see it. */
  value(service: string, name: string, narrowedTo: Readonly<Record<string, string>>, at: number): Sample {
    const unmoved = this.asIfNobodyActed(service, name, narrowedTo, at);
    const cure = this.cureOf(service, at);
    if (cure === null) return unmoved;
    const { rolledBack, since, isItself } = cure;
    if (!isItself) return toward(unmoved, this.usual(service, name, narrowedTo), this.recovered(rolledBack, since, at));
    // Pods of the version that was left are gone; the other versions serve everything.
    const left = changeNamed(this.scenario, rolledBack.target)?.to;
    if (narrowedTo['revision'] !== undefined && narrowedTo['revision'] === left) return null;
    const points = rolledBack.series[name];
    return points === undefined ? unmoved : valueAt(points, at - since);
  }

  /**
   * Whether the alerts of a service have nothing to fire for after a rollback: what they look at is back, or gone. Null
   * where no rollback that `ifRolledBack` tells of has come to its end for it.
   */
  isQuiet(service: string, at: number): boolean | null {
    const cure = this.cureOf(service, at);
    if (cure === null) return null;
    const watched = this.watched(service, cure.since);
    if (watched.length === 0) return this.recovered(cure.rolledBack, cure.since, at) >= 1 - SMALL;
    return watched.every((name) => this.isBack(service, name, at, cure.since));
  }

  /** When the last series that a rollback changes has come to its end; null while none was. */
  curedUntil(): number | null {
    const ends = this.scenario.ifRolledBack.flatMap((each) => {
      const undone = this.undoneAt(each.target);
      const last = Object.values(each.series).map((points) => points.at(-1)?.[0] ?? 0);
      return undone === null ? [] : [undone.at + Math.max(0, ...last)];
    });
    return ends.length === 0 ? null : Math.max(...ends);
  }

  private monitoring(service: string, at: number): Pick<MonitoringEntry, 'state' | 'at'> {
    const said = this.scenario.timeline.findLast(
      (entry) => entry.kind === 'monitoring' && entry.at <= at && (entry.services?.includes(service) ?? true),
    );
    return said?.kind === 'monitoring' ? said : { state: 'up', at: -Infinity };
  }

  private entriesOf(service: string): readonly MetricsEntry[] {
    return this.scenario.metrics.filter((entry) => entry.service === service);
  }

  private asIfNobodyActed(
    service: string,
    name: string,
    narrowedTo: Readonly<Record<string, string>>,
    at: number,
  ): Sample {
    const entries = this.entriesOf(service);
    const exact = entries.find((entry) => isSame(entry.narrowedTo, narrowedTo) && Object.hasOwn(entry.series, name));
    if (exact !== undefined) return valueAt(exact.series[name] as Points, at);
    if (Object.keys(narrowedTo).length > 0) return null;
    return aggregate(name, entries, at);
  }

  private usual(service: string, name: string, narrowedTo: Readonly<Record<string, string>>): Sample {
    return this.asIfNobodyActed(service, name, narrowedTo, USUAL_AT);
  }

  /** Which rollback's series hold for a service now. */
  private cureOf(service: string, at: number): Cure | null {
    const cures = this.scenario.ifRolledBack.flatMap((rolledBack): Cure[] => {
      const undone = this.undoneAt(rolledBack.target);
      const of = changeNamed(this.scenario, rolledBack.target)?.service;
      if (undone === null || undone.at > at || of === undefined) return [];
      const isItself = of === service;
      return isItself || this.dependsOn(service, of) ? [{ rolledBack, since: undone.at, isItself }] : [];
    });
    return cures.toSorted((a, b) => b.since - a.since)[0] ?? null;
  }

  private dependsOn(service: string, on: string): boolean {
    const known = this.dependents.get(on) ?? dependentsOf(this.scenario.services, on);
    this.dependents.set(on, known);
    return known.has(service);
  }

  /** From 0 (as bad as when the rollback ended) to 1 (as usual), by the metric that is furthest from it. */
  private recovered(rolledBack: RolledBack, since: number, at: number): number {
    const service = changeNamed(this.scenario, rolledBack.target)?.service ?? '';
    const shares = Object.entries(rolledBack.series).flatMap(([name, points]) => {
      const bad = this.asIfNobodyActed(service, name, {}, since) ?? valueAt(points, 0);
      const now = valueAt(points, at - since);
      const usual = this.usual(service, name, {}) ?? 0;
      if (now === null) return [0];
      if (bad === null || Math.abs(bad - usual) <= SMALL * Math.max(Math.abs(bad), Math.abs(usual))) return [];
      return [Math.min(1, Math.max(0, (bad - now) / (bad - usual)))];
    });
    return shares.length === 0 ? 0 : Math.min(...shares);
  }

  /** What the alerts of a service are likely to look at: whatever of errors, latency and traffic went bad, in this order. */
  private watched(service: string, until: number): readonly string[] {
    const bad = (name: string): boolean => {
      const usual = this.usual(service, name, {});
      const worst = this.asIfNobodyActed(service, name, {}, until);
      return usual !== null && worst !== null && Math.abs(worst - usual) > SMALL * Math.max(worst, usual);
    };
    const failing = ['errorRatio', 'latencyP95Seconds'].filter(bad);
    if (failing.length > 0) return failing;
    return ['requestsPerSecond', 'usersAffectedPercent'].filter(bad).slice(0, 1);
  }

  private isBack(service: string, name: string, at: number, since: number): boolean {
    const now = this.value(service, name, {}, at);
    const usual = this.usual(service, name, {});
    const bad = this.asIfNobodyActed(service, name, {}, since);
    // An expression over no samples gives nothing, and so its alert resolves, as it does in Prometheus.
    if (now === null) return true;
    if (usual === null || bad === null) return false;
    return (bad - now) / (bad - usual) >= 1 - SMALL;
  }
}

interface Cure {
  readonly rolledBack: RolledBack;
  readonly since: number;
  /** False for a service that depends on the one that was rolled back. */
  readonly isItself: boolean;
}

const isSame = (a: Readonly<Record<string, string>>, b: Readonly<Record<string, string>>): boolean =>
  Object.keys(a).length === Object.keys(b).length && Object.entries(a).every(([key, value]) => b[key] === value);

function toward(from: Sample, usual: Sample, share: number): Sample {
  return from === null || usual === null ? from : from + share * (usual - from);
}

/** Shares end at the whole: noise must not lead over it. */
const ceiling = (name: string, value: number): number => {
  if (name === 'usersAffectedPercent' || name.endsWith('Percent')) return Math.max(100, value);
  return name.endsWith('Ratio') && value <= 1 ? 1 : Infinity;
};

/** The whole of a service of which only parts are told: the parts that are cut alike, weighed by their traffic. */
function aggregate(name: string, entries: readonly MetricsEntry[], at: number): Sample {
  const having = entries.filter((entry) => Object.hasOwn(entry.series, name));
  const cut = Object.keys(having[0]?.narrowedTo ?? {}).join();
  const parts = having
    .filter((entry) => Object.keys(entry.narrowedTo).join() === cut)
    .map((entry) => ({
      value: valueAt(entry.series[name] as Points, at),
      weight:
        entry.series['requestsPerSecond'] === undefined ? 1 : (valueAt(entry.series['requestsPerSecond'], at) ?? 0),
    }))
    .filter((part): part is { value: number; weight: number } => part.value !== null);
  if (parts.length === 0) return null;
  if (name.endsWith('PerSecond')) return parts.reduce((sum, { value }) => sum + value, 0);
  const whole = parts.reduce((sum, { weight }) => sum + weight, 0);
  if (whole === 0) return Math.max(...parts.map(({ value }) => value));
  if (name.startsWith('latencyP95')) return slowest(parts, whole * 0.05);
  return parts.reduce((sum, { value, weight }) => sum + value * weight, 0) / whole;
}

/** The latency that all but this much of the traffic stays below. */
function slowest(parts: readonly { readonly value: number; readonly weight: number }[], above: number): number {
  let slow = 0;
  for (const { value, weight } of parts.toSorted((a, b) => b.value - a.value)) {
    slow += weight;
    if (slow >= above) return value;
  }
  return parts[0]?.value ?? 0;
}
