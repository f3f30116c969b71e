import type { Capture } from '../../src/rollback/ports.ts';
import { holderOf } from '../../src/store/rollbacks.ts';
import { iso } from '../../src/domain/time.ts';
import { raw } from '../harness/core.ts';
import { HOUR, MINUTE, SECOND, assessmentOf, plannedStep, service } from './support/incident.ts';
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
  untilVerdict,
  useCoordinator,
  world,
} from './support/coordinator.ts';

useCoordinator();

const typesOf = async (id: string) => (await core.timeline(id)).map(({ type }) => type);
const ofType = async (id: string, wanted: string) => (await core.timeline(id)).filter(({ type }) => type === wanted);
const approve = (id: string, planHash: string | null = null) =>
  core.commander.handle(id, [{ kind: 'approve-rollback', by: 'ada', via: 'slack', planHash }]);
const two = () => [plannedStep(`${name}-api`).config, plannedStep(`${name}-web`).config];
const recovered = async (id: string): Promise<void> => {
  await drive(id);
  await resolveAlerts();
  await untilVerdict(id);
};

describe('what a step destroys is saved before', () => {
  const log = (text: string) => ({ kind: 'logs' as const, name: 'pod x', text, truncated: false });
  const saved = async (capture: () => Promise<Capture>, captureSeconds = 3) => {
    target.capture = capture;
    core.policy = policyHere({ captureSeconds });
    const id = await asked();
    await drive(id);
    const types = await typesOf(id);
    expect(types).toContain('rollback-step-finished');
    const event = (await ofType(id, 'evidence-captured'))[0];
    if (event !== undefined) {
      expect(types.indexOf('evidence-captured')).toBeLessThan(types.indexOf('rollback-step-intended'));
    }
    return event?.data as { items: { text: string; truncated: boolean }[]; missing: string[] } | undefined;
  };

  test('what it gives, and what it could not', async () => {
    expect(await saved(async () => ({ items: [log('boom')], missing: ['events: forbidden'] }))).toMatchObject({
      index: 0,
      name,
      items: [{ kind: 'logs', name: 'pod x', text: 'boom', truncated: false }],
      missing: ['events: forbidden'],
    });
  });

  test('without what looks like a credential, also in what is missing', async () => {
    const data = await saved(async () => ({ items: [log('token=abcdef123')], missing: ['no: password=hunter2'] }));
    expect(data).toMatchObject({ items: [{ text: 'token=[redacted]' }], missing: ['no: password=[redacted]'] });
  });

  test('the end of what is too long, shared out among the pieces', async () => {
    const data = await saved(async () => ({
      items: [log(`${'a'.repeat(60_000)} the end`), log('short')],
      missing: [],
    }));
    expect(data?.items[0]?.text).toHaveLength(24_000);
    expect(data?.items[0]).toMatchObject({ truncated: true, text: expect.stringMatching(/the end$/) });
    expect(data?.items[1]).toMatchObject({ truncated: false, text: 'short' });
  });

  test('never longer than the limit: the rollback goes on without it', async () => {
    const data = await saved(() => new Promise(() => undefined), 0.05);
    expect(data).toMatchObject({ items: [], missing: ['nothing was saved in 0.05 s'] });
  });

  test.each([
    ['rejects', () => Promise.reject(new Error('boom'))],
    [
      'throws',
      () => {
        throw new Error('boom');
      },
    ],
  ] as const)('a provider that %s holds nothing up', async (_how, capture) => {
    expect(await saved(capture)).toMatchObject({ items: [], missing: ['it could not be read'] });
  });

  test('not where that is turned off, nor where a provider destroys nothing', async () => {
    expect(await saved(async () => ({ items: [log('x')], missing: [] }), 0)).toBeUndefined();
    target.capture = null;
  });

  test('each step once, also when it is driven again', async () => {
    target.capture = async (step) => {
      target.calls.push(`capture ${step.name}`);
      return { items: [], missing: [] };
    };
    core.policy = policyHere({}, serviceWith(two()));
    const id = await asked();
    let refusing = true;
    target.execution = () =>
      refusing
        ? { kind: 'failed', failure: { kind: 'server', message: 'HTTP 503' } }
        : { kind: 'accepted', receipt: {} };
    await drive(id);
    refusing = false;
    await drive(id);
    expect(target.calls.filter((call) => call.startsWith('capture'))).toEqual([
      `capture ${name}-api`,
      `capture ${name}-web`,
    ]);
  });
});

