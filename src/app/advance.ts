import type { Alert } from '../domain/alert.ts';
import { alertName } from '../domain/alert.ts';
import { chain, GENESIS, parseEvent } from '../domain/incident/chain.ts';
import type { AlertNews, Command, Opening } from '../domain/incident/commands.ts';
import type { Assessment, FactSet } from '../domain/decision.ts';
import { decide } from '../domain/incident/decide.ts';
import { drillAssessment } from '../domain/incident/decide-assessment.ts';
import { standingSeverity } from '../domain/incident/decide-severity.ts';
import { standingSpecialist } from '../domain/incident/decide-routing.ts';
import type { OnsetSource } from '../domain/incident/events.ts';
import { evolve } from '../domain/incident/evolve.ts';
import type { IncidentState } from '../domain/incident/state.ts';
import { isActive } from '../domain/incident/state.ts';
import type { Policy } from '../domain/policy.ts';
import { isUrgent } from '../domain/severity.ts';
import type { Clock, Instant } from '../domain/time.ts';
import { iso } from '../domain/time.ts';
import { alertNews, earliest, openingFor } from '../correlate/news.ts';
import type { KeyAlert } from '../store/alert-news.ts';
import { firingAlerts, readNews } from '../store/alert-news.ts';
import type { LoadedIncident } from '../store/incidents.ts';
import {
  findActiveIncident,
  findWatchedIncident,
  lockIncident,
  readIncident,
  takeIncidentId,
  VersionConflict,
} from '../store/incidents.ts';
import type { ClaimedKey } from '../store/keys.ts';
import { markAdvanced, releaseKey } from '../store/keys.ts';
import type { Store } from '../store/store.ts';
import { setTimer } from '../store/timers.ts';
import { evaluate } from '../triage/evaluate.ts';
import type { RuleSet } from '../triage/rule-set.ts';
import type { Commander, EffectivePolicy } from './commander.ts';
import type { Gathered, Subject } from './facts.ts';

export interface AdvanceDeps {
  readonly store: Store;
  readonly clock: Clock;
  readonly commander: Commander;
  readonly policy: EffectivePolicy;
  readonly rules: () => RuleSet;
  readonly facts: (subject: Subject, policy: Policy) => Promise<Gathered>;
  /** When the alert's expression became true, where Prometheus can be asked. */
  readonly activeAt: (alert: Alert) => Promise<Instant | null>;
}

/** At once for the first look, then at most this often while alerts keep coming. */
const ADVANCE_EVERY_MS = 1_000;
/** A key that takes long to look at is looked at less often, so that the largest storm leaves room for other keys. */
const SHARE_OF_TIME = 0.2;
/** What took so long may have been the store standing still, and says nothing of the key. */
const LONGEST_PAUSE_MS = 10_000;
const SAMPLE_ROWS = 10;
/** Facts are read from this many firing alerts of a key, newest word first. */
const FACT_ROWS = 100;
/** In a storm, from those of the newest commits. */
const RECENT_COMMITS = 10;

/** What one look at a key found: read without locks, committed only if nothing moved meanwhile. */
interface Look {
  readonly incident: LoadedIncident | null;
  readonly news: AlertNews;
  readonly opening: Opening | null;
  readonly firing: readonly Alert[];
}

/**
 * Takes one correlation key forward: what happened to its alerts becomes events of its incident, the rules are run on
 * the facts, and the decision is committed with all that follows, only if the incident has not moved on meanwhile.
 */
export async function advanceKey(deps: AdvanceDeps, claimed: ClaimedKey): Promise<void> {
  const startedAt = deps.clock.now();
  const policy = await deps.policy();
  const look = await lookAt(deps, claimed, policy);
  if (look.incident === null && look.opening === null) {
    await commitNothing(deps, claimed, startedAt);
    return;
  }
  const incidentId = look.incident?.state.id ?? (await takeIncidentId(deps.store.db, deps.clock.now()));
  const decided = await decisions(deps, look, incidentId, policy);
  try {
    await commit(deps, claimed, startedAt, look, incidentId, decided, policy);
  } catch (error) {
    if (!isConflict(error)) throw error;
    await releaseKey(deps.store.db, claimed.key, deps.clock.now());
  }
}

