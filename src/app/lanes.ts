import { isRetryable } from '../domain/failure.ts';
import type { Failure } from '../domain/failure.ts';
import type { EffectOutcome } from '../domain/incident/commands.ts';
import type { PageReason } from '../domain/incident/events.ts';
import { isNewsWhenSkipped } from '../domain/incident/react.ts';
import type { EffectIntent } from '../domain/view.ts';
import { offersOf } from '../domain/incident/offers.ts';
import type { IncidentState } from '../domain/incident/state.ts';
import { viewOf } from '../domain/incident/view.ts';
import type { Clock } from '../domain/time.ts';
import type { ChannelName } from '../domain/view.ts';
import type { Attachment, Channel, Delivery } from '../notify/ports.ts';
import { renderReport } from '../report/render.ts';
import { reportOf } from '../report/report.ts';
import type { ClaimedEffect, EffectEnd, Lane } from '../store/effects.ts';
import { claimEffect, finishEffect, holdsEffect, postponeEffect } from '../store/effects.ts';
import { lockIncident, readIncident } from '../store/incidents.ts';
import type { Store } from '../store/store.ts';
import { readTimeline } from '../store/timeline.ts';
import type { Commander, EffectivePolicy } from './commander.ts';

export interface LaneDeps {
  readonly store: Store;
  readonly clock: Clock;
  readonly commander: Commander;
  readonly policy: EffectivePolicy;
  /** Null: this channel is not configured. */
  readonly channels: Readonly<Record<ChannelName, Channel | null>>;
  readonly publicUrl: string | null;
  readonly log: { warn(details: object, message: string): void; error(details: object, message: string): void };
}

/** One call to a provider may take this long; the lease outlives it. */
const DELIVERY_TIMEOUT_MS = 15_000;
const LEASE_MS = 30_000;
/** A night and a day of a provider being down; after that it is a dead letter, and news of no use to anybody. */
const GIVE_UP_AFTER_MS = 24 * 3_600_000;

/** The lane's first effect did not go out this time: the job queue comes back with backoff. */
class RetryLater extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'RetryLater';
  }
}

/**
 * Carries out what stands in a lane, in order: take the intent, act, write the receipt together with the event that
 * reports it. Throws RetryLater when the first effect has to wait; later ones then wait behind it.
 */
export async function runLane(deps: LaneDeps, lane: Lane): Promise<void> {
  for (;;) {
    // Durable like everything else here: an attempt that the database forgot would leave a page that nobody resolves.
    const head = await claimEffect(deps.store.db, lane, deps.clock.now(), LEASE_MS);
    if (head.kind === 'empty') return;
    // Somebody is at it. Whether it works out is not known yet, so the promise stands.
    if (head.kind === 'busy') throw new RetryLater('another worker is at this lane');
    if (head.kind === 'not-yet') throw new RetryLater(`not before ${new Date(head.at).toISOString()}`);
    if (!(await carryOut(deps, head.effect))) return;
  }
}

/** Returns whether more stands in the lane. */
async function carryOut(deps: LaneDeps, effect: ClaimedEffect): Promise<boolean> {
  const delivery = effect.superseded ? SUPERSEDED : await deliver(deps, effect);
  if (delivery.kind === 'failed' && mayRetry(deps, effect, delivery.failure)) {
    return postpone(deps, effect, delivery.failure);
  }
  return settle(deps, effect, endOf(delivery));
}

const SUPERSEDED: Delivery = { kind: 'skipped', because: 'a newer one follows, which says it all' };

async function deliver(deps: LaneDeps, effect: ClaimedEffect): Promise<Delivery> {
  const { intent, ambiguous } = effect;
  const channel = deps.channels[intent.channel];
  if (channel === null) return { kind: 'skipped', because: `${intent.channel} is not configured` };
  const loaded = await readIncident(deps.store.db, intent.incidentId);
  if (loaded === null) return { kind: 'skipped', because: 'the incident does not exist' };
  if (intent.kind === 'trigger' && !ambiguous && !isWanted(intent, loaded.state)) {
    return { kind: 'skipped', because: `the incident was ${loaded.state.status} before the page could go out` };
  }
  if (intent.channel === 'statuspage' && isRetractedUnsaid(intent, loaded.state)) {
    return { kind: 'skipped', because: 'it was dismissed before customers heard of it' };
  }
  return channel.deliver(intent, {
    incident: viewOf(loaded.state, deps.publicUrl),
    attachments: await attachmentsOf(deps, intent),
    offers: offersOf(loaded.state),
    receipts: loaded.state.receipts[intent.channel] ?? {},
    ambiguous,
    signal: AbortSignal.timeout(DELIVERY_TIMEOUT_MS),
  });
}

