import type { Alertmanager, AlertmanagerAnswer } from '../../clients/alertmanager.ts';
import type { RulesSource } from '../../clients/prometheus.ts';
import type { CorrelationPolicy } from '../../domain/policy.ts';
import { labelFor } from '../../domain/correlation.ts';

/** An alert that fires, or a rule that may. */
export interface SeenAlert {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  readonly receivers: readonly string[];
  readonly startsAt: string | null;
  readonly from: 'alertmanager' | 'prometheus';
}

export interface Gathered {
  readonly version: string;
  readonly receivers: readonly string[];
  readonly alerts: readonly SeenAlert[];
  /** Null: Prometheus was not asked. */
  readonly rules: readonly SeenAlert[] | null;
}

const GATHER_MS = 30_000;

/** Reads what there is. Throws, in words for people, when somebody does not answer. */
export async function gather(
  alertmanager: Alertmanager,
  prometheus: RulesSource | null,
  correlation: CorrelationPolicy,
): Promise<Gathered> {
  const signal = AbortSignal.timeout(GATHER_MS);
  const status = answered(await alertmanager.status(signal));
  const receivers = answered(await alertmanager.receivers(signal));
  const alerts = answered(await alertmanager.alerts(signal));
  // A group knows to which of the receivers its alerts really go; the list of alerts names them all the same.
  const groups = answered(await alertmanager.groups(signal));
  const goesTo = new Map<string, Set<string>>();
  for (const { receiver, alerts: grouped } of groups) {
    for (const { fingerprint } of grouped) {
      goesTo.set(fingerprint, (goesTo.get(fingerprint) ?? new Set()).add(receiver.name));
    }
  }
  return {
    version: status.versionInfo.version,
    receivers: receivers.map(({ name }) => name),
    alerts: alerts.map(({ fingerprint, labels, annotations, startsAt, receivers: named }) => ({
      name: labels['alertname'] ?? 'unnamed alert',
      ...{ labels, annotations, startsAt },
      receivers: [...(goesTo.get(fingerprint) ?? named.map(({ name }) => name))].sort(),
      from: 'alertmanager' as const,
    })),
    rules: prometheus === null ? null : await rulesOf(prometheus, correlation, signal),
  };
}

function answered<T>(answer: AlertmanagerAnswer<T>): T {
  if (answer.ok) return answer.value;
  throw new Error(`Alertmanager cannot be read: ${answer.failure.message}`);
}

async function rulesOf(
  prometheus: RulesSource,
  correlation: CorrelationPolicy,
  signal: AbortSignal,
): Promise<readonly SeenAlert[]> {
  const answer = await prometheus.alertingRules(signal);
  if (answer.kind === 'failed') throw new Error(`Prometheus cannot be read: ${answer.failure.message}`);
  return answer.rules.map(({ name, labels, annotations, query }) => {
    const written = { ...labelsOfQuery(query, correlation), ...withoutTemplates(labels), alertname: name };
    const texts = withoutTemplates(annotations);
    return { name, labels: written, annotations: texts, receivers: [], startsAt: null, from: 'prometheus' };
  });
}

/** What a template will say is not known before the alert fires. */
const withoutTemplates = (texts: Readonly<Record<string, string>>): Readonly<Record<string, string>> =>
  Object.fromEntries(Object.entries(texts).filter(([, text]) => !text.includes('{{')));

/** `service="checkout"` in the query of a rule mostly comes out as a label of its alert. */
function labelsOfQuery(query: string, { labels }: CorrelationPolicy): Readonly<Record<string, string>> {
  const wanted = [...labels.service, ...labels.environment];
  const found = [...query.matchAll(/\b([A-Za-z_]\w*)\s*=\s*"([^"\\]+)"/g)];
  const named = Object.fromEntries(wanted.flatMap((name) => onlyValue(name, found)));
  return labelFor(named, labels.service) === null ? {} : named;
}

function onlyValue(name: string, found: readonly RegExpExecArray[]): readonly [string, string][] {
  const values = new Set(found.filter(([, label]) => label === name).map(([, , value = '']) => value));
  const [value = ''] = values;
  return values.size === 1 ? [[name, value]] : [];
}
