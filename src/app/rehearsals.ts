import { rollbackMode } from '../domain/incident/decide-assessment.ts';
import type { Policy } from '../domain/policy.ts';
import type { Clock } from '../domain/time.ts';
import type { PlanPreview, PreviewDeps } from '../rollback/preview.ts';
import { previewPlan } from '../rollback/preview.ts';
import { exclusively } from '../store/lease.ts';
import { troubledIncidents } from '../store/lists.ts';
import { oldestRehearsals, recordRehearsal } from '../store/readiness.ts';
import type { Store } from '../store/store.ts';
import type { Next } from '../timers/loop.ts';
import type { EffectivePolicy } from './commander.ts';

export interface RehearsalDeps extends PreviewDeps {
  readonly store: Store;
  readonly clock: Clock;
  readonly policy: EffectivePolicy;
}

const LOOK_AGAIN_MS = 5_000;

/** What a rollback of this service would do now; null when no plan is written for it. */
export async function preview(deps: RehearsalDeps, service: string): Promise<PlanPreview | null> {
  const policy = await deps.policy();
  const plan = Object.hasOwn(policy.services, service) ? policy.services[service]?.rollback : null;
  if (plan == null) return null;
  return previewPlan(deps, service, rollbackMode(policy, service) ?? 'off', plan.steps);
}

/**
 * Rehearses the plan that has waited longest, if it is due: a rollback that cannot work is known before it is needed. One
 * at a time over all replicas, and not while its service is in trouble: then the incident itself is at it.
 */
export async function rehearseNext(deps: RehearsalDeps): Promise<Next> {
  const { store, clock } = deps;
  const policy = await deps.policy();
  const due = await nextDue(deps, policy);
  if (due === null) return { at: clock.now() + LOOK_AGAIN_MS };
  await exclusively(store.db, 'rehearsals', async () => {
    const found = await preview(deps, due);
    if (found === null) return;
    const message = found.steps.map(({ name, message: said }) => `${name}: ${said}`).join('; ');
    await recordRehearsal(store.db, { service: due, reason: found.reason, message, checkedAt: clock.now() });
  });
  return { at: clock.now() + 100 };
}

async function nextDue({ store, clock }: RehearsalDeps, { services, automation }: Policy): Promise<string | null> {
  const planned = Object.keys(services).filter((name) => services[name]?.rollback != null);
  if (planned.length === 0) return null;
  const [known, troubled] = await Promise.all([oldestRehearsals(store.db), troubledIncidents(store.db)]);
  const busy = new Set(troubled.map(({ service }) => service));
  const at = new Map(known.map(({ service, checkedAt }) => [service, checkedAt]));
  const [first] = planned
    .filter((service) => !busy.has(service))
    .map((service) => ({ service, at: at.get(service) ?? 0 }))
    .sort((a, b) => a.at - b.at);
  const dueBefore = clock.now() - automation.rehearseEverySeconds * 1000;
  return first !== undefined && first.at <= dueBefore ? first.service : null;
}