describe('after a recovery it is watched', () => {
  test('whoever moves it away is named, once, and somebody is woken', async () => {
    const id = await asked();
    await recovered(id);
    core.clock.at += 5 * MINUTE;
    await drive(id);
    expect(await typesOf(id)).not.toContain('rollback-reverted');
    target.observation = { kind: 'diverged', message: 'argocd put r42 back', progress: {} };
    await drive(id);
    await drive(id);
    const [reverted, ...more] = await ofType(id, 'rollback-reverted');
    expect(reverted?.data).toEqual({ name, detail: 'argocd put r42 back' });
    expect(more).toEqual([]);
    expect((await ofType(id, 'page-requested')).at(-1)?.data).toMatchObject({ reason: 'rollback-reverted' });
  });

  test.each([
    ['unreadable', { kind: 'unreadable', failure: { kind: 'server', message: 'HTTP 503' } }],
    ['still moving', { kind: 'progressing', message: '2 of 3', progress: {} }],
  ] as const)('what is %s was not reverted', async (_what, observation) => {
    const id = await asked();
    await recovered(id);
    target.observation = observation;
    await drive(id);
    expect(await typesOf(id)).not.toContain('rollback-reverted');
  });

  test('until its end, and not longer', async () => {
    const id = await asked();
    await recovered(id);
    core.clock.at += 30 * MINUTE;
    await drive(id);
    expect(await typesOf(id)).toContain('rollback-watched');
    target.calls = [];
    core.clock.at += MINUTE;
    await drive(id);
    expect(target.calls).toEqual([]);
  });

  test('what was moved is no news once the incident is closed, and it comes to an end', async () => {
    const id = await asked();
    await recovered(id);
    await core.commander.handle(id, [{ kind: 'resolve', by: 'ada', via: 'api', because: 'done' }]);
    core.clock.at += 25 * HOUR;
    await core.commander.handle(id, [{ kind: 'fire-timer', name: 'monitoring' }]);
    target.observation = { kind: 'diverged', message: 'r43 is out', progress: {} };
    target.calls = [];
    const run = { over: false };
    const driven = drive(id).finally(() => {
      run.over = true;
    });
    while (!run.over && target.calls.length < 20) await new Promise((resolve) => setImmediate(resolve));
    const looks = target.calls.length;
    target.observation = { kind: 'done', message: 'so that it ends', progress: {} };
    await driven;
    expect(looks).toBeLessThan(20);
    expect((await ofType(id, 'page-requested')).map(({ data }) => data)).not.toContainEqual(
      expect.objectContaining({ reason: 'rollback-reverted' }),
    );
  });
});

describe('two incidents want one target', () => {
  /** An incident of another service whose plan has the same step, and so the same target. */
  async function rival(severity: 'P0' | 'P1'): Promise<string> {
    const other = `${name}-rival`;
    const step = plannedStep(name).config;
    core.policy = policyHere({}, { ...serviceWith([step]), [other]: service({ mode: null, steps: [step] }) });
    await change({ id: `deploy-${other}`, service: other });
    await core.deliver(raw('A', { service: other, startsAt: core.clock.at - MINUTE }));
    await core.settle();
    const { id } = (await core.incidents()).find((incident) => incident.service === other)!;
    await core.commander.handle(id, [{ kind: 'assess', assessment: assessmentOf(severity, 'roll-back') }]);
    return id;
  }

  test('one has it: the other is stopped, and says who has it', async () => {
    const first = await asked();
    await drive(first);
    const second = await rival('P0');
    await drive(second);
    expect(await rollback(second)).toMatchObject({
      stoppedBy: 'target-busy',
      because: `${first} is rolling ${plannedStep(name).target.key} back`,
    });
    expect(target.calls.filter((call) => call.startsWith('execute'))).toHaveLength(1);
  });

  test('both are announced, and begin in the same moment: one of them carries it out', async () => {
    const first = await asked('P1');
    const second = await rival('P1');
    world.assessment = assessmentOf('P1', 'roll-back');
    await drive(first);
    await drive(second);
    core.clock.at += MINUTE;
    await Promise.all([drive(first), drive(second)]);
    core.clock.at += 2_000;
    await Promise.all([drive(first), drive(second)]);
    expect(target.calls.filter((call) => call.startsWith('execute'))).toHaveLength(1);
    // Whoever came second finds the target taken, or its service rolled back just now.
    const stops = [(await rollback(first)).stoppedBy, (await rollback(second)).stoppedBy];
    expect(stops.filter((stop) => stop === 'target-busy' || stop === 'cooldown')).toHaveLength(1);
  });

  test('the verdict of one lets the other have it', async () => {
    const first = await asked();
    await recovered(first);
    const second = await rival('P0');
    await drive(second);
    expect(await holderOf(core.store.db, [plannedStep(name).target.key], first)).toMatchObject({ incidentId: second });
  });
});

