import type { JsonObject } from '../../src/domain/json.ts';
import type { PinnedTarget, StepConfig } from '../../src/domain/plan.ts';
import type { StatefulSetObject } from '../fakes/kubernetes/objects.ts';
import { type Bench, NS, startBench } from './kubernetes-support.ts';

let bench: Bench;

beforeEach(async () => {
  bench = await startBench('statefulsets');
});
afterEach(async () => {
  await bench.stop();
});

const imageOf = (pod: string): unknown =>
  ((bench.cluster.get('pods', NS, pod).spec as JsonObject)['containers'] as unknown as { image: string }[])[0]!.image;
const set = (): StatefulSetObject => bench.app() as unknown as StatefulSetObject;
const deletions = (): string[] =>
  bench.cluster.requests.filter(({ method }) => method === 'DELETE').map(({ path }) => path.split('/').at(-1)!);

describe('a partition', () => {
  const partitioned = { updateStrategy: { type: 'RollingUpdate', rollingUpdate: { partition: 2 } } };

  it('is warned of, and done means that the pods above it are updated', async () => {
    await bench.deploy('shop:v1', { spec: partitioned });
    await bench.deploy('shop:v2');
    await bench.deploy('shop:v3');
    expect([imageOf('checkout-1'), imageOf('checkout-2')]).toEqual(['shop:v1', 'shop:v3']);
    const target = await bench.resolved();
    expect(target.warnings).toEqual([expect.stringContaining('below 2 keep the version')]);
    const receipt = await bench.accepted(target);
    await expect(bench.ended(target, receipt)).resolves.toMatchObject({
      kind: 'done',
      message: expect.stringContaining('partition'),
    });
    expect([imageOf('checkout-1'), imageOf('checkout-2')]).toEqual(['shop:v1', 'shop:v2']);
    await expect(bench.kubectl('rollout', 'status', 'statefulset/checkout', '--timeout=5s')).resolves.toMatchObject({
      stdout: expect.stringContaining('partitioned roll out complete'),
    });
  });
});

