import { execFile } from 'node:child_process';
import { cp, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { stringify } from 'yaml';
import type { Listening } from '../harness/ports.ts';
import { startOnFreePort } from '../harness/ports.ts';
import { toolPath } from '../harness/tools.ts';

/** The change, long ago: everything is asked of the past, so nothing depends on when the test runs. */
export const CHANGE = Date.UTC(2025, 5, 2, 12);
export const MINUTE = 60_000;
const STEP_SECONDS = 15;

/** What a counter grows by in a second, by the minutes since the change. */
export interface Script {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly perSecond: (minute: number) => number;
  /** Minutes since the change; an hour before and after unless told. */
  readonly from?: number;
  readonly to?: number;
}

const quoted = (labels: Script['labels']): string =>
  Object.entries(labels)
    .map(([name, value]) => `${name}="${value}"`)
    .join(',');

function linesOf({ name, labels, perSecond, from = -60, to = 60 }: Script): string[] {
  const lines: string[] = [];
  let total = 0;
  for (let seconds = from * 60; seconds <= to * 60; seconds += STEP_SECONDS) {
    lines.push(`${name}{${quoted(labels)}} ${total} ${CHANGE / 1000 + seconds}`);
    total += perSecond(seconds / 60) * STEP_SECONDS;
  }
  return lines;
}

/** A TSDB with these series and nothing else. */
export async function writeBlocks(directory: string, scripts: readonly Script[]): Promise<string> {
  const input = join(directory, 'series.om');
  const data = join(directory, 'blocks');
  await mkdir(data);
  const names = new Map(scripts.map(({ name }) => [name, scripts.filter((script) => script.name === name)]));
  const families = [...names].flatMap(([name, of]) => [
    `# TYPE ${name.replace(/_total$/, '')} ${name.endsWith('_total') ? 'counter' : 'unknown'}`,
    ...of.flatMap(linesOf),
  ]);
  await writeFile(input, [...families, '# EOF', ''].join('\n'));
  await promisify(execFile)(toolPath('promtool'), ['tsdb', 'create-blocks-from', 'openmetrics', input, data]);
  return data;
}

export interface ScriptedOptions {
  readonly directory: string;
  readonly blocks: string;
  readonly rules?: readonly object[];
  /** Of the configuration file. */
  readonly more?: object;
}

/** The real Prometheus over a copy of the blocks. It scrapes nothing. */
export async function startScripted({ directory, blocks, rules = [], more }: ScriptedOptions): Promise<Listening> {
  await mkdir(directory);
  const config = join(directory, 'prometheus.yml');
  await writeFile(join(directory, 'rules.yml'), stringify({ groups: [{ name: 'scripted', rules }] }));
  const global = { evaluation_interval: '200ms' };
  await writeFile(config, stringify({ global, rule_files: ['rules.yml'], ...more }));
  await cp(blocks, join(directory, 'data'), { recursive: true });
  return startOnFreePort(toolPath('prometheus'), [
    `--config.file=${config}`,
    `--storage.tsdb.path=${join(directory, 'data')}`,
    '--storage.tsdb.retention.time=50y',
    '--web.listen-address=127.0.0.1:0',
  ]);
}
