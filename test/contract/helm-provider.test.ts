import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import type { JsonObject } from '../../src/domain/json.ts';
import type { PinnedTarget, StepConfig } from '../../src/domain/plan.ts';
import { iso } from '../../src/domain/time.ts';
import type { Execution, Observation, Rehearsal, Resolution, RollbackProvider } from '../../src/rollback/ports.ts';
import { createHelmProvider } from '../../src/rollback/providers/helm/index.ts';
import { createProcessRunner, type ProcessRunner } from '../../src/rollback/providers/process/index.ts';
import { type DeploymentObject, type FakeKubernetes, startFakeKubernetes } from '../fakes/kubernetes/index.ts';
import { type KubernetesTools, kubernetesTools } from '../harness/kubernetes-tools.ts';

const NS = 'default';

let tools: KubernetesTools;
let directory: string;
let cluster: FakeKubernetes;
let kubeconfig: string;
let runner: ProcessRunner;
let provider: RollbackProvider;

const CHART = {
  'Chart.yaml': 'apiVersion: v2\nname: shop\nversion: 1.2.3\nappVersion: "4.5"\n',
  'values.yaml': 'image: shop:v1\nmode: 0644\nextra: false\nhook: false\nlabels: {}\n',
  'templates/all.yaml': `
apiVersion: v1
kind: ConfigMap
metadata:
  name: shop-settings
  labels: {{ toJson .Values.labels }}
data: {image: "{{ .Values.image }}"}
---
apiVersion: v1
kind: Service
metadata: {name: shop}
spec: {selector: {app: shop}, ports: [{port: 80}]}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: shop}
spec:
  replicas: 2
  selector: {matchLabels: {app: shop}}
  template:
    metadata: {labels: {app: shop}}
    spec:
      containers: [{name: app, image: "{{ .Values.image }}"}]
      volumes: [{name: settings, configMap: {name: shop-settings, defaultMode: {{ .Values.mode }}}}]
{{- if .Values.extra }}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: shop-extra}
data: {new: "yes"}
{{- end }}
{{- if .Values.hook }}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: shop-hook, annotations: {helm.sh/hook: pre-rollback}}
{{- end }}
`,
};

beforeAll(async () => {
  tools = await kubernetesTools();
  directory = await mkdtemp(join(tmpdir(), 'helm-test-'));
  await mkdir(join(directory, 'chart/templates'), { recursive: true });
  for (const [name, text] of Object.entries(CHART)) await writeFile(join(directory, 'chart', name), text);
});
afterAll(() => rm(directory, { recursive: true, force: true }));

beforeEach(async () => {
  cluster = await startFakeKubernetes();
  kubeconfig = await cluster.kubeconfig(join(directory, 'kubeconfig'));
  provider = newProcess();
});
afterEach(() => cluster.stop());

/** Another process of ours, or the same one after a restart: it knows of nothing that runs. */
const newProcess = (path = tools.helm): RollbackProvider => {
  runner = createProcessRunner({ graceMs: 100 });
  const environmentSource = { PATH: process.env['PATH'], HOME: directory };
  return createHelmProvider({ clusters: { 'eu-1': { kubeconfig } }, path, runner, environmentSource });
};

const helmOn = async (config: string, args: readonly string[]): Promise<string> => {
  const all = [...args, '--kubeconfig', config, '--namespace', NS];
  const { stdout } = await promisify(execFile)(tools.helm, all, { env: { HOME: directory } });
  return stdout;
};
/** The real helm, as an SRE would use it. */
const helm = (...args: readonly string[]): Promise<string> => helmOn(kubeconfig, args);
const upgrade = (image: string, ...more: readonly string[]): Promise<string> =>
  helm('upgrade', '--install', 'shop', join(directory, 'chart'), '--set', `image=${image}`, ...more);
interface Row {
  readonly revision: number;
  readonly status: string;
  readonly description: string;
}
const history = async (config = kubeconfig): Promise<readonly Row[]> =>
  JSON.parse(await helmOn(config, ['history', 'shop', '-o', 'json'])) as Row[];
const told = async (config = kubeconfig): Promise<readonly string[]> =>
  (await history(config)).map(({ revision, status, description }) => `${revision} ${status}: ${description}`);
