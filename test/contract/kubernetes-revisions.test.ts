import type { JsonObject } from '../../src/domain/json.ts';
import { APP, type Bench, KINDS, NS, startBench } from './kubernetes-support.ts';

/** What StatefulSets and DaemonSets have in common: their older versions are ControllerRevisions. */
describe.each(['statefulsets', 'daemonsets'] as const)('a rollback of %s', (resource) => {
  const PATCH_OF_APP = { method: 'PATCH', path: new RegExp(`${resource}/checkout$`) };
  const TEMPLATE = { metadata: { labels: { app: APP } }, $patch: 'replace' };
  let bench: Bench;
  const revisions = (): Record<string, number> => {
    const list = bench.cluster.list('controllerrevisions', NS) as unknown as {
      metadata: { name: string };
      revision: number;
    }[];
    return Object.fromEntries(list.map(({ metadata, revision }) => [metadata.name, revision]));
  };
  const released = async (...images: string[]): Promise<void> => {
    for (const image of images) await bench.deploy(image);
  };

  beforeEach(async () => {
    bench = await startBench(resource);
  });
  afterEach(async () => {
    await bench.stop();
  });

  it('goes to the newest older revision and is done when its pods are available', async () => {
    await released('shop:v1', 'shop:v2', 'shop:v3');
    const target = await bench.resolved();
    expect(target.key).toBe(`kubernetes/eu-1/shop/${KINDS[resource]}/checkout`);
    expect(target.from).toMatchObject({ version: 'r3', images: ['shop:v3'] });
    expect(target.to).toMatchObject({ version: 'r2', images: ['shop:v2'], since: expect.stringMatching(/Z$/) });
    expect(target.warnings).toEqual([]);
    expect(target.to).not.toHaveProperty('pods');

    await expect(bench.ended(target, await bench.accepted(target))).resolves.toMatchObject({ kind: 'done' });
    expect(bench.liveImage()).toBe('shop:v2');
    const images = bench.cluster.list('pods', NS).map(({ spec }) => (spec as JsonObject)['containers']);
    expect(images).toEqual(Array(3).fill([expect.objectContaining({ image: 'shop:v2' })]));
  });

  it('PATCHes once, as strategic merge patch: the data of the revision and the resourceVersion that it was read at', async () => {
    await released('shop:v1');
    const { metadata } = await bench.deploy('shop:v2');
    await bench.accepted(await bench.resolved());
    expect(bench.cluster.patches).toHaveLength(1);
    const [patch] = bench.cluster.patches;
    expect(patch!.contentType).toBe('application/strategic-merge-patch+json');
    expect(patch!.body).toEqual({
      metadata: { resourceVersion: metadata.resourceVersion },
      spec: { template: expect.objectContaining(TEMPLATE) },
    });
  });

  it('is rehearsed with dryRun=All and changes nothing', async () => {
    await released('shop:v1', 'shop:v2');
    const before = bench.app().metadata.resourceVersion;
    await expect(bench.rehearse(await bench.resolved())).resolves.toMatchObject({ kind: 'would-work' });
    const asked = bench.cluster.requests.filter(({ method }) => method === 'PATCH');
    expect(asked.map(({ query, status }) => [query['dryRun'], status])).toEqual([['All', 200]]);
    expect(bench.app().metadata.resourceVersion).toBe(before);
  });

  it('takes a field away that the bad version brought', async () => {
    await released('shop:v1');
    await bench.deploy('shop:v2', {
      template: ({ spec }) => {
        spec['volumes'] = [{ name: 'scratch', emptyDir: {} }];
        spec.containers[0]!['env'] = [{ name: 'MODE', value: 'fast' }];
      },
    });
    await bench.goneBack();
    const { spec } = bench.app().spec.template;
    expect(spec).not.toHaveProperty('volumes');
    expect(spec.containers[0]).not.toHaveProperty('env');
  });

  it('refuses when no older revision exists', async () => {
    await released('shop:v1');
    await expect(bench.resolve()).resolves.toMatchObject({ kind: 'refused', refusal: 'no-older-version' });
  });

  it('refuses the strategy OnDelete, where pods would keep their version', async () => {
    await released('shop:v1', 'shop:v2');
    const before = await bench.resolved();
    bench.edit(({ spec }) => {
      spec['updateStrategy'] = { type: 'OnDelete' };
    });
    const refusal = { kind: 'refused', refusal: 'unsupported', message: expect.stringContaining('OnDelete') };
    await expect(bench.resolve()).resolves.toMatchObject(refusal);
    await expect(bench.execute(before)).resolves.toMatchObject(refusal);
  });

  it.each([
    ['image', () => 'shop:v2'],
    ['revision', () => 'r2'],
    ['identity', (identity: string) => identity],
  ])('passes over a version whose %s was bad in this incident', async (_, bad) => {
    await released('shop:v1', 'shop:v2');
    const { identity } = (await bench.resolved()).from;
    await released('shop:v3');
    expect((await bench.resolved([bad(identity)])).to).toMatchObject({ version: 'r1', images: ['shop:v1'] });
  });

  it('does not ping-pong: the undo renumbers, and going on is already there', async () => {
    await released('shop:v1', 'shop:v2');
    const first = await bench.goneBack(['shop:v2']);
    expect(revisions()).toEqual({ [first.to.identity]: 3, [first.from.identity]: 2 });
    await expect(bench.resolve(['shop:v2'])).resolves.toMatchObject({
      kind: 'already-there',
      target: { to: { version: 'r3', identity: first.to.identity } },
    });
    expect(bench.liveImage()).toBe('shop:v1');
  });

  it('takes only ControllerRevisions that it controls, whatever their labels', async () => {
    await released('shop:of-a-former-life');
    const [orphan] = bench.cluster.list('controllerrevisions', NS);
    bench.cluster.remove(resource, NS, APP);
    bench.cluster.create('controllerrevisions', orphan!);
    await released('shop:v1', 'shop:v2');
    expect((await bench.resolved()).to.images).toEqual(['shop:v1']);
  });

  it('does not depend on the old revision still being there once the target is pinned', async () => {
    await released('shop:v1', 'shop:v2');
    const target = await bench.resolved();
    bench.cluster.remove('controllerrevisions', NS, target.to.identity);
    await expect(bench.ended(target, await bench.accepted(target))).resolves.toMatchObject({ kind: 'done' });
    expect(bench.liveImage()).toBe('shop:v1');
  });

  it('keeps annotations that are not ours', async () => {
    await released('shop:v1');
    await bench.deploy('shop:v2', { annotations: { 'team.example/on-call': 'payments' } });
    await bench.goneBack();
    expect(bench.app().metadata.annotations).toMatchObject({ 'team.example/on-call': 'payments' });
  });

  it('warns of a ConfigMap that the target names and that is not there', async () => {
    await bench.deploy('shop:v1', {
      template: ({ spec }) => {
        spec.containers[0]!['envFrom'] = [{ configMapRef: { name: 'settings' } }];
      },
    });
    await bench.deploy('shop:v2', { template: ({ spec }) => delete spec.containers[0]!['envFrom'] });
    const target = await bench.resolved();
    expect(target.notReverted).toEqual(['ConfigMap settings']);
    expect(target.warnings).toEqual([expect.stringContaining('ConfigMap settings does not exist')]);
  });

  it('repeats after a stale resourceVersion (409) when it is still at "from"', async () => {
    await released('shop:v1', 'shop:v2');
    const target = await bench.resolved();
    let count = 0;
    const before = (): void => {
      bench.edit(({ status }) => {
        status['somebodyCounts'] = count += 1;
      });
    };
    bench.cluster.failNext({ ...PATCH_OF_APP, before, times: 2 });
    await bench.accepted(target);
    const patches = bench.cluster.requests.filter(({ method }) => method === 'PATCH');
    expect(patches.map(({ status }) => status)).toEqual([409, 409, 200]);
  });

  it('refuses as changed-meanwhile when another version was deployed between our read and our write', async () => {
    await released('shop:v1', 'shop:v2');
    const target = await bench.resolved();
    const before = (): void => {
      bench.edit(({ spec }) => {
        spec.template.spec.containers[0]!.image = 'shop:v3';
      });
    };
    bench.cluster.failNext({ ...PATCH_OF_APP, before });
    await expect(bench.execute(target)).resolves.toMatchObject({ kind: 'refused', refusal: 'changed-meanwhile' });
    expect(bench.cluster.patches).toEqual([]);
  });

  it('refuses a target that vanished, and one made anew under the same name', async () => {
    await released('shop:v1', 'shop:v2');
    const target = await bench.resolved();
    bench.cluster.remove(resource, NS, APP);
    await expect(bench.execute(target)).resolves.toMatchObject({ kind: 'refused', refusal: 'not-found' });
    await released('shop:v2');
    await expect(bench.execute(target)).resolves.toMatchObject({ kind: 'refused', refusal: 'changed-meanwhile' });
  });

  it('took effect although the answer was lost: asked, not repeated', async () => {
    await released('shop:v1', 'shop:v2');
    const target = await bench.resolved();
    bench.cluster.failNext({ ...PATCH_OF_APP, dropAfterApply: true });
    const receipt = await bench.accepted(target);
    await expect(bench.ended(target, receipt)).resolves.toMatchObject({ kind: 'done' });
    expect(bench.cluster.patches).toHaveLength(1);
  });

  it('repeated after a crash finds the change in place, with the same receipt', async () => {
    await released('shop:v1', 'shop:v2');
    const target = await bench.resolved();
    const receipt = await bench.accepted(target);
    await expect(bench.execute(target)).resolves.toMatchObject({ kind: 'accepted', receipt });
  });

  it.each([
    [403, 'unauthorized'],
    [415, 'rejected'],
    [429, 'rate-limited'],
    [500, 'server'],
    [504, 'ambiguous'],
  ])('a PATCH that is answered %i is %s', async (status, kind) => {
    await released('shop:v1', 'shop:v2');
    const target = await bench.resolved();
    bench.cluster.failNext({ ...PATCH_OF_APP, status });
    await expect(bench.execute(target)).resolves.toMatchObject({ kind: 'failed', failure: { kind } });
    expect(bench.liveImage()).toBe('shop:v2');
  });

  it('says nothing of a history that it may not read: 403 is a failure', async () => {
    await released('shop:v1', 'shop:v2');
    bench.cluster.failNext({ path: /controllerrevisions/, status: 403 });
    await expect(bench.resolve()).resolves.toMatchObject({ kind: 'failed', failure: { kind: 'unauthorized' } });
  });

  it('is progressing while the controller has not seen the change', async () => {
    await released('shop:v1', 'shop:v2');
    bench.cluster.freeze('controllers');
    const target = await bench.resolved();
    const receipt = await bench.accepted(target);
    await expect(bench.observe(target, receipt)).resolves.toMatchObject({ kind: 'progressing' });
    bench.cluster.release('controllers');
    await expect(bench.ended(target, receipt)).resolves.toMatchObject({ kind: 'done' });
  });

  it.each([
    ['crash-loop', 'CrashLoopBackOff'],
    ['out-of-memory', 'OOMKilled'],
    ['image-pull', 'ImagePullBackOff'],
    ['unschedulable', 'Unschedulable'],
  ] as const)('reports pods in %s early', async (behaviour, reason) => {
    await released('shop:v1', 'shop:v2');
    bench.cluster.behave('shop:v1', behaviour);
    const target = await bench.resolved();
    const observation = await bench.seen(
      target,
      await bench.accepted(target),
      (o) => 'message' in o && o.message.includes(reason),
    );
    expect(observation).toMatchObject({ kind: 'progressing', progress: { troubles: [{ reason, pods: 1 }] } });
  });

  it('is diverged when somebody changed the template after us', async () => {
    await released('shop:v1', 'shop:v2');
    const target = await bench.resolved();
    const receipt = await bench.accepted(target);
    await released('shop:v4');
    await expect(bench.observe(target, receipt)).resolves.toMatchObject({
      kind: 'diverged',
      message: expect.stringMatching(/^ci changed the pod template at \d\d:\d\d:\d\d; it is now shop:v4$/),
    });
  });

  it('can be undone by a person, to the version that was left', async () => {
    await released('shop:v1', 'shop:v2');
    const target = await bench.goneBack();
    const back = await bench.provider.undo(bench.step, target, AbortSignal.timeout(5_000));
    if (back.kind !== 'target') throw new Error(JSON.stringify(back));
    expect(back.target).toMatchObject({ from: { images: ['shop:v1'] }, to: { images: ['shop:v2'] } });
    await expect(bench.ended(back.target, await bench.accepted(back.target))).resolves.toMatchObject({ kind: 'done' });
    expect(bench.liveImage()).toBe('shop:v2');
  });

  describe('with the real kubectl as oracle', () => {
    const workload = `${KINDS[resource]}/${APP}`;
    const richly = async (): Promise<void> => {
      await bench.deploy('shop:v1', {
        template: ({ metadata, spec }) => {
          metadata.annotations = { 'prometheus.io/scrape': 'true' };
          spec.containers[0]!['env'] = [{ name: 'MODE', value: 'safe' }];
          spec['volumes'] = [{ name: 'scratch', emptyDir: {} }];
        },
      });
      await bench.deploy('shop:v2', {
        template: ({ metadata, spec }) => {
          delete metadata.annotations;
          spec.containers[0]!['env'] = [{ name: 'MODE', value: 'fast' }];
          delete spec['volumes'];
        },
      });
    };

    it.each([
      ['two releases', () => released('shop:v1', 'shop:v2')],
      ['three releases', () => released('shop:v1', 'shop:v2', 'shop:v3')],
      ['a release that changed more than the image', richly],
    ])('undoes to the same template and numbers: %s', async (_, make) => {
      await make();
      await bench.kubectl('rollout', 'undo', workload);
      await bench.cluster.settled();
      const theirs = { template: bench.app().spec.template, revisions: Object.values(revisions()).sort() };
      bench.cluster.remove(resource, NS, APP);
      await make();
      await bench.goneBack();
      expect({ template: bench.app().spec.template, revisions: Object.values(revisions()).sort() }).toEqual(theirs);
    });

    it('finds our rollout complete, and our numbers in its history', async () => {
      await released('shop:v1', 'shop:v2');
      await bench.goneBack();
      const status = await bench.kubectl('rollout', 'status', workload, '--timeout=10s');
      expect(status.stdout).toMatch(/complete|successfully rolled out/);
      const history = (await bench.kubectl('rollout', 'history', workload)).stdout;
      expect(history.match(/^\d+/gm)).toEqual(['2', '3']);
    });

    it('waits in its rollout status for as long as we do', async () => {
      await released('shop:v1', 'shop:v2');
      bench.cluster.behave('shop:v1', 'slow');
      const target = await bench.resolved();
      const receipt = await bench.accepted(target);
      await bench.cluster.settled();
      await expect(bench.observe(target, receipt)).resolves.toMatchObject({ kind: 'progressing' });
      await expect(bench.kubectl('rollout', 'status', workload, '--timeout=1s')).rejects.toThrow(/timed out|Waiting/);
    });

    it('brings the bad version back on the second undo, where we do not', async () => {
      await released('shop:v1', 'shop:v2');
      await bench.kubectl('rollout', 'undo', workload);
      await bench.cluster.settled();
      await expect(bench.resolve(['shop:v2'])).resolves.toMatchObject({ kind: 'already-there' });
      await bench.kubectl('rollout', 'undo', workload);
      expect(bench.liveImage()).toBe('shop:v2');
    });

    it('refuses without an older revision as we do', async () => {
      await released('shop:v1');
      await expect(bench.kubectl('rollout', 'undo', workload)).rejects.toThrow(/no (rollout history|last revision)/);
    });

    it('is refused a stale resourceVersion in a strategic merge patch', async () => {
      await released('shop:v1');
      const stale = JSON.stringify({ metadata: { resourceVersion: '1' } });
      const patch = bench.kubectl('patch', KINDS[resource], APP, '--type=strategic', '-p', stale);
      await expect(patch).rejects.toThrow(/object has been modified/);
    });
  });
});
