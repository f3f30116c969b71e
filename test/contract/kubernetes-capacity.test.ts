import type { JsonObject } from '../../src/domain/json.ts';
import { type Bench, NS, startBench } from './kubernetes-support.ts';

let bench: Bench;

afterEach(async () => {
  await bench.stop();
});

const quota = (hard: JsonObject, used: JsonObject, spec: JsonObject = {}): void => {
  const metadata = { namespace: NS, name: 'team' };
  bench.cluster.create('resourcequotas', { metadata, spec: { hard, ...spec }, status: { hard, used } });
};

const released = async (image: string, cpu: string, spec?: JsonObject): Promise<void> => {
  await bench.deploy(image, {
    ...(spec === undefined ? {} : { spec }),
    template: (template) => {
      template.spec.containers[0]!['resources'] = { requests: { cpu } };
    },
  });
};

describe('the capacity for a Deployment', () => {
  beforeEach(async () => {
    bench = await startBench('deployments');
  });

  it('is refused as no-capacity with the numbers when not one new pod fits and none may go before', async () => {
    await released('shop:v1', '500m');
    await released('shop:v2', '500m');
    quota({ 'requests.cpu': '2', pods: '10' }, { 'requests.cpu': '1600m', pods: '3' });
    await expect(bench.rehearse(await bench.resolved())).resolves.toEqual({
      kind: 'refused',
      refusal: 'no-capacity',
      message: 'ResourceQuota team: 1 x 500m of requests.cpu are needed, 1600m of 2 are used',
    });
  });

  it('is refused by the number of pods, too', async () => {
    await bench.deploy('shop:v1');
    await bench.deploy('shop:v2');
    quota({ pods: '3' }, { pods: '3' });
    await expect(bench.rehearse(await bench.resolved())).resolves.toMatchObject({ refusal: 'no-capacity' });
  });

  it('is there when the quota leaves room', async () => {
    await released('shop:v1', '500m');
    await released('shop:v2', '500m');
    quota({ 'requests.cpu': '2' }, { 'requests.cpu': '1500m' });
    await expect(bench.rehearse(await bench.resolved())).resolves.toEqual({
      kind: 'would-work',
      message: 'The server would accept the change',
    });
  });

  it('is there for a rollout that hangs half way: its surge is there already and goes first', async () => {
    await bench.deploy('shop:v1');
    bench.cluster.behave('shop:v2', 'crash-loop');
    await bench.deploy('shop:v2');
    quota({ pods: '4' }, { pods: '4' });
    await expect(bench.rehearse(await bench.resolved())).resolves.toMatchObject({ kind: 'would-work' });
  });

  it('is a remark where old pods may go first: the rollout is slower and comes to its end', async () => {
    const rollingUpdate = { maxSurge: 1, maxUnavailable: 1 };
    await bench.deploy('shop:v1', { spec: { strategy: { type: 'RollingUpdate', rollingUpdate } } });
    await bench.deploy('shop:v2');
    quota({ pods: '3' }, { pods: '3' });
    await expect(bench.rehearse(await bench.resolved())).resolves.toMatchObject({
      kind: 'would-work',
      message: expect.stringContaining('slower for want of room: ResourceQuota team: 1 x 1 of pods'),
    });
  });

  it('may be unreadable: 403 is a remark', async () => {
    await bench.deploy('shop:v1');
    await bench.deploy('shop:v2');
    const target = await bench.resolved();
    bench.cluster.failNext({ path: /resourcequotas/, status: 403 });
    await expect(bench.rehearse(target)).resolves.toMatchObject({
      kind: 'would-work',
      message: expect.stringContaining('quotas could not be checked'),
    });
  });

  it('is not judged by a quota for other pods', async () => {
    await bench.deploy('shop:v1');
    await bench.deploy('shop:v2');
    quota({ pods: '3' }, { pods: '3' }, { scopes: ['BestEffort'] });
    await expect(bench.rehearse(await bench.resolved())).resolves.toMatchObject({
      kind: 'would-work',
      message: expect.stringContaining('has scopes: not checked'),
    });
  });
});

describe.each(['statefulsets', 'daemonsets'] as const)('the capacity for %s', (resource) => {
  beforeEach(async () => {
    bench = await startBench(resource);
  });

  it('is no matter when each pod takes the place of its like', async () => {
    await released('shop:v1', '500m');
    await released('shop:v2', '500m');
    quota({ 'requests.cpu': '1500m', pods: '3' }, { 'requests.cpu': '1500m', pods: '3' });
    await expect(bench.rehearse(await bench.resolved())).resolves.toMatchObject({ kind: 'would-work' });
  });

  it('is refused when the target needs more than what it takes the place of, and that is not there', async () => {
    await released('shop:v1', '800m');
    await released('shop:v2', '500m');
    quota({ 'requests.cpu': '1600m' }, { 'requests.cpu': '1500m' });
    await expect(bench.rehearse(await bench.resolved())).resolves.toMatchObject({
      refusal: 'no-capacity',
      message: 'ResourceQuota team: 1 x 300m of requests.cpu are needed, 1500m of 1600m are used',
    });
  });
});
