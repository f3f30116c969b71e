import type { Core } from '../harness/core.ts';
import { startCore } from '../harness/core.ts';
import type { Around } from '../unit/support/around.ts';
import { around } from '../unit/support/around.ts';
import { HOUR, MINUTE, plannedStep, policyWith, service } from '../unit/support/incident.ts';
import { raw } from '../harness/core.ts';
import { iso } from '../../src/domain/time.ts';

const ada = { by: 'ada', via: 'api' } as const;
let core: Core;
let here: Around;
let n = 0;
let name = '';

beforeAll(async () => {
  core = await startCore();
  here = around(core);
});
afterAll(() => core.close());
beforeEach(() => {
  n += 1;
  name = `service-${n}`;
  core.clock.at += 30 * HOUR;
  core.activeAt = null;
  core.policy = policyWith({}, { services: { [name]: service({ mode: null, steps: [plannedStep(name).config] }) } });
});

const mine = async () => (await core.incidents()).filter((incident) => incident.service === name);
const alert = (alertname: string, changes: Parameters<typeof raw>[1] = {}): object =>
  raw(alertname, { service: name, startsAt: core.clock.at - 1_000, ...changes });
const overWith = async (alertname: string): Promise<void> => {
  await here.fires(alert(alertname));
  core.clock.at += MINUTE;
  await here.fires(alert(alertname, { endsAt: core.clock.at }));
};

describe('within the monitoring window', () => {
  test('the same alert reopens the incident', async () => {
    await overWith('Slow');
    core.clock.at += 23 * HOUR;
    await here.fires(alert('Slow'));
    expect(await mine()).toMatchObject([{ status: 'open' }]);
    expect(await here.said(name, 'monitoring-ended')).toEqual([{ result: 'reopened', because: 'Slow fires again' }]);
  });

  test('another alert that suspects the same change reopens it, too, and joins it', async () => {
    await here.changed(`d-${n}`, name);
    await overWith('Slow');
    core.clock.at += 20 * MINUTE;
    await here.fires(alert('Errors'));
    expect(await mine()).toMatchObject([{ status: 'open', alertNames: ['Slow', 'Errors'] }]);
    expect((await here.said(name, 'incident-reopened'))[0]?.because).toBe(
      'Errors fires, and the same change is suspected of it',
    );
    expect((await here.of(name)).decision?.facts['suspectChange']).toMatchObject({ id: `d-${n}` });
  });

  test('another alert without that is an incident of its own', async () => {
    await overWith('Slow');
    await here.fires(alert('Errors'));
    expect(await mine()).toHaveLength(2);
    await here.changed(`d-${n}`, name);
  });

  test('another alert that suspects another change is one, too', async () => {
    await here.changed(`d-${n}`, name);
    await overWith('Slow');
    core.clock.at += 2 * HOUR;
    await here.changed(`e-${n}`, name);
    await here.fires(alert('Errors'));
    expect(await mine()).toHaveLength(2);
  });
});

test('after the window the same alert opens a new incident, though the old one waits for its post-mortem or nobody ended it', async () => {
  await overWith('Slow');
  core.clock.at += 24 * HOUR;
  await here.fires(alert('Slow'));
  expect(await mine()).toHaveLength(2);
});

test('what a person closed early does not come back', async () => {
  await overWith('Slow');
  await core.commander.handle((await here.of(name)).id, [{ kind: 'close', ...ada }]);
  core.clock.at += MINUTE;
  await here.fires(alert('Slow'));
  expect(await mine()).toMatchObject([{ status: 'open' }, { status: 'closed' }]);
});

describe('rising to P0', () => {
  test('takes the onset of the alert that made it so, and looks for what changed before that', async () => {
    await here.fires(here.p2(name));
    core.clock.at += 3 * HOUR;
    await here.changed(`d-${n}`, name);
    core.activeAt = iso(core.clock.at - 90_000);
    await here.fires(here.p0(name, { startsAt: core.clock.at - 60_000 }));
    const state = await here.of(name);
    expect(state).toMatchObject({ severity: 'P0', onset: { at: core.activeAt, source: 'active-at' } });
    expect(state.decision?.facts['suspectChange']).toMatchObject({ id: `d-${n}` });
    expect(state.rollback).toMatchObject({ stage: 'requested' });
    expect(state.baseline).toBeUndefined();
    expect(state.clocks.restore?.startedAt).toBe(iso(core.clock.at));
    expect((await here.said(name, 'clock-started')).filter(({ clock }) => clock === 'detect')).toHaveLength(1);
  });

  test('by numbers that grew is as old as that is known', async () => {
    await here.fires(here.p2(name));
    core.clock.at += HOUR;
    await core.deliver(
      here.p2(name, { annotations: { users_affected_percent: '95' }, startsAt: core.clock.at - HOUR - 1_000 }),
    );
    await core.settle();
    expect(await here.of(name)).toMatchObject({
      severity: 'P0',
      onset: { at: iso(core.clock.at), source: 'severity-raised' },
    });
  });

  test('by a person: the rules look again at once', async () => {
    await here.fires(here.p2(name));
    core.clock.at += 3 * HOUR;
    await here.changed(`d-${n}`, name);
    const { id } = await here.of(name);
    await core.commander.handle(id, [{ kind: 'override-severity', ...ada, severity: 'P0', because: 'nobody can pay' }]);
    await here.pass(2_000);
    const state = await here.of(name);
    expect(state).toMatchObject({ severity: 'P0', severityRule: expect.any(String) });
    expect(state.decision?.facts).toMatchObject({ severity: 'P0', suspectChange: { id: `d-${n}` } });
    expect(state.onset).toMatchObject({ source: 'severity-raised' });
    expect(await here.said(name, 'rollback-decided')).toHaveLength(2);
  });
});

test('the impact that a person states is what the rules read where nothing measures it', async () => {
  await here.fires(alert('Slow'));
  const { id } = await here.of(name);
  await core.commander.handle(id, [{ kind: 'state-impact', ...ada, impact: { usersAffectedPercent: 90 } }]);
  await here.pass(2_000);
  expect(await here.of(name)).toMatchObject({ severity: 'P0', severityBecause: '90 % of users are affected' });
});

test('a severity that is released is what the rules say at the next look, which comes at once', async () => {
  await here.fires(here.p2(name));
  const { id } = await here.of(name);
  await core.commander.handle(id, [{ kind: 'override-severity', ...ada, severity: 'P0', because: 'I see it' }]);
  await here.pass(MINUTE);
  expect((await here.of(name)).severity).toBe('P0');
  await core.commander.handle(id, [{ kind: 'release-severity', ...ada }]);
  await here.pass(2_000);
  expect((await here.of(name)).severity).toBe('P2');
});
