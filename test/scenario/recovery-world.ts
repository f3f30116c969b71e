import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createCoordinator } from '../../src/app/rollbacks.ts';
import { createPrometheus } from '../../src/clients/prometheus.ts';
import type { Change } from '../../src/domain/change.ts';
import type { EventData, EventType, IncidentEvent } from '../../src/domain/incident/events.ts';
import type { IncidentState, RollbackState } from '../../src/domain/incident/state.ts';
import type { AutomationPolicy, RecoveryPolicy, ServicePolicy } from '../../src/domain/policy.ts';
import type { RecoveryCheck } from '../../src/domain/recovery.ts';
import { iso, ms } from '../../src/domain/time.ts';
import { driveRollback } from '../../src/rollback/coordinator.ts';
import { saveChange } from '../../src/store/changes.ts';
import { nextDirtyAt } from '../../src/store/keys.ts';
import { nextTimerAt } from '../../src/store/timers.ts';
import type { Core } from '../harness/core.ts';
import { CORE_START, raw, startCore } from '../harness/core.ts';
import type { ScriptedPrometheus, ScriptedSeries } from '../harness/prometheus.ts';
import { startScripted, writeScripted } from '../harness/prometheus.ts';
import { MINUTE, policyWith, service as serviceWith } from '../unit/support/incident.ts';
import { ONSET, RELEASED } from './recovery-series.ts';
import type { ScriptedTarget } from './recovery-target.ts';
import { scriptedTarget } from './recovery-target.ts';

const ratio = (name: string, one: string, failed = '(%) or vector(0)'): string => {
  const of = (code: string) => `sum(rate(${name}{${one}${code}}[1m]))`;
  return `(${failed.replace('%', of(',code=~"5.."'))}) / ${of('')}`;
};

/** As the guide says: over a minute, and without failures it is 0. */
const RECOVERY: RecoveryPolicy = {
  health: [],
  errorRatio: ratio('http_requests_total', 'service="$service"'),
  latencyP95: null,
  requestsPerSecond: 'sum(rate(http_requests_total{service="$service"}[1m])) or vector(0)',
  errorRatioByVersion: null,
  latencyP95ByVersion: null,
  sloErrorRatio: null,
  scrapeSeconds: 15,
  settleSeconds: null,
  journeys: [],
};
/** The trap: where nothing fails, there is no number. */
export const RATIO_WITHOUT_ZERO = ratio('http_requests_total', 'service="$service"', '%');
export const RATIO_BY_PODS = ratio('pod_requests_total', 'service="$service",pod=~"$pods"');
export const RATIO_BY_VERSION = ratio('pod_requests_total', 'service="$service",version="$version"');

export interface WorldOptions {
  readonly service: string;
  readonly recovery?: Partial<RecoveryPolicy>;
  readonly policy?: Partial<ServicePolicy>;
  readonly automation?: Partial<AutomationPolicy>;
  /** Services that have metrics, and no plan. */
  readonly others?: Readonly<Record<string, Partial<ServicePolicy>>>;
  /** Minutes; two before the alert arrives unless told. */
  readonly onset?: number;
  /** The release is told by the change feed, too. */
  readonly feed?: boolean;
  /** Prometheus has the alert, and says since when; else only Alertmanager's word is there. */
  readonly alertInPrometheus?: boolean;
  /** Another than the one that the tests of the file share. */
  readonly prometheus?: ScriptedPrometheus;
}

/** One incident of one service in a pipeline of its own. Time stands still unless it is moved, from timer to timer. */
export interface World {
  readonly core: Core;
  readonly target: ScriptedTarget;
  readonly prometheus: ScriptedPrometheus;
  /** The alert arrives, at second 0. */
  open(): Promise<void>;
  /** Alertmanager says that it is over. */
  resolveAlert(): Promise<void>;
  /** Everything that is due up to this second happens at its time. */
  runTo(second: number): Promise<void>;
  /** The same until the verdict stands; gives the second at which it does. */
  untilVerdict(): Promise<number>;
  state(): Promise<IncidentState>;
  rollback(): Promise<RollbackState>;
  /** Of one type, in order, each with the second in which it happened. */
  all<T extends EventType>(type: T): Promise<readonly ({ readonly second: number } & EventData[T])[]>;
}

export interface Stage {
  world(options: WorldOptions): Promise<World>;
  /** One more Prometheus that tells the same, for a test that takes it away. */
  another(): Promise<ScriptedPrometheus>;
}

/** Call once in a `describe`: one real Prometheus for its tests, and a world of its own for each. */
export function useStage(series: readonly ScriptedSeries[]): Stage {
  let directory = '';
  let blocks = '';
  const running: ScriptedPrometheus[] = [];
  const cores: Core[] = [];
  const another = async (): Promise<ScriptedPrometheus> => {
    const prometheus = await startScripted(join(directory, `prometheus-${running.length}`), blocks);
    running.push(prometheus);
    return prometheus;
  };
  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'firebreak-scripted-'));
    blocks = await writeScripted(directory, CORE_START, series);
    await another();
  });
  afterEach(() => Promise.all(cores.splice(0).map((core) => core.close())));
  afterAll(async () => {
    await Promise.all(running.map((prometheus) => prometheus.stop()));
    await rm(directory, { recursive: true });
  });
  return {
    another,
    world: async (options) => {
      const world = await startWorld({ prometheus: running[0]!, ...options });
      cores.push(world.core);
      return world;
    },
  };
}

