import { startApi } from './api-support.ts';
import type { AnyJson, RunningApi } from './api-support.ts';

const PATH = '/api/v1/incidents/INC-20240115-143215/report';
let api: RunningApi;

beforeAll(async () => {
  api = await startApi();
});
afterAll(() => api.stop());

describe('the report of an incident', () => {
  test.each([
    ['', 'text/markdown; charset=utf-8', 'md', /^# Post-mortem of INC-20261123-120000\n/],
    ['?format=md', 'text/markdown; charset=utf-8', 'md', /^# Post-mortem of INC-20261123-120000\n/],
    ['?format=html', 'text/html; charset=utf-8', 'html', /^<!doctype html>\n<html lang="en">/],
  ])('%s is answered as %s', async (query, type, extension, begins) => {
    const { status, headers, body } = await api.ask(`${PATH}${query}`);
    expect(status).toBe(200);
    expect(headers.get('content-type')).toBe(type);
    expect(headers.get('content-disposition')).toBe(`inline; filename="INC-20261123-120000.post-mortem.${extension}"`);
    expect(body).toMatch(begins);
  });

  test('is JSON as well, and the document names every type', async () => {
    const { status, headers, body } = await api.ask(`${PATH}?format=json`);
    expect(status).toBe(200);
    expect(headers.get('content-disposition')).toBe('inline; filename="INC-20261123-120000.post-mortem.json"');
    expect(body).toMatchObject({ format: 'firebreak-post-mortem', version: 1 });
    const document: AnyJson = (await api.ask('/api/v1/openapi.json')).body;
    const { content } = document.paths['/incidents/{id}/report'].get.responses['200'];
    expect(Object.keys(content)).toEqual(['application/json', 'text/markdown', 'text/html']);
  });

  test('as a page may run and load nothing, by its header and by its own words', async () => {
    const { headers, body } = await api.ask(`${PATH}?format=html`);
    const policy = headers.get('content-security-policy')!;
    expect(policy).toMatch(
      /^default-src 'none'; style-src 'sha256-[\w+/]+='; base-uri 'none'; form-action 'none'; frame-ancestors 'none'$/,
    );
    const meta = /<meta http-equiv="Content-Security-Policy" content="([^"]*)">/.exec(body as string)![1]!;
    expect(policy).toBe(`${meta.replaceAll('&#39;', "'")}; frame-ancestors 'none'`);
    expect(body).not.toMatch(/<script|\son\w+=/);
    expect(headers.get('x-content-type-options')).toBe('nosniff');
  });

  test('of no incident is 404, and in an unknown format 400', async () => {
    expect(await api.ask('/api/v1/incidents/INC-19990101-000000/report')).toMatchObject({
      status: 404,
      body: { error: { code: 'not-found' } },
    });
    expect(await api.ask(`${PATH}?format=pdf`)).toMatchObject({ status: 400, body: { error: { field: 'format' } } });
  });

  test('is for everybody who may read, and for nobody else', async () => {
    const as = (token: string) => api.ask(PATH, { headers: { authorization: `Bearer ${token}` } });
    expect((await as('viewer-token')).status).toBe(200);
    expect((await as('wrong')).status).toBe(401);
  });
});

describe('the address that messages link to', () => {
  const page = (headers: Record<string, string>, id = 'INC-20240115-143215') =>
    api.ask(`/incidents/${id}`, { headers, redirect: 'manual' });

  test('leads whoever may read to the report as a page', async () => {
    const { status, headers } = await page({ authorization: 'Bearer viewer-token' });
    expect(status).toBe(302);
    expect(headers.get('location')).toBe(`${PATH}?format=html`);
  });

  test('tells a browser, which has no token, how to read it, and nothing of the incident', async () => {
    const { status, body } = await page({ authorization: '' });
    expect(status).toBe(401);
    expect(body).toContain('firebreak incidents show INC-20240115-143215');
    expect(body).not.toContain('checkout');
  });

  test('shows whatever stands in it as text', async () => {
    const { body } = await page({ authorization: '' }, encodeURIComponent('<img src=x onerror=alert(1)>'));
    expect(body).not.toContain('<img');
    expect(body).toContain('&lt;img');
  });
});
