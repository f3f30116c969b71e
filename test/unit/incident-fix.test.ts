import { evidenceOfChange } from '../../src/domain/change.ts';
import type { Command } from '../../src/domain/incident/commands.ts';
import { CommandRefused } from '../../src/domain/incident/commands.ts';
import { isSameVersion } from '../../src/domain/incident/versions.ts';
import { iso } from '../../src/domain/time.ts';
import type { Incident } from './support/incident.ts';
import {
  MINUTE,
  SECOND,
  allResolved,
  executing,
  firesAgain,
  opened,
  planOf,
  plannedStep,
  recovers,
  step,
} from './support/incident.ts';

type Notice = Extract<Command, { kind: 'notice-change' }>;
type Fix = Extract<Command, { kind: 'record-fix' }>;

/** A deployment of r43 that is through, told of now. */
const change = (
  incident: Incident,
  changes: Partial<Notice['change']> = {},
  evidence: Partial<Notice['evidence']> = {},
): Notice => ({
  kind: 'notice-change',
  change: {
    id: 'deploy-43',
    service: 'checkout',
    kind: 'deployment',
    version: 'r43',
    by: 'ci',
    url: 'https://ci.example.com/43',
    at: iso(incident.now - SECOND),
    deployedAt: iso(incident.now),
    ...changes,
  },
  evidence: { tests: true, staging: true, ...evidence },
});

const fix = (incident: Incident, stage: Fix['stage'], more: Partial<Fix> = {}): Fix => ({
  kind: 'record-fix',
  stage,
  at: iso(incident.now),
  url: null,
  version: null,
  text: null,
  by: 'ada',
  via: 'api',
  ...more,
});

const refusal = (act: () => unknown): { code: string; field: string | null } => {
  try {
    act();
  } catch (error) {
    if (error instanceof CommandRefused) return { code: error.code, field: error.field };
    throw error;
  }
  throw new Error('nothing was refused');
};

/** A P1 that was rolled back from r42 to r41 and is restored. */
const restored = (): Incident => {
  const incident = recovers(step(executing(opened('P1', 'roll-back'))));
  incident.after(MINUTE).do(allResolved());
  return incident.after(MINUTE);
};

describe('a change while the incident lasts', () => {
  test('before the restoration is recorded, said to be early, and is no fix, however well it was tested', () => {
    const incident = opened('P1').after(MINUTE);
    expect(incident.types(change(incident))).toEqual(['change-noticed']);
    expect(incident.last('change-noticed')).toMatchObject({ id: 'deploy-43', beforeRestoration: true });
    expect(incident.must).toMatchObject({ status: 'open', fixDeployedAt: null });
  });

  test('of a P2 before its restoration is its fix: those are fixed forward', () => {
    const incident = opened('P2').after(MINUTE);
    expect(incident.types(change(incident))).toEqual([
      'change-noticed',
      'fix-recorded',
      'fix-recorded',
      'fix-recorded',
    ]);
    expect(incident.must.status).toBe('open');
  });

  test('after the restoration, with tests and staging, is the fix that resolves it', () => {
    const incident = restored();
    expect(incident.must.status).toBe('mitigated');
    incident.do(change(incident));
    expect(incident.all('fix-recorded').map(({ stage, by, via }) => [stage, by, via])).toEqual([
      ['tested', 'ci', 'changes'],
      ['staging', 'ci', 'changes'],
      ['deployed', 'ci', 'changes'],
    ]);
    expect(incident.last('incident-resolved')).toEqual({
      by: 'ci',
      because: 'the fix is deployed (r43)',
      via: 'changes',
    });
    expect(incident.must).toMatchObject({ status: 'resolved', fixDeployedAt: iso(incident.now) });
  });

  test.each<[string, Partial<Notice['change']>, Partial<Notice['evidence']>]>([
    ['without tests', {}, { tests: false }],
    ['without staging', {}, { staging: false }],
    ['that still runs', { deployedAt: null }, {}],
    ['that brings back the bad version', { version: 'r42' }, {}],
    ['of a dependency', { service: 'orders-db' }, {}],
  ])('%s is noticed, and is no fix', (_what, changes, evidence) => {
    const incident = restored();
    expect(incident.types(change(incident, changes, evidence))).toEqual(['change-noticed']);
    expect(incident.must.status).toBe('mitigated');
  });

  test('is noticed once, and becomes the fix when it is through', () => {
    const incident = restored();
    expect(incident.types(change(incident, { deployedAt: null }))).toEqual(['change-noticed']);
    expect(incident.types(change(incident, { deployedAt: null }))).toEqual([]);
    expect(incident.after(MINUTE).types(change(incident))).toEqual([
      'fix-recorded',
      'fix-recorded',
      'fix-recorded',
      'incident-resolved',
      'clock-cancelled',
      'clock-breached',
    ]);
    expect(incident.types(change(incident))).toEqual([]);
  });

  test('of another version than the linked fix is not the fix; evidence that was recorded of the fix counts', () => {
    const incident = restored();
    incident.do(fix(incident, 'linked', { version: 'r44' }));
    incident.do(fix(incident, 'tested', { version: 'r44' }));
    incident.do(fix(incident, 'staging', { version: 'r44' }));
    expect(incident.types(change(incident))).toEqual(['change-noticed']);
    const named = change(incident, { id: 'deploy-44', version: 'r44' }, { tests: false, staging: false });
    expect(incident.types(named).slice(0, 3)).toEqual(['change-noticed', 'fix-recorded', 'incident-resolved']);
  });

  test('from before the onset is none of it, nor is news of the suspect', () => {
    const incident = opened('P1', 'roll-back');
    const before = change(incident, { at: iso(Date.parse(incident.must.onset.at) - SECOND) });
    expect(incident.types(before)).toEqual([]);
    const suspect = { id: 'deploy-42', version: 'r42' };
    incident.do({ kind: 'plan-rollback', plan: planOf(), planHash: 'a'.repeat(64), rehearsal: [], suspect });
    expect(incident.types(change(incident, { id: 'deploy-42' }))).toEqual([]);
  });

  test('with a fast clock is the fix from now on', () => {
    const incident = restored();
    incident.do(change(incident, { deployedAt: iso(incident.now + 10 * MINUTE) }));
    expect(incident.must.fixDeployedAt).toBe(iso(incident.now));
  });
});

