import type { Failure } from '../../../domain/failure.ts';
import type { JsonObject } from '../../../domain/json.ts';
import type { Answer } from '../kubernetes/answer.ts';
import type { ObjectMeta } from '../kubernetes/objects.ts';
import { ownerText } from '../kubernetes/owner.ts';
import { gitOpsOwner, type ManifestObject, nameOf } from './manifest.ts';
import { type Refused, refused, type Site } from './site.ts';

/** What the API server says of one object. `unasked`: it cannot be asked for this one. */
type Said =
  | { readonly kind: 'accepted' }
  | { readonly kind: 'unasked'; readonly name: string; readonly why: string }
  | Refused
  | { readonly kind: 'failed'; readonly failure: Failure };

interface ResourceList {
  readonly resources: readonly { readonly name: string; readonly kind: string; readonly namespaced: boolean }[];
}

const AT_ONCE = 6;

const groupPath = (apiVersion: string): string =>
  apiVersion.includes('/') ? `/apis/${apiVersion}` : `/api/${apiVersion}`;

/** The kinds of the manifest as the server serves them, each group asked once. */
const createDiscovery = (site: Site, signal: AbortSignal): ((apiVersion: string) => Promise<Answer<ResourceList>>) => {
  const asked = new Map<string, Promise<Answer<ResourceList>>>();
  return (apiVersion) => {
    const known = asked.get(apiVersion);
    if (known !== undefined) return known;
    const asking = site.connection.send<ResourceList>({ method: 'GET', path: groupPath(apiVersion) }, signal);
    asked.set(apiVersion, asking);
    return asking;
  };
};

const pathOf = async (
  site: Site,
  object: ManifestObject,
  discovery: ReturnType<typeof createDiscovery>,
): Promise<{ readonly kind: 'path'; readonly path: string } | Exclude<Said, { kind: 'accepted' }>> => {
  const { apiVersion, kind, metadata } = object;
  const served = await discovery(apiVersion);
  if (served.kind === 'failed') return served;
  const resources = served.kind === 'ok' ? served.body.resources : [];
  const resource = resources.find((one) => one.kind === kind && !one.name.includes('/'));
  if (resource === undefined) {
    return refused('unsupported', `The cluster does not serve ${apiVersion} ${kind} (any more): ${metadata.name}`);
  }
  const place = resource.namespaced ? `/namespaces/${metadata.namespace ?? site.step.namespace}` : '';
  const path = `${groupPath(apiVersion)}${place}/${resource.name}/${encodeURIComponent(metadata.name)}`;
  return { kind: 'path', path };
};

const saidOf = (site: Site, name: string, answer: Answer<{ readonly metadata?: ObjectMeta }>): Said => {
  switch (answer.kind) {
    case 'ok': {
      // The live marks come with it: who adopted the objects later did not write into the manifest.
      const owner = gitOpsOwner(answer.body.metadata ?? {}, site.step.allowOwner);
      if (owner === null) return { kind: 'accepted' };
      return refused('owned-by-another', `${name} is owned by ${ownerText(owner)}, which would put it back`);
    }
    case 'not-found':
      return refused('not-found', `${name}: ${answer.message}`);
    case 'conflict':
      return refused('owned-by-another', `${name}: ${answer.message}`);
    case 'failed': {
      const { kind, message } = answer.failure;
      if (kind !== 'rejected') return answer;
      if (/does not support dry ?run/i.test(message)) return { kind: 'unasked', name, why: message };
      return refused('unsupported', `${name}: ${message}`);
    }
  }
};

const applyDryRun = async (
  site: Site,
  object: ManifestObject,
  force: boolean,
  discovery: ReturnType<typeof createDiscovery>,
  signal: AbortSignal,
): Promise<Said> => {
  const found = await pathOf(site, object, discovery);
  if (found.kind !== 'path') return found;
  const query = { dryRun: 'All', fieldManager: site.fieldManager, force: String(force) };
  const body: JsonObject = { ...object };
  const content = { type: 'application/apply-patch+yaml', body };
  const answer = await site.connection.send<{ metadata?: ObjectMeta }>(
    { method: 'PATCH', path: found.path, query, content },
    signal,
  );
  return saidOf(site, nameOf(object, site.step.namespace), answer);
};

export type DryRun =
  | { readonly kind: 'accepted'; readonly objects: number; readonly unasked: readonly string[] }
  | Refused
  | { readonly kind: 'failed'; readonly failure: Failure };

/**
 * Asks the API server whether it would take every object of a manifest: admission, quota, immutable fields, kinds that
 * are served no more, and, unless `force`, fields that another writer holds. Stores nothing.
 */
export const dryRun = async (
  site: Site,
  objects: readonly ManifestObject[],
  force: boolean,
  signal: AbortSignal,
): Promise<DryRun> => {
  const discovery = createDiscovery(site, signal);
  const unasked: string[] = [];
  for (let at = 0; at < objects.length; at += AT_ONCE) {
    const some = objects.slice(at, at + AT_ONCE);
    const answers = await Promise.all(some.map((object) => applyDryRun(site, object, force, discovery, signal)));
    for (const said of answers) {
      if (said.kind === 'refused' || said.kind === 'failed') return said;
      if (said.kind === 'unasked') unasked.push(`${said.name} (${said.why})`);
    }
  }
  return { kind: 'accepted', objects: objects.length - unasked.length, unasked };
};
