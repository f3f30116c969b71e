import { randomUUID } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import type { AdvanceDeps } from '../../src/app/advance.ts';
import { advanceKey } from '../../src/app/advance.ts';
import type { Commander } from '../../src/app/commander.ts';
import { createCommander } from '../../src/app/commander.ts';
import { gatherFacts } from '../../src/app/facts.ts';
import { followUp } from '../../src/app/follow-up.ts';
import { fireDueTimers } from '../../src/app/timers.ts';
import type { IncidentEvent } from '../../src/domain/incident/events.ts';
import type { IncidentState } from '../../src/domain/incident/state.ts';
import type { Policy } from '../../src/domain/policy.ts';
import type { DeliveryResult } from '../../src/ingest/ports.ts';
import { readAlertmanager } from '../../src/ingest/read-delivery.ts';
import { createSurroundings } from '../../src/app/rollbacks.ts';
import { classifyHttp } from '../../src/clients/http.ts';
import type { Prometheus } from '../../src/clients/prometheus.ts';
import type { InvestigationDeps } from '../../src/rollback/investigate.ts';
import { createLookout } from '../../src/rollback/lookout.ts';
import type { ProviderRegistry } from '../../src/rollback/ports.ts';
import { createRecoveryProbe } from '../../src/rollback/validation/probe.ts';
import type { ClaimedKey } from '../../src/store/keys.ts';
import { claimDirtyKey, nextDirtyAt } from '../../src/store/keys.ts';
import { listIncidents } from '../../src/store/lists.ts';
import type { Store } from '../../src/store/store.ts';
import { openStore } from '../../src/store/store.ts';
import { readTimeline } from '../../src/store/timeline.ts';
import { compileRules } from '../../src/triage/compile.ts';
import { readRuleFiles } from '../../src/triage/files.ts';
import { policyWith } from '../unit/support/incident.ts';
import { testDatabase } from './database.ts';

/** Later than any run of the tests: the store stamps some rows with the server's own clock, and those must be past. */
export const CORE_START = Date.UTC(2035, 0, 1);
const LEASE_MS = 10_000;

/** The pipeline's core on a real store: no HTTP, no network, no loops, and time stands still unless it is moved. */
export interface Core {
  readonly store: Store;
  readonly commander: Commander;
  readonly advance: AdvanceDeps;
  readonly investigation: InvestigationDeps;
  readonly clock: { at: number; now(): number };
  policy: Policy;
  /** Since when Prometheus says that the alerts' expressions are true; null: it cannot be asked. */
  activeAt: string | null;
  /** One delivery of Alertmanager with these raw alerts. */
  deliver(...alerts: readonly object[]): Promise<DeliveryResult>;
  claim(): Promise<ClaimedKey | null>;
  /** Advances every key that is due now, once. */
  look(): Promise<void>;
  /** Advances until nothing is dirty, and moves the clock as far as that takes. */
  settle(): Promise<void>;
  /** Fires every timer that is due now. */
  fire(): Promise<void>;
  /** Does what is looked up behind an incident's back, as far as it is due now. */
  follow(): Promise<void>;
  incidents(): Promise<readonly IncidentState[]>;
  timeline(id: string): Promise<readonly IncidentEvent[]>;
  close(): Promise<void>;
}

async function shippedRules() {
  const directory = fileURLToPath(new URL('../../rules', import.meta.url));
  const compiled = compileRules((await readRuleFiles(directory)).rules, []);
  if (!compiled.ok) throw new Error(compiled.problems.map((problem) => problem.message).join('\n'));
  return compiled.ruleSet;
}

/** Nothing is visited from here. */
const nowhere = { request: () => Promise.reject(new Error('no network in this test')) };

export interface CoreOptions {
  readonly policy?: Policy;
  readonly exclusive?: boolean;
  /** Measures facts and recoveries, and is asked about alerts. None unless given: then nothing is measured. */
  readonly prometheus?: Prometheus;
  /** Whose targets are looked at for the facts. */
  readonly providers?: ProviderRegistry;
}

