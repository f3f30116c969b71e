import type { Alert } from './alert.ts';
import { alertName } from './alert.ts';
import type { CorrelationPolicy } from './policy.ts';

/** The first of the configured labels that is there and not empty. */
export function labelFor(labels: Readonly<Record<string, string>>, names: readonly string[]): string | null {
  for (const name of names) {
    const value = Object.hasOwn(labels, name) ? labels[name] : undefined;
    if (value !== undefined && value !== '') return value;
  }
  return null;
}

/**
 * Alerts with equal keys belong to one incident. Without a service nothing says that two alerts have to do with each
 * other, so the alert's name then stands in the key.
 */
export function correlationKey(alert: Alert, policy: CorrelationPolicy): string {
  const parts = policy.groupBy.map((name) => {
    if (name === 'service') return alert.service;
    if (name === 'environment') return alert.environment;
    return labelFor(alert.labels, [name]);
  });
  const known = alert.service !== null;
  return JSON.stringify(known ? parts : [...parts, { alertname: alertName(alert) }]);
}
