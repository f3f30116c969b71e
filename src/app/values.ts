import { ACTION_STATUSES } from '../domain/incident/process-events.ts';
import type { PageComparison } from '../domain/page-comparison.ts';
import { countsOf } from '../domain/page-comparison.ts';
import type { Policy } from '../domain/policy.ts';
import { shareOf } from '../domain/statistics.ts';
import type { Clock } from '../domain/time.ts';
import type { Database } from '../store/database.ts';
import { countDirtyKeys } from '../store/keys.ts';
import { readCounters } from '../store/counters.ts';
import { ledgerDepths } from '../store/effects.ts';
import { countOpenIncidents, lastSeen, unfinishedRollbacks } from '../store/lists.ts';
import { listComparisons } from '../store/page-comparisons.ts';
import { oldestRehearsals } from '../store/readiness.ts';
import { countActions, countDocumented, countRepeats } from '../store/stats.ts';
import type { Store } from '../store/store.ts';
import type { StoredValue } from '../telemetry/store-metrics.ts';
import type { RuleStore } from '../triage/store.ts';
import { serviceLabel } from './commander.ts';

export interface ValuesDeps {
  readonly store: Store;
  readonly policy: Policy;
  readonly rules: RuleStore;
  readonly sandbox: boolean;
  readonly clock: Clock;
  /** Brings the store's counters up to date with what this process has counted. */
  readonly flush: () => Promise<void>;
}

/** Everything that /metrics reads from the store, at one moment. */
export async function readValues(deps: ValuesDeps): Promise<readonly StoredValue[]> {
  await deps.flush();
  const { db } = deps.store;
  const now = deps.clock.now();
  const [counters, open, ledger, rollbacks, dirty, seen, rehearsals, learned, [compared]] = await Promise.all([
    readCounters(db),
    countOpenIncidents(db),
    ledgerDepths(db),
    unfinishedRollbacks(db),
    countDirtyKeys(db),
    lastSeen(db),
    oldestRehearsals(db),
    learning(db, now),
    listComparisons(db, 1),
  ]);
  const reload = deps.rules.lastReload();
  return [
    ...counters,
    ...openIncidents(open, deps.policy),
    ...learned,
    ...Object.entries({
      advance: dirty,
      'effects-urgent': ledger.urgent,
      effects: ledger.other,
      rollback: rollbacks.length,
      'dead-letters': ledger.dead,
    }).map(([queue, value]) => ({ metric: 'queue_depth', labels: { queue }, value })),
    ...seen.map(({ source, at }) => ({
      metric: 'source_last_seen_timestamp_seconds',
      labels: { source },
      value: at / 1000,
    })),
    // Of a plan that was taken out of the configuration nobody wants to know.
    ...rehearsals
      .filter(({ service }) => deps.policy.services[service]?.rollback != null)
      .map(({ service, reason }) => ({
        metric: 'rollback_ready',
        labels: { service, reason },
        value: reason === 'ready' || reason === 'already-there' ? 1 : 0,
      })),
    ...(compared === undefined ? [] : comparedPages(compared.comparison)),
    { metric: 'sandbox', labels: {}, value: deps.sandbox ? 1 : 0 },
    { metric: 'rules_last_reload_successful', labels: {}, value: reload.ok ? 1 : 0 },
    { metric: 'rules_info', labels: { hash: reload.hash }, value: 1 },
  ];
}

const SHARE_OF_MS = 90 * 86_400_000;

/** What a team makes of its incidents afterwards. Where nothing was due there is no share of it. */
async function learning(db: Database, now: number): Promise<readonly StoredValue[]> {
  const [actions, repeats, documented] = await Promise.all([
    countActions(db, now),
    countRepeats(db),
    countDocumented(db, now - SHARE_OF_MS),
  ]);
  return [
    ...ACTION_STATUSES.map((status) => ({ metric: 'action_items', labels: { status }, value: actions[status] })),
    { metric: 'action_items_overdue', labels: {}, value: actions.overdue },
    { metric: 'repeat_incidents_total', labels: {}, value: repeats },
    ...sharedValue('postmortem_share', documented.published, documented.due),
    ...sharedValue('root_cause_share', documented.causes, documented.over),
  ];
}

function sharedValue(metric: string, count: number, of: number): readonly StoredValue[] {
  const { share } = shareOf(count, of);
  return share === null ? [] : [{ metric, labels: {}, value: share }];
}

function comparedPages(comparison: PageComparison): readonly StoredValue[] {
  const { both, onlyPagerDuty, onlyFirebreak } = countsOf(comparison);
  return Object.entries({ both, 'only-pagerduty': onlyPagerDuty, 'only-firebreak': onlyFirebreak }).map(
    ([outcome, value]) => ({ metric: 'page_comparison', labels: { outcome }, value }),
  );
}

/** Services that nobody configured are one label value, so several rows may fall together. */
function openIncidents(
  rows: readonly { severity: string; status: string; service: string | null; n: number }[],
  policy: Policy,
): readonly StoredValue[] {
  const totals = new Map<string, StoredValue>();
  for (const { severity, status, service, n } of rows) {
    const labels = { severity, status, service: serviceLabel(policy, { service }) };
    const key = JSON.stringify(labels);
    totals.set(key, { metric: 'incidents_open', labels, value: (totals.get(key)?.value ?? 0) + n });
  }
  return [...totals.values()];
}
