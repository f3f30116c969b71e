import { createHash, randomUUID } from 'node:crypto';
import type { Alertmanager, AlertmanagerAnswer } from '../../clients/alertmanager.ts';
import type { AlertmanagerStatus, ListedAlert } from '../../clients/alertmanager-answers.ts';
import { timingsOf } from '../../clients/alertmanager-config.ts';
import type { Alert } from '../../domain/alert.ts';
import type { CorrelationPolicy } from '../../domain/policy.ts';
import type { Judgement, ReconciliationLimits } from '../../domain/reconciliation.ts';
import { judgeListing } from '../../domain/reconciliation.ts';
import type { Clock } from '../../domain/time.ts';
import { iso, ms } from '../../domain/time.ts';
import type { DeliveryWriter } from '../../ingest/index.ts';
import { observe } from '../../ingest/observe.ts';
import type { ObservedAlert } from '../../ingest/ports.ts';
import type { FiringInIncident, StoredAlert } from '../../store/reconciliation.ts';
import {
  readAlertmanagerAlerts,
  readEndedByUs,
  readFiring,
  recordEnds,
  recordListed,
  recordMissing,
} from '../../store/reconciliation.ts';
import type { Store } from '../../store/store.ts';
import type { Logger } from '../../telemetry/logger.ts';
import type { QuietSink } from './quiet.ts';
import { reportQuiet } from './quiet.ts';

export interface ReconcileDeps {
  readonly store: Store;
  readonly writer: Pick<DeliveryWriter, 'accept'>;
  readonly clock: Clock;
  readonly alertmanager: Alertmanager;
  readonly correlation: CorrelationPolicy;
  readonly quiet: QuietSink;
  readonly log: Logger;
  readonly timings?: Partial<ReconcileTimings>;
}

export interface ReconcileTimings {
  /** After its start its memory is empty until every Prometheus has sent again what fires there. */
  readonly restartGraceMs: number;
  /** At least so long between the first look that missed an alert and the one that calls it lost. */
  readonly leastMissingMs: number;
}

const TIMINGS: ReconcileTimings = { restartGraceMs: 5 * 60_000, leastMissingMs: 30_000 };
const ROUND_MS = 20_000;
/** A resolve leaves when its group's interval is over, and takes a moment. */
const SENDING_MS = 30_000;
const DAY_MS = 86_400_000;

/** Where the deliveries that come from here stand in the store, so that they are not taken for words of the source. */
const RECONCILIATION = 'reconciliation';
/** The annotation by which an alert says that its status was found out here. */
const MARK = 'firebreak_reconciled';

export type RoundOutcome =
  | { readonly kind: 'reconciled'; readonly lost: number; readonly back: number }
  /** It answers, and nothing can be concluded from that yet. */
  | { readonly kind: 'inconclusive'; readonly because: string }
  | { readonly kind: 'failed'; readonly because: string };

/**
 * Compares what fires as far as we know with what Alertmanager lists. What has ended there without our hearing of it is
 * handed to the delivery writer as resolved, and everything follows from that as if Alertmanager had said so. Whoever does
 * not answer, or not as an Alertmanager that knows its alerts does, proves nothing.
 */
export async function reconcile(deps: ReconcileDeps): Promise<RoundOutcome> {
  const { store, alertmanager, clock } = deps;
  const signal = AbortSignal.timeout(ROUND_MS);
  // What we know is read first: an alert that comes while we ask must not look as if it were missing.
  const firing = await readFiring(store.db);
  const ended = await readEndedByUs(store.db);
  const before = await alertmanager.status(signal);
  const alerts = await alertmanager.alerts(signal);
  const after = await alertmanager.status(signal);
  const failed = [before, alerts, after].find((answer) => !answer.ok);
  if (failed?.ok === false) return { kind: 'failed', because: failed.failure.message };
  if (!before.ok || !alerts.ok || !after.ok) return { kind: 'failed', because: 'no answer' };

  const listed = new Map(alerts.value.map((alert) => [alert.fingerprint, alert]));
  const now = clock.now();
  const judgement = judge(deps, firing, listed, before.value, now);
  await recordListed(store.db, judgement.listed, now);
  await reportQuiet({ store, alertmanager, sink: deps.quiet, log: deps.log }, firing, listed, signal);
  const back = await bringBack(deps, ended, listed);
  const doubt = whyInconclusive(deps, before, after);
  if (doubt !== null) return { kind: 'inconclusive', because: doubt };
  await recordMissing(store.db, judgement.missing);
  const lost = await endLost(deps, judgement.lost);
  return { kind: 'reconciled', lost, back };
}

function judge(
  { timings }: ReconcileDeps,
  firing: readonly FiringInIncident[],
  listed: ReadonlyMap<string, ListedAlert>,
  status: AlertmanagerStatus,
  now: number,
): Judgement {
  const own = firing.filter(({ source }) => source === 'alertmanager');
  return judgeListing(own, (fingerprint) => listed.has(fingerprint), now, limitsOf(status, { ...TIMINGS, ...timings }));
}

