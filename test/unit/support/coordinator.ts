import { createRollbackStore } from '../../../src/app/rollbacks.ts';
import type { Change } from '../../../src/domain/change.ts';
import type { IncidentState } from '../../../src/domain/incident/state.ts';
import type { Policy } from '../../../src/domain/policy.ts';
import { iso } from '../../../src/domain/time.ts';
import { driveRollback } from '../../../src/rollback/coordinator.ts';
import type { Execution, Observation, Rehearsal, Resolution, RollbackProvider } from '../../../src/rollback/ports.ts';
import { saveChange } from '../../../src/store/changes.ts';
import { readIncident } from '../../../src/store/incidents.ts';
import type { Core } from '../../harness/core.ts';
import { raw, startCore } from '../../harness/core.ts';
import { HOUR, MINUTE, assessmentOf, plannedStep, policyWith, service } from './incident.ts';

/** What the target answers, and what was asked of it. Fresh for every test. */
export const target = {
  calls: [] as string[],
  resolution: null as (() => Resolution) | null,
  rehearsal: { kind: 'would-work', message: 'it would' } as Rehearsal,
  execution: (): Execution | Promise<Execution> => ({ kind: 'accepted', receipt: { generation: 7 } }),
  observation: { kind: 'done', message: '3 of 3', progress: {} } as Observation,
};
const fresh = { ...target };

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
    core.policy = policyWith({}, { services: serviceWith([plannedStep(name).config]) });
    Object.assign(target, fresh, { calls: [] });
  });
}

export const serviceWith = (steps: ReturnType<typeof plannedStep>['config'][]): Policy['services'] => ({
  [name]: service({ mode: null, steps }),
});

const provider: RollbackProvider = {
  name: 'deployment',
  describe: (step) => step.name,
  undo: async () => ({ kind: 'refused', refusal: 'unsupported', message: 'not here' }),
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
};

const policy = () => Promise.resolve(core.policy);
export const port = () => createRollbackStore(core.store, core.commander, policy, core.clock);
export const drive = (id: string) =>
  driveRollback(
    {
      store: port(),
      providers: { deployment: provider },
      clock: core.clock,
      policy,
      log: { info: () => undefined, warn: () => undefined },
    },
    id,
  );
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
  await core.commander.handle(id, [{ kind: 'assess', assessment: assessmentOf(severity, 'roll-back') }]);
  return id;
}

export const resolveAlerts = async (): Promise<void> => {
  await core.deliver(raw('A', { service: name, startsAt: core.clock.at - MINUTE, endsAt: core.clock.at }));
  await core.settle();
};
