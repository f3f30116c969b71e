import { randomUUID } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import { advanceKey } from '../../../src/app/advance.ts';
import type { AdvanceDeps } from '../../../src/app/advance.ts';
import { changeStore } from '../../../src/app/changes.ts';
import { rehearse } from '../../../src/app/among-others.ts';
import type { Commander } from '../../../src/app/commander.ts';
import { createCommander } from '../../../src/app/commander.ts';
import { gatherFacts } from '../../../src/app/facts.ts';
import { createCoordinator, createSurroundings } from '../../../src/app/rollbacks.ts';
import { fireDueTimers } from '../../../src/app/timers.ts';
import { classifyHttp } from '../../../src/clients/http.ts';
import type { Prometheus } from '../../../src/clients/prometheus.ts';
import { alertName } from '../../../src/domain/alert.ts';
import type { Failure } from '../../../src/domain/failure.ts';
import type { Command, Opening } from '../../../src/domain/incident/commands.ts';
import { CommandRefused } from '../../../src/domain/incident/commands.ts';
import { describeEvent } from '../../../src/domain/incident/describe.ts';
import type { IncidentEvent } from '../../../src/domain/incident/events.ts';
import type { IncidentState } from '../../../src/domain/incident/state.ts';
import type { PinnedTarget, ProviderName, StepConfig, VersionRef } from '../../../src/domain/plan.ts';
import { PROVIDERS } from '../../../src/domain/plan.ts';
import type { Policy } from '../../../src/domain/policy.ts';
import type { Instant } from '../../../src/domain/time.ts';
import { iso, ms } from '../../../src/domain/time.ts';
import { readChange } from '../../../src/ingest/changes.ts';
import { readAlertmanager } from '../../../src/ingest/read-delivery.ts';
import { driveRollback } from '../../../src/rollback/coordinator.ts';
import { createLookout } from '../../../src/rollback/lookout.ts';
import type {
  ProviderRegistry,
  Refusal,
  RollbackProvider,
  Serving,
  VersionHealth,
} from '../../../src/rollback/ports.ts';
import { createRecoveryProbe } from '../../../src/rollback/validation/probe.ts';
import { loadSettings } from '../../../src/settings/load.ts';
import type { ConnectionSettings, Database } from '../../../src/store/database.ts';
import { sql } from '../../../src/store/database.ts';
import { claimDirtyKey, nextDirtyAt } from '../../../src/store/keys.ts';
import { listIncidents } from '../../../src/store/lists.ts';
import { recordRollbackStart } from '../../../src/store/rollbacks.ts';
import type { Store } from '../../../src/store/store.ts';
import { openStore } from '../../../src/store/store.ts';
import { readTimeline } from '../../../src/store/timeline.ts';
import { nextTimerAt } from '../../../src/store/timers.ts';
import { declaredFactNames, isMeasurable } from '../../../src/triage/catalogue.ts';
import { compileRules } from '../../../src/triage/compile.ts';
import { readRuleFiles } from '../../../src/triage/files.ts';
import type { RuleFile } from '../../../src/triage/rule-file.ts';
import type { KnownAlert } from './alerts.ts';
import type { RefusalName, SimulatedClusters, StepTarget } from './cluster.ts';
import { identityOf } from './cluster.ts';
import type { SimulatedMetrics } from './metrics.ts';
import type { Happening, IncidentRecord } from './record.ts';
import type { ChangeEntry, HumanEntry, Scenario } from './scenario.ts';
import type { Revision } from './workload.ts';

// Everything that the bench knows of the program stands in this file: the pipeline's parts on a real store, with the
// clock, the metrics and the clusters of a scenario in the place of the real ones.

/** Later than any run: the store stamps some rows with the server's own clock, and those must be past. */
const ONSET = Date.UTC(2035, 0, 3, 12);
const ENVIRONMENT = 'production';
const LEASE_MS = 10_000;
/** So often at one moment, and something turns in a circle. */
const MOST_ROUNDS = 200;

const toMs = (seconds: number): number => ONSET + Math.round(seconds * 1000);
const toSeconds = (at: number | Instant): number => ((typeof at === 'number' ? at : ms(at)) - ONSET) / 1000;
const instant = (seconds: number): Instant => iso(toMs(seconds));

/** The world that the program is put into. */
export interface Surroundings {
  readonly scenario: Scenario;
  readonly metrics: SimulatedMetrics;
  readonly clusters: SimulatedClusters;
  readonly alerts: () => readonly KnownAlert[];
}

