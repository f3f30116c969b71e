import type { IncidentState } from '../../src/domain/incident/state.ts';
import type { Database } from '../../src/store/database.ts';
import { verifyAll } from '../../src/store/timeline.ts';
import { readAlerts, readEffects, readIncidents, type AlertRow, type EffectRow } from './inspect.ts';
import type { Traffic } from './traffic.ts';
import { dedupKey, effectOf, type World } from './world.ts';

export interface Audit {
  /** Every promise that was broken, in words. */
  readonly broken: readonly string[];
  readonly numbers: Readonly<Record<string, number>>;
}

/** Holds what was sent and what the world saw against the store. To be asked when nothing is left to do. */
export async function audit(world: World, traffic: Traffic, db: Database): Promise<Audit> {
  const [alerts, incidents, effects] = [await readAlerts(db), await readIncidents(db), await readEffects(db)];
  const { checked, faults } = await verifyAll(db);
  const messages = world.messages();
  const pages = world.pagerduty.alerts;
  return {
    broken: [
      ...traffic.complaints,
      ...faults.map(({ id, fault }) => `the chain of ${id}: ${JSON.stringify(fault)}`),
      ...(checked === incidents.length ? [] : [`${checked} timelines for ${incidents.length} incidents`]),
      ...deliveries(traffic, alerts),
      ...incidentsOf(traffic, incidents),
      ...incidents.flatMap((incident) => counts(incident, alerts)),
      ...incidents.flatMap((incident) => page(incident, effects, world)),
      ...incidents.flatMap((incident) => announcement(incident, world)),
      ...effects.flatMap((effect) => ledger(effect, world)),
      ...strangers(incidents, world),
      ...rollbacks(traffic, incidents, world),
    ],
    numbers: {
      'deliveries accepted': traffic.answers.get('200') ?? 0,
      'deliveries without an answer': traffic.answers.get('none') ?? 0,
      alerts: alerts.length,
      incidents: incidents.length,
      effects: effects.length,
      pages: pages.length,
      'triggers repeated and folded': pages.reduce((sum, { summaries }) => sum + summaries.length - 1, 0),
      'Slack messages': messages.length,
      'Slack messages posted twice': messages.length - new Set(messages.map(effectOf)).size,
      'rollback PATCHes': world.cluster.patches.length,
    },
  };
}

/** Every delivery with a 2xx is there. */
function deliveries(traffic: Traffic, alerts: readonly AlertRow[]): readonly string[] {
  const known = new Map(alerts.map((alert) => [alert.name, alert]));
  return traffic.services.flatMap((service) =>
    service.alerts.flatMap(({ name, accepted }) => {
      const row = known.get(name);
      if (row === undefined) return accepted ? [`${name} of ${service.name} had a 2xx and is lost`] : [];
      if (service.resolve === 'accepted' && row.status !== 'resolved') return [`the resolve of ${name} is lost`];
      if (service.resolve === 'none' && row.status !== 'firing') return [`${name} has resolved by itself`];
      return row.waiting ? [`${name} was never looked at`] : [];
    }),
  );
}

/** One incident a correlation key, and none for nothing. */
function incidentsOf(traffic: Traffic, incidents: readonly IncidentState[]): readonly string[] {
  const byService = Map.groupBy(incidents, ({ service }) => service);
  const known = new Set<string | null>(traffic.services.map(({ name }) => name));
  return [
    ...traffic.services.flatMap((service) => {
      const found = byService.get(service.name) ?? [];
      const sure = service.alerts.some(({ accepted }) => accepted);
      if (found.length > 1 || (sure && found.length === 0)) return [`${service.name} has ${found.length} incidents`];
      const [incident] = found;
      if (incident === undefined || service.resolve !== 'none') return [];
      return incident.severity === 'P0' && incident.status === 'open' && incident.page !== null
        ? []
        : [`${incident.id} is ${incident.severity} ${incident.status}, and its alerts fire`];
    }),
    ...[...byService.keys()].filter((name) => !known.has(name)).map((name) => `an incident of ${name}, never sent`),
  ];
}

