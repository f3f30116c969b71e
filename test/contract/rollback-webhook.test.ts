import { classifyHttp, createHttp } from '../../src/clients/http.ts';
import type { JsonObject } from '../../src/domain/json.ts';
import type { PinnedTarget, StepConfig } from '../../src/domain/plan.ts';
import { iso } from '../../src/domain/time.ts';
import type { Execution, Observation, Rehearsal, Resolution, RollbackProvider } from '../../src/rollback/ports.ts';
import { createWebhookProvider } from '../../src/rollback/providers/webhook/index.ts';
import { startRollbackWebhook, type FakeRollbackWebhook } from '../fakes/rollback-webhook.ts';

const NOW = Date.UTC(2026, 10, 23, 15, 13);
const SECRET = 'shared secret';

let endpoint: FakeRollbackWebhook;
let provider: RollbackProvider;

const providerWith = (options: { secret?: string; timeoutMs?: number; now?: number } = {}): RollbackProvider =>
  createWebhookProvider({
    endpoints: { search: { url: endpoint.url, secret: () => options.secret ?? SECRET } },
    http: createHttp({ timeoutMs: options.timeoutMs ?? 5_000, userAgent: 'firebreak' }),
    classify: classifyHttp,
    clock: { now: () => options.now ?? NOW },
  });

beforeEach(async () => {
  endpoint = await startRollbackWebhook({ secret: SECRET, now: () => NOW });
  endpoint.deployed.push('v1', 'v2', 'v3');
  provider = providerWith();
});
afterEach(() => endpoint.stop());

const stepOf = (more: JsonObject = {}): StepConfig => ({
  name: 'back',
  provider: 'webhook',
  timeoutSeconds: 300,
  onFailure: 'stop',
  with: { endpoint: 'search', ...more },
});
const STEP = stepOf();
const signal = (): AbortSignal => AbortSignal.timeout(10_000);

const resolve = (badVersions: readonly string[] = [], step = STEP): Promise<Resolution> =>
  provider.resolve(step, { badVersions, now: iso(NOW) }, signal());
const resolved = async (badVersions: readonly string[] = [], step = STEP): Promise<PinnedTarget> => {
  const resolution = await resolve(badVersions, step);
  if (resolution.kind !== 'target') throw new Error(`not resolved: ${JSON.stringify(resolution)}`);
  return resolution.target;
};
const execute = (target: PinnedTarget): Promise<Execution> => provider.execute(STEP, target, signal());
const rehearse = (target: PinnedTarget): Promise<Rehearsal> => provider.rehearse(STEP, target, signal());
const observe = (target: PinnedTarget, receipt: JsonObject = {}): Promise<Observation> =>
  provider.observe(STEP, target, receipt, iso(NOW), signal());
const accepted = async (target: PinnedTarget): Promise<JsonObject> => {
  const execution = await execute(target);
  if (execution.kind !== 'accepted') throw new Error(`not accepted: ${JSON.stringify(execution)}`);
  return execution.receipt;
};
const sent = (i: number): JsonObject => JSON.parse(endpoint.requests.at(i)!.raw) as JsonObject;

