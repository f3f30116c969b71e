import { applyJsonPatch, applyMergePatch, type Operation, PatchError } from './json-patch.ts';
import type { KubeObject, ResourceType } from './objects.ts';
import { apiVersionOf, RESOURCES } from './resources.ts';
import { matcher } from './selectors.ts';
import { failure, notFound, patchNotApplied, type Reply } from './status.ts';
import type { Store } from './store.ts';

export interface ApiCall {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly contentType: string;
  readonly accept: string;
  readonly body: string;
  readonly userAgent: string;
}

export interface Target {
  readonly type: ResourceType;
  readonly namespace: string | undefined;
  readonly name: string | undefined;
}

const PATH =
  /^\/(?:api|apis\/(?<group>[^/]+))\/v1(?:\/namespaces\/(?<namespace>[^/]+)(?=\/))?\/(?<resource>[^/]+)(?:\/(?<name>[^/]+))?$/;

/** What a path names, or null when the fake serves nothing there. */
export const targetOf = (path: string): Target | null => {
  const { group = '', namespace, resource, name } = PATH.exec(decodeURIComponent(path))?.groups ?? {};
  const type = RESOURCES.find((one) => one.group === group && one.resource === resource);
  return type === undefined ? null : { type, namespace, name };
};

const ok = (body: object, status = 200): Reply => ({ status, body });

const managerOf = (call: ApiCall): string =>
  call.query.get('fieldManager') ?? call.userAgent.split('/')[0] ?? 'unknown';

const trimmed = (object: KubeObject, accept: string): object =>
  accept.includes('as=PartialObjectMetadata')
    ? { kind: 'PartialObjectMetadata', apiVersion: 'meta.k8s.io/v1', metadata: object.metadata }
    : object;

const list = (store: Store, { type, namespace }: Target, query: URLSearchParams): Reply =>
  ok({
    kind: `${type.kind}List`,
    apiVersion: apiVersionOf(type),
    metadata: { resourceVersion: String(store.version) },
    items: store.list(type.resource, namespace).filter(matcher(query)),
  });

/** Validates and stores, or with a dry run only validates, as the API server does for every kind of write. */
const write = (store: Store, { type }: Target, call: ApiCall, wanted: KubeObject, before: KubeObject | null): Reply => {
  type.complete?.(wanted);
  const faults = type.faults?.(wanted, before) ?? [];
  const { name } = wanted.metadata;
  if (faults.length > 0) {
    const text = faults.map(({ field, message }) => `${field}: ${message}`).join(', ');
    const causes = faults.map(({ field, message }) => ({ reason: 'FieldValueInvalid', field, message }));
    return failure(422, `${type.kind}.${type.group} "${name}" is invalid: ${text}`, { name, kind: type.kind, causes });
  }
  const version = wanted.metadata.resourceVersion;
  if (before !== null && version !== undefined && version !== before.metadata.resourceVersion) {
    const message = 'the object has been modified; please apply your changes to the latest version and try again';
    return failure(409, `Operation cannot be fulfilled on ${type.resource} "${name}": ${message}`, {
      name,
      kind: type.resource,
    });
  }
  if (call.query.get('dryRun') === 'All') return ok(store.preview(type.resource, wanted));
  return ok(store.put(type.resource, wanted, { manager: managerOf(call) }), before === null ? 201 : 200);
};

const patched = (before: KubeObject, call: ApiCall): KubeObject | Reply => {
  const [contentType] = call.contentType.split(';');
  try {
    if (contentType === 'application/json-patch+json') {
      return applyJsonPatch(before, JSON.parse(call.body) as Operation[]);
    }
    if (contentType === 'application/merge-patch+json') {
      return applyMergePatch(before, JSON.parse(call.body)) as KubeObject;
    }
  } catch (error) {
    return error instanceof PatchError ? patchNotApplied() : failure(400, (error as Error).message);
  }
  const supported = 'application/json-patch+json, application/merge-patch+json';
  return failure(415, `the body of the request was in an unknown format - accepted media types include: ${supported}`);
};

const patch = (store: Store, target: Target, call: ApiCall, before: KubeObject): Reply => {
  const wanted = patched(before, call);
  return 'kind' in wanted ? write(store, target, call, wanted, before) : wanted;
};

const create = (store: Store, target: Target, call: ApiCall): Reply => {
  const object = JSON.parse(call.body) as KubeObject;
  if (target.namespace !== undefined) object.metadata.namespace = target.namespace;
  const { type } = target;
  if (store.get(type.resource, target.namespace, object.metadata.name) !== null) {
    return failure(409, `${type.resource} "${object.metadata.name}" already exists`);
  }
  return write(store, target, call, object, null);
};

/** Answers one request for objects. Watches are not its business. */
export const answer = (store: Store, target: Target, call: ApiCall): Reply => {
  const { type, namespace, name } = target;
  if (name === undefined) {
    if (call.method === 'GET') return list(store, target, call.query);
    return call.method === 'POST' ? create(store, target, call) : failure(405, 'the server does not allow this method');
  }
  const before = store.get(type.resource, namespace, name);
  if (before === null) return notFound(type.group === '' ? type.resource : `${type.resource}.${type.group}`, name);
  switch (call.method) {
    case 'GET':
      return ok(trimmed(before, call.accept));
    case 'PATCH':
      return patch(store, target, call, before);
    case 'PUT':
      return write(store, target, call, { ...(JSON.parse(call.body) as KubeObject) }, before);
    case 'DELETE':
      store.remove(type.resource, namespace, name);
      return ok({ kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Success' });
    default:
      return failure(405, 'the server does not allow this method');
  }
};
