import { RESOURCES } from './resources.ts';

const VERBS = ['create', 'delete', 'get', 'list', 'patch', 'update', 'watch'];

const resourceList = (group: '' | 'apps'): object => {
  const types = RESOURCES.filter((type) => type.group === group);
  return {
    kind: 'APIResourceList',
    apiVersion: 'v1',
    groupVersion: group === '' ? 'v1' : `${group}/v1`,
    resources: types.map((type) => ({
      name: type.resource,
      singularName: type.kind.toLowerCase(),
      namespaced: type.namespaced,
      kind: type.kind,
      verbs: VERBS,
      shortNames: type.shortNames,
    })),
  };
};

const appsGroup = {
  name: 'apps',
  versions: [{ groupVersion: 'apps/v1', version: 'v1' }],
  preferredVersion: { groupVersion: 'apps/v1', version: 'v1' },
};

const DOCUMENTS: Readonly<Record<string, () => object>> = {
  '/version': () => ({ major: '1', minor: '35', gitVersion: 'v1.35.0', platform: 'linux/amd64' }),
  '/api': () => ({ kind: 'APIVersions', versions: ['v1'], serverAddressByClientCIDRs: [] }),
  '/apis': () => ({ kind: 'APIGroupList', apiVersion: 'v1', groups: [appsGroup] }),
  '/apis/apps': () => ({ kind: 'APIGroup', apiVersion: 'v1', ...appsGroup }),
  '/api/v1': () => resourceList(''),
  '/apis/apps/v1': () => resourceList('apps'),
};

/** What kubectl asks before it does anything: which groups and resources there are. Null for any other path. */
export const discoveryDocument = (path: string): object | null => DOCUMENTS[path]?.() ?? null;
