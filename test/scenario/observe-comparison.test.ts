import { createHash, createHmac } from 'node:crypto';
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { FakePagerDuty } from '../fakes/pagerduty.ts';
import { startPagerDuty } from '../fakes/pagerduty.ts';
import type { FirebreakProcess } from '../harness/firebreak.ts';
import { eventually, startFirebreakProcess } from '../harness/firebreak.ts';
import { Started } from './outside.ts';
import { incidents } from './reading.ts';

const SECRET = 'of-the-subscription';
const TOKEN = 'alertmanager-to-firebreak';
const started = new Started();
let pagerduty: FakePagerDuty;
let firebreak: FirebreakProcess;

beforeAll(async () => {
  const directory = await started.directory();
  pagerduty = started.add(await startPagerDuty());
  firebreak = started.add(
    await startFirebreakProcess({
      directory,
      env: { NODE_EXTRA_CA_CERTS: pagerduty.certFile },
      config: {
        notifications: 'observe',
        http: { webhookAuth: { bearerTokens: [TOKEN] } },
        pagerduty: { routingKey: 'R'.repeat(32), server: pagerduty.host, webhookSecrets: [SECRET] },
      },
    }),
  );
});
afterAll(() => started.stop());

const now = new Date().toISOString();
const groupKey = (alertname: string): string => `{}:{alertname="${alertname}"}`;
const alertmanager = (alertname: string, service: string, severity: string, annotations: object = {}) =>
  firebreak.post(
    '/webhooks/alertmanager',
    {
      ...{ version: '4', groupKey: groupKey(alertname), status: 'firing', receiver: 'both' },
      alerts: [
        {
          ...{ status: 'firing', startsAt: now, endsAt: '0001-01-01T00:00:00Z', annotations },
          labels: { alertname, service, severity, environment: 'production' },
          fingerprint: createHash('md5').update(alertname).digest('hex').slice(0, 16),
        },
      ],
    },
    { Authorization: `Bearer ${TOKEN}` },
  );

/** What PagerDuty tells when Alertmanager's own integration has raised an incident there. */
async function raised(id: string, service: string, title: string, more: object = {}): Promise<void> {
  const data = {
    ...{ id, type: 'incident', status: 'triggered', created_at: now, title, urgency: 'high', incident_key: id },
    ...{ html_url: `https://acme.pagerduty.com/incidents/${id}`, service: { id: 'PS', summary: service } },
    ...more,
  };
  const event = { id: `e-${id}`, event_type: 'incident.triggered', resource_type: 'incident', occurred_at: now, data };
  const body = JSON.stringify({ event });
  const signature = `v1=${createHmac('sha256', SECRET).update(body).digest('hex')}`;
  const response = await firebreak.post('/webhooks/pagerduty', body, { 'X-PagerDuty-Signature': signature });
  expect(response.status).toBe(202);
}

test('while it only observes, it says which pages it would have sent and which it would have missed', async () => {
  const worst = { users_affected_percent: '95' };
  await alertmanager('CheckoutErrors', 'checkout', 'critical', worst);
  await alertmanager('SearchDown', 'search', 'critical', worst);
  await alertmanager('DiskFull', 'storage', 'warning');
  const hash = createHash('sha256').update(groupKey('CheckoutErrors')).digest('hex');
  await raised('PBOTH', 'Everything', 'unlike ours', { incident_key: hash });
  await raised('PMISSED', 'Storage', 'DiskFull on storage');
  await raised('PFOREIGN', 'Mainframe', 'Tape is full');
  await raised('PLOW', 'Storage', 'nobody is woken by this', { urgency: 'low' });
  await eventually(
    () => incidents(firebreak),
    (all) => all.filter(({ severity }) => severity === 'P0').length === 2 && all.length >= 6,
  );
  const found = (await firebreak.get('/api/v1/comparison')) as Record<string, Record<string, unknown>[]>;
  expect(found).toMatchObject({
    counts: { both: 1, onlyPagerDuty: 2, onlyFirebreak: 1 },
    both: [
      { firebreak: { service: 'checkout', severity: 'P0' }, pagerduty: [{ id: 'PBOTH', matchedBy: 'dedup-key' }] },
    ],
    onlyFirebreak: [
      { service: 'search', because: 'first-page: 95 % of users are affected (rule p0-nearly-all-users)' },
    ],
    pagerdutyHeardAt: expect.any(String) as string,
  });
  expect(found['onlyPagerDuty']!.map(({ id, because }) => [id, because])).toEqual([
    ['PFOREIGN', "no alert of it came within 10 minutes, but for PagerDuty's own"],
    [
      'PMISSED',
      expect.stringMatching(/^INC-\S+ is P2, which does not page: labelled warning; .* \(rule label-warning\)$/),
    ],
  ]);
  // Everything was decided and recorded, and nothing left.
  expect(pagerduty.requests).toEqual([]);
  const said = await promisify(execFile)(
    process.execPath,
    [fileURLToPath(new URL('../../src/main.ts', import.meta.url)), 'compare', '--url', firebreak.url],
    { env: {} },
  ).then(
    () => {
      throw new Error('it found nothing');
    },
    (error: unknown) => error as { code: number; stdout: string },
  );
  expect(said).toMatchObject({ code: 1 });
  expect(said.stdout).toContain('Only PagerDuty, Firebreak would have missed them: 2');
  expect(said.stdout).toContain('PMISSED');
});