const image = (of = cluster): string => of.deployment(NS, 'shop').spec.template.spec.containers[0]!.image;

const stepOf = (more: JsonObject = {}, timeoutSeconds = 20): StepConfig => ({
  name: 'back',
  provider: 'helm',
  timeoutSeconds,
  onFailure: 'stop',
  with: { namespace: NS, release: 'shop', ...more },
});
const STEP = stepOf();
const signal = (): AbortSignal => AbortSignal.timeout(10_000);

const resolve = (badVersions: readonly string[] = [], step = STEP): Promise<Resolution> =>
  provider.resolve(step, { badVersions, now: iso(Date.now()) }, signal());
const resolved = async (badVersions: readonly string[] = [], step = STEP): Promise<PinnedTarget> => {
  const resolution = await resolve(badVersions, step);
  if (resolution.kind !== 'target') throw new Error(`not resolved: ${JSON.stringify(resolution)}`);
  return resolution.target;
};
const rehearse = (target: PinnedTarget, step = STEP): Promise<Rehearsal> => provider.rehearse(step, target, signal());
const execute = (target: PinnedTarget, step = STEP): Promise<Execution> => provider.execute(step, target, signal());
const accepted = async (target: PinnedTarget, step = STEP): Promise<JsonObject> => {
  const execution = await execute(target, step);
  if (execution.kind !== 'accepted') throw new Error(`not accepted: ${JSON.stringify(execution)}`);
  return execution.receipt;
};
const observe = (target: PinnedTarget, receipt: JsonObject = {}, since = Date.now()): Promise<Observation> =>
  provider.observe(STEP, target, receipt, iso(since), signal());
const ended = async (target: PinnedTarget, receipt: JsonObject): Promise<Observation> => {
  for (;;) {
    const seen = await observe(target, receipt);
    if (seen.kind !== 'progressing') return seen;
    await delay(20);
  }
};
const rolledBack = async (badVersions: readonly string[] = []): Promise<PinnedTarget> => {
  const target = await resolved(badVersions);
  const seen = await ended(target, await accepted(target));
  if (seen.kind !== 'done') throw new Error(JSON.stringify(seen));
  return target;
};
const until = async (status: string): Promise<void> => {
  while ((await history()).at(-1)?.status !== status) await delay(20);
};

