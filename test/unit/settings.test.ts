import fc from 'fast-check';

import { PROVIDERS } from '../../src/domain/plan.ts';
import { loadSettings } from '../../src/settings/load.ts';
import { isLoopback } from '../../src/settings/sandbox.ts';
import { editDistance } from '../../src/domain/edit-distance.ts';
import { fields, load, messages, problemsOf, settingsOf } from './settings-support.ts';

describe('defaults', () => {
  test('no file at all is the shipped process, in the sandbox', () => {
    const settings = settingsOf(loadSettings({ env: {}, cwd: '/app', readFile: missing }));
    expect(settings.configPath).toBeNull();
    expect(settings.policy).toEqual({
      severities: {
        P0: sla(120, 300, 300, 300, 900),
        P1: sla(300, 600, 1800, 1800, 3600),
        P2: sla(900, 3600, 14_400, 14_400, null),
        P3: sla(3600, 28_800, 86_400, null, null),
      },
      correlation: {
        groupBy: ['service', 'environment'],
        ignoreLabels: ['replica', 'prometheus_replica'],
        labels: { service: ['service', 'app', 'job'], environment: ['environment', 'env'] },
        heartbeats: ['Watchdog'],
        heartbeatSeconds: 300,
        lateFiringSeconds: 300,
      },
      automation: {
        mode: 'auto',
        killSwitch: false,
        holdSeconds: { P0: 0, P1: 60, P2: 60 },
        recentChangeSeconds: 3600,
        cooldownSeconds: 3600,
        approvalExpiresSeconds: 900,
        verdictDeadlineSeconds: 900,
        watchSeconds: 1800,
        captureSeconds: 3,
        servicesAtOnce: 1,
        rollbacksPerHour: 3,
        stormServices: 5,
        rehearseEverySeconds: 900,
        freezeWindows: [],
      },
      services: {},
      facts: {},
      monitoringSeconds: 86_400,
      communication: {
        sends: false,
        pagerduty: false,
        slack: false,
        email: false,
        statuspage: null,
        pageAcceptSeconds: 60,
        warnPercents: [50, 80],
        stormIncidents: 10,
        linkSeconds: 120,
        audiences: { team: NOWHERE, stakeholders: NOWHERE, customers: NOWHERE },
        specialists: {},
      },
      learning: { reviewDays: 30, recurrenceDays: 60, remindDays: 2 },
    });
    expect(settings).toMatchObject({
      sandbox: true,
      notifications: 'send',
      http: { host: '127.0.0.1', port: 8080, publicUrl: null, maxBodyBytes: 8 * 1024 * 1024 },
      rulesDir: '/app/rules',
      logLevel: 'info',
      pagerduty: null,
      slack: null,
      heartbeat: null,
      webhooks: [],
    });
    expect(settings.database.url.reveal()).toBe('embedded:./data/postgres');
  });

  test('a section with nothing in it is as if it were not written', () => {
    const settings = settingsOf(load('http:\npagerduty:\nservices:\nkubernetes:\nautomation:\n  holdSeconds:\n'));
    expect(settings.http.port).toBe(8080);
    expect(settings.pagerduty).toBeNull();
    expect(settings.policy.automation.holdSeconds.P1).toBe(60);
  });

  test('what is written of a severity leaves the rest of it; null stops a clock', () => {
    const { severities } = settingsOf(load('severities: { P2: { restoreSeconds: 60, diagnoseSeconds: null } }')).policy;
    expect(severities.P2).toEqual(sla(900, 3600, 60, null, null));
    expect(severities.P0).toEqual(sla(120, 300, 300, 300, 900));
  });

  test('a service has a null for all that nobody said', () => {
    const settings = settingsOf(load('services: { checkout: }'));
    expect(settings.policy.services['checkout']).toEqual({
      owner: null,
      specialist: null,
      slackChannel: null,
      pagerdutyRoutingKey: null,
      customerFacing: null,
      dependsOn: [],
      runbookUrl: null,
      rollback: null,
      recovery: null,
      facts: {},
    });
  });

  test('a step has a timeout and stops on failure; `off` is a word and not false', () => {
    const step = 'steps: [{ name: api, provider: deployment }]';
    const settings = settingsOf(load(`services: { checkout: { rollback: { mode: off, ${step} } } }`));
    expect(settings.policy.services['checkout']?.rollback).toEqual({
      mode: 'off',
      steps: [{ name: 'api', provider: 'deployment', timeoutSeconds: 300, onFailure: 'stop', with: {} }],
    });
  });
});

