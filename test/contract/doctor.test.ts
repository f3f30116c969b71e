import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { stringify } from 'yaml';
import type { DoctorCheck } from '../../src/cli/ports.ts';
import { openStore } from '../../src/store/store.ts';
import type { FakeArgocd } from '../fakes/argocd/index.ts';
import { startArgocd } from '../fakes/argocd/index.ts';
import { listen, stop } from '../fakes/faults.ts';
import type { FakeKubernetes } from '../fakes/kubernetes/index.ts';
import { startFakeKubernetes } from '../fakes/kubernetes/index.ts';
import type { FakePagerDuty } from '../fakes/pagerduty.ts';
import { startPagerDuty } from '../fakes/pagerduty.ts';
import type { FakePagerDutyRest } from '../fakes/pagerduty-rest.ts';
import { startPagerDutyRest } from '../fakes/pagerduty-rest.ts';
import type { FakeSlack } from '../fakes/slack.ts';
import { startSlack } from '../fakes/slack.ts';
import type { FakeSmtp } from '../fakes/smtp.ts';
import { startSmtp } from '../fakes/smtp.ts';
import type { FakeStatuspage } from '../fakes/statuspage.ts';
import { startStatuspage } from '../fakes/statuspage.ts';
import { startAlertmanager } from '../harness/alertmanager.ts';
import { testDatabase, urlOf } from '../harness/database.ts';
import type { Listening } from '../harness/ports.ts';
import type { PrometheusProcess } from '../harness/prometheus.ts';
import { startPrometheusProcess } from '../harness/prometheus.ts';
import { describeWith } from '../harness/tools.ts';
import { CLUSTER, deploymentStep, Started } from '../scenario/outside.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));
const KEY = 'R0UT1NGKEY0000000000000000000000';
const SECRETS = ['xoxb-doctor', 'statuspage-key', 'smtp-password', KEY];

