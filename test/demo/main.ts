import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import {
  CLUSTER,
  NAMESPACE,
  deploymentStep,
  slackMessages,
  Started,
  startOutside,
  startWith,
} from '../scenario/outside.ts';
import { eventually } from '../harness/firebreak.ts';
import type { FirebreakProcess } from '../harness/firebreak.ts';
import { timelineOf } from '../scenario/reading.ts';
import { ERROR_RATIO, LATENCY, REQUESTS, startMetrics } from './metrics.ts';
import { delivery, followTimeline, note, scene } from './telling.ts';

const REPORT = fileURLToPath(new URL('../../data/demo-post-mortem.md', import.meta.url));
const GOOD = 'registry.example/checkout:1.8.3';
const BAD = 'registry.example/checkout:1.9.0';

/**
 * A bad deployment, from the first alert to the proof that the service is restored. Unattended; PagerDuty, Slack,
 * Prometheus and the cluster are local stand-ins.
 */
const started = new Started();
const startedAt = Date.now();
try {
  scene(
    'A cluster with the service "checkout", version 1.8.3, healthy. PagerDuty, Slack, Prometheus and the cluster are stand-ins.',
  );
  const outside = await startOutside(started, () => Date.now() - 4 * 3_600_000);
  const { cluster } = outside;
  await cluster.deploy({ namespace: NAMESPACE, name: 'checkout', image: GOOD });
  const metrics = started.add(await startMetrics(cluster, NAMESPACE, BAD));

  scene('Firebreak starts on its own PostgreSQL, with one rollback plan, and what "well" means.');
  const firebreak = await startWith(started, outside, {
    prometheus: { url: metrics.url },
    automation: { watchSeconds: 5 },
    services: {
      checkout: {
        customerFacing: true,
        owner: 'payments',
        rollback: { steps: [deploymentStep('checkout')] },
        recovery: { errorRatio: ERROR_RATIO, latencyP95: LATENCY, requestsPerSecond: REQUESTS, settleSeconds: 3 },
      },
    },
  });
  note(`it listens on ${firebreak.url}`);

  scene('Somebody deploys 1.9.0. Its pods come up, and answer most requests with errors.');
  // A release takes a minute of the cluster's clock: then it is now there, too.
  cluster.advance(Date.now() - cluster.now() - 60_000);
  cluster.logs(BAD, { current: 'ERROR no connection to payments, password=hunter2\n' });
  await cluster.deploy({ namespace: NAMESPACE, name: 'checkout', image: BAD });

  scene('Two Alertmanagers deliver the same alert: 92 % of users are affected.');
  const firing = delivery('firing', new Date().toISOString(), null);
  await Promise.all([firing, firing].map((body) => firebreak.post('/webhooks/alertmanager', body)));
  const id = await incidentId(firebreak);
  const follow = followTimeline(firebreak, id);
  await follow.until('rollback-validating');

  scene('The old version serves again: Alertmanager says that the alert has resolved. That proves nothing yet, so:');
  const { startsAt } = firing.alerts[0]!;
  await firebreak.post('/webhooks/alertmanager', delivery('resolved', startsAt, new Date().toISOString()));
  await follow.until('incident-mitigated');
  await eventually(
    async () => outside.pagerduty.alerts[0]?.state,
    (state) => state === 'resolved',
  );
  scene('It is watched that it stays rolled back: 30 minutes, in this demo 5 seconds.');
  await follow.until('rollback-watched');
  await follow.stop();

  scene('What the world saw:');
  for (const alert of outside.pagerduty.alerts)
    note(`PagerDuty: one page, "${alert.summaries[0]}", now ${alert.state}`);
  for (const change of outside.pagerduty.changes)
    note(`PagerDuty: change event "${String(change.payload['summary'])}"`);
  const { messages, lines } = slackMessages(outside);
  note(`Slack: ${messages.length} message, kept up to date, and ${lines.length} lines under it`);
  note(`Cluster ${CLUSTER}: ${outside.cluster.patches.length} PATCH, and checkout runs ${imageOf(outside)}`);
  for (const saved of await evidenceOf(firebreak, id)) note(`Saved before the bad pods went: ${saved}`);
  const verdict = (await firebreak.get(`/api/v1/incidents/${id}`)) as { rollback: { verdict: string }; status: string };
  note(`Firebreak: ${id} is ${verdict.status}; the rollback's verdict is ${verdict.rollback.verdict}`);

  scene('The post-mortem, from the events alone; what only people can say is marked. It begins:');
  const report = await (await fetch(`${firebreak.url}/api/v1/incidents/${id}/report?format=md`)).text();
  for (const line of firstSection(report)) note(line);
  await mkdir(dirname(REPORT), { recursive: true });
  await writeFile(REPORT, report);
  note(`All of it stands in ${relative(process.cwd(), REPORT)}.`);
  note(`It took ${((Date.now() - startedAt) / 1000).toFixed(0)} s.`);
} finally {
  await started.stop();
}

async function incidentId(firebreak: FirebreakProcess): Promise<string> {
  const { items } = await eventually(
    () => firebreak.get('/api/v1/incidents') as Promise<{ items: { id: string }[] }>,
    (list) => list.items.length > 0,
  );
  return items[0]!.id;
}

/** What stands under the first heading of the second rank. */
function firstSection(markdown: string): readonly string[] {
  const [, section = ''] = markdown.split(/^## /m);
  return section
    .split('\n')
    .slice(1)
    .filter((line) => line.trim() !== '');
}

/** The logs of the version that is gone, a line each. */
async function evidenceOf(firebreak: FirebreakProcess, id: string): Promise<readonly string[]> {
  const events = await timelineOf(firebreak, id);
  const { items } = events.find(({ type }) => type === 'evidence-captured')!.data as unknown as {
    items: { kind: string; name: string; text: string }[];
  };
  return items.filter(({ kind }) => kind === 'logs').map(({ name, text }) => `${name}: ${text.trim()}`);
}

function imageOf({ cluster }: Awaited<ReturnType<typeof startOutside>>): string {
  const { spec } = cluster.deployment(NAMESPACE, 'checkout');
  return spec.template.spec.containers.map((container) => container.image).join(', ');
}
