import { createHash } from 'node:crypto';
import type { Json, JsonObject } from '../../../domain/json.ts';
import type { Versioned } from './objects.ts';

const isObject = (value: Json | undefined): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const canonical = (value: Json | undefined): Json => {
  if (Array.isArray(value)) return value.map((item: Json) => canonical(item));
  if (!isObject(value)) return value ?? null;
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(entries.map(([key, inner]) => [key, canonical(inner)]));
};

/** Of an Application with several sources Argo CD also writes an empty single one: `{"repoURL": ""}`. */
const isSource = (source: JsonObject | null | undefined): source is JsonObject =>
  source != null && typeof source['repoURL'] === 'string' && source['repoURL'] !== '';

export const sourcesOf = ({ source, sources }: Versioned): readonly JsonObject[] => {
  if (sources != null && sources.length > 0) return sources;
  return isSource(source) ? [source] : [];
};

export const revisionsOf = ({ revision, revisions }: Versioned): readonly string[] => {
  if (revisions != null && revisions.length > 0) return revisions;
  return revision == null || revision === '' ? [] : [revision];
};

/** The branch or range that led to a revision says nothing about what was deployed. */
const withoutTarget = (source: JsonObject): JsonObject =>
  Object.fromEntries(Object.entries(source).filter(([key]) => key !== 'targetRevision'));

/**
 * What a version is: its revisions, and its sources with their parameters and image overrides. A rollback writes a new
 * history entry with a new id; this stays the same.
 */
export const digestOf = (versioned: Versioned): string => {
  const sources = sourcesOf(versioned).map((source) => canonical(withoutTarget(source)));
  return createHash('sha256')
    .update(JSON.stringify([revisionsOf(versioned), sources]))
    .digest('hex');
};

const shortened = (revision: string): string =>
  /^[0-9a-f]{40}([0-9a-f]{24})?$/.test(revision) ? revision.slice(0, 7) : revision;

/** For people: the short commit, the chart's version, or one for each source. */
export const shortOf = (versioned: Versioned): string =>
  revisionsOf(versioned).map(shortened).join('+') || 'no revision';

/** The images that a version sets by itself. What its manifests name is not in the history. */
export const imagesOf = (versioned: Versioned): readonly string[] =>
  sourcesOf(versioned).flatMap((source) => {
    const kustomize = source['kustomize'];
    const images = isObject(kustomize) ? kustomize['images'] : undefined;
    return Array.isArray(images) ? images.filter((image: Json): image is string => typeof image === 'string') : [];
  });
