import type { Assessment, RoutingDecision, SeverityDecision, StanceDecision } from '../../../src/domain/decision.ts';
import type { StoredEvent } from '../../../src/domain/incident/chain.ts';
import { chain, GENESIS, parseEvent } from '../../../src/domain/incident/chain.ts';
import type { AlertNews, Command, Opening } from '../../../src/domain/incident/commands.ts';
import { decide } from '../../../src/domain/incident/decide.ts';
import type { EventData, EventType, IncidentEvent } from '../../../src/domain/incident/events.ts';
import { evolve } from '../../../src/domain/incident/evolve.ts';
import type { IncidentState } from '../../../src/domain/incident/state.ts';
import type { Plan, PlannedStep } from '../../../src/domain/plan.ts';
import type { AutomationPolicy, Policy, RollbackPolicy, ServicePolicy } from '../../../src/domain/policy.ts';
import type { RecoverySample } from '../../../src/domain/recovery.ts';
import { cadenceOf } from '../../../src/domain/recovery.ts';
import type { Severity } from '../../../src/domain/severity.ts';
import { iso } from '../../../src/domain/time.ts';

export const NOON = Date.UTC(2026, 10, 23, 12);
export const SECOND = 1_000;
export const MINUTE = 60 * SECOND;
export const HOUR = 60 * MINUTE;

const sla = (
  detectSeconds: number,
  acknowledgeSeconds: number,
  restoreSeconds: number,
  diagnoseSeconds: number | null,
  updateEverySeconds: number | null,
) => ({
  detectSeconds,
  acknowledgeSeconds,
  restoreSeconds,
  diagnoseSeconds,
  firstUpdateSeconds: 300,
  updateEverySeconds,
});

export const service = (rollback: RollbackPolicy | null, changes: Partial<ServicePolicy> = {}): ServicePolicy => ({
  owner: null,
  specialist: null,
  slackChannel: null,
  pagerdutyRoutingKey: null,
  customerFacing: true,
  dependsOn: [],
  runbookUrl: null,
  rollback,
  recovery: null,
  facts: {},
  ...changes,
});

const AUTOMATION: AutomationPolicy = {
  mode: 'auto',
  killSwitch: false,
  holdSeconds: { P0: 0, P1: 60, P2: 60 },
  recentChangeSeconds: 3600,
  cooldownSeconds: 3600,
  approvalExpiresSeconds: 900,
  verdictDeadlineSeconds: 900,
  watchSeconds: 1800,
  captureSeconds: 3,
  servicesAtOnce: 1,
  rollbacksPerHour: 3,
  stormServices: 5,
  rehearseEverySeconds: 900,
  freezeWindows: [],
};

/** The shipped numbers, with a rollback plan for `checkout` and none for anything else. */
export const policyWith = (automation: Partial<AutomationPolicy> = {}, changes: Partial<Policy> = {}): Policy => ({
  severities: {
    P0: sla(120, 300, 300, 300, 900),
    P1: sla(300, 600, 1800, 1800, 3600),
    P2: sla(900, 3600, 14_400, 14_400, null),
    P3: sla(3600, 28_800, 86_400, null, null),
  },
  correlation: {
    groupBy: ['service', 'environment'],
    ignoreLabels: ['replica', 'prometheus_replica'],
    labels: { service: ['service', 'app', 'job'], environment: ['environment', 'env'] },
    heartbeats: ['Watchdog'],
    heartbeatSeconds: 300,
    lateFiringSeconds: 300,
  },
  automation: { ...AUTOMATION, ...automation },
  services: { checkout: service({ mode: null, steps: [plannedStep('checkout').config] }) },
  facts: {},
  monitoringSeconds: 86_400,
  communication: {
    sends: true,
    pagerduty: true,
    slack: true,
    email: true,
    audiences: {
      team: { slack: false, email: false },
      stakeholders: { slack: false, email: false },
      customers: { slack: false, email: false },
    },
    specialists: {},
    statuspage: null,
    pageAcceptSeconds: 60,
    warnPercents: [50, 80],
    stormIncidents: 10,
    linkSeconds: 120,
  },
  learning: { reviewDays: 30, recurrenceDays: 60, remindDays: 2 },
  ...changes,
});