describeWith(['prometheus', 'prometheus-alertmanager'], 'firebreak doctor', () => {
  const started = new Started();
  let directory: string;
  let pagerduty: FakePagerDuty;
  let rest: FakePagerDutyRest;
  let slack: FakeSlack;
  let smtp: FakeSmtp;
  let statuspage: FakeStatuspage;
  let argocd: FakeArgocd;
  let cluster: FakeKubernetes;
  let alertmanager: Listening;
  let prometheus: PrometheusProcess;
  let databaseUrl: string;
  let config: Record<string, unknown>;

  beforeAll(async () => {
    directory = await started.directory();
    pagerduty = started.add(await startPagerDuty());
    rest = started.add(await startPagerDutyRest({ token: 'rest-key', users: ['Bot@example.com'] }));
    slack = started.add(
      await startSlack({
        token: 'xoxb-doctor',
        channels: { C0INCIDENTS: 'incidents', C0OLD: 'old', C0FOREIGN: 'foreign' },
        archived: ['C0OLD'],
        notIn: ['C0FOREIGN'],
      }),
    );
    smtp = started.add(await startSmtp({ auth: { user: 'firebreak', pass: 'smtp-password' } }));
    statuspage = started.add(
      await startStatuspage({ apiKey: 'statuspage-key', pageId: 'page1', components: ['comp1'] }),
    );
    argocd = started.add(await startArgocd());
    cluster = started.add(await startFakeKubernetes());
    const webhook = 'http://127.0.0.1:9/webhooks/alertmanager';
    alertmanager = started.add(
      await startAlertmanager(directory, {
        route: { receiver: 'firebreak' },
        receivers: [{ name: 'firebreak', webhook_configs: [{ url: webhook }] }],
      }),
    );
    prometheus = started.add(
      await startPrometheusProcess({ directory, targets: [], rules: [], interval: '15s', externalLabels: {} }),
    );
    const database = await testDatabase();
    started.add({ stop: () => database.drop() });
    databaseUrl = urlOf(database.connection);
    const log = { warn: () => undefined, error: () => undefined };
    const store = await openStore(database.connection, { lateFiringMs: 1, refreshMs: 1, exclusive: false, log });
    await store.touch([{ source: 'alertmanager', at: Date.now() - 60_000 }]);
    await store.close();
    config = {
      pagerduty: {
        ...{ routingKey: KEY, server: pagerduty.host, webhookSecrets: ['s'] },
        ...{ apiToken: 'rest-key', from: 'bot@example.com', apiUrl: rest.url },
      },
      slack: { token: 'xoxb-doctor', signingSecret: 's', channel: 'C0INCIDENTS', apiUrl: slack.url },
      email: { smtpUrl: smtp.url, from: 'firebreak@example.com', to: ['ops@example.com'] },
      statuspage: {
        apiKey: 'statuspage-key',
        pageId: 'page1',
        apiUrl: statuspage.url,
        components: { checkout: ['comp1'] },
      },
      prometheus: { url: prometheus.url },
      alertmanager: { url: alertmanager.url },
      argocd: { url: argocd.url, token: argocd.token },
      kubernetes: { clusters: { [CLUSTER]: { kubeconfig: await cluster.kubeconfig(join(directory, 'kubeconfig')) } } },
      heartbeat: { url: 'http://127.0.0.1:9/' },
    };
  });
  afterAll(() => started.stop());

  const run = async (changes: Record<string, unknown>, ...args: readonly string[]) => {
    // Its clock stands still between steps, and a busy machine starts a program late.
    const follow = setInterval(() => {
      argocd.advance(Date.now() - argocd.now());
    }, 100);
    const file = join(directory, 'firebreak.yaml');
    await writeFile(file, stringify({ ...config, ...changes }));
    const child = spawn(process.execPath, [join(root, 'src/main.ts'), 'doctor', '--config', file, ...args], {
      ...{ cwd: root, stdio: ['ignore', 'pipe', 'pipe'] as const },
      env: { PATH: process.env['PATH'], NODE_EXTRA_CA_CERTS: pagerduty.certFile, FIREBREAK_DATABASE_URL: databaseUrl },
    });
    const [out, err] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'exit')]);
    clearInterval(follow);
    for (const secret of SECRETS) expect(out + err).not.toContain(secret);
    return { out, err, code: child.exitCode };
  };
  const checks = async (changes: Record<string, unknown> = {}, ...args: readonly string[]) => {
    const { out, code } = await run(changes, '--json', ...args);
    const found = (JSON.parse(out) as { checks: DoctorCheck[] }).checks;
    return { code, found, of: (name: string) => found.find((check) => check.name === name) };
  };

  test('finds everything well, and says what only a page could show', async () => {
    const { code, found } = await checks();
    expect(found.filter(({ status }) => status !== 'ok').map(({ name, status }) => [name, status])).toEqual([
      ['pagerduty key', 'warning'],
    ]);
    expect(code).toBe(0);
    expect(found.map(({ name }) => name)).toEqual([
      ...['configuration', 'heartbeat', 'rules', 'clock', 'database', 'schema', 'source alertmanager'],
      ...[
        'pagerduty',
        'pagerduty key',
        'pagerduty webhook',
        'pagerduty notes',
        'slack',
        'slack scopes',
        'slack channel C0INCIDENTS',
        'email',
      ],
      ...['statuspage', 'statuspage components', 'prometheus', 'alertmanager', 'alertmanager receiver'],
      ...[`kubernetes ${CLUSTER}`, 'argocd'],
    ]);
    expect([pagerduty.alerts.length, smtp.mails.length, statuspage.incidents.length]).toEqual([0, 0, 0]);
  });

  test('--send-test pages once, marked TEST, and resolves it', async () => {
    const { code, of } = await checks({}, '--send-test');
    expect(of('pagerduty test page')).toMatchObject({ status: 'ok' });
    expect(code).toBe(0);
    const events = pagerduty.requests
      .filter(({ path }) => path === '/v2/enqueue')
      .map(({ raw }) => JSON.parse(raw) as { event_action: string; dedup_key: string; payload?: { summary: string } });
    expect(events.map(({ event_action }) => event_action)).toEqual(['trigger', 'resolve']);
    expect(new Set(events.map(({ dedup_key }) => dedup_key)).size).toBe(1);
    expect(events[0]?.payload?.summary).toMatch(/^TEST: nothing is wrong/);
  });

  test('wrong credentials are told from what does not answer, each with what to do', async () => {
    const { code, found } = await checks({
      pagerduty: {
        ...{ routingKey: 'short', server: pagerduty.host },
        ...{ apiToken: 'rest-key', from: 'nobody@example.com', apiUrl: rest.url },
      },
      slack: { token: 'xoxb-wrong', channel: 'C0INCIDENTS', apiUrl: slack.url },
      email: { ...(config['email'] as object), smtpUrl: smtp.url.replace('smtp-password', 'wrong') },
      statuspage: { ...(config['statuspage'] as object), apiKey: 'wrong' },
      argocd: { url: argocd.url, token: 'wrong' },
      prometheus: { url: 'http://127.0.0.1:1' },
      alertmanager: { url: prometheus.url },
    });
    expect(code).toBe(1);
    const failed = found.filter(({ status }) => status === 'failed');
    expect(failed.map(({ name }) => name)).toEqual([
      ...['pagerduty key', 'pagerduty notes', 'slack', 'email', 'statuspage', 'prometheus', 'alertmanager', 'argocd'],
    ]);
    expect(failed.every(({ advice }) => advice !== null && advice !== '')).toBe(true);
    expect(failed.find(({ name }) => name === 'slack')?.advice).toContain('slack.token');
    expect(failed.find(({ name }) => name === 'prometheus')?.advice).toContain('network');
  });

  test('a plan that can never be carried out is no warning', async () => {
    const step = { name: 'api', provider: 'deployment', with: { namespace: 'shop', name: 'checkout' } };
    const { code, of } = await checks({
      kubernetes: { clusters: { lost: { kubeconfig: join(directory, 'nowhere') } } },
      services: { checkout: { rollback: { steps: [step] } } },
    });
    expect(code).toBe(1);
    expect(of('kubernetes lost')).toMatchObject({
      ...{ status: 'failed', message: expect.stringContaining('no such file') },
      advice: 'Look at kubernetes.clusters.lost: its kubeconfig and context.',
    });
    expect(of('plan of checkout, api')).toMatchObject({
      status: 'failed',
      advice: expect.stringContaining('the step'),
    });
  });

  test('says what is not configured, and who hears of nothing for it', async () => {
    const noSlack = await checks({ slack: undefined });
    expect(noSlack.of('slack')).toMatchObject({ status: 'ok', message: 'not configured: P0 and P1 go by e-mail, too' });
    const neither = await checks({ slack: undefined, email: undefined });
    expect(neither.of('slack')).toMatchObject({ status: 'warning', advice: expect.stringContaining('docs/slack.md') });
    expect(neither.of('email')).toMatchObject({ status: 'warning' });
  });

  test('looks at each channel that is posted to', async () => {
    const audiences = { team: { slackChannel: 'C0FOREIGN' }, stakeholders: { slackChannel: '#general' } };
    const services = { checkout: { slackChannel: 'C0OLD' }, search: { slackChannel: 'C0NOWHERE' } };
    const { of } = await checks({ audiences, services });
    expect(of('slack channel C0OLD')).toMatchObject({ status: 'failed', message: '#old is archived' });
    expect(of('slack channel C0FOREIGN')).toMatchObject({
      status: 'failed',
      advice: expect.stringContaining('/invite') as string,
    });
    expect(of('slack channel C0NOWHERE')).toMatchObject({ status: 'failed' });
    expect(of('slack channel #general')).toMatchObject({ status: 'warning' });
  });

  test('rehearses each plan on its target', async () => {
    const services = { checkout: { rollback: { steps: [deploymentStep('checkout')] } } };
    const { of } = await checks({ services });
    expect(of('plan of checkout, checkout')).toMatchObject({
      status: 'warning',
      message: expect.stringContaining('checkout') as string,
    });
  });

  test('a component that is not on the page is named, with those that are', async () => {
    const { of } = await checks({
      statuspage: { ...(config['statuspage'] as object), components: { checkout: ['gone'] } },
    });
    expect(of('statuspage components')).toMatchObject({
      status: 'failed',
      advice: expect.stringContaining('comp1') as string,
    });
  });

  test('a clock that differs is found', async () => {
    const server = createServer((_request, response) => {
      response.sendDate = false;
      response.setHeader('Date', new Date(Date.now() + 120_000).toUTCString());
      const status = {
        ...{ uptime: '2026-01-01T00:00:00Z', cluster: { status: 'ready' }, versionInfo: { version: '0.27.0' } },
        config: { original: 'receivers: [{ webhook_configs: [{ url: <secret> }] }]' },
      };
      response.setHeader('Content-Type', 'application/json');
      response.end(JSON.stringify(status));
    });
    const { code, of } = await checks({ alertmanager: { url: `http://${await listen(server)}` } });
    await stop(server);
    expect(of('clock')).toMatchObject({
      status: 'failed',
      message: expect.stringMatching(/^1[12]\d s behind that of Alertmanager$/) as string,
    });
    expect(code).toBe(1);
  });

  test('a database that is not there, and one that is not made yet', async () => {
    const gone = await checks({}, '--database-url', 'postgres://u:p@127.0.0.1:1/x');
    expect(gone.of('database')).toMatchObject({
      status: 'failed',
      advice: expect.stringContaining('database.url') as string,
    });
    const fresh = await checks({}, '--database-url', `embedded:${join(directory, 'not-yet')}`);
    expect(fresh.of('database')).toMatchObject({
      status: 'ok',
      message: expect.stringContaining('first start') as string,
    });
  });

  test('for people it is a line each, and a wrong configuration is exit code 2', async () => {
    const { out, code } = await run({});
    expect(out).toMatch(/^ok {7}configuration {2,}\S/);
    expect(out).toContain('→ firebreak doctor --send-test');
    expect(out).toMatch(/22 checks: 0 failed, 1 warning\n$/);
    expect(code).toBe(0);
    const wrong = await run({ alertmanagr: {} });
    expect(wrong).toMatchObject({ code: 2, err: expect.stringContaining('did you mean alertmanager?') as string });
  });
});