describe('unknown keys', () => {
  test.each([
    ['http: { prot: 1 }', 'http.prot', 'unknown key; did you mean http.port?'],
    ['servces: {}', 'servces', 'unknown key; did you mean services?'],
    ['Http: {}', 'Http', 'unknown key; did you mean http?'],
    [
      'services: { checkout: { rollback: { steps: [{ name: a, provider: helm, timeout: 3 }] } } }',
      'services.checkout.rollback.steps[0].timeout',
      'the nearest known one is services.checkout.rollback.steps[0].',
    ],
    ['automation: { holdSeconds: { P3: 1 } }', 'automation.holdSeconds.P3', 'did you mean automation.holdSeconds.P0?'],
    ['__proto__: { a: 1 }', '__proto__', 'cannot be used'],
  ])('%s', (yaml, field, message) => {
    expect(problemsOf(load(yaml))).toEqual([{ field, message: expect.stringContaining(message) }]);
  });

  test('Levenshtein: a metric, and zero only for equal words', () => {
    const word = fc.string({ maxLength: 8 });
    fc.assert(
      fc.property(word, word, word, (a, b, c) => {
        expect(editDistance(a, b)).toBe(editDistance(b, a));
        expect(editDistance(a, b) === 0).toBe(a === b);
        expect(editDistance(a, c)).toBeLessThanOrEqual(editDistance(a, b) + editDistance(b, c));
      }),
    );
    expect(editDistance('kitten', 'sitting')).toBe(3);
  });
});

describe('wrong values', () => {
  test.each([
    ['http: { port: "80" }', 'http.port', 'expected a number, found the text "80"'],
    ['http: { port: 70000 }', 'http.port', 'must be at most 65535, found 70000'],
    ['http: { port: 1.5 }', 'http.port', 'expected a whole number, found the number 1.5'],
    ['http: []', 'http', 'expected a group of keys, found a list'],
    ['http: { host: 5 }', 'http.host', 'expected text, found a number'],
    ['sandbox: yes', 'sandbox', 'expected true or false, found the text "yes"'],
    ['correlation: { groupBy: [] }', 'correlation.groupBy', 'needs at least 1 entry'],
    ['correlation: { groupBy: service }', 'correlation.groupBy', 'expected a list, found text'],
    ['severities: { P0: { restoreSeconds: -1 } }', 'severities.P0.restoreSeconds', 'must be more than 0, found -1'],
    ['severities: { P0: { restoreSeconds: 1e12 } }', 'severities.P0.restoreSeconds', 'must be at most'],
    ['severities: { P0: { restoreSeconds: .nan } }', 'severities.P0.restoreSeconds', 'expected a number'],
    [
      'automation: { mode: atuo }',
      'automation.mode',
      'expected one of off, shadow, approve, auto, found other text; did you',
    ],
    ['logLevel: loud', 'logLevel', 'expected one of fatal, error'],
    ['pagerduty: {}', 'pagerduty.routingKey', 'missing; expected text or { file: path }'],
    ['pagerduty: { routingKey: 123456 }', 'pagerduty.routingKey', 'put numbers in quotes'],
    [
      'pagerduty: { routingKey: k, webhookSecrets: "12345" }',
      'pagerduty.webhookSecrets',
      'expected a list, found text',
    ],
    ['pagerduty: { routingKey: k, apiToken: t }', 'pagerduty.from', 'belong together'],
    ['pagerduty: { routingKey: k, from: a@b.c }', 'pagerduty.from', 'belong together'],
    ['pagerduty: { routingKey: k, apiToken: t, from: ada }', 'pagerduty.from', 'expected an e-mail address'],
    ['pagerduty: { routingKey: k, server: "https://x.y" }', 'pagerduty.server', 'without scheme'],
    ['slack: { token: t }', 'slack.channel', 'expected text, found nothing'],
    [
      'slack: { token: t, channel: c, users: { ada: { name: ada, role: responder } } }',
      'slack.users.ada',
      'the id of a Slack user',
    ],
    ['slack: { token: t, channel: c, groups: { S0123: boss } }', 'slack.groups.S0123', 'expected one of viewer'],
    ['slack: { token: t, channel: c, defaultRole: nobody }', 'slack.defaultRole', 'expected one of viewer'],
    ['http: { publicUrl: "ftp://x" }', 'http.publicUrl', 'begins with http:// or https://'],
    ['http: { publicUrl: "https:x" }', 'http.publicUrl', 'begins with http:// or https://'],
    ['prometheus: { url: "http://me:pw@prom:9090" }', 'prometheus.url', 'must not hold credentials'],
    ['heartbeat: { url: nowhere }', 'heartbeat.url', 'begins with http:// or https://'],
    ['database: { url: "mysql://x" }', 'database.url', 'expected embedded:<directory>'],
    ['database: { url: "embedded:" }', 'database.url', 'expected embedded:<directory>'],
    ['email: { smtpUrl: "http://x", from: a@b, to: [a@b] }', 'email.smtpUrl', 'expected smtp://'],
    ['email: { smtpUrl: "smtp://x", from: a@b, to: [nobody] }', 'email.to[0]', 'expected an e-mail address'],
    ['services: { a: { rollback: { steps: [] } } }', 'services.a.rollback.steps', 'must be a list of at least 1'],
    ['services: { "": {} }', 'services[""]', 'must not be empty'],
    ['facts: { "a b": { promql: x } }', 'facts["a b"]', 'a fact is named by'],
    [
      'kubernetes: { clusters: { a: { kubeconfig: ~/.kube } } }',
      'kubernetes.clusters.a.kubeconfig',
      '~ is not expanded',
    ],
    [
      'kubernetes: { clusters: { a: { inCluster: true, context: b } } }',
      'kubernetes.clusters.a',
      'inCluster goes without',
    ],
    ['api: { tokens: [{ name: a, role: root, token: t }] }', 'api.tokens[0].role', 'expected one of viewer'],
  ])('%s', (yaml, field, message) => {
    expect(problemsOf(load(yaml))).toEqual([{ field, message: expect.stringContaining(message) }]);
  });

  test('a provider is one that exists', () => {
    const plan = (provider: string) =>
      load(`services: { a: { rollback: { steps: [{ name: s, provider: ${provider} }] } } }`);
    for (const provider of PROVIDERS) expect(plan(provider).ok).toBe(true);
    expect(messages(plan('deploymnet'))[0]).toMatch(/expected one of deployment.*did you mean deployment\?$/);
  });

  test('names that must differ', () => {
    const step = '{ name: s, provider: helm }';
    expect(fields(load(`services: { a: { rollback: { steps: [${step}, ${step}] } } }`))).toEqual([
      'services.a.rollback.steps',
    ]);
    const tokens = '[{ name: a, role: admin, token: t }, { name: a, role: viewer, token: t }]';
    expect(fields(load(`api: { tokens: ${tokens} }`))).toEqual(['api.tokens[1].name', 'api.tokens[1].token']);
    const hook = '{ name: a, url: "http://x", secret: s }';
    expect(fields(load(`webhooks: [${hook}, ${hook}]`))).toEqual(['webhooks[1].name']);
  });

  test('everything is reported at once, from file, variables and references', () => {
    const yaml = 'http: { prot: 1 }\nslack: { token: "${NO}", channel: 5 }\nautomation: { mode: of }\nlogLevel: 7\n';
    const result = load(yaml, { env: { FIREBREAK_HTTP_PORT: 'x', FIREBREAK_API_TOKENS: 'boss:t' } });
    expect(fields(result).toSorted()).toEqual([
      'FIREBREAK_API_TOKENS',
      'FIREBREAK_HTTP_PORT',
      'automation.mode',
      'http.prot',
      'logLevel',
      'slack.channel',
      'slack.token',
    ]);
  });
});

