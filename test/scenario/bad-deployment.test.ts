import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { promisify } from 'node:util';
import type { AlertmanagerProcess } from '../harness/alertmanager.ts';
import { startAlertmanagerPair } from '../harness/alertmanager.ts';
import type { FirebreakProcess } from '../harness/firebreak.ts';
import { eventually } from '../harness/firebreak.ts';
import { kubernetesTools } from '../harness/kubernetes-tools.ts';
import { writeHistory } from '../harness/prometheus-history.ts';
import type { PrometheusProcess } from '../harness/prometheus.ts';
import { startPrometheusProcess } from '../harness/prometheus.ts';
import { describeWith, toolPath } from '../harness/tools.ts';
import { HEALTHY, REQUESTS_PER_SECOND, startCheckoutApp } from './checkout-app.ts';
import type { Outside } from './outside.ts';
import {
  CLUSTER,
  deploymentStep,
  NAMESPACE,
  pathOfDeployment,
  ROUTING_KEY,
  slackMessages,
  Started,
  startOutside,
  startWith,
} from './outside.ts';
import type { Incident } from './reading.ts';
import { courseOf, incidentOf, incidents, metricsText, reportsOf, samplesOf, timelineOf } from './reading.ts';

const OLD = 'shop/checkout:1.8.2';
const GOOD = 'shop/checkout:1.8.3';
const BAD = 'shop/checkout:1.9.0';
/** The same releases under the same name, for kubectl to undo. */
const TWIN = 'shop-twin';
const WEBHOOK_TOKEN = 'alertmanager-to-firebreak';

/** Over 4 s, so the ratio is above the threshold at once when errors begin and falls below it some seconds after they end. */
const ERROR_RATIO =
  'sum(rate(http_requests_total{service="$service",code=~"5.."}[4s])) / sum(rate(http_requests_total{service="$service"}[4s]))';
const REQUESTS = 'sum(rate(http_requests_total{service="$service"}[4s]))';
const LATENCY = 'max(http_p95_seconds{service="$service"})';
const USERS_AFFECTED = '100 * sum(failing_users{service="$service"}) / sum(active_users{service="$service"})';

const RULE = {
  alert: 'CheckoutErrors',
  expr: `${ERROR_RATIO.replaceAll('$service', 'checkout')} > 0.05`,
  for: '1s',
  labels: { service: 'checkout', environment: 'production', severity: 'critical' },
  annotations: { summary: 'Checkout fails for its customers', runbook_url: 'https://runbooks.example.com/checkout' },
};

/** The rates forget in 4 s; so much longer that Prometheus has evaluated its rule since. */
const SETTLE_SECONDS = 6;

const configFor = (app: string): object => ({
  http: { webhookAuth: { bearerTokens: [WEBHOOK_TOKEN] } },
  automation: { watchSeconds: 2 },
  services: {
    checkout: {
      owner: 'team-shop',
      customerFacing: true,
      facts: { usersAffectedPercent: { promql: USERS_AFFECTED } },
      rollback: { steps: [deploymentStep('checkout')] },
      recovery: {
        errorRatio: ERROR_RATIO,
        latencyP95: LATENCY,
        requestsPerSecond: REQUESTS,
        settleSeconds: SETTLE_SECONDS,
        health: [`http://${app}/healthz`],
        journeys: [
          {
            name: 'buy',
            steps: [{ method: 'POST', url: `http://${app}/orders`, expectStatus: 201, expectBody: 'accepted' }],
          },
        ],
      },
    },
  },
});

const READY = 'firebreak_rollback_ready{reason="ready",service="checkout"}';

/**
 * In this order, always: each event of the incident but the reports of its notifications, and but the news that the
 * alert has resolved, which Alertmanager sends when its group's interval is over.
 */
