import { randomUUID } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import { stringify } from 'yaml';
import type { AdvanceDeps } from '../../src/app/advance.ts';
import { advanceKey } from '../../src/app/advance.ts';
import { createChannels, quietChannels } from '../../src/app/channels.ts';
import type { Commander } from '../../src/app/commander.ts';
import { createCommander } from '../../src/app/commander.ts';
import { gatherFacts } from '../../src/app/facts.ts';
import { runLane } from '../../src/app/lanes.ts';
import { effectivePolicy } from '../../src/app/policy.ts';
import { createProviders } from '../../src/app/providers.ts';
import { followUp } from '../../src/app/follow-up.ts';
import { createCoordinator, createSurroundings } from '../../src/app/rollbacks.ts';
import { fireDueTimers } from '../../src/app/timers.ts';
import { readValues } from '../../src/app/values.ts';
import { classifyHttp } from '../../src/clients/http.ts';
import type { Prometheus } from '../../src/clients/prometheus.ts';
import { alertName } from '../../src/domain/alert.ts';
import type { IncidentState } from '../../src/domain/incident/state.ts';
import { describeEvent } from '../../src/domain/incident/describe.ts';
import { iso, ms } from '../../src/domain/time.ts';
import { readAlertmanager } from '../../src/ingest/read-delivery.ts';
import { driveRollback } from '../../src/rollback/coordinator.ts';
import { createLookout } from '../../src/rollback/lookout.ts';
import { createRecoveryProbe } from '../../src/rollback/validation/probe.ts';
import { loadSettings } from '../../src/settings/load.ts';
import type { Settings } from '../../src/settings/types.ts';
import { unfinishedLanes } from '../../src/store/effects.ts';
import type { Lane } from '../../src/store/effects.ts';
import { claimDirtyKey, nextDirtyAt } from '../../src/store/keys.ts';
import { listIncidents } from '../../src/store/lists.ts';
import { readAutomation } from '../../src/store/rollbacks.ts';
import type { Store } from '../../src/store/store.ts';
import { openStore } from '../../src/store/store.ts';
import { readTimeline } from '../../src/store/timeline.ts';
import { nextTimerAt } from '../../src/store/timers.ts';
import { Metrics } from '../../src/telemetry/store-metrics.ts';
import { declaredFactNames } from '../../src/triage/catalogue.ts';
import type { RuleStore } from '../../src/triage/store.ts';
import { createRuleStore } from '../../src/triage/store.ts';
import { testDatabase } from './database.ts';

/** Later than any run of the tests: the store stamps some rows with the server's own clock, and those must be past. */
export const SIMULATION_START = Date.UTC(2035, 0, 3, 12);
const LEASE_MS = 10_000;
/** What the job queue waits before it comes back to a lane that did not go out. */
const RETRY_MS = 30_000;
/** So often at one moment, and something turns in a circle. */
const MOST_ROUNDS = 500;

/** A metric as it runs, epoch milliseconds to its value; null: no samples. */
export type Series = (at: number) => number | null;

export interface SimulationOptions {
  /** As in firebreak.yaml, with the addresses of fakes in it. */
  readonly config: object;
  /** What Prometheus answers to a query, by its exact text (after `$service` and `$environment` are filled in). */
  readonly series?: Readonly<Record<string, Series>>;
  /** Alerts that Prometheus itself has firing at a moment, and since when their expression is true. */
  readonly firing?: (
    at: number,
  ) => readonly { readonly labels: Readonly<Record<string, string>>; readonly since: number }[];
  /** Waited for after each move of a rollback: what the fakes have begun has come to an end. */
  readonly settled?: () => Promise<void>;
  /** Called after every piece of work with the time it was done at: to stamp what servers have seen. */
  readonly observe?: (now: number) => void;
  /** Called whenever the time has moved. */
  readonly moved?: (at: number) => void;
  readonly start?: number;
}

