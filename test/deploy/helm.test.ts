import { mkdir, readFile, readdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parse } from 'yaml';
import type { LoadInput } from '../../src/settings/load.ts';
import { loadSettings } from '../../src/settings/load.ts';
import type { Settings } from '../../src/settings/types.ts';
import { checkRules } from '../../src/triage/check-rules.ts';
import type { Manifest } from './chart.ts';
import { container, EXTERNAL, FULL, inTemporaryDirectory, lint, ofKind, only, refusal, render } from './chart.ts';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));

/** What is in the Secrets that the values name. */
const SECRET: Record<string, string> = {
  FIREBREAK_API_TOKENS: 'platform:admin:7d1c8f0b5a',
  FIREBREAK_WEBHOOK_TOKEN: 'canary-webhook-token',
  PAGERDUTY_ROUTING_KEY: 'canary-routing-key',
  PAGERDUTY_WEBHOOK_SECRET: 'canary-webhook-secret',
  SLACK_BOT_TOKEN: 'canary-bot-token',
  SMTP_PASSWORD: 'canary-password',
  PROMETHEUS_AUTHORIZATION: 'Bearer canary',
};

/** Loads the configuration as the container would: its variables, its file, its secrets. */
function settingsIn(manifests: readonly Manifest[]): Settings {
  const env: Record<string, string> = { ...SECRET };
  for (const { name, value } of container(manifests).env) env[name] = value ?? 'postgres://u:p@db:5432/firebreak';
  const config = ofKind(manifests, 'ConfigMap').find(({ data }) => 'firebreak.yaml' in data);
  const readFile: LoadInput['readFile'] = (path) => {
    if (path === env['FIREBREAK_CONFIG']) return config.data['firebreak.yaml'];
    if (path.startsWith('/etc/firebreak/secrets/')) return 'canary-of-a-file';
    throw Object.assign(new Error(`no file ${path}`), { code: 'ENOENT' });
  };
  const loaded = loadSettings({ env, cwd: '/app', readFile });
  if (!loaded.ok) throw new Error(JSON.stringify(loaded.problems));
  return loaded.settings;
}

