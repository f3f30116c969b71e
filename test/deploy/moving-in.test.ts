import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { parse, stringify } from 'yaml';
import { describeWith, toolPath } from '../harness/tools.ts';
import { load, settingsOf } from '../unit/settings-support.ts';

const guide = await readFile(fileURLToPath(new URL('../../docs/moving-in.md', import.meta.url)), 'utf8');
const blocks = [...guide.matchAll(/^```yaml\n(.*?)^```$/gms)].map(([, yaml = '']) => yaml);
const block = (first: string): string => blocks.find((yaml) => yaml.startsWith(first))!;

test('the configuration for observing is one that Firebreak takes', () => {
  const env = {
    ...{ FIREBREAK_WEBHOOK_TOKEN: 't', FIREBREAK_TOKEN: 'k'.repeat(24) },
    ...{ PAGERDUTY_ROUTING_KEY: 'r', PAGERDUTY_WEBHOOK_SECRET: 's' },
  };
  expect(settingsOf(load(block('notifications: observe'), { env }))).toMatchObject({ notifications: 'observe' });
});

interface Route {
  readonly receiver: string;
  readonly routes?: readonly Route[];
}

describeWith(['amtool'], "the route of the guide, read by Alertmanager's own tool", () => {
  let directory: string;
  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'firebreak-route-'));
  });
  afterAll(() => rm(directory, { recursive: true, force: true }));

  const receiversOf = async (route: Route, ...labels: readonly string[]): Promise<string> => {
    const file = join(directory, 'alertmanager.yml');
    const { receivers } = parse(block('receivers:')) as { receivers: readonly object[] };
    const others = [{ name: 'pagerduty' }, { name: 'team-shop' }];
    await writeFile(file, stringify({ route, receivers: [...receivers, ...others] }));
    const { stdout } = await promisify(execFile)(toolPath('amtool'), [
      ...['config', 'routes', 'test', `--config.file=${file}`],
      ...labels,
    ]);
    return stdout.trim();
  };
  const { route } = parse(block('route:')) as { route: Route };

  test.each([
    [['severity=critical'], 'firebreak,pagerduty'],
    [['severity=critical', 'team=shop'], 'firebreak,team-shop'],
    [['alertname=Watchdog'], 'firebreak,pagerduty'],
  ])('%j goes to Firebreak, and where it went before', async (labels, receivers) => {
    expect(await receiversOf(route, ...labels)).toBe(receivers);
  });

  test('without its last line the pages of the first receiver would be gone, as the guide says', async () => {
    const shorter = { ...route, routes: route.routes!.slice(0, -1) };
    expect(await receiversOf(shorter, 'severity=critical')).toBe('firebreak');
  });
});
