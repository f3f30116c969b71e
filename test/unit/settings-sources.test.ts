import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { inspect } from 'node:util';

import fc from 'fast-check';

import { createProviders } from '../../src/app/providers.ts';
import { PROVIDERS } from '../../src/domain/plan.ts';
import { longestRangeMs } from '../../src/domain/promql-range.ts';
import { parseQuery } from '../../src/domain/promql.ts';
import { Secret } from '../../src/domain/secret.ts';
import { describeSettings } from '../../src/settings/describe.ts';
import { fields, load, messages, problemsOf, settingsOf } from './settings-support.ts';

describe('YAML', () => {
  test.each([
    ['http:\n  port: 1\n  port: 2\n', 'line 3, column 3: this key is written twice'],
    ['http: [1,\nsandbox: true\n', 'line 2, column 1: Flow sequence'],
    ['a:\n\t- b\n', 'line 2, column 1: Tabs are not allowed as indentation'],
    ['a: 1\n---\nb: 1\n', 'line 2, column 1: more than one document'],
    ['slack: { token: *hunter2 }', 'line 1, column 17: alias without an anchor'],
    ['slack: { token: !hunter2 }', 'line 1, column 17: unknown tag'],
    ['slack: { token: "\\hunter2" }', 'line 1, column 18: invalid escape'],
    ["slack: { token: 'x' hunter2 }", 'line 1, column'],
    ['slack: |hunter2', 'line 1, column 9: unexpected text'],
    ['? [hunter2]\n: 1\n', 'line 1, column 3: a key must be plain text'],
    ['- hunter2', 'expected a group of keys at the top'],
    ['hunter2', 'expected a group of keys at the top'],
    ['['.repeat(5_000), 'line 1'],
    ['x: ' + '['.repeat(500) + ']'.repeat(500), 'nested'],
    [
      'a: &a [x,x,x,x,x,x,x,x,x,x]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a,*a]\nc: &c [*b,*b,*b,*b,*b,*b,*b,*b,*b]\nd: [*c,*c,*c]',
      'alias',
    ],
  ])('%#: %.40s', (yaml, message) => {
    const problems = problemsOf(load(yaml));
    expect(problems[0]?.message).toContain(message);
    expect(JSON.stringify(problems)).not.toContain('hunter2');
  });

  test('anchors and merge keys work', () => {
    const yaml = 'services:\n  a: &shop { owner: shop }\n  b: { <<: *shop, specialist: backend }\n';
    expect(settingsOf(load(yaml)).policy.services['b']).toMatchObject({ owner: 'shop', specialist: 'backend' });
  });
});

