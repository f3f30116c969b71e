import { classifyHttp, createHttp } from '../../src/clients/http.ts';
import type { JsonObject } from '../../src/domain/json.ts';
import type { PinnedTarget, StepConfig } from '../../src/domain/plan.ts';
import { iso } from '../../src/domain/time.ts';
import type { Execution, Observation, Rehearsal, Resolution, RollbackProvider } from '../../src/rollback/ports.ts';
import { createArgocdProvider } from '../../src/rollback/providers/argocd/index.ts';
import { SOURCE, startArgocd, type FakeArgocd, type FakeSource } from '../fakes/argocd/index.ts';

const APP = 'checkout';
const V1 = '1'.repeat(40);
const V2 = '2'.repeat(40);
const V3 = '3'.repeat(40);

let argocd: FakeArgocd;
let provider: RollbackProvider;

const providerWith = (options: { token?: string; timeoutMs?: number; url?: string } = {}): RollbackProvider =>
  createArgocdProvider({
    url: options.url ?? argocd.url,
    token: () => options.token ?? argocd.token,
    http: createHttp({ timeoutMs: options.timeoutMs ?? 5_000, userAgent: 'firebreak' }),
    classify: classifyHttp,
  });

beforeEach(async () => {
  argocd = await startArgocd();
  argocd.create(APP);
  provider = providerWith();
});
afterEach(() => argocd.stop());

const stepOf = (more: JsonObject = {}): StepConfig => ({
  name: 'back',
  provider: 'argocd',
  timeoutSeconds: 300,
  onFailure: 'stop',
  with: { application: APP, ...more },
});
const STEP = stepOf();
const signal = (ms = 10_000): AbortSignal => AbortSignal.timeout(ms);

const resolve = (badVersions: readonly string[] = [], step = STEP): Promise<Resolution> =>
  provider.resolve(step, { badVersions, now: iso(argocd.now()) }, signal());
const resolved = async (badVersions: readonly string[] = [], step = STEP): Promise<PinnedTarget> => {
  const resolution = await resolve(badVersions, step);
  if (resolution.kind !== 'target') throw new Error(`not resolved: ${JSON.stringify(resolution)}`);
  return resolution.target;
};
const execute = (target: PinnedTarget, step = STEP): Promise<Execution> => provider.execute(step, target, signal());
const observe = (target: PinnedTarget): Promise<Observation> =>
  provider.observe(STEP, target, { historyId: 0 }, iso(argocd.now()), signal());
const rehearse = (target: PinnedTarget, step = STEP): Promise<Rehearsal> => provider.rehearse(step, target, signal());

const posts = (): JsonObject[] =>
  argocd.requests.filter(({ method }) => method === 'POST').map(({ raw }) => JSON.parse(raw) as JsonObject);
const app = (): ReturnType<FakeArgocd['application']> => argocd.application(APP);
const rolledBack = async (target: PinnedTarget): Promise<void> => {
  expect(await execute(target)).toMatchObject({ kind: 'accepted' });
  argocd.step(6);
};
/** v1, v2 and then v3, which is bad. */
const deployThree = (): void => {
  argocd.sync(APP, V1);
  argocd.sync(APP, V2);
  argocd.world.bad.add(V3);
  argocd.sync(APP, V3, { by: { username: 'bob' } });
};

