import { mkdir, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { stringify } from 'yaml';
import type { Listening } from './ports.ts';
import { startOnFreePort } from './ports.ts';
import { toolPath } from './tools.ts';

interface AlertRule {
  readonly alert: string;
  readonly expr: string;
  readonly for: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
}

export interface PrometheusProcessOptions {
  /** Gets a folder for the configuration and the data. */
  readonly directory: string;
  /** `host:port` of what is scraped. */
  readonly targets: readonly string[];
  readonly rules: readonly AlertRule[];
  /** Of scrapes and of rule evaluations. */
  readonly interval: string;
  readonly externalLabels: Readonly<Record<string, string>>;
}

export interface PrometheusProcess extends Listening {
  /** The one number that an instant query gives now; null when it gives none. */
  query(promql: string): Promise<number | null>;
  /** Sends alerts to these from now on, `host:port` each. They may be started later than Prometheus. */
  sendTo(alertmanagers: readonly string[]): Promise<void>;
  /** How many targets it scrapes with success, and how many Alertmanagers it knows. New ones take it up to 5 s. */
  reach(): Promise<{ readonly targets: number; readonly alertmanagers: number }>;
}

/** The real Prometheus, listening on 127.0.0.1 alone. */
export async function startPrometheusProcess(options: PrometheusProcessOptions): Promise<PrometheusProcess> {
  const home = join(options.directory, 'prometheus');
  await mkdir(home, { recursive: true });
  const config = join(home, 'prometheus.yml');
  const receivers = join(home, RECEIVERS);
  await writeFile(config, stringify(configOf(options)));
  await writeFile(receivers, '[]');
  await writeFile(join(home, 'rules.yml'), stringify({ groups: [{ name: 'scenario', rules: options.rules }] }));
  const listening = await startOnFreePort(toolPath('prometheus'), [
    `--config.file=${config}`,
    `--storage.tsdb.path=${join(home, 'data')}`,
    '--web.listen-address=127.0.0.1:0',
  ]);
  return {
    ...listening,
    query: (promql) => query(listening, promql),
    sendTo: async (alertmanagers) => {
      // Put there whole: Prometheus looks as soon as the file changes.
      await writeFile(`${receivers}.new`, JSON.stringify([{ targets: alertmanagers }]));
      await rename(`${receivers}.new`, receivers);
    },
    reach: () => reach(listening),
  };
}

const RECEIVERS = 'alertmanagers.json';

const configOf = ({ targets, interval, externalLabels }: PrometheusProcessOptions): object => ({
  global: {
    scrape_interval: interval,
    scrape_timeout: interval,
    evaluation_interval: interval,
    external_labels: externalLabels,
  },
  rule_files: ['rules.yml'],
  alerting: { alertmanagers: [{ file_sd_configs: [{ files: [RECEIVERS] }] }] },
  scrape_configs: [{ job_name: 'scenario', static_configs: [{ targets }] }],
});

async function query(prometheus: Listening, promql: string): Promise<number | null> {
  const answer = (await prometheus.get(`/api/v1/query?query=${encodeURIComponent(promql)}`)) as {
    data: { result: { value: [number, string] }[] };
  };
  const [first] = answer.data.result;
  return first === undefined ? null : Number(first.value[1]);
}

async function reach(prometheus: Listening): Promise<{ targets: number; alertmanagers: number }> {
  const [targets, receivers] = (await Promise.all([
    prometheus.get('/api/v1/targets'),
    prometheus.get('/api/v1/alertmanagers'),
  ])) as [{ data: { activeTargets: { health: string }[] } }, { data: { activeAlertmanagers: unknown[] } }];
  return {
    targets: targets.data.activeTargets.filter(({ health }) => health === 'up').length,
    alertmanagers: receivers.data.activeAlertmanagers.length,
  };
}