describe('${NAME}', () => {
  test('whole, embedded, twice, in lists, and the escape', () => {
    const yaml =
      'slack: { token: "${T}", channel: "#${A}-${B}", apiUrl: "http://${H}/api/" }\n' +
      'correlation: { groupBy: ["${A}"] }\nfacts: { f: { promql: "x{a=\\"$${NO}\\"} $service" } }\n';
    const settings = settingsOf(load(yaml, { env: { T: 'tok', A: 'a', B: '${A}', H: 'h:1' } }));
    expect(settings.slack).toMatchObject({ channel: '#a-${A}', apiUrl: 'http://h:1/api' });
    expect(settings.slack?.token.reveal()).toBe('tok');
    expect(settings.policy.correlation.groupBy).toEqual(['a']);
    expect(settings.policy.facts['f']?.promql).toBe('x{a="${NO}"} $service');
  });

  test('one that is not set names field and variable; inherited names are not set', () => {
    expect(problemsOf(load('database: { url: "postgres://u:${PW}@h/d" }'))).toEqual([
      { field: 'database.url', message: 'the environment variable PW is not set' },
    ]);
    expect(fields(load('rulesDir: "${constructor}"'))).toEqual(['rulesDir']);
  });

  test('in a step, too', () => {
    const yaml =
      'services: { a: { rollback: { steps: [{ name: s, provider: command, with: { argv: ["${NO}"] } }] } } }';
    expect(fields(load(yaml))).toEqual(['services.a.rollback.steps[0].with.argv[0]']);
  });

  test.each(['${}', '${A', '${A-b}', '${A:-x}'])('%s is malformed', (text) => {
    expect(messages(load(`rulesDir: '${text}'`, { env: { A: 'a' } }))).toEqual([expect.stringMatching(/^after \$\{/)]);
  });

  test('a value from a variable is not quoted', () => {
    const result = load('http: { port: "${P}" }', { env: { P: '12345' } });
    expect(messages(result)).toEqual(['expected a number, found text']);
  });

  test('a variable that is set to nothing gives no empty secret', () => {
    expect(messages(load('pagerduty: { routingKey: "${K}" }', { env: { K: '' } }))).toEqual(['is empty']);
  });
});

describe('secrets', () => {
  test('from a file beside the configuration, without its last line break', () => {
    const yaml = 'prometheus: { url: "http://p", headers: { Authorization: { file: s/auth } } }';
    const settings = settingsOf(load(yaml, { files: { '/app/config/s/auth': 'Bearer x \r\n' } }));
    expect(settings.prometheus?.headers['Authorization']?.reveal()).toBe('Bearer x ');
  });

  test.each([
    [{ code: 'ENOENT' }, 'cannot read the file s/key: no such file'],
    [{ code: 'EACCES' }, 'cannot read the file s/key: permission denied'],
    ['\n', 'the file s/key is empty'],
  ])('%j', (content, message) => {
    const result = load('pagerduty: { routingKey: { file: s/key } }', { files: { '/app/config/s/key': content } });
    expect(problemsOf(result)).toEqual([{ field: 'pagerduty.routingKey', message }]);
  });

  test('every secret may be a file, and is then checked like text', () => {
    const files = { '/app/config/k': 'hunter2\nx' };
    const k = '{ file: k }';
    const good =
      `http: { webhookAuth: { bearerTokens: [${k}], basic: [{ username: u, password: ${k} }], hmacSecrets: [${k}] } }\n` +
      `api: { tokens: [{ name: a, role: admin, token: ${k} }] }\npagerduty: { routingKey: ${k}, webhookSecrets: [${k}] }\n` +
      `slack: { token: ${k}, signingSecret: ${k}, channel: c }\nstatuspage: { apiKey: ${k}, pageId: p }\n` +
      `argocd: { url: 'http://a', token: ${k} }\nwebhooks: [{ name: a, url: 'http://x', secret: ${k} }]\n` +
      `services: { a: { pagerdutyRoutingKey: ${k} } }\n`;
    const settings = settingsOf(load(good, { files }));
    expect(settings.policy.services['a']?.pagerdutyRoutingKey?.reveal()).toBe('hunter2\nx');
    expect(inspect(settings, { depth: 20 })).not.toContain('hunter2');
    expect(JSON.stringify(describeSettings(settings))).not.toContain('hunter2');

    const bad = `database: { url: ${k} }\nemail: { smtpUrl: ${k}, from: a@b, to: [a@b] }\nalertmanager: { url: 'http://x', headers: { A: ${k} } }`;
    expect(fields(load(bad, { files })).toSorted()).toEqual([
      'alertmanager.headers.A',
      'database.url',
      'email.smtpUrl',
    ]);
    expect(JSON.stringify(load(bad, { files }))).not.toContain('hunter2');
  });

  test('are not shown by anything but reveal', () => {
    const secret = new Secret('hunter2');
    for (const shown of [String(secret), JSON.stringify({ secret }), inspect({ a: [secret] }), inspect(secret)]) {
      expect(shown).toContain('[secret]');
      expect(shown).not.toContain('hunter2');
    }
    expect(Object.getOwnPropertyNames(secret)).toEqual([]);
    expect(secret.reveal()).toBe('hunter2');
  });
});

describe('environment', () => {
  test('wins over the file, and options win over both', () => {
    const yaml = 'http: { host: localhost, port: 1 }\nlogLevel: warn\nrulesDir: mine';
    const env = {
      FIREBREAK_HTTP_HOST: '127.0.0.2',
      FIREBREAK_HTTP_PORT: '0',
      FIREBREAK_LOG_LEVEL: 'debug',
      FIREBREAK_RULES_DIR: '/rules',
      FIREBREAK_DATABASE_URL: 'postgresql://h/d',
    };
    const settings = settingsOf(load(yaml, { env, overrides: { port: '9', logLevel: 'error' } }));
    expect(settings).toMatchObject({ http: { host: '127.0.0.2', port: 9 }, logLevel: 'error', rulesDir: '/rules' });
    expect(settings.database.url.reveal()).toBe('postgresql://h/d');
    expect(settingsOf(load(yaml, { env })).http.port).toBe(0);
    expect(settingsOf(load(yaml, { env: { FIREBREAK_HTTP_PORT: '' } }))).toMatchObject({
      http: { port: 1 },
      rulesDir: '/app/mine',
    });
  });

  test.each([
    ['FIREBREAK_HTTP_PORT', 'http', 'expected a number'],
    ['FIREBREAK_HTTP_PORT', '65536', 'must be at most 65535'],
    ['FIREBREAK_HTTP_PORT', '-1', 'expected a number'],
    ['FIREBREAK_HTTP_HOST', 'http://x', 'expected a host name'],
    ['FIREBREAK_LOG_LEVEL', 'loud', 'expected one of'],
    ['FIREBREAK_DATABASE_URL', 'postgres//me:hunter2@x', 'expected embedded:<directory>'],
    ['FIREBREAK_API_TOKENS', 'boss:hunter2', 'entry 1: expected token, role:token or name:role:token'],
    ['FIREBREAK_API_TOKENS', 'ok,:admin:hunter2', 'entry 2: expected'],
    ['FIREBREAK_API_TOKENS', 'viewer:', 'entry 1: expected'],
    ['FIREBREAK_API_TOKENS', ' , ', 'has no token'],
    ['FIREBREAK_API_TOKENS', 'hunter2,viewer:hunter2', 'the same token as an earlier entry'],
    ['FIREBREAK_CONFIG', 'nowhere.yaml', 'cannot read the file nowhere.yaml: no such file'],
  ])('%s=%s', (variable, value, message) => {
    const problems = problemsOf(load('', { env: { [variable]: value } }));
    expect(problems).toEqual([{ field: variable, message: expect.stringContaining(message) }]);
    expect(JSON.stringify(problems)).not.toContain('hunter2');
  });

  test('an option is named as such', () => {
    expect(fields(load('', { overrides: { port: 'x' } }))).toEqual(['--port']);
    expect(fields(load('', { overrides: { config: 'x' } }))).toEqual(['--config']);
  });

  test('API tokens take the place of those in the file', () => {
    const env = { FIREBREAK_API_TOKENS: 'a1b2, viewer:v:v ,ci:responder:r:r' };
    const { tokens } = settingsOf(load('api: { tokens: [{ name: x, role: admin, token: x }] }', { env })).api;
    expect(tokens.map((token) => [token.name, token.role, token.token.reveal()])).toEqual([
      ['environment-1', 'admin', 'a1b2'],
      ['environment-2', 'viewer', 'v:v'],
      ['ci', 'responder', 'r:r'],
    ]);
  });

  test('another configuration file, and one that cannot be read', () => {
    const files = { '/etc/fb/c.yaml': 'pagerduty: { routingKey: { file: key } }', '/etc/fb/key': 'k' };
    const settings = settingsOf(load('nonsense', { env: { FIREBREAK_CONFIG: '/etc/fb/c.yaml' }, files }));
    expect(settings.configPath).toBe('/etc/fb/c.yaml');
    expect(settings.pagerduty?.routingKey.reveal()).toBe('k');
    const denied = load('', { files: { '/app/config/firebreak.yaml': { code: 'EACCES' } } });
    expect(fields(denied)).toEqual(['config/firebreak.yaml']);
    expect(denied).toMatchObject({ ok: false, configPath: '/app/config/firebreak.yaml' });
    expect(load('nonsense: 1', {})).toMatchObject({ ok: false, configPath: '/app/config/firebreak.yaml' });
  });
});

describe('properties', () => {
  const KEYS = ['http', 'port', 'api', 'tokens', 'slack', 'token', 'services', 'rollback', 'steps', 'with', 'facts'];
  const key = fc.oneof(fc.constantFrom(...KEYS), fc.string({ maxLength: 6 }));
  const { tree } = fc.letrec((tie) => ({
    leaf: fc.oneof(
      fc.string(),
      fc.double(),
      fc.boolean(),
      fc.constant(null),
      fc.constantFrom('${A}', '${', 'in-cluster'),
    ),
    tree: fc.oneof(
      { maxDepth: 5 },
      tie('leaf'),
      fc.array(tie('tree'), { maxLength: 3 }),
      fc.dictionary(key, tie('tree')),
    ),
  }));

  test('whatever is written, there are settings, or problems that name a field', () => {
    fc.assert(
      fc.property(fc.oneof(fc.jsonValue(), fc.dictionary(key, tree)), (value) => {
        const result = load(JSON.stringify(value));
        if (result.ok) return;
        expect(result.problems.length).toBeGreaterThan(0);
        for (const { field, message } of result.problems) expect(field !== '' && message !== '').toBe(true);
      }),
      { numRuns: 200 },
    );
  });

  test('text that is not YAML never throws either', () => {
    fc.assert(fc.property(fc.string({ unit: 'binary' }), (text) => typeof load(text).ok === 'boolean'));
  });

  test('no problem ever shows a value that stands where a secret belongs', () => {
    const spoil = fc.record({
      k: fc.constantFrom('routingKey', 'routngKey', 'server', 'webhookSecrets'),
      list: fc.boolean(),
    });
    const shape = fc.constantFrom(
      (v: unknown) => v,
      (v: unknown) => ({ fil: v }),
      (v: unknown) => [[v]],
    );
    fc.assert(
      fc.property(spoil, shape, ({ k, list }, wrap) => {
        const value = wrap('hunter2 hunter2');
        const result = load(JSON.stringify({ logLevel: 'x', pagerduty: { [k]: list ? [value] : value } }));
        expect(JSON.stringify(problemsOf(result))).not.toContain('hunter2');
      }),
    );
  });
});

describe('shipped files', () => {
  const text = (path: string) => readFileSync(join(import.meta.dirname, '../../config', path), 'utf8');
  const files = Object.fromEntries(
    ['webhook-token-previous', 'grafana-password', 'on-call-token', 'platform-token', 'prometheus-authorization']
      .concat('pagerduty-routing-key', 'statuspage-api-key', 'warehouse', 'pagerduty-shop', 'alertmanager-password')
      .concat('webhook-hmac', 'audit')
      .map((name) => [`/app/config/secrets/${name}`, `value of ${name}\n`]),
  );
  const env = (yaml: string) => {
    const names = [...yaml.matchAll(/(?<!\$)\$\{(\w+)\}/g)].map((match) => match[1] ?? '');
    return Object.fromEntries(names.map((name) => [name, name.toLowerCase().replaceAll('_', '-')]));
  };

  test('config/firebreak.yaml is the sandbox with the defaults', () => {
    const shipped = settingsOf(load(text('firebreak.yaml')));
    expect(shipped.sandbox).toBe(true);
    expect(shipped.policy).toEqual(settingsOf(load('')).policy);
  });

  test('what is commented out in it is right, and shows the defaults', () => {
    const yaml = text('firebreak.yaml')
      .replaceAll(/^( *)# ( *(- |[A-Za-z0-9]+:( |$)))/gm, '$1$2')
      .replace('${NAME}', 'NAME');
    const settings = settingsOf(load(yaml, { env: { ...env(yaml), SMTP_URL: 'smtp://mail' }, files }));
    const { severities, correlation, automation } = settingsOf(load('')).policy;
    // The freeze window is an example: none is shipped.
    const { freezeWindows } = settings.policy.automation;
    expect(freezeWindows).toHaveLength(1);
    expect(settings.policy).toMatchObject({ severities, correlation, automation: { ...automation, freezeWindows } });
    expect([settings.pagerduty, settings.slack, settings.email, settings.heartbeat]).not.toContain(null);
  });

  test.each([
    ['examples/production.yaml', false, 'shadow'],
    ['examples/kubernetes-rollback.yaml', false, 'auto'],
    ['examples/rollback-providers.yaml', false, 'shadow'],
  ])('%s', (path, sandbox, mode) => {
    const yaml = text(path);
    const settings = settingsOf(load(yaml, { env: env(yaml), files }));
    expect(settings.sandbox).toBe(sandbox);
    expect(settings.policy.automation.mode).toBe(mode);
    expect(Object.keys(settings.policy.services).length).toBeGreaterThan(1);
  });

  const examples = ['production', 'kubernetes-rollback', 'rollback-providers'].map((name) => {
    const yaml = text(`examples/${name}.yaml`);
    return settingsOf(load(yaml, { env: env(yaml), files }));
  });

  test('the steps of the examples are such that their providers take them, and each provider has one', () => {
    const faults = examples.flatMap((settings) => {
      const providers = createProviders(settings, { now: () => 0 });
      const steps = Object.values(settings.policy.services).flatMap(({ rollback }) => rollback?.steps ?? []);
      return steps.map((step) => [step.provider, providers[step.provider]?.checkConfig(step)] as const);
    });
    expect(faults.filter(([, fault]) => fault !== null)).toEqual([]);
    expect([...new Set(faults.map(([provider]) => provider))].toSorted()).toEqual(PROVIDERS.toSorted());
  });

  test('the queries of the examples look back no further than a minute, and never invent traffic', () => {
    const queries = examples.flatMap(({ policy }) => [
      ...Object.values(policy.facts).map(({ promql }) => promql),
      ...Object.values(policy.services).flatMap(({ recovery }) => {
        const { errorRatio, errorRatioByVersion, latencyP95, requestsPerSecond } = recovery ?? {};
        return [errorRatio, errorRatioByVersion, latencyP95, requestsPerSecond].filter((promql) => promql != null);
      }),
    ]);
    expect(queries.length).toBeGreaterThan(4);
    const placeholders = { service: 'text', environment: 'text', version: 'text', pods: 'pattern' } as const;
    for (const promql of queries) {
      expect(parseQuery(promql, placeholders)).toHaveProperty('template');
      expect(longestRangeMs(promql)).toBe(60_000);
      if (promql.includes('vector(0)'))
        expect(promql).toMatch(/^\(sum\(.*code=~"5\.\.".*\) or vector\(0\)\)\s*\/ sum\(/s);
    }
    expect(queries.some((promql) => promql.includes('$pods'))).toBe(true);
  });
});

test('describeSettings says what each value is and where it came from', () => {
  const yaml = 'http: { port: 1 }\nseverities: { P0: { restoreSeconds: 9 } }\nslack: { token: t, channel: c }';
  const settings = settingsOf(load(yaml, { env: { FIREBREAK_LOG_LEVEL: 'warn' }, overrides: { host: '::1' } }));
  const lines = describeSettings(settings);
  expect(lines).toEqual(
    expect.arrayContaining([
      { key: 'http.port', value: '1', from: 'file' },
      { key: 'http.host', value: '::1', from: 'option' },
      { key: 'logLevel', value: 'warn', from: 'environment' },
      { key: 'severities.P0.restoreSeconds', value: '9', from: 'file' },
      { key: 'severities.P0.detectSeconds', value: '120', from: 'default' },
      { key: 'slack.token', value: '[secret]', from: 'file' },
      { key: 'sandbox', value: 'off', from: 'default' },
      { key: 'pagerduty', value: 'none', from: 'default' },
    ]),
  );
});
