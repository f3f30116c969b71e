import { isStoreDown } from '../api/store-down.ts';
import type { Clock } from '../domain/time.ts';
import { createDeliveryWriter } from '../ingest/index.ts';
import type { DeliveryWriter } from '../ingest/index.ts';
import { driveRollback } from '../rollback/coordinator.ts';
import type { Settings } from '../settings/types.ts';
import { claimDirtyKey, nextDirtyAt, releaseAllKeys } from '../store/keys.ts';
import { findIdleLanes, unfinishedLanes, voidLeases } from '../store/effects.ts';
import type { Lane } from '../store/effects.ts';
import type { JobHandlers, NewJob } from '../store/jobs.ts';
import { forgetOld, unfinishedRollbacks } from '../store/lists.ts';
import { readAutomation } from '../store/rollbacks.ts';
import type { Store } from '../store/store.ts';
import type { Logger } from '../telemetry/logger.ts';
import type { Loop, Next } from '../timers/loop.ts';
import { startLoop } from '../timers/loop.ts';
import type { RuleStore } from '../triage/store.ts';
import { advanceKey } from './advance.ts';
import type { AdvanceDeps } from './advance.ts';
import { createChannels, quietChannels } from './channels.ts';
import type { Channels } from './channels.ts';
import type { Commander, EffectivePolicy } from './commander.ts';
import { createCommander } from './commander.ts';
import { gatherFacts } from './facts.ts';
import { followUp } from './follow-up.ts';
import { createIngestCounts } from './ingest-counts.ts';
import type { IngestCounts } from './ingest-counts.ts';
import { runLane } from './lanes.ts';
import { createNudge } from './nudge.ts';
import { activeAt, createOutside } from './outside.ts';
import type { Outside } from './outside.ts';
import { effectivePolicy } from './policy.ts';
import { preview, rehearseNext } from './rehearsals.ts';
import type { RehearsalDeps } from './rehearsals.ts';
import { createCoordinator } from './rollbacks.ts';
import type { PageNewsDesk } from './page-news.ts';
import { createPageNewsSink } from './page-news.ts';
import type { SlackIn } from './slack/index.ts';
import { createSlackIn } from './slack/index.ts';
import { fireDueTimers } from './timers.ts';

export interface PipelineParts {
  readonly settings: Settings;
  readonly store: Store;
  readonly rules: RuleStore;
  readonly clock: Clock;
  readonly log: Logger;
  readonly exclusive: boolean;
  readonly onCommit: (seconds: number) => void;
}

/** The pipeline, built and not yet running. */
export interface Pipeline {
  readonly commander: Commander;
  /** As it is this moment. */
  readonly policy: EffectivePolicy;
  /** Somebody switched something here: it holds from now on. Other replicas follow within POLICY_KEPT_MS. */
  readonly policyChanged: () => void;
  readonly writer: DeliveryWriter;
  readonly counts: IngestCounts;
  /** What people do in Slack; null: it is not configured. */
  readonly slack: SlackIn | null;
  /** What happens in PagerDuty. */
  readonly pageNews: PageNewsDesk;
  /** Resolves and rehearses the rollback plan of a service. */
  readonly preview: (service: string) => ReturnType<typeof preview>;
  readonly start: () => Promise<void>;
  /** In reverse order: nothing new is taken, what is under way ends. */
  readonly stop: () => Promise<void>;
}

/** Dirty keys are looked at by this many workers; each spends most of its time waiting for the network or the store. */
const ADVANCE_WORKERS = 4;
const ADVANCE_LEASE_MS = 10_000;
/** Deciding may go by what was switched this long ago; carrying out may not. */
const POLICY_KEPT_MS = 500;
/** What a wake-up that was lost costs at most. */
const SWEEP_MS = 500;
const LANE_SWEEP_MS = 2_000;
const HOUSEKEEPING_MS = 3_600_000;
const LANE_GRACE_MS = 90_000;
const REHEARSAL_SWEEP_MS = 5_000;
const PREVIEW_TIMEOUT_MS = 10_000;

