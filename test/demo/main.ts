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
import { delivery, followTimeline, note, scene } from './telling.ts';

/** A bad deployment, from the first alert to the page resolving itself. Unattended; PagerDuty, Slack and the cluster are local stand-ins. */
const started = new Started();
const startedAt = Date.now();
try {
  scene(
    'A cluster with the service "checkout", version 1.8.3, healthy. PagerDuty, Slack and the cluster are stand-ins.',
  );
  const outside = await startOutside(started, () => Date.now() - 600_000);
  await outside.cluster.deploy({ namespace: NAMESPACE, name: 'checkout', image: 'registry.example/checkout:1.8.3' });

  scene('Firebreak starts on its own PostgreSQL, with one rollback plan.');
  const firebreak = await startWith(started, outside, {
    services: {
      checkout: { customerFacing: true, owner: 'payments', rollback: { steps: [deploymentStep('checkout')] } },
    },
  });
  note(`it listens on ${firebreak.url}`);

  scene('Somebody deploys 1.9.0. Its pods come up, and answer most requests with errors.');
  outside.cluster.advance(300_000);
  await outside.cluster.deploy({ namespace: NAMESPACE, name: 'checkout', image: 'registry.example/checkout:1.9.0' });

  scene('Two Alertmanagers deliver the same alert: 92 % of users are affected.');
  const firing = delivery('firing', new Date().toISOString(), null);
  await Promise.all([firing, firing].map((body) => firebreak.post('/webhooks/alertmanager', body)));
  const id = await incidentId(firebreak);
  const follow = followTimeline(firebreak, id);
  await follow.until('rollback-validating');

  scene('The old version serves again: Alertmanager says that the alert has resolved.');
  const { startsAt } = firing.alerts[0]!;
  await firebreak.post('/webhooks/alertmanager', delivery('resolved', startsAt, new Date().toISOString()));
  await follow.until('incident-mitigated');
  await eventually(
    async () => outside.pagerduty.alerts[0]?.state,
    (state) => state === 'resolved',
  );
  await follow.stop();

  scene('What the world saw:');
  for (const alert of outside.pagerduty.alerts)
    note(`PagerDuty: one page, "${alert.summaries[0]}", now ${alert.state}`);
  for (const change of outside.pagerduty.changes)
    note(`PagerDuty: change event "${String(change.payload['summary'])}"`);
  const { messages, lines } = slackMessages(outside);
  note(`Slack: ${messages.length} message, kept up to date, and ${lines.length} lines under it`);
  note(`Cluster ${CLUSTER}: ${outside.cluster.patches.length} PATCH, and checkout runs ${imageOf(outside)}`);
  const verdict = (await firebreak.get(`/api/v1/incidents/${id}`)) as { rollback: { verdict: string }; status: string };
  note(`Firebreak: ${id} is ${verdict.status}; the rollback's verdict is ${verdict.rollback.verdict}`);
  note(`It took ${((Date.now() - startedAt) / 1000).toFixed(0)} s. The post-mortem report is not built yet.`);
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

function imageOf({ cluster }: Awaited<ReturnType<typeof startOutside>>): string {
  const { spec } = cluster.deployment(NAMESPACE, 'checkout');
  return spec.template.spec.containers.map((container) => container.image).join(', ');
}