test('two that were announced together: only as many start as may be under way at once', async () => {
  const first = await asked('P1');
  const other = `${name}-other`;
  const services = {
    ...serviceWith([plannedStep(name).config]),
    [other]: service({ mode: null, steps: [plannedStep(other).config] }),
  };
  core.policy = policyHere({}, services);
  await change({ id: `deploy-${other}`, service: other });
  await core.deliver(raw('A', { service: other, startsAt: core.clock.at - MINUTE }));
  await core.settle();
  const second = (await core.incidents()).find((incident) => incident.service === other)!.id;
  await core.commander.handle(second, [{ kind: 'assess', assessment: assessmentOf('P1', 'roll-back') }]);
  await drive(first);
  await drive(second);
  const running = (await core.incidents()).filter(
    ({ rollback: each }) => each?.stage === 'executing' || each?.stage === 'validating',
  ).length;
  core.policy = policyHere({ servicesAtOnce: running + 1 }, services);
  core.clock.at += MINUTE;
  await drive(first);
  await drive(second);
  expect((await rollback(first)).stage).toBe('validating');
  expect((await rollback(second)).stoppedBy).toBe('blast-radius');
});

describe('approval', () => {
  const awaiting = async (): Promise<string> => {
    core.policy = policyHere({ mode: 'approve' });
    const id = await asked();
    await drive(id);
    expect((await rollback(id)).stage).toBe('awaiting-approval');
    return id;
  };

  test('given twice, by two people at once: it is carried out once', async () => {
    const id = await awaiting();
    await Promise.all([approve(id), approve(id)]);
    await Promise.all([drive(id), drive(id)]);
    await approve(id);
    await drive(id);
    expect(target.calls.filter((call) => call.startsWith('execute'))).toHaveLength(1);
    expect(await ofType(id, 'rollback-approved')).toHaveLength(1);
  });

  test('that comes too late stops it: nothing is carried out', async () => {
    const id = await awaiting();
    core.clock.at += 15 * MINUTE + 1;
    await approve(id);
    await drive(id);
    expect(await rollback(id)).toMatchObject({ stage: 'stopped', stoppedBy: 'approval-expired' });
    expect(target.calls).toEqual([]);
  });

  test('that comes late: the target is asked again whether it would take it', async () => {
    const id = await awaiting();
    core.clock.at += 10 * MINUTE;
    target.rehearsal = { kind: 'refused', refusal: 'changed-meanwhile', message: 'it is at r43' };
    await approve(id);
    await drive(id);
    expect(await rollback(id)).toMatchObject({ stage: 'stopped', stoppedBy: 'state-moved' });
    expect(target.calls).toEqual([]);
  });

  test('stands, whatever the rules say meanwhile, but not past the kill switch', async () => {
    const id = await awaiting();
    world.assessment = assessmentOf('P1', 'hold');
    await approve(id);
    await drive(id);
    expect((await rollback(id)).stage).toBe('validating');
    const killed = await awaitingAnother();
    core.policy = policyHere({ mode: 'approve', killSwitch: true });
    await approve(killed);
    await drive(killed);
    expect((await rollback(killed)).stoppedBy).toBe('kill-switch');
  });

  /** Another incident of the same test's clock, with a service of its own. */
  async function awaitingAnother(): Promise<string> {
    const other = `${name}-second`;
    core.policy = policyHere(
      { mode: 'approve' },
      { [other]: service({ mode: null, steps: [plannedStep(other).config] }) },
    );
    await change({ id: `deploy-${other}`, service: other });
    await core.deliver(raw('A', { service: other, startsAt: core.clock.at - MINUTE }));
    await core.settle();
    const { id } = (await core.incidents()).find((incident) => incident.service === other)!;
    await core.commander.handle(id, [{ kind: 'assess', assessment: assessmentOf('P0', 'roll-back') }]);
    await drive(id);
    return id;
  }
});

