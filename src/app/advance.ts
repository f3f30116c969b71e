import type { Alert } from '../domain/alert.ts';
import { alertName } from '../domain/alert.ts';
import type { AlertNews, Opening } from '../domain/incident/commands.ts';
import type { OnsetSource } from '../domain/incident/events.ts';
import type { IncidentState } from '../domain/incident/state.ts';
import { isActive } from '../domain/incident/state.ts';
import type { Policy } from '../domain/policy.ts';
import { isUrgent } from '../domain/severity.ts';
import { suspectOf } from '../domain/sharing.ts';
import type { Instant } from '../domain/time.ts';
import { alertNews, earliest, openingFor } from '../correlate/news.ts';
import type { KeyAlert } from '../store/alert-news.ts';
import { firingAlerts, readNews } from '../store/alert-news.ts';
import { takeGate } from '../store/gate.ts';
import type { LoadedIncident } from '../store/incidents.ts';
import {
  findActiveIncident,
  findWatchedBySuspect,
  findWatchedIncident,
  lockIncident,
  readIncident,
  takeIncidentId,
  VersionConflict,
} from '../store/incidents.ts';
import type { ClaimedKey } from '../store/keys.ts';
import { markAdvanced, markDirty, releaseKey } from '../store/keys.ts';
import { firingOfParts, keysOfTargets } from '../store/relations.ts';
import type { Store, UnitOfWork } from '../store/store.ts';
import { setTimer } from '../store/timers.ts';
import { amongOthers, rehearse, wakes } from './among-others.ts';
import type { Commander, EffectivePolicy } from './commander.ts';
import type { Decisions, DecidingDeps, Look } from './deciding.ts';
import { assessmentOf, decisions } from './deciding.ts';

export interface AdvanceDeps extends DecidingDeps {
  readonly store: Store;
  readonly commander: Commander;
  readonly policy: EffectivePolicy;
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

/**
 * Takes one correlation key forward: what happened to its alerts becomes events of its incident, the rules are run on
 * the facts, and the decision is committed with all that follows, only if the incident has not moved on meanwhile.
 */
export async function advanceKey(deps: AdvanceDeps, claimed: ClaimedKey): Promise<void> {
  const startedAt = deps.clock.now();
  const policy = await deps.policy();
  const look = await lookAt(deps, claimed, policy);
  if (look.incident === null && look.opening === null) {
    await commitNothing(deps, claimed, startedAt, look);
    return;
  }
  const found = await decideOn(deps, claimed, look, policy);
  try {
    await commit(deps, claimed, startedAt, found, policy);
  } catch (error) {
    if (!isConflict(error)) throw error;
    await releaseKey(deps.store.db, claimed.key, deps.clock.now());
  }
}

interface Found {
  readonly look: Look;
  readonly incidentId: string;
  readonly decided: Decisions;
}

/**
 * What suspects the same change as an incident of this key that is over and still watched is no new incident: that one has
 * come back, though by another alert.
 */
async function decideOn(deps: AdvanceDeps, { key }: ClaimedKey, look: Look, policy: Policy): Promise<Found> {
  const now = deps.clock.now();
  const incidentId = look.incident?.state.id ?? (await takeIncidentId(deps.store.db, now));
  const decided = await decisions(deps, look, incidentId, policy);
  const suspectId = suspectOf(decided.assessment?.rollback.facts ?? {});
  if (look.opening === null || look.opening.drill === true || suspectId === null || look.news.counts.firing === 0)
    return { look, incidentId, decided };
  const before = await findWatchedBySuspect(deps.store.db, key, suspectId, watchedSince(policy, now));
  if (before === null) return { look, incidentId, decided };
  const again: Look = { ...look, incident: before, opening: null };
  return { look: again, incidentId: before.state.id, decided: await decisions(deps, again, before.state.id, policy) };
}

/** Epoch milliseconds. What was resolved after this is still monitored. */
const watchedSince = ({ monitoringSeconds }: Policy, now: number): number => now - monitoringSeconds * 1000;

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
  const names = [...found.joinedNames, ...resolved.map(alertName)];
  const watched = watchedSince(policy, deps.clock.now());
  const incident = active ?? (await findWatchedIncident(db, key, names, watched));
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
  return { incident, news: await withParts(deps, key, incident, news), opening, firing: firing.map(alertOf) };
}

/** An incident goes on for those that were merged into it: while their alerts fire it is not over. */
async function withParts(
  deps: AdvanceDeps,
  key: string,
  incident: LoadedIncident | null,
  news: AlertNews,
): Promise<AlertNews> {
  if (incident === null || incident.state.absorbed.length === 0) return news;
  const firing = news.counts.firing + (await firingOfParts(deps.store.db, incident.state.absorbed, key));
  const counts = { firing, resolved: news.counts.resolved };
  const change = firing - incident.state.alertCounts.firing;
  if (news.joined.count > 0 || news.resolved.count > 0 || change === 0) return { ...news, counts };
  return change > 0
    ? { ...news, counts, joined: { ...news.joined, count: change } }
    : { ...news, counts, resolved: { ...news.resolved, count: -change } };
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

async function commit(
  { store, clock, commander }: AdvanceDeps,
  claimed: ClaimedKey,
  startedAt: number,
  { look, incidentId, decided }: Found,
  policy: Policy,
): Promise<void> {
  await store.transaction(async (uow) => {
    const now = clock.now();
    const scene = { incidentId, before: look.incident, commands: decided.commands, policy, now };
    if (look.incident === null || wakes(rehearse(scene))) await takeGate(uow.trx, GATE_PATIENCE_MS);
    const before = look.incident === null ? null : await lockIncident(uow.trx, incidentId);
    if ((before?.head.seq ?? 0) !== (look.incident?.head.seq ?? 0)) throw new VersionConflict(incidentId);
    const { commands, told } = await amongOthers(uow, commander, { ...scene, before });
    const after = await commander.apply(uow, incidentId, before, commands, policy);
    await told();
    await setTimer(uow.trx, incidentId, 'reassess', clock.now() + reassessIn(after, decided.unanswered));
    await wakeTarget(uow, claimed, look);
    const isFirst = await markAdvanced(uow.trx, claimed, nextLook(clock.now(), startedAt));
    if (!isFirst) throw new VersionConflict(incidentId);
  });
}

/** Whoever holds the gate for longer has stopped in the middle: then two pages are better than none. */
const GATE_PATIENCE_MS = 1_000;

/** What happened to the alerts of what was merged is news to the incident that goes on for them. */
async function wakeTarget({ trx }: UnitOfWork, { key }: ClaimedKey, { news }: Look): Promise<void> {
  if (news.joined.count > 0 || news.resolved.count > 0) await markDirty(trx, await keysOfTargets(trx, key));
}

/** Facts change without news of alerts: what could not be asked soonest, what is urgent sooner than the rest. */
function reassessIn({ severity }: IncidentState, unanswered: boolean): number {
  if (unanswered) return 3_000;
  return severity !== null && isUrgent(severity) ? 15_000 : 60_000;
}

/** Alerts that concern no incident: the end of something we never saw. */
const commitNothing = (deps: AdvanceDeps, claimed: ClaimedKey, startedAt: number, look: Look): Promise<unknown> =>
  deps.store.transaction(async (uow) => {
    await wakeTarget(uow, claimed, look);
    await markAdvanced(uow.trx, claimed, nextLook(deps.clock.now(), startedAt));
  });

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