describe('the target', () => {
  test('is what the endpoint says, pinned with a key of its own', async () => {
    const target = await resolved([], stepOf({ target: 'eu', parameters: { shards: 3 } }));
    expect(target).toMatchObject({
      key: 'webhook/search/eu',
      from: { version: 'v3', identity: 'v3', since: null },
      to: { version: 'v2', identity: 'v2', since: '2026-11-20T09:00:00.000Z' },
      pin: { endpoint: 'search', target: 'eu', key: expect.stringMatching(/^[0-9a-f-]{36}$/) },
    });
    expect((await resolved()).pin['key']).not.toBe(target.pin['key']);
    expect(sent(0)).toEqual({
      version: 1,
      action: 'resolve',
      step: 'back',
      target: 'eu',
      parameters: { shards: 3 },
      badVersions: [],
    });
    expect(JSON.stringify(target)).not.toContain(SECRET);
  });

  test('that was bad is refused, also when the endpoint does not care', async () => {
    expect((await resolved(['v2'])).to.version).toBe('v1');
    expect(await resolve(['v1', 'v2'])).toMatchObject({ kind: 'refused', refusal: 'no-older-version' });
    const answer = { state: 'target', from: { version: 'v3' }, to: { version: 'v2', images: ['search:2'] } };
    for (const bad of ['v2', 'search:2']) {
      endpoint.answerWith('resolve', { status: 200, body: answer });
      expect(await resolve([bad])).toMatchObject({ kind: 'refused', refusal: 'target-was-bad' });
    }
  });

  test('after a rollback is not the bad version again', async () => {
    const first = await resolved();
    await accepted(first);
    expect(endpoint.live).toBe('v2');
    expect((await resolved([first.from.identity])).to.version).toBe('v1');
  });

  test('must be another version than the one that runs', async () => {
    const body = { state: 'target', from: { version: 'v3' }, to: { version: 'v3' } };
    endpoint.answerWith('resolve', { status: 200, body });
    expect(await resolve()).toMatchObject({ kind: 'refused', refusal: 'no-older-version' });
    endpoint.answerWith('resolve', { status: 200, body: { ...body, state: 'already-there' } });
    expect(await resolve()).toMatchObject({ kind: 'already-there', message: 'It runs v3 already' });
  });
});

describe('carrying it out', () => {
  test('at once: one signed request with the key, then done', async () => {
    const target = await resolved();
    expect(await rehearse(target)).toMatchObject({ kind: 'would-work' });
    expect(await accepted(target)).toEqual({});
    expect(endpoint.actions).toEqual(['resolve', 'check', 'status', 'execute']);
    expect(endpoint.requests.at(-1)!.headers['idempotency-key']).toBe(target.pin['key']);
    expect(sent(-1)).toMatchObject({ action: 'execute', from: { version: 'v3' }, to: { version: 'v2' } });
    expect(await observe(target)).toMatchObject({ kind: 'done', progress: { live: 'v2' } });
  });

  test('later: 202, then asked at the address that it gave', async () => {
    endpoint.asynchronous = true;
    endpoint.statusUrl = `${endpoint.url}/status/7`;
    const target = await resolved();
    const receipt = await accepted(target);
    expect(receipt).toEqual({ statusUrl: endpoint.statusUrl });
    expect(await observe(target, receipt)).toMatchObject({ kind: 'progressing' });
    expect(endpoint.requests.at(-1)!.path).toBe('/rollback/status/7');
    endpoint.finish('failed', 'the index is locked');
    expect(await observe(target, receipt)).toMatchObject({ kind: 'failed', message: 'the index is locked' });
  });

  test.each([
    'http://elsewhere.example.com/status',
    'http://user@HOST/x',
    'http://:word@HOST/x',
    'file:///etc/passwd',
    'x/7',
  ])('the address %s is not asked: it is not of the endpoint’s origin', async (written) => {
    const statusUrl = written.replace('HOST', new URL(endpoint.url).host);
    endpoint.asynchronous = true;
    endpoint.statusUrl = statusUrl;
    const target = await resolved();
    expect(await accepted(target)).toEqual({});
    expect(await observe(target, { statusUrl })).toMatchObject({ kind: 'progressing' });
    expect(endpoint.requests.at(-1)!.path).toBe('/rollback');
  });

  test('an address that knows nothing is not the last word', async () => {
    endpoint.asynchronous = true;
    endpoint.statusUrl = `${endpoint.url}/status/7`;
    const target = await resolved();
    const receipt = await accepted(target);
    endpoint.misbehave({ mode: 'status', status: 404, path: '/status/' });
    expect(await observe(target, receipt)).toMatchObject({ kind: 'progressing' });
  });

  test('an endpoint that forgot it has failed; one that says diverged is believed', async () => {
    const target = await resolved();
    await accepted(target);
    endpoint.answerWith('status', { status: 200, body: { state: 'diverged', message: 'mallory deployed v4' } });
    expect(await observe(target)).toMatchObject({ kind: 'diverged', message: 'mallory deployed v4' });
    endpoint.forgetEverything();
    expect(await observe(target)).toMatchObject({ kind: 'failed', message: expect.stringContaining('404') });
  });

  test('a no with its reason is a refusal, whatever its status', async () => {
    const target = await resolved();
    endpoint.deployed.push('v4');
    const refused = { kind: 'refused', refusal: 'changed-meanwhile', message: 'v4 runs now' };
    expect(await execute(target)).toEqual(refused);
    expect(await rehearse(target)).toEqual(refused);
    expect(endpoint.begun).toBe(0);
  });

  test('another step than the pinned one is refused', async () => {
    const target = await resolved();
    const other = stepOf({ target: 'us' });
    expect(await provider.execute(other, target, signal())).toMatchObject({ refusal: 'changed-meanwhile' });
  });
});