/**
 * The whole pipeline on a real store and real channels, with time that only moves when it is moved: everything that is due
 * is done at its exact time, in order, so that the same scenario always gives the same timeline and the same messages.
 */
export interface Simulation {
  readonly store: Store;
  readonly settings: Settings;
  readonly commander: Commander;
  readonly clock: { at: number; now(): number };
  /** One delivery of Alertmanager with these raw alerts; then everything that is due now is done. */
  deliver(...alerts: readonly object[]): Promise<void>;
  /** Does everything that is due up to then, each at its time, and stands there. Seconds since the start. */
  runTo(seconds: number): Promise<void>;
  incidents(): Promise<readonly IncidentState[]>;
  /** `+h:mm:ss text`, one line an event. */
  timeline(id: string): Promise<readonly string[]>;
  /** Values of /metrics by their exact name and labels, as in the text format, without the process's own. */
  metrics(): Promise<Readonly<Record<string, number>>>;
  close(): Promise<void>;
}

/** `+0:01:05` for 65 s after the start. */
export function offset(at: number, start = SIMULATION_START): string {
  const total = Math.round((at - start) / 1000);
  const two = (n: number): string => String(n).padStart(2, '0');
  const sign = total < 0 ? '-' : '+';
  const t = Math.abs(total);
  return `${sign}${Math.floor(t / 3600)}:${two(Math.floor(t / 60) % 60)}:${two(t % 60)}`;
}

/**
 * Who is asked here answers at once: a budget in real time would only tell how busy the machine is. Returns what gives the
 * budgets back: Jest shares this class among all the files that a worker runs.
 */
function withoutRealTime(): () => void {
  const own = Object.getOwnPropertyDescriptor(AbortSignal, 'timeout') ?? {};
  AbortSignal.timeout = () => new AbortController().signal;
  return () => {
    Object.defineProperty(AbortSignal, 'timeout', own);
  };
}

export async function startSimulation(options: SimulationOptions): Promise<Simulation> {
  const withRealTime = withoutRealTime();
  const settings = settingsOf(options.config);
  const database = await testDatabase();
  const store = await openStore(database.connection, {
    lateFiringMs: settings.policy.correlation.lateFiringSeconds * 1000,
    refreshMs: 30_000,
    exclusive: true,
    log: { warn: () => undefined, error: () => undefined },
  });
  const start = options.start ?? SIMULATION_START;
  const clock = movable(start, options.moved);
  const rules = await createRuleStore({
    directory: fileURLToPath(new URL('../../rules', import.meta.url)),
    declaredFacts: declaredFactNames(settings.policy),
    clock,
    log: { info: () => undefined, error: () => undefined },
    watch: false,
  });
  const site = { store, settings, clock, rules, options };
  const machine = build(site);
  const elapsed = (seconds: number): number => start + seconds * 1000;
  const simulation: Simulation = {
    store,
    settings,
    commander: machine.commander,
    clock,
    async deliver(...alerts) {
      const { correlation } = settings.policy;
      const read = readAlertmanager({ alerts }, { correlation, receivedAt: clock.at });
      if (read.kind === 'unreadable') throw new Error(read.problem.message);
      await store.commitDeliveries([{ id: randomUUID(), source: 'alertmanager', receivedAt: clock.at, ...read }]);
      await machine.work();
    },
    async runTo(seconds) {
      const end = elapsed(seconds);
      await machine.work();
      for (let due = await machine.nextDue(); due <= end; due = await machine.nextDue()) {
        clock.at = Math.max(clock.at, due);
        await machine.work();
      }
      clock.at = Math.max(clock.at, end);
      options.observe?.(clock.at);
    },
    async incidents() {
      const filter = { status: [], severity: [], service: null, since: null, cursor: null, limit: 10_000 };
      return (await listIncidents(store.db, filter)).toReversed();
    },
    async timeline(id) {
      return (await readTimeline(store.db, id)).map(
        (event) => `${offset(ms(event.at), start)} ${describeEvent(event)}`,
      );
    },
    metrics: () => metricsOf(site),
    async close() {
      withRealTime();
      rules.close();
      await store.close();
      await database.drop();
    },
  };
  return simulation;
}

