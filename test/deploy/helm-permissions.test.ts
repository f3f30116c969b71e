import { join } from 'node:path';
import { createDeploymentProvider } from '../../src/rollback/providers/deployment/index.ts';
import { startFakeKubernetes } from '../fakes/kubernetes/index.ts';
import type { Manifest } from './chart.ts';
import { FULL, inTemporaryDirectory, NAMESPACE, ofKind, only, render } from './chart.ts';

describe('permissions in the cluster', () => {
  it('are none unless a namespace is named', async () => {
    const manifests = await render();
    expect(manifests.map(({ kind }) => kind).filter((kind: string) => /Role|Binding/.test(kind))).toEqual([]);
    expect(only(manifests, 'ServiceAccount').automountServiceAccountToken).toBe(false);
    expect(only(manifests, 'Deployment').spec.template.spec.automountServiceAccountToken).toBe(false);
  });

  it('are a role for each namespace and nothing cluster-wide', async () => {
    const manifests = await render(FULL);
    expect(manifests.filter(({ kind }) => kind.startsWith('Cluster'))).toEqual([]);
    const places = (kind: string): string[] => ofKind(manifests, kind).map(({ metadata }) => metadata.namespace);
    expect(places('Role')).toEqual(['shop', 'payments']);
    expect(places('RoleBinding')).toEqual(['shop', 'payments']);
    for (const binding of ofKind(manifests, 'RoleBinding')) {
      const [{ name }] = ofKind(manifests, 'Role').map(({ metadata }) => metadata);
      expect(binding.roleRef).toMatchObject({ kind: 'Role', name });
      expect(binding.subjects).toEqual([
        { kind: 'ServiceAccount', name: only(manifests, 'ServiceAccount').metadata.name, namespace: NAMESPACE },
      ]);
    }
    expect(only(manifests, 'Deployment').spec.template.spec.automountServiceAccountToken).toBe(true);
  });

  it('change nothing but Deployments, and read Secrets only when told to', async () => {
    const rulesOf = async (kubernetes: object): Promise<Manifest[]> =>
      only(await render({ kubernetes: { namespaces: ['shop'], ...kubernetes } }), 'Role').rules;
    const writing = (await rulesOf({})).filter(({ verbs }) => verbs.some((verb: string) => !READING.has(verb)));
    expect(writing.map(({ resources, verbs }) => [resources, verbs])).toEqual([
      [['deployments'], ['get', 'list', 'watch', 'patch']],
    ]);
    const readable = async (kubernetes: object): Promise<string[]> =>
      (await rulesOf(kubernetes)).flatMap(({ resources }) => resources);
    expect(await readable({})).toContain('configmaps');
    expect(await readable({})).not.toContain('secrets');
    const other = await readable({ readSecrets: true, readConfigMaps: false });
    expect(other).toContain('secrets');
    expect(other).not.toContain('configmaps');
  });

  it('allow each request that a rollback makes', async () => {
    const { rules } = only(await render({ kubernetes: { namespaces: ['shop'], readSecrets: true } }), 'Role');
    const requests = await requestsOfARollback();
    expect(requests.filter((request) => request.startsWith('patch'))).not.toEqual([]);
    expect(requests).toContain('get secrets');
    expect(requests.filter((request) => !isAllowed(rules, request))).toEqual([]);
  });
});

const READING = new Set(['get', 'list', 'watch']);

const isAllowed = (rules: readonly Manifest[], request: string): boolean => {
  const [verb, resource] = request.split(' ');
  return rules.some(({ resources, verbs }) => resources.includes(resource) && verbs.includes(verb));
};

/** Plans, rehearses, carries out and watches a rollback; what it asked of the API server, as `verb resource`. */
const requestsOfARollback = (): Promise<readonly string[]> =>
  inTemporaryDirectory(async (directory) => {
    const cluster = await startFakeKubernetes();
    try {
      const kubeconfig = await cluster.kubeconfig(join(directory, 'kubeconfig'));
      const provider = createDeploymentProvider({ clusters: { only: { kubeconfig } } });
      const app = { namespace: 'shop', name: 'checkout' };
      await cluster.deploy({
        ...app,
        image: 'shop:v1',
        template: ({ spec }) => {
          const envFrom = [{ secretRef: { name: 'keys' } }, { configMapRef: { name: 'flags' } }];
          Object.assign(spec.containers[0]!, { envFrom });
        },
      });
      cluster.behave('shop:v2', 'crash-loop');
      await cluster.deploy({ ...app, image: 'shop:v2' });
      const before = cluster.requests.length;
      const step = {
        name: 'api',
        provider: 'deployment' as const,
        timeoutSeconds: 60,
        onFailure: 'stop' as const,
        with: app,
      };
      const signal = AbortSignal.timeout(20_000);
      const now = new Date().toISOString();
      const resolution = await provider.resolve(step, { badVersions: [], now }, signal);
      if (resolution.kind !== 'target') throw new Error(JSON.stringify(resolution));
      await provider.rehearse(step, resolution.target, signal);
      cluster.freeze('pods'); // a rollout that gets no further is looked into
      const execution = await provider.execute(step, resolution.target, signal);
      if (execution.kind !== 'accepted') throw new Error(JSON.stringify(execution));
      await provider.observe(step, resolution.target, execution.receipt, now, signal);
      return cluster.requests.slice(before).map(asVerbAndResource);
    } finally {
      await cluster.stop();
    }
  });

const asVerbAndResource = ({ method, path }: { readonly method: string; readonly path: string }): string => {
  const [, resource, name] = /\/namespaces\/[^/]+\/([^/?]+)(?:\/([^/?]+))?/.exec(path) ?? [];
  const verb = method === 'PATCH' ? 'patch' : name === undefined ? 'list' : 'get';
  return `${verb} ${resource ?? path}`;
};
