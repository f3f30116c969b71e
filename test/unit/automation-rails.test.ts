import type { Change } from '../../src/domain/change.ts';
import type { PlannedStep } from '../../src/domain/plan.ts';
import type { AutomationPolicy, Policy } from '../../src/domain/policy.ts';
import type { ChangeAnalysis, Suspect } from '../../src/domain/suspect.ts';
import { iso } from '../../src/domain/time.ts';
import type { RollbackStart, RollbackStore, TroubledService } from '../../src/rollback/ports.ts';
import type { RailQuestion } from '../../src/rollback/rails.ts';
import { automationStop, busyStop } from '../../src/rollback/rails.ts';
import { HOUR, MINUTE, NOON, opened, plannedStep, policyWith, service } from './support/incident.ts';

const suspectOf = (changes: Partial<Suspect> = {}): Suspect => ({
  kind: 'deployment',
  id: 'deploy-42',
  service: 'checkout',
  version: 'r42',
  previousVersion: 'r41',
  startedAt: iso(NOON - 10 * MINUTE),
  ageSeconds: 600,
  quietSeconds: 0,
  source: 'change-feed',
  undoable: true,
  own: true,
  tests: [],
  ...changes,
});

/** All is as it should be: each test changes what its rail is about, and nothing else. */
interface Scene {
  readonly severity?: 'P0' | 'P1';
  readonly automation?: Partial<AutomationPolicy>;
  readonly services?: Policy['services'];
  readonly suspect?: Suspect | null;
  readonly analysis?: Partial<ChangeAnalysis>;
  readonly service?: string;
  readonly steps?: readonly PlannedStep[];
  readonly starts?: readonly RollbackStart[];
  readonly underWay?: readonly { readonly incidentId: string; readonly service: string }[];
  readonly troubled?: readonly TroubledService[];
  readonly changes?: readonly Change[];
}

async function stopOf(scene: Scene) {
  const { severity = 'P1', automation = {}, services, suspect = suspectOf(), starts = [], changes = [] } = scene;
  const asked: RailQuestion = {
    state: opened(severity, 'roll-back').must,
    policy: policyWith(automation, services === undefined ? {} : { services }),
    analysis: { suspect, rivals: [], acquitted: [], underWay: null, ...scene.analysis },
    service: scene.service ?? 'checkout',
    steps: scene.steps ?? [plannedStep('checkout')],
    now: NOON,
  };
  const store: Partial<RollbackStore> = {
    startsSince: async (at) => starts.filter((each) => each.at > at),
    underWay: async () => scene.underWay ?? [],
    troubled: async () => scene.troubled ?? [],
    changes: async (names, from) =>
      changes.filter((each) => names.includes(each.service) && Date.parse(each.startedAt) >= from),
  };
  return automationStop(store as RollbackStore, asked);
}

const started = (incidentId: string, at: number, of = 'checkout'): RollbackStart => ({ incidentId, service: of, at });
const madeAt = (from: number | null, to: number | null): readonly PlannedStep[] => {
  const { config, target } = plannedStep('checkout');
  const since = (at: number | null) => ({ since: at === null ? null : iso(at) });
  return [
    { config, target: { ...target, from: { ...target.from, ...since(from) }, to: { ...target.to, ...since(to) } } },
  ];
};

test('nothing stops what should go ahead', async () => {
  expect(await stopOf({})).toBeNull();
});

describe('freeze-window', () => {
  const window = { name: 'black friday', kind: 'once' as const, from: iso(NOON - HOUR), to: iso(NOON + HOUR) };
  test.each([
    ['P1', false, 'freeze-window'],
    ['P1', true, 'freeze-window'],
    ['P0', false, null],
    ['P0', true, 'freeze-window'],
  ] as const)('a %s in a window that includes P0: %s', async (severity, includesP0, expected) => {
    const stop = await stopOf({ severity, automation: { freezeWindows: [{ ...window, includesP0 }] } });
    expect(stop?.rail ?? null).toBe(expected);
    if (stop !== null) expect(stop.because).toBe('freeze window "black friday"');
  });
});

