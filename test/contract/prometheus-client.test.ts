import { createServer, type Server } from 'node:http';
import { classifyHttp, createHttp, parseRetryAfter } from '../../src/clients/http.ts';
import { createPrometheus, type Prometheus } from '../../src/clients/prometheus.ts';
import type { MetricsSource } from '../../src/triage/ports.ts';
import { createFront, listen, stop, type Answer, type Front } from '../fakes/faults.ts';

/** Gives documented bodies to requests that are as documented, and refuses others. */
const AT = Date.UTC(2026, 10, 23, 15, 13, 0, 250);
let answer: Answer;
let front: Front;
let server: Server;
let prometheus: Prometheus;
let url: string;

beforeEach(async () => {
  front = createFront((request) => {
    if (request.headers.authorization !== 'Bearer secret') return { status: 401, body: 'Unauthorized' };
    if (request.path === '/prefix/api/v1/alerts' && request.method === 'GET') return answer;
    const form = new URLSearchParams(request.raw);
    const isForm = request.headers['content-type']?.startsWith('application/x-www-form-urlencoded');
    if (request.path === '/prefix/api/v1/query_range' && request.method === 'POST' && isForm)
      return RANGE.every(([name, value]) => form.get(name) === value) ? answer : badData;
    const isQuery = request.path === '/prefix/api/v1/query' && request.method === 'POST' && isForm;
    if (!isQuery) return { status: 404, body: 'not found' };
    return form.get('query') === 'up{job="ä&b"}' && form.get('time') === '1795446780.250' ? answer : badData;
  });
  server = createServer(front.listener);
  url = `http://${await listen(server)}/prefix/`;
  prometheus = createPrometheus({ url, headers: () => ({ Authorization: 'Bearer secret' }), timeoutMs: 2_000 });
});
afterEach(() => stop(server));

const badData: Answer = {
  status: 400,
  body: { status: 'error', errorType: 'bad_data', error: 'invalid parameter "query"' },
};
const success = (data: unknown, more: object = {}): Answer => ({
  status: 200,
  body: { status: 'success', data, ...more },
});
const vector = (...values: string[]): Answer =>
  success({
    resultType: 'vector',
    result: values.map((v, i) => ({ metric: { i: String(i) }, value: [1795446780.25, v] })),
  });
const signal = new AbortController().signal;
const query = (source: MetricsSource = prometheus) => source.query('up{job="ä&b"}', AT, signal);

