import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import type { PinnedTarget, StepConfig } from '../../src/domain/plan.ts';
import type { JsonObject } from '../../src/domain/json.ts';
import { iso } from '../../src/domain/time.ts';
import type { Observation, RollbackProvider } from '../../src/rollback/ports.ts';
import { createDeploymentProvider } from '../../src/rollback/providers/deployment/index.ts';
import { createConnection } from '../../src/rollback/providers/kubernetes/connection.ts';
import {
  type DeploymentObject,
  type FakeKubernetes,
  type ReplicaSetObject,
  startFakeKubernetes,
} from '../fakes/kubernetes/index.ts';
import { kubernetesTools } from '../harness/kubernetes-tools.ts';

const NS = 'shop';
const APP = 'checkout';
const PATCH_OF_APP = { method: 'PATCH', path: /deployments\/checkout$/ } as const;

let cluster: FakeKubernetes;
let provider: RollbackProvider;
let directory: string;
let kubeconfig: string;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'deployment-test-'));
  cluster = await startFakeKubernetes();
  kubeconfig = await cluster.kubeconfig(join(directory, 'kubeconfig'));
  provider = createDeploymentProvider({ clusters: { 'eu-1': { kubeconfig } } });
});

afterEach(async () => {
  await cluster.stop();
  await rm(directory, { recursive: true, force: true });
});

const stepOf = (extra: JsonObject = {}): StepConfig => ({
  name: 'back',
  provider: 'deployment',
  timeoutSeconds: 300,
  onFailure: 'stop',
  with: { namespace: NS, name: APP, ...extra },
});
const STEP = stepOf();
const signal = (): AbortSignal => AbortSignal.timeout(20_000);
const nowOnOurClock = (): string => iso(Date.now());

const deploy = (
  image: string,
  more: Partial<Parameters<FakeKubernetes['deploy']>[0]> = {},
): Promise<DeploymentObject> => cluster.deploy({ namespace: NS, name: APP, image, ...more });
const edit = (change: (deployment: DeploymentObject) => void): void => {
  cluster.edit('deployments', NS, APP, (object) => {
    change(object as DeploymentObject);
  });
};
const liveImage = (): string => cluster.deployment(NS, APP).spec.template.spec.containers[0]!.image;

const resolve = (badVersions: readonly string[] = [], step = STEP): ReturnType<RollbackProvider['resolve']> =>
  provider.resolve(step, { badVersions, now: nowOnOurClock() }, signal());

const resolved = async (badVersions: readonly string[] = [], step = STEP): Promise<PinnedTarget> => {
  const resolution = await resolve(badVersions, step);
  if (resolution.kind !== 'target') throw new Error(`not resolved: ${JSON.stringify(resolution)}`);
  return resolution.target;
};

const execute = (target: PinnedTarget, step = STEP): ReturnType<RollbackProvider['execute']> =>
  provider.execute(step, target, signal());

const accepted = async (target: PinnedTarget): Promise<JsonObject> => {
  const execution = await execute(target);
  if (execution.kind !== 'accepted') throw new Error(`not accepted: ${JSON.stringify(execution)}`);
  return execution.receipt;
};

const observe = (target: PinnedTarget, receipt: JsonObject): Promise<Observation> =>
  provider.observe(STEP, target, receipt, nowOnOurClock(), signal());

/** Looks until something is so; jest's own limit ends a search in vain. */
const seen = async (
  target: PinnedTarget,
  receipt: JsonObject,
  so: (o: Observation) => boolean,
): Promise<Observation> => {
  for (;;) {
    const observation = await observe(target, receipt);
    if (so(observation)) return observation;
    await delay(5);
  }
};
const ended = (target: PinnedTarget, receipt: JsonObject): Promise<Observation> =>
  seen(target, receipt, ({ kind }) => kind !== 'progressing');

