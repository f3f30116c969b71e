import { createHash } from 'node:crypto';
import { cp, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { JsonObject } from '../../src/domain/json.ts';
import type { FirebreakProcess } from '../harness/firebreak.ts';
import { eventually } from '../harness/firebreak.ts';
import type { Outside } from './outside.ts';
import { deploymentStep, NAMESPACE, pathOfDeployment, Started, startOutside, startWith } from './outside.ts';
import type { Incident } from './reading.ts';
import { courseOf, incidentOf, incidents, timelineOf } from './reading.ts';

export const MINUTE = 60_000;
/** Long before anything that an incident of today could be blamed on. */
export const LONG_AGO = 180;

/** A service whose plan rolls these Deployments back, in this order. */
export const rolledBack = (deployments: readonly string[], more: object = {}, rest: object = {}): object => ({
  rollback: { steps: deployments.map((name) => deploymentStep(name)), ...more },
  ...rest,
});

/** The rails that look at more than one service, out of the way: the services of a test file have nothing in common. */
export const APART = { servicesAtOnce: 1_000, rollbacksPerHour: 1_000, stormServices: 1_000 };

export interface Release {
  readonly namespace?: string;
  readonly minutesAgo?: number;
  readonly annotations?: Readonly<Record<string, string>>;
}

/** A cluster full of services, and what Firebreak tells of them. */
export interface Shop {
  readonly outside: Outside;
  /** Releases `shop/<name>:v<version>`, now unless told. Not two at a time. */
  release(name: string, version: number, release?: Release): Promise<void>;
  /** Version 1 long ago, and version 2 now. */
  stock(name: string, release?: Release): Promise<void>;
  image(name: string, namespace?: string): string;
  /** The PATCHes that changed this Deployment. */
  patches(name: string, namespace?: string): readonly { readonly body: unknown }[];
  /** One more Firebreak that looks after it, with a database of its own. */
  look(config: object, options?: { readonly rules?: string }): Promise<Lookout>;
  stop(): Promise<void>;
}

export async function openShop(): Promise<Shop> {
  const started = new Started();
  let ahead = 0;
  const outside = await startOutside(started, () => Date.now() + ahead);
  const { cluster } = outside;
  const setClock = (at: number): void => {
    ahead += at - cluster.now();
  };
  const release = async (name: string, version: number, more: Release = {}): Promise<void> => {
    const { namespace = NAMESPACE, minutesAgo = 0, annotations = {} } = more;
    // A release takes a minute of the cluster's clock.
    setClock(Date.now() - (minutesAgo + 1) * MINUTE);
    await cluster.deploy({ namespace, name, image: `shop/${name}:v${version}`, annotations, replicas: 1 });
    setClock(Date.now());
  };
  return {
    outside,
    release,
    stock: async (name, more) => {
      await release(name, 1, { ...more, minutesAgo: LONG_AGO });
      await release(name, 2, more);
    },
    image: (name, namespace = NAMESPACE) => cluster.deployment(namespace, name).spec.template.spec.containers[0]!.image,
    patches: (name, namespace = NAMESPACE) =>
      cluster.patches.filter(({ path }) => path === pathOfDeployment(name, namespace)),
    look: async (config, { rules } = {}) => {
      const directory = await started.directory();
      const env = rules === undefined ? {} : { FIREBREAK_RULES_DIR: rules };
      return lookout(await startWith(started, { ...outside, directory }, config, env), outside);
    },
    stop: () => started.stop(),
  };
}

export interface Trouble {
  readonly service: string;
  /** 95 is a P0, 35 a P1. */
  readonly usersAffected?: number;
  readonly environment?: string;
  /** When it began; now unless told. */
  readonly minutesAgo?: number;
}

export interface Change {
  readonly id: string;
  readonly service: string;
  readonly kind?: 'deployment' | 'migration' | 'config' | 'flag';
  readonly minutesAgo?: number;
  /** Production unless told. */
  readonly environment?: string;
  readonly version?: string;
  readonly previousVersion?: string;
  readonly evidence?: Readonly<Record<string, string | boolean>>;
}

type Good = (incident: Incident) => boolean;

/** A running Firebreak, by its front door. */
export interface Lookout {
  readonly firebreak: FirebreakProcess;
  /** Raises the alarm as Alertmanager does, and gives the incident as soon as it is `good`. */
  raise(trouble: Trouble, good: Good): Promise<Incident>;
  /** Alertmanager says that it is over. */
  recover(trouble: Trouble, incident: Incident): Promise<void>;
  /** CI/CD tells of a change. */
  tell(change: Change): Promise<void>;
  until(incident: Pick<Incident, 'id'>, good: Good, withinMs?: number): Promise<Incident>;
  command(incident: Incident, name: string, body?: object): Promise<Response>;
  automation(change: { readonly mode?: string; readonly killSwitch?: boolean }): Promise<void>;
  types(incident: Incident): Promise<readonly string[]>;
  /** What the last event of this type holds. */
  event(incident: Incident, type: string): Promise<JsonObject | undefined>;
  /** The pages of an incident, by their texts. */
  pages(incident: Incident): readonly string[];
}

export const inState =
  (state: string): Good =>
  ({ rollback }) =>
    rollback?.state === state;

/** Decided, and not to roll back. */
export const isHeld: Good = ({ decision, rollback }) => decision !== null && rollback === null;

function lookout(firebreak: FirebreakProcess, { pagerduty }: Outside): Lookout {
  const deliver = async (alert: ReturnType<typeof alertOf>): Promise<void> => {
    const { status } = alert;
    const body = { version: '4', status, receiver: 'firebreak', groupKey: '{}', truncatedAlerts: 0, alerts: [alert] };
    await accepted(await firebreak.post('/webhooks/alertmanager', body));
  };
  return {
    firebreak,
    raise: async (trouble, good) => {
      const { service, environment = 'production', minutesAgo = 0 } = trouble;
      await deliver(alertOf(trouble, new Date(Date.now() - minutesAgo * MINUTE).toISOString()));
      const find = async (): Promise<Incident | undefined> => {
        const all = await incidents(firebreak, `?service=${service}`);
        const one = all.find((incident) => incident.environment === environment);
        return one && incidentOf(firebreak, one.id);
      };
      return (await eventually(find, (incident) => incident !== undefined && good(incident)))!;
    },
    recover: (trouble, { startedAt }) => deliver(alertOf(trouble, startedAt, true)),
    tell: async ({ kind = 'deployment', minutesAgo = 0, ...change }) => {
      const startedAt = new Date(Date.now() - minutesAgo * MINUTE).toISOString();
      await accepted(
        await firebreak.post('/webhooks/changes', { environment: 'production', kind, startedAt, ...change }),
      );
    },
    until: ({ id }, good, withinMs) => eventually(() => incidentOf(firebreak, id), good, withinMs),
    command: ({ id }, name, body = {}) => firebreak.post(`/api/v1/incidents/${id}/${name}`, body),
    automation: async (change) => {
      await accepted(await firebreak.post('/api/v1/automation', change));
    },
    types: async ({ id }) => courseOf(await timelineOf(firebreak, id)).map(({ type }) => type),
    event: async ({ id }, type) => (await timelineOf(firebreak, id)).findLast((event) => event.type === type)?.data,
    pages: ({ id }) =>
      pagerduty.alerts.filter(({ dedupKey }) => dedupKey === `firebreak-${id}`).flatMap(({ summaries }) => summaries),
  };
}

async function accepted(answer: Response): Promise<void> {
  if (!answer.ok) throw new Error(`${answer.status}: ${await answer.text()}`);
}

/** An alert as Alertmanager delivers it. */
function alertOf(
  { service, usersAffected = 95, environment = 'production' }: Trouble,
  startsAt: string,
  ended = false,
) {
  const labels = { alertname: 'Errors', service, environment, severity: 'critical' };
  return {
    status: ended ? 'resolved' : 'firing',
    labels,
    annotations: { summary: `${service} fails`, users_affected_percent: String(usersAffected) },
    startsAt,
    endsAt: ended ? new Date().toISOString() : '0001-01-01T00:00:00Z',
    generatorURL: 'http://prometheus.example.com/graph',
    fingerprint: createHash('sha256').update(JSON.stringify(labels)).digest('hex').slice(0, 16),
  };
}

/** Rules that call for a rollback whatever they know: what then stands in the way is a rail. */
export async function recklessRules(directory: string): Promise<string> {
  const rules = join(directory, 'rules');
  await mkdir(join(rules, 'rollback'), { recursive: true });
  await cp(fileURLToPath(new URL('../../rules/severity', import.meta.url)), join(rules, 'severity'), {
    recursive: true,
  });
  const always = {
    name: 'always',
    conditions: { all: [{ fact: 'severity', operator: 'in', value: ['P0', 'P1'] }] },
    event: { type: 'rollback', params: { action: 'roll-back', because: 'whatever it is' } },
  };
  await writeFile(join(rules, 'rollback', 'always.json'), JSON.stringify({ rules: [always] }));
  return rules;
}
