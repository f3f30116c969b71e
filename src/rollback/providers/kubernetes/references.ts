import type { JsonObject } from '../../../domain/json.ts';
import { reasonOf } from './answer.ts';
import type { KubernetesConnection } from './connection.ts';
import type { ObjectMeta } from './objects.ts';
import { corePath, metadataOf } from './requests.ts';
import { arrayAt, containersOf, objectAt } from './template.ts';

/** A ConfigMap or Secret that pods of a template read. */
export interface Reference {
  readonly kind: 'ConfigMap' | 'Secret';
  readonly name: string;
  /** Pods start without it. */
  readonly optional: boolean;
}

const RESOURCES = { ConfigMap: 'configmaps', Secret: 'secrets' } as const;

const reference = (kind: Reference['kind'], source: JsonObject, field = 'name'): readonly Reference[] => {
  const name = source[field];
  return typeof name === 'string' && name !== '' ? [{ kind, name, optional: source['optional'] === true }] : [];
};

const ofEnvironment = (container: JsonObject): readonly Reference[] => [
  ...arrayAt(container, 'envFrom').flatMap((from) => [
    ...reference('ConfigMap', objectAt(from, 'configMapRef')),
    ...reference('Secret', objectAt(from, 'secretRef')),
  ]),
  ...arrayAt(container, 'env').flatMap((variable) => [
    ...reference('ConfigMap', objectAt(objectAt(variable, 'valueFrom'), 'configMapKeyRef')),
    ...reference('Secret', objectAt(objectAt(variable, 'valueFrom'), 'secretKeyRef')),
  ]),
];

const ofVolume = (volume: JsonObject): readonly Reference[] => [
  ...reference('ConfigMap', objectAt(volume, 'configMap')),
  ...reference('Secret', objectAt(volume, 'secret'), 'secretName'),
  ...arrayAt(objectAt(volume, 'projected'), 'sources').flatMap((source) => [
    ...reference('ConfigMap', objectAt(source, 'configMap')),
    ...reference('Secret', objectAt(source, 'secret')),
  ]),
];

/** Each ConfigMap and Secret that the template names, once; needed by one container is needed. */
export const referencesOf = (template: JsonObject): readonly Reference[] => {
  const spec = objectAt(template, 'spec');
  const all = [
    ...containersOf(template).flatMap(ofEnvironment),
    ...arrayAt(spec, 'volumes').flatMap(ofVolume),
    ...arrayAt(spec, 'imagePullSecrets').flatMap((secret) => reference('Secret', secret)),
  ];
  const merged = new Map<string, Reference>();
  for (const one of all) {
    const key = `${one.kind}/${one.name}`;
    merged.set(key, { ...one, optional: one.optional && (merged.get(key)?.optional ?? true) });
  }
  return [...merged.values()];
};

export const referenceText = ({ kind, name }: Reference): string => `${kind} ${name}`;

const changedAt = (meta: ObjectMeta): string | null => {
  const times = (meta.managedFields ?? []).map((entry) => entry.time ?? '');
  return (
    [...times, meta.creationTimestamp ?? '']
      .filter((time) => time !== '')
      .sort()
      .at(-1) ?? null
  );
};

/**
 * Warns of references that the target version would not find, or would find changed since `since`. That one cannot
 * be read is itself a warning, never a failure: reading Secrets is a permission that few will want to give.
 */
export const checkReferences = async (
  connection: KubernetesConnection,
  namespace: string,
  references: readonly Reference[],
  since: string | null,
  signal: AbortSignal,
): Promise<readonly string[]> => {
  const check = async (one: Reference): Promise<string | null> => {
    const path = corePath(namespace, RESOURCES[one.kind], one.name);
    const answer = await connection.send<{ metadata: ObjectMeta }>(metadataOf(path), signal);
    if (answer.kind === 'not-found') {
      return one.optional ? null : `${referenceText(one)} does not exist: pods of the target version would not start`;
    }
    if (answer.kind !== 'ok') return `${referenceText(one)} could not be checked: ${reasonOf(answer)}`;
    const changed = changedAt(answer.body.metadata);
    if (since === null || changed === null || Date.parse(changed) <= Date.parse(since)) return null;
    return `${referenceText(one)} changed at ${changed}, after the target version was made: it stays as it is now`;
  };
  const warnings = await Promise.all(references.map(check));
  return warnings.filter((warning) => warning !== null);
};