describe('a rollback of a Deployment', () => {
  it('goes to the newest older revision and is done when its pods are available', async () => {
    await deploy('shop:v1');
    await deploy('shop:v2');
    await deploy('shop:v3');

    const target = await resolved();
    expect(target.key).toBe('kubernetes/eu-1/shop/deployment/checkout');
    expect(target.from).toMatchObject({ version: 'r3', images: ['shop:v3'] });
    expect(target.to).toMatchObject({ version: 'r2', images: ['shop:v2'] });
    expect(target.warnings).toEqual([]);

    const receipt = await accepted(target);
    await expect(ended(target, receipt)).resolves.toMatchObject({ kind: 'done' });
    expect(liveImage()).toBe('shop:v2');
  });

  it('PATCHes once, as JSON patch: first a test of the resourceVersion, then the template without the hash label', async () => {
    await deploy('shop:v1');
    const { metadata } = await deploy('shop:v2');
    await accepted(await resolved());

    expect(cluster.patches).toHaveLength(1);
    const [patch] = cluster.patches;
    expect(patch!.contentType).toBe('application/json-patch+json');
    expect(patch!.body).toEqual([
      { op: 'test', path: '/metadata/resourceVersion', value: metadata.resourceVersion },
      { op: 'replace', path: '/spec/template', value: expect.objectContaining({ metadata: { labels: { app: APP } } }) },
    ]);
  });

  it('takes only ReplicaSets that this Deployment controls, whatever their labels', async () => {
    await deploy('shop:of-a-former-life');
    const [orphan] = cluster.list('replicasets', NS) as ReplicaSetObject[];
    cluster.remove('deployments', NS, APP);
    cluster.create('replicasets', orphan!); // left behind, as `kubectl delete --cascade=orphan` does
    await deploy('shop:v1');
    await deploy('shop:v2');

    expect((await resolved()).to.images).toEqual(['shop:v1']);
  });

  it('keeps fields of the template that no client library knows', async () => {
    await deploy('shop:v1', {
      template: ({ spec }) => {
        spec['fieldOfNextYear'] = { mode: 'Gentle' };
      },
    });
    await deploy('shop:v2', {
      template: ({ spec }) => {
        delete spec['fieldOfNextYear'];
      },
    });
    await accepted(await resolved());
    expect(cluster.deployment(NS, APP).spec.template.spec['fieldOfNextYear']).toEqual({ mode: 'Gentle' });
  });

  it('does not depend on the old ReplicaSet still being listed once the target is pinned', async () => {
    await deploy('shop:v1');
    await deploy('shop:v2');
    const target = await resolved();
    const old = cluster.list('replicasets', NS).find(({ metadata }) => metadata.uid === target.to.identity);
    cluster.remove('replicasets', NS, old!.metadata.name);

    const receipt = await accepted(target);
    await expect(ended(target, receipt)).resolves.toMatchObject({ kind: 'done' });
    expect(liveImage()).toBe('shop:v1');
  });

  it('keeps annotations that are not ours, which kubectl drops', async () => {
    await deploy('shop:v1');
    await deploy('shop:v2', { annotations: { 'team.example/on-call': 'payments' } });
    await accepted(await resolved());
    await cluster.settled();
    expect(cluster.deployment(NS, APP).metadata.annotations).toMatchObject({ 'team.example/on-call': 'payments' });
  });
});

describe('finding the target', () => {
  it('refuses a paused Deployment', async () => {
    await deploy('shop:v1');
    await deploy('shop:v2');
    edit(({ spec }) => {
      spec.paused = true;
    });
    await expect(resolve()).resolves.toMatchObject({ kind: 'refused', refusal: 'paused' });
  });

  it('refuses when no older revision exists', async () => {
    await deploy('shop:v1');
    await expect(resolve()).resolves.toMatchObject({ kind: 'refused', refusal: 'no-older-version' });
  });

  it('refuses a Deployment that is not there', async () => {
    await expect(resolve()).resolves.toMatchObject({ kind: 'refused', refusal: 'not-found' });
  });

  it.each([
    ['image', () => 'shop:v2'],
    ['revision', () => 'r2'],
    ['identity', (uid: string) => uid],
  ])('passes over a version whose %s was bad in this incident', async (_, bad) => {
    await deploy('shop:v1');
    await deploy('shop:v2');
    const { identity } = (await resolved()).from;
    await deploy('shop:v3');
    expect((await resolved([bad(identity)])).to).toMatchObject({ version: 'r1', images: ['shop:v1'] });
  });

  it('refuses when every older version was bad', async () => {
    await deploy('shop:v1');
    await deploy('shop:v2');
    await expect(resolve(['shop:v1'])).resolves.toMatchObject({ kind: 'refused', refusal: 'target-was-bad' });
  });

  it('does not ping-pong: after an undo the bad version is renumbered away, and going on is already there', async () => {
    await deploy('shop:v1');
    await deploy('shop:v2');
    const first = await resolved(['shop:v2']);
    await ended(first, await accepted(first));
    await cluster.settled();

    // r1 is r3 now; "previous" would be r2, the bad one.
    const again = await resolve(['shop:v2']);
    expect(again).toMatchObject({
      kind: 'already-there',
      target: { to: { version: 'r3', identity: first.to.identity } },
    });
    expect(liveImage()).toBe('shop:v1');
  });

  it('says so when the target was made after what runs now, and nobody told which version was bad', async () => {
    await deploy('shop:v1');
    await deploy('shop:v2');
    const target = await resolved();
    await ended(target, await accepted(target));
    await cluster.settled();
    expect((await resolved()).warnings.join()).toContain('gone back already');
  });

  it('takes a restart for the same version', async () => {
    await deploy('shop:v1');
    await deploy('shop:v2');
    await deploy('shop:v2', {
      template: ({ metadata }) => {
        metadata.annotations = { 'kubectl.kubernetes.io/restartedAt': '2026-11-23T12:00:00Z' };
      },
    });
    expect((await resolved()).to.images).toEqual(['shop:v1']);
  });

  it('knows what runs before the controller has numbered it', async () => {
    await deploy('shop:v1');
    await deploy('shop:v2');
    cluster.freeze('controllers');
    edit(({ spec }) => {
      spec.template.spec.containers[0]!.image = 'shop:v1';
    });
    const target = await resolved();
    expect(target.from.images).toEqual(['shop:v1']);
    expect(target.to.images).toEqual(['shop:v2']);
  });
});