describe('a rollback of a Helm release', () => {
  it('goes to the newest older revision and is done when helm says that its pods are ready', async () => {
    await upgrade('shop:v1');
    await upgrade('shop:v2');
    const target = await resolved();
    expect(target.key).toBe('kubernetes/eu-1/default/helm/shop');
    expect(target.from).toMatchObject({ version: 'rev 2 (shop-1.2.3, app 4.5)', images: ['shop:v2'] });
    expect(target.to).toMatchObject({ version: 'rev 1 (shop-1.2.3, app 4.5)', images: ['shop:v1'] });
    expect(target.to.identity).toMatch(/^sha256:[0-9a-f]{64}$/);
    expect(target.warnings).toEqual([]);
    await expect(rehearse(target)).resolves.toMatchObject({
      kind: 'would-work',
      message: expect.stringContaining('would accept the 3 objects of revision 1; not rehearsed: hooks'),
    });
    await expect(ended(target, await accepted(target))).resolves.toMatchObject({ kind: 'done' });
    expect(image()).toBe('shop:v1');
    expect((await told()).at(-1)).toBe('3 deployed: Rollback to 1');
  });

  it('leaves the same objects and the same history as a plain "helm rollback"', async () => {
    const oracle = await startFakeKubernetes();
    try {
      const other = await oracle.kubeconfig(join(directory, 'oracle'));
      const deploy = async (config: string): Promise<void> => {
        for (const values of ['image=shop:v1', 'image=shop:v2,mode=0600', 'image=shop:v3,extra=true']) {
          await helmOn(config, ['upgrade', '--install', 'shop', join(directory, 'chart'), '--set', values]);
        }
      };
      await deploy(other);
      await deploy(kubeconfig);
      await helmOn(other, ['rollback', 'shop', '2', '--wait=watcher']);
      const target = await rolledBack();
      expect(target.pin['toRevision']).toBe(2);
      expect(target.warnings).toEqual(['Going back deletes ConfigMap default/shop-extra']);

      const objects = (of: FakeKubernetes): unknown =>
        ['deployments', 'configmaps', 'services'].map((resource) =>
          of.list(resource, NS).map((object) => {
            const { name, labels, annotations } = object.metadata;
            const { spec, data } = object as DeploymentObject & { data?: unknown };
            return { name, labels, annotations, spec, data };
          }),
        );
      expect(objects(cluster)).toEqual(objects(oracle));
      expect(await told()).toEqual(await told(other));
    } finally {
      await oracle.stop();
    }
  });

  it('says of a failed upgrade that it may run half way, and goes back from it', async () => {
    cluster.behave('shop:v2', 'crash-loop');
    await upgrade('shop:v1');
    await upgrade('shop:v2', '--wait=watcher', '--timeout', '1s').catch(() => null);
    const target = await resolved();
    expect(target.warnings).toEqual([expect.stringContaining('Revision 2 failed, perhaps half way')]);
    await expect(ended(target, await accepted(target))).resolves.toMatchObject({ kind: 'done' });
    expect(image()).toBe('shop:v1');
  });

  it('keeps the whole history, unless the step says how much', async () => {
    for (let at = 1; at <= 11; at += 1) await upgrade(`shop:v${at}`, '--history-max', '0');
    await rolledBack();
    expect(await history()).toHaveLength(12);
    const few = stepOf({ historyMax: 3 });
    const target = await resolved([], few);
    await ended(target, await accepted(target, few));
    expect(await history()).toHaveLength(3);
  });

  it('passes over an upgrade that changed nothing', async () => {
    await upgrade('shop:v1');
    await upgrade('shop:v2');
    await upgrade('shop:v2');
    expect((await resolved()).pin).toMatchObject({ fromRevision: 3, toRevision: 1 });
  });

  it.each([
    ['its identity', (bad: PinnedTarget) => bad.to.identity],
    ['its name', (bad: PinnedTarget) => bad.to.version],
    ['its image', () => 'shop:v2'],
  ])('never goes to what was found bad, told by %s', async (_, nameOf) => {
    await upgrade('shop:v1');
    await upgrade('shop:v2');
    await upgrade('shop:v3');
    const bad = nameOf(await resolved());
    expect((await resolved([bad])).pin).toMatchObject({ toRevision: 1 });
    await expect(resolve([bad, 'shop:v1'])).resolves.toMatchObject({ kind: 'refused', refusal: 'target-was-bad' });
  });

  it('is refused without a release and without an older revision', async () => {
    await expect(resolve()).resolves.toMatchObject({ kind: 'refused', refusal: 'not-found' });
    await upgrade('shop:v1');
    await expect(resolve()).resolves.toMatchObject({ kind: 'refused', refusal: 'no-older-version' });
    await helm('uninstall', 'shop', '--keep-history');
    await expect(resolve()).resolves.toMatchObject({ kind: 'refused', refusal: 'not-found' });
  });

  it.each([
    ['Argo CD', 'argocd\\.argoproj\\.io/instance=shop', 'argocd'],
    ['Flux', 'helm\\.toolkit\\.fluxcd\\.io/name=shop', 'flux'],
  ])('is refused where %s would put it back, unless that is allowed', async (_, label, owner) => {
    await upgrade('shop:v1', '--set', `labels.${label}`);
    await upgrade('shop:v2', '--set', `labels.${label}`);
    await expect(resolve()).resolves.toMatchObject({ kind: 'refused', refusal: 'owned-by-another' });
    await expect(resolve([], stepOf({ allowOwner: owner }))).resolves.toMatchObject({ kind: 'target' });
  });
});