describe('the plan is edited in the configuration', () => {
  test('while it runs: what was pinned is carried out to its end', async () => {
    core.policy = policyHere({}, serviceWith(two()));
    const id = await asked();
    target.execution = () => {
      core.policy = policyHere({}, serviceWith([plannedStep('something-else').config]));
      return { kind: 'accepted', receipt: {} };
    };
    await drive(id);
    expect(target.calls.filter((call) => call.startsWith('execute'))).toEqual([
      `execute ${name}-api`,
      `execute ${name}-web`,
    ]);
  });

  test('and taken out while it runs: the same', async () => {
    core.policy = policyHere({}, serviceWith(two()));
    const id = await asked();
    target.execution = () => {
      core.policy = policyHere({}, {});
      return { kind: 'accepted', receipt: {} };
    };
    await drive(id);
    expect((await rollback(id)).stage).toBe('validating');
  });

  test.each([
    ['taken out', {}],
    ['set to approve', { mode: 'approve' as const }],
    ['set to off', { mode: 'off' as const }],
  ])('and %s in the hold: automation does not start it', async (_how, automation) => {
    const id = await asked('P1');
    await drive(id);
    core.policy = 'mode' in automation ? policyHere(automation) : policyHere({}, {});
    core.clock.at += MINUTE;
    await drive(id);
    expect(await rollback(id)).toMatchObject({ stage: 'stopped', stoppedBy: 'mode' });
    expect(target.calls).toEqual([]);
  });
});

describe('at the end of the hold', () => {
  test('the rules are asked again: what they no longer want is not done', async () => {
    const id = await asked('P1');
    await drive(id);
    world.assessment = assessmentOf('P1', 'hold');
    core.clock.at += MINUTE;
    await drive(id);
    expect(await rollback(id)).toMatchObject({ stoppedBy: 'state-moved', because: expect.stringContaining('hold') });
    expect(target.calls).toEqual([]);
  });

  test.each([
    ['well by then: it is not rolled back', 0.004, 'recovered-without-us'],
    ['not: it is', 0.3, null],
  ] as const)('it is %s', async (_how, errors, stopped) => {
    world.baseline = {
      from: iso(core.clock.at - HOUR),
      to: iso(core.clock.at - HOUR / 2),
      metrics: { errorRatio: { median: 0.004, p95: 0.007, mad: 0.001, samples: 31 } },
      missing: {},
    };
    core.activeAt = iso(core.clock.at - MINUTE);
    const id = await asked('P1');
    await core.commander.handle(id, [{ kind: 'freeze-baseline', baseline: world.baseline }]);
    await drive(id);
    world.measured = { errorRatio: { value: errors } };
    world.alerts = 'pass';
    core.clock.at += MINUTE;
    await drive(id);
    expect((await rollback(id)).stoppedBy).toBe(stopped);
    expect(target.calls.length > 0).toBe(stopped === null);
  });
});