/** The program in one scenario. Times are the scenario's seconds. */
export interface Firebreak {
  now(): number;
  moveTo(at: number): void;
  deliver(alerts: readonly KnownAlert[]): Promise<void>;
  tellChange(change: ChangeEntry, endedAt: number | null): Promise<void>;
  /** What a person does to an incident; says what came of it. */
  act(incidentId: string, entry: HumanEntry): Promise<string>;
  /** Does everything that is due. */
  work(): Promise<void>;
  /** When something is due next; null when nothing is. */
  nextDue(): Promise<number | null>;
  /** Where every incident stands, the first that was opened first. */
  standing(): Promise<readonly Standing[]>;
  records(): Promise<readonly IncidentRecord[]>;
}

export interface Standing {
  readonly id: string;
  readonly service: string | null;
  readonly isOver: boolean;
  /** Something is under way that will come to an end by itself. */
  readonly inMotion: boolean;
  /** Changes with whatever is decided or done. */
  readonly sign: string;
}

/** A store that scenario after scenario is run on. */
export interface Site {
  run<T>(surroundings: Surroundings, work: (firebreak: Firebreak) => Promise<T>): Promise<T>;
  close(): Promise<void>;
}

export async function openSite(connection: ConnectionSettings): Promise<Site> {
  withoutRealTime();
  const store = await openStore(connection, {
    lateFiringMs: 300_000,
    refreshMs: 60_000,
    exclusive: true,
    log: { warn: () => undefined, error: () => undefined },
  });
  const rollbacksDue: string[] = [];
  const ground: Ground = { store, ruleFiles: await shippedRules(), rollbacksDue };
  store.onCommitted((jobs) => {
    for (const job of jobs) if (job.name === 'rollback') rollbacksDue.push(job.data.incidentId);
  });
  return {
    run: async (surroundings, work) => {
      await empty(store.db);
      rollbacksDue.length = 0;
      return work(start(ground, surroundings));
    },
    close: () => store.close(),
  };
}

/**
 * Whoever is asked here answers at once. A budget in real time would only tell how busy this machine is, and the same
 * scenario would end one way or another with it. For a process of its own only.
 */
function withoutRealTime(): void {
  AbortSignal.timeout = () => new AbortController().signal;
}

/** What the scenarios of a run share. */
interface Ground {
  readonly store: Store;
  readonly ruleFiles: readonly RuleFile[];
  /** Incidents whose rollback wants to be driven, as commits bring them. */
  readonly rollbacksDue: string[];
}

async function empty(db: Database): Promise<void> {
  const { rows } = await sql<{ name: string }>`
    select quote_ident(tablename) as name from pg_tables where schemaname = 'public'`.execute(db);
  const names = rows.map(({ name }) => name).filter((name) => !/migration/.test(name));
  await sql.raw(`truncate ${names.join(', ')}`).execute(db);
}

