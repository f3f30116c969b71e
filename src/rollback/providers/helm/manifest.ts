import { createHash } from 'node:crypto';
import { parseAllDocuments, type Tags } from 'yaml';
import type { JsonObject } from '../../../domain/json.ts';
import type { ObjectMeta } from '../kubernetes/objects.ts';
import { type Owner, ownersOf } from '../kubernetes/owner.ts';
import { type GitOpsOwner, GITOPS_OWNERS } from './config.ts';

export interface ManifestObject extends JsonObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: JsonObject & { readonly name: string; readonly namespace?: string };
}

/** What is kept of a manifest. Never the manifest: it holds the Secrets of the release. */
export interface ManifestFacts {
  readonly digest: string;
  readonly images: readonly string[];
  /** `Deployment shop/app`, for each object. */
  readonly names: readonly string[];
  readonly owner: Owner | null;
}

export const digestOf = (manifest: string): string =>
  `sha256:${createHash('sha256').update(manifest.trim()).digest('hex')}`;

/** Times stay texts, as they do for Kubernetes. */
const withoutTimes = (tags: Tags): Tags =>
  tags.filter((tag) => tag !== 'timestamp' && (typeof tag === 'string' || tag.tag !== 'tag:yaml.org,2002:timestamp'));

const isObject = (value: unknown): value is ManifestObject => {
  if (typeof value !== 'object' || value === null) return false;
  const { apiVersion, kind, metadata } = value as Readonly<Record<string, unknown>>;
  if (typeof apiVersion !== 'string' || typeof kind !== 'string') return false;
  return typeof metadata === 'object' && metadata !== null && typeof Reflect.get(metadata, 'name') === 'string';
};

const flat = (value: unknown): readonly unknown[] => {
  const items: unknown = typeof value === 'object' && value !== null ? Reflect.get(value, 'items') : undefined;
  return Array.isArray(items) ? items.flatMap(flat) : [value];
};

/**
 * The objects of a manifest; null when it cannot be read. As YAML 1.1, like Helm: there `0644` is an octal number and
 * `yes` is true.
 */
export const objectsOf = (manifest: string): readonly ManifestObject[] | null => {
  const documents = parseAllDocuments(manifest, { version: '1.1', merge: true, customTags: withoutTimes });
  if (!Array.isArray(documents) || documents.some(({ errors }) => errors.length > 0)) return null;
  try {
    const values = documents.map((document) => document.toJS() as unknown).filter((value) => value != null);
    const objects = values.flatMap(flat);
    return objects.every(isObject) ? objects : null;
  } catch {
    return null; // an alias that grows without end
  }
};

export const nameOf = ({ kind, metadata }: ManifestObject, namespace: string): string =>
  `${kind} ${metadata.namespace ?? namespace}/${metadata.name}`;

/** Wherever pods are described: in a Deployment, a CronJob, or an operator's own object. */
const imagesIn = (value: unknown, key = ''): readonly string[] => {
  if (Array.isArray(value)) {
    const containers = key === 'containers' || key === 'initContainers';
    return value.flatMap((one: unknown) => {
      const image: unknown = containers && typeof one === 'object' && one !== null ? Reflect.get(one, 'image') : null;
      return typeof image === 'string' ? [image] : imagesIn(one);
    });
  }
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([name, one]) => imagesIn(one, name));
};

const isGitOps = ({ kind }: Owner): boolean => GITOPS_OWNERS.some((owner) => owner === kind);

/** Who would put this object back; null when nobody does, or when that one is no obstacle. */
export const gitOpsOwner = (metadata: ObjectMeta, allowed: readonly GitOpsOwner[]): Owner | null =>
  ownersOf(metadata).find((owner) => isGitOps(owner) && !allowed.some((kind) => kind === owner.kind)) ?? null;

export const factsOf = (manifest: string, namespace: string, allowed: readonly GitOpsOwner[]): ManifestFacts | null => {
  const objects = objectsOf(manifest);
  if (objects === null) return null;
  const owners = objects.map(({ metadata }) => gitOpsOwner(metadata as unknown as ObjectMeta, allowed));
  return {
    digest: digestOf(manifest),
    images: [...new Set(imagesIn(objects))],
    names: objects.map((object) => nameOf(object, namespace)),
    owner: owners.find((owner) => owner !== null) ?? null,
  };
};
