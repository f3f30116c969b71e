import type { AlertSample, IncidentEvent } from './events.ts';

/** What is affected, as far as alerts, merged and linked incidents name it. */
export interface Affected {
  readonly services: readonly string[];
  readonly endpoints: readonly string[];
  readonly instances: readonly string[];
}

/** Labels by which exporters and frameworks name what was asked, and where it ran. */
const ENDPOINT_LABELS = ['endpoint', 'handler', 'path', 'route', 'uri', 'url', 'grpc_method', 'operation'];
const INSTANCE_LABELS = ['instance', 'pod', 'node', 'host', 'hostname', 'container', 'device'];
const MOST_NAMED = 50;

/** `serviceLabels`: the labels that can hold the service, as alerts are correlated. */
export function affectedOf(events: readonly IncidentEvent[], serviceLabels: readonly string[]): Affected {
  const samples = events.flatMap((event) => (event.type === 'alerts-joined' ? event.data.samples : []));
  return {
    services: named([...events.flatMap(servicesOf), ...valuesOf(samples, serviceLabels, 'first')]),
    endpoints: named(valuesOf(samples, ENDPOINT_LABELS, 'all')),
    instances: named(valuesOf(samples, INSTANCE_LABELS, 'all')),
  };
}

function servicesOf(event: IncidentEvent): readonly string[] {
  switch (event.type) {
    case 'incident-opened':
    case 'incident-absorbed':
    case 'link-noted':
      return event.data.service === null ? [] : [event.data.service];
    default:
      return [];
  }
}

/** The first label that is there names the service; every other one names what it says. */
function valuesOf(
  samples: readonly AlertSample[],
  names: readonly string[],
  which: 'first' | 'all',
): readonly string[] {
  return samples.flatMap(({ labels }) => {
    const values = names.flatMap((name) => (Object.hasOwn(labels, name) ? [labels[name] ?? ''] : []));
    return which === 'first' ? values.slice(0, 1) : values;
  });
}

const named = (values: readonly string[]): readonly string[] =>
  [...new Set(values.filter((value) => value !== ''))].slice(0, MOST_NAMED);
