import type { Alert } from '../domain/alert.ts';
import { alertName } from '../domain/alert.ts';
import type { Clock, Instant } from '../domain/time.ts';
import { classifyHttp, createHttp } from '../clients/http.ts';
import type { Prometheus, SnapshotSource } from '../clients/prometheus.ts';
import { createPrometheus } from '../clients/prometheus.ts';
import type { InvestigationDeps } from '../rollback/investigate.ts';
import { createLookout } from '../rollback/lookout.ts';
import type { ProviderRegistry } from '../rollback/ports.ts';
import type { RecoveryProbe } from '../rollback/validation/ports.ts';
import { createRecoveryProbe } from '../rollback/validation/probe.ts';
import type { Settings } from '../settings/types.ts';
import type { Store } from '../store/store.ts';
import { createProviders } from './providers.ts';
import { createSurroundings } from './rollbacks.ts';

interface OutsideParts {
  readonly settings: Settings;
  readonly store: Store;
  readonly clock: Clock;
}

/** One health endpoint, or one step of a journey. */
const PROBE_TIMEOUT_MS = 5_000;

/** What the stages share of the outside: Prometheus, the targets of rollbacks, and what can be found out by both. */
export interface Outside {
  readonly prometheus: (Prometheus & SnapshotSource) | null;
  readonly providers: ProviderRegistry;
  readonly probe: RecoveryProbe;
  readonly investigation: InvestigationDeps;
}

/** Built once; nothing is asked before somebody needs it. */
export function createOutside({ settings, store, clock }: OutsideParts): Outside {
  const prometheus = createMetricsSource(settings);
  const providers = createProviders(settings, clock);
  const http = createHttp({ timeoutMs: PROBE_TIMEOUT_MS, userAgent: 'firebreak' });
  const probe = createRecoveryProbe({ metrics: prometheus, http, classify: classifyHttp, clock });
  const surroundings = createSurroundings(store);
  const investigation = { surroundings, lookout: createLookout(providers, clock), probe, clock };
  return { prometheus, providers, probe, investigation };
}

/** Null: none is configured. */
export function createMetricsSource({ prometheus: own }: Settings): (Prometheus & SnapshotSource) | null {
  if (own === null) return null;
  const headers = (): Record<string, string> =>
    Object.fromEntries(Object.entries(own.headers).map(([name, secret]) => [name, secret.reveal()]));
  return createPrometheus({ url: own.url, headers, timeoutMs: own.timeoutSeconds * 1000 });
}

const ACTIVE_AT_TIMEOUT_MS = 1_500;

/** Only what Prometheus itself fired has an activeAt there. */
export function activeAt(prometheus: Prometheus, alert: Alert): Promise<Instant | null> {
  if (alert.source !== 'alertmanager' || alert.status !== 'firing') return Promise.resolve(null);
  const match = { alertname: alertName(alert), labels: alert.labels };
  return prometheus.activeAt(match, AbortSignal.timeout(ACTIVE_AT_TIMEOUT_MS));
}
