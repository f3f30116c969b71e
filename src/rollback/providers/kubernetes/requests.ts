import type { JsonObject } from '../../../domain/json.ts';
import type { ApiRequest } from './connection.ts';
import type { LabelSelector, ObjectMeta } from './objects.ts';

/** The name under which the API server records our writes in `managedFields`. */
export const FIELD_MANAGER = 'firebreak';

const METADATA_ONLY = 'application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1';

const at = (group: string, namespace: string, resource: string, name?: string): string => {
  const collection = `${group}/namespaces/${encodeURIComponent(namespace)}/${resource}`;
  return name === undefined ? collection : `${collection}/${encodeURIComponent(name)}`;
};

/** A collection of custom resources, or one of them. */
export const groupPath = (groupVersion: string, namespace: string, resource: string, name?: string): string =>
  at(`/apis/${groupVersion}`, namespace, resource, name);

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

const writing = (dryRun: boolean): Readonly<Record<string, string>> => ({
  fieldManager: FIELD_MANAGER,
  ...(dryRun ? { dryRun: 'All' } : {}),
});

/** Puts another pod template into an object. */
export interface TemplateChange {
  readonly path: string;
  /** Only while the object is at this version; kubectl sends no such precondition. */
  readonly resourceVersion: string;
  readonly template: JsonObject;
  readonly dryRun: boolean;
}

/** As JSON patch; a version that moved fails its `test`. */
export const replaceTemplate = ({ path, resourceVersion, template, dryRun }: TemplateChange): ApiRequest => ({
  method: 'PATCH',
  path,
  query: writing(dryRun),
  content: {
    type: 'application/json-patch+json',
    body: [
      { op: 'test', path: '/metadata/resourceVersion', value: resourceVersion },
      { op: 'replace', path: '/spec/template', value: template },
    ],
  },
});

/** As the patch that a ControllerRevision holds; a version in it that is not the object's is a conflict (409). */
export const mergeTemplate = ({ path, resourceVersion, template, dryRun }: TemplateChange): ApiRequest => ({
  method: 'PATCH',
  path,
  query: writing(dryRun),
  content: {
    type: 'application/strategic-merge-patch+json',
    body: { metadata: { resourceVersion }, spec: { template: { ...template, $patch: 'replace' } } },
  },
});

/** Deletes this very object, and only as it was when it was read. */
export const deleteExactly = (path: string, { uid = '', resourceVersion = '' }: ObjectMeta): ApiRequest => ({
  method: 'DELETE',
  path,
  content: { type: 'application/json', body: { preconditions: { uid, resourceVersion } } },
});