describe('what brings the trouble back is refused', () => {
  test('by the name that the target has for it', () => {
    const incident = restored();
    expect(refusal(() => incident.do(fix(incident, 'deployed', { version: 'r42' })))).toEqual({
      code: 'conflict',
      field: 'version',
    });
    expect(refusal(() => incident.do(fix(incident, 'linked', { version: 'r42' })))).toMatchObject({ field: 'version' });
  });

  test('by the tag of its image, and by what the change feed called it', () => {
    const base = plannedStep('checkout');
    const from = { ...base.target.from, images: ['registry.example.com/shop/checkout:1.42.0'] };
    const plan = planOf({ ...base, target: { ...base.target, from } });
    const incident = opened('P1', 'roll-back');
    const suspect = { id: 'deploy-42', version: 'build-7781' };
    incident.do({ kind: 'plan-rollback', plan, planHash: 'a'.repeat(64), rehearsal: [], suspect });
    incident.after(MINUTE).do({ kind: 'start-rollback' });
    recovers(step(incident));
    for (const version of ['1.42.0', 'build-7781', 'r42']) {
      expect(refusal(() => incident.do(fix(incident, 'deployed', { version }))).field).toBe('version');
    }
    expect(incident.types(fix(incident, 'deployed', { version: '1.42.1' }))).toContain('fix-recorded');
  });

  test.each([
    ['shop/checkout:1.42', '1.42', true],
    ['shop/checkout@sha256:ab', 'sha256:ab', true],
    ['shop/checkout:1.42', '42', false],
    ['1.42', '1.42', true],
    ['1.42', '1.4', false],
  ])('%s is %s: %s', (known, version, same) => {
    expect(isSameVersion(known, version)).toBe(same);
  });
});

describe('the stages of a fix', () => {
  test('come in an order that can be', () => {
    const incident = opened('P0').after(MINUTE);
    expect(refusal(() => incident.do(fix(incident, 'linked')))).toEqual({ code: 'invalid', field: 'url' });
    incident.do(allResolved());
    expect(refusal(() => incident.do(fix(incident, 'validated')))).toEqual({ code: 'conflict', field: 'stage' });
    incident.do(fix(incident, 'deployed', { version: 'r43' }));
    expect(refusal(() => incident.do(fix(incident, 'unnecessary')))).toEqual({ code: 'conflict', field: 'stage' });
    expect(incident.types(fix(incident, 'validated'))).toEqual(['fix-recorded']);
    expect(incident.types(fix(incident, 'validated'))).toEqual([]);
  });

  test('have happened, and after the trouble began', () => {
    const incident = restored();
    const late = fix(incident, 'tested', { at: iso(incident.now + SECOND) });
    expect(refusal(() => incident.do(late))).toEqual({ code: 'invalid', field: 'at' });
    const early = fix(incident, 'tested', { at: iso(Date.parse(incident.must.onset.at) - SECOND) });
    expect(refusal(() => incident.do(early))).toEqual({ code: 'invalid', field: 'at' });
  });

  test('begin anew when it comes back: the same words mean another fix', () => {
    const incident = restored();
    incident.do(fix(incident, 'unnecessary'));
    expect(incident.must.status).toBe('resolved');
    incident.after(MINUTE).do(firesAgain);
    expect(incident.must).toMatchObject({ status: 'open', fixSteps: [], fixDeployedAt: null, fixValidatedAt: null });
    incident.after(MINUTE).do(allResolved(2));
    incident.do(fix(incident, 'unnecessary'));
    expect(incident.must.status).toBe('resolved');
  });

  test('a fix that is deployed anew is validated anew', () => {
    const incident = restored();
    incident.do(fix(incident, 'deployed', { version: 'r43' }));
    incident.do(fix(incident, 'validated'));
    incident.after(MINUTE).do(fix(incident, 'deployed', { version: 'r44' }));
    expect(incident.must.fixValidatedAt).toBeNull();
  });
});

test.each([
  [
    { tests: 'https://ci.example.com/7', staging: 'passed' },
    { tests: true, staging: true },
  ],
  [
    { tests: 'true', staging: 'FAILED' },
    { tests: true, staging: false },
  ],
  [
    { tests: ' ', staging: 'false' },
    { tests: false, staging: false },
  ],
  [{ other: 'x' }, { tests: false, staging: false }],
])('evidence of a change: %j', (evidence: Record<string, string>, said) => {
  expect(evidenceOfChange({ evidence })).toEqual(said);
});