const COURSE = [
  'incident-opened',
  'alerts-joined',
  'baseline-frozen',
  'severity-decided',
  'severity-changed',
  'clock-started', // detect
  'clock-met',
  'clock-started', // acknowledge
  'clock-started', // restore
  'clock-started', // update
  'page-requested',
  'evidence-added',
  'evidence-added',
  'evidence-added',
  'evidence-added',
  'routing-decided',
  'rollback-decided',
  'rollback-requested',
  'rollback-planned',
  'rollback-announced',
  'rollback-started',
  'evidence-captured',
  'rollback-step-intended',
  'rollback-step-accepted',
  'rollback-step-finished',
  'rollback-validating',
  'recovery-sampled',
  'recovery-sampled',
  'recovery-sampled',
  'rollback-verdict',
  'incident-mitigated',
  'clock-met', // restore
  'clock-cancelled', // acknowledge
  'clock-started', // diagnose
  'rollback-watched',
];

const of = { service: 'checkout' };
/** A quiet hour, as it would have been scraped. */
const PAST = [
  {
    name: 'http_requests_total',
    labels: { ...of, code: '200' },
    value: (second: number) => second * REQUESTS_PER_SECOND,
  },
  { name: 'http_requests_total', labels: { ...of, code: '500' }, value: () => 0 },
  { name: 'http_p95_seconds', labels: of, value: () => HEALTHY.seconds },
];

const NEWS = ['alerts-resolved', 'severity-decided'];

const started = new Started();
let outside: Outside;
let prometheus: PrometheusProcess;
let alertmanagers: readonly [AlertmanagerProcess, AlertmanagerProcess];
let firebreak: FirebreakProcess;
/** As the API shows it when all is over. */
let incident: Incident;
let onset: string;

const release = (namespace: string, image: string) => outside.cluster.deploy({ namespace, name: 'checkout', image });
const templateOf = (namespace: string) => outside.cluster.deployment(namespace, 'checkout').spec.template;

const HOUR = 3_600_000;
const MINUTE = 60_000;

async function startEverything(): Promise<void> {
  outside = await startOutside(started, () => Date.now() - 2 * HOUR);
  const { cluster, directory } = outside;
  for (const namespace of [NAMESPACE, TWIN]) {
    await release(namespace, OLD);
    await release(namespace, GOOD);
  }
  // Two more releases of a minute each: at the last one, the bad one, the cluster's clock is right.
  cluster.advance(Date.now() - cluster.now() - 2 * MINUTE);
  await release(TWIN, BAD);
  cluster.logs(BAD, { current: 'payment declined: token=tok_4242424242\n' });
  const app = started.add(
    await startCheckoutApp(cluster, NAMESPACE, { [BAD]: { requests: 0.4, users: 0.95, seconds: 1.4 } }),
  );
  await writeHistory(directory, { from: Date.now() - HOUR, to: Date.now() - 1_000 }, PAST);
  prometheus = started.add(
    await startPrometheusProcess({
      directory,
      targets: [app.host],
      rules: [RULE],
      interval: '200ms',
      externalLabels: { prometheus_replica: 'a' },
    }),
  );
  firebreak = await startWith(started, outside, { ...configFor(app.host), prometheus: { url: prometheus.url } });
  const webhookUrl = `${firebreak.url}/webhooks/alertmanager`;
  alertmanagers = await startAlertmanagerPair({ directory, webhookUrl, bearerToken: WEBHOOK_TOKEN });
  for (const alertmanager of alertmanagers) started.add(alertmanager);
  await prometheus.sendTo(alertmanagers.map(({ host }) => host));
  const whole = { targets: 1, alertmanagers: 2 };
  await eventually(
    () => prometheus.reach(),
    (reach) => JSON.stringify(reach) === JSON.stringify(whole),
  );
}

/** What Prometheus itself says of when the alert's expression became true. */
async function activeAt(): Promise<string | null> {
  const answer = (await prometheus.get('/api/v1/alerts')) as {
    data: { alerts: { state: string; activeAt: string }[] };
  };
  const alert = answer.data.alerts.find(({ state }) => state === 'firing');
  return alert === undefined ? null : new Date(alert.activeAt).toISOString();
}

