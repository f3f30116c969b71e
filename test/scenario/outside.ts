import { join } from 'node:path';
import type { FakeKubernetes } from '../fakes/kubernetes/index.ts';
import { startFakeKubernetes } from '../fakes/kubernetes/index.ts';
import type { FakePagerDuty } from '../fakes/pagerduty.ts';
import { startPagerDuty } from '../fakes/pagerduty.ts';
import type { FakeMessage, FakeSlack } from '../fakes/slack.ts';
import { startSlack } from '../fakes/slack.ts';
import type { FirebreakProcess } from '../harness/firebreak.ts';
import { removeDirectory, startFirebreakProcess, temporaryDirectory } from '../harness/firebreak.ts';

export const SLACK_TOKEN = 'xoxb-scenario';
export const SLACK_CHANNEL = 'C0INCIDENTS';
export const ROUTING_KEY = 'R0UT1NGKEY0000000000000000000000';
export const CLUSTER = 'eu-1';
export const NAMESPACE = 'shop';
const API_PREFIX = '/apis/apps/v1/namespaces';

/** What was started, to be stopped in reverse order; what cannot be stopped does not keep the rest running. */
export class Started {
  readonly #stops: (() => Promise<unknown>)[] = [];

  add<T extends { stop(): Promise<unknown> }>(started: T): T {
    this.#stops.push(() => started.stop());
    return started;
  }

  async directory(): Promise<string> {
    const directory = await temporaryDirectory();
    this.#stops.push(() => removeDirectory(directory));
    return directory;
  }

  async stop(): Promise<void> {
    const failures: unknown[] = [];
    for (const stop of this.#stops.splice(0).reverse()) await stop().catch((error: unknown) => failures.push(error));
    if (failures.length > 0) throw new AggregateError(failures, 'not everything could be stopped');
  }
}

/** Everything that Firebreak acts on: a cluster, PagerDuty and Slack. */
export interface Outside {
  readonly directory: string;
  readonly cluster: FakeKubernetes;
  readonly pagerduty: FakePagerDuty;
  readonly slack: FakeSlack;
}

/** `clusterClock`: what the cluster's clock shows; each release moves it on by a minute. */
export async function startOutside(started: Started, clusterClock: () => number): Promise<Outside> {
  const directory = await started.directory();
  // A fake cluster begins an hour before the clock that it is given.
  const cluster = started.add(await startFakeKubernetes({ now: () => clusterClock() + 3_600_000 }));
  const pagerduty = started.add(await startPagerDuty());
  const slack = started.add(await startSlack({ token: SLACK_TOKEN, channels: { [SLACK_CHANNEL]: 'incidents' } }));
  return { directory, cluster, pagerduty, slack };
}

/** Firebreak as a user runs it, with what it acts on. `config` is the rest of its configuration. */
export async function startWith(
  started: Started,
  outside: Outside,
  config: object,
  env: Readonly<Record<string, string>> = {},
): Promise<FirebreakProcess> {
  const { directory, cluster, pagerduty, slack } = outside;
  const kubeconfig = await cluster.kubeconfig(join(directory, 'kubeconfig'));
  return started.add(
    await startFirebreakProcess({
      directory,
      env: { NODE_EXTRA_CA_CERTS: pagerduty.certFile, ...env },
      config: {
        pagerduty: { routingKey: ROUTING_KEY, server: pagerduty.host },
        slack: { token: SLACK_TOKEN, channel: SLACK_CHANNEL, apiUrl: slack.url, messagesPerSecond: 1_000 },
        kubernetes: { clusters: { [CLUSTER]: { kubeconfig } } },
        // The incidents of a test file have nothing to do with each other, however many open in a minute.
        communication: { stormIncidents: 1_000, linkSeconds: 0 },
        ...config,
      },
    }),
  );
}

/** A step that rolls a Deployment back. */
export const deploymentStep = (name: string, more: object = {}): object => ({
  name,
  provider: 'deployment',
  timeoutSeconds: 60,
  with: { cluster: CLUSTER, namespace: NAMESPACE, name, ...more },
});

export const pathOfDeployment = (name: string, namespace = NAMESPACE): string =>
  `${API_PREFIX}/${namespace}/deployments/${name}`;

/** The incident's own messages in Slack, and the lines under them. */
export function slackMessages({ slack }: Outside): { messages: FakeMessage[]; lines: FakeMessage[] } {
  const all = slack.channels.get(SLACK_CHANNEL) ?? [];
  return {
    messages: all.filter((message) => message.threadTs === null),
    lines: all.filter((message) => message.threadTs !== null),
  };
}