/** By its own intervals, where its configuration can be read. */
function limitsOf({ config }: AlertmanagerStatus, { leastMissingMs }: ReconcileTimings): ReconciliationLimits {
  const timings = timingsOf(config.original);
  return {
    overdueMs: timings === null ? leastMissingMs : Math.max(leastMissingMs, timings.groupIntervalMs + SENDING_MS),
    unheardMs: Math.max(DAY_MS, 2 * (timings?.repeatIntervalMs ?? 0)),
  };
}

/** Behind one address may stand several, of which one has just started: then the two answers are not of the same one. */
function whyInconclusive(
  { clock, timings }: ReconcileDeps,
  before: Extract<AlertmanagerAnswer<AlertmanagerStatus>, { ok: true }>,
  after: Extract<AlertmanagerAnswer<AlertmanagerStatus>, { ok: true }>,
): string | null {
  const { restartGraceMs } = { ...TIMINGS, ...timings };
  if (before.value.uptime !== after.value.uptime) return 'several Alertmanagers answer, or it was restarted just now';
  if (after.value.cluster.status === 'settling') return 'its cluster is settling';
  const age = (after.at ?? clock.now()) - ms(after.value.uptime);
  return age < restartGraceMs ? `it started ${Math.max(0, Math.round(age / 1000))} s ago` : null;
}

async function endLost(deps: ReconcileDeps, lost: Judgement['lost']): Promise<number> {
  if (lost.length === 0) return 0;
  const since = new Map(lost.map((each) => [each.fingerprint, each.since]));
  const rows = await readAlertmanagerAlerts(deps.store.db, [...since.keys()]);
  const ends = rows
    .filter(({ alert }) => alert.status === 'firing')
    .map((row) => ({ row, endedAt: Math.max(since.get(row.alert.fingerprint) ?? 0, ms(row.alert.startsAt) + 1) }));
  await recordEnds(
    deps.store.db,
    ends.map(({ row, endedAt }) => ({ fingerprint: row.alert.fingerprint, endedAt })),
  );
  await deliver(
    deps,
    ends.map(({ row, endedAt }) => endOf(row, endedAt)),
    'resolved',
  );
  return ends.length;
}

function endOf({ alert, identity, correlationKey }: StoredAlert, endedAt: number): ObservedAlert {
  const because = `Alertmanager has not listed it since ${iso(endedAt)}, and its resolve never came`;
  const resolved: Alert = {
    ...alert,
    status: 'resolved',
    endsAt: iso(endedAt),
    annotations: { ...alert.annotations, [MARK]: because },
  };
  return { alert: resolved, identity, correlationKey, contentHash: hashOf(resolved) };
}

/**
 * What we ended ourselves and Alertmanager lists all the same fires: it sends no second word of it before its repeat
 * interval. It begins after the end that we gave it, or it would be taken for old news.
 */
async function bringBack(
  deps: ReconcileDeps,
  ended: readonly { readonly fingerprint: string; readonly endedAt: number }[],
  listed: ReadonlyMap<string, ListedAlert>,
): Promise<number> {
  const back = ended.flatMap(({ fingerprint, endedAt }) => {
    const alert = listed.get(fingerprint);
    return alert === undefined ? [] : [firingAgain(deps, alert, endedAt)];
  });
  await deliver(deps, back, 'fires-again');
  await recordListed(
    deps.store.db,
    back.map(({ alert }) => alert.fingerprint),
    deps.clock.now(),
  );
  return back.length;
}

function firingAgain({ clock, correlation }: ReconcileDeps, listed: ListedAlert, endedAt: number): ObservedAlert {
  const because = 'Alertmanager lists it again after it was missing there';
  return observe(
    {
      source: 'alertmanager',
      fingerprint: listed.fingerprint,
      status: 'firing',
      labels: listed.labels,
      annotations: { ...listed.annotations, [MARK]: because },
      startsAt: iso(Math.max(ms(listed.startsAt), endedAt + 1)),
      endsAt: null,
      generatorUrl: listed.generatorURL ?? null,
    },
    iso(clock.now()),
    correlation,
  );
}

async function deliver(
  { store, writer, clock, log }: ReconcileDeps,
  alerts: readonly ObservedAlert[],
  outcome: 'resolved' | 'fires-again',
): Promise<void> {
  if (alerts.length === 0) return;
  const receivedAt = clock.now();
  await writer.accept({
    id: randomUUID(),
    source: RECONCILIATION,
    receivedAt,
    alerts,
    heartbeats: [],
    rejected: [],
  });
  const fingerprints = alerts.slice(0, 10).map(({ alert }) => alert.fingerprint);
  log.warn({ alerts: alerts.length, fingerprints, outcome }, 'what Alertmanager lists and what it told us differ');
  await store.addCounts([{ metric: 'reconciled_alerts_total', labels: { outcome }, by: alerts.length }]);
}

const hashOf = (alert: Alert): string => createHash('sha1').update(JSON.stringify(alert)).digest('hex');
