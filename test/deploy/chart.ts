import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseAllDocuments } from 'yaml';
import { kubernetesTools } from '../harness/kubernetes-tools.ts';

const CHART = fileURLToPath(new URL('../../helm/firebreak', import.meta.url));
const RELEASE = 'firebreak';
export const NAMESPACE = 'incident-response';

/** A Kubernetes object as the chart writes it; what is in it is for the test to know. */
// eslint-disable-next-line @typescript-eslint/no-explicit-any
export type Manifest = any;

interface Ran {
  readonly code: number;
  readonly output: string;
  readonly errors: string;
}

/** Runs a program to its end; a failure is a result. */
export const run = (file: string, args: readonly string[], cwd?: string): Promise<Ran> =>
  new Promise((resolve) => {
    const options = { maxBuffer: 16 * 1024 * 1024, ...(cwd === undefined ? {} : { cwd }) };
    execFile(file, [...args], options, (error, output, errors) => {
      resolve({ code: error === null ? 0 : 1, output, errors });
    });
  });

export const inTemporaryDirectory = async <T>(work: (directory: string) => Promise<T>): Promise<T> => {
  const directory = await mkdtemp(join(tmpdir(), 'firebreak-chart-'));
  try {
    return await work(directory);
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
};

const helm = (values: object, ...args: string[]): Promise<Ran> =>
  inTemporaryDirectory(async (directory) => {
    const file = join(directory, 'values.json');
    await writeFile(file, JSON.stringify(values));
    return run((await kubernetesTools()).helm, [...args, '--namespace', NAMESPACE, '--values', file]);
  });

export const lint = (values: object = {}): Promise<Ran> => helm(values, 'lint', '--strict', CHART);

/** What helm would send to the cluster. */
export const render = async (values: object = {}): Promise<readonly Manifest[]> => {
  const { code, output, errors } = await helm(values, 'template', RELEASE, CHART);
  if (code !== 0) throw new Error(errors);
  return parseAllDocuments(output, { strict: true, uniqueKeys: true })
    .map((document) => {
      if (document.errors.length > 0) throw new Error(document.errors.map(({ message }) => message).join('\n'));
      return document.toJS();
    })
    .filter((manifest) => manifest !== null);
};

/** Why helm takes these values for wrong. */
export const refusal = async (values: object): Promise<string> => {
  const { code, errors } = await helm(values, 'template', RELEASE, CHART);
  if (code === 0) throw new Error('helm took these values');
  return errors;
};

export const ofKind = (manifests: readonly Manifest[], kind: string): readonly Manifest[] =>
  manifests.filter((manifest) => manifest.kind === kind);

export const only = (manifests: readonly Manifest[], kind: string): Manifest => {
  const found = ofKind(manifests, kind);
  if (found.length !== 1) throw new Error(`${found.length} of ${kind}`);
  return found[0];
};

export const EXTERNAL = { database: { mode: 'external', external: { existingSecret: 'firebreak-database' } } };

/** A setup with everything in it that a team may configure. */
export const FULL = {
  ...EXTERNAL,
  replicas: 3,
  secrets: { existingSecret: 'firebreak', existingFilesSecret: 'firebreak-files' },
  config: {
    http: {
      publicUrl: 'https://firebreak.example.com',
      webhookAuth: { bearerTokens: ['${FIREBREAK_WEBHOOK_TOKEN}', { file: '/etc/firebreak/secrets/old-token' }] },
    },
    pagerduty: { routingKey: '${PAGERDUTY_ROUTING_KEY}', webhookSecrets: ['${PAGERDUTY_WEBHOOK_SECRET}'] },
    slack: { token: '${SLACK_BOT_TOKEN}', channel: 'C0123456789' },
    email: { smtpUrl: 'smtps://firebreak:${SMTP_PASSWORD}@smtp:465', from: 'f@example.com', to: ['o@example.com'] },
    prometheus: { url: 'http://prometheus:9090', headers: { Authorization: '${PROMETHEUS_AUTHORIZATION}' } },
    kubernetes: 'in-cluster',
    automation: { mode: 'shadow' },
    services: {
      checkout: {
        pagerdutyRoutingKey: { file: '/etc/firebreak/secrets/pagerduty-shop' },
        rollback: { steps: [{ name: 'api', provider: 'deployment', with: { namespace: 'shop', name: 'checkout' } }] },
      },
    },
  },
  kubernetes: { namespaces: ['shop', 'payments'] },
  metrics: { serviceMonitor: { enabled: true }, prometheusRule: { enabled: true } },
  networkPolicy: { enabled: true, from: [{ namespaceSelector: { matchLabels: { name: 'monitoring' } } }] },
  podLabels: { team: 'platform' },
  nodeSelector: { disk: 'ssd' },
  tolerations: [{ key: 'dedicated', operator: 'Exists' }],
  extraEnv: [{ name: 'NODE_EXTRA_CA_CERTS', value: '/etc/firebreak/secrets/ca.pem' }],
};

export const container = (manifests: readonly Manifest[]): Manifest =>
  only(manifests, 'Deployment').spec.template.spec.containers[0];