describe('the chart', () => {
  it.each([
    ['as it stands', {}],
    ['with an external database', EXTERNAL],
    ['with everything', FULL],
  ])('passes helm lint --strict %s', async (_name, values) => {
    expect(await lint(values)).toMatchObject({ code: 0 });
  });

  it('runs one replica with its own database on a volume that outlives the release', async () => {
    const manifests = await render();
    const { spec } = only(manifests, 'Deployment');
    expect(spec).toMatchObject({ replicas: 1, strategy: { type: 'Recreate' } });
    expect(spec.strategy).not.toHaveProperty('rollingUpdate');

    const claim = only(manifests, 'PersistentVolumeClaim');
    expect(claim.metadata.annotations).toEqual({ 'helm.sh/resource-policy': 'keep' });
    expect(spec.template.spec.volumes).toContainEqual({
      name: 'data',
      persistentVolumeClaim: { claimName: claim.metadata.name },
    });
    expect(container(manifests).volumeMounts).toContainEqual({ name: 'data', mountPath: '/data' });
    expect(settingsIn(manifests).database.url.reveal()).toBe('embedded:/data/postgres');
    expect(ofKind(manifests, 'PodDisruptionBudget')).toEqual([]);
  });

  it('uses a claim that is there already', async () => {
    const manifests = await render({ database: { persistence: { existingClaim: 'mine' } } });
    expect(ofKind(manifests, 'PersistentVolumeClaim')).toEqual([]);
    expect(JSON.stringify(only(manifests, 'Deployment'))).toContain('{"claimName":"mine"}');
  });

  it('runs several replicas on an external database, one of them at a time replaced or taken away', async () => {
    const manifests = await render(FULL);
    const { spec } = only(manifests, 'Deployment');
    expect(spec.replicas).toBe(3);
    expect(spec.strategy).toEqual({ type: 'RollingUpdate', rollingUpdate: { maxUnavailable: 0, maxSurge: 1 } });
    expect(container(manifests).env).toContainEqual({
      name: 'FIREBREAK_DATABASE_URL',
      valueFrom: { secretKeyRef: { name: 'firebreak-database', key: 'url' } },
    });
    expect(ofKind(manifests, 'PersistentVolumeClaim')).toEqual([]);
    expect(container(manifests).volumeMounts.map(({ mountPath }: Manifest) => mountPath)).not.toContain('/data');

    const budget = only(manifests, 'PodDisruptionBudget').spec;
    expect(budget.maxUnavailable).toBe(1);
    expect(spec.template.metadata.labels).toMatchObject(budget.selector.matchLabels);
  });

  it('needs no budget for one replica', async () => {
    expect(ofKind(await render(EXTERNAL), 'PodDisruptionBudget')).toEqual([]);
  });

  it('finds its pods by the labels that they have', async () => {
    const manifests = await render(FULL);
    const { labels } = only(manifests, 'Deployment').spec.template.metadata;
    expect(labels).toMatchObject({ team: 'platform' });
    expect(labels).toMatchObject(only(manifests, 'Deployment').spec.selector.matchLabels);
    expect(labels).toMatchObject(only(manifests, 'Service').spec.selector);
    expect(labels).toMatchObject(only(manifests, 'NetworkPolicy').spec.podSelector.matchLabels);
    expect(only(manifests, 'Service').metadata.labels).toMatchObject(
      only(manifests, 'ServiceMonitor').spec.selector.matchLabels,
    );
    expect(container(manifests).ports).toEqual([{ name: 'http', containerPort: 8080 }]);
  });

  it('gives the container nothing that it does not need', async () => {
    const manifests = await render();
    const pod = only(manifests, 'Deployment').spec.template.spec;
    expect(pod.securityContext).toEqual({
      runAsNonRoot: true,
      runAsUser: 1000,
      runAsGroup: 1000,
      fsGroup: 1000,
      fsGroupChangePolicy: 'OnRootMismatch',
      seccompProfile: { type: 'RuntimeDefault' },
    });
    expect(container(manifests).securityContext).toEqual({
      allowPrivilegeEscalation: false,
      privileged: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ['ALL'] },
    });
    expect(container(manifests).resources.requests).toBeDefined();
    expect(container(manifests).resources.limits.memory).toBeDefined();
  });

  it('has a place for what the programs of a rollback write, though its root is read-only', async () => {
    for (const values of [{}, EXTERNAL]) {
      const manifests = await render(values);
      expect(container(manifests).volumeMounts).toContainEqual({ name: 'tmp', mountPath: '/tmp' });
      const { volumes } = only(manifests, 'Deployment').spec.template.spec;
      expect(volumes).toContainEqual({ name: 'tmp', emptyDir: { sizeLimit: '64Mi' } });
    }
  });

  it('runs as the account that the image is made for', async () => {
    const user = /^USER (\d+):(\d+)$/m.exec(await readFile(join(ROOT, 'Dockerfile'), 'utf8'));
    const { securityContext } = only(await render(), 'Deployment').spec.template.spec;
    expect([securityContext.runAsUser, securityContext.fsGroup].map(String)).toEqual(user?.slice(1));
  });

  it('asks for life and readiness where they are told', async () => {
    const { startupProbe, livenessProbe, readinessProbe } = container(await render());
    expect(startupProbe.httpGet).toEqual({ path: '/healthz', port: 'http' });
    expect(livenessProbe.httpGet).toEqual({ path: '/healthz', port: 'http' });
    expect(readinessProbe.httpGet).toEqual({ path: '/readyz', port: 'http' });
    // The database server may take ten minutes to recover from a crash.
    expect(startupProbe.periodSeconds * startupProbe.failureThreshold).toBeGreaterThanOrEqual(600);
  });

  it('starts anew when the configuration changes, and not when the rules do', async () => {
    const checksum = async (values: object): Promise<string> =>
      only(await render(values), 'Deployment').spec.template.metadata.annotations['checksum/config'];
    const before = await checksum({});
    expect(await checksum({ rules: { files: { 'severity/a.json': '{"rules":[]}' } } })).toBe(before);
    expect(await checksum({ config: { automation: { mode: 'shadow' } } })).not.toBe(before);
  });
});

