import { createHash, randomUUID } from 'node:crypto';
import type { Alert } from '../../domain/alert.ts';
import { OWN_SOURCE } from '../../domain/alert.ts';
import type { Trouble } from '../../domain/pipeline-health.ts';
import type { Clock } from '../../domain/time.ts';
import { iso } from '../../domain/time.ts';
import type { DeliveryWriter } from '../../ingest/index.ts';
import type { ObservedAlert } from '../../ingest/ports.ts';
import { readOwnFiring } from '../../store/pipeline-health.ts';
import type { Store } from '../../store/store.ts';

export interface OwnAlertDeps {
  readonly store: Store;
  readonly writer: Pick<DeliveryWriter, 'accept'>;
  readonly clock: Clock;
}

/** By which the rules know them. */
const CAUSE = 'firebreak_cause';

/** Causes of which an alert of ours fires. */
export async function standingCauses({ store }: OwnAlertDeps): Promise<ReadonlySet<string>> {
  return new Set((await readOwnFiring(store.db)).map(({ labels }) => labels[CAUSE] ?? ''));
}

/**
 * Makes our own alerts say what is wrong now: those of new troubles fire, those of troubles that are over resolve. They are
 * delivered as any others, and nobody outside can deliver one: the source is given by the endpoint. Safe to repeat.
 */
export async function reportTroubles(deps: OwnAlertDeps, troubles: readonly Trouble[]): Promise<void> {
  const now = deps.clock.now();
  const standing = new Map((await readOwnFiring(deps.store.db)).map((alert) => [alert.fingerprint, alert]));
  const news: Alert[] = [];
  for (const trouble of troubles) {
    const fingerprint = fingerprintOf(trouble.cause);
    const known = standing.get(fingerprint);
    standing.delete(fingerprint);
    if (known?.labels['severity'] === trouble.severity) continue;
    news.push(alertOf(trouble, fingerprint, known));
  }
  for (const over of standing.values()) news.push({ ...over, status: 'resolved', endsAt: iso(now) });
  if (news.length === 0) return;
  const alerts = news.map(observed);
  const delivery = { id: randomUUID(), source: OWN_SOURCE, receivedAt: now, alerts, heartbeats: [], rejected: [] };
  await deps.writer.accept(delivery);
}

function alertOf(trouble: Trouble, fingerprint: string, known: Alert | undefined): Alert {
  const { alertname, severity, cause, summary, description, since } = trouble;
  return {
    source: OWN_SOURCE,
    fingerprint,
    status: 'firing',
    labels: { alertname, service: OWN_SOURCE, severity, [CAUSE]: cause },
    annotations: { summary, description },
    startsAt: known?.startsAt ?? iso(since),
    endsAt: null,
    generatorUrl: null,
    service: OWN_SOURCE,
    environment: null,
  };
}

const fingerprintOf = (cause: string): string => createHash('sha256').update(cause).digest('hex').slice(0, 16);

/** Keys of alerts from outside are lists: none of them can join this incident. */
const observed = (alert: Alert): ObservedAlert => ({
  alert,
  identity: `${OWN_SOURCE}/${alert.fingerprint}`,
  correlationKey: JSON.stringify({ firebreak: alert.labels[CAUSE] ?? '' }),
  contentHash: createHash('sha256').update(JSON.stringify(alert)).digest('hex'),
});