describe('ConfigMaps and Secrets', () => {
  const withReferences = async (): Promise<void> => {
    await deploy('shop:v1', {
      template: ({ spec }) => {
        spec.containers[0]!['envFrom'] = [
          { configMapRef: { name: 'settings' } },
          { secretRef: { name: 'maybe', optional: true } },
        ];
        spec['volumes'] = [{ name: 'tls', projected: { sources: [{ secret: { name: 'tls' } }] } }];
      },
    });
    await deploy('shop:v2', {
      template: ({ spec }) => {
        delete spec.containers[0]!['envFrom'];
        delete spec['volumes'];
      },
    });
  };

  it('are listed as not reverted, and warned of when the target would not find them', async () => {
    await withReferences();
    const target = await resolved();
    expect(target.notReverted).toEqual(['ConfigMap settings', 'Secret maybe', 'Secret tls']);
    expect(target.warnings).toEqual([
      expect.stringContaining('ConfigMap settings does not exist'),
      expect.stringContaining('Secret tls does not exist'),
    ]);
  });

  it('are warned of when they changed since the target version was made', async () => {
    await withReferences();
    for (const [resource, name] of [
      ['configmaps', 'settings'],
      ['secrets', 'tls'],
    ] as const) {
      cluster.create(resource, { metadata: { namespace: NS, name } });
    }
    const { warnings } = await resolved();
    expect(warnings).toEqual([
      expect.stringMatching(/ConfigMap settings changed at .*Z/),
      expect.stringMatching(/Secret tls changed at .*Z/),
    ]);
  });

  it('may be unreadable: 403 is a warning only', async () => {
    await withReferences();
    cluster.failNext({ path: /\/(secrets|configmaps)\//, status: 403, times: 3 });
    const { warnings } = await resolved();
    expect(warnings).toHaveLength(3);
    expect(warnings[0]).toContain('could not be checked');
  });

  it('are read without their content', async () => {
    await withReferences();
    await resolved();
    const reads = cluster.requests.filter(({ path }) => /\/(secrets|configmaps)\//.test(path));
    expect(reads).toHaveLength(3);
    expect(reads.every(({ accept }) => accept.includes('as=PartialObjectMetadata'))).toBe(true);
  });
});

describe('the owner of the Deployment', () => {
  const OWNED: readonly [string, (deployment: DeploymentObject) => void, string][] = [
    [
      'argocd',
      (d) =>
        void (d.metadata.annotations!['argocd.argoproj.io/tracking-id'] = 'shop-app:apps/Deployment:shop/checkout'),
      'shop-app',
    ],
    ['argocd', (d) => void (d.metadata.labels!['argocd.argoproj.io/instance'] = 'shop-app'), 'shop-app'],
    [
      'flux',
      (d) =>
        void Object.assign(d.metadata.labels!, {
          'kustomize.toolkit.fluxcd.io/name': 'apps',
          'kustomize.toolkit.fluxcd.io/namespace': 'flux-system',
        }),
      'flux-system/apps',
    ],
    ['flux', (d) => void (d.metadata.labels!['helm.toolkit.fluxcd.io/name'] = 'apps'), 'apps'],
    [
      'flagger',
      (d) =>
        void (d.metadata.ownerReferences = [
          { apiVersion: 'flagger.app/v1beta1', kind: 'Canary', name: 'checkout-canary', uid: 'c', controller: true },
        ]),
      'checkout-canary',
    ],
    [
      'helm',
      (d) => {
        d.metadata.labels!['app.kubernetes.io/managed-by'] = 'Helm';
        d.metadata.annotations!['meta.helm.sh/release-name'] = 'shop-release';
      },
      'shop-release',
    ],
    [
      'controller',
      (d) =>
        void (d.metadata.ownerReferences = [
          { apiVersion: 'apps.example/v1', kind: 'Shop', name: 'eu', uid: 's', controller: true },
        ]),
      'Shop/eu',
    ],
  ];

  it.each(OWNED)('%s would put a change back: refused by name, unless the step allows it', async (kind, mark, name) => {
    await deploy('shop:v1');
    await deploy('shop:v2');
    const before = await resolved();
    edit(mark);
    const refusal = { kind: 'refused', refusal: 'owned-by-another', message: expect.stringContaining(`"${name}"`) };
    await expect(resolve()).resolves.toMatchObject(refusal);
    await expect(execute(before)).resolves.toMatchObject(refusal);

    const step = stepOf({ allowOwner: kind });
    const target = await resolved([], step);
    expect(target.warnings.join()).toContain(name);
    await expect(execute(target, step)).resolves.toMatchObject({ kind: 'accepted' });
  });
});

describe('a rehearsal', () => {
  it('asks the server with dryRun=All and changes nothing', async () => {
    await deploy('shop:v1');
    const { metadata } = await deploy('shop:v2');
    const rehearsal = await provider.rehearse(STEP, await resolved(), signal());
    expect(rehearsal.kind).toBe('would-work');
    const asked = cluster.requests.filter(({ method }) => method === 'PATCH');
    expect(asked.map(({ query, status }) => [query['dryRun'], status])).toEqual([['All', 200]]);
    expect(cluster.patches).toEqual([]);
    expect(cluster.deployment(NS, APP).metadata.resourceVersion).toBe(metadata.resourceVersion);
  });

  it('tells a permission that is missing', async () => {
    await deploy('shop:v1');
    await deploy('shop:v2');
    const target = await resolved();
    cluster.failNext({ ...PATCH_OF_APP, status: 403 });
    const rehearsal = await provider.rehearse(STEP, target, signal());
    expect(rehearsal).toMatchObject({ kind: 'failed', failure: { kind: 'unauthorized' } });
  });

  it('tells what the server finds invalid, and does not take that for a conflict', async () => {
    await deploy('shop:v1');
    await deploy('shop:v2');
    const target = await resolved();
    const template = structuredClone(target.pin['template']) as { metadata: object };
    template.metadata = { labels: { app: 'another' } };
    const rehearsal = await provider.rehearse(
      STEP,
      { ...target, pin: { ...target.pin, template } } as PinnedTarget,
      signal(),
    );
    expect(rehearsal).toMatchObject({
      kind: 'failed',
      failure: { kind: 'rejected', message: expect.stringContaining('selector') },
    });
    expect(cluster.requests.filter(({ method }) => method === 'PATCH')).toHaveLength(1);
  });
});

describe('execution', () => {
  it('reads again and repeats when only the resourceVersion moved', async () => {
    await deploy('shop:v1');
    await deploy('shop:v2');
    const target = await resolved();
    let writes = 0;
    const statusUpdate = (): void => {
      edit(({ status }) => {
        status['somebodyCounts'] = writes += 1;
      });
    };
    cluster.failNext({ ...PATCH_OF_APP, before: statusUpdate, times: 3 });
    await expect(execute(target)).resolves.toMatchObject({ kind: 'accepted' });
    expect(cluster.requests.filter(({ method }) => method === 'PATCH').map(({ status }) => status)).toEqual([
      422, 422, 422, 200,
    ]);
    expect(cluster.patches).toHaveLength(1);
  });

  it.each([409, 422])('takes a bare %i for the same', async (status) => {
    await deploy('shop:v1');
    await deploy('shop:v2');
    const target = await resolved();
    cluster.failNext({ ...PATCH_OF_APP, status });
    await expect(execute(target)).resolves.toMatchObject({ kind: 'accepted' });
  });

  it('gives up, to be tried again, when it never gets in between the writes of others', async () => {
    await deploy('shop:v1');
    await deploy('shop:v2');
    const target = await resolved();
    cluster.failNext({ ...PATCH_OF_APP, status: 409, times: 100 });
    await expect(execute(target)).resolves.toMatchObject({ kind: 'failed', failure: { kind: 'server' } });
    expect(cluster.patches).toEqual([]);
  });

  it('refuses when somebody deployed another version between our read and our write', async () => {
    await deploy('shop:v1');
    await deploy('shop:v2');
    const target = await resolved();
    const before = (): void => {
      edit(({ spec }) => {
        spec.template.spec.containers[0]!.image = 'shop:v3';
      });
    };
    cluster.failNext({ ...PATCH_OF_APP, before });
    await expect(execute(target)).resolves.toMatchObject({ kind: 'refused', refusal: 'changed-meanwhile' });
    expect(cluster.patches).toEqual([]);
    expect(liveImage()).toBe('shop:v3');
  });

  it('refuses a Deployment that was made anew under the same name', async () => {
    await deploy('shop:v1');
    await deploy('shop:v2');
    const target = await resolved();
    cluster.remove('deployments', NS, APP);
    await expect(execute(target)).resolves.toMatchObject({ kind: 'refused', refusal: 'not-found' });
    await deploy('shop:v2');
    await expect(execute(target)).resolves.toMatchObject({ kind: 'refused', refusal: 'changed-meanwhile' });
    expect(cluster.patches).toEqual([]);
  });

  it('refuses when the Deployment was paused since', async () => {
    await deploy('shop:v1');
    await deploy('shop:v2');
    const target = await resolved();
    edit(({ spec }) => {
      spec.paused = true;
    });
    await expect(execute(target)).resolves.toMatchObject({ kind: 'refused', refusal: 'paused' });
  });

  it('refuses when the step was edited to name another Deployment than the pinned one', async () => {
    await deploy('shop:v1');
    await deploy('shop:v2');
    const target = await resolved();
    await expect(execute(target, stepOf({ name: 'payment' }))).resolves.toMatchObject({
      kind: 'refused',
      refusal: 'changed-meanwhile',
    });
    expect(cluster.patches).toEqual([]);
  });

  it('repeated after a crash finds the change in place, with a receipt to go on from', async () => {
    await deploy('shop:v1');
    await deploy('shop:v2');
    const target = await resolved();
    const first = await accepted(target);

    const again = await execute(target);
    expect(again).toMatchObject({
      kind: 'accepted', // it was our write
      receipt: { generation: first['generation'], acceptedAt: first['acceptedAt'] },
    });
    if (again.kind !== 'accepted') throw new Error('unreachable');
    await expect(ended(target, again.receipt)).resolves.toMatchObject({ kind: 'done' });
    expect(cluster.patches).toHaveLength(1);
  });

  it('asks before it repeats: a PATCH whose answer was lost took effect once', async () => {
    await deploy('shop:v1');
    await deploy('shop:v2');
    const target = await resolved();
    cluster.failNext({ ...PATCH_OF_APP, dropAfterApply: true });
    const receipt = await accepted(target);
    await expect(ended(target, receipt)).resolves.toMatchObject({ kind: 'done' });
    expect(cluster.patches).toHaveLength(1);
  });

  it('calls a PATCH ambiguous that was cut off and is not in place', async () => {
    await deploy('shop:v1');
    await deploy('shop:v2');
    const target = await resolved();
    cluster.failNext({ ...PATCH_OF_APP, drop: true });
    await expect(execute(target)).resolves.toMatchObject({ kind: 'failed', failure: { kind: 'ambiguous' } });
    expect(cluster.patches).toEqual([]);
  });
});

describe('observation', () => {
  const goBack = async (): Promise<{ target: PinnedTarget; receipt: JsonObject }> => {
    const target = await resolved(['shop:v2']);
    return { target, receipt: await accepted(target) };
  };

  it('is progressing while the controller has not seen the change', async () => {
    await deploy('shop:v1');
    await deploy('shop:v2');
    cluster.freeze('controllers');
    const { target, receipt } = await goBack();
    // By the numbers alone it would be done: all pods of the old state are there and available.
    await expect(observe(target, receipt)).resolves.toMatchObject({ kind: 'progressing', progress: { available: 3 } });
    cluster.release('controllers');
    await expect(ended(target, receipt)).resolves.toMatchObject({ kind: 'done' });
  });

  it('is progressing until the last old pod is gone and every new one is available', async () => {
    await deploy('shop:v1');
    await deploy('shop:v2');
    cluster.freeze('pods');
    const { target, receipt } = await goBack();
    await cluster.settled();
    await expect(observe(target, receipt)).resolves.toMatchObject({ kind: 'progressing' });
    cluster.release('pods');
    await expect(ended(target, receipt)).resolves.toMatchObject({
      kind: 'done',
      progress: { total: 3, updated: 3, available: 3 },
    });
  });

  it('measures by the replicas that are wanted now: an autoscaler may change them during the rollout', async () => {
    await deploy('shop:v1');
    await deploy('shop:v2');
    cluster.freeze('pods');
    const { target, receipt } = await goBack();
    edit(({ spec }) => {
      spec.replicas = 5;
    });
    cluster.release('pods');
    await expect(ended(target, receipt)).resolves.toMatchObject({
      kind: 'done',
      progress: { wanted: 5, available: 5 },
    });
  });

  it('fails when the progress deadline passes for the rollback itself', async () => {
    await deploy('shop:v1');
    await deploy('shop:v2');
    cluster.freeze('pods');
    const { target, receipt } = await goBack();
    await cluster.settled();
    cluster.advance(601_000);
    const observation = await ended(target, receipt);
    expect(observation).toMatchObject({ kind: 'failed', message: expect.stringContaining('deadline') });
  });

  it('does not fail for the deadline that the bad rollout missed before', async () => {
    await deploy('shop:v1', { replicas: 4 });
    cluster.behave('shop:v2', 'crash-loop');
    await deploy('shop:v2');
    cluster.advance(601_000);
    await cluster.settled();
    const progressing = cluster.deployment(NS, APP).status.conditions?.find(({ type }) => type === 'Progressing');
    expect(progressing?.reason).toBe('ProgressDeadlineExceeded');
    const { target, receipt } = await goBack();
    await expect(ended(target, receipt)).resolves.toMatchObject({ kind: 'done' });
  });

  it.each([
    ['crash-loop', 'CrashLoopBackOff'],
    ['image-pull', 'ImagePullBackOff'],
    ['unschedulable', 'Unschedulable'],
  ] as const)('reports pods in %s early', async (behaviour, reason) => {
    await deploy('shop:v1');
    await deploy('shop:v2');
    cluster.behave('shop:v1', behaviour);
    const { target, receipt } = await goBack();
    const mentions = (o: Observation): boolean => 'message' in o && o.message.includes(reason);
    const observation = await seen(target, receipt, mentions);
    expect(observation).toMatchObject({ kind: 'progressing', progress: { troubles: [{ reason, pods: 1 }] } });
  });

  it('goes on without the pods where it may not list them', async () => {
    await deploy('shop:v1');
    await deploy('shop:v2');
    cluster.freeze('pods');
    const { target, receipt } = await goBack();
    cluster.failNext({ path: /\/pods$/, status: 403 });
    await expect(observe(target, receipt)).resolves.toMatchObject({
      kind: 'progressing',
      progress: { podsUnreadable: expect.any(String) },
    });
  });

  it('is diverged when somebody changed the template, or made the Deployment anew', async () => {
    await deploy('shop:v1');
    await deploy('shop:v2');
    const { target, receipt } = await goBack();
    await deploy('shop:v4');
    await expect(observe(target, receipt)).resolves.toMatchObject({
      kind: 'diverged',
      progress: { images: ['shop:v4'] },
    });
    cluster.remove('deployments', NS, APP);
    await expect(observe(target, receipt)).resolves.toMatchObject({ kind: 'diverged' });
    await deploy('shop:v1');
    await expect(observe(target, receipt)).resolves.toMatchObject({ kind: 'diverged' });
  });
});

describe('failures of the other side', () => {
  it.each([
    [401, 'unauthorized'],
    [403, 'unauthorized'],
    [429, 'rate-limited'],
    [500, 'server'],
    [503, 'server'],
    [504, 'ambiguous'],
    [400, 'rejected'],
  ])('%i is %s', async (status, kind) => {
    cluster.failNext({ path: /deployments/, status });
    await expect(resolve()).resolves.toMatchObject({ kind: 'failed', failure: { kind } });
  });

  it('says how long it was asked to wait', async () => {
    cluster.failNext({ status: 429, retryAfterSeconds: 7 });
    await expect(resolve()).resolves.toMatchObject({ failure: { retryAfterMs: 7000 } });
  });

  it('a wrong token is unauthorized, and a new one in the file is taken without a restart', async () => {
    await deploy('shop:v1');
    await deploy('shop:v2');
    await cluster.kubeconfig(kubeconfig, { token: 'wrong' });
    await expect(resolve()).resolves.toMatchObject({ failure: { kind: 'unauthorized' } });
    await cluster.kubeconfig(kubeconfig);
    await expect(resolve()).resolves.toMatchObject({ kind: 'target' });
  });

  it('a server that is gone is unreachable', async () => {
    await cluster.stop();
    await expect(resolve()).resolves.toMatchObject({ failure: { kind: 'unreachable' } });
  });

  it('silence is ambiguous, and ends with the signal', async () => {
    cluster.failNext({ hang: true });
    const asked = provider.resolve(STEP, { badVersions: [], now: nowOnOurClock() }, AbortSignal.timeout(300));
    await expect(asked).resolves.toMatchObject({ failure: { kind: 'ambiguous' } });
  });

  it('a certificate that is not trusted is rejected', async () => {
    await cluster.kubeconfig(kubeconfig, { trusted: false });
    await expect(resolve()).resolves.toMatchObject({
      failure: { kind: 'rejected', message: expect.stringContaining('TLS') },
    });
    expect(cluster.requests).toEqual([]);
  });

  it('a kubeconfig that is missing, or has no such context, is our own fault and says so', async () => {
    for (const wrong of [{ kubeconfig: join(directory, 'absent') }, { kubeconfig, context: 'absent' }]) {
      provider = createDeploymentProvider({ clusters: { 'eu-1': wrong } });
      await expect(resolve()).resolves.toMatchObject({
        failure: { kind: 'rejected', message: expect.stringContaining('absent') },
      });
    }
  });
});

describe('the configuration of a step', () => {
  it.each([
    ['namespace', { namespace: 'Not A Name' }],
    ['name', { name: '../secrets' }],
    ['cluster', { cluster: 'mars' }],
    ['allowOwner', { allowOwner: 'everybody' }],
    ['nmae', { nmae: 'checkout' }],
  ])('names the field that is wrong: %s', (field, wrong) => {
    expect(provider.checkConfig(stepOf(wrong))).toMatchObject({ field });
  });

  it('needs a cluster only where there are several', () => {
    expect(provider.checkConfig(STEP)).toBeNull();
    const several = createDeploymentProvider({ clusters: { a: { kubeconfig }, b: { kubeconfig } } });
    expect(several.checkConfig(STEP)).toMatchObject({ field: 'cluster' });
    expect(several.checkConfig(stepOf({ cluster: 'b' }))).toBeNull();
  });
});

describe('the real kubectl on the same cluster', () => {
  const kubectl = async (...args: string[]): Promise<{ stdout: string; stderr: string }> => {
    const tool = (await kubernetesTools()).kubectl;
    const fixed = ['--kubeconfig', kubeconfig, '--cache-dir', join(directory, 'cache'), '-n', NS];
    return await promisify(execFile)(tool, [...fixed, ...args], { timeout: 30_000 });
  };
  const undo = (): ReturnType<typeof kubectl> => kubectl('rollout', 'undo', `deployment/${APP}`);
  const revisions = (): number[] =>
    cluster
      .list('replicasets', NS)
      .map(({ metadata }) => Number(metadata.annotations?.['deployment.kubernetes.io/revision']))
      .sort((a, b) => a - b);

  const STATES: readonly [string, () => Promise<unknown>][] = [
    ['two releases', async () => [await deploy('shop:v1'), await deploy('shop:v2')]],
    ['three releases', async () => [await deploy('shop:v1'), await deploy('shop:v2'), await deploy('shop:v3')]],
    [
      'a release that changed more than the image',
      async () => {
        await deploy('shop:v1', {
          template: ({ metadata, spec }) => {
            metadata.annotations = { 'prometheus.io/scrape': 'true' };
            spec.containers[0]!['env'] = [{ name: 'MODE', value: 'safe' }];
            spec['volumes'] = [{ name: 'scratch', emptyDir: {} }];
          },
        });
        await deploy('shop:v2', {
          template: ({ metadata, spec }) => {
            delete metadata.annotations;
            spec.containers[0]!['env'] = [{ name: 'MODE', value: 'fast' }];
            delete spec['volumes'];
          },
        });
      },
    ],
    [
      'a rollout that hangs',
      async () => {
        cluster.behave('shop:v2', 'image-pull');
        await deploy('shop:v1');
        await deploy('shop:v2');
      },
    ],
  ];

  it.each(STATES)('undoes to the same template and the same numbers as we do: %s', async (_, make) => {
    await make();
    await undo();
    await cluster.settled();
    const theirs = { template: cluster.deployment(NS, APP).spec.template, revisions: revisions() };

    cluster.remove('deployments', NS, APP);
    await make();
    const target = await resolved();
    await ended(target, await accepted(target));
    await cluster.settled();
    expect({ template: cluster.deployment(NS, APP).spec.template, revisions: revisions() }).toEqual(theirs);
  });

  it('finds our rollout complete, and our numbers in its history', async () => {
    await deploy('shop:v1');
    await deploy('shop:v2');
    const target = await resolved();
    await ended(target, await accepted(target));
    await expect(kubectl('rollout', 'status', `deployment/${APP}`, '--timeout=10s')).resolves.toMatchObject({
      stdout: expect.stringContaining('successfully rolled out'),
    });
    const history = (await kubectl('rollout', 'history', `deployment/${APP}`)).stdout;
    expect(history.match(/^\d+/gm)).toEqual(['2', '3']);
    expect((await kubectl('get', 'deploy', APP, '-o', 'name')).stdout.trim()).toBe('deployment.apps/checkout');
  });

  it('refuses a paused Deployment as we do', async () => {
    await deploy('shop:v1');
    await deploy('shop:v2');
    edit(({ spec }) => {
      spec.paused = true;
    });
    await expect(undo()).rejects.toThrow(/paused/);
    await expect(resolve()).resolves.toMatchObject({ refusal: 'paused' });
  });

  it('refuses without an older revision as we do', async () => {
    await deploy('shop:v1');
    await expect(undo()).rejects.toThrow(/no rollout history/);
    await expect(resolve()).resolves.toMatchObject({ refusal: 'no-older-version' });
  });

  it('brings the bad version back on the second undo, where we do not', async () => {
    await deploy('shop:v1');
    await deploy('shop:v2');
    await undo();
    await cluster.settled();
    expect(liveImage()).toBe('shop:v1');
    await expect(resolve(['shop:v2'])).resolves.toMatchObject({ kind: 'already-there' });
    await undo();
    expect(liveImage()).toBe('shop:v2');
  });

  it('drops an annotation that the old version did not have, where we do not', async () => {
    await deploy('shop:v1');
    await deploy('shop:v2');
    cluster.freeze('controllers');
    edit(({ metadata }) => {
      metadata.annotations!['team.example/on-call'] = 'payments';
    });
    await undo();
    expect(cluster.deployment(NS, APP).metadata.annotations).not.toHaveProperty('team.example/on-call');
  });

  it('is refused a stale resourceVersion and a wrong kind of patch', async () => {
    const { metadata } = await deploy('shop:v1');
    const stale = JSON.stringify([{ op: 'test', path: '/metadata/resourceVersion', value: '1' }]);
    await expect(kubectl('patch', 'deployment', APP, '--type=json', '-p', stale)).rejects.toThrow(
      /rejected our request/,
    );
    cluster.create('canaries', { metadata: { namespace: NS, name: 'a' }, spec: {} });
    const path = `/apis/flagger.app/v1beta1/namespaces/${NS}/canaries/a`;
    const content = { type: 'application/strategic-merge-patch+json', body: {} };
    await expect(
      createConnection({ kubeconfig }).send({ method: 'PATCH', path, content }, signal()),
    ).resolves.toMatchObject({
      kind: 'failed',
      failure: { kind: 'rejected', message: expect.stringMatching(/415.*unknown format/) },
    });
    expect(cluster.deployment(NS, APP).metadata.resourceVersion).toBe(metadata.resourceVersion);
  });
});

it('loads the client library only with the first request', async () => {
  const script = `
    const { registerHooks } = await import('node:module');
    const loaded = [];
    registerHooks({ resolve: (name, context, next) => { loaded.push(name); return next(name, context); } });
    const { createDeploymentProvider } = await import(process.argv[1]);
    const provider = createDeploymentProvider({ clusters: {} });
    const step = { name: 's', with: { namespace: 'shop', name: 'checkout' } };
    const before = [provider.checkConfig(step), loaded.includes('@kubernetes/client-node')];
    await provider.resolve(step, { badVersions: [] }, AbortSignal.timeout(20_000));
    console.log(JSON.stringify([...before, loaded.includes('@kubernetes/client-node')]));`;
  const module = new URL('../../src/rollback/providers/deployment/index.ts', import.meta.url).href;
  const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', script, module]);
  expect(JSON.parse(stdout)).toEqual([null, false, true]);
});
