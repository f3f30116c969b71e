import { createCoordinator } from '../../../src/app/rollbacks.ts';
import type { Change } from '../../../src/domain/change.ts';
import type { IncidentState } from '../../../src/domain/incident/state.ts';
import type { PinnedTarget } from '../../../src/domain/plan.ts';
import type { Policy } from '../../../src/domain/policy.ts';
import { iso } from '../../../src/domain/time.ts';
import { driveRollback } from '../../../src/rollback/coordinator.ts';
import type { CoordinatorDeps } from '../../../src/rollback/deps.ts';
import { createLookout } from '../../../src/rollback/lookout.ts';
import type { Execution, Observation, Rehearsal, Resolution, RollbackProvider } from '../../../src/rollback/ports.ts';
import { saveChange } from '../../../src/store/changes.ts';
import { readIncident } from '../../../src/store/incidents.ts';
import type { Core } from '../../harness/core.ts';
import { raw, startCore } from '../../harness/core.ts';
import type { Assessment } from '../../../src/domain/decision.ts';
import type { Baseline, RecoveryCheck } from '../../../src/domain/recovery.ts';
import type { Measured, RecoveryProbe } from '../../../src/rollback/validation/ports.ts';
import { HOUR, MINUTE, assessmentOf, plannedStep, policyWith, service } from './incident.ts';

/** What the target answers, and what was asked of it. Fresh for every test. */
export const target = {
  calls: [] as string[],
  resolution: null as (() => Resolution) | null,
  rehearsal: { kind: 'would-work', message: 'it would' } as Rehearsal,
  execution: (): Execution | Promise<Execution> => ({ kind: 'accepted', receipt: { generation: 7 } }),
  observation: { kind: 'done', message: '3 of 3', progress: {} } as Observation,
  capture: null as Required<RollbackProvider>['capture'] | null,
  undo: null as ((pinned: PinnedTarget) => Resolution) | null,
};
const fresh = { ...target };

/** What is measured, and what the rules say when they are asked again. Nothing is measured unless a test says so. */
export const world = {
  measured: {} as Measured,
  baseline: null as Baseline | null,
  /** `null`: no Prometheus that could say. */
  alerts: null as RecoveryCheck['result'] | null,
  assessment: null as Assessment | null,
};
const freshWorld = { ...world };

const probe: RecoveryProbe = {
  freezeBaseline: async () => ({ baseline: world.baseline, answered: true }),
  measure: async () => world.measured,
  course: async () => ({}),
  health: async () => [],
  journeys: async () => [],
  alerts: async () => ({ name: 'alerts', result: world.alerts ?? 'unknown', detail: 'asked of Prometheus' }),
  compareVersions: async () => ({ answer: 'unknown', because: 'nothing tells them apart' }),
};

export let core: Core;
/** Every test has a service of its own. */
export let name = '';
let number = 0;

/** Call once in a test file. */
export function useCoordinator(): void {
  beforeAll(async () => {
    core = await startCore();
  });
  afterAll(() => core.close());
  beforeEach(() => {
    number += 1;
    name = `service-${number}`;
    core.clock.at += 2 * HOUR;
    core.policy = policyHere();
    core.activeAt = null;
    Object.assign(target, fresh, { calls: [] });
    Object.assign(world, freshWorld);
  });
}

/** Tests share a database, and the rollbacks of the others go on: they do not count here unless a test says so. */
export const policyHere = (automation: Partial<Policy['automation']> = {}, services?: Policy['services']): Policy =>
  policyWith(
    { servicesAtOnce: 1000, ...automation },
    { services: services ?? serviceWith([plannedStep(name).config]) },
  );

export const serviceWith = (steps: ReturnType<typeof plannedStep>['config'][]): Policy['services'] => ({
  [name]: service({ mode: null, steps }),
});

const swapped = (pinned: PinnedTarget): PinnedTarget => ({ ...pinned, from: pinned.to, to: pinned.from });

const provider = (): RollbackProvider => ({
  ...(target.capture === null ? {} : { capture: target.capture }),
  name: 'deployment',
  describe: (step) => step.name,
  undo: async (_step, pinned) => target.undo?.(pinned) ?? { kind: 'target', target: swapped(pinned) },
  checkConfig: () => null,
  resolve: async (step) => target.resolution?.() ?? { kind: 'target', target: plannedStep(step.name).target },
  rehearse: async () => target.rehearsal,
  execute: async (step) => {
    target.calls.push(`execute ${step.name}`);
    return target.execution();
  },
  observe: async (step) => {
    target.calls.push(`observe ${step.name}`);
    return target.observation;
  },
});

const policy = () => Promise.resolve(core.policy);
const log = { info: () => undefined, warn: () => undefined };

/** The rules are not run again: they say what the test says. */
const commanderOf = (said: Assessment): Core['commander'] => ({
  ...core.commander,
  handle: (id, commands) =>
    core.commander.handle(
      id,
      commands.map((command) => (command.kind === 'assess' ? { kind: 'assess', assessment: said } : command)),
    ),
});

const coordinator = (): CoordinatorDeps => {
  const providers = { deployment: provider() };
  const advance = { ...core.advance, commander: commanderOf(world.assessment ?? assessmentOf('P0', 'roll-back')) };
  const investigation = { ...core.investigation, probe, lookout: createLookout(providers, core.clock) };
  const parts = { commander: core.commander, advance, providers, probe, investigation };
  return createCoordinator({ store: core.store, clock: core.clock, log }, parts, policy);
};
export const port = () => coordinator().store;
export const drive = (id: string) => driveRollback(coordinator(), id);
const state = async (id: string): Promise<IncidentState> => (await readIncident(core.store.db, id))!.state;
export const rollback = async (id: string) => (await state(id)).rollback!;
export const change = (changes: Partial<Change> = {}): Promise<unknown> =>
  saveChange(
    core.store.db,
    {
      id: `deploy-${name}`,
      service: name,
      environment: 'production',
      kind: 'deployment',
      version: 'r42',
      previousVersion: 'r41',
      startedAt: iso(core.clock.at - 10 * MINUTE),
      finishedAt: null,
      by: null,
      url: null,
      evidence: {},
      ...changes,
    },
    core.clock.at,
  );

/** An incident whose rollback the rules have asked for, after a change unless told otherwise. */
export async function asked(severity: 'P0' | 'P1' = 'P0', changed: Partial<Change> | null = {}): Promise<string> {
  if (changed !== null) await change(changed);
  await core.deliver(raw('A', { service: name, startsAt: core.clock.at - MINUTE }));
  await core.settle();
  const { id } = (await core.incidents()).find((incident) => incident.service === name)!;
  world.assessment = assessmentOf(severity, 'roll-back');
  await core.commander.handle(id, [{ kind: 'assess', assessment: world.assessment }]);
  return id;
}

/** Drives at the pace of its samples until the verdict stands. */
export async function untilVerdict(id: string): Promise<void> {
  for (let look = 0; look < 200 && (await rollback(id)).verdict === null; look += 1) {
    core.clock.at += 10_000;
    await drive(id);
  }
}

export const resolveAlerts = async (): Promise<void> => {
  await core.deliver(raw('A', { service: name, startsAt: core.clock.at - MINUTE, endsAt: core.clock.at }));
  await core.settle();
};
