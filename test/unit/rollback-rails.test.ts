import { iso } from '../../src/domain/time.ts';
import { raw } from '../harness/core.ts';
import { MINUTE, assessmentOf, plannedStep } from './support/incident.ts';
import {
  asked,
  change,
  core,
  drive,
  name,
  policyHere,
  resolveAlerts,
  rollback,
  serviceWith,
  target,
  useCoordinator,
} from './support/coordinator.ts';

useCoordinator();

describe('a rail stops it before anything is changed', () => {
  const stopOf = async (id: string) => {
    await drive(id);
    expect(target.calls).toEqual([]);
    return (await rollback(id)).stoppedBy;
  };

  test('recent-change: nothing changed', async () => {
    expect(await stopOf(await asked('P0', null))).toBe('recent-change');
  });

  test('recent-change: only staging changed', async () => {
    expect(await stopOf(await asked('P0', { environment: 'staging' }))).toBe('recent-change');
  });

  test('suspect-is-cause: what changed is another service, which this plan does not undo', async () => {
    const services = { [name]: { ...serviceWith([plannedStep(name).config])[name]!, dependsOn: ['database'] } };
    core.policy = policyHere({}, services);
    const id = await asked('P0', { service: 'database', id: `d-${name}` });
    expect(await stopOf(id)).toBe('suspect-is-cause');
    expect((await rollback(id)).because).toBe(
      `the suspect change is d-${name} of database, which this plan does not undo`,
    );
  });

  test('target-unresolved: refused, without a provider, unauthorised', async () => {
    target.resolution = () => ({ kind: 'refused', refusal: 'paused', message: 'it is paused' });
    const id = await asked();
    expect(await stopOf(id)).toBe('target-unresolved');
    expect((await rollback(id)).because).toContain('paused');
  });

  test('target-unresolved: it does not answer, and patience ends after two minutes', async () => {
    target.resolution = () => ({ kind: 'failed', failure: { kind: 'unreachable', message: 'refused' } });
    const id = await asked();
    expect(await stopOf(id)).toBeNull();
    core.clock.at += 2 * MINUTE;
    expect(await stopOf(id)).toBe('target-unresolved');
  });

  test('already-there', async () => {
    target.resolution = () => ({ kind: 'already-there', target: plannedStep(name).target, message: 'r41 runs' });
    expect(await stopOf(await asked())).toBe('already-there');
  });

  test('rehearsal', async () => {
    target.rehearsal = { kind: 'refused', refusal: 'unsupported', message: 'no' };
    expect(await stopOf(await asked())).toBe('rehearsal');
  });

  test('plan-missing: the plan was taken out of the configuration meanwhile', async () => {
    const id = await asked();
    core.policy = policyHere({}, {});
    expect(await stopOf(id)).toBe('plan-missing');
  });

  test('kill-switch: turned on during the hold', async () => {
    const id = await asked('P1');
    await drive(id);
    core.policy = { ...core.policy, automation: { ...core.policy.automation, killSwitch: true } };
    core.clock.at += MINUTE;
    expect(await stopOf(id)).toBe('kill-switch');
  });

  test('cooldown: the service was rolled back within the hour for another incident', async () => {
    const first = await asked();
    await drive(first);
    await resolveAlerts();
    await core.commander.handle(first, [{ kind: 'resolve', by: 'ada', via: 'api', because: 'done' }]);
    core.clock.at += 30 * MINUTE;
    await drive(first);
    target.calls = [];
    await change({ id: `again-${name}`, startedAt: iso(core.clock.at - 5 * MINUTE) });
    await core.deliver(raw('B', { service: name, startsAt: core.clock.at }));
    await core.settle();
    const second = (await core.incidents()).find((i) => i.service === name && i.id !== first)!.id;
    await core.commander.handle(second, [{ kind: 'assess', assessment: assessmentOf('P0', 'roll-back') }]);
    expect(await stopOf(second)).toBe('cooldown');
  });
});
