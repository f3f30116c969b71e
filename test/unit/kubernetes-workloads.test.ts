import fc from 'fast-check';
import type { JsonObject } from '../../src/domain/json.ts';
import { rolloutStatus as daemonSetStatus } from '../../src/rollback/providers/daemonset/rollout-status.ts';
import { DEPLOYMENT } from '../../src/rollback/providers/deployment/kind.ts';
import { demandOf, judgeRoom } from '../../src/rollback/providers/kubernetes/capacity.ts';
import type { DaemonSet, StatefulSet } from '../../src/rollback/providers/kubernetes/objects.ts';
import type { WorkloadPin } from '../../src/rollback/providers/kubernetes/pin.ts';
import { healthOf } from '../../src/rollback/providers/kubernetes/pods.ts';
import { amountsOf, amountText, quantity } from '../../src/rollback/providers/kubernetes/quantity.ts';
import type { Revision, Site } from '../../src/rollback/providers/kubernetes/workload.ts';
import { ourWriteAt, templateWriteSince } from '../../src/rollback/providers/kubernetes/writes.ts';
import { rolloutStatus as statefulSetStatus } from '../../src/rollback/providers/statefulset/rollout-status.ts';
import { applyStrategicMerge } from '../fakes/kubernetes/strategic-merge.ts';

describe('quantities', () => {
  it.each([
    ['500m', 0.5],
    ['2', 2],
    ['0.5', 0.5],
    ['1Gi', 2 ** 30],
    ['1G', 1e9],
    ['1e3', 1000],
    ['1E', 1e18],
    [3, 3],
    ['much', Number.NaN],
    ['', Number.NaN],
  ])('%s is %d', (text, value) => {
    expect(quantity(text)).toBe(value);
  });

  it('are written as people write them', () => {
    expect(amountText('requests.cpu', 0.25)).toBe('250m');
    expect(amountText('limits.memory', 2 ** 30)).toBe('1024Mi');
    expect(amountText('pods', 2)).toBe('2');
  });

  it('of a pod are those of its containers and sidecars, or of an init container that needs more', () => {
    const container = (cpu: string, more: JsonObject = {}): JsonObject => ({
      resources: { requests: { cpu } },
      ...more,
    });
    const template = (initContainers: readonly JsonObject[]): JsonObject => ({
      spec: { containers: [container('100m'), container('200m')], initContainers },
    });
    const cpu = (initial: readonly JsonObject[]): number => amountsOf(template(initial))['requests.cpu']! * 1000;
    expect(cpu([])).toBeCloseTo(300);
    expect(cpu([container('250m')])).toBeCloseTo(300);
    expect(cpu([container('2')])).toBeCloseTo(2000);
    expect(cpu([container('50m', { restartPolicy: 'Always' }), container('320m')])).toBeCloseTo(370);
  });

  it('that are only limited are requested as they are limited', () => {
    const template = { spec: { containers: [{ resources: { limits: { memory: '1Mi' } } }] } };
    expect(amountsOf(template)).toEqual({ 'requests.memory': 2 ** 20, 'limits.memory': 2 ** 20 });
  });
});

describe('the demand of a rollout', () => {
  const template = { spec: { containers: [{ resources: { requests: { cpu: '1' } } }] } };
  const pin = { template, fromTemplate: template } as unknown as WorkloadPin;

  it('is never more than the surge, nor than what is missing', () => {
    const small = fc.nat({ max: 30 });
    fc.assert(
      fc.property(small, small, small, small, small, (wanted, surge, unavailable, total, ofTarget) => {
        const { pods } = demandOf({ wanted, surge, unavailable }, pin, total, ofTarget);
        expect(pods).toBeGreaterThanOrEqual(0);
        if (surge > 0 && total >= wanted) expect(pods).toBeLessThanOrEqual(surge);
        expect(pods).toBeLessThanOrEqual(Math.max(0, wanted - ofTarget));
      }),
    );
  });

  it('is nothing while the surge of the rollout before is there: that goes first', () => {
    expect(demandOf({ wanted: 4, surge: 1, unavailable: 0 }, pin, 5, 3).pods).toBe(0);
    expect(demandOf({ wanted: 4, surge: 1, unavailable: 0 }, pin, 4, 3).pods).toBe(1);
  });

  it('is met when a part of it fits: the rollout goes on with that part', () => {
    const quota = { metadata: { name: 'q' }, status: { hard: { cpu: '4' }, used: { cpu: '3' } } };
    const demand = { pods: 2, each: { 'requests.cpu': 1 }, makesRoom: false };
    expect(judgeRoom([quota], demand)).toMatchObject({
      kind: 'enough',
      remarks: [expect.stringContaining('2 x 1000m')],
    });
    expect(judgeRoom([{ ...quota, status: { hard: { cpu: '3' }, used: { cpu: '3' } } }], demand)).toMatchObject({
      kind: 'none',
    });
  });
});

