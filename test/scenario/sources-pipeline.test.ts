import { createHmac } from 'node:crypto';
import type { FirebreakProcess } from '../harness/firebreak.ts';
import { eventually, removeDirectory, startFirebreakProcess } from '../harness/firebreak.ts';
import type { Incident } from './reading.ts';
import { incidents, metricsText, samplesOf } from './reading.ts';

const TOKEN = 'the-right-token';
const PAGERDUTY_SECRET = 'of-the-subscription';

let firebreak: FirebreakProcess;
const startedAt = Date.now();

beforeAll(async () => {
  firebreak = await startFirebreakProcess({
    config: {
      sandbox: true,
      http: { webhookAuth: { bearerTokens: [TOKEN] } },
      pagerduty: { routingKey: 'R'.repeat(32), webhookSecrets: [PAGERDUTY_SECRET] },
      correlation: { heartbeatSeconds: 2 },
    },
  });
});
afterAll(async () => {
  await firebreak.stop();
  await removeDirectory(firebreak.directory);
});

const about = async (words: string): Promise<readonly Incident[]> =>
  (await incidents(firebreak)).filter(({ title }) => String(title).includes(words));
const opened = async (words: string, good: (incident: Incident) => boolean = () => true): Promise<Incident> => {
  const found = await eventually(
    () => about(words),
    (all) => all.some(good),
  );
  expect(found).toHaveLength(1);
  return found[0]!;
};

const WATCHDOG = {
  alerts: [{ status: 'firing', labels: { alertname: 'Watchdog' }, startsAt: '2026-01-01T00:00:00Z', annotations: {} }],
};
const deliver = (body: unknown, token = TOKEN) =>
  firebreak.post('/webhooks/alertmanager', body, { Authorization: `Bearer ${token}` });

test('a Watchdog that stops is an incident until it is heard again', async () => {
  expect((await deliver(WATCHDOG)).status).toBe(200);
  const incident = await opened('heartbeat Watchdog');
  expect(incident).toMatchObject({ service: 'firebreak', severity: 'P1', status: 'open' });
  expect(incident.decision).toMatchObject({ action: 'fix-forward', rule: 'pipeline-is-mended' });
  await eventually(
    async () => {
      await deliver(WATCHDOG);
      return about('heartbeat Watchdog');
    },
    (all) => all[0]?.status === 'mitigated',
  );
});

test('wrong credentials that repeat are one incident, however often', async () => {
  const answers = await Promise.all(Array.from({ length: 200 }, () => deliver(WATCHDOG, 'a-wrong-token')));
  expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([401]));
  expect(await opened('/webhooks/alertmanager are refused')).toMatchObject({ severity: 'P1', status: 'open' });
  expect(await about('/webhooks/alertmanager are refused')).toHaveLength(1);
});

test('PagerDuty that is about to be lost is a warning, then an incident, then well', async () => {
  const body = JSON.stringify({ event: { id: 'e', event_type: 'pagey.ping', resource_type: 'pagey', data: {} } });
  const send = (secret: string) =>
    firebreak.post('/webhooks/pagerduty', body, {
      'X-PagerDuty-Signature': `v1=${createHmac('sha256', secret).update(body).digest('hex')}`,
    });
  const of = (severity: string, status: string) =>
    opened('PagerDuty was refused', (incident) => incident.severity === severity && incident.status === status);
  for (let i = 0; i < 2; i += 1) expect((await send('another')).status).toBe(401);
  await of('P2', 'open');
  expect((await send('another')).status).toBe(401);
  await of('P1', 'open');
  expect((await send(PAGERDUTY_SECRET)).status).toBe(202);
  await of('P1', 'mitigated');
});

test('each source says when it was last heard of', async () => {
  const samples = samplesOf(await metricsText(firebreak));
  const seen = samples.get('firebreak_source_last_seen_timestamp_seconds{source="alertmanager"}')!;
  expect(seen).toBeGreaterThanOrEqual(startedAt / 1000);
  expect(seen).toBeLessThanOrEqual(Date.now() / 1000);
});
