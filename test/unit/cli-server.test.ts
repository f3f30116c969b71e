import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { incident, startApi } from '../contract/api-support.ts';
import type { RunningApi } from '../contract/api-support.ts';
import { run } from './cli-support.ts';
import type { Ran } from './cli-support.ts';

/** The commands that talk to a running server, against the API itself. */
const ID = 'INC-20240115-143215';
let api: RunningApi;

beforeEach(async () => {
  api = await startApi();
});
afterEach(() => api.stop());

const ask = (...argv: string[]): Promise<Ran> =>
  run(argv, { env: { FIREBREAK_URL: `${api.url}/`, FIREBREAK_TOKEN: 'responder-token' } });

test('incidents: aligned columns, newest first', async () => {
  api.backend.incidents.set('b', incident({ id: 'INC-20240115-143216', severity: 'P3', service: null, title: 'a\nb' }));
  const { code, out, err } = await ask('incidents');
  expect({ code, err }).toEqual({ code: 0, err: '' });
  expect(out).toBe(
    [
      'ID                   SEV  STATUS  OPENED (UTC)         SERVICE   FIRING  TITLE',
      'INC-20240115-143216  P3   open    2024-01-15 14:32:15  -         2       a b',
      'INC-20240115-143215  P1   open    2024-01-15 14:32:15  checkout  2       checkout: error ratio 12 %',
      '',
    ].join('\n'),
  );
});

test('incidents list: filters are the API’s, and there may be more', async () => {
  api.backend.incidents.set('b', incident({ id: 'INC-20240115-143216' }));
  const { code, out } = await ask('incidents', 'list', '--severity', 'P0,P1', '--service', 'checkout', '--limit', '1');
  expect(code).toBe(0);
  expect(out).toContain('1 incident shown; there are more (--limit, --cursor)');
  expect(api.backend.filters).toMatchObject([{ severity: ['P0', 'P1'], service: 'checkout', limit: 2 }]);
});

test('incidents list --json gives the answer of the API', async () => {
  const { code, out } = await ask('incidents', 'list', '--json');
  expect(code).toBe(0);
  expect(JSON.parse(out)).toEqual((await api.ask('/api/v1/incidents')).body);
});

test('incidents update and publish: what people say to those who wait', async () => {
  api.backend.incidents.set(ID, incident({ publication: 'withheld' }));
  const told = await ask('incidents', 'update', ID, 'We', 'roll', 'back.');
  expect({ code: told.code, err: told.err }).toEqual({ code: 0, err: '' });
  expect((await ask('incidents', 'publish', ID)).code).toBe(0);
  expect(api.backend.calls).toEqual([`write-update ${ID} by ann via api`, `approve-publication ${ID} by ann via api`]);
  expect((await ask('incidents', 'update', ID)).code).toBe(2);
});

test('incidents list, with none', async () => {
  api.backend.incidents.clear();
  expect((await ask('incidents', 'list')).out).toBe('No incidents.\n');
});

test('incidents show: what it is, how bad, what is being done, and the timeline', async () => {
  const { code, out } = await ask('incidents', 'show', ID);
  expect(code).toBe(0);
  expect(out).toBe(`INC-20240115-143215  P1 open  checkout (production)
checkout: error ratio 12 %

severity   P1: a tenth of all requests fail (rule p1-errors)
impact     errorRatio 0.12
began      2024-01-15 14:30:00 UTC, opened 2024-01-15 14:32:15
alerts     2 firing, 1 resolved
commander  nobody has acknowledged
team       backend: the alerts tell of failing requests (rule backend-words)
decision   roll-back: P1 after a deployment (rule p1-rolls-back)
rollback   awaiting-approval until 2024-01-15 14:42:15 (mode approve): everyone is affected
           app: r42 → r41, pending
           plan ${'ab'.repeat(32)}
clocks     acknowledge breached, deadline 2024-01-15 14:42:15
           restore running, deadline 2024-01-15 15:02:15

Timeline (UTC)
2024-01-15 14:32:15  Severity P1: a tenth of all requests fail
2024-01-15 14:32:15  Note by ann: <b>looking</b>
`);
});

test('an answer to a command has no timeline; words need no quotes', async () => {
  const { code, out } = await ask('incidents', 'note', ID, 'a', 'look', 'at', 'it');
  expect({ code, out }).toEqual({ code: 0, out: expect.not.stringContaining('Timeline') });
  expect(api.backend.calls).toEqual([`note (a look at it) ${ID} by ann via api`]);
});

