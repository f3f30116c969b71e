import type { Alert } from '../domain/alert.ts';
import { alertName } from '../domain/alert.ts';
import type { FactSet } from '../domain/decision.ts';
import type { IncidentState } from '../domain/incident/state.ts';
import type { Policy } from '../domain/policy.ts';
import type { Suspect } from '../domain/suspect.ts';
import { findSuspect, suspectJson } from '../domain/suspect.ts';
import type { Clock } from '../domain/time.ts';
import { ms } from '../domain/time.ts';
import type { TargetLookout } from '../rollback/lookout.ts';
import { changesOf } from '../store/changes.ts';
import { countPriorIncidents } from '../store/lists.ts';
import type { Store } from '../store/store.ts';
import { assembleFacts } from '../triage/facts.ts';
import type { MetricsSource } from '../triage/ports.ts';
import { queryFacts } from '../triage/query-facts.ts';

export interface FactsDeps {
  readonly store: Store;
  readonly clock: Clock;
  readonly metrics: MetricsSource | null;
  readonly targets: TargetLookout;
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
  /** Somebody who was asked did not answer: what is unknown now may be known soon. */
  readonly unanswered: boolean;
}

/** Everything that is known about an incident now. Outside any transaction: some of it is asked of other systems. */
export async function gatherFacts(deps: FactsDeps, subject: Subject, policy: Policy): Promise<Gathered> {
  const { state, firing } = subject;
  const now = deps.clock.now();
  const signal = AbortSignal.timeout(BUDGET_MS);
  const [measured, lookout, priorIncidents] = await Promise.all([
    measure(deps, state, policy, now, signal),
    look(deps, state, policy, signal),
    prior(deps, state, now),
  ]);
  const worst = spokesman(firing);
  const unanswered = lookout.ready === null || Object.values(measured).some(({ answer }) => answer.kind === 'failed');
  const facts = assembleFacts({
    service: state.service,
    environment: state.environment,
    customerFacing: servicePolicy(policy, state)?.customerFacing ?? null,
    labels: worst?.labels ?? state.labels,
    annotations: worst?.annotations ?? {},
    alertNames: state.alertNames,
    alertCount: state.alertCounts.firing,
    firingSeconds: Math.max(0, now - ms(state.onset.at)) / 1000,
    impactTrend: null,
    suspectChange: suspectJson(lookout.suspect),
    rollbackReady: lookout.ready,
    fixEtaSeconds: null,
    priorIncidents30d: priorIncidents,
    measured,
    alerts: firing.map((alert) => ({ name: alertName(alert), labels: alert.labels, annotations: alert.annotations })),
    now,
  });
  return { facts, unanswered };
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

async function measure(deps: FactsDeps, state: IncidentState, policy: Policy, now: number, signal: AbortSignal) {
  if (deps.metrics === null) return {};
  const { service, environment } = state;
  const baselineAt = ms(state.onset.at) - 5 * 60_000;
  return queryFacts(deps.metrics, { policy, service, environment, at: now, baselineAt, timeoutMs: BUDGET_MS }, signal);
}

/** Which change may have caused it, and whether a rollback could be carried out. */
async function look(
  deps: FactsDeps,
  state: IncidentState,
  policy: Policy,
  signal: AbortSignal,
): Promise<{ readonly suspect: Suspect | null; readonly ready: boolean | null }> {
  if (state.service === null) return { suspect: null, ready: false };
  const service = servicePolicy(policy, state);
  const onset = ms(state.onset.at);
  const window = policy.automation.recentChangeSeconds;
  const services = [state.service, ...(service?.dependsOn ?? [])];
  const [changes, seen] = await Promise.all([
    changesOf(deps.store.db, services, onset - window * 1000, onset),
    service?.rollback == null ? null : deps.targets.look(state.service, service.rollback.steps, signal),
  ]);
  const suspect = findSuspect(changes, seen?.targets ?? [], state.service, state.environment, onset, window);
  return { suspect, ready: service?.rollback == null ? false : (seen?.ready ?? null) };
}

const prior = (deps: FactsDeps, state: IncidentState, now: number): Promise<number | null> =>
  state.service === null
    ? Promise.resolve(null)
    : countPriorIncidents(deps.store.db, state.service, now - 30 * DAY_MS, now, state.id);