function start({ store, ruleFiles, rollbacksDue }: Ground, surroundings: Surroundings): Firebreak {
  const clock = {
    at: toMs(Math.min(0, surroundings.scenario.timeline[0]?.at ?? 0)),
    now(): number {
      return this.at;
    },
  };
  const fixed = policyFor(surroundings);
  const policy = () => Promise.resolve(fixed);
  const rules = rulesFor(ruleFiles, fixed);
  const commander = createCommander(store, clock, policy, { quiet: {}, hasWebhooks: false });
  const providers = providersOn(surroundings.clusters, () => toSeconds(clock.at));
  const prometheus = prometheusOn(surroundings, () => toSeconds(clock.at));
  const probe = createRecoveryProbe({ metrics: prometheus, http: nowhere, classify: classifyHttp, clock });
  const investigation = {
    surroundings: createSurroundings(store),
    lookout: createLookout(providers, clock),
    probe,
    clock,
  };
  const advance: AdvanceDeps = {
    store,
    clock,
    commander,
    policy,
    rules: () => rules,
    facts: (subject, effective) =>
      gatherFacts({ store, clock, metrics: prometheus, investigation }, subject, effective),
    activeAt: (alert) => prometheus.activeAt({ alertname: alertName(alert), labels: alert.labels }, NO_SIGNAL),
  };
  const log = { info: () => undefined, warn: () => undefined };
  const parts = { commander, advance, providers, probe, investigation };
  const rollback = createCoordinator({ store, clock, log }, parts, policy);
  const lookAround = async (): Promise<void> => {
    const claim = () => claimDirtyKey(store.db, clock.at, LEASE_MS);
    for (let key = await claim(); key !== null; key = await claim()) await advanceKey(advance, key);
  };
  const dueAt = async () => {
    const [alerts, timers] = await Promise.all([nextDirtyAt(store.db), nextTimerAt(store.db)]);
    return { alerts: alerts ?? Infinity, timers: timers ?? Infinity };
  };
  return {
    now: () => toSeconds(clock.at),
    moveTo: (at) => {
      clock.at = Math.max(clock.at, toMs(at));
    },
    deliver: async (alerts) => {
      const body = { version: '4', status: 'firing', alerts: alerts.map(rawAlert) };
      const read = readAlertmanager(body, { correlation: fixed.correlation, receivedAt: clock.at });
      if (read.kind === 'unreadable') throw new Error(read.problem.message);
      if (read.rejected.length > 0) throw new Error(`an alert was rejected: ${JSON.stringify(read.rejected[0])}`);
      await store.commitDeliveries([{ id: randomUUID(), source: 'alertmanager', receivedAt: clock.at, ...read }]);
    },
    tellChange: async (change, endedAt) => {
      const compatible = change.type === 'migration' ? saidCompatible(surroundings.scenario, change.service) : null;
      const read = readChange(rawChange(change, endedAt, compatible));
      if (read.kind === 'unreadable') throw new Error(`change ${change.id}: ${read.problem.message}`);
      await changeStore(store, commander, policy).saveChange(read.change, clock.at);
      if (change.byFirebreak) await recordEarlierRollback(store, fixed, change, clock.at);
    },
    act: (incidentId, entry) => act(commander, incidentId, entry),
    work: async () => {
      for (let round = 0; round < MOST_ROUNDS; round += 1) {
        const due = await dueAt();
        if (due.alerts > clock.at && due.timers > clock.at && rollbacksDue.length === 0) return;
        if (due.alerts <= clock.at) await lookAround();
        if (due.timers <= clock.at) while ((await fireDueTimers({ store, clock, commander, policy })) === 'again');
        for (const incidentId of new Set(rollbacksDue.splice(0))) await driveRollback(rollback, incidentId);
      }
      throw new Error(`after ${MOST_ROUNDS} rounds at ${toSeconds(clock.at)} s something is still due`);
    },
    nextDue: async () => {
      const due = await dueAt();
      const at = Math.min(due.alerts, due.timers);
      return at === Infinity ? null : toSeconds(at);
    },
    standing: () => standing(store.db),
    records: async () => {
      const states = await incidents(store);
      return Promise.all(
        states.map(async (state) => recordOf(state, await readTimeline(store.db, state.id), planned(fixed, state))),
      );
    },
  };
}

/** No service of a scenario declares anything to visit. */
const nowhere = { request: () => Promise.reject(new Error('there is no network in the bench')) };
const NO_SIGNAL = new AbortController().signal;

async function incidents(store: Store): Promise<readonly IncidentState[]> {
  const filter = { status: [], severity: [], service: null, since: null, cursor: null, limit: 10_000 };
  return (await listIncidents(store.db, filter)).filter(({ id }) => !id.startsWith(EARLIER));
}

const planned = (policy: Policy, { service }: IncidentState): boolean =>
  service !== null && policy.services[service]?.rollback != null;

// --- what it is told

const rawAlert = (alert: KnownAlert): object => ({
  status: alert.endsAt === null ? 'firing' : 'resolved',
  labels: alert.labels,
  annotations: alert.annotations,
  startsAt: instant(alert.startsAt),
  endsAt: alert.endsAt === null ? '0001-01-01T00:00:00Z' : instant(alert.endsAt),
  generatorURL: 'http://prometheus:9090/graph',
});

/** `compatible`: what the timeline says of the data, where it says it; a pipeline that knows tells it. */
function rawChange(change: ChangeEntry, endedAt: number | null, compatible: boolean | null): object {
  const startedAt = change.claimedAt ?? change.at;
  return {
    id: change.id,
    service: change.service,
    environment: ENVIRONMENT,
    kind: change.type,
    version: change.to,
    previousVersion: change.from,
    startedAt: instant(startedAt),
    // The sender's clock is as wrong at the end as it was at the beginning.
    finishedAt: endedAt === null ? null : instant(Math.max(startedAt, endedAt + startedAt - change.at)),
    by: change.byFirebreak ? 'firebreak' : 'ci',
    ...(compatible === null ? {} : { evidence: { backwardCompatible: compatible } }),
  };
}

