import type { AlertSample, ClockName, EventData, IncidentEvent } from './events.ts';
import { evolveProcess, processReopened } from './evolve-process.ts';
import { evolveRollback } from './evolve-rollback.ts';
import { FACT_OF } from '../metric-queries.ts';
import { RECOVERY_METRICS } from '../recovery.ts';
import { NO_PROCESS } from './process-state.ts';
import { heardOf, told } from './told.ts';
import type { ClockState, IncidentState, RollbackState } from './state.ts';
import { isUnderWay } from './state.ts';
import { isWorse } from '../severity.ts';
import type { Instant } from '../time.ts';

/** Enough samples to recognise an incident by; the alerts themselves stay in the alert table. */
const SAMPLES_KEPT = 20;
const NAMES_KEPT = 50;

/** Folds one event. Never fails and never reads a clock; an event type of the future leaves the state as it is. */
export function evolve(state: IncidentState | null, event: IncidentEvent): IncidentState | null {
  if (event.type === 'incident-opened') return opened(event, event.data);
  if (state === null) return null;
  return { ...apply(state, event), version: event.seq };
}

export const fold = (events: readonly IncidentEvent[]): IncidentState | null =>
  events.reduce<IncidentState | null>(evolve, null);

function opened(event: IncidentEvent, data: EventData['incident-opened']): IncidentState {
  return {
    ...NO_PROCESS,
    id: event.incidentId,
    version: event.seq,
    correlationKey: data.correlationKey,
    afterKeyVersion: data.afterKeyVersion,
    service: data.service,
    environment: data.environment,
    title: data.title,
    labels: data.labels,
    runbookUrl: data.runbookUrl,
    sourceUrl: data.sourceUrl,
    status: 'open',
    severity: null,
    worst: null,
    severityBecause: '',
    severityRule: null,
    ruledLast: null,
    unclassified: false,
    lowerSince: null,
    facts: {},
    onset: data.onset,
    inPrometheus: data.onset.source === 'active-at',
    openedAt: event.at,
    acknowledgedAt: null,
    acknowledgedBy: null,
    mitigatedAt: null,
    resolvedAt: null,
    closedAt: null,
    alertNames: [],
    alertSamples: [],
    alertCounts: { firing: 0, resolved: 0 },
    clocks: {},
    decision: null,
    routing: null,
    page: null,
    toldAt: null,
    announced: false,
    announcedAt: null,
    receipts: {},
    rollback: null,
    fix: null,
    badVersions: [],
    ...(data.drill === true ? { drill: true } : {}),
  };
}

function apply(state: IncidentState, event: IncidentEvent): IncidentState {
  switch (event.type) {
    case 'incident-opened':
      return state;
    case 'alerts-joined':
      return {
        ...state,
        alertCounts: event.data.counts,
        alertNames: [...new Set([...state.alertNames, ...event.data.names])].slice(0, NAMES_KEPT),
        alertSamples: mergeSamples(state.alertSamples, event.data.samples),
      };
    case 'alerts-resolved':
      return { ...state, alertCounts: event.data.counts };
    case 'severity-decided':
      return decided(state, event.data, event.at);
    case 'severity-changed':
      return {
        ...state,
        severity: event.data.to,
        worst: state.worst === null || isWorse(event.data.to, state.worst) ? event.data.to : state.worst,
        lowerSince: null,
        releasedAt: null,
        ...told(state, event.data.to, event.at),
      };
    case 'rollback-decided':
      return { ...state, decision: { ...event.data, at: event.at } };
    case 'routing-decided':
      return { ...state, routing: event.data };
    case 'page-requested':
      return heardOf({ ...state, page: { at: event.at, reason: event.data.reason } }, event.at);
    case 'clock-started':
      return started(state, event.data);
    case 'clock-met':
      return settleClock(state, event.data.clock, 'met');
    case 'clock-breached':
      return settleClock(state, event.data.clock, 'breached');
    case 'clock-cancelled':
      return settleClock(state, event.data.clock, 'cancelled');
    case 'incident-acknowledged':
      return heardOf(
        {
          ...state,
          status: state.status === 'open' ? 'acknowledged' : state.status,
          acknowledgedAt: state.acknowledgedAt ?? event.at,
          acknowledgedBy: state.acknowledgedBy ?? event.data.by,
          commander: state.commander ?? event.data.by,
        },
        event.at,
      );
    case 'incident-mitigated':
      return { ...state, status: 'mitigated', mitigatedAt: event.data.at ?? event.at };
    case 'incident-resolved':
      return { ...state, status: 'resolved', mitigatedAt: state.mitigatedAt ?? event.at, resolvedAt: event.at };
    case 'incident-reopened':
      return heardOf(reopened(state, event.at), event.at);
    case 'incident-closed':
      return { ...state, status: 'closed', closedAt: event.at };
    case 'notification-sent':
      return withReceipt(state, event.data);
    case 'note-added':
    case 'notification-skipped':
    case 'notification-failed':
      return state;
    case 'baseline-frozen':
      return { ...state, baseline: event.data.baseline };
    case 'fix-declared':
      return {
        ...state,
        fix: { by: event.data.by, until: event.data.until },
        rollback: evolveRollback(state.rollback, event),
      };
    case 'rollback-step-accepted':
      return withBadVersion({ ...state, rollback: evolveRollback(state.rollback, event) }, event.data.index);
    case 'rollback-requested': {
      const rollback = evolveRollback(state.rollback, event);
      return { ...state, rollback: rollback === null ? null : { ...rollback, during: measuredIn(state) } };
    }
    case 'rollback-planned':
    case 'rollback-shadowed':
    case 'rollback-awaits-approval':
    case 'rollback-approved':
    case 'rollback-announced':
    case 'rollback-started':
    case 'evidence-captured':
    case 'recovery-sampled':
    case 'rollback-reverted':
    case 'rollback-watched':
    case 'rollback-step-intended':
    case 'rollback-step-progressed':
    case 'rollback-step-finished':
    case 'rollback-stopped':
    case 'rollback-validating':
    case 'rollback-verdict':
      return { ...state, rollback: evolveRollback(state.rollback, event) };
    default:
      return evolveProcess(state, event);
  }
}