describe('recent-change', () => {
  test('nothing changed: it says so', async () => {
    expect(await stopOf({ suspect: null })).toMatchObject({
      rail: 'recent-change',
      because: 'no change to undo: nothing changed in the 60 min before the onset',
    });
  });

  test('what changed was acquitted: it names each, with the reason', async () => {
    const acquitted = [
      { id: 'a', kind: 'deployment' as const, service: 'checkout', because: 'old and new pods fail alike' },
      { id: 'b', kind: 'config' as const, service: 'checkout', because: 'database is in trouble' },
    ];
    const stop = await stopOf({ suspect: null, analysis: { acquitted } });
    expect(stop).toMatchObject({
      rail: 'recent-change',
      because: 'no change to undo: not a, since old and new pods fail alike; not b, since database is in trouble',
      evidence: { acquitted: [{ id: 'a' }, { id: 'b' }] },
    });
  });
});

describe('suspect-is-cause', () => {
  test.each<[string, Scene, string]>([
    [
      'a change of another service than the one whose plan it is',
      { suspect: suspectOf({ id: 'db-7', service: 'database', own: false }) },
      'the suspect change is db-7 of database, which this plan does not undo',
    ],
    [
      'a configuration change',
      { suspect: suspectOf({ kind: 'config', id: 'c1', undoable: false }) },
      'the suspect is a config change (c1), which going back to an older version does not undo',
    ],
    [
      'a migration',
      { suspect: suspectOf({ kind: 'migration', id: 'm1', undoable: false }) },
      'the suspect is a migration change (m1), which going back to an older version does not undo',
    ],
    [
      'one of several that could each have caused it',
      { analysis: { rivals: [suspectOf({ id: 'flag-9', kind: 'flag' })] } },
      'deploy-42 and flag-9 could each have caused it: a person must choose',
    ],
    [
      'a version that does not run any more',
      { suspect: suspectOf({ version: 'r43', previousVersion: 'r42' }) },
      'r43 does not run any more',
    ],
  ])('stops for %s', async (_what, scene, because) => {
    expect(await stopOf(scene)).toMatchObject({
      rail: 'suspect-is-cause',
      because,
      evidence: { id: scene.suspect?.id ?? 'deploy-42' },
    });
  });

  test('lets the plan of the dependency that was changed go ahead', async () => {
    const suspect = suspectOf({ id: 'db-7', service: 'database', version: 'v7', previousVersion: 'v6', own: false });
    expect(await stopOf({ suspect, service: 'database', steps: [plannedStep('database')] })).toBeNull();
  });
});

test('change-under-way: somebody is at work on it', async () => {
  const underWay = {
    id: 'fix',
    kind: 'deployment' as const,
    service: 'checkout',
    because: 'deployment fix began 60 s after the onset',
  };
  expect(await stopOf({ analysis: { underWay } })).toEqual({
    rail: 'change-under-way',
    because: 'deployment fix began 60 s after the onset: somebody is at work on it',
  });
});

describe('somebody has gone back already', () => {
  test.each([
    ['what would come is newer than what runs', NOON - HOUR, NOON - MINUTE, 'target-unresolved'],
    ['what would come is older', NOON - MINUTE, NOON - HOUR, null],
    ['they are of one age', NOON - HOUR, NOON - HOUR, null],
    ['the age of what runs is not known', null, NOON - MINUTE, null],
    ['the age of what would come is not known', NOON - MINUTE, null, null],
  ] as const)('%s', async (_when, from, to, expected) => {
    const stop = await stopOf({ steps: madeAt(from, to) });
    expect(stop?.rail ?? null).toBe(expected);
    if (stop !== null) {
      expect(stop.because).toBe(
        'step checkout: r41 was made after r42, which runs now: somebody has gone back already',
      );
    }
  });
});

