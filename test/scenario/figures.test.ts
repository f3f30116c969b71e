import { raw } from '../harness/core.ts';
import type { FirebreakProcess } from '../harness/firebreak.ts';
import { eventually, removeDirectory, startFirebreakProcess, temporaryDirectory } from '../harness/firebreak.ts';
import { run } from '../unit/cli-support.ts';

interface Known {
  readonly id: string;
  readonly service: string;
  readonly severity: string;
  readonly status: string;
  readonly routing: { readonly specialist: string | null; readonly rule: string | null } | null;
}

const config = { services: { checkout: { specialist: 'team-shop' } } };
/** Fixed, so that two answers can be compared. */
const PERIOD = `since=${encodeURIComponent(new Date(Date.now() - 3_600_000).toISOString())}&until=${encodeURIComponent(new Date(Date.now() + 3_600_000).toISOString())}`;

let directory: string;
let firebreak: FirebreakProcess;
const start = async (): Promise<void> => {
  firebreak = await startFirebreakProcess({ config, directory });
};
const cli = (...argv: string[]) => run(argv, { env: { FIREBREAK_URL: firebreak.url } });
const incidents = async (): Promise<readonly Known[]> =>
  ((await firebreak.get('/api/v1/incidents')) as { items: readonly Known[] }).items;
const of = async (service: string): Promise<Known> => (await incidents()).find((each) => each.service === service)!;
const metrics = async (): Promise<readonly string[]> => {
  const text = await (await fetch(`${firebreak.url}/metrics`)).text();
  return text
    .split('\n')
    .filter((line) => /^firebreak_(incident|sla|decisions|action|repeat|postmortem|root_cause)/.test(line));
};

beforeAll(async () => {
  directory = await temporaryDirectory();
  await start();
  const at = Date.now() - 30_000;
  await firebreak.post('/webhooks/alertmanager', {
    version: '4',
    alerts: [
      raw('CheckoutErrors', { labels: { severity: 'critical' }, startsAt: at }),
      raw('PostgresReplicationLag', { service: 'orders', startsAt: at }),
      raw('SomethingIsOdd', { service: 'search', startsAt: at }),
    ],
  });
  await eventually(incidents, (items) => items.length === 3);
});
afterAll(async () => {
  await firebreak.stop();
  await removeDirectory(directory);
});

test('each incident goes to its specialists: the configured ones, those that a shipped rule knows, nobody', async () => {
  const routed = (await incidents()).map(({ service, routing }) => [
    service,
    routing?.specialist ?? null,
    routing?.rule ?? null,
  ]);
  expect(routed.sort()).toEqual([
    ['checkout', 'team-shop', null],
    ['orders', 'database', 'database-words'],
    ['search', null, null],
  ]);
});

test('the handover says what is open, on the command line, too', async () => {
  const { id } = await of('checkout');
  const { code, out } = await cli('handover');
  expect(code).toBe(0);
  expect(out).toMatch(/^Handover, .* UTC\. Automation: shadow\.\nNOTHING IS SENT: /);
  expect(out).toContain(`${id}  P1 open  checkout (production), `);
  expect(out).toContain('NOBODY HAS TAKEN IT, team team-shop\n');
  await firebreak.post(`/api/v1/incidents/${id}/acknowledge`, {});
  expect((await cli('handover')).out).toContain(`${id}  P1 acknowledged  checkout (production), `);
});

test('figures are the same after a restart', async () => {
  const { id } = await of('checkout');
  await firebreak.post(`/api/v1/incidents/${id}/resolve`, { because: 'fixed' });
  const before = {
    stats: await firebreak.get(`/api/v1/stats?${PERIOD}&groupBy=severity`),
    metrics: await metrics(),
  };
  expect(before.stats).toMatchObject({
    total: { incidents: 3, timeToDetect: { count: 3 }, timeToAcknowledge: { count: 1 }, timeToRestore: { count: 1 } },
    groups: [
      { key: 'P1', incidents: 1, goals: [{ of: 0 }, { count: 1, of: 1 }, { count: 1, of: 1 }] },
      { key: 'P2', incidents: 2, timeToRestore: { count: 0, meanSeconds: null } },
    ],
  });
  expect(before.metrics).toContain('firebreak_postmortem_share 0');
  expect(before.metrics).toContain('firebreak_decisions_total{mode="auto",outcome="team-shop",stage="routing"} 1');
  expect(await firebreak.stop()).toBe(0);
  await start();
  expect(await firebreak.get(`/api/v1/stats?${PERIOD}&groupBy=severity`)).toEqual(before.stats);
  expect(await metrics()).toEqual(before.metrics);
  expect((await cli('stats')).out).toContain('incidents              3\n');
});
