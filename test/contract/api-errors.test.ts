import { request } from 'node:http';
import { fakeBackend, incident, startApi } from './api-support.ts';
import type { RunningApi } from './api-support.ts';

const PATH = '/api/v1/incidents/INC-20240115-143215';
let api: RunningApi;

beforeEach(async () => {
  api = await startApi();
});
afterEach(() => api.stop());

describe('who is calling', () => {
  test.each([{ authorization: '' }, { authorization: 'Basic YWRtaW4tdG9rZW4=' }, { authorization: 'Bearer' }])(
    'nobody: 401 with a challenge (%j)',
    async (headers) => {
      const { status, body, headers: answered } = await api.ask(PATH, { headers });
      expect(status).toBe(401);
      expect(answered.get('www-authenticate')).toBe('Bearer realm="firebreak"');
      expect(body.error).toMatchObject({ code: 'unauthorized', field: null });
    },
  );

  test('a token that is not known: 401, and the token is not repeated', async () => {
    const answer = await api.ask(PATH, { headers: { authorization: 'Bearer admin-toke' } });
    expect(answer.status).toBe(401);
    expect(answer.headers.get('www-authenticate')).toContain('error="invalid_token"');
    expect(JSON.stringify(answer.body)).not.toContain('admin-toke');
  });

  test('the scheme is read in any case', async () => {
    expect((await api.ask(PATH, { headers: { authorization: 'bearer viewer-token' } })).status).toBe(200);
  });

  test('no credentials configured and not open: nobody gets in', async () => {
    const closed = await startApi({ tokens: [] });
    const { status } = await closed.ask(PATH);
    await closed.stop();
    expect(status).toBe(401);
  });

  test.each([
    ['viewer', 'GET', '/api/v1/incidents', 200],
    ['viewer', 'GET', '/api/v1/openapi.json', 200],
    ['viewer', 'POST', `${PATH}/acknowledge`, 403],
    ['viewer', 'POST', '/api/v1/effects/retry', 403],
    ['viewer', 'POST', '/api/v1/automation', 403],
    ['responder', 'POST', `${PATH}/acknowledge`, 200],
    ['responder', 'POST', `${PATH}/rollback/approve`, 200],
    ['responder', 'GET', '/api/v1/automation', 200],
    ['responder', 'POST', '/api/v1/automation', 403],
    ['admin', 'POST', `${PATH}/rollback/abort`, 200],
  ])('%s: %s %s is %i', async (role, method, path, expected) => {
    const { status, body } = await api.ask(path, { method, headers: { authorization: `Bearer ${role}-token` } });
    expect(status).toBe(expected);
    if (expected === 403) expect(body.error.message).toMatch(/^This needs the role (responder|admin); /);
  });

  test('a body is not even read from somebody who may not send it', async () => {
    const body = 'x'.repeat(1_000_000);
    const { status } = await api.post('/api/v1/automation', body, { authorization: 'Bearer viewer-token' });
    expect(status).toBe(403);
  });
});

describe('open without credentials, on loopback', () => {
  let open: RunningApi;
  beforeEach(async () => {
    open = await startApi({ tokens: [], openWithoutCredentials: true });
  });
  afterEach(() => open.stop());

  test('everybody is the admin "local"', async () => {
    const { body } = await open.post(`${PATH}/acknowledge`, {}, { authorization: '' });
    expect(body.commander).toBe('local');
    expect((await open.post('/api/v1/automation', { mode: 'shadow' })).body.changedBy).toBe('local');
  });

  test.each([
    { origin: 'https://evil.example' },
    { origin: 'null' },
    { 'sec-fetch-site': 'cross-site' },
    { 'sec-fetch-site': 'same-site', origin: 'http://127.0.0.1:1' },
  ])('a page of another site may not drive the browser here: %j', async (headers) => {
    expect(await raw(open, 'POST', `${PATH}/acknowledge`, headers)).toBe(403);
    expect(open.backend.calls).toEqual([]);
  });

  test('our own page may', async () => {
    const origin = open.url;
    expect(await raw(open, 'POST', `${PATH}/acknowledge`, { origin })).toBe(200);
    expect(await raw(open, 'POST', `${PATH}/acknowledge`, { origin, 'sec-fetch-site': 'same-origin' })).toBe(200);
  });

  test.each([
    ['evil.example', 403],
    ['evil.example:8080', 403],
    ['127.0.0.1.evil.example', 403],
    ['localhost:8080', 200],
    ['[::1]:8080', 200],
    ['10.1.2.3', 200],
  ])('under the name %s: %i', async (host, expected) => {
    expect(await raw(open, 'GET', PATH, { host })).toBe(expected);
  });

  test('a token is proof enough from anywhere', async () => {
    const headers = { authorization: 'Bearer responder-token', host: 'fire.example', origin: 'https://other.example' };
    expect(await raw(api, 'POST', `${PATH}/acknowledge`, headers)).toBe(200);
  });
});