describe('the configuration in the ConfigMap', () => {
  it.each([
    ['as it stands', {}],
    ['with everything', FULL],
  ])('is one that Firebreak takes, %s', async (_name, values) => {
    const settings = settingsIn(await render(values));
    expect(settings).toMatchObject({ sandbox: false, http: { host: '0.0.0.0', port: 8080 } });
    expect(settings.http.webhookAuth.bearerTokens[0]?.reveal()).toBe('canary-webhook-token');
    expect(settings.api.tokens[0]).toMatchObject({ name: 'platform', role: 'admin' });
  });

  it('means what the values say', async () => {
    const settings = settingsIn(await render(FULL));
    expect(settings.configPath).toBe('/etc/firebreak/config/firebreak.yaml');
    expect(settings.policy.automation.mode).toBe('shadow');
    expect(settings.pagerduty?.routingKey.reveal()).toBe('canary-routing-key');
    expect(settings.policy.services['checkout']?.pagerdutyRoutingKey?.reveal()).toBe('canary-of-a-file');
    expect(settings.database.url.reveal()).toMatch(/^postgres:/);
  });

  it('is the shipped examples as well, but for what the chart sets itself', async () => {
    for (const name of await readdir(join(ROOT, 'config/examples'))) {
      const config = parse(await readFile(join(ROOT, 'config/examples', name), 'utf8'));
      delete config.database;
      delete config.http?.host;
      delete config.http?.port;
      await expect(render({ ...EXTERNAL, config })).resolves.toBeDefined();
    }
  });

  it.each([
    ['a bearer token', { http: { webhookAuth: { bearerTokens: ['s3cret'] } } }],
    ['a password', { http: { webhookAuth: { basic: [{ username: 'a', password: 's3cret' }] } } }],
    ['an HMAC secret', { http: { webhookAuth: { hmacSecrets: ['s3cret'] } } }],
    ['an API token', { api: { tokens: [{ name: 'a', role: 'admin', token: 's3cret' }] } }],
    ['an escaped ${', { slack: { token: '$${NAME}', channel: 'C1' } }],
    ['a routing key', { pagerduty: { routingKey: 's3cret' } }],
    ['a webhook secret', { pagerduty: { routingKey: '${A}', webhookSecrets: ['s3cret'] } }],
    ['a Slack token', { slack: { token: 's3cret', channel: 'C1' } }],
    ['a signing secret', { slack: { token: '${A}', signingSecret: 's3cret', channel: 'C1' } }],
    ['an outgoing secret', { webhooks: [{ name: 'a', url: 'https://a.example.com', secret: 's3cret' }] }],
    ['an SMTP password', { email: { smtpUrl: 'smtps://a:s3cret@b', from: 'a@b.c', to: ['a@b.c'] } }],
    ['a status page key', { statuspage: { apiKey: 's3cret', pageId: 'a' } }],
    ['an Argo CD token', { argocd: { url: 'https://a.example.com', token: 's3cret' } }],
    [
      'the secret of a rollback webhook',
      { rollbackWebhooks: { a: { url: 'https://a.example.com', secret: 's3cret' } } },
    ],
    ['a header', { prometheus: { url: 'http://a', headers: { Authorization: 's3cret' } } }],
    ['a header of Alertmanager', { alertmanager: { url: 'http://a', headers: { Authorization: 's3cret' } } }],
    ["a service's routing key", { services: { a: { pagerdutyRoutingKey: 's3cret' } } }],
  ])('never holds %s', async (_name, config) => {
    expect(await refusal({ config })).toMatch(/config/);
  });

  it('leaves no way for a secret that the schema of the configuration knows', async () => {
    const schemas = await readdir(join(ROOT, 'src/settings/schema'));
    const texts = await Promise.all(schemas.map((name) => readFile(join(ROOT, 'src/settings/schema', name), 'utf8')));
    const places = texts.flatMap((text) =>
      [...text.matchAll(/(?:(\w+): (?:list\(|orNull\()?|[{,] )(secret)\b/g)].map(([, key, name]) => key ?? name!),
    );
    const covered = await readFile(join(ROOT, 'helm/firebreak/values.schema.json'), 'utf8');
    // The database's URL is one as well, and is the chart's own.
    const missing = places.filter(
      (key) => key !== 'url' && !covered.includes(`"${key}": { "$ref": "#/$defs/reference`),
    );
    expect(places).toContain('routingKey');
    expect(missing).toEqual([]);
  });
});

describe('wrong values', () => {
  it.each([
    ['several replicas on one volume', { replicas: 2 }, /replicas/],
    ['no replica', { replicas: 0, ...EXTERNAL }, /replicas/],
    ['an external database without its Secret', { database: { mode: 'external' } }, /existingSecret/],
    ['an unknown mode', { database: { mode: 'sqlite' } }, /mode/],
    ['an unknown key', { replica: 1 }, /replica/],
    ['an unknown key inside', { kubernetes: { namespace: 'shop' } }, /namespace/],
    ['all namespaces', { kubernetes: { namespaces: ['*'] } }, /namespaces/],
    ['the same namespace twice', { kubernetes: { namespaces: ['shop', 'shop'] } }, /namespaces/],
    ['no Secret', { secrets: { existingSecret: '' } }, /existingSecret/],
    ['a database in the configuration', { config: { database: { url: '${URL}' } } }, /database/],
    ['a port in the configuration', { config: { http: { port: 9 } } }, /port/],
    ['a rule file that is nowhere read', { rules: { files: { 'severty/a.json': '{}' } } }, /severty/],
    ['too short a time to stop', { terminationGracePeriodSeconds: 5 }, /terminationGracePeriodSeconds/],
    [
      'alerts about Firebreak that nothing routes',
      { metrics: { prometheusRule: { alertLabels: { pager: null } } } },
      /alertLabels/,
    ],
  ])('are refused: %s', async (_name, values, message) => {
    expect(await refusal(values)).toMatch(message);
  });
});

describe('rules in the values', () => {
  it('come back as the files that they were, and Firebreak takes them', async () => {
    const files = await shippedRules();
    const manifests = await render({ rules: { files } });
    const { items, name } = only(manifests, 'Deployment').spec.template.spec.volumes.find(
      (volume: Manifest) => volume.name === 'rules',
    ).configMap;
    const { data } = ofKind(manifests, 'ConfigMap').find(({ metadata }) => metadata.name === name);
    expect(container(manifests).env).toContainEqual({ name: 'FIREBREAK_RULES_DIR', value: '/etc/firebreak/rules' });

    const report = await inTemporaryDirectory(async (directory) => {
      for (const { key, path } of items) {
        await mkdir(dirname(join(directory, path)), { recursive: true });
        await writeFile(join(directory, path), data[key]);
      }
      return checkRules(directory, [], 0);
    });
    expect(report.problems).toEqual([]);
    expect(report.tests.length).toBeGreaterThan(20);
    expect(report.tests.filter(({ differences }) => differences.length > 0)).toEqual([]);
  });

  it('are those of the image when there are none', async () => {
    const manifests = await render();
    expect(ofKind(manifests, 'ConfigMap')).toHaveLength(1);
    expect(JSON.stringify(manifests)).not.toContain('FIREBREAK_RULES_DIR');
  });
});

/** The shipped rules, half of them as text and half as the JSON itself. */
async function shippedRules(): Promise<Record<string, unknown>> {
  const folders = ['severity', 'rollback', 'routing', 'tests'];
  const paths = await Promise.all(
    folders.map(async (folder) => (await readdir(join(ROOT, 'rules', folder))).map((name) => `${folder}/${name}`)),
  );
  const texts = await Promise.all(
    paths.flat().map(async (path) => [path, await readFile(join(ROOT, 'rules', path), 'utf8')] as const),
  );
  return Object.fromEntries(texts.map(([path, text], index) => [path, index % 2 ? text : JSON.parse(text)]));
}

describe('secrets', () => {
  it('are in no object that the chart makes', async () => {
    const text = JSON.stringify(await render(FULL));
    expect(ofKind(await render(FULL), 'Secret')).toEqual([]);
    for (const value of Object.values(SECRET)) expect(text).not.toContain(value);
  });

  it('reach the container as variables and files', async () => {
    const manifests = await render(FULL);
    expect(container(manifests).envFrom).toEqual([{ secretRef: { name: 'firebreak' } }]);
    expect(container(manifests).volumeMounts).toContainEqual({
      name: 'secrets',
      mountPath: '/etc/firebreak/secrets',
      readOnly: true,
    });
  });
});
