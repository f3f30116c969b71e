import { createAlertmanager } from '../../clients/alertmanager.ts';
import type { Prometheus } from '../../clients/prometheus.ts';
import type { Clock } from '../../domain/time.ts';
import type { DeliveryWriter } from '../../ingest/index.ts';
import type { Settings } from '../../settings/types.ts';
import { forgetSightings } from '../../store/reconciliation.ts';
import { recordRound, takeRound } from '../../store/rounds.ts';
import type { Store } from '../../store/store.ts';
import type { Logger } from '../../telemetry/logger.ts';
import type { Loop, Next } from '../../timers/loop.ts';
import { startLoop } from '../../timers/loop.ts';
import { compareYesterday } from './page-comparison.ts';
import type { QuietSink } from './quiet.ts';
import type { ReconcileDeps, RoundOutcome } from './reconcile.ts';
import { reconcile } from './reconcile.ts';
import type { RefusalLog } from './refusal-log.ts';
import { createSourceWatcher } from './watch.ts';

export interface SourcesParts {
  readonly settings: Settings;
  readonly store: Store;
  readonly writer: DeliveryWriter;
  readonly prometheus: Prometheus | null;
  readonly refusals: RefusalLog;
  readonly quiet: QuietSink;
  readonly clock: Clock;
  readonly log: Logger;
}

const WATCH_EVERY_MS = 5_000;
const ROUND_EVERY_MS = 30_000;
/** News of alerts is a reason to look sooner: one that was seen there is known to belong there. */
const SOON_MS = 10_000;
const TICK_MS = 2_000;
/** Looked at so often whether a day is over. */
const COMPARE_EVERY_MS = 600_000;
const HTTP_TIMEOUT_MS = 10_000;
const SIGHTINGS_KEPT_MS = 30 * 86_400_000;

/** Watches over the sources themselves: what they lost, and what they no longer send. Stops when what is under way ends. */
export function startSources(parts: SourcesParts): Pick<Loop, 'stop'> {
  const { settings, clock, log } = parts;
  const { correlation } = settings.policy;
  const loops: Loop[] = [];
  const loop = (name: string, idleMs: number, work: () => Promise<Next>): Loop => {
    const started = startLoop({ name, idleMs, work, now: () => clock.now(), log });
    loops.push(started);
    return started;
  };
  const dependencies = [
    ...(settings.alertmanager === null ? [] : ['alertmanager']),
    ...(parts.prometheus === null ? [] : ['prometheus']),
  ];
  const watcher = createSourceWatcher({ ...parts, correlation, dependencies });
  loop('sources', WATCH_EVERY_MS, async () => {
    await watcher.look();
    return 'idle';
  });
  if (parts.prometheus !== null) startPrometheusRounds(parts, parts.prometheus, loop);
  if (settings.alertmanager !== null) startReconciliation(parts, settings.alertmanager, loop);
  if (settings.notifications === 'observe') {
    loop('page-comparison', COMPARE_EVERY_MS, async () => {
      await compareYesterday(parts);
      return 'idle';
    });
  }
  return {
    stop: async () => {
      await Promise.all(loops.map((each) => each.stop()));
    },
  };
}

type StartLoop = (name: string, idleMs: number, work: () => Promise<Next>) => Loop;

function startPrometheusRounds({ store, clock }: SourcesParts, prometheus: Prometheus, loop: StartLoop): void {
  loop('prometheus', ROUND_EVERY_MS, async () => {
    if (!(await takeRound(store.db, 'prometheus', clock.now(), ROUND_EVERY_MS))) return 'idle';
    const answer = await prometheus.query('1', clock.now(), AbortSignal.timeout(HTTP_TIMEOUT_MS));
    const failure = answer.kind === 'failed' ? answer.failure.message : null;
    await recordRound(store.db, 'prometheus', clock.now(), failure);
    return 'idle';
  });
}

function startReconciliation(
  { store, writer, clock, log, quiet, settings }: SourcesParts,
  own: NonNullable<Settings['alertmanager']>,
  loop: StartLoop,
): void {
  const headers = (): Record<string, string> =>
    Object.fromEntries(Object.entries(own.headers).map(([name, secret]) => [name, secret.reveal()]));
  const alertmanager = createAlertmanager({ url: own.url, headers, timeoutMs: HTTP_TIMEOUT_MS });
  const deps = { store, writer, clock, log, quiet, alertmanager, correlation: settings.policy.correlation };
  let news: number | null = null;
  store.onDirty(() => {
    news ??= clock.now();
  });
  let triedAt = Number.NEGATIVE_INFINITY;
  loop('alertmanager', TICK_MS, async () => {
    const now = clock.now();
    // By then the news is in its incident.
    const isNews = news !== null && now - news >= TICK_MS;
    const everyMs = isNews ? SOON_MS : ROUND_EVERY_MS;
    if (Math.abs(now - triedAt) < everyMs) return 'idle';
    triedAt = now;
    if (!(await takeRound(store.db, 'alertmanager', now, everyMs))) return 'idle';
    if (isNews) news = null;
    await takeLook(deps);
    return 'idle';
  });
}

async function takeLook(deps: ReconcileDeps): Promise<void> {
  const { store, clock, log } = deps;
  const outcome: RoundOutcome = await reconcile(deps).catch((error: unknown) => {
    log.warn({ err: error }, 'a comparison with Alertmanager failed and will be taken again');
    return { kind: 'inconclusive', because: 'our own store failed' };
  });
  if (outcome.kind === 'failed') log.warn({ because: outcome.because }, 'Alertmanager cannot be asked what fires');
  const failure = outcome.kind === 'failed' ? outcome.because : null;
  await recordRound(store.db, 'alertmanager', clock.now(), failure);
  await forgetSightings(store.db, clock.now() - SIGHTINGS_KEPT_MS);
}