function saidCompatible({ timeline }: Scenario, service: string): boolean | null {
  const said = timeline.flatMap((entry) =>
    entry.kind === 'cluster' && entry.services.includes(service) ? [entry.workload.dataCompatible] : [],
  );
  return said.findLast((each) => each !== null) ?? null;
}

const EARLIER = 'INC-EARLIER-';

/** A rollback of ours in a former incident, of which only its start and the version that it left are still known. */
async function recordEarlierRollback(store: Store, policy: Policy, change: ChangeEntry, at: number): Promise<void> {
  const id = `${EARLIER}${change.id}`;
  const badVersions = change.from === null ? [] : [change.from, identityOf(change.from)];
  const state = { ...openedBefore(id, change.service, policy, at), status: 'closed', severity: 'P1', badVersions };
  await store.transaction(async ({ trx }) => {
    await recordRollbackStart(trx, id, change.service, at);
    await sql`
      insert into incidents (id, correlation_key, status, severity, service, environment, opened_at, version, head_hash, state)
      values (${id}, ${id}, 'closed', 'P1', ${change.service}, ${ENVIRONMENT}, ${new Date(at)}, 1, '',
              ${JSON.stringify(state)}) on conflict do nothing`.execute(trx);
  });
}

function openedBefore(incidentId: string, service: string, policy: Policy, now: number): IncidentState | null {
  const nothing = { count: 0, names: [], samples: [] };
  const news = { counts: { firing: 0, resolved: 0 }, joined: nothing, resolved: nothing };
  const opening: Opening = {
    ...{ correlationKey: incidentId, service, environment: ENVIRONMENT, title: 'An earlier incident', labels: {} },
    ...{ onset: { at: iso(now), source: 'starts-at' }, runbookUrl: null, sourceUrl: null, afterKeyVersion: 0 },
  };
  return rehearse({ incidentId, before: null, commands: [{ kind: 'open', opening, news }], policy, now }).after;
}

/** The first that the incident's state allows is what happens. */
async function act(commander: Commander, incidentId: string, entry: HumanEntry): Promise<string> {
  let refusal = 'nothing that Firebreak would hear of';
  for (const command of commandsFor(entry)) {
    try {
      await commander.handle(incidentId, [command]);
      return command.kind;
    } catch (error) {
      if (!(error instanceof CommandRefused)) throw error;
      refusal = `refused: ${error.message}`;
    }
  }
  return refusal;
}

function commandsFor(entry: HumanEntry): readonly Command[] {
  const who = { by: 'responder', via: 'api' } as const;
  switch (entry.action) {
    case 'acknowledge':
      return [{ kind: 'acknowledge', ...who }];
    case 'hold':
      return [{ kind: 'declare-fix', ...who, seconds: entry.seconds ?? 0 }];
    case 'approve':
      // Where nothing waits for an approval, the word of a person starts one.
      return [
        { kind: 'approve-rollback', ...who, planHash: null },
        { kind: 'request-rollback', ...who, because: entry.note === '' ? 'roll it back' : entry.note },
      ];
    case 'abort':
      return [{ kind: 'abort-rollback', ...who, because: entry.note === '' ? 'not now' : entry.note }];
    case 'note':
      return [{ kind: 'add-note', ...who, text: entry.note === '' ? 'looking at it' : entry.note }];
    case 'undo-by-hand':
      return [];
  }
}

// --- its configuration and rules

/** Read once, so that all scenarios of a run see the same. */
async function shippedRules(): Promise<readonly RuleFile[]> {
  return (await readRuleFiles(fileURLToPath(new URL('../../../rules', import.meta.url)))).rules;
}

function rulesFor(files: readonly RuleFile[], policy: Policy) {
  const compiled = compileRules(files, declaredFactNames(policy));
  if (!compiled.ok) throw new Error(compiled.problems.map((problem) => problem.message).join('\n'));
  return compiled.ruleSet;
}