export function plannedStep(name: string, onFailure: 'stop' | 'continue' = 'stop'): PlannedStep {
  const version = (label: string) => ({ version: label, identity: `uid-${label}`, images: [], since: null });
  return {
    config: { name, provider: 'deployment', timeoutSeconds: 300, onFailure, with: { namespace: 'shop', name } },
    target: {
      key: `kubernetes/eu-1/shop/deployment/${name}`,
      from: version('r42'),
      to: version('r41'),
      pin: { uid: 'uid-r41' },
      notReverted: [],
      warnings: [],
    },
  };
}

export const planOf = (...steps: readonly PlannedStep[]): Plan => ({
  service: 'checkout',
  madeAt: iso(NOON),
  steps: steps.length > 0 ? steps : [plannedStep('checkout')],
});

export const openingOf = (changes: Partial<Opening> = {}): Opening => ({
  correlationKey: '["checkout","production"]',
  service: 'checkout',
  environment: 'production',
  title: 'Checkout is down',
  labels: { alertname: 'CheckoutDown', service: 'checkout' },
  onset: { at: iso(NOON - 30 * SECOND), source: 'starts-at' },
  runbookUrl: null,
  sourceUrl: null,
  afterKeyVersion: 0,
  ...changes,
});

const sampleOf = (name: string) => ({
  key: `alertmanager/${name}`,
  name,
  labels: { alertname: name },
  annotations: {},
  startsAt: iso(NOON - 30 * SECOND),
  generatorUrl: null,
});

/** `firing` and `resolved` are what the incident's alerts are after the news. */
export function newsOf(
  counts: { readonly firing: number; readonly resolved?: number },
  joined: readonly string[] = [],
  resolved: readonly string[] = [],
): AlertNews {
  return {
    counts: { firing: counts.firing, resolved: counts.resolved ?? 0 },
    joined: { count: joined.length, names: joined, samples: joined.map(sampleOf) },
    resolved: { count: resolved.length, samples: resolved.map(sampleOf) },
  };
}

const reasoned = (rule: string | null, because: string) => ({
  rule,
  because,
  rulesHash: 'f'.repeat(64),
  conditions: [],
  facts: { errorRatio: 0.6 },
  unknownFacts: [],
});

export const severityOf = (severity: Severity, rule: string | null = `rule-${severity}`): SeverityDecision => ({
  ...reasoned(rule, `it is ${severity}`),
  severity,
  unclassified: rule === null,
});

export const stanceOf = (action: StanceDecision['action'], rule: string | null = `rule-${action}`): StanceDecision => ({
  ...reasoned(rule, `it says ${action}`),
  action,
});

/** Nobody beside those whom the process tells, unless a test says so. */
export const routingOf = (changes: Partial<RoutingDecision> = {}): RoutingDecision => ({
  rule: null,
  because: 'no rule matched',
  rulesHash: 'f'.repeat(64),
  specialist: null,
  routes: [],
  page: false,
  slackChannels: [],
  emails: [],
  audiences: [],
  ...changes,
});

export const assessmentOf = (
  severity: Severity,
  action: StanceDecision['action'] = 'hold',
  routing: Partial<RoutingDecision> = {},
): Assessment => ({
  severity: severityOf(severity),
  rollback: stanceOf(action),
  routing: routingOf(routing),
});

/** One incident in memory: commands in, events out, as the commander does it, without a store. */
export class Incident {
  readonly id: string;
  state: IncidentState | null = null;
  stored: readonly StoredEvent[] = [];
  policy: Policy;
  now = NOON;

  constructor(policy: Policy = policyWith(), id = 'INC-20261123-120000') {
    this.policy = policy;
    this.id = id;
  }

