import type { Json } from '../../../domain/json.ts';
import type { ApiRequest } from './connection.ts';
import type { LabelSelector } from './objects.ts';

/** The name under which the API server records our writes in `managedFields`. */
export const FIELD_MANAGER = 'firebreak';

const METADATA_ONLY = 'application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1';

const at = (group: string, namespace: string, resource: string, name?: string): string => {
  const collection = `${group}/namespaces/${encodeURIComponent(namespace)}/${resource}`;
  return name === undefined ? collection : `${collection}/${encodeURIComponent(name)}`;
};

export const appsPath = (namespace: string, resource: string, name?: string): string =>
  at('/apis/apps/v1', namespace, resource, name);

export const corePath = (namespace: string, resource: string, name?: string): string =>
  at('/api/v1', namespace, resource, name);

const expression = (key: string, operator: string, values: readonly string[]): string => {
  switch (operator) {
    case 'In':
      return `${key} in (${values.join(',')})`;
    case 'NotIn':
      return `${key} notin (${values.join(',')})`;
    case 'Exists':
      return key;
    case 'DoesNotExist':
      return `!${key}`;
    default:
      return ''; // only widens the list: what belongs to the object is told by its owner, not by labels
  }
};

/** A selector of an object in the form that a query takes. */
export const selectorText = (selector: LabelSelector): string =>
  [
    ...Object.entries(selector.matchLabels ?? {}).map(([key, value]) => `${key}=${value}`),
    ...(selector.matchExpressions ?? []).map((e) => expression(e.key, e.operator, e.values ?? [])),
  ]
    .filter((term) => term !== '')
    .join(',');

export const listBy = (path: string, labelSelector: string): ApiRequest => ({
  method: 'GET',
  path,
  query: { labelSelector },
});

/** Reads the metadata of an object and nothing else: the content of a Secret never enters this process. */
export const metadataOf = (path: string): ApiRequest => ({ method: 'GET', path, accept: METADATA_ONLY });

export interface PatchOperation {
  readonly op: 'test' | 'replace';
  readonly path: string;
  readonly value: Json;
}

/** Changes the object only while it is at `resourceVersion`; kubectl sends no such precondition. */
export const jsonPatch = (
  path: string,
  resourceVersion: string,
  changes: readonly PatchOperation[],
  dryRun: boolean,
): ApiRequest => ({
  method: 'PATCH',
  path,
  query: { fieldManager: FIELD_MANAGER, ...(dryRun ? { dryRun: 'All' } : {}) },
  patch: {
    contentType: 'application/json-patch+json',
    body: [
      { op: 'test', path: '/metadata/resourceVersion', value: resourceVersion },
      ...changes.map(({ op, path: pointer, value }) => ({ op, path: pointer, value })),
    ],
  },
});
