import type { Instant } from './time.ts';

/**
 * One normalised alert. Identity is source + fingerprint, never display text. `service` and `environment` come from
 * the labels by configuration and are null when no configured label is there.
 */
export interface Alert {
  readonly source: string;
  readonly fingerprint: string;
  readonly status: 'firing' | 'resolved';
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  readonly startsAt: Instant;
  /** When it ended; null while it fires. */
  readonly endsAt: Instant | null;
  readonly generatorUrl: string | null;
  readonly service: string | null;
  readonly environment: string | null;
  /**
   * Hex sha256 of the group key under which Alertmanager last told of it anew; absent where there is none. Its own
   * PagerDuty receiver uses the same as `dedup_key`.
   */
  readonly groupHash?: string;
}

export const alertKey = (source: string, fingerprint: string): string => `${source}/${fingerprint}`;

export const alertName = (alert: Pick<Alert, 'labels'>): string => alert.labels['alertname'] ?? 'unnamed alert';

/** Alerts of drills are made inside: no webhook can send one, so that nothing real can be marked as a drill. */
export const DRILL_SOURCE = 'drill';

/** Alerts about the way that alerts take to us. Made inside, too. */
export const OWN_SOURCE = 'firebreak';
