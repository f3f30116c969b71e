import { holderOf, rollbackStartsSince } from '../../src/store/rollbacks.ts';
import { iso } from '../../src/domain/time.ts';
import { MINUTE, plannedStep } from './support/incident.ts';
import {
  asked,
  core,
  drive,
  name,
  policyHere,
  port,
  resolveAlerts,
  rollback,
  serviceWith,
  target,
  untilVerdict,
  useCoordinator,
  world,
} from './support/coordinator.ts';

useCoordinator();

/** Whether it counts for the cooldown of its service. */
const started = async (id: string) =>
  (await rollbackStartsSince(core.store.db, 0, 'another')).some((each) => each.incidentId === id);

test('a P0 goes from the request to validating in one drive, each step recorded, its target held meanwhile', async () => {
  const id = await asked();
  await drive(id);
  expect(await rollback(id)).toMatchObject({ stage: 'validating', suspect: { id: `deploy-${name}` } });
  expect(target.calls).toEqual([`execute ${name}`, `observe ${name}`]);
  expect(await started(id)).toBe(true);
  const { key } = plannedStep(name).target;
  expect((await holderOf(core.store.db, [key], 'another'))?.incidentId).toBe(id);
  await drive(id);
  expect(target.calls).toHaveLength(2);
});

test('the verdict lets go of the target, so that the next incident can have it', async () => {
  const id = await asked();
  await drive(id);
  await resolveAlerts();
  await untilVerdict(id);
  expect((await rollback(id)).verdict).toBe('recovered');
  expect(await holderOf(core.store.db, [plannedStep(name).target.key], 'another')).toBeNull();
});

test('a P1 waits for its hold, and the hold for the clock', async () => {
  const id = await asked('P1');
  await drive(id);
  expect((await rollback(id)).stage).toBe('announced');
  core.clock.at += 59_999;
  await drive(id);
  expect(target.calls).toEqual([]);
  core.clock.at += 1;
  await drive(id);
  expect(target.calls).toContain(`execute ${name}`);
});

describe('between steps', () => {
  test('the kill switch stops it, and it says how far it came', async () => {
    const steps = [plannedStep(`${name}-api`).config, plannedStep(`${name}-web`).config];
    core.policy = policyHere({}, serviceWith(steps));
    const id = await asked();
    target.execution = () => {
      core.policy = { ...core.policy, automation: { ...core.policy.automation, killSwitch: true } };
      return { kind: 'accepted', receipt: {} };
    };
    await drive(id);
    expect(target.calls).toEqual([`execute ${name}-api`, `observe ${name}-api`]);
    const stop = (await core.timeline(id)).find((event) => event.type === 'rollback-stopped');
    expect(stop?.data).toMatchObject({ rail: 'kill-switch', completed: [`${name}-api`] });
  });

  test('an abort is heard, what is in flight is followed to its end, and the target is let go', async () => {
    const id = await asked();
    target.execution = async () => {
      await core.commander.handle(id, [{ kind: 'abort-rollback', by: 'ada', via: 'slack', because: 'no' }]);
      return { kind: 'accepted', receipt: {} };
    };
    await drive(id);
    expect(await rollback(id)).toMatchObject({ stage: 'stopped', stoppedBy: 'aborted', steps: [{ state: 'done' }] });
    expect(await holderOf(core.store.db, [plannedStep(name).target.key], 'another')).toBeNull();
  });

  // A call that timed out may have gone through; after an abort nobody looks any more: see the report.
  test('an abort after a call that may have gone through does not forget it', async () => {
    const id = await asked();
    target.execution = () => ({ kind: 'failed', failure: { kind: 'ambiguous', message: 'timed out' } });
    await drive(id);
    await core.commander.handle(id, [{ kind: 'abort-rollback', by: 'ada', via: 'slack', because: 'no' }]);
    await drive(id);
    const forgotten = (await holderOf(core.store.db, [plannedStep(name).target.key], 'another')) === null;
    expect({ forgotten, step: (await rollback(id)).steps[0]?.state }).not.toEqual({
      forgotten: true,
      step: 'intended',
    });
  });
});

