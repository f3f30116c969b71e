import { createServer, type Server } from 'node:http';
import { classifyHttp, createHttp } from '../../src/clients/http.ts';
import type { JourneyStep } from '../../src/domain/policy.ts';
import type { RecoveryProbe } from '../../src/rollback/validation/ports.ts';
import { createRecoveryProbe } from '../../src/rollback/validation/probe.ts';
import { createFront, listen, stop, type Answer, type Front } from '../fakes/faults.ts';

let front: Front;
let server: Server;
let url: string;
let probe: RecoveryProbe;
let answers: Record<string, Answer | ((cookie: string) => Answer)>;
const signal = new AbortController().signal;

beforeEach(async () => {
  answers = {};
  front = createFront(({ path, headers }) => {
    const answer = answers[path] ?? { status: 404, body: '' };
    return typeof answer === 'function' ? answer(headers.cookie ?? '') : answer;
  });
  server = createServer(front.listener);
  url = `http://${await listen(server)}`;
  probe = createRecoveryProbe({
    metrics: null,
    http: createHttp({ timeoutMs: 300, userAgent: 'firebreak' }),
    classify: classifyHttp,
    clock: { now: () => Date.UTC(2026, 0, 1) },
  });
});
afterEach(() => stop(server));

const answered = (status: number, body: unknown = '', headers: Record<string, string> = {}): Answer => ({
  status,
  body,
  headers,
});
const step = (path: string, over: Partial<JourneyStep> = {}): JourneyStep => ({
  method: 'GET',
  url: `${url}${path}`,
  expectStatus: 200,
  expectBody: null,
  ...over,
});

describe('health', () => {
  const health = async (path: string) => (await probe.health([`${url}${path}`], signal))[0]!;

  test.each([
    [200, 'pass', 'HTTP 200'],
    [204, 'pass', 'HTTP 204'],
    [500, 'fail', 'HTTP 500'],
    [404, 'fail', 'HTTP 404'],
    [503, 'fail', 'HTTP 503'],
  ])('%i is %s', async (status, result, detail) => {
    answers['/healthz'] = answered(status);
    expect(await health('/healthz')).toEqual({ name: `health ${url}/healthz`, result, detail });
  });

  test('a redirect is not followed: the page that it leads to is another one', async () => {
    answers['/healthz'] = answered(302, '', { location: '/login' });
    answers['/login'] = answered(200);
    expect(await health('/healthz')).toMatchObject({ result: 'fail', detail: expect.stringContaining('redirect') });
    expect(front.requests.map(({ path }) => path)).toEqual(['/healthz']);
  });

  test('no answer in time, a cut connection and nobody there fail', async () => {
    front.misbehave({ mode: 'timeout' });
    expect(await health('/healthz')).toMatchObject({ result: 'fail', detail: 'no complete answer in time' });
    front.misbehave({ mode: 'reset' });
    expect(await health('/healthz')).toMatchObject({ result: 'fail' });
    expect((await probe.health(['http://127.0.0.1:1/'], signal))[0]).toMatchObject({ result: 'fail' });
  });

  test('a look that is called off says nothing about the service', async () => {
    front.misbehave({ mode: 'timeout' });
    const [check] = await probe.health([`${url}/healthz`], AbortSignal.timeout(50));
    expect(check).toMatchObject({ result: 'unknown', detail: 'there was no time left' });
    expect((await probe.health([`${url}/healthz`], AbortSignal.abort()))[0]).toMatchObject({ result: 'unknown' });
  });

  test('endpoints are asked at the same time, and each has its check', async () => {
    const waiting: (() => void)[] = [];
    // Nobody is answered until all have asked.
    const patient = createServer((request, response) => {
      waiting.push(() => response.writeHead(request.url === '/b' ? 500 : 200).end());
      if (waiting.length === 3) for (const answer of waiting) answer();
    });
    const host = await listen(patient);
    const checks = await probe.health(
      ['/a', '/b', '/c'].map((path) => `http://${host}${path}`),
      signal,
    );
    await stop(patient);
    expect(checks.map(({ result }) => result)).toEqual(['pass', 'fail', 'pass']);
  });

  test('the service and the environment may stand in the address, and stay in their place', async () => {
    answers['/a%2F..%3F/production/health'] = answered(200);
    const scope = { service: 'a/..?', environment: 'production' };
    const [check] = await probe.health([`${url}/$service/$environment/health`], signal, scope);
    expect(check).toEqual({
      name: `health ${url}/a%2F..%3F/production/health`,
      result: 'pass',
      detail: 'HTTP 200',
    });
  });

  test.each([
    ['..', 'production'],
    ['checkout', null],
    ['', 'production'],
    ['\ud800', 'production'],
  ])('an address that cannot be made is unknown and not asked (%j, %j)', async (service, environment) => {
    const [check] = await probe.health([`${url}/$service/$environment`], signal, { service, environment });
    expect(check).toMatchObject({ result: 'unknown' });
    expect(front.requests).toEqual([]);
  });
});