/** fetch does not let anybody set Host or Origin. Answers with the status. */
function raw(target: RunningApi, method: string, path: string, headers: Record<string, string>): Promise<number> {
  return new Promise((resolve, reject) => {
    const outgoing = request(
      { host: '127.0.0.1', port: target.port, method, path, headers, agent: false },
      (answer) => {
        answer.resume().on('end', () => {
          resolve(answer.statusCode ?? 0);
        });
      },
    );
    outgoing.on('error', reject).end();
  });
}

describe('a query that is not understood is 400 and names the parameter', () => {
  test.each([
    ['status=opne', 'status[0]', 'expected one of open, acknowledged, mitigated, resolved, closed'],
    ['severity=P0,P9', 'severity[1]', 'expected one of P0, P1, P2, P3'],
    ['since=yesterday', 'since', 'expected a time like 2024-01-15T14:32:15Z'],
    ['limit=0', 'limit', 'must be at least 1'],
    ['limit=100000', 'limit', 'must be at most 200'],
    ['limit=ten', 'limit', 'expected number'],
    ['limit=1&limit=2', 'limit', 'is given more than once'],
    ['service=a&service=b', 'service', 'is given more than once'],
    ['service=%00', 'service', 'holds a character that cannot be stored'],
    ['cursor=abc', 'cursor', 'is not a cursor that this API gave out'],
    [`cursor=${Buffer.from('["2024","x"]').toString('base64url')}`, 'cursor', 'is not a cursor that this API gave out'],
    ['sevrity=P0', 'sevrity', 'is not known here; known: status, severity, service, since, cursor, limit'],
    ['__proto__[status]=open', '__proto__[status]', expect.stringMatching(/^is not known here/)],
    ['__proto__=1', '__proto__', expect.stringMatching(/^is not known here/)],
    ['constructor.prototype=1', 'constructor.prototype', expect.stringMatching(/^is not known here/)],
    ['toString=1', 'toString', expect.stringMatching(/^is not known here/)],
    ['status[]=open', 'status[]', expect.stringMatching(/^is not known here/)],
  ])('%s', async (query, field, message) => {
    const { status, body } = await api.ask(`/api/v1/incidents?${query}`);
    expect(body).toEqual({ error: { code: 'invalid', message, field } });
    expect(status).toBe(400);
    expect(({} as Record<string, unknown>)['status']).toBeUndefined();
  });

  test('a path that is no UTF-8', async () => {
    expect(await api.ask('/api/v1/incidents/%ff')).toMatchObject({ status: 400, body: { error: { code: 'invalid' } } });
  });
});