describe('the target', () => {
  test('is the newest older entry, pinned by its id and by what it holds', async () => {
    deployThree();
    const target = await resolved();
    expect(target.key).toBe('argocd/argocd/application/checkout');
    expect(target.from.version).toBe('#2 3333333');
    expect(target.to.version).toBe('#1 2222222');
    expect(target.pin).toMatchObject({ historyId: 1, digest: target.to.identity, fromDigest: target.from.identity });
    expect(target.notReverted.join()).toMatch(/Git still holds #2 3333333.*Hooks.*prune is off/);
    expect(posts()).toEqual([]);
  });

  test('is another version, not another sync of the same one', async () => {
    argocd.sync(APP, V1);
    argocd.sync(APP, V2);
    argocd.sync(APP, V2);
    expect((await resolved()).to.version).toBe('#0 1111111');
  });

  test('differs also by its parameters or images alone', async () => {
    const tagged = (value: string): FakeSource => ({ ...SOURCE, helm: { parameters: [{ name: 'image.tag', value }] } });
    argocd.sync(APP, V1, { source: tagged('1') });
    argocd.sync(APP, V1, { source: tagged('2') });
    const target = await resolved();
    expect(target.pin).toMatchObject({ historyId: 0 });
    await rolledBack(target);
    expect(app().status.history.at(-1)!.source).toEqual(tagged('1'));
    expect((await observe(target)).kind).toBe('done');
  });

  test('may have several sources', async () => {
    const values: FakeSource = { repoURL: 'https://git.example.com/values', targetRevision: 'main' };
    const version = (revision: string): object => ({
      version: { source: { repoURL: '' }, sources: [SOURCE, values], revisions: [V1, revision] },
    });
    argocd.sync(APP, '', version(V1));
    argocd.sync(APP, '', version(V2));
    const target = await resolved();
    expect(target.to.version).toBe('#0 1111111+1111111');
    expect(target.warnings.join()).toMatch(/several sources/);
    await rolledBack(target);
    expect((await observe(target)).kind).toBe('done');
  });

  test('is the newest entry when a later sync broke off half-way', async () => {
    argocd.sync(APP, V1);
    argocd.sync(APP, V2);
    argocd.sync(APP, V3, { ends: { phase: 'Failed', message: 'one or more objects failed to apply' } });
    const target = await resolved();
    expect(target.from.version).toBe('3333333 (not completed)');
    expect(target.to.version).toBe('#1 2222222');
    expect(target.warnings.join()).toMatch(/did not complete/);
    await rolledBack(target);
    expect(app().status.history.at(-1)).toMatchObject({ id: 2, revision: V2 });
    expect((await observe(target)).kind).toBe('done');
  });

  test('does not exist without an older version', async () => {
    expect(await resolve()).toMatchObject({ kind: 'refused', refusal: 'no-older-version' });
    argocd.sync(APP, V1);
    expect(await resolve()).toMatchObject({ kind: 'refused', refusal: 'no-older-version' });
  });

  test('that was bad in this incident is passed over, by identity, name, revision or image', async () => {
    deployThree();
    const { identity, version } = (await resolved()).to;
    for (const bad of [identity, version, V2]) expect((await resolved([bad])).to.version).toBe('#0 1111111');
    expect(await resolve([V1, V2])).toMatchObject({ kind: 'refused', refusal: 'target-was-bad' });
    argocd.sync(APP, V1, { source: { ...SOURCE, kustomize: { images: ['shop:bad'] } } });
    argocd.sync(APP, '4'.repeat(40));
    expect((await resolved(['shop:bad'])).to.version).toBe('#2 3333333');
  });
});

describe('ping-pong', () => {
  test('after a rollback the bad version is not gone back to', async () => {
    deployThree();
    const first = await resolved();
    await rolledBack(first);
    const bad = [first.from.identity, first.from.version];
    expect(await resolve(bad)).toMatchObject({ kind: 'already-there', message: expect.stringContaining('#3 2222222') });
  });

  test('a going back that broke off is known for one, too', async () => {
    deployThree();
    argocd.sync(APP, V2, { ends: { phase: 'Failed', message: 'no' } });
    const { from, to, warnings } = await resolved();
    expect([from.version, to.version]).toEqual(['2222222 (not completed)', '#2 3333333']);
    expect(to.since! > from.since!).toBe(true);
    expect(warnings.join()).toMatch(/gone back already.*did not complete/);
  });

  test('and without that knowledge it shows that it was made later, which stops automation', async () => {
    deployThree();
    await rolledBack(await resolved());
    const again = await resolved();
    expect(again.to.version).toBe('#2 3333333');
    expect(again.to.since! > again.from.since!).toBe(true);
    expect(again.warnings.join()).toMatch(/gone back already/);
  });
});

describe('is refused', () => {
  beforeEach(deployThree);

  test.each([
    [{}, false],
    [{ prune: true, selfHeal: true }, false],
    [{ enabled: true }, false],
    [{ enabled: false, prune: true }, true],
  ])('with automated sync %j: allowed %p', async (automated, allowed) => {
    const target = await resolved();
    app().spec.syncPolicy = { automated };
    const expected = {
      kind: 'refused',
      refusal: 'owned-by-another',
      message: expect.stringContaining('--sync-policy'),
    };
    expect(await resolve()).toMatchObject(allowed ? { kind: 'target' } : expected);
    expect(await execute(target)).toMatchObject(allowed ? { kind: 'accepted' } : expected);
    expect(posts()).toHaveLength(allowed ? 1 : 0);
  });

  test('when automated sync is switched on between our look and our request', async () => {
    const target = await resolved();
    const message = 'rollback cannot be initiated when auto-sync is enabled';
    argocd.misbehave({ mode: 'status', status: 400, body: { error: message, code: 9, message }, path: '/rollback' });
    expect(await execute(target)).toMatchObject({ kind: 'refused', refusal: 'owned-by-another', message });
  });

  test('while another operation runs, saying whose', async () => {
    argocd.begin(APP, V1, { by: { username: 'carol' } });
    const expected = { kind: 'refused', refusal: 'busy' };
    expect(await resolve()).toMatchObject({ ...expected, message: expect.stringContaining('to 1111111 by carol') });
    argocd.step();
    expect(await resolve()).toMatchObject({ ...expected, message: expect.stringContaining('to 1111111 by carol') });
  });

  test('while the application is being deleted', async () => {
    const target = await resolved();
    app().metadata.deletionTimestamp = '2026-11-23T12:00:00Z';
    expect(await resolve()).toMatchObject({ kind: 'refused', refusal: 'not-found' });
    expect(await execute(target)).toMatchObject({ kind: 'refused', refusal: 'not-found' });
    expect(await observe(target)).toMatchObject({ kind: 'diverged' });
  });

  test('when the application is gone: 404 with its project, else Argo CD only says 403', async () => {
    const step = stepOf({ project: 'shop' });
    const target = await resolved([], step);
    argocd.remove(APP);
    expect(await resolve([], step)).toMatchObject({ kind: 'refused', refusal: 'not-found' });
    expect(await execute(target, step)).toMatchObject({ kind: 'refused', refusal: 'not-found' });
    expect(await resolve()).toMatchObject({ kind: 'failed', failure: { kind: 'unauthorized' } });
    const seen = await provider.observe(step, target, {}, iso(argocd.now()), signal());
    expect(seen).toMatchObject({ kind: 'diverged', message: 'The Application was deleted' });
  });

  test('when it was deleted and made anew', async () => {
    const target = await resolved();
    argocd.remove(APP);
    argocd.create(APP);
    deployThree();
    expect(await execute(target)).toMatchObject({ kind: 'refused', refusal: 'changed-meanwhile' });
    expect(posts()).toEqual([]);
  });

  test('when somebody deployed meanwhile', async () => {
    const target = await resolved();
    argocd.sync(APP, '4'.repeat(40), { by: { username: 'dave' } });
    const expected = { kind: 'refused', refusal: 'changed-meanwhile', message: expect.stringMatching(/dave.*4444444/) };
    expect(await execute(target)).toMatchObject(expected);
    expect(await rehearse(target)).toMatchObject(expected);
    expect(posts()).toEqual([]);
  });

  test('when the history was cut and the target is not in it any more', async () => {
    const target = await resolved();
    app().status.history.splice(0, 2);
    expect(await execute(target)).toMatchObject({ kind: 'refused', refusal: 'no-older-version' });
  });

  test('when the step names another application than the plan', async () => {
    const target = await resolved();
    const other = stepOf({ application: 'cart' });
    expect(await execute(target, other)).toMatchObject({ kind: 'refused', refusal: 'changed-meanwhile' });
  });
});

describe('carrying it out', () => {
  beforeEach(deployThree);

  test('asks once, with exactly these fields, and is done when Healthy', async () => {
    const target = await resolved();
    expect(await execute(target)).toEqual({ kind: 'accepted', receipt: { historyId: 1 } });
    expect(posts()).toEqual([{ name: APP, id: 1, dryRun: false, prune: false }]);
    expect(await observe(target)).toMatchObject({ kind: 'progressing' });
    argocd.step(2);
    expect(app().status.operationState!.phase).toBe('Succeeded');
    // Applied, and the health shown is that of the bad version.
    expect(app().status.health.status).toBe('Degraded');
    const stale = await observe(target);
    expect(stale).toMatchObject({ kind: 'progressing', message: expect.stringContaining('not looked') });
    argocd.step();
    expect(await observe(target)).toMatchObject({ kind: 'progressing', progress: { health: 'Progressing' } });
    argocd.step();
    expect(await observe(target)).toMatchObject({
      kind: 'done',
      progress: { phase: 'Succeeded', health: 'Healthy', sync: 'OutOfSync', newestId: 3 },
    });
  });

  test('in a namespace of its own, with prune', async () => {
    argocd.create('cart', { namespace: 'team-a' });
    argocd.sync('cart', V1);
    argocd.sync('cart', V2);
    const step = stepOf({ application: 'cart', namespace: 'team-a', project: 'shop', prune: true });
    const target = await resolved([], step);
    expect(target.key).toBe('argocd/team-a/application/cart');
    expect(target.notReverted.join()).not.toMatch(/prune/);
    expect(await execute(target, step)).toMatchObject({ kind: 'accepted' });
    expect(posts()).toEqual([
      { name: 'cart', id: 0, dryRun: false, prune: true, appNamespace: 'team-a', project: 'shop' },
    ]);
  });

  test('asks for a look at the health when Argo CD does not take one by itself', async () => {
    argocd.world.comparesOnlyWhenAsked = true;
    const target = await resolved();
    await rolledBack(target);
    argocd.advance(10_000);
    expect(await observe(target)).toMatchObject({ kind: 'progressing' });
    expect(argocd.requests.at(-1)!.query.get('refresh')).toBe('normal');
  });

  test('a target that stays Degraded has failed, named by its worst resource', async () => {
    const target = await resolved();
    argocd.world.bad.add(V2);
    await rolledBack(target);
    expect(await observe(target)).toMatchObject({ kind: 'progressing' });
    argocd.advance(30_000);
    expect(await observe(target)).toMatchObject({
      kind: 'failed',
      message: expect.stringMatching(/Deployment shop\/checkout is Degraded: .*progress deadline/),
    });
  });

  test.each(['Failed', 'Error'] as const)(
    'an operation that ends in %s has failed, and is not begun again',
    async (phase) => {
      const target = await resolved();
      argocd.world.nextEnds = { phase, message: 'one or more objects failed to apply' };
      await rolledBack(target);
      const message = expect.stringMatching(/failed to apply; Deployment shop\/checkout: admission webhook denied it/);
      expect(await observe(target)).toMatchObject({ kind: 'failed', message });
      expect(await execute(target)).toMatchObject({ kind: 'accepted' });
      expect(posts()).toHaveLength(1);
    },
  );

  test('a failed rollback of an earlier incident does not count for this one', async () => {
    argocd.sync(APP, V2, { ends: { phase: 'Failed', message: 'no' } });
    argocd.sync(APP, V3, { ends: { phase: 'Failed', message: 'no' } });
    const target = await resolved();
    await rolledBack(target);
    expect(posts()).toHaveLength(1);
    expect((await observe(target)).kind).toBe('done');
  });

  test('a target that takes its time has not failed', async () => {
    const target = await resolved();
    await execute(target);
    argocd.step(3);
    argocd.advance(120_000);
    expect(await observe(target)).toMatchObject({ kind: 'progressing', progress: { health: 'Progressing' } });
  });

  test('another attempt at the version that is left changes nothing', async () => {
    const target = await resolved();
    argocd.sync(APP, V3, { ends: { phase: 'Failed', message: 'no' } });
    await rolledBack(target);
    expect((await observe(target)).kind).toBe('done');
  });

  test('an operation that vanished has failed, once the answer cannot be an old one', async () => {
    const target = await resolved();
    const since = iso(argocd.now());
    const look = (): Promise<Observation> => provider.observe(STEP, target, {}, since, signal());
    expect((await look()).kind).toBe('progressing');
    argocd.advance(10_000);
    expect(await look()).toMatchObject({ kind: 'failed', message: expect.stringContaining('neither') });
  });

  test('in a closed sync window it waits and says so', async () => {
    const target = await resolved();
    argocd.world.syncWindowClosed = true;
    expect(await rehearse(target)).toMatchObject({ kind: 'refused', refusal: 'paused' });
    await rolledBack(target);
    const message = expect.stringContaining('blocked by sync window');
    expect(await observe(target)).toMatchObject({ kind: 'progressing', message });
  });
});

describe('repeated after a crash', () => {
  beforeEach(deployThree);

  test.each([
    ['requested', 0, 'accepted'],
    ['running', 1, 'accepted'],
    ['recorded', 2, 'already-there'],
    ['healthy', 6, 'already-there'],
  ])('when the operation is %s it is not begun again', async (_when, rounds, kind) => {
    const target = await resolved();
    await execute(target);
    argocd.step(rounds);
    expect(await execute(target)).toMatchObject({ kind });
    argocd.step(6);
    expect(posts()).toHaveLength(1);
    expect(app().status.history).toHaveLength(4);
    expect((await observe(target)).kind).toBe('done');
  });

  test('somebody else’s operation is waited for, then looked at again', async () => {
    const target = await resolved();
    argocd.begin(APP, V1, { by: { username: 'carol' } });
    expect(await execute(target)).toMatchObject({ kind: 'failed', failure: { kind: 'server' } });
    argocd.step(6);
    expect(await execute(target)).toMatchObject({ kind: 'refused', refusal: 'changed-meanwhile' });
    expect(posts()).toEqual([]);
  });

  test('an operation of somebody else that was faster than our request is waited for', async () => {
    const target = await resolved();
    const message = 'another operation is already in progress';
    argocd.misbehave({ mode: 'status', status: 400, body: { error: message, code: 9, message }, path: '/rollback' });
    expect(await execute(target)).toMatchObject({ kind: 'failed', failure: { kind: 'server' } });
  });
});

describe('failures', () => {
  beforeEach(deployThree);

  test.each(['drop-after-apply', 'reset', 'timeout'] as const)(
    'a request that meets %s has one effect',
    async (mode) => {
      const target = await resolved();
      provider = providerWith({ timeoutMs: 300 });
      argocd.misbehave({ mode, path: '/rollback' });
      const first = await execute(target);
      // The look that follows an answer that was lost shows whether it took effect.
      expect(first.kind).toBe(mode === 'drop-after-apply' ? 'accepted' : 'failed');
      if (first.kind === 'failed') expect(first.failure.kind).toBe('ambiguous');
      expect(await execute(target)).toMatchObject({ kind: 'accepted' });
      argocd.step(6);
      expect(app().status.history).toHaveLength(4);
      expect(posts()).toHaveLength(mode === 'drop-after-apply' ? 1 : 2);
    },
  );

  test.each([
    [401, 'unauthorized'],
    [409, 'server'],
    [415, 'rejected'],
    [429, 'rate-limited'],
    [500, 'server'],
    [503, 'server'],
    [504, 'ambiguous'],
  ])('HTTP %i of any request is %s', async (status, kind) => {
    const target = await resolved();
    const body = { error: 'as told', code: 2, message: 'as told' };
    argocd.misbehave({ mode: 'status', status, body, retryAfter: 3 });
    const failure = { kind, message: `Argo CD answered ${status}: as told`, retryAfterMs: 3_000 };
    expect(await resolve()).toEqual({ kind: 'failed', failure });
    argocd.misbehave({ mode: 'status', status, body, path: '/rollback' });
    expect(await execute(target)).toMatchObject({ kind: 'failed', failure: { kind } });
    argocd.misbehave({ mode: 'status', status, body });
    expect(await observe(target)).toMatchObject({ kind: 'unreadable', failure: { kind } });
  });

  test('403 says what it can mean', async () => {
    const target = await resolved();
    argocd.forbidden.add('sync');
    const failure = { kind: 'unauthorized', message: expect.stringContaining('may not do this, or there is no such') };
    expect(await execute(target)).toMatchObject({ kind: 'failed', failure });
    const missing = { kind: 'unauthorized', message: expect.stringContaining('may not "sync" shop/checkout') };
    expect(await rehearse(target)).toMatchObject({ kind: 'failed', failure: missing });
    expect(app().operation).toBeUndefined();
  });

  test('a wrong token is unauthorized and is not in the message', async () => {
    provider = providerWith({ token: 'wrong-token' });
    const resolution = await resolve();
    expect(resolution).toMatchObject({ kind: 'failed', failure: { kind: 'unauthorized' } });
    expect(JSON.stringify(resolution)).not.toContain('wrong-token');
  });

  test('an answer that is not ours to read is rejected', async () => {
    argocd.misbehave({ mode: 'status', status: 200, body: '<!doctype html>' });
    expect(await resolve()).toMatchObject({
      failure: { kind: 'rejected', message: expect.stringMatching(/address/) },
    });
    argocd.misbehave({
      mode: 'status',
      status: 200,
      body: { metadata: { name: APP }, spec: {}, status: { history: 7 } },
    });
    expect(await resolve()).toMatchObject({ failure: { message: expect.stringContaining('status.history') } });
  });
});

describe('the rehearsal', () => {
  beforeEach(deployThree);

  test('changes nothing and says what it did not try', async () => {
    const target = await resolved();
    expect(await rehearse(target)).toMatchObject({
      kind: 'would-work',
      message: expect.stringContaining('not rendered'),
    });
    expect(posts()).toEqual([]);
  });

  test('goes on where Argo CD does not answer the question', async () => {
    const target = await resolved();
    argocd.misbehave({ mode: 'status', status: 404, path: '/can-i/', body: {} });
    argocd.misbehave({ mode: 'status', status: 501, path: '/syncwindows', body: {} });
    expect(await rehearse(target)).toMatchObject({ kind: 'failed', failure: { kind: 'server' } });
    argocd.misbehave({ mode: 'status', status: 404, path: '/can-i/', body: {} });
    expect(await rehearse(target)).toMatchObject({ kind: 'would-work' });
  });

  /** Lets the controllers run while the provider waits for them. */
  const whileRunning = async <T>(work: Promise<T>): Promise<T> => {
    const timer = setInterval(() => {
      argocd.step();
    }, 50);
    return work.finally(() => {
      clearInterval(timer);
    });
  };

  test('runs a dry run only where asked for, which leaves no trace in history and no repeat', async () => {
    const step = stepOf({ dryRun: true });
    const target = await resolved([], step);
    expect(await whileRunning(rehearse(target, step))).toMatchObject({ kind: 'would-work' });
    expect(posts()).toEqual([{ name: APP, id: 1, dryRun: true, prune: false }]);
    expect(app().status.history).toHaveLength(3);
    expect(await rehearse(target, step)).toMatchObject({ kind: 'would-work' });
    expect(posts()).toHaveLength(1);
    argocd.step(3);
    expect(await execute(target, step)).toMatchObject({ kind: 'accepted' });
    expect(posts()).toHaveLength(2);
  });

  test('a dry run that fails refuses the rollback', async () => {
    const step = stepOf({ dryRun: true });
    const target = await resolved([], step);
    argocd.world.nextEnds = { phase: 'Failed', message: 'one or more synchronization tasks are not valid' };
    const message = expect.stringContaining('not valid; Deployment shop/checkout');
    expect(await whileRunning(rehearse(target, step))).toMatchObject({
      kind: 'refused',
      refusal: 'unsupported',
      message,
    });
  });

  test('a dry run that does not end in time is unknown, and is waited for rather than repeated', async () => {
    const step = stepOf({ dryRun: true });
    const target = await resolved([], step);
    const slow = await provider.rehearse(step, target, signal(400));
    expect(slow).toMatchObject({ kind: 'failed', failure: { kind: 'ambiguous' } });
    expect(await resolve([], step)).toMatchObject({ kind: 'refused', refusal: 'busy' });
    expect(await execute(target, step)).toMatchObject({ kind: 'failed', failure: { kind: 'server' } });
    expect(posts()).toHaveLength(1);
    argocd.step(6);
    expect(await execute(target, step)).toMatchObject({ kind: 'accepted' });
  });
});

describe('afterwards', () => {
  beforeEach(deployThree);

  test('stays done, and tells who moved it away', async () => {
    const target = await resolved();
    await rolledBack(target);
    expect((await observe(target)).kind).toBe('done');
    argocd.begin(APP, V3, { by: { automated: true } });
    argocd.step();
    const message = expect.stringMatching(/3333333 by automated sync/);
    expect(await observe(target)).toMatchObject({ kind: 'diverged', message });
    argocd.step(6);
    expect(await observe(target)).toMatchObject({
      kind: 'diverged',
      message: expect.stringContaining('automated sync'),
    });
  });

  test('a later sync that broke off is told too', async () => {
    const target = await resolved();
    await rolledBack(target);
    argocd.sync(APP, V3, { by: { username: 'erin' }, ends: { phase: 'Failed', message: 'no' } });
    expect(await observe(target)).toMatchObject({ kind: 'diverged', message: expect.stringContaining('erin') });
  });

  test('a dry run of somebody is no divergence', async () => {
    const target = await resolved();
    await rolledBack(target);
    const version = { revision: V3, source: SOURCE, dryRun: true };
    argocd.begin(APP, V3, { version });
    expect((await observe(target)).kind).toBe('progressing');
    argocd.step(3);
    expect((await observe(target)).kind).toBe('done');
  });

  test('another sync of the very version is no divergence', async () => {
    const target = await resolved();
    await rolledBack(target);
    argocd.sync(APP, V2);
    expect((await observe(target)).kind).toBe('done');
  });

  test('a person can undo it, whatever ids the history has by then', async () => {
    const target = await resolved();
    await rolledBack(target);
    const back = await provider.undo(STEP, target, signal());
    if (back.kind !== 'target') throw new Error(JSON.stringify(back));
    expect(back.target.from.version).toBe('#3 2222222');
    expect(back.target.to.identity).toBe(target.from.identity);
    await rolledBack(back.target);
    expect(app().status.history.at(-1)).toMatchObject({ id: 4, revision: V3 });
    expect(await provider.undo(STEP, target, signal())).toMatchObject({ kind: 'already-there' });
  });

  test('it cannot be undone from elsewhere, nor to what the history has lost', async () => {
    const target = await resolved();
    await rolledBack(target);
    const { history } = app().status;
    history.splice(2, 1);
    expect(await provider.undo(STEP, target, signal())).toMatchObject({ refusal: 'no-older-version' });
    argocd.sync(APP, V1);
    expect(await provider.undo(STEP, target, signal())).toMatchObject({ refusal: 'changed-meanwhile' });
  });
});

describe('the step', () => {
  test.each<[JsonObject, string]>([
    [{ application: 'Not A Name' }, 'application'],
    [{ application: APP, namespace: 'a/b' }, 'namespace'],
    [{ application: APP, project: '' }, 'project'],
    [{ application: APP, prune: 'yes' }, 'prune'],
    [{ application: APP, dryRun: 1 }, 'dryRun'],
    [{ application: APP, revision: 'HEAD~1' }, 'revision'],
  ])('%j is wrong in %s', (input, field) => {
    const step = { ...STEP, with: input };
    expect(provider.checkConfig(step)).toMatchObject({ field });
  });

  test('is told in words', () => {
    expect(provider.checkConfig(STEP)).toBeNull();
    expect(provider.describe(stepOf({ namespace: 'team-a' }))).toBe('Argo CD Application team-a/checkout');
  });
});
