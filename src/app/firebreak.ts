import type { Server } from 'node:http';
import { createApi } from '../api/index.ts';
import type { Clock } from '../domain/time.ts';
import { createWebhooks } from '../ingest/index.ts';
import { createWebhookAuth } from '../ingest/index.ts';
import { isLoopback } from '../settings/sandbox.ts';
import type { Settings } from '../settings/types.ts';
import { openStore } from '../store/store.ts';
import type { Store } from '../store/store.ts';
import type { Logger } from '../telemetry/logger.ts';
import { Metrics } from '../telemetry/store-metrics.ts';
import { declaredFactNames } from '../triage/catalogue.ts';
import { createRuleStore } from '../triage/store.ts';
import type { RuleStore } from '../triage/store.ts';
import { createBackend } from './backend.ts';
import { startDrill } from './drill.ts';
import { startDatabase } from './database.ts';
import { readHandover, silence } from './handover.ts';
import { startHeartbeat } from './heartbeat.ts';
import { addressOf, closeServer, listen } from './http-server.ts';
import type { Pipeline } from './pipeline.ts';
import { buildPipeline } from './pipeline.ts';
import { changeStore } from './changes.ts';
import { createMetricsSource } from './outside.ts';
import { createQuietSink } from './sources/quiet.ts';
import { startSources } from './sources/index.ts';
import type { RefusalLog } from './sources/refusal-log.ts';
import { createRefusalLog } from './sources/refusal-log.ts';
import { readValues } from './values.ts';

export interface Running {
  /** Where it listens. */
  readonly url: string;
  readonly store: Store;
  /** Drains: takes nothing new, finishes what is under way, then lets go of the database. */
  stop(): Promise<void>;
}

export interface StartOptions {
  readonly settings: Settings;
  readonly log: Logger;
  readonly clock: Clock;
  readonly version: string;
  /** Ends a start that is under way. */
  readonly signal: AbortSignal;
}

const STOP_GRACE_MS = 5_000;

/** A step of the start, and how it is undone. Undone in reverse order, each on its own, so that one failure hides none. */
type Undo = readonly [name: string, undo: () => Promise<void>];

/** Builds everything and starts it: database, rules, pipeline, HTTP. What a failed start began is stopped again. */
export async function startFirebreak(options: StartOptions): Promise<Running> {
  const undo: Undo[] = [];
  try {
    return await start(options, undo);
  } catch (error) {
    await undoAll(undo).catch((failure: unknown) => {
      options.log.warn({ err: failure }, 'stopping after the failed start did not go well either');
    });
    throw error;
  }
}

async function start(options: StartOptions, undo: Undo[]): Promise<Running> {
  const { settings, log, clock, signal } = options;
  const rules = await loadRules(options);
  undo.push([
    'rules',
    () => {
      rules.close();
      return Promise.resolve();
    },
  ]);
  const database = await startDatabase(settings.database.url.reveal(), log, signal);
  undo.push(['database', () => database.stop()]);
  const store = await openStore(database.connection, {
    lateFiringMs: settings.policy.correlation.lateFiringSeconds * 1000,
    refreshMs: 30_000,
    exclusive: database.exclusive,
    log,
  });
  undo.push(['store', () => store.close()]);
  signal.throwIfAborted();
  const metrics: Metrics = new Metrics(() =>
    readValues({
      store,
      policy: settings.policy,
      rules,
      sandbox: settings.sandbox,
      clock,
      flush: () => pipeline.counts.flush(),
    }),
  );
  const onCommit = (seconds: number): void => {
    metrics.ingestCommitSeconds.observe(seconds);
  };
  const pipeline = buildPipeline({ settings, store, rules, clock, log, exclusive: database.exclusive, onCommit });
  await pipeline.start();
  undo.push(['pipeline', () => pipeline.stop()]);
  const refusals = createRefusalLog(store);
  const sources = startSources({
    ...{ settings, store, clock, log, refusals, writer: pipeline.writer },
    prometheus: createMetricsSource(settings),
    quiet: createQuietSink(store, pipeline.commander),
  });
  undo.push(['watch over the sources', () => sources.stop()]);
  const heartbeat = startHeartbeat(settings.heartbeat, () => store.ping(), log);
  undo.push(['heartbeat', () => heartbeat.stop()]);
  const server = await serveHttp(options, store, rules, pipeline, metrics, refusals);
  undo.push(['http server', () => closeServer(server, STOP_GRACE_MS)]);
  return { url: addressOf(server), store, stop: () => undoAll(undo) };
}

function loadRules({ settings, clock, log }: StartOptions): Promise<RuleStore> {
  return createRuleStore({
    directory: settings.rulesDir,
    declaredFacts: declaredFactNames(settings.policy),
    clock,
    log,
    watch: true,
  });
}

function serveHttp(
  { settings, log, clock, version }: StartOptions,
  store: Store,
  rules: RuleStore,
  pipeline: Pipeline,
  metrics: Metrics,
  refusals: RefusalLog,
): Promise<Server> {
  const { commander, policy, policyChanged, writer, counts } = pipeline;
  const { http, pagerduty, slack } = settings;
  const onLoopback = isLoopback(http.host);
  const webhooks = createWebhooks({
    auth: createWebhookAuth({
      ...http.webhookAuth,
      pagerdutySecrets: pagerduty?.webhookSecrets ?? [],
      slackSecrets: [slack?.signingSecret ?? [], slack?.signingSecrets ?? []].flat(),
      loopbackWithoutCredentials: onLoopback,
    }),
    policy: settings.policy,
    writer,
    changes: changeStore(store, commander, policy),
    pageNews: pipeline.pageNews,
    slack: pipeline.slack?.desk ?? null,
    maxBodyBytes: http.maxBodyBytes,
    clock,
    log,
    metrics: counts,
    recordRefusal: refusals.refused,
    recordAccepted: refusals.accepted,
  });
  const api = createApi({
    backend: createBackend({
      ...{ store, commander, policy, policyChanged, rules, clock },
      snapshots: createMetricsSource(settings),
      preview: pipeline.preview,
      drill: (service, by) => startDrill({ store, writer, clock }, service, by),
      handover: () => readHandover({ store, policy, clock, silent: silence(settings) }),
    }),
    health: {
      ready: () => readiness(store),
      metrics: async () => ({ contentType: metrics.contentType, text: await metrics.text() }),
    },
    tokens: settings.api.tokens,
    openWithoutCredentials: onLoopback && settings.api.tokens.length === 0,
    monitoringSeconds: settings.policy.monitoringSeconds,
    version,
    sandbox: settings.sandboxReason,
    log,
  });
  return listen(webhooks, api, http.host, http.port);
}

async function readiness(store: Store): Promise<string | null> {
  try {
    await store.ping();
    return null;
  } catch (error) {
    return `the database does not answer: ${error instanceof Error ? error.message : String(error)}`;
  }
}

async function undoAll(undo: Undo[]): Promise<void> {
  const failures: Error[] = [];
  for (const [name, step] of undo.splice(0).reverse()) {
    try {
      await step();
    } catch (error) {
      failures.push(new Error(`stopping the ${name} failed`, { cause: error }));
    }
  }
  if (failures.length > 0) throw new AggregateError(failures, failures.map((failure) => failure.message).join('; '));
}
