import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { startFakeKubernetes, type FakeKubernetes } from '../fakes/kubernetes/index.ts';
import { startPagerDuty, type FakePagerDuty } from '../fakes/pagerduty.ts';
import { startSlack, type FakeMessage, type FakeSlack } from '../fakes/slack.ts';

const NAMESPACE = 'shop';
const CHANNEL = 'C0INCIDENTS';
const TOKEN = 'xoxb-chaos';

/** What Firebreak talks to. It lives in the test's process, and so outlives every Firebreak. */
export interface World {
  readonly pagerduty: FakePagerDuty;
  readonly slack: FakeSlack;
  readonly cluster: FakeKubernetes;
  /** For Firebreak, with a rollback plan for each of the services given at the start. */
  readonly config: object;
  readonly env: Readonly<Record<string, string>>;
  /** Rolls the bad version of a service out, and returns when nothing moves any more. */
  deployBad(service: string): Promise<void>;
  /** Whether the service runs the version that it had before. */
  isBack(service: string): boolean;
  messages(): readonly FakeMessage[];
  /** A copy of what has been applied up to now. */
  seen(): Seen;
  stop(): Promise<void>;
}

export interface Seen {
  /** Whether an effect of the ledger is out there; null when nobody could tell. */
  has(effect: {
    readonly id: string;
    readonly incident_id: string;
    readonly channel: string;
    readonly kind: string;
  }): boolean | null;
  /** Effective PATCHes by service. */
  readonly patches: ReadonlyMap<string, number>;
}

export const dedupKey = (incidentId: string): string => `firebreak-${incidentId}`;

/** The effect that a message was posted for. */
export const effectOf = (message: FakeMessage): string => String(message.metadata?.event_payload['effect_id']);

/** Starts the fakes, with a Deployment at a good version for each service that has a plan. */
export async function startWorld(withPlan: readonly string[]): Promise<World> {
  const directory = await mkdtemp(join(tmpdir(), 'firebreak-world-'));
  const pagerduty = await startPagerDuty();
  const slack = await startSlack({ token: TOKEN, channels: { [CHANNEL]: 'incidents' } });
  const cluster = await startFakeKubernetes();
  const kubeconfig = await cluster.kubeconfig(join(directory, 'kubeconfig'));
  for (const name of withPlan) await cluster.deploy({ namespace: NAMESPACE, name, image: `${name}:good` });
  const messages = (): readonly FakeMessage[] => slack.channels.get(CHANNEL) ?? [];
  return {
    pagerduty,
    slack,
    cluster,
    messages,
    config: {
      rulesDir: await patientRules(directory),
      pagerduty: { routingKey: 'R'.repeat(32), server: pagerduty.host },
      slack: { token: TOKEN, channel: CHANNEL, apiUrl: slack.url, messagesPerSecond: 1_000 },
      kubernetes: { clusters: { fake: { kubeconfig } } },
      // The fake's clock is its own, and it moves on by a minute with every deployment.
      // Everything breaks at once here, on purpose.
      automation: {
        recentChangeSeconds: 4 * 3_600,
        servicesAtOnce: 1_000,
        rollbacksPerHour: 1_000,
        stormServices: 1_000,
        // A watch looks again every minute, and jobs would never be done.
        watchSeconds: 0,
      },
      // No clock runs out meanwhile: who is woken for that, and when, depends on the machine.
      severities: Object.fromEntries(['P0', 'P1', 'P2', 'P3'].map((severity) => [severity, PATIENT])),
      communication: { pageAcceptSeconds: 3_600, stormIncidents: 1_000, linkSeconds: 0 },
      services: Object.fromEntries(withPlan.map((name) => [name, { rollback: planOf(name) }])),
    },
    env: { NODE_EXTRA_CA_CERTS: pagerduty.certFile },
    deployBad: async (name) => {
      await cluster.deploy({ namespace: NAMESPACE, name, image: `${name}:bad` });
    },
    isBack: (name) => cluster.deployment(NAMESPACE, name).spec.template.spec.containers[0]?.image === `${name}:good`,
    seen: () => seenBy(pagerduty, messages(), cluster),
    stop: async () => {
      await Promise.all([pagerduty.stop(), slack.stop(), cluster.stop()]);
      await rm(directory, { recursive: true, force: true });
    },
  };
}

const PATIENT = {
  ...{ detectSeconds: 3_600, acknowledgeSeconds: 3_600, restoreSeconds: 3_600, diagnoseSeconds: 3_600 },
  ...{ firstUpdateSeconds: 3_600, updateEverySeconds: 3_600 },
};

const planOf = (name: string): object => ({
  steps: [{ name, provider: 'deployment', with: { cluster: 'fake', namespace: NAMESPACE, name } }],
});

function seenBy(pagerduty: FakePagerDuty, messages: readonly FakeMessage[], cluster: FakeKubernetes): Seen {
  const pages = new Map(pagerduty.alerts.map((alert) => [alert.dedupKey, alert.state]));
  const posted = new Set(messages.map(effectOf));
  const patches = new Map<string, number>();
  for (const { path } of cluster.patches) {
    const service = path.slice(path.lastIndexOf('/') + 1);
    patches.set(service, (patches.get(service) ?? 0) + 1);
  }
  return {
    patches,
    has: ({ id, incident_id, channel, kind }) => {
      const page = pages.get(dedupKey(incident_id));
      switch (`${channel} ${kind}`) {
        case 'pagerduty trigger':
          return page !== undefined;
        case 'pagerduty resolve':
          return page === 'resolved';
        case 'slack announce':
        case 'slack thread':
          return posted.has(id);
        default:
          return null;
      }
    },
  };
}

/** Calls back after each element that is added: the fakes record in lists what reaches them. Returns how to end it. */
export function watch<T>(list: readonly T[], callback: (item: T) => void): () => void {
  const watched = list as T[];
  watched.push = (...items) => {
    const length = Array.prototype.push.apply(watched, items);
    items.forEach(callback);
    return length;
  };
  return () => {
    Reflect.deleteProperty(watched, 'push');
  };
}

/** The shipped rules, but a version may have run for long: the fake's clock moves on by a minute with every deployment. */
async function patientRules(directory: string): Promise<string> {
  const rules = join(directory, 'rules');
  await cp(fileURLToPath(new URL('../../rules', import.meta.url)), rules, { recursive: true });
  const stances = join(rules, 'rollback', '10-stances.json');
  await writeFile(stances, (await readFile(stances, 'utf8')).replaceAll('"value": 1200', '"value": 1000000'));
  return rules;
}