describe('cooldown', () => {
  test.each([
    ['within the hour', NOON - HOUR + 1, 'checkout', 'cooldown'],
    ['an hour ago', NOON - HOUR, 'checkout', null],
    ['of another service', NOON - MINUTE, 'cart', null],
  ] as const)('a rollback %s', async (_when, at, of, expected) => {
    const stop = await stopOf({ starts: [started('INC-1', at, of)] });
    expect(stop?.rail ?? null).toBe(expected);
    if (stop !== null) expect(stop.because).toBe(`INC-1 rolled checkout back at ${iso(at)}`);
  });

  test('is as long as it is configured, and of the service whose plan it is', async () => {
    const scene = { automation: { cooldownSeconds: 60 } };
    expect(await stopOf({ ...scene, starts: [started('INC-1', NOON - 61_000)] })).toBeNull();
    expect(await stopOf({ ...scene, starts: [started('INC-1', NOON - 59_000)] })).toMatchObject({ rail: 'cooldown' });
    const suspect = suspectOf({ service: 'database', version: 'v7', previousVersion: 'v6' });
    const of = { suspect, service: 'database', steps: [plannedStep('database')] };
    expect(await stopOf({ ...of, starts: [started('INC-1', NOON - MINUTE, 'database')] })).toMatchObject({
      rail: 'cooldown',
    });
    expect(await stopOf({ ...of, starts: [started('INC-1', NOON - MINUTE, 'checkout')] })).toBeNull();
  });
});

describe('blast-radius', () => {
  const other = (incidentId: string, of: string) => ({ incidentId, service: of });

  test('at once: another service is being rolled back', async () => {
    expect(await stopOf({ underWay: [other('INC-1', 'cart')] })).toEqual({
      rail: 'blast-radius',
      because: 'cart (INC-1) is being rolled back; 1 at once is the limit',
    });
  });

  test('at once: the same service is the business of other rails, and two may be allowed', async () => {
    expect(await stopOf({ underWay: [other('INC-1', 'checkout')] })).toBeNull();
    expect(await stopOf({ automation: { servicesAtOnce: 2 }, underWay: [other('INC-1', 'cart')] })).toBeNull();
  });

  test.each([
    [2, 3, null],
    [3, 3, 'blast-radius'],
    [3, 4, null],
  ] as const)('in an hour: %d other rollbacks where %d are allowed', async (done, rollbacksPerHour, expected) => {
    const starts = Array.from({ length: done }, (_, i) => started(`INC-${i}`, NOON - (i + 1) * MINUTE, `service-${i}`));
    expect((await stopOf({ automation: { rollbacksPerHour }, starts }))?.rail ?? null).toBe(expected);
  });

  test('in an hour: what was longer ago does not count', async () => {
    const starts = [1, 2, 3, 4].map((i) => started(`INC-${i}`, NOON - HOUR, `service-${i}`));
    expect(await stopOf({ starts })).toBeNull();
  });
});

