import type { ApiBackend } from '../api/ports.ts';
import type { SnapshotSource } from '../clients/prometheus.ts';
import { gateOf } from '../domain/gate.ts';
import { CommandRefused } from '../domain/incident/commands.ts';
import { diagnosisOf } from '../domain/incident/diagnosis.ts';
import { suspectIdOf } from '../domain/incident/recurrence.ts';
import type { Clock } from '../domain/time.ts';
import { iso, ms } from '../domain/time.ts';
import { changesOf } from '../store/changes.ts';
import { readIncident } from '../store/incidents.ts';
import { earlierIncidents, incidentsOfService, listActions } from '../store/learning.ts';
import type { Store } from '../store/store.ts';
import { readTimeline } from '../store/timeline.ts';
import type { Commander, EffectivePolicy } from './commander.ts';
import { measure } from './evidence.ts';

export interface ProcessBackendDeps {
  readonly store: Store;
  readonly commander: Commander;
  readonly policy: EffectivePolicy;
  readonly clock: Clock;
  /** Null: no Prometheus is configured. */
  readonly snapshots: SnapshotSource | null;
}

type ProcessBackend = Pick<ApiBackend, 'addEvidence' | 'diagnosis' | 'recordFix' | 'listActions' | 'gate'>;

const A_DAY_MS = 86_400_000;

/** What the API needs of diagnosis, fix and learning, on the store and the commander. */
export function createProcessBackend(deps: ProcessBackendDeps): ProcessBackend {
  const { store, commander, policy, clock, snapshots } = deps;
  const { db } = store;
  return {
    addEvidence: async (id, actor, { kind, title, url, text, question }) => {
      const state = (await readIncident(db, id))?.state;
      if (state === undefined) throw new CommandRefused('not-found', `no incident ${id}`);
      const moment = (at: string | null): number | null => (at === null ? null : ms(at));
      const asked =
        question === null
          ? { query: null, result: null }
          : await measure(
              snapshots,
              state,
              {
                ...{ promql: question.promql, at: moment(question.at) },
                ...{ from: moment(question.from), to: moment(question.to) },
              },
              clock.now(),
            );
      const said = { by: actor.name, via: actor.via };
      await commander.handle(id, [{ kind: 'add-evidence', evidence: kind, title, url, text, ...asked, ...said }]);
    },
    diagnosis: (id) => diagnose(deps, id),
    recordFix: async (id, actor, { at, ...fix }) => {
      const said = { by: actor.name, via: actor.via, at: at ?? iso(clock.now()) };
      await commander.handle(id, [{ kind: 'record-fix', ...fix, ...said }]);
    },
    listActions: (filter) => listActions(db, filter, clock.now()),
    gate: async (service, version, environment) => {
      const [{ services }, incidents] = await Promise.all([policy(), incidentsOfService(db, service)]);
      return gateOf({ service, version, environment, isKnown: Object.hasOwn(services, service) }, incidents);
    },
  };
}

/** A change may be told of late: what began before the onset counts, whenever that was heard. */
async function diagnose(
  { store: { db }, policy, clock }: ProcessBackendDeps,
  id: string,
): ReturnType<ApiBackend['diagnosis']> {
  const state = (await readIncident(db, id))?.state;
  if (state === undefined) return null;
  const [events, effective] = await Promise.all([readTimeline(db, id), policy()]);
  const { service, correlationKey } = state;
  const onset = ms(state.onset.at);
  const dependsOn = service === null ? [] : (effective.services[service]?.dependsOn ?? []);
  const opened = events.find((event) => event.type === 'incident-opened');
  const began = Math.min(onset, ms(opened?.data.onset.at ?? state.onset.at));
  const [changes, earlier] = await Promise.all([
    service === null
      ? []
      : changesOf(db, [service, ...dependsOn], began - effective.automation.recentChangeSeconds * 1000, clock.now()),
    earlierIncidents(db, {
      ...{ exceptId: id, service, correlationKey, suspectId: suspectIdOf(state) },
      ...{ from: began - A_DAY_MS, to: ms(state.openedAt) },
    }),
  ]);
  return diagnosisOf({ state, events, changes, earlier, policy: effective });
}
