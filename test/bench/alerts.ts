/** Alerts as a Kubernetes cluster's Prometheus sends them: about half a kilobyte of JSON, ten labels. */
export interface BenchAlert {
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  readonly startsAt: string;
  readonly generatorURL: string;
}

const SERVICES = 50;

/** `run` keeps alerts of different measurements apart; `n` counts within one. */
export function benchAlert(run: string, n: number, startsAt: string): BenchAlert {
  const service = `service-${run}-${n % SERVICES}`;
  return {
    labels: {
      alertname: `HighErrorRate${n % 7}`,
      service,
      environment: 'production',
      cluster: 'eu-1',
      namespace: 'shop',
      pod: `${service}-6c9f7d8b5d-${n.toString(36)}`,
      container: 'app',
      instance: `10.42.${n % 250}.${Math.floor(n / 250) % 250}:8080`,
      job: 'kubernetes-pods',
      severity: 'warning',
    },
    annotations: {
      summary: `Error rate above 5 % on ${service}`,
      description: 'The error rate of this pod has been above 5 % for two minutes.',
      runbook_url: 'https://runbooks.example.com/high-error-rate',
    },
    startsAt,
    generatorURL: 'http://prometheus:9090/graph?g0.expr=rate%28http_requests_total%5B5m%5D%29&g0.tab=1',
  };
}

/** The body that Alertmanager's own API takes. */
export const forAlertmanager = (alerts: readonly BenchAlert[]): Buffer => Buffer.from(JSON.stringify(alerts));

/** The same alerts as Alertmanager delivers them to a webhook. */
export function forWebhook(alerts: readonly BenchAlert[]): Buffer {
  return Buffer.from(
    JSON.stringify({
      version: '4',
      groupKey: '{}:{}',
      truncatedAlerts: 0,
      status: 'firing',
      receiver: 'firebreak',
      groupLabels: {},
      commonLabels: {},
      commonAnnotations: {},
      externalURL: 'http://alertmanager:9093',
      alerts: alerts.map((alert) => ({
        ...alert,
        status: 'firing',
        endsAt: '0001-01-01T00:00:00Z',
        fingerprint: fingerprint(alert),
      })),
    }),
  );
}

/** 64-bit FNV-1a over the labels, as Alertmanager does. */
function fingerprint(alert: BenchAlert): string {
  let hash = 0xcbf29ce484222325n;
  for (const char of Buffer.from(JSON.stringify(alert.labels))) {
    hash = BigInt.asUintN(64, (hash ^ BigInt(char)) * 0x100000001b3n);
  }
  return hash.toString(16).padStart(16, '0');
}
