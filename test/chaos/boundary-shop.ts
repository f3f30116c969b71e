import { createServer } from 'node:http';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import type { FakeKubernetes } from '../fakes/kubernetes/index.ts';
import { startFakeKubernetes } from '../fakes/kubernetes/index.ts';
import { createFront, listen, stop } from '../fakes/faults.ts';
import type { FakePagerDuty } from '../fakes/pagerduty.ts';
import { startPagerDuty } from '../fakes/pagerduty.ts';
import { watch } from './world.ts';

const NAMESPACE = 'shop';
const SERVICE = 'checkout';
const LABELS = { alertname: 'CheckoutErrors', service: SERVICE, environment: 'production', severity: 'critical' };

/** What the service is made of, in the order in which it is rolled back. */
const PARTS = [
  { name: 'web', resource: 'deployments', provider: 'deployment' },
  { name: 'orders', resource: 'statefulsets', provider: 'statefulset' },
  { name: 'worker', resource: 'deployments', provider: 'deployment' },
] as const;
export const TARGETS: readonly string[] = PARTS.map(({ name }) => name);

/** Whose bad version it is that fails: once it is gone the service recovers, whatever the others run. */
const CULPRIT = TARGETS[0];
/** From its PATCH: what a rate over a short range would take to show it. */
const RECOVERS_AFTER_MS = 5_000;

/** A service whose new version fails, with everything around it. It lives in the test's process, so no kill reaches it. */
export interface Shop {
  readonly config: object;
  readonly env: Readonly<Record<string, string>>;
  readonly cluster: FakeKubernetes;
  readonly pagerduty: FakePagerDuty;
  /** For the change feed. */
  readonly change: object;
  /** For the webhook of Alertmanager. */
  delivery(status: 'firing' | 'resolved'): object;
  /** Effective PATCHes, by target. */
  patches(): Readonly<Record<string, number>>;
  /** Whether each target's template is again what it was before the bad version, by target. */
  isBack(): Readonly<Record<string, boolean>>;
  stop(): Promise<void>;
}

export async function startShop(directory: string, now: () => number): Promise<Shop> {
  const cluster = await startCluster(now);
  const templates = new Map(PARTS.map((part) => [part.name, templateOf(cluster, part)]));
  for (const { name, resource } of PARTS) {
    cluster.logs(`${name}:bad`, { current: `${name} of the bad version fails\n` });
    await cluster.deploy({ namespace: NAMESPACE, resource, name, image: `${name}:bad` });
  }
  const isBack = (): Record<string, boolean> =>
    Object.fromEntries(
      PARTS.map((part) => [part.name, isDeepStrictEqual(templateOf(cluster, part), templates.get(part.name))]),
    );
  const onset = now();
  const course: Course = { onset, recovery: Infinity };
  const prometheus = await startMetrics(course, now);
  watch(cluster.patches, ({ path }) => {
    if (path.endsWith(`/${CULPRIT}`)) course.recovery = Math.min(course.recovery, now() + RECOVERS_AFTER_MS);
  });
  const pagerduty = await startPagerDuty();
  const kubeconfig = await cluster.kubeconfig(join(directory, 'kubeconfig'));
  const startedAt = new Date(onset - 3 * MINUTE).toISOString();
  return {
    cluster,
    pagerduty,
    isBack,
    config: {
      pagerduty: { routingKey: 'R'.repeat(32), server: pagerduty.host },
      kubernetes: { clusters: { fake: { kubeconfig } } },
      prometheus: { url: prometheus.url },
      // Evidence that a busy machine was too slow for would be another ending.
      automation: { watchSeconds: 5, captureSeconds: 30 },
      // No clock runs out while a process starts again.
      severities: {
        P0: {
          ...{ detectSeconds: 3_600, acknowledgeSeconds: 3_600, restoreSeconds: 3_600, diagnoseSeconds: 3_600 },
          ...{ firstUpdateSeconds: 3_600, updateEverySeconds: 3_600 },
        },
      },
      communication: { pageAcceptSeconds: 3_600 },
      services: { [SERVICE]: SERVICE_POLICY },
    },
    env: { NODE_EXTRA_CA_CERTS: pagerduty.certFile },
    change: {
      id: 'deploy-42',
      service: SERVICE,
      environment: 'production',
      kind: 'deployment',
      startedAt,
      version: 'bad',
    },
    delivery: (status) => ({ alerts: [alertOf(status, onset, now())] }),
    patches: () => Object.fromEntries(PARTS.map(({ name }) => [name, patchesOf(cluster, name)])),
    stop: async () => {
      await Promise.all([prometheus.stop(), pagerduty.stop(), cluster.stop()]);
    },
  };
}

