import type { Clock } from '../domain/time.ts';
import type { RollbackStore } from '../rollback/ports.ts';
import { changesOf } from '../store/changes.ts';
import { lockIncident, readIncident } from '../store/incidents.ts';
import { exclusively } from '../store/lease.ts';
import { acquireTarget, holderOf, lastRollbackStart, recordRollbackStart, releaseTargets } from '../store/rollbacks.ts';
import type { Store } from '../store/store.ts';
import { setTimer } from '../store/timers.ts';
import type { Commander, EffectivePolicy } from './commander.ts';

/** The coordinator's port, on the store. */
export function createRollbackStore(
  store: Store,
  commander: Commander,
  policy: EffectivePolicy,
  clock: Clock,
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
    start: async (incidentId, service) => {
      const effective = await policy();
      await store.transaction(async (uow) => {
        const before = await lockIncident(uow.trx, incidentId);
        if (before === null) return;
        const after = await commander.apply(uow, incidentId, before, [{ kind: 'start-rollback' }], effective);
        // Stopped in the last moment it did not start, and must not count for the cooldown.
        if (after.rollback?.stage === 'executing') await recordRollbackStart(uow.trx, incidentId, service, clock.now());
      });
    },
    releaseTargets: (incidentId) => store.transaction((uow) => releaseTargets(uow.trx, incidentId)),
    holderOf: (targets, incidentId) => holderOf(store.db, targets, incidentId),
    lastStart: (service, except) => lastRollbackStart(store.db, service, except),
    changes: (services, from, to) => changesOf(store.db, services, from, to),
    wakeAt: (incidentId, at) => setTimer(store.db, incidentId, 'rollback-poll', at),
    exclusively: async (incidentId, work) => {
      const done = await exclusively(store.db, `rollback ${incidentId}`, work);
      // Somebody is at it, and may have looked before what woke us happened.
      if (!done) await setTimer(store.db, incidentId, 'rollback-poll', clock.now() + 1_000);
    },
  };
}