/**
 * ingest → advance (correlate, triage) → react → effects: the stages in order, each with what it needs. Stages hand over
 * through the store only, so each may die at any line and the next process goes on.
 */
export function buildPipeline(parts: PipelineParts): Pipeline {
  const { settings, store, clock, log } = parts;
  const freshPolicy: EffectivePolicy = async () =>
    effectivePolicy(settings.policy, await readAutomation(store.db), settings.sandbox);
  const { policy, forget } = kept(freshPolicy, clock, POLICY_KEPT_MS);

  // 1. ingest: many deliveries, one commit
  const counts = createIngestCounts(store);
  const writer = createDeliveryWriter({
    store,
    clock,
    log,
    maxRowsPerCommit: 2_000,
    maxQueuedRows: 20_000,
    lateFiringMs: settings.policy.correlation.lateFiringSeconds * 1000,
    onCommit: parts.onCommit,
    isStoreDown: (error) => isStoreDown(error),
  });
  store.onConnectionLost((error) => {
    log.warn({ err: error }, 'lost a connection to the database');
    writer.forget();
  });

  // 2. advance: correlate, triage, decide
  const commander = createCommander(store, clock, policy, {
    quiet: quietChannels(settings),
    hasWebhooks: settings.webhooks.length > 0,
  });
  const outside = createOutside(parts);
  const advance = createAdvance(parts, commander, policy, outside);
  const rehearsals = { store, clock, policy, providers: outside.providers, callTimeoutMs: PREVIEW_TIMEOUT_MS };

  // 3. react happens in the commander: events, timers, intents and jobs are one commit

  // 4. effects: notify and roll back
  const channels = createChannels(settings, clock);
  const slack = createSlackIn(parts, commander, freshPolicy);
  const pageNews = createPageNewsSink(store, commander, freshPolicy);
  const handlers = createHandlers(parts, { commander, advance, outside, channels, slack, pageNews }, freshPolicy);
  const nudge = createNudge(handlers, log);
  store.onCommitted((jobs) => {
    nudge.run(jobs);
  });

  // 5. timers
  const loops: Loop[] = [];
  return {
    commander,
    policy: freshPolicy,
    policyChanged: forget,
    writer,
    counts,
    slack,
    pageNews,
    preview: (service) => preview(rehearsals, service),
    start: async () => {
      if (parts.exclusive) await Promise.all([voidLeases(store.db), releaseAllKeys(store.db)]);
      await store.jobs.work(handlers);
      await resume(store);
      loops.push(...startLoops(parts, advance, { store, clock, commander, policy }, counts, rehearsals));
      loops.push(...(slack?.startLoops() ?? []));
    },
    stop: async () => {
      await writer.drain();
      await Promise.all(loops.map((loop) => loop.stop()));
      await nudge.drain();
      await slack?.desk.drain();
      await counts.flush();
    },
  };
}

/** Asks at most once in `forMs`, and anew after `forget`. */
function kept(
  policy: EffectivePolicy,
  clock: Clock,
  forMs: number,
): { readonly policy: EffectivePolicy; readonly forget: () => void } {
  let asked: { readonly at: number; readonly answer: ReturnType<EffectivePolicy> } | null = null;
  const forget = (): void => {
    asked = null;
  };
  const ask: EffectivePolicy = async () => {
    // However the clock was set meanwhile.
    if (asked === null || Math.abs(clock.now() - asked.at) >= forMs) asked = { at: clock.now(), answer: policy() };
    const { answer } = asked;
    try {
      return await answer;
    } catch (error) {
      forget();
      throw error;
    }
  };
  return { policy: ask, forget };
}

function createAdvance(
  parts: PipelineParts,
  commander: Commander,
  policy: EffectivePolicy,
  { prometheus, investigation }: Outside,
): AdvanceDeps {
  const { store, clock, rules } = parts;
  const facts = { store, clock, metrics: prometheus, investigation };
  return {
    store,
    clock,
    commander,
    policy,
    rules: () => rules.current(),
    facts: (subject, effective) => gatherFacts(facts, subject, effective),
    activeAt: (alert) => (prometheus === null ? Promise.resolve(null) : activeAt(prometheus, alert)),
  };
}