/** From the bad release to the end, without a hand on anything. */
async function liveThroughIt(): Promise<void> {
  await release(NAMESPACE, BAD);
  onset = (await eventually(activeAt, (at) => at !== null))!;
  const [opened] = await eventually(
    () => incidents(firebreak),
    ([first]) => first?.status === 'mitigated',
    60_000,
  );
  incident = opened!;
  await eventually(
    () => timelineOf(firebreak, incident.id),
    (timeline) =>
      timeline.at(-1)?.type === 'notification-sent' && timeline.some(({ type }) => type === 'rollback-watched'),
  );
  await everythingSent();
  incident = await incidentOf(firebreak, incident.id);
}

/** Nothing waits anywhere: no alert in an Alertmanager, no job, no effect. */
async function everythingSent(): Promise<void> {
  for (const alertmanager of alertmanagers) {
    await eventually(
      () => alertmanager.firing(),
      (firing) => firing === 0,
    );
    await eventually(
      () => alertmanager.webhooks(),
      ({ sent }) => sent >= 2,
    );
  }
  await eventually(
    async () => samplesOf(await metricsText(firebreak)),
    (samples) => [...samples].every(([series, value]) => !series.startsWith('firebreak_queue_depth') || value === 0),
  );
}

describeWith(['prometheus', 'promtool', 'prometheus-alertmanager'], 'a bad deployment of checkout', () => {
  beforeAll(async () => {
    await startEverything();
  });

  afterAll(() => started.stop());

  it('is nothing to anybody while all is well', async () => {
    const ratio = RULE.expr.replace(' > 0.05', '');
    expect(
      await eventually(
        () => prometheus.query(ratio),
        (value) => value !== null,
      ),
    ).toBe(0);
    // Its plan was rehearsed, too.
    await eventually(
      async () => samplesOf(await metricsText(firebreak)).get(READY),
      (ready) => ready === 1,
    );
    expect(await incidents(firebreak)).toEqual([]);
    expect(await Promise.all(alertmanagers.map((one) => one.peers()))).toEqual([2, 2]);
  });

  it('is seen, paged, rolled back and over, by itself', async () => {
    await liveThroughIt();
    expect(incident).toMatchObject({ severity: 'P0', status: 'mitigated', rollback: { verdict: 'recovered' } });
  }, 90_000);

  it('is one incident, although both Alertmanagers delivered everything', async () => {
    const webhooks = await Promise.all(alertmanagers.map((one) => one.webhooks()));
    // The firing and the resolve, from each of the two.
    expect(webhooks).toEqual([
      { sent: 2, failed: 0 },
      { sent: 2, failed: 0 },
    ]);
    expect(await incidents(firebreak)).toHaveLength(1);
  });

  it('shows the incident as the interface says', () => {
    expect(incident).toMatchObject({
      id: expect.stringMatching(/^INC-\d{8}-\d{6}$/),
      title: RULE.annotations.summary,
      service: 'checkout',
      environment: 'production',
      severity: 'P0',
      severityBecause: '95 % of users are affected',
      status: 'mitigated',
      onsetSource: 'active-at',
      acknowledgedAt: null,
      fixDeployedAt: null,
      resolvedAt: null,
      monitoringUntil: null,
      closedAt: null,
      commander: null,
      runbookUrl: RULE.annotations.runbook_url,
      alertCounts: { firing: 0, resolved: 1 },
      alerts: [{ name: RULE.alert, status: 'resolved', labels: { ...RULE.labels, alertname: RULE.alert } }],
      impact: { usersAffectedPercent: 95, errorRatioBaseline: 0, customerFacing: true },
      decision: {
        action: 'roll-back',
        rule: 'p0-roll-back',
        because: 'P0: undo deployment r3 of checkout at once',
        rulesHash: expect.stringMatching(/^[0-9a-f]{12,64}$/),
        facts: { usersAffectedPercent: 95, suspectChange: { kind: 'deployment', version: 'r3' }, rollbackReady: true },
        mode: 'auto',
      },
      rollback: {
        state: 'finished',
        verdict: 'recovered',
        stoppedBy: null,
        steps: [
          {
            name: 'checkout',
            provider: 'deployment',
            state: 'done',
            target: `kubernetes/${CLUSTER}/${NAMESPACE}/deployment/checkout`,
            from: 'r3',
            to: 'r2',
          },
        ],
      },
    });
    expect(incident['clocks']).toMatchObject([
      { name: 'detect', state: 'met' },
      { name: 'acknowledge', state: 'cancelled' },
      { name: 'restore', state: 'met' },
      { name: 'diagnose', state: 'running' },
      { name: 'update', state: 'met' },
    ]);
  });

  it('began when Prometheus saw it, not when the alert began to fire', () => {
    const [alert] = incident['alerts'] as { startsAt: string }[];
    expect(incident.startedAt).toBe(onset);
    expect(Date.parse(alert!.startsAt) - Date.parse(incident.startedAt)).toBeGreaterThanOrEqual(1_000);
    const times = [incident.startedAt, incident['detectedAt'], incident.rollback!.startedAt, incident['mitigatedAt']];
    expect(times).toEqual(times.toSorted());
  });

  it('has a timeline that is whole and in order', async () => {
    const timeline = await timelineOf(firebreak, incident.id);
    // The first update is met when Slack has answered, whenever that is.
    const course = courseOf(timeline).filter(({ type, data }) => type !== 'clock-met' || data['clock'] !== 'update');
    const validating = course.find(({ type }) => type === 'rollback-validating')!;
    const verdict = course.find(({ type }) => type === 'rollback-verdict')!;
    // The rules are run again with the news: they find less, and the severity stands.
    const news = course.filter(({ seq, type }) => seq > validating.seq && NEWS.includes(type));
    expect(news.map(({ type }) => type)).toEqual(NEWS);
    expect(news.every(({ seq }) => seq < verdict.seq)).toBe(true);
    expect(course.filter((event) => !news.includes(event)).map(({ type }) => type)).toEqual(COURSE);
    expect(timeline.map(({ seq }) => seq)).toEqual(timeline.map((_, i) => i + 1));
    expect(incident.version).toBe(timeline.length);
    expect(timeline.map(({ previousHash }) => previousHash)).toEqual([
      '0'.repeat(64),
      ...timeline.slice(0, -1).map(({ hash }) => hash),
    ]);
  });

  it('knew what was usual before it changed anything', async () => {
    const timeline = await timelineOf(firebreak, incident.id);
    const { baseline } = timeline.find(({ type }) => type === 'baseline-frozen')!.data as unknown as {
      baseline: { from: string; to: string; metrics: Record<string, { median: number }>; missing: object };
    };
    expect(baseline).toMatchObject({
      metrics: { errorRatio: { median: 0 }, latencyP95: { median: HEALTHY.seconds } },
      missing: {},
    });
    expect(baseline.metrics['requestsPerSecond']!.median).toBeCloseTo(REQUESTS_PER_SECOND, 3);
    expect(Date.parse(baseline.to) - Date.parse(baseline.from)).toBe(30 * MINUTE);
    // 5 min before the bad release, which the cluster knows to the second.
    expect(Date.parse(onset) - Date.parse(baseline.to)).toBeGreaterThanOrEqual(5 * MINUTE);
    expect(Date.parse(onset) - Date.parse(baseline.to)).toBeLessThan(5.5 * MINUTE);
  });

  it('saved what the bad pods had written, without its secrets, before they went', async () => {
    const timeline = await timelineOf(firebreak, incident.id);
    const { items, missing, name } = timeline.find(({ type }) => type === 'evidence-captured')!.data as unknown as {
      items: { kind: string; name: string; text: string }[];
      missing: string[];
      name: string;
    };
    expect([name, missing]).toEqual(['checkout', []]);
    const logs = items.filter(({ kind }) => kind === 'logs');
    expect(logs.map(({ text: log }) => log.trim())).toEqual(Array(3).fill('payment declined: token=[redacted]'));
    expect(items.filter(({ kind }) => kind === 'pod-states').length).toBeGreaterThan(0);
  });

  it('was proved restored by three samples of everything, and restored at the first of them', async () => {
    const timeline = await timelineOf(firebreak, incident.id);
    const samples = timeline.filter(({ type }) => type === 'recovery-sampled');
    expect(samples).toHaveLength(3);
    const times = samples.map(({ at }) => Date.parse(at));
    const validating = timeline.find(({ type }) => type === 'rollback-validating')!;
    expect(times[0]! - Date.parse(validating.at)).toBeGreaterThanOrEqual(SETTLE_SECONDS * 1_000);
    for (const [i, at] of times.slice(1).entries()) expect(at - times[i]!).toBeGreaterThanOrEqual(10_000);
    const everything = [
      'target checkout',
      'errorRatio',
      'latencyP95',
      'requestsPerSecond',
      'health',
      'journey',
      'alerts',
    ];
    for (const { data } of samples) {
      const checks = data['checks'] as unknown as { name: string; result: string; detail: string }[];
      expect(checks.map(({ name }) => name.replace(/^(health|journey) .*/, '$1'))).toEqual(everything);
      expect(checks.filter(({ result }) => result !== 'pass')).toEqual([]);
    }
    expect(Date.parse(String(incident['mitigatedAt']))).toBe(times[0]);
  });

  it('reports every notification, after what it tells of', async () => {
    const timeline = await timelineOf(firebreak, incident.id);
    expect(reportsOf(timeline, 'pagerduty')).toEqual(['sent trigger', 'sent change', 'sent resolve']);
    expect(reportsOf(timeline, 'slack')).toEqual(['sent announce', ...Array<string>(9).fill('sent thread')]);
    const reports = timeline.filter(({ type }) => type === 'notification-sent');
    expect(reports).toHaveLength(13);
    for (const { seq, data } of reports) {
      const cause = (data['effectId'] as string).split(':')[1];
      expect(seq).toBeGreaterThan(Number(cause));
    }
  });

  it('paged once, told PagerDuty of the change, and resolved the page', () => {
    const { pagerduty } = outside;
    const dedupKey = `firebreak-${incident.id}`;
    expect(pagerduty.alerts).toMatchObject([
      {
        routingKey: ROUTING_KEY,
        dedupKey,
        state: 'resolved',
        payload: { severity: 'critical', source: 'checkout', custom_details: { usersAffectedPercent: 95 } },
      },
    ]);
    expect(pagerduty.alerts[0]!.summaries).toHaveLength(1);
    expect(pagerduty.changes).toMatchObject([
      {
        routingKey: ROUTING_KEY,
        payload: {
          summary: 'Firebreak rolls checkout back from r3 to r2',
          custom_details: { incident: incident.id, from: 'r3', to: 'r2' },
        },
      },
    ]);
    expect(pagerduty.dropped).toEqual([]);
  });

  it('has one message in Slack, kept up to date, with the course under it', () => {
    const { messages, lines } = slackMessages(outside);
    expect(messages).toHaveLength(1);
    expect(messages[0]!.edits).toBeGreaterThan(0);
    const shown = JSON.stringify(messages[0]!.blocks);
    expect(shown).toContain('Status: mitigated');
    expect(shown).toContain('Rolled back checkout from r3 to r2: recovered');
    expect(lines.map(({ text: line }) => line)).toEqual([
      expect.stringMatching(
        /^Rollback planned: checkout: r3 \(shop\/checkout:1\.9\.0, \d+ s old\) → r2 \(shop\/checkout:1\.8\.3, ran \d+ min\) \(plan [0-9a-f]{12}\)$/,
      ),
      expect.stringMatching(/^Rolling back checkout from r3 to r2, starting at /),
      'Rollback started',
      expect.stringMatching(/^Saved before step checkout: \d+ pieces of evidence in \d\.\d s$/),
      'Rollback step checkout: accepted',
      expect.stringMatching(/^Rollback step checkout done: /),
      expect.stringMatching(/^Verdict recovered after \d+ s: 3 samples in a row passed, the first at /),
      expect.stringMatching(/^Service restored: 3 samples in a row passed, the first at /),
      'End of the watch: the watch is over and nobody moved it',
    ]);
    expect(lines.every(({ threadTs }) => threadTs === messages[0]!.ts)).toBe(true);
    expect(outside.slack.pings).toEqual([]);
  });

  it('changed the cluster once: to the template that was pinned, guarded by the resourceVersion', async () => {
    const ours = outside.cluster.patches.filter(({ path }) => path.includes(`/${NAMESPACE}/`));
    expect(ours).toMatchObject([
      {
        path: pathOfDeployment('checkout'),
        contentType: 'application/json-patch+json',
        body: [
          { op: 'test', path: '/metadata/resourceVersion', value: expect.any(String) },
          { op: 'replace', path: '/spec/template' },
        ],
      },
    ]);
    expect(templateOf(NAMESPACE).spec.containers[0]!.image).toBe(GOOD);
    const planned = (await timelineOf(firebreak, incident.id)).find(({ type }) => type === 'rollback-planned')!;
    const { steps } = planned.data['plan'] as unknown as { steps: { target: { pin: { template: unknown } } }[] };
    expect((ours[0]!.body as { value: unknown }[])[1]!.value).toEqual(steps[0]!.target.pin.template);
  });

  it('left the template that kubectl rollout undo leaves', async () => {
    const { directory, cluster } = outside;
    const { kubectl } = await kubernetesTools();
    const place = [
      '--kubeconfig',
      join(directory, 'kubeconfig'),
      '--cache-dir',
      join(directory, 'kubectl'),
      '-n',
      TWIN,
    ];
    await promisify(execFile)(kubectl, [...place, 'rollout', 'undo', 'deployment/checkout'], { timeout: 30_000 });
    await cluster.settled();
    expect(templateOf(NAMESPACE)).toEqual(templateOf(TWIN));
  });

  describe('on /metrics', () => {
    let samples: ReadonlyMap<string, number>;

    beforeAll(async () => {
      samples = samplesOf(await metricsText(firebreak));
    });

    /** Exact values, but for those below and for how long something took. */
    const valuesOf = (): Record<string, number> =>
      Object.fromEntries(
        [...samples].filter(
          ([series]) =>
            series.startsWith('firebreak_') &&
            !/_(bucket|sum)(\{|$)/.test(series) &&
            !/^firebreak_(deliveries_total|ingest_commit|source_last_seen|queue_depth)/.test(series) &&
            !/channel="slack"/.test(series),
        ),
      );

    const total = (pattern: RegExp): number =>
      [...samples].filter(([series]) => pattern.test(series)).reduce((sum, [, value]) => sum + value, 0);

    it('counts exactly what happened', () => {
      const of = 'service="checkout",severity="P0"';
      expect(valuesOf()).toEqual({
        'firebreak_alerts_total{source="alertmanager",status="firing"}': 2,
        'firebreak_alerts_total{source="alertmanager",status="resolved"}': 2,
        [`firebreak_incidents_opened_total{${of}}`]: 1,
        [`firebreak_incidents_open{${of},status="mitigated"}`]: 1,
        'firebreak_decisions_total{mode="auto",outcome="P0",stage="severity"}': 1,
        // Of what is measured when the alert has resolved.
        'firebreak_decisions_total{mode="auto",outcome="P3",stage="severity"}': 1,
        'firebreak_decisions_total{mode="auto",outcome="roll-back",stage="rollback"}': 1,
        'firebreak_decisions_total{mode="auto",outcome="backend",stage="routing"}': 1,
        [`firebreak_sla_clocks_met_total{clock="detect",${of}}`]: 1,
        [`firebreak_sla_clocks_met_total{clock="restore",${of}}`]: 1,
        [`firebreak_sla_clocks_met_total{clock="update",${of}}`]: 1,
        [`firebreak_incident_time_to_detect_seconds_count{${of}}`]: 1,
        [`firebreak_incident_time_to_restore_seconds_count{${of}}`]: 1,
        'firebreak_rollbacks_total{provider="deployment",verdict="recovered"}': 1,
        'firebreak_rollback_duration_seconds_count{provider="deployment"}': 1,
        'firebreak_effects_total{channel="pagerduty",outcome="delivered"}': 3,
        'firebreak_effect_latency_seconds_count{channel="pagerduty"}': 3,
        [READY]: 1,
        'firebreak_action_items{status="open"}': 0,
        'firebreak_action_items{status="done"}': 0,
        'firebreak_action_items{status="verified"}': 0,
        firebreak_action_items_overdue: 0,
        firebreak_repeat_incidents_total: 0,
        firebreak_sandbox: 0,
        firebreak_rules_last_reload_successful: 1,
        [`firebreak_rules_info{hash="${String((incident.decision as { rulesHash?: string }).rulesHash)}"}`]: 1,
      });
    });

    it('counts the deliveries of both Alertmanagers, whichever of a pair was the repeat', () => {
      expect(total(/^firebreak_deliveries_total\{outcome="(stored|repeated)",source="alertmanager"\}$/)).toBe(4);
      expect(total(/^firebreak_deliveries_total/)).toBe(4);
    });

    it('counts every effect on Slack, an update that a newer one replaced as skipped', async () => {
      // The announcement, nine lines and six updates.
      expect(total(/^firebreak_effects_total\{channel="slack",outcome="(delivered|skipped)"\}$/)).toBe(16);
      expect(total(/^firebreak_effects_total\{channel="slack"/)).toBe(16);
      const delivered = samples.get('firebreak_effects_total{channel="slack",outcome="delivered"}');
      expect(samples.get('firebreak_effect_latency_seconds_count{channel="slack"}')).toBe(delivered);
      const { items } = (await firebreak.get(`/api/v1/incidents/${incident.id}/effects`)) as {
        items: { kind: string; status: string; attempts: number }[];
      };
      expect(items).toHaveLength(19);
      expect(items.filter(({ status }) => status !== 'delivered').every(({ kind }) => kind === 'refresh')).toBe(true);
      expect(items.every(({ attempts }) => attempts === 1)).toBe(true);
    });

    it('measures times that fit the incident', () => {
      const of = '{service="checkout",severity="P0"}';
      const between = (from: string, to: unknown): number => (Date.parse(String(to)) - Date.parse(from)) / 1000;
      const { startedAt } = incident;
      const detectedAt = String(incident['detectedAt']);
      expect(samples.get(`firebreak_incident_time_to_detect_seconds_sum${of}`)).toBeCloseTo(
        between(startedAt, detectedAt),
        3,
      );
      expect(samples.get(`firebreak_incident_time_to_restore_seconds_sum${of}`)).toBeCloseTo(
        between(detectedAt, incident['mitigatedAt']),
        3,
      );
      expect(samples.get(`firebreak_incident_time_to_restore_seconds_bucket{le="60",${of.slice(1)}`)).toBe(1);
    });

    it('gives promtool nothing to say', async () => {
      const promtool = spawn(toolPath('promtool'), ['check', 'metrics'], { stdio: ['pipe', 'pipe', 'pipe'] });
      promtool.stdin.end(await metricsText(firebreak));
      const [out, errors, [code]] = await Promise.all([
        text(promtool.stdout),
        text(promtool.stderr),
        once(promtool, 'close') as Promise<[number]>,
      ]);
      expect({ code, out, errors }).toEqual({ code: 0, out: '', errors: '' });
    });
  });
});
