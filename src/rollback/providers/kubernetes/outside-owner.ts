import type { Failure } from '../../../domain/failure.ts';
import type { Answer } from './answer.ts';
import type { ListOf, ObjectMeta } from './objects.ts';
import type { Owner } from './owner.ts';
import { groupPath } from './requests.ts';
import type { Site } from './workload.ts';

interface Reference {
  readonly kind?: string;
  readonly name?: string;
}

interface Controlling {
  readonly metadata: ObjectMeta;
  readonly spec?: { readonly targetRef?: Reference; readonly workloadRef?: Reference };
}

interface Source {
  readonly kind: 'flagger' | 'argo-rollouts';
  readonly groupVersion: string;
  readonly resource: string;
  readonly field: 'targetRef' | 'workloadRef';
}

/** Those who steer a workload that carries no mark of theirs: it is named in an object of theirs. */
const SOURCES: readonly Source[] = [
  { kind: 'flagger', groupVersion: 'flagger.app/v1beta1', resource: 'canaries', field: 'targetRef' },
  { kind: 'argo-rollouts', groupVersion: 'argoproj.io/v1alpha1', resource: 'rollouts', field: 'workloadRef' },
];

export type Outside =
  | { readonly kind: 'owners'; readonly owners: readonly Owner[] }
  | { readonly kind: 'failed'; readonly failure: Failure };

/** Not installed, or not ours to see: who runs it gives us the permission to look. */
const isAbsent = (answer: Answer<unknown>): boolean =>
  answer.kind === 'not-found' || (answer.kind === 'failed' && answer.failure.kind === 'unauthorized');

const ownersFrom = async (site: Site, source: Source, signal: AbortSignal): Promise<Outside> => {
  const path = groupPath(source.groupVersion, site.step.namespace, source.resource);
  const listed = await site.connection.send<ListOf<Controlling>>({ method: 'GET', path }, signal);
  if (isAbsent(listed)) return { kind: 'owners', owners: [] };
  if (listed.kind === 'failed') return listed;
  if (listed.kind !== 'ok') return { kind: 'failed', failure: { kind: 'server', message: listed.message } };
  const owners = listed.body.items
    .filter(({ spec }) => {
      const reference = spec?.[source.field];
      return reference?.kind === site.kind.kind && reference.name === site.step.name;
    })
    .map(({ metadata }) => ({ kind: source.kind, name: metadata.name ?? '', mark: `named in its ${source.field}` }));
  return { kind: 'owners', owners };
};

/** Flagger canaries and Argo Rollouts that name this workload. */
export const outsideOwners = async (site: Site, signal: AbortSignal): Promise<Outside> => {
  const found = await Promise.all(SOURCES.map((source) => ownersFrom(site, source, signal)));
  const failed = found.find((one) => one.kind === 'failed');
  if (failed !== undefined) return failed;
  return { kind: 'owners', owners: found.flatMap((one) => (one.kind === 'owners' ? one.owners : [])) };
};
