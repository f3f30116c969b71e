import type { Command } from '../domain/incident/commands.ts';
import { fixJudgedAt } from '../domain/incident/follow-up.ts';
import { recurrenceOf, suspectIdOf } from '../domain/incident/recurrence.ts';
import type { IncidentState } from '../domain/incident/state.ts';
import type { Policy } from '../domain/policy.ts';
import type { Clock } from '../domain/time.ts';
import { iso, ms } from '../domain/time.ts';
import type { CoordinatorDeps } from '../rollback/deps.ts';
import { wellWithoutUs } from '../rollback/recovery.ts';
import { readIncident } from '../store/incidents.ts';
import { earlierIncidents } from '../store/learning.ts';
import type { Store } from '../store/store.ts';
import { setTimer } from '../store/timers.ts';
import type { Commander, EffectivePolicy } from './commander.ts';

/** What a look at an incident after the fact needs. `look` asks whether its service is well. */
export interface FollowUpDeps {
  readonly store: Store;
  readonly clock: Clock;
  readonly commander: Commander;
  readonly policy: EffectivePolicy;
  readonly look: Pick<CoordinatorDeps, 'probe' | 'providers'>;
}

const DAY_MS = 86_400_000;
const LOOK_AGAIN_MS = 60_000;
const CALL_TIMEOUT_MS = 10_000;

/**
 * What is found out about an incident behind its back, where no page waits for it: whether it happened before, and whether
 * its fix holds. Safe to repeat: what is known already is not told again.
 */
export async function followUp(deps: FollowUpDeps, incidentId: string): Promise<void> {
  const state = (await readIncident(deps.store.db, incidentId))?.state;
  if (state === undefined || state.drill === true) return;
  const policy = await deps.policy();
  const found = [...(await repeats(deps, state, policy)), ...(await validates(deps, state, policy))];
  if (found.length > 0) await deps.commander.handle(incidentId, found);
}

async function repeats({ store }: FollowUpDeps, state: IncidentState, policy: Policy): Promise<readonly Command[]> {
  const to = ms(state.openedAt);
  const { service, correlationKey } = state;
  const earlier = await earlierIncidents(store.db, {
    ...{ exceptId: state.id, service, correlationKey, suspectId: suspectIdOf(state) },
    ...{ from: to - policy.learning.recurrenceDays * DAY_MS, to },
  });
  const found = recurrenceOf(state, earlier, policy);
  return found === null ? [] : [found];
}

/** Looks at the service some time after its fix went out; again for a while when that does not prove it. */
async function validates(deps: FollowUpDeps, state: IncidentState, policy: Policy): Promise<readonly Command[]> {
  const { store, clock, look } = deps;
  const judged = fixJudgedAt(state, policy);
  if (judged === null || state.fixDeployedAt === null) return [];
  const now = clock.now();
  if (now < judged.from) {
    await setTimer(store.db, state.id, 'follow-up', judged.from);
    return [];
  }
  const sample = await wellWithoutUs({ ...look, clock, callTimeoutMs: CALL_TIMEOUT_MS }, state, policy);
  // Nobody measures it, so a person has to say it.
  if (sample === null) return [];
  if (sample.result !== 'pass') {
    if (now < judged.until) await setTimer(store.db, state.id, 'follow-up', now + LOOK_AGAIN_MS);
    return [];
  }
  const version = state.fixSteps.findLast(({ stage }) => stage === 'deployed')?.version ?? null;
  const text = sample.checks.map(({ name, detail }) => `${name}: ${detail}`).join('; ');
  const said = { by: 'firebreak', via: 'firebreak', at: iso(now), url: null, version, text };
  return [{ kind: 'record-fix', stage: 'validated', ...said }];
}
