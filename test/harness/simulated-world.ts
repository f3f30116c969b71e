import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { trust } from '../fakes/certificate.ts';
import type { RecordedRequest } from '../fakes/faults.ts';
import type { FakeKubernetes } from '../fakes/kubernetes/index.ts';
import { startFakeKubernetes } from '../fakes/kubernetes/index.ts';
import type { FakePagerDuty } from '../fakes/pagerduty.ts';
import { startPagerDuty } from '../fakes/pagerduty.ts';
import type { FakeSlack } from '../fakes/slack.ts';
import { startSlack } from '../fakes/slack.ts';
import type { FakeSmtp } from '../fakes/smtp.ts';
import { startSmtp } from '../fakes/smtp.ts';
import type { FakeStatuspage } from '../fakes/statuspage.ts';
import { startStatuspage } from '../fakes/statuspage.ts';
import { offset, SIMULATION_START, startSimulation } from './simulation.ts';
import type { Series, Simulation, SimulationOptions } from './simulation.ts';

const ROUTING_KEY = 'R'.repeat(32);
const TOKEN = 'xoxb-simulation';
const API_KEY = 'statuspage-key';
const PAGE = 'page1';
const NAMESPACE = 'shop';

export interface WorldOptions {
  /** Laid over the configuration that reaches every channel. */
  readonly config?: object;
  readonly services: Readonly<Record<string, object>>;
  readonly series?: Readonly<Record<string, Series>>;
  readonly firing?: SimulationOptions['firing'];
}

/** A simulation with every server that it talks to, each as strict as the real one, and everything that they were told. */
export interface SimulatedWorld {
  readonly simulation: Simulation;
  readonly pagerduty: FakePagerDuty;
  readonly slack: FakeSlack;
  readonly smtp: FakeSmtp;
  readonly statuspage: FakeStatuspage;
  readonly cluster: FakeKubernetes;
  /**
   * What left, in order: `+h:mm:ss channel action: text`. What a server refused or cut off is marked `(refused)`. Text is
   * one line; a Slack update shows its headline and state.
   */
  messages(): readonly string[];
  /** A service's Deployment runs `:good` for hours and then, `minutes` before the start, `:bad`. */
  deployBad(service: string, minutes: number): Promise<void>;
  /** Since when its Deployment is told to run `:good` again, epoch milliseconds; null: it is not. */
  backAt(service: string): number | null;
  close(): Promise<void>;
}

const oneLine = (text: string): string => text.replaceAll(/\s+/g, ' ').trim();

export async function startSimulatedWorld(options: WorldOptions): Promise<SimulatedWorld> {
  const directory = await mkdtemp(join(tmpdir(), 'firebreak-world-'));
  await chmod(directory, 0o755);
  const told: string[] = [];
  const [pagerduty, slack, smtp, statuspage] = await Promise.all([
    startPagerDuty(),
    startSlack({ token: TOKEN, channels: { C1: 'incidents', C2: 'stakeholders', C3: 'payments' } }),
    startSmtp(),
    startStatuspage({ apiKey: API_KEY, pageId: PAGE, components: ['component1'] }),
  ]);
  const distrust = trust(pagerduty.cert);
  const time = { at: SIMULATION_START };
  // The fake's clock is an hour behind unless it is moved; every release takes a minute of it.
  const cluster = await startFakeKubernetes({ now: () => time.at + 3_600_000 - HISTORY_MS });
  const kubeconfig = await cluster.kubeconfig(join(directory, 'kubeconfig'));
  const back = new Map<string, number>();
  let patches = 0;
  const messages = observer({ pagerduty, slack, smtp, statuspage }, told);
  const observe = (now: number): void => {
    messages(now);
    for (const { path } of cluster.patches.slice(patches)) back.set(path.split('/').at(-1) ?? '', now);
    patches = cluster.patches.length;
  };
  const config = {
    pagerduty: { routingKey: ROUTING_KEY, server: pagerduty.host },
    slack: { token: TOKEN, channel: 'C1', apiUrl: slack.url.replace(/\/$/, ''), messagesPerSecond: 1_000 },
    email: { smtpUrl: smtp.url, from: 'firebreak@example.com', to: ['team@example.com'] },
    statuspage: { apiKey: API_KEY, pageId: PAGE, apiUrl: statuspage.url, publish: 'automatic' },
    audiences: {
      team: { email: ['team@example.com'] },
      stakeholders: { slackChannel: 'C2', email: ['product@example.com'] },
    },
    kubernetes: { clusters: { fake: { kubeconfig } } },
    api: { tokens: [{ name: 'ada', role: 'admin', token: 'a'.repeat(24) }] },
    http: { publicUrl: 'https://firebreak.example.com' },
    services: options.services,
    ...options.config,
  };
  const simulation = await startSimulation({
    config,
    ...(options.series === undefined ? {} : { series: options.series }),
    ...(options.firing === undefined ? {} : { firing: options.firing }),
    settled: async () => {
      observe(time.at);
      await cluster.settled();
    },
    observe,
    moved: (at) => {
      time.at = at;
    },
  });
  return {
    simulation,
    pagerduty,
    slack,
    smtp,
    statuspage,
    cluster,
    messages: () => told,
    async deployBad(service, minutes) {
      await cluster.deploy({ namespace: NAMESPACE, name: service, image: `${service}:good` });
      cluster.advance(time.at - minutes * 60_000 - 60_000 - cluster.now());
      await cluster.deploy({ namespace: NAMESPACE, name: service, image: `${service}:bad` });
      cluster.advance(time.at - cluster.now());
    },
    backAt: (service) => back.get(service) ?? null,
    async close() {
      await simulation.close();
      distrust();
      await Promise.all([pagerduty.stop(), slack.stop(), smtp.stop(), statuspage.stop(), cluster.stop()]);
      await rm(directory, { recursive: true, force: true });
    },
  };
}

