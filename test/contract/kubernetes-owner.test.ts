import { type Bench, KINDS, NS, startBench } from './kubernetes-support.ts';

let bench: Bench;

afterEach(async () => {
  await bench.stop();
});

const released = async (...images: string[]): Promise<void> => {
  for (const image of images) await bench.deploy(image);
};

const canaryOf = (kind: string, name = 'checkout'): void => {
  const metadata = { namespace: NS, name: 'checkout-canary' };
  bench.cluster.create('canaries', { metadata, spec: { targetRef: { apiVersion: 'apps/v1', kind, name } } });
};
const rolloutOf = (name: string): void => {
  const metadata = { namespace: NS, name: 'checkout-rollout' };
  bench.cluster.create('rollouts', {
    metadata,
    spec: { workloadRef: { apiVersion: 'apps/v1', kind: 'Deployment', name } },
  });
};

describe('owners that leave no mark on the Deployment', () => {
  beforeEach(async () => {
    bench = await startBench('deployments');
    await released('shop:v1', 'shop:v2');
  });

  it.each([
    [
      'flagger',
      'Flagger canary "checkout-canary"',
      () => {
        canaryOf('Deployment');
      },
    ],
    [
      'argo-rollouts',
      'Argo Rollout "checkout-rollout"',
      () => {
        rolloutOf('checkout');
      },
    ],
  ])('%s is found by what it names: refused at every stage, unless the step allows it', async (kind, name, create) => {
    const before = await bench.resolved();
    create();
    const refusal = { kind: 'refused', refusal: 'owned-by-another', message: expect.stringContaining(name) };
    await expect(bench.resolve()).resolves.toMatchObject(refusal);
    await expect(bench.rehearse(before)).resolves.toMatchObject(refusal);
    await expect(bench.execute(before)).resolves.toMatchObject(refusal);

    const step = bench.stepOf({ allowOwner: kind });
    const target = await bench.resolved([], step);
    expect(target.warnings.join()).toContain(name);
    await expect(bench.execute(target, step)).resolves.toMatchObject({ kind: 'accepted' });
  });

  it('are no obstacle when they name another Deployment', async () => {
    canaryOf('Deployment', 'payment');
    canaryOf('DaemonSet');
    rolloutOf('payment');
    await expect(bench.resolve()).resolves.toMatchObject({ kind: 'target' });
  });

  it.each([404, 403])('are not there where asking for them is answered %i', async (status) => {
    bench.cluster.failNext({ path: /canaries|rollouts/, status, times: 2 });
    await expect(bench.resolve()).resolves.toMatchObject({ kind: 'target' });
  });

  it('are unknown when asking for them fails: no rollback on a guess', async () => {
    bench.cluster.failNext({ path: /canaries/, status: 500 });
    await expect(bench.resolve()).resolves.toMatchObject({ kind: 'failed', failure: { kind: 'server' } });
  });

  it('may be an autoscaler: it owns the number of pods and no version', async () => {
    bench.cluster.autoscale('deployments', NS, 'checkout', 5);
    await bench.goneBack();
    expect(bench.app().spec.replicas).toBe(5);
    expect(bench.liveImage()).toBe('shop:v1');
  });
});

it('finds a canary of a DaemonSet', async () => {
  bench = await startBench('daemonsets');
  await released('shop:v1', 'shop:v2');
  canaryOf('DaemonSet');
  await expect(bench.resolve()).resolves.toMatchObject({ refusal: 'owned-by-another' });
});