/** As a team would write it that measures what the scenario has: everything else is the default. */
function policyFor({ scenario, metrics }: Surroundings): Policy {
  const services = Object.fromEntries(
    scenario.services.map(({ service, dependsOn, customerFacing, hasRollbackPlan, steps }) => [
      service,
      {
        dependsOn,
        customerFacing,
        ...(hasRollbackPlan ? { rollback: { steps: stepsFor(service, steps) } } : {}),
        ...measuredBy(metrics.names(service), metrics.names(service, 'revision')),
      },
    ]),
  );
  const text = JSON.stringify({ services });
  const loaded = loadSettings({ env: { FIREBREAK_CONFIG: '/bench.yaml' }, cwd: '/', readFile: () => text });
  if (!loaded.ok) throw new Error(loaded.problems.map(({ field, message }) => `${field}: ${message}`).join('\n'));
  return loaded.settings.policy;
}

const GATE = 'database';

function stepsFor(service: string, steps: readonly string[]): readonly object[] {
  const names = steps.length === 0 ? ['deployment'] : [...new Set(steps)];
  return names.map((name) => ({ name, provider: providerFor(name), with: { namespace: 'bench', name: service } }));
}

/** A step of a kind that there is no provider for is carried out by a command of the team. */
const providerFor = (step: string): ProviderName => PROVIDERS.find((name) => name === step) ?? 'command';

/** The queries of the recovery are the facts, too; whatever else there is becomes a fact of its own name. */
function measuredBy(names: readonly string[], byVersion: readonly string[]): object {
  const query = (name: string): string => `bench:${name}{service="$service"}`;
  const versioned = (name: string): string => `bench:${name}{service="$service",revision="$version"}`;
  const recovery = {
    ...(names.includes('errorRatio') ? { errorRatio: query('errorRatio') } : {}),
    ...(names.includes('latencyP95Seconds') ? { latencyP95: query('latencyP95Seconds') } : {}),
    ...(names.includes('requestsPerSecond') ? { requestsPerSecond: query('requestsPerSecond') } : {}),
    ...(byVersion.includes('errorRatio') ? { errorRatioByVersion: versioned('errorRatio') } : {}),
    ...(byVersion.includes('latencyP95Seconds') ? { latencyP95ByVersion: versioned('latencyP95Seconds') } : {}),
  };
  const own = names.filter(
    (name) => !RECOVERY_SERIES.includes(name) && isMeasurable(name) && /^[A-Za-z_]\w*$/.test(name),
  );
  const facts = Object.fromEntries(own.map((name) => [name, { promql: query(name) }]));
  return { ...(Object.keys(recovery).length > 0 ? { recovery } : {}), facts };
}

const RECOVERY_SERIES = ['errorRatio', 'latencyP95Seconds', 'requestsPerSecond'];

// --- the Prometheus that it asks

const DOWN: Failure = { kind: 'unreachable', message: 'the monitoring of this scenario is down' };

function prometheusOn({ scenario, metrics, alerts }: Surroundings, now: () => number): Prometheus {
  const sample = (promql: string, at: number): number | null | 'down' => {
    const asked = readPromql(promql);
    return asked === null ? null : metrics.query(asked.service, asked.name, asked.narrowedTo, toSeconds(at), now());
  };
  const isDown = (): boolean => {
    const said = scenario.timeline.findLast((entry) => entry.kind === 'monitoring' && entry.at <= now());
    return said?.kind === 'monitoring' && said.state === 'down' && said.services === null;
  };
  return {
    query: async (promql, at) => {
      const value = sample(promql, at);
      if (value === 'down') return { kind: 'failed', failure: DOWN };
      if (value === null) return { kind: 'no-data', reason: 'no samples', warnings: [] };
      return { kind: 'value', value, warnings: [] };
    },
    queryRange: async (promql, from, to, stepMs) => {
      const values: { at: number; value: number }[] = [];
      for (let at = from; at <= to; at += stepMs) {
        const value = sample(promql, at);
        if (value === 'down') return { kind: 'failed', failure: DOWN };
        if (value !== null) values.push({ at, value });
      }
      if (values.length === 0) return { kind: 'no-data', reason: 'no samples', warnings: [] };
      return { kind: 'series', values, dropped: 0, warnings: [] };
    },
    firingAlerts: async () => {
      if (isDown()) return { kind: 'failed', failure: DOWN };
      const firing = alerts().filter(({ endsAt }) => endsAt === null);
      return { kind: 'alerts', alerts: firing.map(({ labels }) => ({ labels })) };
    },
    activeAt: async ({ alertname, labels }) => {
      if (isDown()) return null;
      const firing = alerts().find(
        (each) =>
          each.endsAt === null &&
          each.labels['alertname'] === alertname &&
          each.labels['service'] === labels['service'],
      );
      return firing?.activeAt == null ? null : instant(firing.activeAt);
    },
  };
}

