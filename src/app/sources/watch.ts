import { troublesOf } from '../../domain/pipeline-health.ts';
import type { CorrelationPolicy } from '../../domain/policy.ts';
import { readHeartbeats, readRefusals } from '../../store/pipeline-health.ts';
import { failingRounds } from '../../store/rounds.ts';
import type { OwnAlertDeps } from './own-alerts.ts';
import { reportTroubles, standingCauses } from './own-alerts.ts';
import type { RefusalLog } from './refusal-log.ts';

export interface WatchDeps extends OwnAlertDeps {
  readonly correlation: CorrelationPolicy;
  readonly refusals: RefusalLog;
  /** What is configured and asked in rounds of its own. */
  readonly dependencies: readonly string[];
}

export interface SourceWatcher {
  /** One look at all that sources said and did not say. Throws when the store does not answer. */
  look(): Promise<void>;
}

/** Sees what does not come, and makes an incident of it. */
export function createSourceWatcher(deps: WatchDeps): SourceWatcher {
  const { store, clock, correlation, refusals, dependencies } = deps;
  // While the store is away nothing is accepted, so nothing that is missing then has anything to do with its source.
  let listeningSince: number | null = null;
  const look = async (): Promise<void> => {
    listeningSince ??= clock.now();
    await refusals.flush();
    const [heartbeats, refused, failing, standing] = await Promise.all([
      readHeartbeats(store.db),
      readRefusals(store.db),
      failingRounds(store.db),
      standingCauses(deps),
    ]);
    const troubles = troublesOf({
      heartbeats,
      watched: correlation.heartbeats,
      heartbeatMs: correlation.heartbeatSeconds * 1000,
      listeningSince,
      refusals: refused,
      failing: failing.filter(({ name }) => dependencies.includes(name)),
      standing,
      now: clock.now(),
    });
    await reportTroubles(deps, troubles);
  };
  return {
    look: async () => {
      try {
        await look();
      } catch (error) {
        listeningSince = null;
        throw error;
      }
    },
  };
}