describe('sandbox', () => {
  test.each(['127.0.0.1', '127.8.9.10', '::1', 'localhost', 'LOCALHOST'])('%s is loopback', (host) => {
    expect(isLoopback(host)).toBe(true);
  });

  test.each(['0.0.0.0', '::', '10.0.0.1', '127.0.0.1.example.com', 'localhost.example.com', '128.0.0.1', '::2', ''])(
    '%s is not',
    (host) => {
      expect(isLoopback(host)).toBe(false);
    },
  );

  test('on loopback without any credential, and the reason says so', () => {
    const settings = settingsOf(load('http: { host: "[::1]" }'));
    expect(settings).toMatchObject({ sandbox: true, http: { host: '::1' } });
    expect(settings.sandboxReason).toMatch(/^listening on ::1, .* no credential is configured$/);
  });

  test.each([
    'http: { webhookAuth: { bearerTokens: [t] } }',
    'http: { webhookAuth: { basic: [{ username: u, password: p }] } }',
    'http: { webhookAuth: { hmacSecrets: [t] } }',
    'api: { tokens: [{ name: a, role: admin, token: t }] }',
    'pagerduty: { routingKey: k }',
    'slack: { token: t, channel: c }',
    'statuspage: { apiKey: k, pageId: p }',
    'email: { smtpUrl: "smtp://x", from: a@b, to: [a@b] }',
    'argocd: { url: "http://x", token: t }',
    'kubernetes: in-cluster',
    'webhooks: [{ name: a, url: "http://x", secret: s }]',
    'services: { a: { pagerdutyRoutingKey: k } }',
  ])('any credential ends it, unless it is asked for: %s', (yaml) => {
    expect(settingsOf(load(yaml))).toMatchObject({ sandbox: false, sandboxReason: null });
    const asked = settingsOf(load(`sandbox: true\n${yaml}`));
    expect(asked).toMatchObject({ sandbox: true, sandboxReason: expect.stringContaining('sandbox: true') });
  });

  test('what only reads or pings does not end it', () => {
    const yaml = 'prometheus: { url: "http://p" }\nalertmanager: { url: "http://a" }\nheartbeat: { url: "http://h" }';
    expect(settingsOf(load(yaml)).sandbox).toBe(true);
  });

  test.each(['', 'sandbox: true\n'])('off loopback, credentials are needed %s', (sandbox) => {
    const result = load(`${sandbox}http: { host: 0.0.0.0 }`);
    expect(fields(result)).toEqual(['http.webhookAuth', 'api.tokens']);
    expect(messages(result)[0]).toContain('0.0.0.0');
    const guarded = `${sandbox}http: { host: 0.0.0.0, webhookAuth: { hmacSecrets: [s] } }\npagerduty: { routingKey: k }`;
    expect(fields(load(guarded))).toEqual(['api.tokens']);
    expect(load(guarded, { env: { FIREBREAK_API_TOKENS: 't' } }).ok).toBe(true);
  });
});