describe('how a version serves', () => {
  const site = { kind: DEPLOYMENT } as unknown as Site;
  const revision = { hash: 'h', counts: null } as unknown as Revision;

  it('is by the count of its ReplicaSet, which also knows of pods that could not be made', () => {
    const counted = { ...revision, counts: { desired: 3, ready: 0 } };
    expect(healthOf(site, counted, [])).toEqual({ desired: 3, ready: 0, troubles: [] });
  });

  it('is by its pods where nobody keeps count, but for those that are being deleted', () => {
    const labels = { 'pod-template-hash': 'h' };
    const conditions = [{ type: 'Ready', status: 'True' }];
    const pods = [
      { metadata: { labels }, status: { conditions } },
      { metadata: { labels } },
      { metadata: { labels, deletionTimestamp: '2026-11-23T12:00:00Z' } },
      { metadata: { labels: { 'pod-template-hash': 'another' } } },
    ];
    expect(healthOf(site, revision, pods)).toEqual({ desired: 2, ready: 1, troubles: [] });
  });
});

describe('who wrote to a template', () => {
  const ours = { manager: 'firebreak', operation: 'Update', time: '2026-11-23T12:00:00Z' };
  const template = { 'f:spec': { 'f:template': {} } };
  const write = (manager: string, time: string, more: object = {}): object => ({ manager, time, ...more });
  const since = (...managedFields: object[]): string | null =>
    templateWriteSince({ managedFields }, Date.parse('2026-11-23T12:00:00.700Z'))?.manager ?? null;

  it('is the last one after us', () => {
    const before = write('ci', '2026-11-23T11:00:00Z', { fieldsV1: template });
    const after = write('argocd-controller', '2026-11-23T12:00:00Z', { fieldsV1: template });
    expect(since(before, ours, after)).toBe('argocd-controller');
    expect(since(before, ours)).toBeNull();
  });

  it('is nobody who wrote to something else', () => {
    const scaled = write('hpa', '2026-11-23T12:00:05Z', { fieldsV1: template, subresource: 'scale' });
    const labelled = write('labeller', '2026-11-23T12:00:05Z', { fieldsV1: { 'f:metadata': {} } });
    expect(since(ours, scaled, labelled)).toBeNull();
  });

  it('was us when nothing came later', () => {
    expect(ourWriteAt({ managedFields: [ours] })).toBe(ours.time);
    expect(ourWriteAt({ managedFields: [ours, { ...ours, manager: 'ci', time: '2026-11-23T12:00:01Z' }] })).toBeNull();
  });
});

