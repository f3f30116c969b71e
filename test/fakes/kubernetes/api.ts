import { parse } from 'yaml';
import { applyJsonPatch, applyMergePatch, type Operation, PatchError } from './json-patch.ts';
import { type Leaves, leavesOf, type Writer } from './managed-fields.ts';
import type { Fields, KubeObject, ResourceType } from './objects.ts';
import { apiVersionOf } from './resources.ts';
import { matcher } from './selectors.ts';
import { applyServerSide } from './server-side-apply.ts';
import { failure, notFound, patchNotApplied, type Reply } from './status.ts';
import type { Store } from './store.ts';
import { applyStrategicMerge } from './strategic-merge.ts';
import type { ApiCall, Target } from './target.ts';

const ok = (body: object, status = 200): Reply => ({ status, body });

const APPLY = 'application/apply-patch+yaml';
const PATCHES = [
  'application/json-patch+json',
  'application/merge-patch+json',
  'application/strategic-merge-patch+json',
  APPLY,
].join(', ');

const writerOf = (call: ApiCall): Writer => ({
  manager: call.query.get('fieldManager') ?? call.userAgent.split('/')[0] ?? 'unknown',
  operation: isApply(call) ? 'Apply' : 'Update',
});

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
const write = (
  store: Store,
  { type }: Target,
  call: ApiCall,
  wanted: KubeObject,
  before: KubeObject | null,
  applied?: Leaves,
): Reply => {
  if (type.group === 'apps') wanted.status = before?.status ?? {}; // a subresource of its own
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
  return ok(
    store.put(type.resource, wanted, { ...writerOf(call), ...(applied === undefined ? {} : { applied }) }),
    before === null ? 201 : 200,
  );
};

const patched = (before: KubeObject, type: ResourceType, call: ApiCall): KubeObject | Reply => {
  const patch: unknown = JSON.parse(call.body);
  const unknown = (): Reply =>
    failure(415, `the body of the request was in an unknown format - accepted media types include: ${PATCHES}`);
  switch (call.contentType.split(';')[0]) {
    case 'application/json-patch+json':
      return applyJsonPatch(before, patch as Operation[]);
    case 'application/merge-patch+json':
      return applyMergePatch(before, patch) as KubeObject;
    case 'application/strategic-merge-patch+json':
      // The server knows the merge keys of its own kinds only.
      return type.custom === true ? unknown() : applyStrategicMerge(before, patch as Fields);
    default:
      return unknown();
  }
};

const patch = (store: Store, target: Target, call: ApiCall, before: KubeObject): Reply => {
  try {
    const wanted = patched(before, target.type, call);
    return 'kind' in wanted ? write(store, target, call, wanted, before) : wanted;
  } catch (error) {
    return error instanceof PatchError ? patchNotApplied() : failure(400, (error as Error).message);
  }
};

/** What a request carries; clients leave out what its path says. YAML reads JSON too. */
const sentTo = ({ name, namespace }: Target, body: string): KubeObject => {
  const object = parse(body) as KubeObject;
  object.metadata = {
    ...object.metadata,
    ...(name === undefined ? {} : { name }),
    ...(namespace === undefined ? {} : { namespace }),
  };
  return object;
};

const isApply = (call: ApiCall): boolean => call.method === 'PATCH' && call.contentType.startsWith(APPLY);

const applyPatch = (store: Store, target: Target, call: ApiCall, before: KubeObject | null): Reply => {
  const applied = sentTo(target, call.body);
  const result = applyServerSide(before, applied, writerOf(call), call.query.get('force') === 'true');
  if (result.kind === 'applied') return write(store, target, call, result.object, before, leavesOf(applied));
  const message = result.conflicts.map(
    ({ manager, path }) => `conflict with "${manager}": ${path.replaceAll('\n', '.')}`,
  );
  return failure(409, `Apply failed with ${message.length} conflict: ${message.join(', ')}`, {
    causes: result.conflicts.map(({ path }) => ({ reason: 'FieldManagerConflict', field: path })),
  });
};

const create = (store: Store, target: Target, call: ApiCall): Reply => {
  const object = sentTo(target, call.body);
  const { type } = target;
  if (store.get(type.resource, target.namespace, object.metadata.name) !== null) {
    return failure(409, `${type.resource} "${object.metadata.name}" already exists`);
  }
  return write(store, target, call, object, null);
};

const remove = (store: Store, { type }: Target, call: ApiCall, before: KubeObject): Reply => {
  const options = (call.body === '' ? {} : JSON.parse(call.body)) as {
    preconditions?: { uid?: string; resourceVersion?: string };
  };
  const { name, namespace, uid } = before.metadata;
  const { uid: wantedUid = uid, resourceVersion = before.metadata.resourceVersion } = options.preconditions ?? {};
  if (wantedUid !== uid || resourceVersion !== before.metadata.resourceVersion) {
    return failure(409, `Operation cannot be fulfilled on ${type.resource} "${name}": the precondition failed`);
  }
  if (call.query.get('dryRun') !== 'All') store.remove(type.resource, namespace, name);
  return ok({ kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Success' });
};

/** Answers one request for objects. Watches are not its business. */
export const answer = (store: Store, target: Target, call: ApiCall): Reply => {
  const { type, namespace, name } = target;
  if (name === undefined) {
    if (call.method === 'GET') return list(store, target, call.query);
    return call.method === 'POST' ? create(store, target, call) : failure(405, 'the server does not allow this method');
  }
  const before = store.get(type.resource, namespace, name);
  if (isApply(call)) return applyPatch(store, target, call, before);
  if (before === null) return notFound(type.group === '' ? type.resource : `${type.resource}.${type.group}`, name);
  switch (call.method) {
    case 'GET':
      return ok(trimmed(before, call.accept));
    case 'PATCH':
      return patch(store, target, call, before);
    case 'PUT':
      return write(store, target, call, sentTo(target, call.body), before);
    case 'DELETE':
      return remove(store, target, call, before);
    default:
      return failure(405, 'the server does not allow this method');
  }
};