describe('a body that is not understood', () => {
  test.each([
    ['/notes', {}, 'text', 'is missing; expected string'],
    ['/notes', { text: '  ' }, 'text', 'must be at least 1 characters long'],
    ['/notes', { text: 'x'.repeat(10_001) }, 'text', 'must be at most 10000 characters long'],
    ['/notes', { text: 'a\0b' }, 'text', 'holds a character that cannot be stored'],
    ['/notes', { text: '\ud800' }, 'text', 'holds a character that cannot be stored'],
    ['/notes', { text: 5 }, 'text', 'expected string'],
    ['/resolve', { becuase: 'x' }, 'becuase', 'is not known here; known: because'],
    ['/acknowledge', { by: 'me' }, 'by', 'is not known here; known: nothing'],
    ['/rollback/approve', { planHash: 'short' }, 'planHash', 'is not the hash of a plan'],
    ['/notes', [1], null, 'expected object'],
  ])('%s %j', async (path, body, field, message) => {
    const answer = await api.post(`${PATH}${path}`, body);
    expect(answer.body).toEqual({ error: { code: 'invalid', message, field } });
    expect(answer.status).toBe(400);
    expect(api.backend.calls).toEqual([]);
  });

  test.each([
    ['/effects/retry', {}, null],
    ['/effects/retry', { ids: ['a'], all: true }, null],
    ['/effects/retry', { ids: [] }, 'ids'],
    ['/effects/retry', { ids: ['a', 7] }, 'ids[1]'],
    ['/effects/retry', { all: false }, 'all'],
    ['/automation', {}, null],
    ['/automation', { mode: 'yolo' }, 'mode'],
    ['/automation', { killswitch: true }, 'killswitch'],
    ['/rules/explain', {}, 'facts'],
    ['/rules/explain', { facts: [] }, 'facts'],
  ])('%s %j', async (path, body, field) => {
    expect(await api.post(`/api/v1${path}`, body)).toMatchObject({ status: 400, body: { error: { field } } });
  });

  test.each(['{"facts":', 'null', '"text"', '{"facts":{"__proto__":{"admin":true}}}', '['.repeat(100_000)])(
    'as JSON: %.40s',
    async (body) => {
      const answer = await api.post('/api/v1/rules/explain', body);
      expect(answer).toMatchObject({ status: 400, body: { error: { code: 'invalid', field: null } } });
    },
  );

  test('too deep', async () => {
    const body = `{"facts":{"a":${'['.repeat(100_000)}${']'.repeat(100_000)}}}`;
    expect((await api.post('/api/v1/rules/explain', body)).status).toBe(400);
  });

  test('too large: 413, whether or not it says so beforehand', async () => {
    const text = JSON.stringify({ text: 'x'.repeat(300_000) });
    expect(await api.post(`${PATH}/notes`, text)).toMatchObject({
      status: 413,
      body: { error: { code: 'too-large' } },
    });
    const body = new ReadableStream({
      start(controller) {
        controller.enqueue(new TextEncoder().encode(text));
        controller.close();
      },
    });
    const streamed = { method: 'POST', body, duplex: 'half', headers: { 'content-type': 'application/json' } };
    expect((await api.ask(`${PATH}/notes`, streamed as RequestInit)).status).toBe(413);
  });

  test.each([
    ['text=hello', 'application/x-www-form-urlencoded'],
    ['{"text":"hello"}', 'text/plain'],
    ['{"text":"hello"}', 'application/jsonp'],
    ['', 'application/x-www-form-urlencoded'],
  ])('of another type: 415 (%s as %s)', async (body, type) => {
    const answer = await api.post(`${PATH}/notes`, body, { 'content-type': type });
    expect(answer).toMatchObject({ status: 415, body: { error: { code: 'unsupported-media-type' } } });
  });

  test.each([{ 'content-encoding': 'gzip' }, { 'content-type': 'application/json; charset=latin1' }])(
    'in another encoding: 415 (%j)',
    async (headers) => {
      expect((await api.post(`${PATH}/notes`, '{"text":"a"}', headers as Record<string, string>)).status).toBe(415);
    },
  );

  test('with a charset is JSON all the same', async () => {
    const headers = { 'content-type': 'Application/JSON; charset=UTF-8' };
    expect((await api.post(`${PATH}/notes`, { text: 'é' }, headers)).status).toBe(200);
  });
});

describe('addresses', () => {
  test.each(['/nowhere', '/api/v1', '/api/v1/nothing', '/api/v2/incidents', '/favicon.ico'])(
    '%s: 404',
    async (path) => {
      const { status, body } = await api.ask(path);
      expect({ status, body }).toEqual({
        status: 404,
        body: { error: { code: 'not-found', message: `There is nothing at ${path}`, field: null } },
      });
    },
  );

  test.each([
    ['DELETE', PATH, 'GET, HEAD'],
    ['GET', `${PATH}/acknowledge`, 'POST'],
    ['PUT', '/api/v1/automation', 'GET, HEAD, POST'],
    ['POST', '/api/v1/openapi.json', 'GET, HEAD'],
  ])('%s %s: 405', async (method, path, allow) => {
    const { status, headers, body } = await api.ask(path, { method });
    expect({ status, allow: headers.get('allow'), code: body.error.code }).toEqual({
      status: 405,
      allow,
      code: 'method-not-allowed',
    });
  });
});