describe('repeated after a crash', () => {
  test.each(['running', 'done', 'failed'] as const)('when it is %s it is not sent again', async (state) => {
    endpoint.asynchronous = true;
    const target = await resolved();
    await accepted(target);
    if (state !== 'running') endpoint.finish(state);
    expect(await execute(target)).toMatchObject({ kind: 'accepted' });
    expect(endpoint.actions.filter((action) => action === 'execute')).toHaveLength(1);
    const kind = state === 'running' ? 'progressing' : state;
    expect(await observe(target)).toMatchObject({ kind });
  });

  test('after only the question for the state, it is sent', async () => {
    const target = await resolved();
    endpoint.misbehaveAfter('status', { mode: 'reset' });
    expect(await execute(target)).toMatchObject({ kind: 'failed', failure: { kind: 'ambiguous' } });
    expect(endpoint.begun).toBe(0);
    await accepted(target);
    expect(endpoint.begun).toBe(1);
  });
});

describe('failures', () => {
  test.each(['drop-after-apply', 'reset', 'timeout'] as const)(
    'a request that meets %s has one effect',
    async (mode) => {
      const target = await resolved();
      provider = providerWith({ timeoutMs: 300 });
      endpoint.misbehaveAfter('status', { mode });
      const first = await execute(target);
      expect(first.kind).toBe(mode === 'drop-after-apply' ? 'accepted' : 'failed');
      if (first.kind === 'failed') expect(first.failure.kind).toBe('ambiguous');
      expect(await execute(target)).toMatchObject({ kind: 'accepted' });
      expect(endpoint.begun).toBe(1);
      expect(await observe(target)).toMatchObject({ kind: 'done' });
    },
  );

  test('it is not sent while the state cannot be asked', async () => {
    const target = await resolved();
    endpoint.misbehave({ mode: 'status', status: 503, times: 1 });
    expect(await execute(target)).toMatchObject({ kind: 'failed', failure: { kind: 'server' } });
    endpoint.answerWith('status', { status: 200, body: { state: 'perhaps' } });
    expect(await execute(target)).toMatchObject({ kind: 'failed', failure: { kind: 'rejected' } });
    expect(endpoint.actions).not.toContain('execute');
  });

  test.each([
    [401, 'unauthorized'],
    [403, 'unauthorized'],
    [404, 'rejected'],
    [409, 'rejected'],
    [415, 'rejected'],
    [429, 'rate-limited'],
    [500, 'server'],
    [503, 'server'],
  ])('HTTP %i is %s', async (status, kind) => {
    const target = await resolved();
    endpoint.misbehaveAfter('status', { mode: 'status', status, retryAfter: 7 });
    expect(await execute(target)).toMatchObject({ kind: 'failed', failure: { kind } });
    expect(endpoint.begun).toBe(0);
    endpoint.misbehave({ mode: 'status', status, retryAfter: 7 });
    const failure = status === 404 ? { kind } : { kind, retryAfterMs: 7_000 };
    expect(await resolve()).toMatchObject({ kind: 'failed', failure });
    if (status === 404) return;
    endpoint.misbehave({ mode: 'status', status });
    expect(await observe(target)).toMatchObject({ kind: 'unreadable', failure: { kind } });
  });

  test('a redirect is not followed', async () => {
    endpoint.misbehave({ mode: 'status', status: 307, location: endpoint.url });
    const failure = { kind: 'rejected', message: expect.stringContaining('redirect') };
    expect(await resolve()).toMatchObject({ kind: 'failed', failure });
    expect(endpoint.requests).toHaveLength(1);
  });

  test('a wrong secret, and a clock that is off, are unauthorized', async () => {
    provider = providerWith({ secret: 'another' });
    expect(await resolve()).toMatchObject({ failure: { kind: 'unauthorized' } });
    provider = providerWith({ now: NOW + 301_000 });
    expect(await resolve()).toMatchObject({ failure: { kind: 'unauthorized' } });
  });

  test.each<[string, unknown]>([
    ['not JSON', '<html>'],
    ['without a state', {}],
    ['of an unknown state', { state: 'ok' }],
    ['with a field too many', { state: 'target', from: { version: 'a' }, to: { version: 'b' }, warning: 'x' }],
    ['without a version', { state: 'target', from: { version: 'a' }, to: { version: '' } }],
    ['with a time that is none', { state: 'target', from: { version: 'a', since: 'today' }, to: { version: 'b' } }],
    ['with a refusal that is none', { state: 'refused', refusal: 'because' }],
  ])('an answer %s is rejected', async (_what, body) => {
    endpoint.answerWith('resolve', { status: 200, body });
    expect(await resolve()).toMatchObject({ kind: 'failed', failure: { kind: 'rejected' } });
  });

  test('an answer to execute that is not understood leaves open whether it began: the state is asked', async () => {
    const target = await resolved();
    endpoint.misbehaveAfter('status', { mode: 'status', status: 200, body: 'OK' });
    expect(await execute(target)).toMatchObject({ kind: 'failed', failure: { kind: 'ambiguous' } });
    expect(endpoint.actions.at(-1)).toBe('status');
    expect(await execute(target)).toMatchObject({ kind: 'accepted' });
    expect(endpoint.begun).toBe(1);
  });

  test('an answer that does not end is cut off', async () => {
    endpoint.answerWith('resolve', { status: 200, body: { state: 'x'.repeat(70_000) } });
    expect(await resolve()).toMatchObject({ failure: { message: expect.stringContaining('65536') } });
  });
});