describe('ping-pong', () => {
  it('two rollbacks in one incident do not bring the bad revision back', async () => {
    for (const version of ['v1', 'v2', 'v3']) await upgrade(`shop:${version}`);
    const first = await rolledBack();
    const bad = [first.from.identity, first.from.version];
    await expect(resolve(bad)).resolves.toMatchObject({
      kind: 'already-there',
      message: expect.stringContaining('Already back from rev 3'),
    });
    expect(image()).toBe('shop:v2');
  });

  it('two rollbacks in two incidents go further back each', async () => {
    for (const version of ['v1', 'v2', 'v3']) await upgrade(`shop:${version}`);
    await rolledBack();
    const second = await rolledBack();
    expect(second.pin).toMatchObject({ fromRevision: 4, toRevision: 1 });
    expect(image()).toBe('shop:v1');
    await expect(resolve()).resolves.toMatchObject({ kind: 'refused', refusal: 'no-older-version' });
  });

  it('a plain "helm rollback" without a revision would bring it back: the oracle does', async () => {
    for (const version of ['v1', 'v2', 'v3']) await upgrade(`shop:${version}`);
    await helm('rollback', 'shop');
    await helm('rollback', 'shop', '0');
    expect(image()).toBe('shop:v3');
  });

  it('what somebody went back from is passed over after the next upgrade, too', async () => {
    for (const version of ['v1', 'v2', 'v3']) await upgrade(`shop:${version}`);
    await helm('rollback', 'shop', '2');
    await upgrade('shop:v4');
    expect((await resolved()).pin).toMatchObject({ fromRevision: 5, toRevision: 2 });
    expect((await resolved(['shop:v2'])).pin).toMatchObject({ toRevision: 1 });
  });

  it('revision 0 is never given to helm', async () => {
    await upgrade('shop:v1');
    await upgrade('shop:v2');
    const target = await resolved();
    const zero = { ...target, pin: { ...target.pin, toRevision: 0 } };
    await expect(execute(zero).catch((error: unknown) => Promise.reject(error as Error))).rejects.toThrow(TypeError);
    expect(image()).toBe('shop:v2');
  });
});

describe('the rehearsal', () => {
  it('asks the API server, because the dry run of helm rehearses nothing', async () => {
    await upgrade('shop:v1');
    await upgrade('shop:v2');
    const target = await resolved();
    const writes = cluster.patches.length;
    cluster.failNext({ method: 'PATCH', path: /deployments\/shop/, status: 400 });
    expect(await helm('rollback', 'shop', '1', '--dry-run=server')).toContain('success');
    await expect(rehearse(target)).resolves.toMatchObject({
      kind: 'refused',
      refusal: 'unsupported',
      message: expect.stringContaining('Deployment default/shop'),
    });
    await expect(rehearse(target)).resolves.toMatchObject({ kind: 'would-work' });
    expect(cluster.patches).toHaveLength(writes);
    expect(image()).toBe('shop:v2');
  });

  it('finds the field that another writer holds, at which helm would fail', async () => {
    await upgrade('shop:v1');
    await upgrade('shop:v2');
    const kubectl = ['set', 'image', 'deployment/shop', 'app=shop:hotfix', '-n', NS, '--kubeconfig', kubeconfig];
    await promisify(execFile)(tools.kubectl, kubectl, { env: { HOME: directory } });
    const target = await resolved();
    const rehearsal = await rehearse(target);
    expect(rehearsal).toMatchObject({ kind: 'refused', refusal: 'owned-by-another' });
    await expect(helm('rollback', 'shop', '1')).rejects.toThrow(/conflict/);
  });

  it('finds a kind that the cluster does not serve any more', async () => {
    await upgrade('shop:v1');
    await upgrade('shop:v2');
    const target = await resolved();
    cluster.failNext({ method: 'GET', path: /^\/apis\/apps\/v1$/, status: 404 });
    await expect(rehearse(target)).resolves.toMatchObject({
      kind: 'refused',
      message: expect.stringContaining('does not serve apps/v1 Deployment'),
    });
  });

  it('finds an owner whose mark is on the live object only', async () => {
    await upgrade('shop:v1');
    await upgrade('shop:v2');
    const target = await resolved();
    cluster.edit('configmaps', NS, 'shop-settings', ({ metadata }) => {
      metadata.annotations = { ...metadata.annotations, 'argocd.argoproj.io/tracking-id': 'shop:/ConfigMap:x/y' };
    });
    await expect(rehearse(target)).resolves.toMatchObject({ kind: 'refused', refusal: 'owned-by-another' });
  });
});