const MINUTE = 60_000;
const GOOD_FOR_MS = 180 * MINUTE;

const SERVICE_POLICY = {
  customerFacing: true,
  recovery: { errorRatio: 'error_ratio{service="$service"}', settleSeconds: 0 },
  rollback: {
    steps: PARTS.map(({ name, provider }) => ({
      name,
      provider,
      timeoutSeconds: 1_200,
      with: { cluster: 'fake', namespace: NAMESPACE, name },
    })),
  },
};

/** With the good version on it for some hours. Each release takes a minute of its clock, which is then at ours. */
async function startCluster(now: () => number): Promise<FakeKubernetes> {
  const began = 3_600_000 - 2 * PARTS.length * MINUTE - GOOD_FOR_MS;
  const cluster = await startFakeKubernetes({ now: () => now() + began });
  for (const { name, resource } of PARTS) {
    await cluster.deploy({ namespace: NAMESPACE, resource, name, image: `${name}:good` });
  }
  cluster.advance(GOOD_FOR_MS);
  return cluster;
}

const templateOf = (cluster: FakeKubernetes, { resource, name }: (typeof PARTS)[number]): unknown =>
  structuredClone(cluster.get(resource, NAMESPACE, name).spec?.['template']);

const patchesOf = (cluster: FakeKubernetes, name: string): number =>
  cluster.patches.filter(({ path }) => path.endsWith(`/${name}`)).length;

const alertOf = (status: 'firing' | 'resolved', onset: number, at: number): object => ({
  status,
  labels: LABELS,
  annotations: { summary: 'Checkout fails for its customers', users_affected_percent: '95' },
  startsAt: new Date(onset).toISOString(),
  endsAt: status === 'firing' ? '0001-01-01T00:00:00Z' : new Date(at).toISOString(),
  generatorURL: 'http://prometheus.example.com/graph',
});

/** Epoch milliseconds. It is bad from the onset to the recovery. */
interface Course {
  readonly onset: number;
  recovery: number;
}

/** As much of Prometheus as is asked: the ratio of errors at any moment, and the alert. */
async function startMetrics(
  course: Course,
  now: () => number,
): Promise<{ readonly url: string; stop(): Promise<void> }> {
  const front = createFront(({ path, raw }) => {
    const data = answerOf(course, now(), path, new URLSearchParams(raw));
    return { status: 200, body: { status: 'success', data } };
  });
  const server = createServer(front.listener);
  return { url: `http://${await listen(server)}`, stop: () => stop(server) };
}

function answerOf({ onset, recovery }: Course, now: number, path: string, asked: URLSearchParams): object {
  const isBad = (at: number): boolean => at >= onset && at < recovery;
  const sample = (seconds: number): [number, string] => [seconds, isBad(seconds * 1000) ? '0.4' : '0.001'];
  const number = (name: string): number => Number(asked.get(name));
  switch (path) {
    case '/api/v1/query':
      return { resultType: 'vector', result: [{ value: sample(number('time')) }] };
    case '/api/v1/query_range': {
      const [start, step] = [number('start'), number('step')];
      const count = Math.floor((number('end') - start) / step) + 1;
      const values = Array.from({ length: count }, (_, i) => sample(start + i * step));
      return { resultType: 'matrix', result: [{ values }] };
    }
    default: {
      const alert = { labels: LABELS, state: 'firing', activeAt: new Date(onset).toISOString() };
      return { alerts: isBad(now) ? [alert] : [] };
    }
  }
}
