import { createAlertmanager } from '../../clients/alertmanager.ts';
import { createHttp } from '../../clients/http.ts';
import { createPrometheus } from '../../clients/prometheus.ts';
import type { DoctorCheck } from '../../cli/ports.ts';
import type { Secret } from '../../domain/secret.ts';
import type { Settings } from '../../settings/types.ts';
import { readClock, readingOf } from './clock.ts';
import type { Found } from './line.ts';
import { failed, ofFailure, ok, warning } from './line.ts';

const TIMEOUT_MS = 10_000;

const reveal = (headers: Readonly<Record<string, Secret>>) => (): Readonly<Record<string, string>> =>
  Object.fromEntries(Object.entries(headers).map(([name, secret]) => [name, secret.reveal()]));

/** The simplest question there is, and whether it scrapes anything. */
export async function checkPrometheus({ prometheus: own }: Settings, now: () => number): Promise<Found> {
  if (own === null) {
    const advice = 'Set prometheus.url: severities then go by what is measured, and a rollback can be proven.';
    return { checks: [warning('prometheus', 'not configured: nothing is measured', advice)] };
  }
  const prometheus = createPrometheus({ url: own.url, headers: reveal(own.headers), timeoutMs: TIMEOUT_MS });
  const signal = AbortSignal.timeout(TIMEOUT_MS);
  const answer = await prometheus.query('1', now(), signal);
  if (answer.kind === 'failed') return { checks: [ofFailure('prometheus', answer.failure, 'prometheus.headers')] };
  if (answer.kind === 'no-data' || answer.value !== 1) {
    return {
      checks: [failed('prometheus', 'it does not know that 1 is 1', 'prometheus.url is not that of a Prometheus.')],
    };
  }
  const up = await prometheus.query('count(up == 1)', now(), signal);
  const targets = up.kind === 'value' ? `, ${up.value} targets are up` : '';
  const http = createHttp({ timeoutMs: TIMEOUT_MS, userAgent: 'firebreak', headers: reveal(own.headers)() });
  const reached = await readClock(http, 'Prometheus', `${own.url}/-/healthy`, now);
  return { checks: [ok('prometheus', `it answers${targets}`)], clocks: 'clocks' in reached ? reached.clocks : [] };
}

export async function checkAlertmanager({ alertmanager: own }: Settings, now: () => number): Promise<Found> {
  if (own === null) {
    const advice = 'Set alertmanager.url: lost resolves and silences are then noticed.';
    return { checks: [warning('alertmanager', 'not configured', advice)] };
  }
  const client = createAlertmanager({ url: own.url, headers: reveal(own.headers), timeoutMs: TIMEOUT_MS });
  const before = now();
  const answer = await client.status(AbortSignal.timeout(TIMEOUT_MS));
  if (!answer.ok) return { checks: [ofFailure('alertmanager', answer.failure, 'alertmanager.headers')] };
  const { versionInfo, config } = answer.value;
  return {
    checks: [ok('alertmanager', `version ${versionInfo.version}`), receiverCheck(config.original)],
    clocks: readingOf('Alertmanager', answer.at, before, now()),
  };
}

/** Its configuration is shown by its status page, but for what is secret: newer ones hide the address, too. */
function receiverCheck(config: string): DoctorCheck {
  const name = 'alertmanager receiver';
  if (config.includes('/webhooks/alertmanager')) return ok(name, 'one of them sends here');
  if (/webhook_configs/.test(config) && config.includes('<secret>')) {
    return ok(name, 'it has webhooks, whose addresses it does not show');
  }
  const advice =
    'Add a webhook receiver with the address …/webhooks/alertmanager and a route to it: README, "Alertmanager".';
  return warning(name, 'none sends to /webhooks/alertmanager', advice);
}