describe('a release that is not settled', () => {
  it('is left alone while an upgrade runs: helm has no guard against that', async () => {
    await upgrade('shop:v1');
    await upgrade('shop:v2');
    const target = await resolved();
    cluster.freeze('pods');
    const running = upgrade('shop:v3', '--wait=watcher', '--timeout', '20s');
    await until('pending-upgrade');
    await expect(resolve()).resolves.toMatchObject({
      kind: 'refused',
      refusal: 'busy',
      message: expect.stringMatching(
        /^An upgrade \(revision 3\) is pending-upgrade since \d+ s; .*helm rollback shop 2/,
      ),
    });
    await expect(execute(target)).resolves.toMatchObject({ kind: 'refused', refusal: 'changed-meanwhile' });
    cluster.release('pods');
    await running;
    await expect(execute(target)).resolves.toMatchObject({ kind: 'refused', refusal: 'changed-meanwhile' });
    expect(image()).toBe('shop:v3');
  });

  it('a failed hook leaves "pending-rollback" behind: told with the way out', async () => {
    await upgrade('shop:v1', '--set', 'hook=true');
    await upgrade('shop:v2', '--set', 'hook=true');
    const target = await resolved();
    cluster.failNext({ path: /configmaps(\/shop-hook)?$/, status: 403, times: 9 });
    const seen = await ended(target, await accepted(target));
    expect(seen).toMatchObject({
      kind: 'failed',
      message: expect.stringMatching(
        /helm rollback ended with exit code 1: .*pending-rollback since .*helm rollback shop 1 /s,
      ),
    });
    expect((await history()).at(-1)).toMatchObject({ revision: 3, status: 'pending-rollback' });
    await expect(resolve()).resolves.toMatchObject({
      kind: 'refused',
      message: expect.stringMatching(/A rollback \(revision 3\).*helm rollback shop 2 -n default/),
    });
  });

  it('a rollback that failed is not gone back from by itself', async () => {
    await upgrade('shop:v1');
    await upgrade('shop:v2');
    cluster.behave('shop:v1', 'crash-loop');
    const target = await resolved();
    const step = stepOf({}, 3);
    const seen = await ended(target, await accepted(target, step));
    expect(seen).toMatchObject({ kind: 'failed', message: expect.stringContaining('not ready') });
    await expect(resolve()).resolves.toMatchObject({
      kind: 'refused',
      refusal: 'unsupported',
      message: expect.stringContaining('rollback that failed'),
    });
  });
});

