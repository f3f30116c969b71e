import { Ajv2020 } from 'ajv/dist/2020.js';
import { incident, rollback, startApi } from './api-support.ts';
import type { AnyJson, RunningApi } from './api-support.ts';

const ID = 'INC-20240115-143215';
const BARE = 'INC-20240115-143216';
let api: RunningApi;
let document: AnyJson;
let ajv: Ajv2020;

beforeAll(async () => {
  api = await startApi();
  const bare = incident({
    ...{ id: BARE, severity: null, decision: null, rollback: null, clocks: {}, facts: {}, alertSamples: [] },
    ...{ service: null, environment: null },
  });
  api.backend.incidents.set(BARE, bare);
  document = (await api.ask('/api/v1/openapi.json')).body;
  // Formats are annotations here, as in JSON Schema 2020-12 itself.
  ajv = new Ajv2020({ strict: true, validateFormats: false, allErrors: true, allowUnionTypes: true });
  ajv.addSchema({ $id: 'api', $defs: atHome(closed(document.components.schemas)) });
});
afterAll(() => api.stop());

/** Answers may grow, so the document leaves them open. The test does not: what is sent must be described. */
function closed(node: AnyJson): AnyJson {
  if (Array.isArray(node)) return node.map(closed);
  if (typeof node !== 'object' || node === null) return node;
  const inner = Object.fromEntries(Object.entries(node).map(([key, value]) => [key, closed(value)]));
  const isObject = node.type === 'object' && node.properties !== undefined && node.additionalProperties === undefined;
  return isObject ? { ...inner, additionalProperties: false } : inner;
}

/** The components stand in a schema document of their own. */
const atHome = (node: AnyJson): AnyJson =>
  JSON.parse(JSON.stringify(node).replaceAll('"#/components/schemas/', '"api#/$defs/'));

const compile = (schema: AnyJson) => ajv.compile(atHome(closed(schema)));

const operations = (): [string, string, AnyJson][] =>
  Object.entries<AnyJson>(document.paths).flatMap(([path, methods]) =>
    Object.entries<AnyJson>(methods).map(([method, operation]): [string, string, AnyJson] => [path, method, operation]),
  );

const responseSchema = (path: string, method: string, status: string): AnyJson =>
  document.paths[path][method].responses[status].content['application/json'].schema;

const check = (schema: AnyJson, value: unknown): void => {
  const validate = compile(schema);
  validate(value);
  expect(validate.errors).toBeNull();
};

test('is OpenAPI 3.1 with one named operation for every route', () => {
  expect(document).toMatchObject({ openapi: '3.1.0', info: { title: 'Firebreak', version: '1.2.3' } });
  const names = operations().map(([, , operation]) => operation.operationId);
  expect(new Set(names).size).toBe(names.length);
  expect(Object.keys(document.paths).sort()).toEqual([
    '/actions',
    '/automation',
    '/changes',
    '/comparison',
    '/comparisons',
    '/effects/dead',
    '/effects/retry',
    '/gate',
    '/handover',
    '/incidents',
    '/incidents/{id}',
    '/incidents/{id}/acknowledge',
    '/incidents/{id}/actions',
    '/incidents/{id}/blockers',
    '/incidents/{id}/checklist',
    '/incidents/{id}/close',
    '/incidents/{id}/command',
    '/incidents/{id}/diagnosis',
    '/incidents/{id}/dismiss',
    '/incidents/{id}/effects',
    '/incidents/{id}/evidence',
    '/incidents/{id}/fix',
    '/incidents/{id}/fix-eta',
    '/incidents/{id}/impact',
    '/incidents/{id}/merge',
    '/incidents/{id}/notes',
    '/incidents/{id}/onset',
    '/incidents/{id}/publish',
    '/incidents/{id}/report',
    '/incidents/{id}/report/publish',
    '/incidents/{id}/report/sections',
    '/incidents/{id}/resolve',
    '/incidents/{id}/review',
    '/incidents/{id}/rollback/abort',
    '/incidents/{id}/rollback/approve',
    '/incidents/{id}/rollback/start',
    '/incidents/{id}/rollback/undo',
    '/incidents/{id}/root-cause',
    '/incidents/{id}/severity',
    '/incidents/{id}/timeline',
    '/incidents/{id}/update',
    '/maintenance',
    '/maintenance/{window}/end',
    '/quarantine',
    '/rules',
    '/rules/explain',
    '/services/{service}/drill',
    '/services/{service}/rollback-plan',
    '/stats',
  ]);
});

test('every schema in it compiles, and every reference leads somewhere', () => {
  for (const [path, , { parameters = [], requestBody, responses }] of operations()) {
    const named = parameters.filter((p: AnyJson) => p.in === 'path').map((p: AnyJson) => `{${p.name}}`);
    expect(named).toEqual(path.match(/\{\w+\}/g) ?? []);
    const bodies = [requestBody, ...Object.values(responses)].filter((part) => part !== undefined);
    for (const body of bodies) compile(body.content['application/json'].schema);
    for (const { schema } of parameters) compile(schema);
  }
});

