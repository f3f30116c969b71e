import { createHash } from 'node:crypto';
import type { Assessment, FactSet } from '../../src/domain/decision.ts';
import { standingSeverity } from '../../src/domain/incident/decide-severity.ts';
import type { AlertNews, Command } from '../../src/domain/incident/commands.ts';
import { standingSpecialist } from '../../src/domain/incident/decide-routing.ts';
import type { IncidentEvent } from '../../src/domain/incident/events.ts';
import type { IncidentState } from '../../src/domain/incident/state.ts';
import type { Json } from '../../src/domain/json.ts';
import type { Plan, PlannedStep } from '../../src/domain/plan.ts';
import type { RecoverySample } from '../../src/domain/recovery.ts';
import { compileRules } from '../../src/triage/compile.ts';
import { evaluate } from '../../src/triage/evaluate.ts';
import { readRuleFiles } from '../../src/triage/files.ts';
import { afterwards } from './login-learning.ts';
import { fileOf, policyOf, Stage } from './stage.ts';

const CONFIG = `
http: { publicUrl: https://firebreak.example.com, webhookAuth: { bearerTokens: [webhook] } }
pagerduty: { routingKey: R0UT1NGKEY, webhookSecrets: [secret] }
slack: { token: xoxb, channel: C0INCIDENTS }
email: { smtpUrl: smtp://mail.example.com, from: firebreak@example.com, to: [team@example.com] }
statuspage: { apiKey: key, pageId: page, publish: automatic }
automation: { mode: auto }
services:
  login:
    owner: identity
    specialist: backend
    customerFacing: true
    runbookUrl: https://wiki.example.com/runbooks/login
    rollback:
      steps:
        - { name: api, provider: deployment, with: { namespace: identity, name: login } }
        - { name: web, provider: deployment, with: { namespace: identity, name: login-web } }
`;

const DAY = '2024-01-15T';
const ONSET = `${DAY}14:31:43.000Z`;
const on = (time: string): string => `${DAY}${time}.000Z`;

const MIA = { by: 'Mia Torres', via: 'slack' };

const ALERT = {
  key: 'alertmanager/5c1c0a3b7f0e9d21',
  name: 'LoginErrorRatioHigh',
  labels: { alertname: 'LoginErrorRatioHigh', service: 'login', environment: 'production', severity: 'critical' },
  annotations: { summary: 'Logins fail: more than a tenth of the requests end in an error' },
  startsAt: on('14:32:13'),
  generatorUrl: 'https://prometheus.example.com/graph?g0.expr=login_error_ratio',
};

const joined: AlertNews = {
  counts: { firing: 1, resolved: 0 },
  joined: { count: 1, names: [ALERT.name], samples: [ALERT] },
  resolved: { count: 0, samples: [] },
};
const nothing: AlertNews = { ...joined, joined: { count: 0, names: [], samples: [] } };

const SUSPECT = {
  kind: 'deployment',
  id: 'deploy-8812',
  service: 'login',
  version: 'r42',
  previousVersion: 'r41',
  startedAt: on('14:28:30'),
  ageSeconds: 193,
  quietSeconds: 123,
  source: 'change-feed',
  undoable: true,
  own: true,
  onlyNewVersionFails: 'yes',
  dependenciesAreWell: 'unknown',
  changedServiceSuffers: 'yes',
  rivals: [],
  rivalCount: 0,
  acquitted: [],
  podTroubles: [],
};

const KNOWN: Readonly<Record<string, Json>> = {
  service: 'login',
  environment: 'production',
  customerFacing: true,
  serviceSpecialist: 'backend',
  labels: ALERT.labels,
  annotations: ALERT.annotations,
  alertNames: [ALERT.name],
  alertCount: 1,
  priorIncidents30d: 0,
  rollbackReady: true,
  suspectChange: SUSPECT,
};

const AT_FIRST: FactSet = {
  known: KNOWN,
  unknown: ['usersAffectedPercent', 'errorRatio', 'errorRatioBaseline', 'latencyP95Seconds'],
  sources: {},
};

const MEASURED: FactSet = {
  known: {
    ...KNOWN,
    usersAffectedPercent: 67,
    errorRatio: 0.41,
    errorRatioBaseline: 0.003,
    latencyP95Seconds: 1.9,
    latencyP95SecondsBaseline: 0.24,
  },
  unknown: [],
  sources: {},
};

const planned = (name: string, workload: string, from: string, to: string): PlannedStep => ({
  config: {
    name,
    provider: 'deployment',
    timeoutSeconds: 300,
    onFailure: 'stop',
    with: { namespace: 'identity', name: workload },
  },
  target: {
    key: `kubernetes/eu-1/identity/deployment/${workload}`,
    from: { version: from, identity: `uid-${from}`, images: [`identity/${workload}:${from}`], since: on('14:29:40') },
    to: {
      version: to,
      identity: `uid-${to}`,
      images: [`identity/${workload}:${to}`],
      since: '2024-01-11T09:12:00.000Z',
    },
    pin: { uid: `uid-${to}` },
    notReverted: ['ConfigMap identity/login-sessions'],
    warnings: [],
  },
});

const PLAN: Plan = {
  service: 'login',
  madeAt: on('14:33:14'),
  steps: [planned('api', 'login', 'r42', 'r41'), planned('web', 'login-web', 'r18', 'r17')],
};
const PLAN_HASH = createHash('sha256').update(JSON.stringify(PLAN)).digest('hex');