const ALERT = 'ServiceFails';
const log = { info: () => undefined, warn: () => undefined };
const secondOf = (instant: string): number => (ms(instant) - CORE_START) / 1000;

async function startWorld(options: WorldOptions & { readonly prometheus: ScriptedPrometheus }): Promise<World> {
  const { service, prometheus, onset = ONSET } = options;
  const client = createPrometheus({ url: prometheus.url, timeoutMs: 2_000 });
  const target = scriptedTarget(service, () => core.clock.now());
  const providers = { deployment: target.provider };
  const core = await startCore({ prometheus: client, providers, policy: policyOf(options, target) });
  const labels = { alertname: ALERT, service, env: 'production', severity: 'warning' };
  const onsetAt = CORE_START + onset * MINUTE;
  // Whether it has the alert is the real answer; since when it cannot say in the time of the script.
  const advance = {
    ...core.advance,
    activeAt: async () =>
      (await client.activeAt({ alertname: ALERT, labels }, AbortSignal.timeout(2_000))) === null ? null : iso(onsetAt),
  };
  Object.assign(core.advance, { activeAt: advance.activeAt });
  const { commander, investigation } = core;
  const coordinator = createCoordinator(
    { store: core.store, clock: core.clock, log },
    { commander, advance, providers, probe: investigation.probe, investigation },
    () => Promise.resolve(core.policy),
  );
  const play = player(core, (id) => driveRollback(coordinator, id));
  const state = async () => (await core.incidents()).find((incident) => incident.service === service)!;
  const rollback = async () => (await state()).rollback!;
  const alert = (endsAt?: number) =>
    raw(ALERT, { service, startsAt: onsetAt, ...(endsAt === undefined ? {} : { endsAt }) });
  return {
    core,
    target,
    prometheus,
    state,
    rollback,
    open: async () => {
      if (options.feed === true) await saveChange(core.store.db, releaseOf(service), CORE_START - MINUTE);
      await prometheus.fires(...(options.alertInPrometheus === true ? [labels] : []));
      await core.deliver(alert());
      await play.present();
    },
    resolveAlert: async () => {
      await core.deliver(alert(core.clock.now()));
      await play.present();
    },
    runTo: (second) => play.until(CORE_START + second * 1000),
    untilVerdict: async () => {
      const judged = async () => (await rollback()).verdict !== null;
      if (!(await judged())) await play.until(CORE_START + 3_600_000, judged);
      return (core.clock.now() - CORE_START) / 1000;
    },
    all: async <T extends EventType>(type: T) =>
      (await core.timeline((await state()).id))
        .filter((event): event is Extract<IncidentEvent, { type: T }> => event.type === type)
        .map((event) => ({ second: secondOf(event.at), ...(event.data as EventData[T]) })),
  };
}

const releaseOf = (service: string): Change => ({
  ...{ id: `release-${service}`, service, environment: 'production', kind: 'deployment' },
  ...{ version: 'r42', previousVersion: 'r41', by: 'ci', url: null, evidence: {} },
  ...{ startedAt: iso(CORE_START + RELEASED * MINUTE), finishedAt: iso(CORE_START + RELEASED * MINUTE) },
});

function policyOf(options: WorldOptions, target: ScriptedTarget) {
  const recovery = { ...RECOVERY, ...options.recovery };
  const others = Object.entries(options.others ?? {}).map(([name, more]) => [
    name,
    serviceWith(null, { recovery: RECOVERY, ...more }),
  ]);
  const own = serviceWith({ mode: null, steps: [target.step] }, { recovery, ...options.policy });
  return policyWith(options.automation, { services: { ...Object.fromEntries(others), [options.service]: own } });
}

/** More rounds than this in one moment: something wakes itself for ever. */
const ROUNDS = 50;

/** Does what the loops of the program do, at the moments of a clock that is moved by hand. */
function player(core: Core, drive: (id: string) => Promise<void>) {
  const { store, clock } = core;
  const wanted = new Set<string>();
  store.onCommitted((jobs) => {
    for (const job of jobs) if (job.name === 'rollback') wanted.add(job.data.incidentId);
  });
  const next = async (): Promise<number> =>
    Math.min((await nextTimerAt(store.db)) ?? Infinity, (await nextDirtyAt(store.db)) ?? Infinity);
  const present = async (): Promise<void> => {
    for (let round = 0; wanted.size > 0 || (await next()) <= clock.now(); round += 1) {
      if (round > ROUNDS) throw new Error(`it does not come to rest at ${iso(clock.now())}`);
      await core.fire();
      await core.look();
      const ids = [...wanted];
      wanted.clear();
      for (const id of ids) await drive(id);
    }
  };
  const until = async (end: number, over: () => Promise<boolean> = () => Promise.resolve(false)): Promise<void> => {
    await present();
    for (let at = await next(); at <= end && !(await over()); at = await next()) {
      clock.at = Math.max(clock.at, at);
      await present();
    }
    if (!(await over())) clock.at = Math.max(clock.at, end);
  };
  return { present, until };
}

/** How the samples came out, by their first letters. */
export const resultsOf = async (world: World): Promise<string> =>
  (await world.all('recovery-sampled')).map(({ result }) => result.charAt(0)).join('');

/** One check of the last sample. */
export const checkOf = async (world: World, name: string): Promise<RecoveryCheck | undefined> =>
  (await world.all('recovery-sampled')).at(-1)?.checks.find((check) => check.name === name);