test('says which parameters there are', () => {
  const { parameters } = document.paths['/incidents'].get;
  expect(parameters.map((p: AnyJson) => p.name)).toEqual(['status', 'severity', 'service', 'since', 'cursor', 'limit']);
  expect(parameters[5].schema).toMatchObject({ type: 'integer', minimum: 1, maximum: 200, default: 50 });
});

test('says when a body may be left out, and closes what is sent', () => {
  const body = (path: string): AnyJson => document.paths[path].post.requestBody;
  expect(body('/incidents/{id}/acknowledge').required).toBe(false);
  expect(body('/incidents/{id}/notes').required).toBe(true);
  const schema = body('/incidents/{id}/notes').content['application/json'].schema;
  expect(schema).toMatchObject({ required: ['text'], additionalProperties: false });
});

describe('what is answered is what the document says', () => {
  test.each([
    ['/incidents', '/incidents'],
    ['/incidents/{id}', `/incidents/${ID}`],
    ['/incidents/{id}', `/incidents/${BARE}`],
    ['/incidents/{id}/timeline', `/incidents/${ID}/timeline`],
    ['/incidents/{id}/effects', `/incidents/${ID}/effects`],
    ['/incidents/{id}/report', `/incidents/${ID}/report?format=json`],
    ['/incidents/{id}/evidence', `/incidents/${ID}/evidence`],
    ['/incidents/{id}/checklist', `/incidents/${ID}/checklist`],
    ['/incidents/{id}/diagnosis', `/incidents/${ID}/diagnosis`],
    ['/actions', '/actions?status=open&owner=ben&overdue=true'],
    ['/gate', '/gate?service=checkout&version=r43'],
    ['/changes', '/changes'],
    ['/quarantine', '/quarantine'],
    ['/effects/dead', '/effects/dead'],
    ['/automation', '/automation'],
    ['/rules', '/rules'],
    ['/stats', '/stats?groupBy=service'],
    ['/handover', '/handover'],
  ])('GET %s (%s)', async (path, address) => {
    const { status, body } = await api.ask(`/api/v1${address}`);
    expect(status).toBe(200);
    check(responseSchema(path, 'get', '200'), body);
  });

  test.each([
    ['/incidents/{id}/acknowledge', {}],
    ['/incidents/{id}/notes', { text: 'x' }],
    ['/incidents/{id}/rollback/approve', {}],
    ['/incidents/{id}/rollback/abort', {}],
    ['/incidents/{id}/evidence', { kind: 'link', title: 'a graph', url: 'https://grafana.example.com/d/1' }],
    ['/incidents/{id}/evidence', { kind: 'metric', title: 'errors', query: 'sum(up)', at: '2024-01-15T14:32:15Z' }],
    ['/incidents/{id}/root-cause', { category: 'capacity', summary: 'x', confidence: 0.5, evidence: ['E1'] }],
    ['/incidents/{id}/root-cause', { id: 'H1', state: 'confirmed', because: 'reproduced' }],
    ['/incidents/{id}/blockers', { text: 'the vendor does not answer' }],
    ['/incidents/{id}/blockers', { clear: 'B1' }],
    ['/incidents/{id}/checklist', { item: 'runbook-updated' }],
    ['/incidents/{id}/fix', { stage: 'linked', url: 'https://git.example.com/pull/7', version: 'r43' }],
    ['/incidents/{id}/actions', { action: 'a test', owner: 'ben', dueAt: '2024-02-01' }],
    ['/incidents/{id}/actions', { id: 'A1', status: 'done', note: 'merged' }],
    ['/incidents/{id}/report/sections', { section: 'takeaways', text: 'roll back first' }],
    ['/incidents/{id}/resolve', {}],
    ['/incidents/{id}/report/publish', {}],
    ['/incidents/{id}/review', { text: 'all measures work' }],
    ['/effects/retry', { all: true }],
    ['/automation', { mode: 'shadow' }],
    ['/rules/explain', { facts: {} }],
  ])('POST %s', async (path, body) => {
    check(document.paths[path].post.requestBody.content['application/json'].schema, body);
    const answer = await api.post(`/api/v1${path.replace('{id}', ID)}`, body);
    expect(answer.status).toBe(200);
    check(responseSchema(path, 'post', '200'), answer.body);
  });

  test('a rollback that has gone through', async () => {
    const step = { ...rollback().steps[0]!, state: 'done' as const, receipt: { resourceVersion: '7' }, detail: 'ok' };
    const done = rollback({ stage: 'finished', verdict: 'recovered', steps: [step], approvedBy: 'ann' });
    api.backend.incidents.set(BARE, incident({ id: BARE, rollback: done }));
    check(responseSchema('/incidents/{id}', 'get', '200'), (await api.ask(`/api/v1/incidents/${BARE}`)).body);
  });

  test.each(['/api/v1/incidents/INC-1', '/api/v1/incidents?limit=0', '/nowhere'])('errors: %s', async (address) => {
    check(responseSchema('/incidents', 'get', 'default'), (await api.ask(address)).body);
  });

  test('and a field that is not described would be noticed', () => {
    const validate = compile(responseSchema('/automation', 'get', '200'));
    expect(validate({ mode: 'auto', killSwitch: false, changedBy: null, changedAt: null, extra: 1 })).toBe(false);
  });
});