describe('the clock', () => {
  test('jumps ahead in the hold: it starts once', async () => {
    const id = await asked('P1');
    await drive(id);
    core.clock.at += 26 * HOUR;
    await drive(id);
    await drive(id);
    expect(target.calls.filter((call) => call.startsWith('execute'))).toHaveLength(1);
  });

  test('jumps back in the hold: it starts when it was said', async () => {
    const id = await asked('P1');
    await drive(id);
    const startsAt = Date.parse((await rollback(id)).startsAt!);
    core.clock.at -= 10 * MINUTE;
    await drive(id);
    expect(target.calls).toEqual([]);
    core.clock.at = startsAt;
    await drive(id);
    expect(target.calls).toContain(`execute ${name}`);
  });

  test('jumps ahead while it is validated: one last look, and the verdict', async () => {
    const id = await asked();
    await drive(id);
    core.clock.at += 26 * HOUR;
    await drive(id);
    expect(await rollback(id)).toMatchObject({ stage: 'finished', recovery: { samples: 1 } });
  });

  test('jumps back while it is validated: it comes to its verdict, and no time is negative', async () => {
    const id = await asked();
    await drive(id);
    core.clock.at += 40 * SECOND;
    await drive(id);
    core.clock.at -= HOUR;
    await drive(id);
    await resolveAlerts();
    core.clock.at += 10 * MINUTE;
    await core.commander.handle(id, [
      { kind: 'sample-recovery', sample: { result: 'fail', worse: true, checks: [] } },
      { kind: 'sample-recovery', sample: { result: 'fail', worse: true, checks: [] } },
      { kind: 'sample-recovery', sample: { result: 'fail', worse: true, checks: [] } },
    ]);
    const [verdict] = await ofType(id, 'rollback-verdict');
    expect((verdict?.data as { seconds: number }).seconds).toBeGreaterThanOrEqual(0);
    core.clock.at += 2 * HOUR;
  });
});

describe('a person', () => {
  const by = { by: 'ada', via: 'api', because: 'I know' } as const;

  test('starts it past the rails for automation: nothing changed, a freeze window, a cooldown', async () => {
    const at = core.clock.at;
    const window = { name: 'all year', includesP0: true, kind: 'once' as const, from: iso(at), to: iso(at + 9 * HOUR) };
    core.policy = policyHere({ freezeWindows: [window] });
    const id = await asked('P0', null);
    await drive(id);
    expect((await rollback(id)).stoppedBy).toBe('freeze-window');
    await core.commander.handle(id, [{ kind: 'request-rollback', ...by }]);
    world.assessment = assessmentOf('P0', 'hold');
    await drive(id);
    expect(await rollback(id)).toMatchObject({ stage: 'validating', requestedBy: 'ada' });
  });

  test('is still stopped by what holds for everybody: a target that refuses, and one that is taken', async () => {
    const id = await asked('P0', null);
    await drive(id);
    target.resolution = () => ({ kind: 'refused', refusal: 'owned-by-another', message: 'argocd has it' });
    await core.commander.handle(id, [{ kind: 'request-rollback', ...by }]);
    await drive(id);
    expect((await rollback(id)).stoppedBy).toBe('gitops-owner');
  });

  test('undoes it: the last step first, to what was left', async () => {
    core.policy = policyHere({}, serviceWith(two()));
    const id = await asked();
    await recovered(id);
    target.calls = [];
    await core.commander.handle(id, [{ kind: 'undo-rollback', ...by }]);
    await drive(id);
    expect(target.calls.filter((call) => call.startsWith('execute'))).toEqual([
      `execute ${name}-web`,
      `execute ${name}-api`,
    ]);
    const { plan, purpose, stage } = await rollback(id);
    expect({ purpose, stage }).toEqual({ purpose: 'undo', stage: 'validating' });
    expect(plan?.steps.map(({ target: { from, to } }) => [from.version, to.version])).toEqual([
      ['r41', 'r42'],
      ['r41', 'r42'],
    ]);
  });

  test('undoes nothing where the way back is refused', async () => {
    const id = await asked();
    await recovered(id);
    target.calls = [];
    target.undo = () => ({ kind: 'refused', refusal: 'changed-meanwhile', message: 'it is at r43' });
    await core.commander.handle(id, [{ kind: 'undo-rollback', ...by }]);
    await drive(id);
    expect(await rollback(id)).toMatchObject({ stoppedBy: 'state-moved', because: expect.stringContaining('r43') });
    expect(target.calls.filter((call) => call.startsWith('execute'))).toEqual([]);
  });

  test('declares a fix: the rollback starts when its time is over, and not before', async () => {
    const id = await asked('P1');
    await drive(id);
    await core.commander.handle(id, [{ kind: 'declare-fix', by: 'ada', via: 'slack', seconds: 240 }]);
    core.clock.at += 239 * SECOND;
    await drive(id);
    expect(target.calls).toEqual([]);
    core.clock.at += SECOND;
    await drive(id);
    expect(target.calls).toContain(`execute ${name}`);
  });
});
