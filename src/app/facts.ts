import type { Alert } from '../domain/alert.ts';
import { alertName } from '../domain/alert.ts';
import type { FactSet } from '../domain/decision.ts';
import type { FactSnapshot } from '../domain/incident/event-parts.ts';
import type { IncidentState } from '../domain/incident/state.ts';
import type { JsonObject } from '../domain/json.ts';
import type { Policy } from '../domain/policy.ts';
import { factsFor } from '../domain/metric-queries.ts';
import type { Baseline } from '../domain/recovery.ts';
import { acquittalText, suspectFact } from '../domain/suspect.ts';
import type { Clock } from '../domain/time.ts';
import { iso, ms } from '../domain/time.ts';
import type { ImpactTrend } from '../domain/trend.ts';
import { trendOf } from '../domain/trend.ts';
import type { Investigation, InvestigationDeps } from '../rollback/investigate.ts';
import { investigate } from '../rollback/investigate.ts';
import { countPriorIncidents } from '../store/lists.ts';
import type { Store } from '../store/store.ts';
import type { Measurement } from '../triage/facts.ts';
import { assembleFacts } from '../triage/facts.ts';
import type { MetricsSource } from '../triage/ports.ts';
import { queryFacts } from '../triage/query-facts.ts';

export interface FactsDeps {
  readonly store: Store;
  readonly clock: Clock;
  readonly metrics: MetricsSource | null;
  readonly investigation: InvestigationDeps;
}

/** What the facts are about: an incident as it will be once the news is in. */
export interface Subject {
  readonly state: IncidentState;
  readonly firing: readonly Alert[];
}

/** Facts may be asked of the network for this long; what has not answered by then is unknown. */
const BUDGET_MS = 2_000;
const DAY_MS = 86_400_000;

export interface Gathered {
  readonly facts: FactSet;
  /** Asked for the first time and known now: to be frozen with the incident. */
  readonly baseline: Baseline | null;
  /** The numbers among the facts that Prometheus was asked for, with what it answered. */
  readonly snapshots: readonly FactSnapshot[];
  /** Somebody who was asked did not answer: what is unknown now may be known soon. */
  readonly unanswered: boolean;
}

/** Everything that is known about an incident now. Outside any transaction: some of it is asked of other systems. */
export async function gatherFacts(deps: FactsDeps, subject: Subject, policy: Policy): Promise<Gathered> {
  const { state, firing } = subject;
  const now = deps.clock.now();
  const signal = AbortSignal.timeout(BUDGET_MS);
  const measuring = measure(deps, state, policy, now, signal);
  const [found, priorIncidents, impactTrend] = await Promise.all([
    look(deps, state, policy, signal),
    prior(deps, state, now),
    trend(deps, subject, policy, now, signal),
  ]);
  const fresh = await freeze(deps, state, policy, found, signal);
  const asked = await measuring;
  const measured = { ...baselineFacts(state.baseline ?? fresh.baseline), ...asked };
  const worst = spokesman(firing);
  const facts = assembleFacts({
    service: state.service,
    environment: state.environment,
    customerFacing: servicePolicy(policy, state)?.customerFacing ?? null,
    serviceSpecialist: servicePolicy(policy, state)?.specialist ?? null,
    labels: worst?.labels ?? state.labels,
    annotations: worst?.annotations ?? {},
    alertNames: state.alertNames,
    alertCount: state.alertCounts.firing,
    firingSeconds: Math.max(0, now - ms(state.onset.at)) / 1000,
    impactTrend,
    suspectChange: found === null ? null : suspectFact(found.analysis, found.evidence),
    acquittedChanges: found === null ? null : acquittalText(found.analysis),
    changeUnderWay: found?.analysis.underWay?.because ?? null,
    rollbackReady: found === null ? false : found.ready,
    fixEtaSeconds: fixEta(state, now),
    priorIncidents30d: priorIncidents,
    measured,
    stated: statedFacts(state),
    alerts: firing.map((alert) => ({ name: alertName(alert), labels: alert.labels, annotations: alert.annotations })),
    now,
  });
  const failed = Object.values(measured).some(({ answer }) => answer.kind === 'failed');
  const unanswered = failed || found?.ready === null || !fresh.answered;
  return { facts, baseline: fresh.baseline, snapshots: snapshotsOf(asked, now), unanswered };
}

function snapshotsOf(asked: Readonly<Record<string, Measurement>>, now: number): readonly FactSnapshot[] {
  return Object.entries(asked).map(([fact, { answer, source }]) => ({
    fact,
    query: source.replace(/^promql: /, ''),
    result: { at: iso(now), ...answerOf(answer) },
  }));
}

function answerOf(answer: Measurement['answer']): JsonObject {
  switch (answer.kind) {
    case 'value':
      return { kind: 'value', value: answer.value };
    case 'no-data':
      return { kind: 'no-data', reason: answer.reason };
    case 'failed':
      return { kind: 'failed', reason: `${answer.failure.kind}: ${answer.failure.message}` };
  }
}

/** What teams write in the label `severity`, worst first. */
const SEVERITY_WORDS = [
  ['critical', 'page', 'P0', 'P1'],
  ['error', 'warning', 'warn', 'P2'],
  ['info', 'notice', 'none', 'P3'],
];