describe('undo, by a person', () => {
  test('asks for the way back, which is a rollback with a key of its own', async () => {
    const target = await resolved();
    await accepted(target);
    const back = await provider.undo(STEP, target, signal());
    if (back.kind !== 'target') throw new Error(JSON.stringify(back));
    expect(back.target).toMatchObject({ from: { version: 'v2' }, to: { version: 'v3' } });
    expect(back.target.pin['key']).not.toBe(target.pin['key']);
    await accepted(back.target);
    expect(endpoint.live).toBe('v3');
    expect(await provider.undo(STEP, target, signal())).toMatchObject({ kind: 'already-there' });
  });

  test('is refused from elsewhere, and to elsewhere', async () => {
    const target = await resolved();
    await accepted(target);
    const body = { state: 'target', from: { version: 'v2' }, to: { version: 'v1' } };
    endpoint.answerWith('undo', { status: 200, body });
    expect(await provider.undo(STEP, target, signal())).toMatchObject({ refusal: 'changed-meanwhile' });
    endpoint.deployed.push('v4');
    expect(await provider.undo(STEP, target, signal())).toMatchObject({ refusal: 'changed-meanwhile' });
  });
});

describe('the step', () => {
  test.each<[JsonObject, string]>([
    [{}, 'endpoint'],
    [{ endpoint: 'cart' }, 'endpoint'],
    [{ endpoint: 'toString' }, 'endpoint'],
    [{ endpoint: 'search', target: '' }, 'target'],
    [{ endpoint: 'search', target: 'a\nb' }, 'target'],
    [{ endpoint: 'search', parameters: ['a'] }, 'parameters'],
    [{ endpoint: 'search', parameters: { deep: {} } }, 'parameters'],
    [{ endpoint: 'search', secret: 's3cret' }, 'secret'],
    [{ endpoint: 'search', url: 'https://example.com' }, 'url'],
  ])('%j is wrong in %s', (input, field) => {
    expect(provider.checkConfig({ ...STEP, with: input })).toMatchObject({ field });
  });

  test('is told in words', () => {
    expect(provider.checkConfig(stepOf({ target: 'eu', parameters: { a: 'b', c: true } }))).toBeNull();
    expect(provider.describe(stepOf({ target: 'eu' }))).toBe('eu, by the rollback webhook search');
  });
});
