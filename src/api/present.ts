import type { z } from 'zod';
import { alertName } from '../domain/alert.ts';
import type { Alert } from '../domain/alert.ts';
import { describeEvent } from '../domain/incident/describe.ts';
import type { AlertSample, IncidentEvent } from '../domain/incident/events.ts';
import type { IncidentState } from '../domain/incident/state.ts';
import { iso, ms } from '../domain/time.ts';
import { presentLifecycle } from './present-lifecycle.ts';
import { presentProcess } from './present-process.ts';
import { presentRollback } from './present-rollback.ts';
import { CLOCKS } from './schemas/incident.ts';
import type { AlertJson, IncidentJson, timelineEvent } from './schemas/incident.ts';

export type Present = (state: IncidentState, alerts: readonly Alert[] | null) => IncidentJson;

/**
 * Makes the incident of the public interface. Without its alerts (null: a list, where reading each one's would be a
 * query an item) the samples that the state keeps stand for them.
 */
export const presenter =
  (monitoringSeconds: number): Present =>
  (state, alerts) => ({
    id: state.id,
    title: state.title,
    service: state.service,
    environment: state.environment,
    // Null only inside the commit that opens it; P2 is what unclassified ones get.
    severity: state.severity ?? 'P2',
    severityBecause: state.severityBecause,
    severityRule: state.severityRule,
    lowerSince: state.lowerSince,
    unclassified: state.unclassified,
    status: state.status,
    startedAt: state.onset.at,
    onsetSource: state.onset.source,
    detectedAt: state.openedAt,
    acknowledgedAt: state.acknowledgedAt,
    mitigatedAt: state.mitigatedAt,
    resolvedAt: state.resolvedAt,
    monitoringUntil: state.resolvedAt === null ? null : iso(ms(state.resolvedAt) + monitoringSeconds * 1000),
    closedAt: state.closedAt,
    commander: state.commander,
    runbookUrl: state.runbookUrl,
    sourceUrl: state.sourceUrl,
    alerts: alerts === null ? samples(state) : alerts.map(presentAlert),
    alertCounts: { firing: state.alertCounts.firing, resolved: state.alertCounts.resolved },
    impact: impactOf(state.facts),
    decision: decisionOf(state),
    routing: routingOf(state),
    rollback: state.rollback === null ? null : presentRollback(state.rollback),
    fix: state.fix === null ? null : { ...state.fix },
    drill: state.drill === true,
    clocks: clocksOf(state),
    ...presentProcess(state),
    ...presentLifecycle(state),
    version: state.version,
  });

const presentAlert = (alert: Alert): AlertJson => ({
  source: alert.source,
  fingerprint: alert.fingerprint,
  name: alertName(alert),
  status: alert.status,
  labels: alert.labels,
  annotations: alert.annotations,
  startsAt: alert.startsAt,
  endsAt: alert.endsAt,
  generatorUrl: alert.generatorUrl,
});

function samples(state: IncidentState): AlertJson[] {
  const { firing, resolved } = state.alertCounts;
  const status = resolved === 0 ? 'firing' : firing === 0 ? 'resolved' : null;
  return state.alertSamples.map((sample) => ({ ...presentSample(sample), status, endsAt: null }));
}

/** A sample's key is made by `alertKey`: source, slash, fingerprint; a source has no slash. */
function presentSample(sample: AlertSample): Omit<AlertJson, 'status' | 'endsAt'> {
  const slash = sample.key.indexOf('/');
  const { name, labels, annotations, startsAt, generatorUrl } = sample;
  const identity = { source: sample.key.slice(0, slash), fingerprint: sample.key.slice(slash + 1) };
  return { ...identity, name, labels, annotations, startsAt, generatorUrl };
}

/** A fact of another type than it should have is as good as unknown. */
function impactOf(facts: IncidentState['facts']): IncidentJson['impact'] {
  const number = (name: string): number | null => {
    const value = facts[name];
    return typeof value === 'number' ? value : null;
  };
  const { impactTrend, customerFacing } = facts;
  return {
    usersAffectedPercent: number('usersAffectedPercent'),
    errorRatio: number('errorRatio'),
    errorRatioBaseline: number('errorRatioBaseline'),
    latencyP95Seconds: number('latencyP95Seconds'),
    latencyP95SecondsBaseline: number('latencyP95SecondsBaseline'),
    requestsPerSecond: number('requestsPerSecond'),
    impactTrend: typeof impactTrend === 'string' ? impactTrend : null,
    customerFacing: typeof customerFacing === 'boolean' ? customerFacing : null,
  };
}

function decisionOf({ decision }: IncidentState): IncidentJson['decision'] {
  if (decision === null) return null;
  const { action, because, rule, rulesHash, facts, unknownFacts, conditions, at, mode } = decision;
  return {
    ...{ action, because, rule, rulesHash, facts, at, mode },
    unknownFacts: [...unknownFacts],
    conditions: [...conditions],
  };
}

function routingOf({ routing }: IncidentState): IncidentJson['routing'] {
  if (routing === null) return null;
  const { specialist, because, rule, rulesHash, routes, page, slackChannels, emails, audiences } = routing;
  return {
    ...{ specialist, because, rule, rulesHash, page },
    routes: routes.map((route) => ({ ...route })),
    slackChannels: [...slackChannels],
    emails: [...emails],
    audiences: [...audiences],
  };
}

const clocksOf = ({ clocks }: IncidentState): IncidentJson['clocks'] =>
  CLOCKS.flatMap((name) => {
    const clock = clocks[name];
    if (clock === undefined) return [];
    return [{ name, startedAt: clock.startedAt, deadline: clock.deadline, state: clock.state }];
  });

export const presentEvent = (event: IncidentEvent): z.output<typeof timelineEvent> => ({
  seq: event.seq,
  at: event.at,
  type: event.type,
  text: describeEvent(event),
  data: { ...event.data },
  hash: event.hash,
  previousHash: event.previousHash,
});
