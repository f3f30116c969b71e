import { execFile } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { kubernetesTools } from '../harness/kubernetes-tools.ts';
import { type Bench, NS, startBench } from './kubernetes-support.ts';

const CHART = 'apiVersion: v2\nname: shop\nversion: 0.1.0\n';
const TEMPLATES = `
apiVersion: v1
kind: ConfigMap
metadata: { name: settings }
data: { image: {{ .Values.image }} }
---
apiVersion: apps/v1
kind: Deployment
metadata: { name: checkout }
spec:
  replicas: 2
  selector: { matchLabels: { app: checkout } }
  template:
    metadata: { labels: { app: checkout } }
    spec:
      containers:
        - name: app
          image: {{ .Values.image }}
          {{- with .Values.port }}
          ports: [{ containerPort: {{ . }} }]
          {{- end }}
`;

let bench: Bench;
let chart: string;

beforeEach(async () => {
  bench = await startBench('deployments');
  chart = join(bench.directory, 'chart');
  await mkdir(join(chart, 'templates'), { recursive: true });
  await writeFile(join(chart, 'Chart.yaml'), CHART);
  await writeFile(join(chart, 'values.yaml'), 'image: shop:v1\nport: null\n');
  await writeFile(join(chart, 'templates', 'all.yaml'), TEMPLATES);
});
afterEach(async () => {
  await bench.stop();
});

const helm = async (...args: string[]): Promise<string> => {
  const { helm: tool } = await kubernetesTools();
  const home = { HELM_CACHE_HOME: bench.directory, HELM_CONFIG_HOME: bench.directory, HELM_DATA_HOME: bench.directory };
  const fixed = ['--kubeconfig', bench.kubeconfig, '--namespace', NS];
  const options = { timeout: 40_000, env: { ...process.env, ...home } };
  return (await promisify(execFile)(tool, [...args, ...fixed], options)).stdout;
};
const upgrade = (image: string, ...more: string[]): Promise<string> =>
  helm('upgrade', '--install', 'shop', chart, '--set', `image=${image}`, ...more);
const history = async (): Promise<string[]> => {
  const entries = JSON.parse(await helm('history', 'shop', '-o', 'json')) as { revision: number; status: string }[];
  return entries.map(({ revision, status }) => `${revision} ${status}`);
};

describe('the real helm on the fake cluster', () => {
  it('installs, upgrades, rolls back and tells its history', async () => {
    await upgrade('shop:v1');
    await upgrade('shop:v2', '--wait=watcher', '--timeout', '20s');
    expect(bench.liveImage()).toBe('shop:v2');
    await helm('rollback', 'shop', '1', '--wait=watcher', '--timeout', '20s');
    expect(bench.liveImage()).toBe('shop:v1');
    expect(bench.cluster.get('configmaps', NS, 'settings')).toMatchObject({ data: { image: 'shop:v1' } });
    expect(await history()).toEqual(['1 superseded', '2 superseded', '3 deployed']);
  });

  it('takes a field away that an upgrade brought', async () => {
    await upgrade('shop:v1');
    await upgrade('shop:v1', '--set', 'port=80');
    expect(bench.app().spec.template.spec.containers[0]).toHaveProperty('ports');
    await helm('rollback', 'shop', '1');
    expect(bench.app().spec.template.spec.containers[0]).not.toHaveProperty('ports');
  });

  it('fails to upgrade while its pods do not become ready', async () => {
    await upgrade('shop:v1');
    bench.cluster.behave('shop:v2', 'crash-loop');
    await expect(upgrade('shop:v2', '--wait=watcher', '--timeout', '2s')).rejects.toThrow(/UPGRADE FAILED/);
    expect(await history()).toEqual(['1 deployed', '2 failed']);
  });

  it('is refused by what others hold: its next upgrade after a rollback past it conflicts', async () => {
    await upgrade('shop:v1');
    await upgrade('shop:v2');
    const step = bench.stepOf({ allowOwner: 'helm' });
    const target = await bench.resolved([], step);
    expect(target.warnings.join()).toContain('--force-conflicts');
    await bench.accepted(target, step);
    await expect(upgrade('shop:v3')).rejects.toThrow(/conflict with "firebreak"/);
    await upgrade('shop:v3', '--force-conflicts');
    expect(bench.liveImage()).toBe('shop:v3');
  });
});
