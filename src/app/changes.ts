import type { Change } from '../domain/change.ts';
import { evidenceOfChange } from '../domain/change.ts';
import type { Command } from '../domain/incident/commands.ts';
import type { IncidentState } from '../domain/incident/state.ts';
import type { Policy } from '../domain/policy.ts';
import type { ChangeStore } from '../ingest/ports.ts';
import { lockIncident } from '../store/incidents.ts';
import { markIncidentsDirty } from '../store/keys.ts';
import { saveChange } from '../store/changes.ts';
import { incidentsConcernedBy } from '../store/learning.ts';
import type { Store, UnitOfWork } from '../store/store.ts';
import type { Commander, EffectivePolicy } from './commander.ts';

/**
 * A change is stored and told to the incidents that it concerns in one transaction: none is forgotten in between, and each
 * hears of it once. Those of its service are looked at again: a change that comes late may be the suspect that a decision
 * lacked.
 */
export const changeStore = (store: Store, commander: Commander, policy: EffectivePolicy): ChangeStore => ({
  saveChange: async (change, receivedAt) => {
    const effective = await policy();
    return store.transaction(async (uow) => {
      const outcome = await saveChange(uow.trx, change, receivedAt);
      if (outcome === 'unchanged') return outcome;
      await tellIncidents(uow, commander, change, effective);
      await markIncidentsDirty(uow.trx, change.service);
      return outcome;
    });
  },
});

/** In the order of their ids, as everybody locks several incidents; before any key. */
async function tellIncidents(uow: UnitOfWork, commander: Commander, change: Change, policy: Policy): Promise<void> {
  const services = [change.service, ...dependents(change.service, policy)];
  for (const id of await incidentsConcernedBy(uow.trx, services)) {
    const before = await lockIncident(uow.trx, id);
    if (before === null || !isSamePlace(before.state, change)) continue;
    await commander.apply(uow, id, before, [noticeOf(change)], policy);
  }
}

const dependents = (service: string, { services }: Policy): readonly string[] =>
  Object.keys(services).filter((name) => services[name]?.dependsOn.includes(service) === true);

const isSamePlace = ({ environment }: IncidentState, change: Change): boolean =>
  environment === null || change.environment === null || environment === change.environment;

function noticeOf(change: Change): Command {
  const { id, service, kind, version, by, url, startedAt, finishedAt } = change;
  return {
    kind: 'notice-change',
    change: { id, service, kind, version, by, url, at: startedAt, deployedAt: finishedAt },
    evidence: evidenceOfChange(change),
  };
}
