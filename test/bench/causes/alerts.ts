import type { AlertEntry, Scenario } from './scenario.ts';
import { alertsIn } from './scenario.ts';

/** One alert as Alertmanager knows it. Times are the scenario's seconds. */
export interface KnownAlert {
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  readonly service: string | null;
  readonly startsAt: number;
  /** Null while it fires. */
  readonly endsAt: number | null;
  /** When its expression became true; null when nobody says. */
  readonly activeAt: number | null;
}

/** From a metric that is back to an alert that has resolved: an evaluation and a group interval. */
const RESOLVES_AFTER = 30;

/** `count` services at once: the one that is named, and so many others that are its like. */
export const servicesOf = ({ service, count }: Pick<AlertEntry, 'service' | 'count'>): readonly (string | null)[] =>
  service === null
    ? Array.from({ length: count }, (_, at) => (count === 1 ? null : `service-${at + 1}`))
    : Array.from({ length: count }, (_, at) => (at === 0 ? service : `${service}-${at + 1}`));

/** The scenario with the services that only its counted alerts name: each depends on what the named one depends on. */
export function withCounted(scenario: Scenario): Scenario {
  const known = new Set(scenario.services.map(({ service }) => service));
  const counted = alertsIn(scenario).flatMap((entry) => {
    const like = scenario.services.find(({ service }) => service === entry.service);
    const names = entry.count > 1 ? servicesOf(entry) : [];
    return names.flatMap((service) => {
      if (service === null || known.has(service)) return [];
      known.add(service);
      const { dependsOn, customerFacing } = like ?? { dependsOn: [], customerFacing: null };
      return [{ service, dependsOn, customerFacing, hasRollbackPlan: false, steps: [] }];
    });
  });
  return { ...scenario, services: [...scenario.services, ...counted] };
}

/** What fires, by the timeline; and after a rollback, by the metrics. */
export class AlertBook {
  private readonly alerts = new Map<string, KnownAlert>();
  private readonly wellSince = new Map<string, number>();
  private readonly isQuiet: (service: string, at: number) => boolean | null;

  constructor(isQuiet: (service: string, at: number) => boolean | null) {
    this.isQuiet = isQuiet;
  }

  get known(): readonly KnownAlert[] {
    return [...this.alerts.values()];
  }

  /** What Alertmanager sends for an entry of the timeline: nothing where a rollback has cured the cause meanwhile. */
  tell(entry: AlertEntry): readonly KnownAlert[] {
    return servicesOf(entry).flatMap((service) => {
      const key = `${entry.alert}/${service ?? ''}/${entry.environment ?? ''}`;
      const before = this.alerts.get(key);
      const told = entry.kind === 'alert-firing' ? this.fires(entry, service, before) : resolved(before, entry.at);
      if (told === null) return [];
      this.alerts.set(key, told);
      return [told];
    });
  }

  /** Alerts whose state changed because a rollback changed what they look at. */
  follow(at: number): readonly KnownAlert[] {
    const changed: KnownAlert[] = [];
    for (const [key, alert] of this.alerts) {
      const cured = alert.service === null ? null : this.isQuiet(alert.service, at);
      if (cured !== true) this.wellSince.delete(key);
      else if (!this.wellSince.has(key)) this.wellSince.set(key, at);
      const since = this.wellSince.get(key);
      const next = follows(alert, cured, since, at);
      if (next === alert) continue;
      this.alerts.set(key, next);
      changed.push(next);
    }
    return changed;
  }

  private fires(entry: AlertEntry, service: string | null, before: KnownAlert | undefined): KnownAlert | null {
    if (service !== null && this.isQuiet(service, entry.at) === true) return null;
    const labels = {
      alertname: entry.alert,
      ...(service === null ? {} : { service }),
      // The format has no labels, so what an annotation says of the environment is meant as one.
      environment: entry.environment ?? entry.annotations['environment'] ?? 'production',
      ...(entry.severity === null ? {} : { severity: entry.severity }),
    };
    const { annotations, activeAt, at } = entry;
    if (before?.endsAt === null) return { ...before, annotations };
    return { labels: before?.labels ?? labels, annotations, service, startsAt: at, endsAt: null, activeAt };
  }
}

const resolved = (before: KnownAlert | undefined, at: number): KnownAlert | null =>
  before?.endsAt === null ? { ...before, endsAt: at } : null;

function follows(alert: KnownAlert, cured: boolean | null, since: number | undefined, at: number): KnownAlert {
  if (cured === null) return alert;
  if (cured && alert.endsAt === null && since !== undefined && at - since >= RESOLVES_AFTER)
    return { ...alert, endsAt: at };
  // It had been well and is bad again.
  if (!cured && alert.endsAt !== null) return { ...alert, startsAt: at, endsAt: null, activeAt: at };
  return alert;
}
