import type { ResourceType } from './objects.ts';
import { apiVersionOf, groupVersions, RESOURCES } from './resources.ts';

const rootOf = (groupVersion: string): string => (groupVersion.includes('/') ? 'apis' : 'api');

const objectPath = (type: ResourceType): string => {
  const place = type.namespaced ? 'namespaces/{namespace}/' : '';
  const version = apiVersionOf(type);
  return `/${rootOf(version)}/${version}/${place}${type.resource}/{name}`;
};

const queryParameter = (name: string): object => ({ name, in: 'query', schema: { type: 'string' } });

/** That the server validates fields by itself is all that clients look for here: then they need no schemas. */
const operations = ({ group, version, kind }: ResourceType): object => ({
  patch: {
    'x-kubernetes-group-version-kind': { group, version, kind },
    'x-kubernetes-action': 'patch',
    parameters: ['dryRun', 'fieldManager', 'fieldValidation', 'force'].map(queryParameter),
    responses: {},
  },
});

const documentOf = (groupVersion: string): object => ({
  openapi: '3.0.0',
  info: { title: 'Kubernetes', version: 'v1.35.0' },
  paths: Object.fromEntries(
    RESOURCES.filter((type) => apiVersionOf(type) === groupVersion).map((type) => [objectPath(type), operations(type)]),
  ),
  components: { schemas: {} },
});

const index = (): object => ({
  paths: Object.fromEntries(
    groupVersions().map((groupVersion) => {
      const path = `${rootOf(groupVersion)}/${groupVersion}`;
      return [path, { serverRelativeURL: `/openapi/v3/${path}?hash=1` }];
    }),
  ),
});

/** The OpenAPI v3 documents by their paths. */
export const openApiDocument = (path: string): object | null => {
  if (path === '/openapi/v3') return index();
  const found = groupVersions().find((one) => path === `/openapi/v3/${rootOf(one)}/${one}`);
  return found === undefined ? null : documentOf(found);
};
