import { AlertBook, servicesOf, withCounted } from '../bench/causes/alerts.ts';
import { SimulatedClusters } from '../bench/causes/cluster.ts';
import { SimulatedMetrics } from '../bench/causes/metrics.ts';
import { readText } from '../bench/causes/read.ts';
import type { AlertEntry, Scenario } from '../bench/causes/scenario.ts';
import { noisy, valueAt } from '../bench/causes/series.ts';

const oneLine = (yaml: string): string => yaml.replaceAll('\n', ' ');

const scenarioWith = (timeline: string, metrics = '[]', ifRolledBack = 'null'): Scenario => {
  const read = readText(
    'test',
    `version: 1
scenarios:
  - id: world
    services:
      - { service: shop, dependsOn: [auth], customerFacing: true, hasRollbackPlan: true, steps: [deployment] }
      - { service: auth, dependsOn: [], hasRollbackPlan: true, steps: [deployment] }
    timeline: ${oneLine(timeline)}
    metrics: ${oneLine(metrics)}
    ifRolledBack: ${ifRolledBack}
    expected: { severity: P1, decision: hold }`,
  );
  expect(read.problems).toEqual([]);
  return read.found[0]!.scenario;
};

const RELEASE = '{ atSeconds: -60, kind: change, id: auth-r2, type: deployment, service: auth, from: r1, to: r2 }';
const step = { service: 'auth', tool: 'deployment', isGate: false };

describe('series', () => {
  const points = [
    [0, 1],
    [10, 2],
    [20, null],
    [30, 4],
  ] as const;

  test.each([
    [-5, 1],
    [0, 1],
    [5, 1.5],
    [15, 2],
    [20, null],
    [29, null],
    [30, 4],
    [99, 4],
  ])('at %d it is %p', (at, value) => {
    expect(valueAt(points, at)).toBe(value);
  });

  test('noise is small, the same for the same seed, and leaves zero alone', () => {
    const values = Array.from({ length: 200 }, (_, at) => noisy(100, 'seed', at * 5));
    expect(Math.min(...values)).toBeGreaterThan(98);
    expect(Math.max(...values)).toBeLessThan(102);
    expect(new Set(values).size).toBeGreaterThan(150);
    expect(noisy(100, 'seed', 12)).toBe(noisy(100, 'seed', 14));
    expect(noisy(0, 'seed', 12)).toBe(0);
  });
});

describe('metrics', () => {
  const METRICS = `[
    { service: auth, errorRatio: [[-3600, 0.001], [0, 0.001], [10, 0.5]] },
    { service: auth, revision: r2, errorRatio: [[0, 0.9]] },
    { service: shop, errorRatio: [[-3600, 0.002], [0, 0.002], [10, 0.802]] }]`;
  const cured = '{ target: auth-r2, errorRatio: [[0, 0.5], [50, 0.001]] }';
  const scenario = scenarioWith(`[${RELEASE}]`, METRICS, cured);
  let undone: number | null = null;
  const metrics = new SimulatedMetrics(scenario, () => (undone === null ? null : { at: undone }));
  const of = (service: string, at: number, narrowed = {}) => metrics.value(service, 'errorRatio', narrowed, at);

  test('narrowed entries answer only what is narrowed so', () => {
    undone = null;
    expect([of('auth', 100), of('auth', 100, { revision: 'r2' }), of('auth', 100, { revision: 'r1' })]).toEqual([
      0.5,
      0.9,
      null,
    ]);
  });

  test('from the end of the rollback its series go on, and those who depend on it follow', () => {
    undone = 200;
    expect(of('auth', 199)).toBe(0.5);
    expect(of('auth', 200)).toBe(0.5);
    expect(of('auth', 225)).toBeCloseTo(0.2505);
    expect(of('auth', 900)).toBe(0.001);
    expect(of('shop', 199)).toBe(0.802);
    expect(of('shop', 225)).toBeCloseTo(0.402);
    expect(of('shop', 250)).toBeCloseTo(0.002);
    expect(of('auth', 250, { revision: 'r2' })).toBeNull();
    expect([metrics.isQuiet('auth', 210), metrics.isQuiet('shop', 250)]).toEqual([false, true]);
  });

  test('while the monitoring is down there is no answer, and later there are no samples of that time', () => {
    const down = scenarioWith(
      '[{ atSeconds: 0, kind: monitoring, state: down }, { atSeconds: 50, kind: monitoring, state: up }]',
      METRICS,
    );
    const seen = new SimulatedMetrics(down, () => null);
    const ask = (at: number, now: number) => seen.query('auth', 'errorRatio', {}, at, now);
    expect([ask(20, 20), ask(-100, 20), ask(20, 60)]).toEqual(['down', 'down', null]);
    expect(ask(60, 60)).toBeCloseTo(0.5, 1);
  });

  test('stale samples do not move, not even by noise', () => {
    const stale = scenarioWith('[{ atSeconds: -5, kind: monitoring, state: stale }]', METRICS);
    const seen = new SimulatedMetrics(stale, () => null);
    const values = [0, 30, 300].map((at) => seen.query('auth', 'errorRatio', {}, at, at));
    expect(new Set(values).size).toBe(1);
    expect(values[0]).toBeCloseTo(0.001);
  });

  test('of parts alone the whole is weighed by their traffic', () => {
    const parts = `[
      { service: auth, cell: a, errorRatio: [[0, 0.4]], latencyP95Seconds: [[0, 9]], requestsPerSecond: [[0, 10]] },
      { service: auth, cell: b, errorRatio: [[0, 0]], latencyP95Seconds: [[0, 1]], requestsPerSecond: [[0, 90]] }]`;
    const seen = new SimulatedMetrics(scenarioWith('[]', parts), () => null);
    const whole = (name: string) => seen.value('auth', name, {}, 0);
    expect([whole('errorRatio'), whole('requestsPerSecond'), whole('latencyP95Seconds')]).toEqual([0.04, 100, 9]);
  });
});