/** The alert whose labels speak for all that fire: the worst by its severity label; the one that began first among equals. */
function spokesman(firing: readonly Alert[]): Alert | null {
  const rank = ({ labels }: Alert): number => {
    const at = SEVERITY_WORDS.findIndex((words) => words.includes(labels['severity'] ?? ''));
    return at < 0 ? SEVERITY_WORDS.length : at;
  };
  const worse = (a: Alert, b: Alert): number => rank(a) - rank(b) || ms(a.startsAt) - ms(b.startsAt);
  return [...firing].sort(worse)[0] ?? null;
}

const servicePolicy = (policy: Policy, state: IncidentState) =>
  state.service !== null && Object.hasOwn(policy.services, state.service) ? policy.services[state.service] : undefined;

async function measure(deps: FactsDeps, state: IncidentState, policy: Policy, at: number, signal: AbortSignal) {
  if (deps.metrics === null) return {};
  const { service, environment } = state;
  return queryFacts(deps.metrics, { policy, service, environment, at, timeoutMs: BUDGET_MS }, signal);
}

/** Which change may have caused it, and whether a rollback could be carried out. */
function look(
  { investigation }: FactsDeps,
  state: IncidentState,
  policy: Policy,
  signal: AbortSignal,
): Promise<Investigation | null> {
  const { service, environment, onset } = state;
  if (service === null) return Promise.resolve(null);
  return investigate(investigation, policy, { service, environment, onsetAt: ms(onset.at) }, signal);
}

/** The window is fixed by the onset and the change, so what is asked late is the same. Once known it is not asked again. */
async function freeze(
  { investigation }: FactsDeps,
  { service, environment, onset, baseline }: IncidentState,
  policy: Policy,
  found: Investigation | null,
  signal: AbortSignal,
): Promise<{ readonly baseline: Baseline | null; readonly answered: boolean }> {
  if (service === null || baseline !== undefined) return { baseline: null, answered: true };
  const changedAt = found?.analysis.suspect?.startedAt ?? onset.at;
  const before = Math.min(ms(onset.at), ms(changedAt));
  const recovery = policy.services[service]?.recovery ?? null;
  const asked = { service, environment, recovery, facts: factsFor(policy, service), before };
  const frozen = await investigation.probe.freezeBaseline(asked, signal);
  return frozen.answered ? frozen : { baseline: null, answered: false };
}

const BASELINE_FACTS = {
  errorRatio: 'errorRatioBaseline',
  latencyP95: 'latencyP95SecondsBaseline',
  requestsPerSecond: 'requestsPerSecondBaseline',
} as const;

/** What was usual, as the facts that rules compare with. */
function baselineFacts(baseline: Baseline | null): Readonly<Record<string, Measurement>> {
  if (baseline === null) return {};
  const source = `median from ${baseline.from} to ${baseline.to}`;
  return Object.fromEntries(
    Object.entries(BASELINE_FACTS).flatMap(([metric, fact]) => {
      const known = baseline.metrics[metric as keyof typeof BASELINE_FACTS];
      if (known === undefined) return [];
      return [[fact, { answer: { kind: 'value', value: known.median, warnings: [] }, source }] as const];
    }),
  );
}

/** Back to where the trend is looked for, newest last; and how much of each fact is more than noise. */
const TREND_STEPS_MS = [300_000, 150_000, 0];
const NOTICEABLE: Readonly<Record<string, number>> = {
  usersAffectedPercent: 2,
  errorRatio: 0.005,
  latencyP95Seconds: 0.1,
};
/** The rise at the onset is not growth: rates need so long to show it in full. */
const RAMP_MS = 90_000;

/** Only a P2 is decided by it. By its metrics, and by how many alerts have joined. */
async function trend(
  deps: FactsDeps,
  { state, firing }: Subject,
  policy: Policy,
  now: number,
  signal: AbortSignal,
): Promise<ImpactTrend | null> {
  if (state.severity !== 'P2') return null;
  const [oldest = 0] = TREND_STEPS_MS;
  const from = now - oldest;
  if (from < ms(state.onset.at) + RAMP_MS) return null;
  const alerts = { values: [firing.filter((alert) => ms(alert.startsAt) <= from).length, firing.length], least: 2 };
  const looks = await Promise.all(TREND_STEPS_MS.map((ago) => measure(deps, state, policy, now - ago, signal)));
  const metrics = Object.entries(NOTICEABLE).flatMap(([fact, least]) => {
    const values = looks.flatMap((look) => {
      const answer = look[fact]?.answer;
      return answer?.kind === 'value' ? [answer.value] : [];
    });
    return values.length === looks.length ? [{ values, least }] : [];
  });
  return trendOf(firing.length > 1 ? [...metrics, alerts] : metrics);
}

/** Of what people state of the impact, that which rules read. */
const statedFacts = ({ statedImpact: { usersAffectedPercent } }: IncidentState): Readonly<Record<string, number>> =>
  usersAffectedPercent === undefined ? {} : { usersAffectedPercent };

function fixEta({ fix }: IncidentState, now: number): number | null {
  const left = fix === null ? 0 : (ms(fix.until) - now) / 1000;
  return left > 0 ? left : null;
}

const prior = (deps: FactsDeps, state: IncidentState, now: number): Promise<number | null> =>
  state.service === null
    ? Promise.resolve(null)
    : countPriorIncidents(deps.store.db, state.service, now - 30 * DAY_MS, now, state.id);
