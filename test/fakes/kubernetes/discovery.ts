import { openApiDocument } from './openapi.ts';
import { apiVersionOf, groupVersions, RESOURCES } from './resources.ts';

const VERBS = ['create', 'delete', 'get', 'list', 'patch', 'update', 'watch'];

const resourceList = (groupVersion: string): object => ({
  kind: 'APIResourceList',
  apiVersion: 'v1',
  groupVersion,
  resources: RESOURCES.filter((type) => apiVersionOf(type) === groupVersion).map((type) => ({
    name: type.resource,
    singularName: type.kind.toLowerCase(),
    namespaced: type.namespaced,
    kind: type.kind,
    verbs: VERBS,
    shortNames: type.shortNames,
  })),
});

const groupOf = (groupVersion: string): object => {
  const [name = '', version = ''] = groupVersion.split('/');
  const entry = { groupVersion, version };
  return { name, versions: [entry], preferredVersion: entry };
};

const inGroups = (): readonly string[] => groupVersions().filter((one) => one.includes('/'));

const VERSION = { major: '1', minor: '35', gitVersion: 'v1.35.0', platform: 'linux/amd64' };

const FIXED: Readonly<Record<string, () => object>> = {
  '/version': () => VERSION,
  '/api': () => ({ kind: 'APIVersions', versions: ['v1'], serverAddressByClientCIDRs: [] }),
  '/apis': () => ({ kind: 'APIGroupList', apiVersion: 'v1', groups: inGroups().map(groupOf) }),
  '/api/v1': () => resourceList('v1'),
};

const ofGroup = (path: string): object | null => {
  const list = inGroups().find((one) => path === `/apis/${one}`);
  if (list !== undefined) return resourceList(list);
  const group = inGroups().find((one) => path === `/apis/${one.split('/')[0] ?? ''}`);
  return group === undefined ? null : { kind: 'APIGroup', apiVersion: 'v1', ...groupOf(group) };
};

/** What clients ask before they do anything: which groups and resources there are. Null for any other path. */
export const discoveryDocument = (path: string): object | null =>
  FIXED[path]?.() ?? ofGroup(path) ?? openApiDocument(path);
