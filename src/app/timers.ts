import type { Clock } from '../domain/time.ts';
import { lockIncident } from '../store/incidents.ts';
import type { Store } from '../store/store.ts';
import type { DueTimer } from '../store/timers.ts';
import { nextTimerAt, takeDueTimers } from '../store/timers.ts';
import type { Next } from '../timers/loop.ts';
import type { Commander, EffectivePolicy } from './commander.ts';

export interface TimerDeps {
  readonly store: Store;
  readonly clock: Clock;
  readonly commander: Commander;
  readonly policy: EffectivePolicy;
}

/** Few at a time: a timer's transaction must stay short. */
const BATCH = 20;

/** Fires what is due. A timer leaves the table in the transaction that does what it asks for, so none is lost. */
export async function fireDueTimers(deps: TimerDeps): Promise<Next> {
  const policy = await deps.policy();
  const fired = await deps.store.transaction(async (uow) => {
    const due = await takeDueTimers(uow.trx, deps.clock.now(), BATCH);
    // Incidents are locked in order, as everywhere.
    for (const timer of [...due].sort(byIncident)) {
      if (wakesRollback(timer)) await uow.enqueue([{ name: 'rollback', data: { v: 1, incidentId: timer.incidentId } }]);
      const before = await lockIncident(uow.trx, timer.incidentId);
      if (before === null) continue;
      await deps.commander.apply(uow, timer.incidentId, before, [{ kind: 'fire-timer', name: timer.name }], policy);
    }
    return due.length;
  });
  if (fired === BATCH) return 'again';
  const next = await nextTimerAt(deps.store.db);
  return next === null ? 'idle' : { at: next };
}

const byIncident = (a: DueTimer, b: DueTimer): number => (a.incidentId < b.incidentId ? -1 : 1);

const wakesRollback = ({ name }: DueTimer): boolean => name.startsWith('rollback-') && name !== 'rollback-approval';
