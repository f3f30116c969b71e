import { eventually } from '../harness/firebreak.ts';
import type { FirebreakProcess } from '../harness/firebreak.ts';

export const scene = (text: string): void => {
  console.log(`\n▸ ${text}`);
};

export const note = (text: string): void => {
  console.log(`    ${text}`);
};

interface Line {
  readonly seq: number;
  readonly at: string;
  readonly type: string;
  readonly text: string;
}

/** Prints an incident's timeline as it grows. */
export function followTimeline(firebreak: FirebreakProcess, id: string) {
  let printed = 0;
  const types = new Set<string>();
  const stopping = new AbortController();
  const look = async (): Promise<void> => {
    const { items } = (await firebreak.get(`/api/v1/incidents/${id}/timeline`)) as { items: readonly Line[] };
    for (const line of items.slice(printed)) {
      note(`${line.at.slice(11, 23)}  ${line.text}`);
      types.add(line.type);
    }
    printed = items.length;
  };
  const following = (async () => {
    while (!stopping.signal.aborted) {
      await look();
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    await look();
  })();
  return {
    until: (type: string) =>
      eventually(
        async () => types.has(type),
        (there) => there,
        60_000,
      ),
    stop: async () => {
      stopping.abort();
      await following;
    },
  };
}

/** What an Alertmanager sends. */
export function delivery(status: 'firing' | 'resolved', startsAt: string, endsAt: string | null) {
  const labels = { alertname: 'CheckoutErrors', service: 'checkout', environment: 'production', severity: 'critical' };
  const annotations = {
    summary: 'Checkout fails for most users',
    users_affected_percent: '92',
    runbook_url: 'https://runbooks.example.com/checkout',
  };
  const alert = {
    status,
    labels,
    annotations,
    startsAt,
    endsAt: endsAt ?? '0001-01-01T00:00:00Z',
    generatorURL: 'http://prometheus.example.com/graph?g0.expr=checkout_errors',
    fingerprint: 'c4ec2c0a51b5d5f0',
  };
  return {
    version: '4',
    groupKey: '{}:{alertname="CheckoutErrors"}',
    status,
    receiver: 'firebreak',
    groupLabels: { alertname: 'CheckoutErrors' },
    commonLabels: labels,
    commonAnnotations: annotations,
    externalURL: 'http://alertmanager.example.com',
    truncatedAlerts: 0,
    alerts: [alert],
  };
}
