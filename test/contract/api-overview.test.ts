import { run } from '../unit/cli-support.ts';
import type { RunningApi } from './api-support.ts';
import { startApi } from './api-support.ts';
import { handoverExample, statisticsExample } from './overview-support.ts';

let api: RunningApi;
beforeEach(async () => {
  api = await startApi();
});
afterEach(() => api.stop());

const viewer = { headers: { authorization: 'Bearer viewer-token' } };
const cli = (...argv: string[]) => run(argv, { env: { FIREBREAK_URL: api.url, FIREBREAK_TOKEN: 'viewer-token' } });

describe('statistics', () => {
  test('are answered as they are, to everybody who may look', async () => {
    const { status, body } = await api.ask('/api/v1/stats', viewer);
    expect(status).toBe(200);
    expect(body).toEqual(statisticsExample);
    expect((await api.ask('/api/v1/stats', { headers: { authorization: '' } })).status).toBe(401);
  });

  test('what is asked for gets to the store, moments as UTC', async () => {
    await api.ask('/api/v1/stats');
    const query =
      'since=2024-01-01T01:00:00%2B01:00&until=2024-01-15T00:00:00Z&service=checkout&severity=P0,P1&groupBy=week';
    expect((await api.ask(`/api/v1/stats?${query}`)).status).toBe(200);
    const asked = api.backend.calls.map((call): unknown => JSON.parse(call.replace('statistics ', '')));
    expect(asked).toEqual([
      { since: null, until: null, service: null, severity: [], groupBy: null },
      {
        ...{ since: '2024-01-01T00:00:00.000Z', until: '2024-01-15T00:00:00.000Z' },
        ...{ service: 'checkout', severity: ['P0', 'P1'], groupBy: 'week' },
      },
    ]);
  });

  test.each([
    ['since=yesterday', 'since', 'expected a time like 2024-01-15T14:32:15Z'],
    ['groupBy=team', 'groupBy', 'expected one of severity, service, week'],
    ['severity=P9', 'severity[0]', 'expected one of P0, P1, P2, P3'],
    ['since=2024-01-15T00:00:00Z&until=2024-01-15T00:00:00Z', 'since', 'must be before until'],
    ['groupby=week', 'groupby', 'is not known here; known: since, until, service, severity, groupBy'],
  ])('%s is refused', async (query, field, message) => {
    const { status, body } = await api.ask(`/api/v1/stats?${query}`);
    expect({ status, body }).toEqual({ status: 400, body: { error: { code: 'invalid', field, message } } });
    expect(api.backend.calls).toEqual([]);
  });

  test('on the command line they are columns', async () => {
    const { code, out, err } = await cli('stats', '--group-by', 'service', '--severity', 'P0,P1');
    expect({ code, err }).toEqual({ code: 0, err: '' });
    expect(api.backend.calls[0]).toContain('"severity":["P0","P1"],"service":null,"groupBy":"service"');
    expect(out).toBe(
      [
        'Incidents opened from 2024-01-01 00:00:00 to 2024-01-15 00:00:00 UTC, by service',
        'Times: median / 95th percentile (how many)',
        '',
        '                       all                          checkout                     unknown',
        'incidents              2                            1                            1',
        'time to detect         1 min / 1 min 27 s (2)       1 min / 1 min 27 s (2)       -',
        'time to acknowledge    2 min 10 s / 2 min 10 s (1)  2 min 10 s / 2 min 10 s (1)  2 min 10 s / 2 min 10 s (1)',
        'time to restore        2 h 5 min / 3 h 54 min (2)   2 h 5 min / 3 h 54 min (2)   2 h 5 min / 3 h 54 min (2)',
        'time to resolve        -                            -                            -',
        'acknowledge breached   0 of 1                       0 of 1                       -',
        'restore breached       1 of 2                       1 of 2                       -',
        'rollbacks recovered    33 % (1 of 3)                33 % (1 of 3)                -',
        'post-mortems           -                            -                            -',
        'root causes            50 % (1 of 2)                50 % (1 of 2)                50 % (1 of 2)',
        'repeats                0 % (0 of 2)                 0 % (0 of 2)                 0 % (0 of 2)',
        'actions overdue        1 of 4 open                  1 of 4 open                  1 of 4 open',
        'P0 restored in 5 min   50 % (1 of 2)                50 % (1 of 2)                50 % (1 of 2)',
        'P1 restored in 30 min  -                            -                            -',
        'P1 resolved in 30 min  -                            -                            -',
        '',
      ].join('\n'),
    );
    expect(JSON.parse((await cli('stats', '--json')).out)).toEqual(statisticsExample);
    expect(await cli('stats', '--group-by', 'team')).toMatchObject({
      code: 2,
      err: 'firebreak: groupBy: expected one of severity, service, week\n',
    });
  });
});

describe('the handover', () => {
  test('is answered with a text that says the same', async () => {
    const { status, body } = await api.ask('/api/v1/handover', viewer);
    expect(status).toBe(200);
    const { text, ...rest } = body;
    expect(rest).toEqual(handoverExample);
    expect(text).toContain(
      'INC-20240115-143215  P1 acknowledged  checkout (production), 7 min 45 s, ann, team backend',
    );
  });

  test('on the command line it is that text, and nothing in it drives the terminal', async () => {
    const { code, out } = await cli('handover');
    expect(code).toBe(0);
    expect(out).toBe((await api.ask('/api/v1/handover')).body.text);
    expect(out).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u202a-\u202e]/);
    expect(JSON.parse((await cli('handover', '--json')).out)).toMatchObject(handoverExample);
  });
});