/** The little language of `measuredBy`: one series of one service, narrowed by labels. */
function readPromql(promql: string) {
  const match = /^bench:(\w+)\{(.*)\}$/.exec(promql.trim());
  if (match === null) return null;
  const labels: Record<string, string> = {};
  for (const [, key = '', quoted = ''] of (match[2] ?? '').matchAll(/(\w+)="((?:[^"\\]|\\.)*)"/g)) {
    labels[key] = quoted.replaceAll(/\\(.)/g, '$1');
  }
  const { service = '', ...narrowedTo } = labels;
  return { name: match[1] ?? '', service, narrowedTo };
}

// --- the clusters that it acts on

function providersOn(clusters: SimulatedClusters, now: () => number): ProviderRegistry {
  return Object.fromEntries(PROVIDERS.map((name) => [name, providerOn(name, clusters, now)]));
}

function providerOn(name: ProviderName, clusters: SimulatedClusters, now: () => number): RollbackProvider {
  const targetOf = (step: StepConfig): StepTarget => ({
    service: step.with['name'] as string,
    tool: step.provider,
    isGate: step.name === GATE,
  });
  return {
    name,
    describe: (step) => `${step.name} of ${targetOf(step).service}`,
    checkConfig: () => null,
    resolve: async (step, { badVersions }) => {
      const target = targetOf(step);
      const found = clusters.find(target, badVersions, now());
      if (found.kind === 'refused') return { ...found, refusal: refusalOf(found.refusal) };
      const pinned = pinnedTarget(target, found.from, found.to);
      if (found.kind === 'target') return { kind: 'target', target: pinned, serving: servingOf(found.from, found.to) };
      const message = `it is back at ${found.to.version}: ${found.from.version} was found bad`;
      return { kind: 'already-there', target: pinned, message };
    },
    rehearse: async (step, { to }) => {
      const refused = clusters.rehearse(targetOf(step), now());
      const at = clusters.observe(targetOf(step), to.version, now(), now());
      if (refused === null && at.kind !== 'diverged') {
        return { kind: 'would-work', message: 'it is there already', alreadyThere: true };
      }
      if (refused === null) return { kind: 'would-work', message: 'the cluster would accept the change' };
      return { ...refused, refusal: refusalOf(refused.refusal) };
    },
    execute: async (step, { from, to }) => {
      const result = clusters.execute(targetOf(step), from.version, to.version, now());
      if (result === 'accepted') return { kind: 'accepted', receipt: { at: now() } };
      if (result === 'already-there') return { kind: 'already-there', receipt: {}, message: `it runs ${to.version}` };
      return { ...result, refusal: refusalOf(result.refusal) };
    },
    observe: async (step, { to }, _receipt, since) => {
      const { kind, message, updated, desired } = clusters.observe(targetOf(step), to.version, toSeconds(since), now());
      return { kind, message, progress: { updated, desired } };
    },
    undo: async () => ({ kind: 'refused', refusal: 'unsupported', message: 'people undo by hand here' }),
  };
}

const refusalOf = (name: RefusalName): Refusal => name;

/** Tools that count every rollout anew; the others keep a version's first day. */
const RENUMBERING = ['helm', 'argocd', 'webhook', 'command'];

function pinnedTarget({ service, tool, isGate }: StepTarget, from: Revision, to: Revision): PinnedTarget {
  const version = (revision: Revision): VersionRef => ({
    version: revision.version,
    identity: identityOf(revision.version),
    images: [],
    // A gate looks at data, which no rollout made.
    since: isGate ? null : instant(RENUMBERING.includes(tool) ? revision.deployedAt : revision.createdAt),
  });
  return {
    key: isGate ? `database/${service}` : `bench/${service}`,
    from: version(from),
    to: version(to),
    pin: { service },
    notReverted: [],
    warnings: [],
  };
}

const TROUBLES: Readonly<Partial<Record<Revision['state'], string>>> = {
  'crash-looping': 'CrashLoopBackOff',
  'oom-killed': 'OOMKilled',
  pending: 'Unschedulable',
};