export async function startCore(options: CoreOptions = {}): Promise<Core> {
  const database = await testDatabase();
  const store = await openStore(database.connection, {
    lateFiringMs: 300_000,
    refreshMs: 60_000,
    exclusive: options.exclusive ?? false,
    log: { warn: () => undefined, error: () => undefined },
  });
  const clock = {
    at: CORE_START,
    now(): number {
      return this.at;
    },
  };
  const rules = await shippedRules();
  const policy = () => Promise.resolve(core.policy);
  const commander = createCommander(store, clock, policy, { quiet: {}, hasWebhooks: false });
  const surroundings = createSurroundings(store);
  const metrics = options.prometheus ?? null;
  const probe = createRecoveryProbe({ metrics, http: nowhere, classify: classifyHttp, clock });
  const lookout = createLookout(options.providers ?? {}, clock);
  const investigation = { surroundings, lookout, probe, clock };
  const advance: AdvanceDeps = {
    store,
    clock,
    commander,
    policy,
    rules: () => rules,
    facts: (subject, effective) => gatherFacts({ store, clock, metrics, investigation }, subject, effective),
    activeAt: () => Promise.resolve(core.activeAt),
  };
  const followUps = new Set<string>();
  store.onCommitted((jobs) => {
    for (const job of jobs) if (job.name === 'follow-up') followUps.add(job.data.incidentId);
  });
  const claim = (): Promise<ClaimedKey | null> => claimDirtyKey(store.db, clock.now(), LEASE_MS);
  const core: Core = {
    store,
    commander,
    advance,
    investigation,
    clock,
    policy: options.policy ?? policyWith(),
    activeAt: null,
    async deliver(...alerts) {
      const read = readAlertmanager({ alerts }, { correlation: core.policy.correlation, receivedAt: clock.now() });
      if (read.kind === 'unreadable') throw new Error(read.problem.message);
      const delivery = { id: randomUUID(), source: 'alertmanager', receivedAt: clock.now(), ...read };
      const [result] = await store.commitDeliveries([delivery]);
      return result!;
    },
    claim,
    async look() {
      for (let key = await claim(); key !== null; key = await claim()) await advanceKey(advance, key);
    },
    async settle() {
      for (let at = await nextDirtyAt(store.db); at !== null; at = await nextDirtyAt(store.db)) {
        clock.at = Math.max(clock.at, at);
        await core.look();
      }
    },
    async fire() {
      while ((await fireDueTimers({ store, clock, commander, policy })) === 'again');
    },
    async follow() {
      for (const id of followUps) {
        followUps.delete(id);
        const look = { probe, providers: options.providers ?? {} };
        await followUp({ store, clock, commander, policy, look }, id);
      }
    },
    incidents: () =>
      listIncidents(store.db, { status: [], severity: [], service: null, since: null, cursor: null, limit: 10_000 }),
    timeline: (id) => readTimeline(store.db, id),
    async close() {
      await store.close();
      await database.drop();
    },
  };
  return core;
}

/** One alert as Alertmanager sends it; `labels` are added to `alertname`, `service` and `env`. */
export function raw(
  name: string,
  changes: {
    readonly service?: string | null;
    readonly labels?: Readonly<Record<string, string>>;
    readonly annotations?: Readonly<Record<string, string>>;
    readonly startsAt?: number;
    /** Given: it has resolved. */
    readonly endsAt?: number;
  } = {},
): object {
  const service = changes.service === undefined ? 'checkout' : changes.service;
  return {
    status: changes.endsAt === undefined ? 'firing' : 'resolved',
    labels: {
      alertname: name,
      ...(service === null ? {} : { service }),
      env: 'production',
      severity: 'warning',
      ...changes.labels,
    },
    annotations: changes.annotations ?? {},
    startsAt: new Date(changes.startsAt ?? CORE_START - 60_000).toISOString(),
    endsAt: changes.endsAt === undefined ? '0001-01-01T00:00:00Z' : new Date(changes.endsAt).toISOString(),
    generatorURL: 'http://prometheus:9090/graph',
  };
}