describe('query', () => {
  test.each([
    ['0.4', 0.4],
    ['1e-7', 1e-7],
    ['-0', -0],
  ])('one sample of %s is a value', async (text, value) => {
    answer = vector(text);
    expect(await query()).toEqual({ kind: 'value', value, warnings: [] });
  });

  test('a scalar is a value', async () => {
    answer = success({ resultType: 'scalar', result: [1795446780.25, '3'] });
    expect(await query()).toEqual({ kind: 'value', value: 3, warnings: [] });
  });

  test.each<[string, Answer, string]>([
    ['nothing', vector(), 'no series'],
    ['0/0', vector('NaN'), 'the value is NaN'],
    ['1/0', vector('+Inf'), 'the value is +Inf'],
    ['-1/0', vector('-Inf'), 'the value is -Inf'],
    ['three series', vector('1', '2', '3'), '3 series, one expected'],
    ['a range', success({ resultType: 'matrix', result: [] }), 'a matrix, a number expected'],
    ['a string', success({ resultType: 'string', result: [1, 'x'] }), 'a string, a number expected'],
    [
      'a histogram',
      success({ resultType: 'vector', result: [{ metric: {}, histogram: [1, {}] }] }),
      'a histogram, a number expected',
    ],
    ['something new', success({ resultType: 'tensor' }), 'the result has an unknown form'],
  ])('%s is no data, with the reason', async (_, given, reason) => {
    answer = given;
    expect(await query()).toEqual({ kind: 'no-data', reason, warnings: [] });
  });

  test('warnings and infos are kept', async () => {
    answer = success(
      { resultType: 'vector', result: [] },
      { warnings: ['remote read failed'], infos: ['not a counter'] },
    );
    expect(await query()).toMatchObject({ kind: 'no-data', warnings: ['remote read failed', 'not a counter'] });
  });

  test.each([
    [400, 'bad_data', 'rejected'],
    [422, 'execution', 'rejected'],
    [503, 'timeout', 'server'],
  ])('HTTP %i, %s, is %s', async (status, errorType, kind) => {
    answer = { status, body: { status: 'error', errorType, error: 'because' } };
    expect(await query()).toEqual({ kind: 'failed', failure: { kind, message: `${errorType}: because` } });
  });

  test('a page that is not the API is rejected, a redirect not followed', async () => {
    answer = { status: 200, body: '<html>Sign in</html>' };
    expect(await query()).toMatchObject({ kind: 'failed', failure: { kind: 'rejected' } });
    answer = { status: 302, headers: { location: '/elsewhere' }, body: '' };
    expect(await query()).toMatchObject({ kind: 'failed', failure: { kind: 'rejected' } });
    expect(front.requests).toHaveLength(2);
  });

  test('credentials that are refused are unauthorized', async () => {
    const anonymous = createPrometheus({ url, timeoutMs: 2_000 });
    expect(await query(anonymous)).toEqual({ kind: 'failed', failure: { kind: 'unauthorized', message: 'HTTP 401' } });
  });

  test('no answer in time, and no server at all', async () => {
    front.misbehave({ mode: 'timeout' });
    const hasty = createPrometheus({ url, timeoutMs: 100 });
    expect(await query(hasty)).toMatchObject({ kind: 'failed', failure: { kind: 'ambiguous' } });
    await stop(server);
    expect(await query()).toMatchObject({ kind: 'failed', failure: { kind: 'unreachable' } });
    server = createServer();
    await listen(server);
  });
});

/** Half an hour in steps of a minute. */
const RANGE = [
  ['query', 'up{job="ä&b"}'],
  ['start', '1795444980.250'],
  ['end', '1795446780.250'],
  ['step', '60.000'],
] as const;

describe('queryRange', () => {
  const queryRange = (source: Prometheus = prometheus) =>
    source.queryRange('up{job="ä&b"}', AT - 30 * 60_000, AT, 60_000, signal);
  const matrix = (...series: (readonly [number, string])[][]): Answer =>
    success({ resultType: 'matrix', result: series.map((values, i) => ({ metric: { i: String(i) }, values })) });

  test('one series is its values, in epoch milliseconds', async () => {
    const points = [
      [1795444980.25, '0.4'],
      [1795445040.25, '1e-7'],
    ] as const;
    answer = matrix([...points]);
    expect(await queryRange()).toEqual({
      kind: 'series',
      values: [
        { at: 1795444980250, value: 0.4 },
        { at: 1795445040250, value: 1e-7 },
      ],
      dropped: 0,
      warnings: [],
    });
  });

  test('points that are no numbers are dropped, and counted', async () => {
    answer = matrix([
      [1, 'NaN'],
      [2, '7'],
      [3, '+Inf'],
      [4, '-Inf'],
      [5, ''],
    ]);
    expect(await queryRange()).toMatchObject({ kind: 'series', values: [{ at: 2000, value: 7 }], dropped: 4 });
  });

  test.each<[string, Answer, string]>([
    ['nothing', matrix(), 'no series'],
    ['0/0 all the time', matrix([[1, 'NaN']]), 'none of 1 points is a number'],
    ['two series', matrix([[1, '1']], [[1, '2']]), '2 series, one expected'],
    ['a vector', vector('1'), 'the result has an unknown form'],
    [
      'histograms',
      success({ resultType: 'matrix', result: [{ metric: {}, histograms: [[1, {}]] }] }),
      'a histogram, numbers expected',
    ],
    [
      'points of another form',
      success({ resultType: 'matrix', result: [{ values: [['x']] }] }),
      'the result has an unknown form',
    ],
    ['no data at all', success(undefined), 'the result has an unknown form'],
  ])('%s is no data, with the reason', async (_, given, reason) => {
    answer = given;
    expect(await queryRange()).toEqual({ kind: 'no-data', reason, warnings: [] });
  });

  test('warnings are kept', async () => {
    answer = success({ resultType: 'matrix', result: [] }, { warnings: ['remote read failed'] });
    expect(await queryRange()).toMatchObject({ warnings: ['remote read failed'] });
  });

  test('an expression that is refused, garbage and no answer have failed', async () => {
    answer = badData;
    expect(await queryRange()).toEqual({
      kind: 'failed',
      failure: { kind: 'rejected', message: 'bad_data: invalid parameter "query"' },
    });
    answer = { status: 200, body: '<html>Sign in</html>' };
    expect(await queryRange()).toMatchObject({ kind: 'failed', failure: { kind: 'rejected' } });
    front.misbehave({ mode: 'timeout' });
    const hasty = createPrometheus({ url, timeoutMs: 100 });
    expect(await queryRange(hasty)).toMatchObject({ kind: 'failed', failure: { kind: 'ambiguous' } });
  });
});