  /** Applies a command and returns the events it gave. */
  do(command: Command): readonly IncidentEvent[] {
    const head = this.stored.at(-1);
    const news = decide(this.state, command, { now: this.now, policy: this.policy });
    const rows = chain(this.id, { seq: head?.seq ?? 0, hash: head?.hash ?? GENESIS }, news, iso(this.now));
    const events = rows.map(parseEvent);
    this.state = events.reduce(evolve, this.state);
    this.stored = [...this.stored, ...rows];
    return events;
  }

  /** The same, and what they are called. */
  types(command: Command): readonly EventType[] {
    return this.do(command).map((event) => event.type);
  }

  after(ms: number): this {
    this.now += ms;
    return this;
  }

  get must(): IncidentState {
    if (this.state === null) throw new Error('not open');
    return this.state;
  }

  get events(): readonly IncidentEvent[] {
    return this.stored.map(parseEvent);
  }

  /** The data of the last event of a type. */
  last<T extends EventType>(type: T): EventData[T] {
    const found = this.events.findLast((event) => event.type === type);
    if (found === undefined) throw new Error(`no ${type}; there are ${this.events.map((e) => e.type).join(', ')}`);
    return found.data as EventData[T];
  }

  all<T extends EventType>(type: T): readonly EventData[T][] {
    return this.events.filter((event) => event.type === type).map((event) => event.data as EventData[T]);
  }
}

/** An incident with one alert that fires, assessed. */
export function opened(
  severity: Severity,
  action: StanceDecision['action'] = 'hold',
  policy: Policy = policyWith(),
  opening: Partial<Opening> = {},
): Incident {
  const incident = new Incident(policy);
  incident.do({ kind: 'open', opening: openingOf(opening), news: newsOf({ firing: 1 }, ['CheckoutDown']) });
  incident.do({ kind: 'assess', assessment: assessmentOf(severity, action) });
  return incident;
}

export const PLAN_HASH = 'a'.repeat(64);

/** Its rollback planned: announced, awaiting approval or shadowed, as the mode says. */
export function planned(incident: Incident, plan: Plan = planOf()): Incident {
  incident.do({ kind: 'plan-rollback', plan, planHash: PLAN_HASH, rehearsal: ['would work'], suspect: null });
  return incident;
}

/** Its rollback under way, past the hold. */
export function executing(incident: Incident, plan: Plan = planOf()): Incident {
  planned(incident, plan);
  incident.after(MINUTE).do({ kind: 'start-rollback' });
  return incident;
}

/** One step, from intent to its end. */
export function step(incident: Incident, index = 0, outcome: 'done' | 'failed' | 'diverged' = 'done'): Incident {
  incident.do({ kind: 'intend-step', index });
  incident.do({ kind: 'accept-step', index, receipt: { generation: 7 }, alreadyThere: false });
  incident.do({ kind: 'finish-step', index, outcome, detail: `it is ${outcome}` });
  return incident;
}

/** One look at the service, as it came out. `errorRatio` is what was seen to be wrong. */
export const sampled = (result: RecoverySample['result'], worse = false): Command => ({
  kind: 'sample-recovery',
  sample: { result, worse, checks: [{ name: 'errorRatio', result, detail: `it is a ${result}` }] },
});

/** Samples that pass, at the pace of its severity, until the verdict stands. The first one is now. */
export function recovers(incident: Incident): Incident {
  const { everyMs, passes } = cadenceOf(incident.must.severity ?? 'P2');
  for (let i = 0; i < passes; i += 1) {
    if (i > 0) incident.after(everyMs);
    incident.do(sampled('pass'));
  }
  return incident;
}

/** The deadline comes, and the last look is this one. */
export function judged(incident: Incident, result: 'fail' | 'unknown'): Incident {
  incident.now = Date.parse(incident.must.rollback?.validateUntil ?? '');
  incident.do(sampled(result));
  return incident;
}

export const allResolved = (resolved = 1): Command => ({
  kind: 'observe-alerts',
  news: newsOf({ firing: 0, resolved }, [], ['CheckoutDown']),
});

export const firesAgain: Command = { kind: 'observe-alerts', news: newsOf({ firing: 1 }, ['CheckoutDown']) };
