import { serviceLabel } from '../../src/app/commander.ts';
import { readValues } from '../../src/app/values.ts';
import type { ValuesDeps } from '../../src/app/values.ts';
import { tally } from '../../src/domain/incident/tally.ts';
import { evolve } from '../../src/domain/incident/evolve.ts';
import type { IncidentState } from '../../src/domain/incident/state.ts';
import { FAMILIES } from '../../src/telemetry/families.ts';
import { Metrics } from '../../src/telemetry/store-metrics.ts';
import { testDatabase } from '../harness/database.ts';
import { openStore } from '../../src/store/store.ts';
import type { Store } from '../../src/store/store.ts';
import { FIGURES_NOW, figureStories } from '../unit/support/figures.ts';
import type { Incident } from '../unit/support/incident.ts';
import { persist } from '../unit/support/store.ts';

/** The families of the public interface, with exactly these labels. Dashboards and alerts rely on them. */
const INTERFACE: Readonly<Record<string, readonly string[]>> = {
  deliveries_total: ['outcome', 'source'],
  alerts_total: ['source', 'status'],
  incidents_opened_total: ['service', 'severity'],
  incidents_open: ['service', 'severity', 'status'],
  incident_time_to_detect_seconds: ['service', 'severity'],
  incident_time_to_acknowledge_seconds: ['service', 'severity'],
  incident_time_to_restore_seconds: ['service', 'severity'],
  incident_time_to_resolve_seconds: ['service', 'severity'],
  sla_breaches_total: ['clock', 'service', 'severity'],
  sla_clocks_met_total: ['clock', 'service', 'severity'],
  decisions_total: ['mode', 'outcome', 'stage'],
  rollbacks_total: ['provider', 'verdict'],
  rollback_duration_seconds: ['provider'],
  rollback_ready: ['reason', 'service'],
  effects_total: ['channel', 'outcome'],
  effect_latency_seconds: ['channel'],
  rules_last_reload_successful: [],
  rules_info: ['hash'],
  queue_depth: ['queue'],
  source_last_seen_timestamp_seconds: ['source'],
  sandbox: [],
  unclassified_incidents_total: [],
  action_items: ['status'],
  action_items_overdue: [],
  postmortem_share: [],
  root_cause_share: [],
  repeat_incidents_total: [],
};
/** Written elsewhere: by deliveries, effects and rehearsals, or for what no rule knew. */
const NOT_HERE = [
  ...['deliveries_total', 'alerts_total', 'rollback_ready', 'effects_total', 'effect_latency_seconds'],
  ...['source_last_seen_timestamp_seconds', 'unclassified_incidents_total'],
];

let database: Awaited<ReturnType<typeof testDatabase>>;
const stores: Store[] = [];

async function open(): Promise<Store> {
  const store = await openStore(database.connection, {
    ...{ lateFiringMs: 300_000, refreshMs: 60_000, exclusive: false },
    log: { warn: () => undefined, error: () => undefined },
  });
  stores.push(store);
  return store;
}

const depsOf = (store: Store, policy: ValuesDeps['policy']): ValuesDeps => ({
  store,
  policy,
  rules: { lastReload: () => ({ ok: true, at: 0, hash: 'cafe', problems: [] }) } as unknown as ValuesDeps['rules'],
  sandbox: false,
  clock: { now: () => FIGURES_NOW },
  flush: () => Promise.resolve(),
});

function talliesOf({ events, policy }: Incident) {
  let state: IncidentState | null = null;
  return events.flatMap((event) => {
    state = evolve(state, event);
    return state === null ? [] : tally(event, state, serviceLabel(policy, state));
  });
}

const stories = figureStories().map(({ incident }) => incident);
const policy = stories[0]!.policy;
let first: Store;
beforeAll(async () => {
  database = await testDatabase();
  first = await open();
  for (const incident of stories) {
    await first.transaction(({ trx }) => persist(trx, incident, { tallies: talliesOf(incident) }));
  }
});
afterAll(async () => {
  await Promise.all(stores.map((store) => store.close()));
  await database.drop();
});

test('every family of the interface is there, with exactly its labels', async () => {
  const known = { ...FAMILIES };
  expect(Object.keys(INTERFACE).filter((name) => known[name] === undefined)).toEqual([]);
  const values = await readValues(depsOf(first, policy));
  const seen = new Set<string>();
  for (const { metric, labels } of values) {
    const name = metric.replace(/_(bucket|sum|count)$/, '');
    const promised = INTERFACE[name];
    // Others may be added freely, but none without words on it.
    expect([name, known[name]?.help]).toEqual([name, expect.any(String)]);
    if (promised === undefined) continue;
    const expected = [...promised, ...(metric.endsWith('_bucket') ? ['le'] : [])];
    expect([metric, Object.keys(labels).sort()]).toEqual([metric, expected.sort()]);
    seen.add(name);
  }
  expect(Object.keys(INTERFACE).filter((name) => !seen.has(name) && !NOT_HERE.includes(name))).toEqual([]);
});

test('what a team learns is counted from the store', async () => {
  const values = await readValues(depsOf(first, policy));
  const valueOf = (name: string) => values.find(({ metric }) => metric === name)?.value;
  const items = values.filter(({ metric }) => metric === 'action_items');
  expect(items.map(({ labels, value }) => [labels['status'], value])).toEqual([
    ['open', 2],
    ['done', 1],
    ['verified', 0],
  ]);
  expect(valueOf('action_items_overdue')).toBe(2);
  expect(valueOf('repeat_incidents_total')).toBe(1);
  expect(valueOf('postmortem_share')).toBe(0.5);
  expect(valueOf('root_cause_share')).toBe(1 / 3);
});

test('another replica, and one that starts later, say exactly the same', async () => {
  const textOf = async (store: Store): Promise<string> => {
    const text = await new Metrics(() => readValues(depsOf(store, policy))).text();
    return text
      .split('\n')
      .filter((line) => line.startsWith('firebreak_') && !line.startsWith('firebreak_ingest_commit'))
      .join('\n');
  };
  const here = await textOf(first);
  expect(here).toContain('firebreak_postmortem_share 0.5');
  expect(await textOf(await open())).toBe(here);
  await stores.pop()?.close();
  expect(await textOf(await open())).toBe(here);
});