function counts({ id, correlationKey, alertCounts }: IncidentState, alerts: readonly AlertRow[]): readonly string[] {
  const fired = alerts.filter((alert) => alert.correlation_key === correlationKey && alert.fired);
  const firing = fired.filter(({ status }) => status === 'firing').length;
  const right = alertCounts.firing === firing && alertCounts.resolved === fired.length - firing;
  return right ? [] : [`${id} counts ${JSON.stringify(alertCounts)}, and ${firing} of ${fired.length} fire`];
}

const isFiring = ({ status }: IncidentState): boolean => status === 'open' || status === 'acknowledged';

/** One page an incident that asked for one, in the state of its incident. What was over before it went out has none. */
function page(incident: IncidentState, effects: readonly EffectRow[], { pagerduty }: World): readonly string[] {
  const pages = pagerduty.alerts.filter((alert) => alert.dedupKey === dedupKey(incident.id));
  const triggers = effects.filter((e) => e.incident_id === incident.id && e.kind === 'trigger');
  const sent = triggers.some(({ status }) => status === 'delivered');
  const wanted = incident.page !== null && (isFiring(incident) || sent) ? 1 : 0;
  if (pages.length !== wanted) return [`${incident.id} (${incident.status}) has ${pages.length} pages`];
  if (triggers.length > 1)
    return [`${incident.id} wanted ${triggers.length} pages: ${triggers.map(({ intent }) => intent).join(', ')}`];
  const state = isFiring(incident) ? 'open' : 'resolved';
  return pages.every((each) => each.state === state) ? [] : [`the page of ${incident.id} is ${pages[0]?.state}`];
}

function announcement(incident: IncidentState, world: World): readonly string[] {
  const mine = world.messages().filter((m) => m.threadTs === null && effectOf(m).startsWith(`${incident.id}:`));
  return mine.length === (incident.announced ? 1 : 0) ? [] : [`${incident.id} was announced ${mine.length} times`];
}

/** Nothing is stuck or given up, and what the ledger calls delivered is out there, once. */
function ledger(effect: EffectRow, world: World): readonly string[] {
  const { id, channel, kind, status, result } = effect;
  if (status !== 'delivered' && status !== 'skipped') return [`${id} is ${status}: ${result}`];
  if (status === 'skipped' && kind !== 'refresh' && channel === 'slack') return [`${id} was skipped: ${result}`];
  if (status === 'delivered' && world.seen().has(effect) === false) return [`${id} was delivered and is nowhere`];
  const posts = world.messages().filter((message) => effectOf(message) === id).length;
  return posts > 1 ? [`${id} was posted ${posts} times`] : [];
}

function strangers(incidents: readonly IncidentState[], { pagerduty }: World): readonly string[] {
  const known = new Set(incidents.map(({ id }) => dedupKey(id)));
  return pagerduty.alerts.filter((alert) => !known.has(alert.dedupKey)).map((a) => `a page of nothing: ${a.dedupKey}`);
}

/** Once for each bad deployment whose alert we took, and never twice. */
function rollbacks(traffic: Traffic, incidents: readonly IncidentState[], world: World): readonly string[] {
  const { patches } = world.seen();
  const planned = traffic.services.filter((service) => service.planned);
  return [
    ...[...patches].filter(([, times]) => times > 1).map(([name, times]) => `${name} was rolled back ${times} times`),
    ...planned.flatMap((service) => {
      const incident = incidents.find((each) => each.service === service.name);
      if (incident === undefined) return [];
      const { rollback } = incident;
      const done = rollback?.steps.every(({ state }) => state === 'done') === true;
      const times = patches.get(service.name) ?? 0;
      if (times === 1 && done && world.isBack(service.name) && rollback.stoppedBy === null) return [];
      return [
        `${service.name} was rolled back ${times} times; ${rollback?.stage ?? 'none'}: ${rollback?.because ?? incident.decision?.because}`,
      ];
    }),
  ];
}
