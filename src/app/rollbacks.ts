import type { Clock } from '../domain/time.ts';
import type { CoordinatorDeps } from '../rollback/deps.ts';
import type { InvestigationDeps } from '../rollback/investigate.ts';
import type { ProviderRegistry, RollbackStore, Surroundings } from '../rollback/ports.ts';
import type { RecoveryProbe } from '../rollback/validation/ports.ts';
import { changesOf } from '../store/changes.ts';
import { lockIncident, readIncident } from '../store/incidents.ts';
import { exclusively } from '../store/lease.ts';
import { troubledIncidents } from '../store/lists.ts';
import {
  acquireTarget,
  holderOf,
  pastRollbackSeconds,
  recordRollbackStart,
  releaseTargets,
  rollbacksUnderWay,
  rollbackStartsSince,
  takeStart,
  versionsLeft,
} from '../store/rollbacks.ts';
import type { Store } from '../store/store.ts';
import { setTimer } from '../store/timers.ts';
import type { AdvanceDeps } from './advance.ts';
import { reassess } from './advance.ts';
import type { Commander, EffectivePolicy } from './commander.ts';

export const createSurroundings = (store: Store): Surroundings => ({
  changes: (services, from, to) => changesOf(store.db, services, from, to),
  troubled: () => troubledIncidents(store.db),
  badVersions: (service, since) => versionsLeft(store.db, service, since),
  pastSeconds: (service) => pastRollbackSeconds(store.db, service),
});

/** The coordinator's port, on the store. */
function createRollbackStore(
  store: Store,
  commander: Commander,
  policy: EffectivePolicy,
  clock: Clock,
  reassess: (incidentId: string) => Promise<void>,
): RollbackStore {
  return {
    read: async (incidentId) => (await readIncident(store.db, incidentId))?.state ?? null,
    apply: async (incidentId, commands) => {
      await commander.handle(incidentId, commands);
    },
    intendStep: async (incidentId, index, target) => {
      const effective = await policy();
      return store.transaction(async (uow) => {
        const before = await lockIncident(uow.trx, incidentId);
        if (before === null || !(await acquireTarget(uow.trx, target, incidentId, clock.now()))) return false;
        await commander.apply(uow, incidentId, before, [{ kind: 'intend-step', index }], effective);
        return true;
      });
    },
    start: async (incidentId, service, guard) => {
      const effective = await policy();
      return store.transaction(async (uow) => {
        if (!(await takeStart(uow.trx))) return 'busy';
        const stop = await guard();
        if (stop !== null) return stop;
        const before = await lockIncident(uow.trx, incidentId);
        if (before === null) return 'started';
        const after = await commander.apply(uow, incidentId, before, [{ kind: 'start-rollback' }], effective);
        // Stopped in the last moment it did not start, and must not count for the cooldown.
        if (after.rollback?.stage === 'executing') await recordRollbackStart(uow.trx, incidentId, service, clock.now());
        return 'started';
      });
    },
    releaseTargets: (incidentId) => store.transaction((uow) => releaseTargets(uow.trx, incidentId)),
    holderOf: (targets, incidentId) => holderOf(store.db, targets, incidentId),
    startsSince: (at, except) => rollbackStartsSince(store.db, at, except),
    underWay: (except) => rollbacksUnderWay(store.db, except),
    reassess,
    ...createSurroundings(store),
    wakeAt: (incidentId, at) => setTimer(store.db, incidentId, 'rollback-poll', at),
    exclusively: async (incidentId, work) => {
      const done = await exclusively(store.db, `rollback ${incidentId}`, work);
      // Somebody is at it, and may have looked before what woke us happened.
      if (!done) await setTimer(store.db, incidentId, 'rollback-poll', clock.now() + 1_000);
    },
  };
}

/** How long one call to a provider may take, and how often a running step is looked at. */
const CALL_TIMEOUT_MS = 10_000;
const POLL_MS = 1_000;

interface CoordinatorParts {
  readonly commander: Commander;
  readonly advance: AdvanceDeps;
  readonly providers: ProviderRegistry;
  readonly probe: RecoveryProbe;
  readonly investigation: InvestigationDeps;
}

/** The coordinator on the store; `policy` is read anew before every step. */
export function createCoordinator(
  { store, clock, log }: { readonly store: Store; readonly clock: Clock; readonly log: CoordinatorDeps['log'] },
  { commander, advance, ...outside }: CoordinatorParts,
  policy: EffectivePolicy,
): CoordinatorDeps {
  const again = (incidentId: string): Promise<void> => reassess(advance, incidentId);
  const port = createRollbackStore(store, commander, policy, clock, again);
  return { store: port, ...outside, clock, policy, log, callTimeoutMs: CALL_TIMEOUT_MS, pollMs: POLL_MS };
}