describe.each(['deployments', 'statefulsets', 'daemonsets'] as const)('a rollback of %s', (resource) => {
  beforeEach(async () => {
    bench = await startBench(resource);
    await released('shop:v1', 'shop:v2');
  });

  it.each([
    ['argocd', { annotations: { 'argocd.argoproj.io/tracking-id': 'shop-app:apps/x:shop/checkout' } }, 'shop-app'],
    ['flux', { labels: { 'kustomize.toolkit.fluxcd.io/name': 'apps' } }, 'apps'],
    ['helm', { labels: { 'app.kubernetes.io/managed-by': 'Helm' } }, 'checkout'],
  ])('is refused where %s owns it by a mark', async (_, marks, name) => {
    bench.edit(({ metadata }) => Object.assign(metadata, marks));
    await expect(bench.resolve()).resolves.toMatchObject({
      refusal: 'owned-by-another',
      message: expect.stringContaining(`"${name}"`),
    });
  });

  it('names who put it back, and when', async () => {
    const target = await bench.resolved();
    const watched = { resource, namespace: NS, name: 'checkout', manager: 'argocd-controller' };
    const stop = bench.cluster.revertDrift(watched);
    const receipt = await bench.accepted(target);
    const observation = await bench.seen(target, receipt, ({ kind }) => kind === 'diverged');
    stop();
    expect(observation).toMatchObject({
      message: expect.stringMatching(
        /^argocd-controller changed the pod template at \d\d:\d\d:\d\d; it is now shop:v2$/,
      ),
      progress: { images: ['shop:v2'], manager: 'argocd-controller', at: expect.any(String) },
    });
  });

  it('can be undone, and says so when that is so already', async () => {
    const target = await bench.goneBack();
    const undo = (): ReturnType<typeof bench.provider.undo> =>
      bench.provider.undo(bench.step, target, AbortSignal.timeout(5_000));
    const back = await undo();
    if (back.kind !== 'target') throw new Error(JSON.stringify(back));
    expect(back.target).toMatchObject({ key: target.key, from: target.to, to: target.from });
    await bench.ended(back.target, await bench.accepted(back.target));
    expect(bench.liveImage()).toBe('shop:v2');
    await expect(undo()).resolves.toMatchObject({ kind: 'already-there', target: { to: { images: ['shop:v2'] } } });
  });

  it('is not undone when somebody deployed since, made it anew, or owns it now', async () => {
    const target = await bench.goneBack();
    const undo = (): ReturnType<typeof bench.provider.undo> =>
      bench.provider.undo(bench.step, target, AbortSignal.timeout(5_000));
    bench.edit(({ metadata }) => (metadata.labels = { 'app.kubernetes.io/managed-by': 'Helm' }));
    await expect(undo()).resolves.toMatchObject({ refusal: 'owned-by-another' });
    await released('shop:v3');
    await expect(undo()).resolves.toMatchObject({ refusal: 'changed-meanwhile' });
    bench.cluster.remove(resource, NS, 'checkout');
    await expect(undo()).resolves.toMatchObject({ refusal: 'not-found' });
    await released('shop:v1');
    await expect(undo()).resolves.toMatchObject({ refusal: 'changed-meanwhile' });
  });

  it('tells of the ConfigMaps of the version that an undo would go to', async () => {
    await bench.deploy('shop:v3', {
      template: ({ spec }) => {
        spec.containers[0]!['envFrom'] = [{ configMapRef: { name: 'flags' } }];
      },
    });
    const target = await bench.goneBack();
    expect(target.notReverted).toEqual([]);
    const back = await bench.provider.undo(bench.step, target, AbortSignal.timeout(5_000));
    expect(back).toMatchObject({ kind: 'target', target: { notReverted: ['ConfigMap flags'] } });
  });

  it('says how both versions serve when it is resolved', async () => {
    bench.cluster.behave('shop:v3', 'crash-loop');
    await released('shop:v3');
    const resolution = await bench.resolve();
    const troubles = [{ reason: 'CrashLoopBackOff', pods: 1 }];
    const left = resource === 'deployments' ? 3 : 2;
    expect(resolution).toMatchObject({
      kind: 'target',
      serving: { from: { desired: 1, ready: 0, troubles }, to: { desired: left, ready: left, troubles: [] } },
    });
  });

  it('is resolved without a word on serving where pods may not be listed', async () => {
    bench.cluster.failNext({ path: /\/pods$/, status: 403 });
    const resolution = await bench.resolve();
    expect(resolution.kind).toBe('target');
    expect(resolution).not.toHaveProperty('serving');
  });

  it('is done by the real kubectl under the name of kubectl, as which it is told', async () => {
    const target = await bench.resolved();
    const receipt = await bench.accepted(target);
    await bench.cluster.settled();
    await bench.kubectl('rollout', 'undo', `${KINDS[resource]}/checkout`);
    await expect(bench.observe(target, receipt)).resolves.toMatchObject({
      kind: 'diverged',
      progress: { manager: expect.stringContaining('kubectl') },
    });
  });
});

it('tells the pods of a Deployment apart by their names', async () => {
  bench = await startBench('deployments');
  await released('shop:v1', 'shop:v2');
  const { from, to } = await bench.resolved();
  const matching = (pattern: string | undefined): unknown[] =>
    bench.cluster
      .list('pods', NS)
      .filter(({ metadata }) => new RegExp(`^(?:${pattern ?? ''})$`).test(metadata.name))
      .map(({ spec }) => (spec!['containers'] as { image: string }[])[0]!.image);
  expect(from.pods).toMatch(/^\^checkout-[0-9a-f]+-\.\*$/);
  expect(matching(from.pods)).toEqual(['shop:v2', 'shop:v2', 'shop:v2']);
  expect(matching(to.pods)).toEqual([]);
});
