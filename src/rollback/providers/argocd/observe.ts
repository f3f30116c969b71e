import type { JsonObject } from '../../../domain/json.ts';
import { ms, type Instant } from '../../../domain/time.ts';
import type { Observation } from '../../ports.ts';
import { appliedAt, brokeOffText, isFresh, unhealthyText } from './health.ts';
import type { Application, HistoryEntry } from './objects.ts';
import type { ArgocdPin } from './pin.ts';
import { describeSync, readApplication, type Site } from './site.ts';
import { type Standing, standingOf } from './standing.ts';

/** A rollback that Argo CD has applied may look Degraded until the controllers below have seen it. */
const DEGRADED_GRACE_MS = 30_000;
/** A comparison that changes nothing is not always written down: then it is asked for. */
const STALE_AFTER_MS = 5_000;
/** So long an answer may be older than our own request. */
const LOST_AFTER_MS = 10_000;

const progressOf = ({ status }: Application): JsonObject => ({
  phase: status?.operationState?.phase ?? null,
  health: status?.health?.status ?? null,
  sync: status?.sync?.status ?? null,
  newestId: status?.history?.at(-1)?.id ?? null,
});

const diverged = (message: string, progress: JsonObject = {}): Observation => ({ kind: 'diverged', message, progress });

interface Seen {
  readonly application: Application;
  /** Argo CD's own clock, which wrote the times in it; null when it did not say. */
  readonly now: number | null;
}

/** How long it is since a time that Argo CD wrote. Without its clock: long ago. */
const ageMs = (at: string, now: number | null): number => (now === null ? Infinity : now - ms(at));

const unhealthy = ({ application, now }: Seen, since: string): Observation => {
  const status = application.status?.health?.status ?? 'Unknown';
  const progress = progressOf(application);
  const why = unhealthyText(application);
  const message = `Applied; the Application is ${status}${why === '' ? '' : ` (${why})`}`;
  const isOver = status === 'Degraded' && ageMs(since, now) >= DEGRADED_GRACE_MS;
  return { kind: isOver ? 'failed' : 'progressing', message, progress };
};

/** Applied: what counts from here on is health. OutOfSync is right, for Git holds the version that was left. */
const healthOf = (seen: Seen, entry: HistoryEntry): Observation => {
  const { application } = seen;
  const since = appliedAt(application, entry.deployedAt);
  const progress = progressOf(application);
  if (!isFresh(application, since)) {
    return { kind: 'progressing', message: 'Applied; Argo CD has not looked at the health since', progress };
  }
  if (application.status?.health?.status !== 'Healthy') return unhealthy(seen, since);
  return { kind: 'done', message: 'Argo CD applied the target version and it is Healthy', progress };
};

const judge = (seen: Seen, standing: Standing, acceptedAt: Instant): Observation => {
  const progress = progressOf(seen.application);
  switch (standing.kind) {
    case 'under-way':
      return { kind: 'progressing', message: `Argo CD runs ${describeSync(standing.sync)}`, progress };
    case 'broke-off': {
      const { state } = standing.sync;
      const why = state === null ? 'no reason given' : brokeOffText(state);
      return { kind: 'failed', message: `The rollback did not complete: ${why}`, progress };
    }
    case 'at-to':
      return healthOf(seen, standing.entry);
    case 'busy':
      if (standing.sync.dryRun) return { kind: 'progressing', message: 'Argo CD runs a dry run', progress };
      return diverged(`Somebody acted after us: ${describeSync(standing.sync)}`, progress);
    case 'refused':
      return diverged(standing.message, progress);
    case 'at-from': {
      const message = `Argo CD took the rollback at ${acceptedAt}, and neither an operation nor the history shows it`;
      return { kind: ageMs(acceptedAt, seen.now) < LOST_AFTER_MS ? 'progressing' : 'failed', message, progress };
    }
  }
};

/** Asks Argo CD to look now if it has not for a while after the rollback was applied. */
const refreshed = async (site: Site, pin: ArgocdPin, seen: Seen, signal: AbortSignal): Promise<Seen> => {
  const standing = standingOf(seen.application, pin);
  if (standing.kind !== 'at-to') return seen;
  const since = appliedAt(seen.application, standing.entry.deployedAt);
  if (isFresh(seen.application, since) || ageMs(since, seen.now) < STALE_AFTER_MS) return seen;
  const again = await readApplication(site, signal, true);
  return again.kind === 'ok' ? { application: again.body, now: timeOf(again.date) } : seen;
};

const timeOf = (date: string | null): number | null => {
  const at = Date.parse(date ?? '');
  return Number.isNaN(at) ? null : at;
};

/** How far the rollback that `execute` asked for is, and later whether it stays. Changes nothing in the cluster. */
export const observe = async (
  site: Site,
  pin: ArgocdPin,
  since: Instant,
  signal: AbortSignal,
): Promise<Observation> => {
  const read = await readApplication(site, signal);
  if (read.kind === 'failed') return { kind: 'unreadable', failure: read.failure };
  if (read.kind === 'not-found') return diverged('The Application was deleted');
  if (read.kind === 'declined') return { kind: 'unreadable', failure: { kind: 'rejected', message: read.message } };
  if (read.body.metadata.deletionTimestamp != null) return diverged('The Application is being deleted');
  const seen = await refreshed(site, pin, { application: read.body, now: timeOf(read.date) }, signal);
  return judge(seen, standingOf(seen.application, pin), since);
};