async function lookAt(deps: AdvanceDeps, { key, version, advancedVersion }: ClaimedKey, policy: Policy): Promise<Look> {
  const { db } = deps.store;
  const active = await findActiveIncident(db, key);
  const found = await readNews(
    db,
    key,
    active?.state.afterKeyVersion ?? advancedVersion,
    advancedVersion,
    version,
    SAMPLE_ROWS,
  );
  const joined = found.joined.map(alertOf);
  const resolved = found.resolved.map(alertOf);
  const incident = active ?? (await findWatchedIncident(db, key, [...found.joinedNames, ...resolved.map(alertName)]));
  const since = found.counts.firing > FACT_ROWS ? version - RECENT_COMMITS : -1;
  const firing = await firingAlerts(db, key, since, FACT_ROWS);
  // An occurrence that is over before anybody looked both joined and resolved.
  const cameAndWent = resolved.filter(unseenBy(incident, joined.length > 0 || found.counts.firing === 0));
  const news = alertNews({
    counts: found.counts,
    joined: [...joined, ...cameAndWent],
    joinedNames: [...found.joinedNames, ...cameAndWent.map(alertName)],
    joinedCount: found.joinedCount + (incident === null ? found.resolvedCount : cameAndWent.length),
    resolved,
    resolvedCount: found.resolvedCount,
  });
  const opening = incident === null ? await open(deps, key, [...joined, ...resolved], advancedVersion, policy) : null;
  return { incident, news, opening, firing: firing.map(alertOf) };
}

/** Whether an incident knows no alert of this name yet. One that a person ended must not come back for what is over. */
function unseenBy(incident: LoadedIncident | null, mayJoinWhatIsOver: boolean): (alert: Alert) => boolean {
  if (incident === null) return () => true;
  const { status, alertNames } = incident.state;
  return (alert) => (mayJoinWhatIsOver || isActive(status)) && !alertNames.includes(alertName(alert));
}

const alertOf = (row: KeyAlert): Alert => row.alert;

async function open(
  deps: AdvanceDeps,
  key: string,
  alerts: readonly Alert[],
  advancedVersion: number,
  policy: Policy,
): Promise<Opening | null> {
  const first = earliest(alerts);
  if (first === null) return null;
  const activeAt = await deps.activeAt(first);
  const onset: { at: Instant; source: OnsetSource } | null =
    activeAt === null ? null : { at: activeAt, source: 'active-at' };
  const runbook = first.service === null ? null : (policy.services[first.service]?.runbookUrl ?? null);
  return openingFor(key, alerts, onset, runbook, advancedVersion);
}

interface Decisions {
  readonly commands: readonly Command[];
  /** Some facts could not be asked: look again soon. */
  readonly unanswered: boolean;
}

/** The alerts' news first; then what the rules make of the incident as it is with that news. */
async function decisions(deps: AdvanceDeps, look: Look, incidentId: string, policy: Policy): Promise<Decisions> {
  const observe: Command =
    look.opening === null
      ? { kind: 'observe-alerts', news: look.news }
      : { kind: 'open', opening: look.opening, news: look.news };
  const state = preview(deps, look, incidentId, observe, policy);
  if (state === null) return { commands: [observe], unanswered: false };
  const { facts, baseline, snapshots, unanswered } = await deps.facts({ state, firing: look.firing }, policy);
  const assessment = await assessmentOf(deps, state, facts);
  const frozen: readonly Command[] = baseline === null ? [] : [{ kind: 'freeze-baseline', baseline }];
  // An incident that is over before it was looked at still gets its severity, and ends in the same commit.
  const over: readonly Command[] =
    look.opening === null ? [] : [{ kind: 'observe-alerts', news: nothingNew(look.news) }];
  return { commands: [observe, ...frozen, { kind: 'assess', assessment, snapshots }, ...over], unanswered };
}