describe('message templates', () => {
  const template = (text: string) =>
    load(`audiences: { customers: { templates: { resolved: ${JSON.stringify(text)} } } }`);

  test('may name what a message knows', () => {
    const text = '{severity} {service} {title} {status} {message} {id} {environment} { rollback }: 100 % {} {1}';
    expect(settingsOf(template(text)).audiences.customers.templates).toEqual({ resolved: text });
  });

  test('and nothing else, each of which is named', () => {
    const result = template('{message} {sevrity} {owner.name} {owner.name}');
    expect(fields(result)).toEqual(Array(2).fill('audiences.customers.templates.resolved'));
    expect(messages(result)).toEqual([
      expect.stringMatching(/^\{sevrity\} stands for nothing; known are \{severity\}, \{service\},/),
      expect.stringContaining('{owner.name}'),
    ]);
  });
});

test('a service stands for components of the status page', () => {
  const page = (components: string) => load(`statuspage: { apiKey: k, pageId: p, components: ${components} }`);
  expect(settingsOf(page('{ checkout: [abc, def] }')).statuspage?.components).toEqual({ checkout: ['abc', 'def'] });
  expect(settingsOf(load('statuspage: { apiKey: k, pageId: p }')).statuspage?.components).toEqual({});
  expect(fields(page('{ checkout: abc, search: [] }'))).toEqual([
    'statuspage.components.checkout',
    'statuspage.components.search',
  ]);
});

describe('freeze windows', () => {
  const window = (text: string) => load(`automation: { freezeWindows: [{ name: w, ${text} }] }`);

  test('once, or every week', () => {
    const once = settingsOf(window("from: '2026-12-24T00:00:00Z', to: '2026-12-27T00:00:00+01:00', includesP0: true"));
    expect(once.policy.automation.freezeWindows[0]).toMatchObject({ kind: 'once', includesP0: true });
    const weekly = settingsOf(window("weekly: { days: [fri], from: '22:00', to: '06:00' }, timezone: Europe/Berlin"));
    expect(weekly.policy.automation.freezeWindows[0]).toEqual({
      kind: 'weekly',
      name: 'w',
      includesP0: false,
      days: ['fri'],
      from: '22:00',
      to: '06:00',
      timezone: 'Europe/Berlin',
    });
  });

  test.each([
    ["from: '2026-12-24T00:00:00Z'", 'go together'],
    ["from: '2026-12-24T00:00:00Z', to: '2026-12-23T00:00:00Z'", 'to must be after from'],
    ["from: tomorrow, to: '2026-12-23T00:00:00Z'", 'expected a time such as'],
    ['includesP0: true', 'expected either'],
    ["weekly: { days: [fri], from: '25:00', to: '06:00' }", 'expected a time of day'],
    ["weekly: { days: [fri], from: '22:00', to: '06:00' }, timezone: Atlantis/Capital", 'unknown time zone'],
  ])('%s', (text, message) => {
    expect(messages(window(text))).toEqual([expect.stringContaining(message)]);
  });
});

function missing(): never {
  throw Object.assign(new Error('gone'), { code: 'ENOENT' });
}

const NOWHERE = { slack: false, email: false };

const sla = (detect: number, acknowledge: number, restore: number, diagnose: number | null, every: number | null) => ({
  detectSeconds: detect,
  acknowledgeSeconds: acknowledge,
  restoreSeconds: restore,
  diagnoseSeconds: diagnose,
  firstUpdateSeconds: 300,
  updateEverySeconds: every,
});