function movable(start: number, moved: SimulationOptions['moved']): Simulation['clock'] {
  let now = start;
  return {
    get at(): number {
      return now;
    },
    set at(value: number) {
      now = value;
      moved?.(value);
    },
    now: () => now,
  };
}

function settingsOf(config: object): Settings {
  const loaded = loadSettings({
    env: { FIREBREAK_CONFIG: 'simulation.yaml' },
    cwd: process.cwd(),
    overrides: {},
    readFile: () => stringify(config),
  });
  if (!loaded.ok) throw new Error(loaded.problems.map(({ field, message }) => `${field}: ${message}`).join('\n'));
  return loaded.settings;
}

interface Site {
  readonly store: Store;
  readonly settings: Settings;
  readonly clock: Simulation['clock'];
  readonly rules: RuleStore;
  readonly options: SimulationOptions;
}

interface Machine {
  readonly commander: Commander;
  /** Does everything that is due now. */
  work(): Promise<void>;
  /** When something is due next, epoch milliseconds; Infinity when nothing is. */
  nextDue(): Promise<number>;
}

function build({ store, settings, clock, rules, options }: Site): Machine {
  const policy = async () => effectivePolicy(settings.policy, await readAutomation(store.db), settings.sandbox);
  const outlets = { quiet: quietChannels(settings), hasWebhooks: settings.webhooks.length > 0 };
  const commander = createCommander(store, clock, policy, outlets);
  const providers = createProviders(settings, clock);
  const prometheus = options.series === undefined ? null : prometheusOn(options, clock);
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
    rules: () => rules.current(),
    facts: (subject, effective) =>
      gatherFacts({ store, clock, metrics: prometheus, investigation }, subject, effective),
    activeAt: (alert) =>
      prometheus === null
        ? Promise.resolve(null)
        : prometheus.activeAt({ alertname: alertName(alert), labels: alert.labels }, NO_SIGNAL),
  };
  const log = { info: () => undefined, warn: () => undefined, error: () => undefined };
  const coordinator = createCoordinator(
    { store, clock, log },
    { commander, advance, providers, probe, investigation },
    policy,
  );
  // Who waits for a turn moves the time on.
  const channels = createChannels(settings, clock, (milliseconds) => {
    clock.at += milliseconds;
    return Promise.resolve();
  });
  const lanes = { store, clock, commander, policy, channels, publicUrl: settings.http.publicUrl, log };
  const rollbacks = new Set<string>();
  const followUps = new Set<string>();
  store.onCommitted((jobs) => {
    for (const job of jobs) {
      if (job.name === 'rollback') rollbacks.add(job.data.incidentId);
      if (job.name === 'follow-up') followUps.add(job.data.incidentId);
    }
  });
  const retries = new Map<string, number>();
  const nameOf = ({ incidentId, channel }: Lane): string => `${incidentId} ${channel}`;
  const dueLanes = async (): Promise<readonly Lane[]> =>
    (await unfinishedLanes(store.db))
      .filter((lane) => (retries.get(nameOf(lane)) ?? 0) <= clock.at)
      .toSorted((a, b) => (nameOf(a) < nameOf(b) ? -1 : 1));

  const carryOut = async (lane: Lane): Promise<void> => {
    try {
      retries.delete(nameOf(lane));
      await runLane(lanes, lane);
    } catch (error) {
      if (!(error instanceof Error) || error.name !== 'RetryLater') throw error;
      retries.set(nameOf(lane), clock.at + RETRY_MS);
    }
  };
  const advanceAll = async (): Promise<void> => {
    const claim = () => claimDirtyKey(store.db, clock.at, LEASE_MS);
    for (let key = await claim(); key !== null; key = await claim()) await advanceKey(advance, key);
  };
  return {
    commander,
    async work() {
      for (let round = 0; round < MOST_ROUNDS; round += 1) {
        const [dirtyAt, timerAt, lanesDue] = await Promise.all([
          nextDirtyAt(store.db),
          nextTimerAt(store.db),
          dueLanes(),
        ]);
        const idle = (dirtyAt ?? Infinity) > clock.at && (timerAt ?? Infinity) > clock.at;
        if (idle && lanesDue.length === 0 && rollbacks.size === 0 && followUps.size === 0) return;
        await advanceAll();
        for (const lane of await dueLanes()) await carryOut(lane);
        options.observe?.(clock.at);
        if ((timerAt ?? Infinity) <= clock.at)
          while ((await fireDueTimers({ store, clock, commander, policy })) === 'again');
        const due = [...rollbacks];
        rollbacks.clear();
        for (const incidentId of due) {
          await driveRollback(coordinator, incidentId);
          await options.settled?.();
        }
        for (const incidentId of followUps) {
          followUps.delete(incidentId);
          await followUp({ store, clock, commander, policy, look: { probe, providers } }, incidentId);
        }
      }
      throw new Error(`after ${MOST_ROUNDS} rounds at ${offset(clock.at)} something is still due`);
    },
    async nextDue() {
      const [dirtyAt, timerAt] = await Promise.all([nextDirtyAt(store.db), nextTimerAt(store.db)]);
      const waiting = new Set((await unfinishedLanes(store.db)).map(nameOf));
      const retryAt = [...retries].filter(([name]) => waiting.has(name)).map(([, at]) => at);
      return Math.min(dirtyAt ?? Infinity, timerAt ?? Infinity, ...retryAt);
    },
  };
}