describe('a storm', () => {
  const troubled = (
    n: number,
    changes: (i: number) => Partial<TroubledService> = () => ({}),
  ): readonly TroubledService[] =>
    Array.from({ length: n }, (_, i) => ({
      incidentId: `INC-${i}`,
      service: i === 0 ? 'checkout' : `service-${i}`,
      environment: 'production',
      severity: 'P1',
      onsetAt: NOON,
      openedAt: NOON,
      suspectId: null,
      ...changes(i),
    }));

  test.each([
    [4, null],
    [5, 'blast-radius'],
  ] as const)('of %d services that share no change', async (n, expected) => {
    expect((await stopOf({ troubled: troubled(n) }))?.rail ?? null).toBe(expected);
  });

  test('says which services', async () => {
    expect(await stopOf({ troubled: troubled(5) })).toEqual({
      rail: 'blast-radius',
      because: '5 services are in trouble at once and share no single suspect change',
      evidence: { services: ['checkout', 'service-1', 'service-2', 'service-3', 'service-4'] },
    });
  });

  test('many incidents of one service are no storm', async () => {
    expect(await stopOf({ troubled: troubled(9, () => ({ service: 'checkout' })) })).toBeNull();
  });

  test('trouble that began much earlier or later is another one', async () => {
    const far = (i: number) => (i === 4 ? { onsetAt: NOON - 16 * MINUTE } : {});
    expect(await stopOf({ troubled: troubled(5, far) })).toBeNull();
  });

  test('most of them suspect the same change: that is what they have in common', async () => {
    const same = (n: number) => (i: number) => ({ suspectId: i < n ? 'deploy-42' : 'deploy-7' });
    expect(await stopOf({ troubled: troubled(5, same(3)) })).toBeNull();
    expect(await stopOf({ troubled: troubled(5, same(2)) })).toMatchObject({ rail: 'blast-radius' });
  });

  test('most of them hang on what was changed', async () => {
    const plan = { mode: null, steps: [plannedStep('checkout').config] };
    const services = {
      checkout: service(plan),
      'service-1': service(null, { dependsOn: ['checkout'] }),
      'service-2': service(null, { dependsOn: ['service-1'] }),
    };
    expect(await stopOf({ services, troubled: troubled(5) })).toBeNull();
  });

  test('has the size that is configured', async () => {
    expect(await stopOf({ automation: { stormServices: 3 }, troubled: troubled(3) })).toMatchObject({
      rail: 'blast-radius',
    });
  });
});

describe('database', () => {
  const migration = (startedAt: number, changes: Partial<Change> = {}): Change => ({
    id: 'm1',
    service: 'checkout',
    environment: 'production',
    kind: 'migration',
    version: null,
    previousVersion: null,
    startedAt: iso(startedAt),
    finishedAt: null,
    by: null,
    url: null,
    evidence: {},
    ...changes,
  });
  const deployed = { steps: madeAt(NOON - 10 * MINUTE, NOON - 24 * HOUR) };

  test('a migration came with the version, and nobody says that the older one can work with it', async () => {
    expect(await stopOf({ ...deployed, changes: [migration(NOON - 15 * MINUTE)] })).toEqual({
      rail: 'database',
      because: 'migration m1 came with this version, and nobody has said that the older one can work with it',
      evidence: { change: 'm1' },
    });
  });

  test.each([
    ['true', null],
    ['YES', null],
    ['false', 'database'],
    ['', 'database'],
  ] as const)('its sender says backwardCompatible "%s"', async (word, expected) => {
    const changes = [migration(NOON - 15 * MINUTE, { evidence: { backwardCompatible: word } })];
    expect((await stopOf({ ...deployed, changes }))?.rail ?? null).toBe(expected);
  });

  test.each<[string, Change]>([
    ['more than an hour before the version', migration(NOON - 71 * MINUTE)],
    ['of another service', migration(NOON - 15 * MINUTE, { service: 'cart' })],
    ['that is no migration', migration(NOON - 15 * MINUTE, { kind: 'config' })],
  ])('not for a change %s', async (_what, change) => {
    expect(await stopOf({ ...deployed, changes: [change] })).toBeNull();
  });
});

describe('target-busy', () => {
  const holder = (incidentId: string | null): RollbackStore => {
    const held: Partial<RollbackStore> = {
      holderOf: async ([target]) => (incidentId === null ? null : { target: target!, incidentId }),
    };
    return held as RollbackStore;
  };

  test('another incident has it: it says which', async () => {
    expect(await busyStop(holder('INC-1'), opened('P1').must, [plannedStep('checkout')])).toEqual({
      rail: 'target-busy',
      because: 'INC-1 is rolling kubernetes/eu-1/shop/deployment/checkout back',
    });
  });

  test('nobody has', async () => {
    expect(await busyStop(holder(null), opened('P1').must, [plannedStep('checkout')])).toBeNull();
  });
});