describe('firingAlerts', () => {
  const alert = (alertname: string, state: string) => ({
    labels: { alertname, service: 'checkout' },
    annotations: {},
    state,
    activeAt: '2026-11-23T14:00:00Z',
    value: '1e+00',
  });

  test('are those that fire, with their labels', async () => {
    answer = success({ alerts: [alert('A', 'firing'), alert('B', 'pending'), alert('C', 'firing')] });
    expect(await prometheus.firingAlerts(signal)).toEqual({
      kind: 'alerts',
      alerts: [
        { labels: { alertname: 'A', service: 'checkout' } },
        { labels: { alertname: 'C', service: 'checkout' } },
      ],
    });
    answer = success({ alerts: [] });
    expect(await prometheus.firingAlerts(signal)).toEqual({ kind: 'alerts', alerts: [] });
  });

  test.each<[string, Answer, string]>([
    ['a success without alerts', success({}), 'rejected'],
    ['an alert of another form', success({ alerts: [{ state: 'firing' }] }), 'rejected'],
    ['a page', { status: 200, body: '<html>Sign in</html>' }, 'rejected'],
    ['an error', { status: 503, body: 'overloaded' }, 'server'],
  ])('%s is never "none": it has failed', async (_, given, kind) => {
    answer = given;
    expect(await prometheus.firingAlerts(signal)).toMatchObject({ kind: 'failed', failure: { kind } });
  });

  test('no answer has failed', async () => {
    front.misbehave({ mode: 'reset' });
    expect(await prometheus.firingAlerts(signal)).toMatchObject({ kind: 'failed' });
  });
});

describe('activeAt', () => {
  const alert = (labels: object, activeAt: string, state = 'firing') => ({
    labels,
    annotations: {},
    state,
    activeAt,
    value: '1e+00',
  });
  const given = {
    alertname: 'HighErrorRate',
    labels: { alertname: 'HighErrorRate', service: 'checkout', cluster: 'eu' },
  };
  const onset = () => prometheus.activeAt(given, signal);

  test('is that of the alert whose labels all agree, external labels aside', async () => {
    answer = success({
      alerts: [
        alert({ alertname: 'HighErrorRate', service: 'search' }, '2026-11-23T14:00:00Z'),
        alert({ alertname: 'HighErrorRate', service: 'checkout' }, '2026-11-23T16:12:27.123456789+01:00'),
        alert({ alertname: 'Other', service: 'checkout' }, '2026-11-23T14:00:00Z'),
        alert({ alertname: 'HighErrorRate', service: 'checkout', pod: 'a' }, '2026-11-23T14:00:00Z'),
        alert({ alertname: 'HighErrorRate' }, '2026-11-23T14:00:00Z'),
      ],
    });
    expect(await onset()).toBe('2026-11-23T15:12:27.123Z');
  });

  test('is unknown for what only may become an alert, or has none', async () => {
    answer = success({ alerts: [alert({ alertname: 'HighErrorRate' }, '2026-11-23T14:00:00Z', 'pending')] });
    expect(await onset()).toBeNull();
    answer = success({ alerts: [alert({ alertname: 'HighErrorRate' }, '0001-01-01T00:00:00Z')] });
    expect(await onset()).toBeNull();
    answer = success({ unexpected: true });
    expect(await onset()).toBeNull();
  });

  test('is unknown when there is no answer', async () => {
    front.misbehave({ mode: 'reset' });
    expect(await onset()).toBeNull();
  });
});

