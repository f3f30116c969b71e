import type { Manifest } from './chart.ts';
import { FULL, NAMESPACE, ofKind, only, refusal, render } from './chart.ts';
import type { Requests } from './requests.ts';
import { requestsOfHelm, requestsOfWorkload } from './requests.ts';

const PATIENCE_MS = 60_000;

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

  it('have no wildcards', async () => {
    expect(JSON.stringify(await roleRules(ALL))).not.toContain('*');
    const wild = { helmReleases: { enabled: true, resources: { apps: ['*'] } } };
    expect(await refusal({ kubernetes: { namespaces: ['shop'], ...wild } })).toMatch(/apps/);
  });

  it(
    'allow exactly what rollbacks of Deployments, StatefulSets and DaemonSets ask for',
    async () => {
      const asked = await requestsOfWorkloads();
      // Reading Secrets is asked for and, unless the values say so, not allowed: a warning says it.
      expect(await allowed({})).toEqual(sorted(without(asked, ['get /secrets'])));
      expect(await allowed({ readSecrets: true })).toEqual(sorted(asked));
      expect(await allowed({ readConfigMaps: false })).toEqual(
        sorted(without(asked, ['get /secrets', 'get /configmaps'])),
      );
    },
    PATIENCE_MS,
  );

  it('change workloads by PATCH and nothing else', async () => {
    const writing = (await allowed({})).filter((one) => !/^(get|list|watch) /.test(one));
    expect(writing).toEqual(['patch apps/daemonsets', 'patch apps/deployments', 'patch apps/statefulsets']);
  });

  it(
    'allow to delete pods only when told to, and then nothing else is asked for',
    async () => {
      const careful = await requestsOfWorkload('statefulsets');
      const unblocking = await requestsOfWorkload('statefulsets', { deleteBlockedPods: true });
      expect(without(unblocking, careful)).toEqual(['delete /pods']);
      const more = without(await allowed({ deleteBlockedPods: true }), await allowed({}));
      expect(more).toEqual(['delete /pods']);
    },
    PATIENCE_MS,
  );

  it(
    'allow what the real helm asks for only when told to',
    async () => {
      const asked = [...(await requestsOfHelm())];
      const granted = await allowed(HELM);
      expect(without(asked, granted)).toEqual([]);
      expect(without(granted, await allowed({}), asked)).toEqual([
        // Creating by server-side apply is a PATCH, for which the server wants the right to create, too. Helm 3 sends a POST.
        ...['create /configmaps', 'create /services', 'create apps/deployments'],
        // What a rollback deletes or asks depends on what the older revision does not have.
        ...['delete /configmaps', 'delete apps/deployments'],
        // A server that cannot send a list as a watch is asked for both.
        ...['list /configmaps', 'list /services', 'list apps/deployments'],
      ]);
      const secrets = ['create', 'delete', 'list', 'update'].map((verb) => `${verb} /secrets`);
      expect(asked).toEqual(expect.arrayContaining([...secrets, 'delete /services', 'patch apps/deployments']));
      for (const one of secrets) expect(await allowed({})).not.toContain(one);
    },
    PATIENCE_MS,
  );

  it('for helm need the kinds named', async () => {
    const values = (helmReleases: object): object => ({ kubernetes: { namespaces: ['shop'], helmReleases } });
    expect(await refusal(values({ enabled: true }))).toMatch(/resources/);
    const unused = { helmReleases: { enabled: false, resources: { apps: ['deployments'] } } };
    expect(await allowed(unused)).toEqual(await allowed({}));
  });
});

const HELM = {
  helmReleases: { enabled: true, resources: { '': ['configmaps', 'services'], apps: ['deployments'] } },
};
const ALL = { ...HELM, readSecrets: true, deleteBlockedPods: true };

const roleRules = async (kubernetes: object): Promise<readonly Manifest[]> =>
  only(await render({ kubernetes: { namespaces: ['shop'], ...kubernetes } }), 'Role').rules;

/** Everything that the role of a namespace allows, written as requests are. */
const allowed = async (kubernetes: object): Promise<readonly string[]> => {
  const each = (await roleRules(kubernetes)).flatMap(({ apiGroups, resources, verbs }) =>
    apiGroups.flatMap((group: string) =>
      resources.flatMap((resource: string) => verbs.map((verb: string) => `${verb} ${group}/${resource}`)),
    ),
  );
  return sorted(new Set<string>(each));
};

const requestsOfWorkloads = async (): Promise<Requests> => {
  const all = await Promise.all([
    requestsOfWorkload('deployments'),
    requestsOfWorkload('statefulsets'),
    requestsOfWorkload('daemonsets'),
  ]);
  return new Set(all.flatMap((requests) => [...requests]));
};

const sorted = (requests: Iterable<string>): readonly string[] => [...requests].sort();

const without = (requests: Iterable<string>, ...others: readonly Iterable<string>[]): readonly string[] => {
  const left = new Set(others.flatMap((each) => [...each]));
  return sorted(requests).filter((request) => !left.has(request));
};