const reopened = (state: IncidentState, at: Instant): IncidentState => ({
  ...processReopened(state, at),
  status: 'open',
  acknowledgedAt: null,
  acknowledgedBy: null,
  mitigatedAt: null,
  resolvedAt: null,
  page: null,
  // What was decided was decided on what was known then.
  decision: null,
});

/**
 * What the rules say. Where it is less than what stands, the reason and the impact that stand are kept: they are those of
 * the incident, and this may be its end. What was not measured does not say less.
 */
function decided(state: IncidentState, data: EventData['severity-decided'], at: Instant): IncidentState {
  const { severity, rule, because, facts, unclassified } = data;
  const releasedAt = isUnderWay(state.rollback) ? state.releasedAt : null;
  if (state.override !== null) return ruledMeanwhile(state, data);
  if (state.severity !== null && isWorse(state.severity, severity)) {
    const lowerSince = isImpactMeasured(state.facts, facts) ? (state.lowerSince ?? at) : null;
    return { ...state, ruledLast: rule, lowerSince, releasedAt };
  }
  const stands = { severityBecause: because, severityRule: rule, ruledLast: rule, unclassified, facts };
  return { ...state, ...stands, lowerSince: null, releasedAt };
}

/** A person has decided: what the rules say is kept, and decides nothing. */
const ruledMeanwhile = (
  state: IncidentState,
  { rule, severity, facts }: EventData['severity-decided'],
): IncidentState => ({
  ...state,
  severityRule: rule,
  ruledLast: rule,
  facts: state.severity !== null && isWorse(state.severity, severity) ? state.facts : facts,
});

const IMPACT = ['usersAffectedPercent', 'errorRatio', 'latencyP95Seconds', 'requestsPerSecond'];

type Facts = Readonly<Record<string, unknown>>;

/** What was measured when it was decided is measured now: what is missing says neither more nor less. */
export const isImpactMeasured = (standing: Facts, now: Facts): boolean => {
  const measured = (facts: Facts): readonly string[] => IMPACT.filter((name) => typeof facts[name] === 'number');
  return measured(now).length > 0 && measured(standing).every((name) => measured(now).includes(name));
};

/** The metrics of a recovery among the facts of the decision. */
function measuredIn({ decision }: IncidentState): RollbackState['during'] {
  const measured = RECOVERY_METRICS.flatMap((metric) => {
    const value = decision?.facts[FACT_OF[metric]];
    return typeof value === 'number' ? [[metric, value]] : [];
  });
  return Object.fromEntries(measured) as RollbackState['during'];
}

/** What was left must not come back by itself. A person who undoes a rollback says that it was not the bad one. */
function withBadVersion(state: IncidentState, index: number): IncidentState {
  const target = state.rollback?.plan?.steps[index]?.target;
  if (target === undefined) return state;
  const namesOf = ({ identity, version, images }: typeof target.from): readonly string[] => [
    identity,
    version,
    ...images,
  ];
  // An image that both have tells them not apart.
  const shared = new Set(target.to.images);
  const bad = namesOf(target.from).filter((name) => !shared.has(name));
  if (state.rollback?.purpose !== 'undo')
    return { ...state, badVersions: [...new Set([...state.badVersions, ...bad])] };
  const good = new Set(namesOf(target.to));
  return { ...state, badVersions: state.badVersions.filter((name) => !good.has(name)) };
}

/** The newest word on each alert, oldest alerts first, bounded. */
function mergeSamples(known: readonly AlertSample[], news: readonly AlertSample[]): readonly AlertSample[] {
  const byKey = new Map([...known, ...news].map((sample) => [sample.key, sample]));
  return [...byKey.values()].slice(0, SAMPLES_KEPT);
}

const withClock = (state: IncidentState, name: ClockName, clock: ClockState): IncidentState => ({
  ...state,
  clocks: { ...state.clocks, [name]: clock },
});

/** It is warned of anew. */
function started(state: IncidentState, { clock, startedAt, deadline }: EventData['clock-started']): IncidentState {
  const warned = Object.fromEntries(Object.entries(state.warned).filter(([name]) => name !== clock));
  return { ...withClock(state, clock, { startedAt, deadline, state: 'running' }), warned };
}

function settleClock(state: IncidentState, name: ClockName, outcome: ClockState['state']): IncidentState {
  const clock = state.clocks[name];
  return clock === undefined ? state : withClock(state, name, { ...clock, state: outcome });
}

function withReceipt(state: IncidentState, data: EventData['notification-sent']): IncidentState {
  const ofChannel = { ...state.receipts[data.channel], [data.kind]: data.receipt };
  const receipts = { ...state.receipts, [data.channel]: ofChannel };
  if (data.channel === 'pagerduty' && data.kind === 'trigger' && state.page !== null)
    return { ...state, receipts, page: { ...state.page, accepted: true } };
  if (data.channel === 'statuspage')
    return { ...state, receipts, publication: data.kind === 'retract' ? 'retracted' : 'published' };
  return { ...state, receipts };
}
