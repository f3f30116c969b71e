import { alertName } from '../../domain/alert.ts';
import type { RecoveryCheck } from '../../domain/recovery.ts';
import { ask, failureText } from './ask.ts';
import type { AlertScope, Metrics } from './ports.ts';

type Labels = Readonly<Record<string, string>>;

/** Do the incident's alerts still fire? Prometheus knows at its next evaluation; Alertmanager says so a group interval later. */
export async function checkAlerts(
  metrics: Metrics | null,
  scope: AlertScope,
  signal: AbortSignal,
): Promise<RecoveryCheck> {
  const check = (result: RecoveryCheck['result'], detail: string): RecoveryCheck => ({
    name: 'alerts',
    result,
    detail,
  });
  if (scope.names.length === 0) return check('unknown', 'the incident has no alert to look for');
  if (metrics === null) return check('unknown', 'no Prometheus is configured');
  const answer = await ask((bounded) => metrics.firingAlerts(bounded), signal);
  if (answer.kind === 'failed') return check('unknown', failureText(answer.failure));
  const firing = answer.alerts.filter(({ labels }) => isOf(scope, labels)).map(alertName);
  if (firing.length === 0) return check('pass', `none of ${scope.names.join(', ')} fires`);
  return check('fail', `${firing.length} still firing: ${[...new Set(firing)].sort().join(', ')}`);
}

const isOf = ({ names, ...scope }: AlertScope, labels: Labels): boolean =>
  names.includes(labels['alertname'] ?? '') &&
  agrees(labels, scope.serviceLabels, scope.service) &&
  agrees(labels, scope.environmentLabels, scope.environment);

/**
 * Under one of these labels stands the value. An alert that has none of them is not excluded: Prometheus shows its alerts
 * without external labels, and an alert that was wrongly left out would prove a recovery that is none.
 */
function agrees(labels: Labels, names: readonly string[], value: string | null): boolean {
  if (value === null) return true;
  const present = names.map((name) => labels[name]).filter((label) => label !== undefined && label !== '');
  return present.length === 0 || present.includes(value);
}
