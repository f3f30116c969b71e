import { createHash } from 'node:crypto';
import type { Json, JsonObject } from '../../../domain/json.ts';

export const HASH_LABEL = 'pod-template-hash';
const RESTARTED_AT = 'kubectl.kubernetes.io/restartedAt';

const isObject = (value: Json | undefined): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const objectAt = (value: JsonObject, key: string): JsonObject => {
  const inner = value[key];
  return isObject(inner) ? inner : {};
};

const arrayAt = (value: JsonObject, key: string): readonly JsonObject[] => {
  const inner = value[key];
  return Array.isArray(inner) ? inner.filter(isObject) : [];
};

const without = (value: JsonObject, key: string): JsonObject =>
  Object.fromEntries(Object.entries(value).filter(([name]) => name !== key));

const withoutInMetadata = (template: JsonObject, map: 'labels' | 'annotations', key: string): JsonObject => {
  const metadata = objectAt(template, 'metadata');
  if (objectAt(metadata, map)[key] === undefined) return template;
  const rest = without(objectAt(metadata, map), key);
  const kept = Object.keys(rest).length === 0 ? without(metadata, map) : { ...metadata, [map]: rest };
  return { ...template, metadata: kept };
};

/** The template without the label that the controller adds to its copy. */
export const withoutHash = (template: JsonObject): JsonObject => withoutInMetadata(template, 'labels', HASH_LABEL);

export const hashLabelOf = (template: JsonObject): string | null => {
  const label = objectAt(objectAt(template, 'metadata'), 'labels')[HASH_LABEL];
  return typeof label === 'string' ? label : null;
};

/** Absent, null and an empty list mean the same to the API server; an empty object (`emptyDir: {}`) means something. */
const isNothing = (value: Json | undefined): boolean =>
  value === undefined || value === null || (Array.isArray(value) && value.length === 0);

const canonical = (value: Json | undefined): Json => {
  if (Array.isArray(value)) return value.map((item: Json) => canonical(item));
  if (!isObject(value)) return value ?? null;
  const entries = Object.entries(value)
    .filter(([, inner]) => !isNothing(inner))
    .sort(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(entries.map(([key, inner]) => [key, canonical(inner)]));
};

const textOf = (template: JsonObject): string => JSON.stringify(canonical(withoutHash(template)));

/** Equal in everything but `pod-template-hash`. */
export const sameTemplate = (a: JsonObject, b: JsonObject): boolean => textOf(a) === textOf(b);

/** Equal but for when somebody restarted it: `kubectl rollout restart` makes a revision, not another version. */
export const sameVersion = (a: JsonObject, b: JsonObject): boolean =>
  sameTemplate(withoutInMetadata(a, 'annotations', RESTARTED_AT), withoutInMetadata(b, 'annotations', RESTARTED_AT));

/** Stands for the content of a template, whatever the order of its keys. */
export const templateDigest = (template: JsonObject): string =>
  `sha256:${createHash('sha256').update(textOf(template)).digest('hex')}`;

/** Every container of a template: init containers first, as they run. */
export const containersOf = (template: JsonObject): readonly JsonObject[] => {
  const spec = objectAt(template, 'spec');
  return [...arrayAt(spec, 'initContainers'), ...arrayAt(spec, 'containers')];
};

export const imagesOf = (template: JsonObject): readonly string[] => {
  const images = containersOf(template).map((container) => container['image']);
  return [...new Set(images.filter((image) => typeof image === 'string'))];
};

export { arrayAt, objectAt, without };