test('a severity that a person set or that the rules go below says so', async () => {
  const override = {
    severity: 'P1',
    by: 'ann',
    via: 'api',
    because: 'I see it',
    at: '2024-01-15T14:32:15.000Z',
  } as const;
  api.backend.incidents.set(ID, incident({ override, severityBecause: 'ann: I see it' }));
  expect((await ask('incidents', 'show', ID)).out).toMatch(/^severity +P1: ann: I see it$/m);
  api.backend.incidents.set(ID, incident({ lowerSince: '2024-01-15T14:40:00.000Z' }));
  expect((await ask('incidents', 'show', ID)).out).toMatch(
    /^falls +10 minutes after 2024-01-15 14:40:00, if the rules say less until then$/m,
  );
});

test('rollback plan says that the kill switch is on, and that is a problem', async () => {
  expect(await ask('rollback', 'plan', 'checkout')).toMatchObject({ out: expect.not.stringContaining('KILL SWITCH') });
  await api.backend.writeAutomation({ killSwitch: true }, { name: 'root', via: 'api' });
  const { code, out } = await ask('rollback', 'plan', 'checkout');
  expect({ code, out }).toEqual({ code: 1, out: expect.stringContaining('THE KILL SWITCH IS ON') });
});

test('incidents show --json is the incident with its timeline', async () => {
  const shown = JSON.parse((await ask('incidents', 'show', ID, '--json')).out);
  expect(shown).toMatchObject({ id: ID, rollback: { state: 'awaiting-approval' }, timeline: [{ seq: 1 }, { seq: 2 }] });
});

test('effects list and retry', async () => {
  expect((await ask('effects', 'list')).out).toMatch(
    /^INC-20240115-143215:3:slack:announce  2024-01-15 14:32:15  9 +channel_not_found  P1 on checkout$/m,
  );
  expect(await ask('effects', 'retry', 'a', 'b')).toMatchObject({ code: 0, out: '2 effects will be sent again\n' });
  expect(JSON.parse((await ask('effects', 'retry', '--all', '--json')).out)).toEqual({ retried: 1 });
  expect(api.backend.calls).toEqual(['retry ["a","b"]', 'retry "all"']);
});

test('an effect that is not among those given up is a problem', async () => {
  api.backend.retryEffects = async () => 1;
  const { code, out } = await ask('effects', 'retry', 'a', 'b');
  expect({ code, out }).toEqual({ code: 1, out: '1 effect will be sent again\n1 not found among those given up\n' });
});

describe('what the server refuses', () => {
  test.each([
    [['incidents', 'show', 'INC-1'], 1, 'firebreak: There is no incident INC-1\n'],
    [['incidents', 'show', '../automation'], 1, 'firebreak: There is nothing of this name\n'],
    [['incidents', 'list', '--status', 'opne'], 2, /^firebreak: status\[0\]: expected one of open, acknowledged/],
  ])('%j is exit %i', async (argv, code, message) => {
    const { code: ended, out, err } = await ask(...argv);
    expect({ ended, out }).toEqual({ ended: code, out: '' });
    expect(err).toEqual(typeof message === 'string' ? message : expect.stringMatching(message));
  });

  test('no token, or the wrong one: says where the token comes from', async () => {
    const { code, err } = await run(['incidents'], { env: { FIREBREAK_URL: api.url } });
    expect({ code, err }).toEqual({
      code: 1,
      err: 'firebreak: Send an API token: Authorization: Bearer … (FIREBREAK_TOKEN holds it)\n',
    });
  });

  test('with --json the error is JSON on standard output too', async () => {
    const { out } = await ask('incidents', 'show', 'INC-1', '--json');
    expect(JSON.parse(out)).toEqual({ ok: false, error: { message: 'There is no incident INC-1' } });
  });
});

describe('a server that is not there, or is no Firebreak', () => {
  test('nothing listens: exit 1, with the reason and what to do', async () => {
    const { url } = api;
    await api.stop();
    const { code, err } = await run(['incidents', '--url', url]);
    expect(code).toBe(1);
    expect(err).toBe(
      `firebreak: cannot reach ${url}: ECONNREFUSED. Is the server running there? (--url or FIREBREAK_URL says where)\n`,
    );
    api = await startApi();
  });

  test.each([
    [200, '<html>', {}, 'does not answer as this version of Firebreak does'],
    [200, '{"items":[{}]}', {}, 'does not answer as this version of Firebreak does'],
    [502, 'bad gateway', {}, 'answers 502, and not as Firebreak does'],
    [302, '', { location: 'http://127.0.0.1:1/' }, 'cannot reach'],
  ])('answers %i %s', async (status, body, headers, message) => {
    const server = createServer((_request, response) => {
      response.writeHead(status, headers).end(body);
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const { code, err } = await run(['incidents', '--url', url]);
    await new Promise((resolve) => {
      server.close(resolve);
      server.closeAllConnections();
    });
    expect(code).toBe(1);
    expect(err).toContain(message);
  });
});