describe('an ordered pod that is stuck', () => {
  const stuck = async (spec: JsonObject = {}): Promise<void> => {
    await bench.deploy('shop:v1', { spec });
    bench.cluster.behave('shop:v2', 'crash-loop');
    await bench.deploy('shop:v2');
  };
  const gone = async (step: StepConfig): Promise<{ target: PinnedTarget; receipt: JsonObject }> => {
    const target = await bench.resolved([], step);
    const receipt = await bench.accepted(target, step);
    await bench.cluster.settled();
    return { target, receipt };
  };
  const allowed = (): StepConfig => bench.stepOf({ deleteBlockedPods: true });

  it('blocks the way back, which is said with what to do; nothing is deleted unless the step allows it', async () => {
    await stuck();
    const { target, receipt } = await gone(bench.step);
    const observation = await bench.observe(target, receipt);
    expect(observation).toMatchObject({
      kind: 'progressing',
      message: expect.stringMatching(/checkout-2 is not ready and in the way: .*deleteBlockedPods/),
    });
    expect(imageOf('checkout-2')).toBe('shop:v2');
    expect(deletions()).toEqual([]);
  });

  it('blocks the real kubectl too', async () => {
    await stuck();
    await bench.kubectl('rollout', 'undo', 'statefulset/checkout');
    await bench.cluster.settled();
    expect(imageOf('checkout-2')).toBe('shop:v2');
    await bench.kubectl('delete', 'pod', 'checkout-2', '--wait=false');
    await bench.cluster.settled();
    expect(imageOf('checkout-2')).toBe('shop:v1');
  });

  it('is deleted with its UID and version as preconditions where the step allows it', async () => {
    await stuck();
    const { uid } = bench.cluster.get('pods', NS, 'checkout-2').metadata;
    const { target, receipt } = await gone(allowed());
    const observation = await bench.observe(target, receipt, allowed());
    expect(observation).toMatchObject({ message: expect.stringContaining('deleted checkout-2') });
    const asked = bench.cluster.requests.find(({ method }) => method === 'DELETE');
    expect(JSON.parse(asked!.body)).toEqual({ preconditions: { uid, resourceVersion: expect.any(String) } });
    await expect(bench.ended(target, receipt, allowed())).resolves.toMatchObject({ kind: 'done' });
    expect(imageOf('checkout-2')).toBe('shop:v1');
    expect(deletions()).toEqual(['checkout-2']);
  });

  it('is not deleted when it is of the target version: it is only starting', async () => {
    await bench.deploy('shop:v1');
    await bench.deploy('shop:v2');
    bench.cluster.behave('shop:v1', 'not-ready');
    const { target, receipt } = await gone(allowed());
    await expect(bench.observe(target, receipt, allowed())).resolves.toMatchObject({ kind: 'progressing' });
    expect(imageOf('checkout-2')).toBe('shop:v1');
    expect(deletions()).toEqual([]);
  });

  it('is not deleted when it has become ready since it was read', async () => {
    await stuck();
    const { target, receipt } = await gone(allowed());
    const before = (): void => {
      bench.cluster.freeze('controllers');
      bench.cluster.edit('pods', NS, 'checkout-2', ({ status }) => {
        status!['conditions'] = [{ type: 'Ready', status: 'True' }];
      });
    };
    bench.cluster.failNext({ method: 'DELETE', before });
    await expect(bench.observe(target, receipt, allowed())).resolves.toMatchObject({
      message: expect.stringContaining('has just changed'),
    });
    expect(imageOf('checkout-2')).toBe('shop:v2');
  });

  it('is not deleted below the partition, where it would come back as it is', async () => {
    await bench.deploy('shop:v1', {
      spec: { updateStrategy: { type: 'RollingUpdate', rollingUpdate: { partition: 1 } } },
    });
    await bench.deploy('shop:v2');
    await bench.deploy('shop:v3');
    bench.cluster.edit('pods', NS, 'checkout-0', ({ status }) => {
      status!['conditions'] = [{ type: 'Ready', status: 'False' }];
    });
    const { target, receipt } = await gone(allowed());
    await expect(bench.observe(target, receipt, allowed())).resolves.toMatchObject({
      message: expect.stringContaining('checkout-0 is below the partition'),
    });
    expect(deletions()).toEqual([]);
  });

  it('is not deleted before the controller has taken the target up', async () => {
    await stuck();
    bench.cluster.freeze('controllers');
    const target = await bench.resolved([], allowed());
    const receipt = await bench.accepted(target, allowed());
    await bench.observe(target, receipt, allowed());
    expect(deletions()).toEqual([]);
  });

  it('that may not be deleted is said', async () => {
    await stuck();
    const { target, receipt } = await gone(allowed());
    bench.cluster.failNext({ method: 'DELETE', status: 403 });
    await expect(bench.observe(target, receipt, allowed())).resolves.toMatchObject({
      kind: 'progressing',
      message: expect.stringContaining('could not be deleted: Kubernetes answered 403'),
    });
  });

  it('needs no help with podManagementPolicy Parallel', async () => {
    await stuck({ podManagementPolicy: 'Parallel' });
    const { target, receipt } = await gone(allowed());
    await expect(bench.ended(target, receipt, allowed())).resolves.toMatchObject({ kind: 'done' });
    expect(deletions()).toEqual([]);
  });
});

it('is not done while the controller rolls out another revision than the target', async () => {
  await bench.deploy('shop:v1');
  await bench.deploy('shop:v2');
  const target = await bench.resolved();
  const receipt = await bench.accepted(target);
  await bench.cluster.settled();
  bench.cluster.freeze('controllers');
  bench.cluster.edit('statefulsets', NS, 'checkout', ({ status }) => {
    status!['updateRevision'] = target.from.identity;
  });
  expect(set().status.updatedReplicas).toBe(3);
  await expect(bench.observe(target, receipt)).resolves.toMatchObject({
    kind: 'progressing',
    message: expect.stringContaining('not the target'),
  });
});

it('measures by the replicas that are wanted now: an autoscaler may change them during the rollout', async () => {
  await bench.deploy('shop:v1');
  await bench.deploy('shop:v2');
  const target = await bench.resolved();
  const receipt = await bench.accepted(target);
  bench.cluster.autoscale('statefulsets', NS, 'checkout', 5);
  const done = await bench.seen(target, receipt, (o) => 'progress' in o && o.progress['available'] === 5);
  expect(done).toMatchObject({ kind: 'done', progress: { wanted: 5, updated: 5 } });
});

it('checks deleteBlockedPods, which other kinds do not have', () => {
  expect(bench.provider.checkConfig(bench.stepOf({ deleteBlockedPods: 'yes' }))).toMatchObject({
    field: 'deleteBlockedPods',
  });
  expect(bench.provider.checkConfig(bench.stepOf({ deleteBlockedPods: true }))).toBeNull();
});