describe('the rollout of a StatefulSet', () => {
  const set = (status: object, more: object = {}): StatefulSet => ({
    metadata: { generation: 2 },
    spec: { replicas: 3, selector: {}, template: {}, ...more },
    status: { observedGeneration: 2, updateRevision: 'r', ...status },
  });
  const all = { updatedReplicas: 3, readyReplicas: 3, availableReplicas: 3 };

  it.each([
    ['done', all],
    ['progressing', { ...all, updatedReplicas: 2 }],
    ['progressing', { ...all, readyReplicas: 2 }],
    ['progressing', { ...all, availableReplicas: 2 }],
    ['progressing', { ...all, observedGeneration: 1 }],
  ])('is %s with %j', (kind, status) => {
    expect(statefulSetStatus(set(status), 2, true).kind).toBe(kind);
  });

  it('needs only the pods above the partition to be updated, and all to be ready', () => {
    const spec = { updateStrategy: { type: 'RollingUpdate', rollingUpdate: { partition: 2 } } };
    expect(statefulSetStatus(set({ ...all, updatedReplicas: 1 }, spec), 2, true).kind).toBe('done');
    expect(statefulSetStatus(set({ ...all, updatedReplicas: 1, readyReplicas: 2 }, spec), 2, true).kind).toBe(
      'progressing',
    );
  });

  it('is not done while it goes to another revision', () => {
    expect(statefulSetStatus(set(all), 2, false).kind).toBe('progressing');
  });
});

describe('the rollout of a DaemonSet', () => {
  const all = { observedGeneration: 2, desiredNumberScheduled: 3, updatedNumberScheduled: 3, numberAvailable: 3 };
  it.each([
    ['done', all],
    ['progressing', { ...all, updatedNumberScheduled: 2 }],
    ['progressing', { ...all, numberAvailable: 2 }],
    ['progressing', { ...all, observedGeneration: 1 }],
  ])('is %s with %j', (kind, status) => {
    const set: DaemonSet = { metadata: {}, spec: { selector: {}, template: {} }, status };
    expect(daemonSetStatus(set, 2).kind).toBe(kind);
  });
});

describe('the pods of a Deployment', () => {
  const patternOf = (name: string): string | null | undefined =>
    DEPLOYMENT.revision({
      metadata: { name, annotations: { 'deployment.kubernetes.io/revision': '1' } },
      spec: { template: {} },
    } as never)?.pods;

  it('are told by a pattern, with nothing in the name taken for more than itself', () => {
    expect(patternOf('shop.eu-5d9c')).toBe('^shop[.]eu-5d9c-.*');
  });

  it('are not told where the names are too long to hold the hash', () => {
    expect(patternOf(`${'x'.repeat(50)}-5d9c7bb4f`)).toBeNull();
  });
});

describe('the strategic merge of the fake', () => {
  const pod = {
    containers: [
      { name: 'a', image: '1', env: [{ name: 'X', value: '1' }] },
      { name: 'b', image: '1' },
    ],
  };

  it.each<[string, object, object, object]>([
    [
      'merges containers by name and their env by name',
      pod,
      { containers: [{ name: 'a', image: '2', env: [{ name: 'Y', value: '2' }] }] },
      {
        containers: [
          {
            name: 'a',
            image: '2',
            env: [
              { name: 'X', value: '1' },
              { name: 'Y', value: '2' },
            ],
          },
          { name: 'b', image: '1' },
        ],
      },
    ],
    [
      'deletes an element',
      pod,
      { containers: [{ name: 'a', $patch: 'delete' }] },
      { containers: [{ name: 'b', image: '1' }] },
    ],
    ['replaces a map', { spec: { a: 1, b: 2 } }, { spec: { a: 3, $patch: 'replace' } }, { spec: { a: 3 } }],
    ['replaces a list', pod, { containers: [{ $patch: 'replace' }, { name: 'c' }] }, { containers: [{ name: 'c' }] }],
    [
      'keeps only what it is told to keep',
      { strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: 1 } } },
      { strategy: { $retainKeys: ['type'], type: 'Recreate' } },
      { strategy: { type: 'Recreate' } },
    ],
    ['takes a field away that is null', { a: 1, b: 2 }, { a: null }, { b: 2 }],
    ['replaces a list without a merge key', { args: ['a', 'b'] }, { args: ['c'] }, { args: ['c'] }],
    [
      'puts elements in the order it is told',
      { env: [{ name: 'X' }, { name: 'Y' }] },
      { $setElementOrder: {}, '$setElementOrder/env': [{ name: 'Y' }, { name: 'X' }], env: [] },
      { env: [{ name: 'Y' }, { name: 'X' }] },
    ],
  ])('%s', (_, document, patch, expected) => {
    expect(applyStrategicMerge(document as never, patch as never)).toEqual(expected);
  });
});
