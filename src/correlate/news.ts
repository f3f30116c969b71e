import type { Alert } from '../domain/alert.ts';
import { alertKey, alertName, DRILL_SOURCE } from '../domain/alert.ts';
import type { AlertNews, Opening } from '../domain/incident/commands.ts';
import type { AlertCounts, AlertSample, OnsetSource } from '../domain/incident/events.ts';
import type { Instant } from '../domain/time.ts';

/** What one look at a correlation key found. */
export interface KeyNews {
  readonly counts: AlertCounts;
  /** Samples; the names are of all. */
  readonly joined: readonly Alert[];
  readonly joinedNames: readonly string[];
  readonly joinedCount: number;
  readonly resolved: readonly Alert[];
  readonly resolvedCount: number;
}

/** Samples that go into one event; the counts say how many there were. */
const SAMPLES = 10;

const sampleOf = (alert: Alert): AlertSample => ({
  key: alertKey(alert.source, alert.fingerprint),
  name: alertName(alert),
  labels: alert.labels,
  annotations: alert.annotations,
  startsAt: alert.startsAt,
  generatorUrl: alert.generatorUrl,
});

export function alertNews(news: KeyNews): AlertNews {
  return {
    counts: news.counts,
    joined: {
      count: news.joinedCount,
      names: [...new Set(news.joinedNames)].sort(),
      samples: news.joined.slice(0, SAMPLES).map(sampleOf),
    },
    resolved: { count: news.resolvedCount, samples: news.resolved.slice(0, SAMPLES).map(sampleOf) },
  };
}

/**
 * The incident that these alerts open, named after the one that began first. An occurrence that was over before we
 * looked opens one too: it happened, so it is on record.
 */
export function openingFor(
  correlationKey: string,
  alerts: readonly Alert[],
  onset: { readonly at: Instant; readonly source: OnsetSource } | null,
  runbookUrl: string | null,
  afterKeyVersion: number,
): Opening | null {
  const first = earliest(alerts);
  if (first === null) return null;
  return {
    correlationKey,
    service: first.service,
    environment: first.environment,
    title: titleOf(first),
    labels: first.labels,
    onset: onset ?? { at: first.startsAt, source: 'starts-at' },
    runbookUrl: first.annotations['runbook_url'] ?? first.annotations['runbook'] ?? runbookUrl,
    sourceUrl: first.generatorUrl,
    afterKeyVersion,
    ...(first.source === DRILL_SOURCE ? { drill: true } : {}),
  };
}

export const earliest = (alerts: readonly Alert[]): Alert | null =>
  alerts.reduce<Alert | null>(
    (first, alert) => (first === null || alert.startsAt < first.startsAt ? alert : first),
    null,
  );

const TITLE_LENGTH = 200;

function titleOf(alert: Alert): string {
  const summary = (alert.annotations['summary'] ?? '').replaceAll(/\s+/g, ' ').trim();
  const title = summary === '' ? `${alertName(alert)}${alert.service === null ? '' : ` on ${alert.service}`}` : summary;
  // Cut between code points: half of a surrogate pair is not text.
  return Array.from(title).slice(0, TITLE_LENGTH).join('');
}
