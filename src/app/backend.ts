import type { Actor, ApiBackend } from '../api/ports.ts';
import type { SnapshotSource } from '../clients/prometheus.ts';
import type { Command } from '../domain/incident/commands.ts';
import type { FactSet } from '../domain/decision.ts';
import type { Clock } from '../domain/time.ts';
import { iso, ms } from '../domain/time.ts';
import { renderReport } from '../report/render.ts';
import { reportOf } from '../report/report.ts';
import { incidentAlerts } from '../store/alert-news.ts';
import { readLedger, reviveEffects } from '../store/effects.ts';
import { readIncident } from '../store/incidents.ts';
import { listChanges, listIncidents, listQuarantine } from '../store/lists.ts';
import { listComparisons } from '../store/page-comparisons.ts';
import { readAutomation, writeAutomation } from '../store/rollbacks.ts';
import { readStatistics } from '../store/stats.ts';
import type { Store } from '../store/store.ts';
import { readTimeline } from '../store/timeline.ts';
import { explain } from '../triage/explain.ts';
import type { RuleStore } from '../triage/store.ts';
import type { Commander, EffectivePolicy } from './commander.ts';
import { createMaintenance } from './maintenance.ts';
import { mergeIncidents } from './merging.ts';
import { createProcessBackend } from './process-backend.ts';
import { compareOnRequest } from './sources/page-comparison.ts';

export interface BackendDeps {
  readonly store: Store;
  readonly commander: Commander;
  readonly policy: EffectivePolicy;
  readonly policyChanged: () => void;
  readonly rules: RuleStore;
  readonly clock: Clock;
  readonly preview: ApiBackend['previewRollback'];
  readonly drill: (service: string, by: string) => Promise<string>;
  readonly handover: ApiBackend['handover'];
  /** Null: no Prometheus is configured. */
  readonly snapshots: SnapshotSource | null;
}

const LEDGER_ROWS = 1_000;
const USUAL_PERIOD_MS = 90 * 86_400_000;

/** The API's port, on the store and the commander. */
export function createBackend(deps: BackendDeps): ApiBackend {
  const { store, rules, clock } = deps;
  const { db } = store;
  return {
    ...commands(deps.commander),
    merge: (id, into, actor, because) => mergeIncidents(deps, id, into, actor, because),
    ...maintenanceOf(deps),
    ...createProcessBackend(deps),
    previewRollback: (service) => deps.preview(service),
    startDrill: async (service, actor) => {
      const { services } = await deps.policy();
      return Object.hasOwn(services, service) ? deps.drill(service, actor.name) : null;
    },
    listIncidents: (filter) => listIncidents(db, filter),
    readIncident: async (id) => (await readIncident(db, id))?.state ?? null,
    incidentAlerts: async (id, limit) => {
      const state = (await readIncident(db, id))?.state;
      if (state === undefined) return [];
      return (await incidentAlerts(db, state.correlationKey, state.afterKeyVersion, limit)).map((row) => row.alert);
    },
    timeline: (id) => readTimeline(db, id),
    report: async (id, format) => {
      const report = reportOf(await readTimeline(db, id));
      return report === null ? null : renderReport(report, format);
    },
    effects: async (incidentId) => (await readLedger(db, { incidentId }, LEDGER_ROWS)).map((row) => ({ ...row })),
    listChanges: (service, limit) => listChanges(db, service, limit),
    listQuarantine: async (limit) => (await listQuarantine(db, limit)).map((row) => ({ ...row })),
    comparePages: (since, until) => compareOnRequest(deps, since, until),
    listComparisons: (limit) => listComparisons(db, limit),
    deadLetters: async (limit) => (await readLedger(db, { dead: true }, limit)).map((row) => ({ ...row })),
    retryEffects: (ids) =>
      store.transaction(async (uow) => {
        const lanes = await reviveEffects(uow.trx, ids, clock.now());
        await uow.enqueue(
          lanes.map(({ incidentId, channel, urgent }) => ({
            name: urgent ? ('effects-urgent' as const) : ('effects' as const),
            data: { v: 1, incidentId, channel },
          })),
        );
        return lanes.length;
      }),
    readAutomation: async () => {
      const [{ automation }, switches] = await Promise.all([deps.policy(), readAutomation(db)]);
      const { changedBy, changedAt } = switches;
      return { mode: automation.mode, killSwitch: automation.killSwitch, changedBy, changedAt };
    },
    writeAutomation: async (change, actor) => {
      await writeAutomation(db, change, actor.name, clock.now());
      deps.policyChanged();
    },
    statistics: ({ since, until, ...query }) => {
      const now = clock.now();
      const to = until ?? iso(now);
      return readStatistics(db, { ...query, until: to, since: since ?? iso(ms(to) - USUAL_PERIOD_MS) }, now);
    },
    handover: () => deps.handover(),
    rules: () => {
      const { ok, at, hash, problems } = rules.lastReload();
      return { hash, lastReload: { ok, at: new Date(at).toISOString(), problems: problems.map((p) => ({ ...p })) } };
    },
    explain: async (facts) => {
      const given: FactSet = { known: facts, unknown: [], sources: {} };
      return JSON.parse(JSON.stringify(await explain(rules.current(), given, clock.now()))) as never;
    },
  };
}

type MaintenanceWords = Pick<ApiBackend, 'listMaintenance' | 'announceMaintenance' | 'endMaintenance'>;

function maintenanceOf({ store, clock }: BackendDeps): MaintenanceWords {
  const maintenance = createMaintenance({ store, clock });
  return {
    listMaintenance: async (withPast, limit) => {
      const windows = await maintenance.list(withPast, limit);
      return { now: clock.now(), windows };
    },
    announceMaintenance: async (asked, actor) => {
      const from = asked.from ?? iso(clock.now());
      const until = asked.until ?? iso(ms(from) + (asked.minutes ?? 0) * 60_000);
      const { service, environment, because } = asked;
      const window = await maintenance.add({ service, environment, from, until, because }, actor);
      return { now: clock.now(), window };
    },
    endMaintenance: async (id, actor) => {
      const window = await maintenance.end(id, actor);
      return { now: clock.now(), window };
    },
  };
}

type Commands = Pick<
  ApiBackend,
  | 'carryOut'
  | 'acknowledge'
  | 'resolve'
  | 'addNote'
  | 'approveRollback'
  | 'abortRollback'
  | 'startRollback'
  | 'undoRollback'
  | 'declareFix'
>;

function commands(commander: Commander): Commands {
  const send = async (id: string, command: Command): Promise<void> => {
    await commander.handle(id, [command]);
  };
  const by = (actor: Actor): { by: string; via: string } => ({ by: actor.name, via: actor.via });
  return {
    carryOut: send,
    acknowledge: (id, actor) => send(id, { kind: 'acknowledge', ...by(actor) }),
    resolve: (id, actor, because) => send(id, { kind: 'resolve', ...by(actor), because }),
    addNote: (id, actor, text) => send(id, { kind: 'add-note', ...by(actor), text }),
    approveRollback: (id, actor, planHash) => send(id, { kind: 'approve-rollback', ...by(actor), planHash }),
    abortRollback: (id, actor, because) => send(id, { kind: 'abort-rollback', ...by(actor), because }),
    startRollback: (id, actor, because) => send(id, { kind: 'request-rollback', ...by(actor), because }),
    undoRollback: (id, actor, because) => send(id, { kind: 'undo-rollback', ...by(actor), because }),
    declareFix: (id, actor, seconds) => send(id, { kind: 'declare-fix', ...by(actor), seconds }),
  };
}