describe('what is unknown is asked', () => {
  const twoVersions = async (): Promise<PinnedTarget> => {
    await upgrade('shop:v1');
    await upgrade('shop:v2');
    return await resolved();
  };

  it('crash between start and receipt: the history knows of it, and it is not begun twice', async () => {
    const target = await twoVersions();
    cluster.freeze('pods');
    await execute(target);
    await until('pending-rollback');
    provider = newProcess();
    const receipt = await accepted(target);
    await expect(observe(target, receipt)).resolves.toMatchObject({ kind: 'progressing' });
    cluster.release('pods');
    await expect(ended(target, receipt)).resolves.toMatchObject({ kind: 'done' });
    await expect(execute(target)).resolves.toMatchObject({ kind: 'already-there' });
    expect(await history()).toHaveLength(3);
  });

  it('two calls start helm once', async () => {
    const target = await twoVersions();
    const both = await Promise.all([execute(target), execute(target)]);
    expect(both.map(({ kind }) => kind)).toEqual(['accepted', 'accepted']);
    await ended(target, {});
    expect(await history()).toHaveLength(3);
  });

  it('helm that was killed with us: pending until the step runs out of time', async () => {
    const target = await twoVersions();
    cluster.freeze('pods');
    const args = ['rollback', 'shop', '1', '--wait=watcher', '--kubeconfig', kubeconfig, '--namespace', NS];
    const running = execFile(tools.helm, args, { env: { HOME: directory } });
    await until('pending-rollback');
    const receipt = await accepted(target);
    running.kill('SIGKILL');
    await once(running, 'exit');
    await expect(observe(target, receipt)).resolves.toMatchObject({
      kind: 'progressing',
      message: expect.stringMatching(
        /pending-rollback since .* s; if nobody is at work on it any more, "helm rollback/,
      ),
    });
  });

  it('a timeout is unknown: it is said, nothing is started, and the next look tells', async () => {
    const target = await twoVersions();
    cluster.failNext({ path: /secrets/, hang: true });
    const cut = await provider.execute(STEP, target, AbortSignal.timeout(500));
    expect(cut).toMatchObject({ kind: 'failed', failure: { kind: 'ambiguous' } });
    const receipt = await accepted(target);
    await expect(ended(target, receipt)).resolves.toMatchObject({ kind: 'done' });
    cluster.failNext({ path: /secrets/, hang: true });
    const unread = await provider.observe(STEP, target, receipt, iso(Date.now()), AbortSignal.timeout(500));
    expect(unread).toMatchObject({ kind: 'unreadable', failure: { kind: 'ambiguous' } });
    await expect(observe(target, receipt)).resolves.toMatchObject({ kind: 'done' });
  });

  it('helm that never began has changed nothing', async () => {
    const target = await twoVersions();
    await expect(observe(target)).resolves.toMatchObject({ kind: 'progressing' });
    await expect(observe(target, {}, Date.now() - 61_000)).resolves.toMatchObject({
      kind: 'failed',
      message: expect.stringContaining('nothing was changed'),
    });
  });

  it('a cluster that is down is unreachable, a missing program or context is our own fault', async () => {
    const target = await twoVersions();
    provider = newProcess('/no/such/helm');
    await expect(resolve()).resolves.toMatchObject({ kind: 'failed', failure: { kind: 'rejected' } });
    provider = newProcess();
    await expect(resolve([], stepOf({ kubeContext: 'other' }))).resolves.toMatchObject({
      kind: 'failed',
      failure: { kind: 'rejected', message: expect.stringContaining('context "other" does not exist') },
    });
    await cluster.stop();
    await expect(resolve()).resolves.toMatchObject({ kind: 'failed', failure: { kind: 'unreachable' } });
    await expect(execute(target)).resolves.toMatchObject({ kind: 'failed', failure: { kind: 'unreachable' } });
  });

  it('a release that somebody changed after us has diverged', async () => {
    const target = await rolledBackFrom(await twoVersions());
    await upgrade('shop:v5');
    await expect(observe(target)).resolves.toMatchObject({
      kind: 'diverged',
      message: expect.stringContaining('rev 4 (shop-1.2.3, app 4.5), deployed: Upgrade complete'),
    });
  });

  it('a release that was installed anew has other revisions with the same numbers', async () => {
    const target = await twoVersions();
    await helm('uninstall', 'shop');
    await upgrade('shop:v8');
    await expect(execute(target)).resolves.toMatchObject({ kind: 'refused', refusal: 'changed-meanwhile' });
    await upgrade('shop:v9');
    await expect(execute(target)).resolves.toMatchObject({ kind: 'refused', refusal: 'changed-meanwhile' });
    expect(image()).toBe('shop:v9');
  });

  it('a step that names another release since is not carried out', async () => {
    const target = await twoVersions();
    await expect(execute(target, stepOf({ release: 'other' }))).resolves.toMatchObject({
      kind: 'refused',
      refusal: 'changed-meanwhile',
    });
  });
});

const rolledBackFrom = async (target: PinnedTarget): Promise<PinnedTarget> => {
  const seen = await ended(target, await accepted(target));
  expect(seen).toMatchObject({ kind: 'done' });
  return target;
};

describe('the way back', () => {
  it('goes to the revision that was left, by its number', async () => {
    for (const version of ['v1', 'v2', 'v3']) await upgrade(`shop:${version}`);
    const target = await rolledBack();
    const back = await provider.undo(STEP, target, signal());
    if (back.kind !== 'target') throw new Error(JSON.stringify(back));
    expect(back.target.pin).toMatchObject({ fromRevision: 4, toRevision: 3 });
    await rolledBackFrom(back.target);
    expect(image()).toBe('shop:v3');
    expect((await told()).at(-1)).toBe('5 deployed: Rollback to 3');
    await expect(provider.undo(STEP, target, signal())).resolves.toMatchObject({ kind: 'already-there' });
  });

  it('is refused when somebody has moved on since', async () => {
    for (const version of ['v1', 'v2']) await upgrade(`shop:${version}`);
    const target = await rolledBack();
    await upgrade('shop:v3');
    await expect(provider.undo(STEP, target, signal())).resolves.toMatchObject({
      kind: 'refused',
      refusal: 'changed-meanwhile',
    });
  });
});