describe('clusters', () => {
  const entry = (at: number, workload: string) =>
    `{ atSeconds: ${at}, kind: cluster, service: auth, workload: ${workload} }`;

  test('without a word on the cluster the deployments tell', () => {
    const clusters = new SimulatedClusters(scenarioWith(`[${RELEASE}]`));
    expect(clusters.find(step, [], 0)).toMatchObject({
      kind: 'target',
      from: { version: 'r2', createdAt: -60 },
      to: { version: 'r1' },
    });
    expect(clusters.find(step, ['r1'], 0)).toMatchObject({ kind: 'refused', refusal: 'target-was-bad' });
  });

  test.each([
    ['{ revisions: [{ revision: r2, desired: 2, ready: 2 }] }', 'no-older-version'],
    ['{ revisions: [], gone: true }', 'not-found'],
    ['{ revisions: [{ revision: r2, desired: 2 }, { revision: r1 }], paused: true }', 'paused'],
    [
      '{ revisions: [{ revision: r2, desired: 2 }, { revision: r1 }], owner: argocd, autoSync: true }',
      'owned-by-another',
    ],
    ['{ revisions: [{ revision: r2, desired: 2 }, { revision: r1 }], dataCompatible: false }', 'incompatible-data'],
  ])('%s is refused as %s, also shortly before somebody looked', (workload, refusal) => {
    const clusters = new SimulatedClusters(scenarioWith(`[${RELEASE}, ${entry(80, workload)}]`));
    expect([clusters.find(step, [], 70), clusters.find(step, [], 90)]).toEqual([
      expect.objectContaining({ refusal }),
      expect.objectContaining({ refusal }),
    ]);
  });

  test('the owner may use its own tool', () => {
    const helm = entry(0, '{ revisions: [{ revision: r2, desired: 2 }, { revision: r1 }], owner: helm }');
    const clusters = new SimulatedClusters(scenarioWith(`[${RELEASE}, ${helm}]`));
    expect(clusters.find({ ...step, tool: 'helm' }, [], 10).kind).toBe('target');
    expect(clusters.find(step, [], 10).kind).toBe('refused');
  });

  test('a rollback takes its time, undoes its change, and what was written for another world is not read', () => {
    const after = entry(200, '{ revisions: [{ revision: r2, desired: 2, ready: 2 }, { revision: r1 }] }');
    const clusters = new SimulatedClusters(scenarioWith(`[${RELEASE}, ${after}]`));
    expect(clusters.execute(step, 'r2', 'r1', 100)).toBe('accepted');
    expect(clusters.execute(step, 'r2', 'r1', 101)).toBe('already-there');
    expect(clusters.observe(step, 'r1', 100, 110).kind).toBe('progressing');
    expect(clusters.observe(step, 'r1', 100, 161)).toMatchObject({ kind: 'done', message: '2 of 2 pods ready' });
    const undone = clusters.undoneAt('auth-r2');
    expect(undone?.at).toBeGreaterThanOrEqual(130);
    expect(undone?.at).toBeLessThanOrEqual(160);
    expect(clusters.view('auth', 300).revisions.map(({ version }) => version)).toEqual(['r1', 'r2']);
    // Newer, and it had been left: automation must not go forward to it again.
    expect(clusters.find(step, ['r2'], 300)).toMatchObject({ kind: 'already-there', from: { version: 'r2' } });
  });

  test('a person can be faster', () => {
    const clusters = new SimulatedClusters(scenarioWith(`[${RELEASE}]`));
    clusters.undoByHand('auth-r2', 50);
    expect(clusters.execute(step, 'r2', 'r1', 60)).toBe('already-there');
    expect(clusters.undoneAt('auth-r2')).toMatchObject({ by: 'person' });
  });
});

describe('alerts', () => {
  const firing = (at: number, count = 1): AlertEntry => ({
    ...{ kind: 'alert-firing', at, alert: 'Errors', service: 'shop', severity: 'critical', environment: null },
    ...{ annotations: {}, activeAt: null, count },
  });

  test('counted alerts are of so many services, which depend on the same', () => {
    expect(servicesOf(firing(0, 3))).toEqual(['shop', 'shop-2', 'shop-3']);
    const scenario = withCounted(
      scenarioWith('[{ atSeconds: 9, kind: alert-firing, alert: A, service: shop, count: 2 }]'),
    );
    expect(scenario.services.at(-1)).toMatchObject({ service: 'shop-2', dependsOn: ['auth'], hasRollbackPlan: false });
  });

  test('after a rollback they follow the metrics', () => {
    let quiet: boolean | null = null;
    const book = new AlertBook(() => quiet);
    expect(book.tell(firing(60))).toMatchObject([{ startsAt: 60, endsAt: null }]);
    expect(book.follow(100)).toEqual([]);
    quiet = true;
    expect([book.follow(200), book.follow(220)]).toEqual([[], []]);
    expect(book.follow(230)).toMatchObject([{ endsAt: 230 }]);
    expect(book.tell(firing(240))).toEqual([]);
    quiet = false;
    expect(book.follow(300)).toMatchObject([{ startsAt: 300, endsAt: null }]);
  });

  test('a resolve that says less ends the alert that fired', () => {
    const book = new AlertBook(() => null);
    book.tell(firing(60));
    const told = book.tell({ ...firing(90), kind: 'alert-resolved', severity: null });
    expect(told).toMatchObject([{ labels: { severity: 'critical' }, startsAt: 60, endsAt: 90 }]);
  });
});