const NO_SIGNAL = new AbortController().signal;
/** Health endpoints and journeys are other tests' matter. */
const nowhere = { request: () => Promise.reject(new Error('nothing is visited in a simulation')) };

/** As much of Prometheus as is asked, on the simulated clock. What nobody declared has no samples. */
function prometheusOn({ series = {}, firing }: SimulationOptions, clock: Simulation['clock']): Prometheus {
  const valueAt = (promql: string, at: number): number | null => series[promql]?.(at) ?? null;
  const noData = { kind: 'no-data', reason: 'no samples', warnings: [] } as const;
  return {
    query: (promql, at) => {
      const value = valueAt(promql, at);
      return Promise.resolve(value === null ? noData : { kind: 'value', value, warnings: [] });
    },
    queryRange: (promql, from, to, stepMs) => {
      const values: { at: number; value: number }[] = [];
      for (let at = from; at <= to; at += stepMs) {
        const value = valueAt(promql, at);
        if (value !== null) values.push({ at, value });
      }
      return Promise.resolve(values.length === 0 ? noData : { kind: 'series', values, dropped: 0, warnings: [] });
    },
    firingAlerts: () =>
      Promise.resolve({ kind: 'alerts', alerts: (firing?.(clock.at) ?? []).map(({ labels }) => ({ labels })) }),
    activeAt: ({ alertname, labels }) => {
      const found = firing?.(clock.at).find(
        (each) => each.labels['alertname'] === alertname && each.labels['service'] === labels['service'],
      );
      return Promise.resolve(found === undefined ? null : iso(found.since));
    },
  };
}

async function metricsOf({ store, settings, rules, clock }: Site): Promise<Readonly<Record<string, number>>> {
  const metrics = new Metrics(() =>
    readValues({
      ...{ store, policy: settings.policy, rules, sandbox: settings.sandbox, clock },
      flush: () => Promise.resolve(),
    }),
  );
  const lines = (await metrics.text()).split('\n').filter((line) => line.startsWith('firebreak_'));
  return Object.fromEntries(
    lines.map((line) => {
      const space = line.lastIndexOf(' ');
      return [line.slice('firebreak_'.length, space), Number(line.slice(space + 1))];
    }),
  );
}