function assessmentOf(deps: AdvanceDeps, state: IncidentState, facts: FactSet): Promise<Assessment> {
  if (state.drill === true) return Promise.resolve(drillAssessment(facts.known));
  const now = deps.clock.now();
  return evaluate(deps.rules(), facts, now, {
    standing: (decided) => standingSeverity(state, decided, now),
    standingSpecialist: (decided) => standingSpecialist(state, decided),
  });
}

const nothingNew = (news: AlertNews): AlertNews => ({
  counts: news.counts,
  joined: { count: 0, names: [], samples: [] },
  resolved: { count: 0, samples: [] },
});

/** The incident as the command will leave it. Only to ask the facts about; what is committed is decided again. */
function preview(
  deps: AdvanceDeps,
  look: Look,
  incidentId: string,
  command: Command,
  policy: Policy,
): IncidentState | null {
  const now = deps.clock.now();
  const before = look.incident?.state ?? null;
  const head = look.incident?.head ?? { seq: 0, hash: GENESIS };
  return chain(incidentId, head, decide(before, command, { now, policy }), iso(now))
    .map(parseEvent)
    .reduce(evolve, before);
}

async function commit(
  deps: AdvanceDeps,
  claimed: ClaimedKey,
  startedAt: number,
  look: Look,
  incidentId: string,
  decided: Decisions,
  policy: Policy,
): Promise<void> {
  await deps.store.transaction(async (uow) => {
    const before = look.incident === null ? null : await lockIncident(uow.trx, incidentId);
    if ((before?.head.seq ?? 0) !== (look.incident?.head.seq ?? 0)) throw new VersionConflict(incidentId);
    const after = await deps.commander.apply(uow, incidentId, before, decided.commands, policy);
    await setTimer(uow.trx, incidentId, 'reassess', deps.clock.now() + reassessIn(after, decided.unanswered));
    const isFirst = await markAdvanced(uow.trx, claimed, nextLook(deps.clock.now(), startedAt));
    if (!isFirst) throw new VersionConflict(incidentId);
  });
}

/** Facts change without news of alerts: what could not be asked soonest, what is urgent sooner than the rest. */
function reassessIn({ severity }: IncidentState, unanswered: boolean): number {
  if (unanswered) return 3_000;
  return severity !== null && isUrgent(severity) ? 15_000 : 60_000;
}

/** Alerts that concern no incident: the end of something we never saw. */
const commitNothing = (deps: AdvanceDeps, claimed: ClaimedKey, startedAt: number): Promise<unknown> =>
  deps.store.transaction((uow) => markAdvanced(uow.trx, claimed, nextLook(deps.clock.now(), startedAt)));

const nextLook = (now: number, startedAt: number): number =>
  now + Math.min(LONGEST_PAUSE_MS, Math.max(ADVANCE_EVERY_MS, (now - startedAt) / SHARE_OF_TIME));

/** Another replica opened or moved the incident first. Its unique index and our version check say so. */
const isConflict = (error: unknown): boolean =>
  error instanceof VersionConflict || (error as { code?: string }).code === '23505';

/** Looks at an incident's facts and rules again, whatever its alerts say: right before something is carried out. */
export async function reassess(deps: AdvanceDeps, incidentId: string): Promise<void> {
  const loaded = await readIncident(deps.store.db, incidentId);
  if (loaded === null) return;
  const policy = await deps.policy();
  const { state } = loaded;
  const rows = await firingAlerts(deps.store.db, state.correlationKey, -1, FACT_ROWS);
  const { facts, snapshots } = await deps.facts({ state, firing: rows.map(alertOf) }, policy);
  const assessment = await assessmentOf(deps, state, facts);
  await deps.commander.handle(incidentId, [{ kind: 'assess', assessment, snapshots }]);
}