describe('the HTTP client', () => {
  const http = (more: { timeoutMs?: number; maxResponseBytes?: number } = {}) =>
    createHttp({ timeoutMs: 2_000, userAgent: 'firebreak/1', ...more });

  test('ends an answer that trickles', async () => {
    const slow = createServer((_, res) => {
      res.writeHead(200);
      const trickle = setInterval(() => res.write(' '), 10);
      res.on('close', () => {
        clearInterval(trickle);
      });
    });
    const host = await listen(slow);
    const error: unknown = await http({ timeoutMs: 150 })
      .get(`http://${host}/`)
      .catch((e: unknown) => e);
    expect(classifyHttp(error)).toEqual({ kind: 'ambiguous', message: 'no complete answer in time' });
    await stop(slow);
  });

  test('takes no answer beyond the limit', async () => {
    answer = success('x'.repeat(2_000));
    const headers = { Authorization: 'Bearer secret' };
    const get = http({ maxResponseBytes: 1_000 }).get(`${url}api/v1/alerts`, { headers });
    expect(classifyHttp(await get.catch((e: unknown) => e))).toMatchObject({
      message: expect.stringContaining('1000'),
    });
  });

  test('ignores proxies of the environment and says who it is', async () => {
    process.env['http_proxy'] = 'http://127.0.0.1:1';
    const response = await http().get(`${url}x`);
    delete process.env['http_proxy'];
    expect(response.status).toBe(401);
    expect(front.requests[0]!.headers['user-agent']).toBe('firebreak/1');
  });

  test.each([
    [{ code: 'ENOTFOUND' }, 'unreachable'],
    [{ code: 'ECONNRESET', syscall: 'read' }, 'ambiguous'],
    [{ code: 'ETIMEDOUT', syscall: 'connect' }, 'unreachable'],
    [{ code: 'DEPTH_ZERO_SELF_SIGNED_CERT' }, 'unreachable'],
    [{ message: 'fetch failed', cause: { code: 'ECONNREFUSED' } }, 'unreachable'],
    [{ message: 'fetch failed', cause: { code: 'UND_ERR_SOCKET' } }, 'ambiguous'],
    [{ code: 'ERR_INVALID_URL' }, 'rejected'],
    ['thrown text', 'ambiguous'],
  ])('%j is %s', (error, kind) => {
    expect(classifyHttp(error).kind).toBe(kind);
  });

  test.each([
    ['7', 7_000],
    [' 0 ', 0],
    ['Mon, 23 Nov 2026 15:14:00 GMT', 59_750],
    ['Mon, 23 Nov 2026 15:00:00 GMT', 0],
    // Whoever asks for a day would silence a page for a day.
    ['99999999999', 5 * 60 * 1000],
    ['86400', 5 * 60 * 1000],
    ['soon', undefined],
    ['-5', undefined],
    ['', undefined],
    [null, undefined],
  ])('Retry-After %j is %j', (header, expected) => {
    expect(parseRetryAfter(header, AT)).toBe(expected);
  });
});
