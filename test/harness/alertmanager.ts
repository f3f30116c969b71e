import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { stringify } from 'yaml';
import type { Listening } from './ports.ts';
import { startOnFreePort } from './ports.ts';
import { toolPath } from './tools.ts';

export interface AlertmanagerPairOptions {
  /** Gets a folder for the configuration and the data of each. */
  readonly directory: string;
  readonly webhookUrl: string;
  readonly bearerToken: string;
}

export interface AlertmanagerProcess extends Listening {
  /** Webhooks that it has sent, and those of them that failed; by its own metrics. */
  webhooks(): Promise<{ readonly sent: number; readonly failed: number }>;
  /** How many peers its cluster has, itself included. */
  peers(): Promise<number>;
  /** How many alerts it holds as firing. */
  firing(): Promise<number>;
}

/**
 * Two real Alertmanagers in one cluster, as an HA pair is set up, that both deliver every notification.
 *
 * Normally the second one waits (its position times `peer-timeout`) to hear by gossip that the first one has sent. That
 * is an optimisation which it does not promise: with slow gossip both send, and a receiver has to live with it. Here that
 * always happens: nobody waits (`peer-timeout=0s`), and what one has sent does not reach the other while the test
 * runs (gossip and full state syncs only once an hour). They know each other all the same, by the sync at joining.
 */
export async function startAlertmanagerPair(
  options: AlertmanagerPairOptions,
): Promise<readonly [AlertmanagerProcess, AlertmanagerProcess]> {
  const first = await start(options, 'a', []);
  try {
    const second = await start(options, 'b', [`--cluster.peer=${await clusterAddress(first)}`]);
    return [first, second];
  } catch (error) {
    await first.stop();
    throw error;
  }
}

/** One Alertmanager without a cluster, with a configuration of its own. It keeps its data in the folder over restarts. */
export async function startAlertmanager(directory: string, config: object): Promise<Listening> {
  const home = join(directory, 'alertmanager');
  await mkdir(home, { recursive: true });
  const file = join(home, 'alertmanager.yml');
  await writeFile(file, stringify(config));
  return startOnFreePort(toolPath('prometheus-alertmanager'), [
    `--config.file=${file}`,
    `--storage.path=${join(home, 'data')}`,
    '--web.listen-address=127.0.0.1:0',
    '--cluster.listen-address=',
  ]);
}

async function start(
  options: AlertmanagerPairOptions,
  name: string,
  more: readonly string[],
): Promise<AlertmanagerProcess> {
  const home = join(options.directory, `alertmanager-${name}`);
  await mkdir(home, { recursive: true });
  const config = join(home, 'alertmanager.yml');
  await writeFile(config, stringify(configOf(options)));
  const listening = await startOnFreePort(toolPath('prometheus-alertmanager'), [
    `--config.file=${config}`,
    `--storage.path=${join(home, 'data')}`,
    '--web.listen-address=127.0.0.1:0',
    '--cluster.listen-address=127.0.0.1:0',
    '--cluster.settle-timeout=200ms',
    '--cluster.peer-timeout=0s',
    '--cluster.gossip-interval=1h',
    '--cluster.pushpull-interval=1h',
    ...more,
  ]);
  return {
    ...listening,
    webhooks: () => webhooks(listening),
    peers: async () => (await status(listening)).cluster.peers.length,
    firing: async () => ((await listening.get('/api/v2/alerts')) as unknown[]).length,
  };
}

const configOf = ({ webhookUrl, bearerToken }: AlertmanagerPairOptions): object => ({
  route: {
    receiver: 'firebreak',
    group_by: ['alertname', 'service'],
    group_wait: '200ms',
    group_interval: '1s',
    repeat_interval: '1h',
  },
  receivers: [
    {
      name: 'firebreak',
      webhook_configs: [
        { url: webhookUrl, send_resolved: true, http_config: { authorization: { credentials: bearerToken } } },
      ],
    },
  ],
});

interface Status {
  readonly cluster: { readonly name: string; readonly peers: readonly { name: string; address: string }[] };
}

const status = async (alertmanager: Listening): Promise<Status> => (await alertmanager.get('/api/v2/status')) as Status;

async function clusterAddress(alertmanager: Listening): Promise<string> {
  const { cluster } = await status(alertmanager);
  return cluster.peers.find(({ name }) => name === cluster.name)!.address;
}

async function webhooks(alertmanager: Listening): Promise<{ sent: number; failed: number }> {
  const text = await (await fetch(`${alertmanager.url}/metrics`)).text();
  const value = (metric: string): number =>
    Number(new RegExp(`^${metric}\\{integration="webhook"\\} (\\d+)$`, 'm').exec(text)?.[1]);
  return {
    sent: value('alertmanager_notifications_total'),
    failed: value('alertmanager_notifications_failed_total'),
  };
}