const sample = (result: 'pass' | 'fail', ratio: number): Command => ({
  kind: 'sample-recovery',
  sample: {
    result,
    worse: false,
    checks: [
      { name: 'errorRatio', result, detail: `${ratio}, usual is 0.003` },
      { name: 'latencyP95', result: 'pass', detail: '0.25 s, usual is 0.24 s' },
      { name: 'journey sign-in', result, detail: result === 'pass' ? 'all 3 steps as expected' : 'step 2: 500' },
      { name: 'target login', result: 'pass', detail: 'runs r41' },
    ],
  } satisfies RecoverySample,
});

/** What a step is about to destroy, then the step, up to its acceptance. */
const begun = (index: number, name: string, log: string): readonly Command[] => [
  {
    kind: 'record-capture',
    capture: {
      index,
      name,
      items: [{ kind: 'logs', name: `${name}-7c9f4d-x2x4k`, text: log, truncated: false }],
      missing: [],
      seconds: 0.8,
    },
  },
  { kind: 'intend-step', index },
  { kind: 'accept-step', index, receipt: { resourceVersion: `88${index}17` }, alreadyThere: false },
];

const finished = (index: number): Command => ({
  kind: 'finish-step',
  index,
  outcome: 'done',
  detail: 'every pod is ready',
});

/**
 * A P1 on login that a bad deployment caused, from the first alert to the published post-mortem: what people and systems
 * did, at the times at which they did it. Decided by the shipped rules, with the process as it ships.
 */
export async function playLoginIncident(): Promise<readonly IncidentEvent[]> {
  const compiled = compileRules((await readRuleFiles(fileOf('rules'))).rules, []);
  if (!compiled.ok) throw new Error(compiled.problems.map(({ message }) => message).join('\n'));
  const { ruleSet } = compiled;
  const assess = async (facts: FactSet, at: string, state: IncidentState | null): Promise<Command> => {
    const now = Date.parse(at);
    const assessment: Assessment = await evaluate(
      ruleSet,
      facts,
      now,
      state === null
        ? {}
        : {
            standing: (decided) => standingSeverity(state, decided, now),
            standingSpecialist: (decided) => standingSpecialist(state, decided),
          },
    );
    return { kind: 'assess', assessment };
  };
  const stage = new Stage('INC-20240115-143215', policyOf(CONFIG));
  const opening: Command = {
    kind: 'open',
    opening: {
      correlationKey: '["login","production"]',
      service: 'login',
      environment: 'production',
      title: ALERT.annotations.summary,
      labels: ALERT.labels,
      onset: { at: ONSET, source: 'active-at' },
      runbookUrl: 'https://wiki.example.com/runbooks/login',
      sourceUrl: ALERT.generatorUrl,
      afterKeyVersion: 0,
    },
    news: joined,
  };
  stage.open(on('14:32:15'), opening, await assess(AT_FIRST, on('14:32:15'), null));
  await stage.at(on('14:32:47'), () => ({ kind: 'acknowledge', ...MIA }));
  await stage.at(on('14:33:12'), freezeBaseline, (state) => assess(MEASURED, on('14:33:12'), state));
  await stage.at(on('14:33:14'), () => plan());
  await stage.at(on('14:33:45'), () => [
    { kind: 'approve-rollback', ...MIA, planHash: PLAN_HASH },
    { kind: 'start-rollback' },
    ...begun(0, 'login', 'ERROR session store: unknown column "tenant_id"\nERROR sign-in failed, password=hunter2\n'),
  ]);
  await stage.at(on('14:35:02'), () => [finished(0), ...begun(1, 'login-web', 'GET /api/session 500\n')]);
  await stage.at(on('14:36:23'), () => finished(1));
  await stage.at(on('14:37:21'), () => sample('fail', 0.02));
  await stage.at(on('14:37:51'), () => sample('pass', 0.003));
  await stage.at(on('14:38:00'), () => ({ kind: 'write-update', ...MIA, text: UPDATE }));
  await stage.at(on('14:38:05'), () => ({ kind: 'observe-alerts', news: GONE }));
  for (const time of ['14:38:21', '14:38:51', '14:39:21', '14:39:51']) {
    await stage.at(on(time), () => sample('pass', 0.003));
  }
  await afterwards(stage, on);
  return stage.events;
}

const UPDATE =
  'Sign-in works again since 14:37. login is back on r41; we watch whether it stays and look for the cause.';

const GONE: AlertNews = {
  ...nothing,
  counts: { firing: 0, resolved: 1 },
  resolved: { count: 1, samples: [ALERT] },
};

const freezeBaseline = (): Command => ({
  kind: 'freeze-baseline',
  baseline: {
    from: on('13:31:43'),
    to: on('14:26:43'),
    metrics: {
      errorRatio: { median: 0.003, p95: 0.005, mad: 0.001, samples: 55 },
      latencyP95: { median: 0.24, p95: 0.31, mad: 0.02, samples: 55 },
    },
    missing: {},
  },
});

const plan = (): Command => ({
  kind: 'plan-rollback',
  plan: PLAN,
  planHash: PLAN_HASH,
  rehearsal: ['api: the server would accept the change', 'web: the server would accept the change'],
  suspect: SUSPECT,
});
