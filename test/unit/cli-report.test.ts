import { startApi } from '../contract/api-support.ts';
import type { RunningApi } from '../contract/api-support.ts';
import { run } from './cli-support.ts';
import type { Ran } from './cli-support.ts';

const ID = 'INC-20240115-143215';
let api: RunningApi;

beforeAll(async () => {
  api = await startApi();
});
afterAll(() => api.stop());

const ask = (...argv: string[]): Promise<Ran> =>
  run(['report', ...argv], { env: { FIREBREAK_URL: api.url, FIREBREAK_TOKEN: 'viewer-token' } });

test.each(['md', 'html'])('report --format %s prints what the API answers', async (format) => {
  const { code, out, err } = await ask(ID, '--format', format);
  expect({ code, err }).toEqual({ code: 0, err: '' });
  expect(out).toBe((await api.ask(`/api/v1/incidents/${ID}/report?format=${format}`)).body);
});

test('report prints Markdown unless it is told otherwise', async () => {
  expect((await ask(ID)).out).toMatch(/^# Post-mortem of /);
});

test('report --format json is the report as JSON', async () => {
  const { out } = await ask(ID, '--format', 'json');
  expect(JSON.parse(out)).toEqual((await api.ask(`/api/v1/incidents/${ID}/report?format=json`)).body);
});

test('report --out writes the file and says which', async () => {
  const { code, out, calls } = await ask(ID, '--format', 'html', '--out', 'incident.html');
  expect({ code, out }).toEqual({ code: 0, out: 'incident.html\n' });
  expect(calls).toEqual([['write', 'incident.html', expect.stringMatching(/^<!doctype html>/)]]);
});

test('report --json says what was done, or holds the text', async () => {
  expect(JSON.parse((await ask(ID, '--json')).out)).toMatchObject({ id: ID, format: 'md', text: expect.any(String) });
  expect(JSON.parse((await ask(ID, '--out', 'a.md', '--json')).out)).toEqual({ id: ID, format: 'md', file: 'a.md' });
});

test('an unknown incident is a failure, an unknown format a mistake of the caller', async () => {
  expect(await ask('INC-19990101-000000')).toMatchObject({ code: 1, out: '' });
  expect(await ask(ID, '--format', 'pdf')).toMatchObject({ code: 2, out: '' });
  expect(await ask()).toMatchObject({ code: 2, out: '' });
});