describe('a journey', () => {
  const walk = async (steps: readonly JourneyStep[]) => (await probe.journeys([{ name: 'buy', steps }], signal))[0]!;

  test('passes when every step is as expected, in order', async () => {
    answers['/carts'] = answered(201, { id: 7 });
    answers['/carts/7'] = answered(200, { total: 12 });
    const steps = [
      step('/carts', { method: 'POST', expectStatus: 201 }),
      step('/carts/7', { expectBody: '"total":12' }),
    ];
    expect(await walk(steps)).toEqual({ name: 'journey buy', result: 'pass', detail: '2 steps passed' });
    expect(front.requests.map(({ method, path }) => `${method} ${path}`)).toEqual(['POST /carts', 'GET /carts/7']);
  });

  test('names the step that failed and why, and goes no further', async () => {
    answers['/a'] = answered(200);
    answers['/b'] = answered(500);
    expect(await walk([step('/a'), step('/b'), step('/a')])).toEqual({
      name: 'journey buy',
      result: 'fail',
      detail: `step 2 of 3, GET ${url}/b: HTTP 500, 200 expected`,
    });
    expect(front.requests).toHaveLength(2);
  });

  test('fails when the answer does not hold what is expected, or none comes', async () => {
    answers['/a'] = answered(200, 'sold out');
    expect((await walk([step('/a', { expectBody: 'total' })])).detail).toContain('the answer does not hold "total"');
    front.misbehave({ mode: 'timeout' });
    expect(await walk([step('/a')])).toMatchObject({
      result: 'fail',
      detail: expect.stringContaining('no complete answer in time'),
    });
  });

  test('may expect a redirect, which is not followed', async () => {
    answers['/a'] = answered(302, '', { location: '/elsewhere' });
    expect(await walk([step('/a', { expectStatus: 302 })])).toMatchObject({ result: 'pass' });
    expect(front.requests).toHaveLength(1);
  });

  test('keeps its cookies, and no other journey sees them', async () => {
    answers['/login'] = answered(200, '', { 'set-cookie': 'session=abc=; Path=/; HttpOnly' });
    answers['/me'] = (cookie) => answered(cookie === 'session=abc=' ? 200 : 401);
    const checks = await probe.journeys(
      [
        { name: 'with a login', steps: [step('/login'), step('/me')] },
        { name: 'without', steps: [step('/me')] },
      ],
      signal,
    );
    expect(checks.map(({ result }) => result)).toEqual(['pass', 'fail']);
  });

  test('sends no cookie of one host to another', async () => {
    const other = createFront(() => answered(200));
    const second = createServer(other.listener);
    const elsewhere = `http://localhost:${(await listen(second)).split(':')[1]}`;
    answers['/login'] = answered(200, '', { 'set-cookie': 'session=abc; Domain=localhost' });
    answers['/own'] = answered(200, '', { 'set-cookie': 'own=1; Path=/' });
    const steps = [step('/login'), step('/own'), step('/x', { url: `${elsewhere}/x` }), step('/login')];
    expect(await walk(steps)).toMatchObject({ result: 'pass' });
    await stop(second);
    expect(other.requests[0]?.headers.cookie).toBeUndefined();
    expect(front.requests.at(-1)?.headers.cookie).toBe('own=1');
  });

  test('that is called off is unknown', async () => {
    front.misbehave({ mode: 'timeout' });
    const [check] = await probe.journeys([{ name: 'buy', steps: [step('/a')] }], AbortSignal.timeout(50));
    expect(check).toMatchObject({ result: 'unknown' });
  });
});