/** A post-mortem that is shared goes with its mail as a page, so that whoever gets it needs no access here. */
async function attachmentsOf({ store }: LaneDeps, intent: EffectIntent): Promise<readonly Attachment[]> {
  if (intent.kind !== 'postmortem') return [];
  const report = reportOf(await readTimeline(store.db, intent.incidentId));
  return report === null ? [] : [renderReport(report, 'html')];
}

/**
 * Nobody is woken for what is over, but for a bad version that is back after the recovery, or a cause that nobody looks
 * for. What may have been sent is sent again, so that its resolve finds it.
 */
const isWanted = ({ data }: EffectIntent, { status }: IncidentState): boolean =>
  status === 'open' || status === 'acknowledged' || (status === 'mitigated' && AFTERWARDS.has(data['reason']));

/** A false alarm that customers have not heard of is none to them. The retraction looks whether they have, after all. */
const isRetractedUnsaid = ({ kind }: EffectIntent, { dismissed, receipts }: IncidentState): boolean =>
  dismissed !== null && kind !== 'retract' && receipts['statuspage']?.['publish'] === undefined;

const AFTERWARDS: ReadonlySet<unknown> = new Set<PageReason>(['rollback-reverted', 'escalated']);

const mayRetry = (deps: LaneDeps, effect: ClaimedEffect, failure: Failure): boolean =>
  isRetryable(failure.kind) && deps.clock.now() - effect.createdAt < GIVE_UP_AFTER_MS;

async function postpone(deps: LaneDeps, effect: ClaimedEffect, failure: Failure): Promise<never> {
  const { intent, attempts } = effect;
  const { id: effectId, incidentId } = intent;
  deps.log.warn({ effectId, incidentId, failure, attempts }, 'an effect did not go out and will be tried again');
  // Also without a wait it says when somebody was last at it, so that the sweep does not take its job for lost.
  const notBefore = deps.clock.now() + (failure.retryAfterMs ?? 0);
  // Once it may have got through, it may have got through for ever.
  await postponeEffect(deps.store.db, effect, effect.ambiguous || failure.kind === 'ambiguous', notBefore);
  throw new RetryLater(`${intent.channel} ${intent.kind}: ${failure.message}`);
}

function endOf(delivery: Delivery): EffectEnd {
  switch (delivery.kind) {
    case 'delivered':
      return { status: 'delivered', receipt: delivery.receipt };
    case 'skipped':
      return { status: 'skipped', because: delivery.because };
    case 'failed':
      return { status: isRetryable(delivery.failure.kind) ? 'dead' : 'failed', failure: delivery.failure };
  }
}

async function settle(deps: LaneDeps, effect: ClaimedEffect, end: EffectEnd): Promise<boolean> {
  const { intent, attempts } = effect;
  const now = deps.clock.now();
  const { id: effectId, incidentId, channel, kind } = intent;
  if (end.status === 'failed' || end.status === 'dead') {
    deps.log.error(
      { effectId, incidentId, failure: end.failure, attempts },
      'an effect was given up: see the dead letters',
    );
  }
  const outcome = reported(effect, end, now);
  const policy = await deps.policy();
  return deps.store.transaction(async (uow) => {
    const before = outcome === null ? null : await lockIncident(uow.trx, incidentId);
    if (!(await holdsEffect(uow.trx, effect))) return true;
    if (outcome !== null && before !== null) {
      const report = { kind: 'report-effect', effect: { effectId, channel, kind }, outcome } as const;
      await deps.commander.apply(uow, incidentId, before, [report], policy);
    }
    return finishEffect(uow.trx, effect, end, now);
  });
}

function reported(effect: ClaimedEffect, end: EffectEnd, now: number): EffectOutcome | null {
  const { kind } = effect.intent;
  switch (end.status) {
    case 'delivered':
      return kind === 'refresh'
        ? null
        : { kind: 'sent', receipt: end.receipt, latencyMs: Math.max(0, now - effect.createdAt) };
    case 'skipped':
      return isNewsWhenSkipped(kind) ? { kind: 'skipped', because: end.because } : null;
    case 'failed':
    case 'dead':
      return { kind: 'failed', failure: end.failure, attempts: effect.attempts };
  }
}