/** How far back the cluster's history goes. */
const HISTORY_MS = 24 * 3_600_000;

/** A rollback step on the world's cluster. */
export const deploymentStep = (service: string): object => ({
  name: service,
  provider: 'deployment',
  with: { cluster: 'fake', namespace: NAMESPACE, name: service },
});

type Servers = Pick<SimulatedWorld, 'pagerduty' | 'slack' | 'smtp' | 'statuspage'>;

/** Stamps what the servers have seen since it was asked last. */
function observer({ pagerduty, slack, smtp, statuspage }: Servers, told: string[]): (now: number) => void {
  // What is refused over and over is one line.
  const refused = new Map<string, { readonly index: number; readonly text: string; times: number }>();
  const seen = { pagerduty: 0, slack: 0, mails: 0, statuspage: 0 };
  const news = (name: 'pagerduty' | 'slack' | 'statuspage', requests: readonly RecordedRequest[]) => {
    const fresh = requests.slice(seen[name]);
    seen[name] = requests.length;
    return fresh;
  };
  return (now) => {
    const say = (text: string, applied = true): void => {
      const line = oneLine(text);
      const before = refused.get(line);
      if (applied || before === undefined) told.push(`${offset(now)} ${line}${applied ? '' : ' (refused)'}`);
      else told[before.index] = `${before.text} (refused ${before.times + 1} times, last at ${offset(now)})`;
      if (applied) refused.delete(line);
      else if (before === undefined)
        refused.set(line, { index: told.length - 1, text: `${offset(now)} ${line}`, times: 1 });
      else before.times += 1;
    };
    for (const request of news('pagerduty', pagerduty.requests)) say(pagerdutyLine(request), request.applied);
    for (const request of news('slack', slack.requests)) {
      const line = slackLine(request, slack);
      if (line !== null) say(line, request.applied);
    }
    for (const { to, parsed } of smtp.mails.slice(seen.mails)) {
      say(`email to ${to.join(', ')}: ${parsed.subject ?? ''}: ${firstParagraph(parsed.text ?? '')}`);
    }
    seen.mails = smtp.mails.length;
    for (const request of news('statuspage', statuspage.requests)) {
      if (request.method !== 'GET') say(statuspageLine(request), request.applied);
    }
  };
}

function pagerdutyLine({ path, raw }: RecordedRequest): string {
  const event = JSON.parse(raw) as { event_action?: string; payload?: { summary?: string } };
  const summary = event.payload?.summary ?? '';
  return path === '/v2/change/enqueue' ? `pagerduty change: ${summary}` : `pagerduty ${event.event_action}: ${summary}`;
}

function slackLine({ path, raw }: RecordedRequest, slack: FakeSlack): string | null {
  const form = new URLSearchParams(raw);
  const channel = form.get('channel') ?? '';
  const text = form.get('text') ?? '';
  switch (path) {
    case '/api/chat.postMessage': {
      const inThread = form.get('thread_ts') !== null;
      return `slack ${channel}${inThread ? ' thread' : ''}: ${text}`;
    }
    case '/api/chat.update':
      return `slack ${channel} update: ${text}`;
    default:
      return slack.requests.length > 0 ? null : text;
  }
}

const firstParagraph = (text: string): string => text.split(/\n\s*\n/)[0] ?? '';

function statuspageLine({ method, raw }: RecordedRequest): string {
  const { incident } = JSON.parse(raw) as { incident: { name?: string; status?: string; body?: string } };
  const action = method === 'POST' ? 'create' : 'update';
  return `statuspage ${action} (${incident.status ?? '-'}): ${incident.name ?? ''}: ${incident.body ?? ''}`;
}
