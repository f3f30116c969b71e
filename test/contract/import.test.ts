import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import type { ImportReport } from '../../src/cli/ports.ts';
import { startAlertmanager } from '../harness/alertmanager.ts';
import { eventually } from '../harness/firebreak.ts';
import type { Listening } from '../harness/ports.ts';
import type { PrometheusProcess } from '../harness/prometheus.ts';
import { startPrometheusProcess } from '../harness/prometheus.ts';
import { describeWith } from '../harness/tools.ts';
import { Started } from '../scenario/outside.ts';
import { load, settingsOf } from '../unit/settings-support.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));
const rule = (
  alert: string,
  expr: string,
  labels: Record<string, string>,
  annotations: Record<string, string> = {},
) => ({
  ...{ alert, expr, for: '0s', labels, annotations },
});

describeWith(['prometheus', 'prometheus-alertmanager'], 'firebreak import', () => {
  const started = new Started();
  let alertmanager: Listening;
  let prometheus: PrometheusProcess;
  let directory: string;

  beforeAll(async () => {
    directory = await started.directory();
    alertmanager = started.add(
      await startAlertmanager(directory, {
        route: { receiver: 'everybody', routes: [{ receiver: 'team-shop', matchers: ['team = "shop"'] }] },
        receivers: [{ name: 'everybody' }, { name: 'team-shop' }],
      }),
    );
    prometheus = started.add(
      await startPrometheusProcess({
        ...{ directory, targets: [], interval: '15s', externalLabels: {} },
        rules: [
          rule('Watchdog', 'vector(1)', { severity: 'none' }),
          rule('LatencyHigh', 'http_latency{service="checkout"} > 1', { severity: 'warning', team: 'shop' }),
          rule('PostgresDown', 'pg_up{job="postgres"} == 0', { severity: 'critical' }),
          rule('Templated', 'up == 0', { service: '{{ $labels.job }}' }),
        ],
      }),
    );
    await fire([
      { alertname: 'CheckoutErrors', service: 'checkout', environment: 'prod', severity: 'critical', team: 'shop' },
      { alertname: 'CheckoutErrors', service: 'checkout', environment: 'eu', severity: 'critical', team: 'shop' },
      { alertname: 'NodeDown' },
      { alertname: 'DeadMansSwitch' },
      { alertname: 'Hostile\n"x": {', service: '# }\nservices: { injected: {} }' },
    ]);
    await eventually(
      () => alertmanager.get('/api/v2/alerts/groups') as Promise<unknown[]>,
      (groups) => groups.length > 1,
    );
  });
  afterAll(() => started.stop());

  const fire = async (alerts: readonly Record<string, string>[]): Promise<void> => {
    const body = alerts.map((labels) => ({ labels, annotations: { runbook_url: 'https://runbooks.example.com/x' } }));
    const headers = { 'content-type': 'application/json' };
    const answer = await fetch(`${alertmanager.url}/api/v2/alerts`, {
      method: 'POST',
      headers,
      body: JSON.stringify(body),
    });
    expect(answer.status).toBe(200);
  };

  const run = async (...args: readonly string[]) => {
    const child = spawn(process.execPath, [join(root, 'src/main.ts'), 'import', ...args], {
      ...{ cwd: root, stdio: ['ignore', 'pipe', 'pipe'] as const, env: { PATH: process.env['PATH'] } },
    });
    const [out, err] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'exit')]);
    return { out, err, code: child.exitCode };
  };
  const both = () => ['--alertmanager', `${alertmanager.url}/`, '--prometheus', prometheus.url];

  test('proposes the services that it sees, in YAML that Firebreak takes', async () => {
    const { out, code } = await run(...both());
    expect(code).toBe(0);
    const { policy } = settingsOf(load(out));
    expect(policy.services).toMatchObject({
      checkout: { owner: 'shop', runbookUrl: 'https://runbooks.example.com/x' },
      postgres: { specialist: 'database' },
    });
    expect(Object.keys(policy.services)).toEqual(['checkout', 'postgres']);
    expect(policy.correlation.heartbeats).toEqual(['Watchdog', 'DeadMansSwitch']);
    expect(out).toContain('2 firing now, in eu, prod, to team-shop');
    expect(out).toMatch(
      /Alerts that name no service[^]*P2 {2}NodeDown[^]*Alerts that no severity rule knows[^]*NodeDown/,
    );
  });

  test('says what the rules make of each alert, and changes nothing', async () => {
    const before = await alertmanager.get('/api/v2/silences');
    const { out, code } = await run(...both(), '--json');
    const report = JSON.parse(out) as ImportReport;
    expect(code).toBe(0);
    expect(report).toMatchObject({
      alerts: 5,
      prometheus: { rules: 4 },
      alertmanager: { receivers: ['everybody', 'team-shop'] },
    });
    const lines = report.judged.map((each) => [each.alertname, each.service, each.severity, each.rule, each.alerts]);
    expect(lines).toEqual(
      expect.arrayContaining([
        ['CheckoutErrors', 'checkout', 'P1', 'label-critical', 2],
        ['LatencyHigh', 'checkout', 'P2', 'label-warning', 1],
        ['NodeDown', null, 'P2', null, 1],
        ['PostgresDown', 'postgres', 'P1', 'label-critical', 1],
        ['Templated', null, 'P2', null, 1],
      ]),
    );
    expect(
      report.judged
        .filter(({ unclassified }) => unclassified)
        .map(({ alertname }) => alertname)
        .sort(),
    ).toEqual(['Hostile\n"x": {', 'NodeDown', 'Templated']);
    expect(await alertmanager.get('/api/v2/silences')).toEqual(before);
  });

  test('knows what is configured already', async () => {
    const config = join(directory, 'own', 'firebreak.yaml');
    await mkdir(join(directory, 'own'));
    const services = 'services: { checkout: { customerFacing: true } }';
    await writeFile(config, `alertmanager: { url: '${alertmanager.url}' }\n${services}\n`);
    const { out } = await run('--config', config, '--json');
    const report = JSON.parse(out) as ImportReport;
    expect(report.services.map(({ name, configured }) => [name, configured])).toEqual([['checkout', true]]);
    expect(report.prometheus).toBeNull();
  });

  test.each([
    [
      'nobody answers',
      ['--alertmanager', 'http://127.0.0.1:1'],
      1,
      'Alertmanager cannot be read: connect ECONNREFUSED',
    ],
    ['nothing is named', [], 2, 'name the address of Alertmanager'],
    ['it is no address', ['--alertmanager', 'alertmanager:9093'], 2, 'expected a URL'],
  ])('says so when %s', async (_, args, code, words) => {
    const ran = await run(...args);
    expect(ran).toMatchObject({ code, err: expect.stringContaining(words) as string });
  });
});