const servingOf = (from: Revision, to: Revision): Serving => ({ from: healthOf(from), to: healthOf(to) });

function healthOf({ desired, ready, state }: Revision): VersionHealth {
  const reason = TROUBLES[state];
  const pods = Math.max(0, desired - ready);
  return { desired, ready, troubles: reason === undefined || pods === 0 ? [] : [{ reason, pods }] };
}

// --- what became of it

const MOVING = ['requested', 'planned', 'awaiting-approval', 'announced', 'executing', 'validating'];

/** Asked at every moment, so it reads no more than it needs. */
async function standing(db: Database): Promise<readonly Standing[]> {
  const { rows } = await sql<{
    id: string;
    service: string | null;
    status: string;
    stage: string | null;
    sign: string;
  }>`
    select id, service, status, state->'rollback'->>'stage' as stage,
      concat_ws('/', severity, status, state->'decision'->>'action', state->'rollback'->>'stage',
                state->'rollback'->>'verdict') as sign
    from incidents where not starts_with(id, ${EARLIER}) order by opened_at, id`.execute(db);
  return rows.map(({ id, service, status, stage, sign }) => ({
    id,
    service,
    isOver: status === 'resolved' || status === 'closed',
    inMotion: stage !== null && MOVING.includes(stage),
    sign,
  }));
}

function recordOf(state: IncidentState, events: readonly IncidentEvent[], hasPlan: boolean): IncidentRecord {
  const over = events.findLast((event) => event.type === 'incident-resolved' || event.type === 'incident-closed');
  const reopened = events.findLast((event) => event.type === 'incident-reopened');
  const isOver = over !== undefined && (reopened === undefined || reopened.seq < over.seq);
  return {
    id: state.id,
    service: state.service,
    onsetAt: toSeconds(state.onset.at),
    openedAt: toSeconds(state.openedAt),
    overAt: isOver ? toSeconds(over.at) : null,
    hasPlan,
    happened: happeningsOf(events),
    timeline: events.map((event) => ({ at: toSeconds(event.at), text: describeEvent(event) })),
  };
}

function happeningsOf(events: readonly IncidentEvent[]): readonly Happening[] {
  let plan: { readonly service: string; readonly from: string; readonly to: string } | null = null;
  return events.flatMap((event): Happening[] => {
    if (event.type === 'rollback-planned') {
      const { steps, service } = event.data.plan;
      const target = steps.findLast((step) => step.config.name !== GATE)?.target;
      plan = { service, from: target?.from.version ?? '', to: target?.to.version ?? '' };
    }
    return happeningOf(event, plan);
  });
}

function happeningOf(
  event: IncidentEvent,
  plan: { readonly service: string; readonly from: string; readonly to: string } | null,
): Happening[] {
  const at = toSeconds(event.at);
  switch (event.type) {
    case 'severity-changed':
      return [{ kind: 'severity', at, severity: event.data.to }];
    case 'rollback-decided':
      return [{ kind: 'stance', at, action: event.data.action, because: event.data.because }];
    case 'rollback-requested':
      return [{ kind: 'asked', at, because: event.data.because }];
    case 'rollback-announced':
      return [{ kind: 'waits', at, because: `announced: ${event.data.summary}`, forPerson: false }];
    case 'rollback-awaits-approval':
      return [{ kind: 'waits', at, because: `awaits approval: ${event.data.summary}`, forPerson: true }];
    case 'rollback-shadowed':
      return [{ kind: 'shadowed', at, because: event.data.summary }];
    case 'rollback-stopped':
      return [{ kind: 'stopped', at, rail: event.data.rail, because: event.data.because }];
    case 'rollback-started':
      return plan === null ? [] : [{ kind: 'started', at, ...plan }];
    case 'rollback-verdict':
      return verdictOf(event.data.verdict, event.data.because, at);
    case 'incident-mitigated':
    case 'incident-resolved':
      return [{ kind: 'called-recovered', at }];
    case 'page-requested':
      return [{ kind: 'paged', at, because: event.data.because }];
    default:
      return [];
  }
}

function verdictOf(
  verdict: 'recovered' | 'not-recovered' | 'unknown' | 'recovered-without-us',
  because: string,
  at: number,
) {
  const said: Happening = { kind: 'verdict', at, verdict, because };
  const well = verdict === 'recovered' || verdict === 'recovered-without-us';
  return well ? [said, { kind: 'called-recovered', at } satisfies Happening] : [said];
}
