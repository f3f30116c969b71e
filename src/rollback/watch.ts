import type { IncidentState, RollbackState } from '../domain/incident/state.ts';
import { ms } from '../domain/time.ts';
import type { CoordinatorDeps, Move } from './deps.ts';

/** A controller that puts the bad version back does so within seconds or at its next sync. */
const LOOK_EVERY_MS = 60_000;

/** After the recovery: does it stay rolled back? Who moved it is named by the target, where it knows. */
export async function watch(deps: CoordinatorDeps, state: IncidentState, rollback: RollbackState): Promise<Move> {
  const now = deps.clock.now();
  const until = rollback.watchUntil === null ? now : ms(rollback.watchUntil);
  const reverted = await firstReverted(deps, rollback);
  if (reverted !== null) {
    await deps.store.apply(state.id, [{ kind: 'report-reverted', ...reverted }]);
    return 'again';
  }
  if (now >= until) {
    await deps.store.apply(state.id, [{ kind: 'end-watch' }]);
    return 'wait';
  }
  await deps.store.wakeAt(state.id, Math.min(until, now + LOOK_EVERY_MS));
  return 'wait';
}

async function firstReverted(
  { providers, callTimeoutMs }: CoordinatorDeps,
  { plan, steps }: RollbackState,
): Promise<{ readonly name: string; readonly detail: string } | null> {
  for (const [index, { config, target }] of (plan?.steps ?? []).entries()) {
    const progress = steps[index];
    if (progress?.acceptedAt == null) continue;
    const signal = AbortSignal.timeout(callTimeoutMs);
    const { receipt, acceptedAt } = progress;
    const seen = await providers[config.provider]?.observe(config, target, receipt ?? {}, acceptedAt, signal, {
      only: true,
    });
    if (seen?.kind === 'diverged') return { name: config.name, detail: seen.message };
  }
  return null;
}
