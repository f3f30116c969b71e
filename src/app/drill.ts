import { createHash, randomUUID } from 'node:crypto';
import type { Alert } from '../domain/alert.ts';
import { DRILL_SOURCE } from '../domain/alert.ts';
import type { Clock } from '../domain/time.ts';
import { iso } from '../domain/time.ts';
import type { DeliveryWriter } from '../ingest/index.ts';
import { findActiveIncident } from '../store/incidents.ts';
import type { Store } from '../store/store.ts';

export interface DrillDeps {
  readonly store: Store;
  readonly writer: DeliveryWriter;
  readonly clock: Clock;
}

const WAIT_MS = 10_000;
const LOOK_EVERY_MS = 50;

/**
 * Delivers an alert that no webhook could send, under a key of its own, and waits for the incident that it opens.
 * Everything from here on is the way that every incident goes. Throws when it does not open in time.
 */
export async function startDrill({ store, writer, clock }: DrillDeps, service: string, by: string): Promise<string> {
  const now = clock.now();
  const id = randomUUID();
  const alert: Alert = {
    source: DRILL_SOURCE,
    fingerprint: id,
    status: 'firing',
    labels: { alertname: 'FirebreakDrill', service, severity: 'critical' },
    annotations: { summary: `Drill on ${service}, started by ${by}` },
    startsAt: iso(now),
    endsAt: null,
    generatorUrl: null,
    service,
    environment: 'drill',
  };
  const key = JSON.stringify([DRILL_SOURCE, service, id]);
  const contentHash = createHash('sha256').update(JSON.stringify(alert)).digest('hex');
  const alerts = [{ alert, identity: `${DRILL_SOURCE}/${id}`, correlationKey: key, contentHash }];
  await writer.accept({ id, source: DRILL_SOURCE, receivedAt: now, alerts, heartbeats: [], rejected: [] });
  const deadline = now + WAIT_MS;
  for (;;) {
    const opened = await findActiveIncident(store.db, key);
    if (opened !== null) return opened.state.id;
    if (clock.now() > deadline) throw new Error(`the drill's incident did not open in ${WAIT_MS / 1000} s`);
    await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS));
  }
}
