import type { ImportOptions, ImportReport } from '../../cli/ports.ts';
import { BadConfiguration } from '../../cli/ports.ts';
import { createAlertmanager } from '../../clients/alertmanager.ts';
import { createPrometheus } from '../../clients/prometheus.ts';
import type { Secret } from '../../domain/secret.ts';
import { iso } from '../../domain/time.ts';
import type { Settings } from '../../settings/types.ts';
import type { RuleSet } from '../../triage/rule-set.ts';
import { gather } from './gather.ts';
import { propose } from './propose.ts';

const TIMEOUT_MS = 15_000;

/** Reads an existing setup through its own interfaces, and says what Firebreak would make of it. Changes nothing. */
export async function importSetup(
  options: Pick<ImportOptions, 'alertmanager' | 'prometheus'>,
  settings: Settings,
  rules: RuleSet,
  now: number,
): Promise<ImportReport> {
  const source = siteOf('alertmanager', options.alertmanager, settings.alertmanager);
  if (source === null) {
    const message = 'not configured: name the address of Alertmanager (--alertmanager http://alertmanager:9093)';
    throw new BadConfiguration([{ field: 'alertmanager.url', message }]);
  }
  const metrics = siteOf('prometheus', options.prometheus, settings.prometheus);
  const alertmanager = createAlertmanager({ ...source, timeoutMs: TIMEOUT_MS });
  const prometheus = metrics === null ? null : createPrometheus({ ...metrics, timeoutMs: TIMEOUT_MS });
  const gathered = await gather(alertmanager, prometheus, settings.policy.correlation);
  return {
    at: iso(now),
    alertmanager: { url: source.url, version: gathered.version, receivers: gathered.receivers },
    prometheus: metrics === null ? null : { url: metrics.url, rules: gathered.rules?.length ?? 0 },
    ...(await propose(gathered, rules, settings.policy, now)),
  };
}

interface Site {
  readonly url: string;
  readonly headers: () => Readonly<Record<string, string>>;
}

/** The address that was named, else the configured one. Configured credentials go to the configured address only. */
function siteOf(
  name: string,
  named: string | undefined,
  configured: { readonly url: string; readonly headers: Readonly<Record<string, Secret>> } | null,
): Site | null {
  const url = named?.replace(/\/+$/, '') ?? configured?.url;
  if (url === undefined) return null;
  if (!/^https?:\/\//i.test(url) || !URL.canParse(url)) {
    throw new BadConfiguration([
      { field: `--${name}`, message: 'expected a URL that begins with http:// or https://' },
    ]);
  }
  const secrets = configured?.url === url ? configured.headers : {};
  const headers = (): Record<string, string> =>
    Object.fromEntries(Object.entries(secrets).map(([header, secret]) => [header, secret.reveal()]));
  return { url, headers };
}