test('one that is stopped in the moment of its start does not count for the cooldown', async () => {
  const id = await asked('P1');
  await drive(id);
  await core.commander.handle(id, [{ kind: 'abort-rollback', by: 'ada', via: 'slack', because: 'no' }]);
  await port().start(id, name, () => Promise.resolve(null));
  expect(await started(id)).toBe(false);
});

test('a step that takes long is looked at until it is done, and people read how far it is', async () => {
  const id = await asked();
  const seen = async (message: string, kind: 'progressing' | 'done', seconds: number): Promise<void> => {
    core.clock.at += seconds * 1_000;
    target.observation = { kind, message, progress: {} };
    await drive(id);
  };
  await seen('0 of 3', 'progressing', 0);
  await seen('0 of 3', 'progressing', 10);
  expect((await rollback(id)).steps[0]).toMatchObject({ state: 'accepted', detail: '0 of 3' });
  await seen('1 of 3', 'progressing', 5);
  await seen('2 of 3 (CrashLoopBackOff)', 'progressing', 10);
  await seen('3 of 3', 'done', 20);
  const told = (await core.timeline(id)).flatMap((event) =>
    event.type === 'rollback-step-progressed' || event.type === 'rollback-step-finished' ? [event.data.detail] : [],
  );
  expect(told).toEqual(['0 of 3', '2 of 3 (CrashLoopBackOff)', '3 of 3']);
});

test('a call that fails is tried again until the step times out, then the step has failed and says why', async () => {
  const id = await asked();
  target.execution = () => ({ kind: 'failed', failure: { kind: 'server', message: 'HTTP 503' } });
  await drive(id);
  expect((await rollback(id)).stage).toBe('executing');
  core.clock.at += 5 * MINUTE;
  await drive(id);
  expect(await rollback(id)).toMatchObject({
    stage: 'stopped',
    stoppedBy: 'step-failed',
    steps: [{ state: 'failed', detail: 'was not accepted: HTTP 503' }],
  });
});

describe('the verdict', () => {
  test('comes at the deadline at the latest: what nobody could judge is unknown', async () => {
    core.activeAt = iso(core.clock.at - MINUTE);
    const id = await asked();
    await drive(id);
    core.clock.at += 15 * MINUTE - 1;
    await drive(id);
    expect((await rollback(id)).verdict).toBeNull();
    core.clock.at += 1;
    await drive(id);
    expect((await rollback(id)).verdict).toBe('unknown');
  });

  test.each([
    ['their sender, where Prometheus does not know them', null, 'pass'],
    ['Prometheus', -MINUTE, 'fail'],
  ] as const)('is not-recovered where alerts still fire by the word of %s', async (_who, activeFor, alerts) => {
    core.activeAt = activeFor === null ? null : iso(core.clock.at + activeFor);
    world.alerts = alerts;
    const id = await asked();
    await drive(id);
    await untilVerdict(id);
    expect(await rollback(id)).toMatchObject({ verdict: 'not-recovered', because: expect.stringContaining('alerts') });
  });

  test('waits for the first samples until the bad ones are out of what is measured', async () => {
    const id = await asked();
    await drive(id);
    await resolveAlerts();
    const since = Date.parse((await rollback(id)).validatingSince!);
    core.clock.at = since + 30_000 - 1;
    await drive(id);
    expect((await rollback(id)).recovery.samples).toBe(0);
    core.clock.at += 1;
    await drive(id);
    await drive(id);
    expect((await rollback(id)).recovery.samples).toBe(1);
  });

  test('is not given while the target does not run what the plan put there', async () => {
    const id = await asked();
    await drive(id);
    await resolveAlerts();
    target.observation = { kind: 'diverged', message: 'argocd put r42 back', progress: {} };
    await untilVerdict(id);
    expect(await rollback(id)).toMatchObject({
      verdict: 'not-recovered',
      because: expect.stringContaining('argocd put r42 back'),
    });
  });
});

test('two drives at once carry it out once', async () => {
  const id = await asked();
  await Promise.all([drive(id), drive(id), drive(id)]);
  expect(target.calls).toEqual([`execute ${name}`, `observe ${name}`]);
});