function createHandlers(
  parts: PipelineParts,
  { commander, advance, outside, channels, slack, pageNews }: Built,
  freshPolicy: EffectivePolicy,
): JobHandlers {
  const { store, clock, log, settings } = parts;
  const { policy } = advance;
  const lanes = { store, clock, commander, policy, channels, publicUrl: settings.http.publicUrl, log };
  // What people switched off must hold before the very next step.
  const rollback = createCoordinator(parts, { commander, advance, ...outside }, freshPolicy);
  return {
    'effects-urgent': ({ incidentId, channel }) => runLane(lanes, { incidentId, channel, urgent: true }),
    effects: ({ incidentId, channel }) => runLane(lanes, { incidentId, channel, urgent: false }),
    rollback: ({ incidentId }) => driveRollback(rollback, incidentId),
    'slack-request': async ({ request }) => slack?.desk.takeLate(request),
    'follow-up': ({ incidentId }) => followUp({ store, clock, commander, policy, look: outside }, incidentId),
    'page-news': (data) => pageNews.applyLate(data),
  };
}

interface Built {
  readonly commander: Commander;
  readonly advance: AdvanceDeps;
  readonly outside: Outside;
  readonly channels: Channels;
  readonly slack: SlackIn | null;
  readonly pageNews: PageNewsDesk;
}

const laneJob = ({ incidentId, channel, urgent }: Lane): NewJob => ({
  name: urgent ? 'effects-urgent' : 'effects',
  data: { v: 1, incidentId, channel },
});

/** What a former process left: its effects, and its rollbacks, which read the real state before they go on. */
async function resume(store: Store): Promise<void> {
  const lanes = await unfinishedLanes(store.db);
  const rollbacks = await unfinishedRollbacks(store.db);
  await store.transaction((uow) =>
    uow.enqueue([
      ...lanes.map(laneJob),
      ...rollbacks.map((incidentId) => ({ name: 'rollback' as const, data: { v: 1 as const, incidentId } })),
    ]),
  );
}

function startLoops(
  parts: PipelineParts,
  advance: AdvanceDeps,
  timers: Parameters<typeof fireDueTimers>[0],
  counts: IngestCounts,
  rehearsals: RehearsalDeps,
): readonly Loop[] {
  const { store, clock, log } = parts;
  const loop = (name: string, idleMs: number, work: () => Promise<Next>): Loop =>
    startLoop({ name, idleMs, work, now: () => clock.now(), log });
  const workers = Array.from({ length: ADVANCE_WORKERS }, (_, i) =>
    loop(`advance-${i}`, SWEEP_MS, () => advanceOnce(advance)),
  );
  store.onDirty((keys) => {
    for (const worker of workers.slice(0, keys.length)) worker.wake();
  });
  const others = [
    loop('timers', SWEEP_MS, () => fireDueTimers(timers)),
    loop('rehearsals', REHEARSAL_SWEEP_MS, () => rehearseNext(rehearsals)),
    loop('lanes', LANE_SWEEP_MS, () => sweepLanes(store, clock)),
    loop('housekeeping', HOUSEKEEPING_MS, async () => {
      await forgetOld(store.db, clock.now());
      return 'idle';
    }),
    loop('counts', 1_000, async () => {
      await counts.flush();
      return 'idle';
    }),
  ];
  return [...workers, ...others];
}

async function advanceOnce(deps: AdvanceDeps): Promise<Next> {
  const claimed = await claimDirtyKey(deps.store.db, deps.clock.now(), ADVANCE_LEASE_MS);
  if (claimed !== null) {
    await advanceKey(deps, claimed);
    return 'again';
  }
  const next = await nextDirtyAt(deps.store.db);
  return next === null ? 'idle' : { at: next };
}

async function sweepLanes(store: Store, clock: Clock): Promise<Next> {
  await store.transaction(async (uow) => {
    const lanes = await findIdleLanes(uow.trx, clock.now(), LANE_GRACE_MS);
    await uow.enqueue(lanes.map(laneJob));
  });
  return 'idle';
}
