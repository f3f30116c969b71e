import { execFile } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { toolPath } from './tools.ts';

export interface PastSeries {
  /** A counter's ends in `_total`. */
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  /** By the seconds since the beginning of the history. */
  readonly value: (second: number) => number;
}

/**
 * Gives a Prometheus that is yet to be started a past, a sample a second between two times (epoch ms). `directory` is the
 * one that `startPrometheusProcess` gets.
 */
export async function writeHistory(
  directory: string,
  { from, to }: { readonly from: number; readonly to: number },
  series: readonly PastSeries[],
): Promise<void> {
  const home = join(directory, 'prometheus');
  const data = join(home, 'data');
  await mkdir(data, { recursive: true });
  const began = Math.ceil(from / 1000);
  const seconds = Array.from({ length: Math.floor(to / 1000) - began }, (_, second) => second);
  const lines = [...Map.groupBy(series, ({ name }) => name)].flatMap(([name, of]) => [
    `# TYPE ${name.replace(/_total$/, '')} ${name.endsWith('_total') ? 'counter' : 'gauge'}`,
    ...of.flatMap(({ labels, value }) => {
      const matchers = Object.entries(labels).map(([label, text]) => `${label}="${text}"`);
      return seconds.map((second) => `${name}{${matchers.join(',')}} ${value(second)} ${began + second}`);
    }),
  ]);
  const input = join(home, 'history.om');
  await writeFile(input, [...lines, '# EOF', ''].join('\n'));
  await promisify(execFile)(toolPath('promtool'), ['tsdb', 'create-blocks-from', 'openmetrics', input, data]);
}
