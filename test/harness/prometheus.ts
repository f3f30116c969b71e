import { execFile } from 'node:child_process';
import { cp, mkdir, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
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

/** A counter whose growth is written down beforehand. */
export interface ScriptedSeries {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  /** What it grows by in a second, by the minutes since the zero of the script. */
  readonly perSecond: (minute: number) => number;
  /** In these minutes it is there. */
  readonly from: number;
  readonly to: number;
}

const SCRAPE_SECONDS = 15;

/** Writes what would have been scraped every 15 s into blocks of a TSDB, and returns their folder. `zero`: epoch ms. */
export async function writeScripted(directory: string, zero: number, series: readonly ScriptedSeries[]) {
  const input = join(directory, 'series.om');
  const blocks = join(directory, 'blocks');
  await mkdir(blocks);
  const families = Map.groupBy(series, ({ name }) => name.replace(/_total$/, ''));
  const lines = [...families].flatMap(([name, of]) => [`# TYPE ${name} counter`, ...of.flatMap(linesOf(zero))]);
  await writeFile(input, [...lines, '# EOF', ''].join('\n'));
  await promisify(execFile)(toolPath('promtool'), ['tsdb', 'create-blocks-from', 'openmetrics', input, blocks]);
  return blocks;
}

const linesOf =
  (zero: number) =>
  ({ name, labels, perSecond, from, to }: ScriptedSeries): string[] => {
    const matchers = Object.entries(labels).map(([label, value]) => `${label}="${value}"`);
    const lines: string[] = [];
    let total = 0;
    for (let seconds = from * 60; seconds <= to * 60; seconds += SCRAPE_SECONDS) {
      lines.push(`${name}{${matchers.join(',')}} ${total} ${zero / 1000 + seconds}`);
      total += perSecond(seconds / 60) * SCRAPE_SECONDS;
    }
    return lines;
  };

export interface ScriptedPrometheus extends Listening {
  /** From now on exactly these alerts fire. Rules are evaluated at the time of the wall, whenever the script plays. */
  fires(...alerts: readonly Readonly<Record<string, string>>[]): Promise<void>;
}

/** The real Prometheus over a copy of these blocks. It scrapes nothing. */
export async function startScripted(directory: string, blocks: string): Promise<ScriptedPrometheus> {
  await mkdir(directory);
  const rules = join(directory, 'rules.yml');
  const config = join(directory, 'prometheus.yml');
  await writeFile(config, stringify({ global: { evaluation_interval: '100ms' }, rule_files: [rules] }));
  await cp(blocks, join(directory, 'data'), { recursive: true });
  const listening = await startOnFreePort(toolPath('prometheus'), [
    `--config.file=${config}`,
    `--storage.tsdb.path=${join(directory, 'data')}`,
    '--storage.tsdb.retention.time=50y',
    '--web.enable-lifecycle',
    '--web.listen-address=127.0.0.1:0',
  ]);
  return {
    ...listening,
    fires: async (...alerts) => {
      const written = alerts.map(({ alertname, ...labels }) => ({ alert: alertname, expr: 'vector(1)', labels }));
      await writeFile(rules, stringify({ groups: written.length === 0 ? [] : [{ name: 'alerts', rules: written }] }));
      const reloaded = await fetch(`${listening.url}/-/reload`, { method: 'POST' });
      if (!reloaded.ok) throw new Error(await reloaded.text());
      while ((await firing(listening)) !== alerts.length) await sleep(20);
    },
  };
}

async function firing(prometheus: Listening): Promise<number> {
  const answer = (await prometheus.get('/api/v1/alerts')) as { data: { alerts: { state: string }[] } };
  return answer.data.alerts.filter(({ state }) => state === 'firing').length;
}
