import type { Alert } from '../domain/alert.ts';
import { correlationKey, labelFor } from '../domain/correlation.ts';
import type { CorrelationPolicy } from '../domain/policy.ts';
import type { Instant } from '../domain/time.ts';
import { contentHashOf, fingerprintOf, identityOf } from './fingerprint.ts';
import type { ObservedAlert, Source } from './ports.ts';

/** An alert as its source gave it, checked. Null is what it did not say. */
export interface GivenAlert {
  readonly source: Source;
  readonly fingerprint: string | null;
  readonly status: 'firing' | 'resolved';
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  readonly startsAt: Instant | null;
  readonly endsAt: Instant | null;
  readonly generatorUrl: string | null;
}

/** Fills in what the source left out, and says which alert this is and where it belongs. */
export function observe(
  given: GivenAlert,
  receivedAt: Instant,
  policy: CorrelationPolicy,
  groupHash?: string,
): ObservedAlert {
  // An end that comes with a firing alert is a promise to expire, not an end.
  const saidEnd = given.status === 'firing' ? null : given.endsAt;
  const endsAt = given.status === 'firing' ? null : (saidEnd ?? receivedAt);
  const fingerprint = given.fingerprint ?? fingerprintOf(given.labels);
  const alert: Alert = {
    source: given.source,
    fingerprint,
    status: given.status,
    labels: given.labels,
    annotations: given.annotations,
    // An end without a start is the end of whatever fires now; mergeAlert knows it by its having no length.
    startsAt: given.startsAt ?? endsAt ?? receivedAt,
    endsAt,
    generatorUrl: given.generatorUrl,
    service: labelFor(given.labels, policy.labels.service),
    environment: labelFor(given.labels, policy.labels.environment),
    ...(groupHash === undefined ? {} : { groupHash }),
  };
  return {
    alert,
    identity: identityOf(fingerprint, given.labels, policy.ignoreLabels),
    correlationKey: correlationKey(alert, policy),
    contentHash: contentHashOf({ ...given, endsAt: saidEnd }),
    startAssumed: given.startsAt === null,
  };
}