const withCode = (code: string, message = 'secret detail at 10.0.0.5'): Error =>
  Object.assign(new Error(message), { code });

describe('when something breaks', () => {
  test.each([
    ['refused', withCode('ECONNREFUSED')],
    ['the socket file is gone', Object.assign(withCode('ENOENT'), { syscall: 'connect' })],
    ['every address refused', new AggregateError([withCode('ECONNREFUSED')], 'all failed')],
    ['shutting down', withCode('57P01')],
    ['starting up', withCode('57P03')],
    ['connection failure', withCode('08006')],
    ['too many connections', withCode('53300')],
    ['wrapped', new Error('query failed', { cause: new Error('again', { cause: withCode('EPIPE') }) })],
    ['cut off', new Error('Connection terminated unexpectedly')],
    ['pool timeout', new Error('timeout exceeded when trying to connect')],
  ])('the store is away: 503 (%s)', async (_name, error) => {
    api.backend.failWith = error;
    const { status, headers, body } = await api.ask(PATH);
    expect({ status, code: body.error.code }).toEqual({ status: 503, code: 'unavailable' });
    expect(headers.get('retry-after')).toBe('5');
    expect(JSON.stringify(body)).not.toContain('secret');
    expect(api.logged).toMatchObject([{ level: 'warn' }]);
  });

  const loop = new Error('loop');
  loop.cause = loop;
  test.each([
    ['a bug', new TypeError('secret detail')],
    ['a constraint', withCode('23505')],
    ['a file that is not there', withCode('ENOENT')],
    ['a loop of causes', loop],
    ['no error at all', 'secret text'],
  ])('anything else is 500 without internals, and logged (%s)', async (_name, error) => {
    api.backend.failWith = error;
    const { status, body } = await api.ask(PATH);
    expect({ status, body }).toEqual({
      status: 500,
      body: { error: { code: 'internal', message: 'Something went wrong; the log says what', field: null } },
    });
    expect(api.logged).toMatchObject([{ level: 'error', fields: { err: error, path: PATH } }]);
  });
});

describe('in a browser', () => {
  const hostile = incident({ title: `<script>alert(1)</script>"'&`, service: '<img>' });

  test('the first page shows open incidents; their text is only text', async () => {
    const open = await startApi(
      { tokens: [], openWithoutCredentials: true, sandbox: 'no <credential>' },
      fakeBackend([hostile]),
    );
    const { body, headers } = await open.ask('/', { headers: { authorization: '' } });
    await open.stop();
    expect(headers.get('content-type')).toBe('text/html; charset=utf-8');
    expect(body).toContain('&lt;script&gt;alert(1)&lt;/script&gt;&quot;&#39;&amp;');
    expect(body).toContain('1 open incident');
    expect(body).toContain('no &lt;credential&gt;');
    expect(body).toContain('href="/api/v1/incidents/INC-20240115-143215/timeline"');
    expect(body).not.toMatch(/<script|<img|<credential/i);
    expect(open.backend.filters[0]?.status).toEqual(['open', 'acknowledged', 'mitigated']);
  });

  test('without a token it shows no incident', async () => {
    const { status, body } = await api.ask('/', { headers: { authorization: '' } });
    expect(status).toBe(200);
    expect(body).not.toContain('INC-');
    expect(api.backend.filters).toEqual([]);
  });

  test('nothing may run, frame or keep what this API answers', async () => {
    for (const path of ['/', PATH, '/nowhere']) {
      const { headers } = await api.ask(path);
      expect(headers.get('content-security-policy')).toMatch(
        /^default-src 'none';style-src 'sha256-[^']+';base-uri 'none';form-action 'none';frame-ancestors 'none'$/,
      );
      expect(headers.get('x-content-type-options')).toBe('nosniff');
      expect(headers.get('cache-control')).toBe('no-store');
      expect(headers.get('x-powered-by')).toBeNull();
    }
  });
});
