import type { Refusal } from '../../ports.ts';
import type { KubernetesConnection } from '../kubernetes/connection.ts';
import type { ProcessRunner } from '../process/index.ts';
import type { HelmCli, Told } from './cli.ts';
import type { HelmStep } from './config.ts';
import type { Revision } from './history.ts';
import { factsOf, type ManifestFacts } from './manifest.ts';

/** A release of a cluster that we can reach. */
export interface Site {
  readonly cluster: string;
  readonly step: HelmStep;
  readonly helm: HelmCli;
  readonly connection: KubernetesConnection;
  readonly runner: ProcessRunner;
  readonly facts: FactsMemory;
  /** The name under which helm writes: the API server reports conflicts between writers by it. */
  readonly fieldManager: string;
  readonly now: () => number;
  readonly newId: () => string;
}

export type Refused = { readonly kind: 'refused'; readonly refusal: Refusal; readonly message: string };

export const refused = (refusal: Refusal, message: string): Refused => ({ kind: 'refused', refusal, message });

/** What is known of revisions. A revision's content never changes, so that it is read once. */
export type FactsMemory = Map<string, ManifestFacts>;

const REMEMBERED = 500;

/** Reads the manifest of a revision and keeps what is worth knowing of it. */
export const revisionFacts = async (
  site: Site,
  { number, updated }: Pick<Revision, 'number' | 'updated'>,
  signal: AbortSignal,
): Promise<Told<ManifestFacts>> => {
  const { namespace, release, kubeContext, allowOwner } = site.step;
  const key = JSON.stringify([site.cluster, kubeContext, namespace, release, number, updated, allowOwner]);
  const known = site.facts.get(key);
  if (known !== undefined) return { kind: 'ok', value: known };
  const told = await site.helm.manifest(site.step, number, signal);
  if (told.kind !== 'ok') return told;
  const facts = factsOf(told.value, namespace, allowOwner);
  if (facts === null) {
    const message = `The manifest of revision ${number} could not be read`;
    return { kind: 'failed', failure: { kind: 'rejected', message } };
  }
  const oldest = site.facts.size >= REMEMBERED ? site.facts.keys().next().value : undefined;
  if (oldest !== undefined) site.facts.delete(oldest);
  site.facts.set(key, facts);
  return { kind: 'ok', value: facts };
};

/** `12 s`, `3 min`, `2 h`: how long something has been so. */
const ageText = (since: string | null, now: number): string => {
  if (since === null) return 'some time';
  const seconds = Math.max(0, Math.round((now - Date.parse(since)) / 1000));
  if (seconds < 120) return `${seconds} s`;
  return seconds < 7200 ? `${Math.round(seconds / 60)} min` : `${Math.round(seconds / 3600)} h`;
};

const OPERATIONS: Readonly<Record<string, string>> = {
  'pending-install': 'An installation',
  'pending-upgrade': 'An upgrade',
  'pending-rollback': 'A rollback',
};

/**
 * What a release that is not settled is told with. Helm has no lock: a rollback beside a running upgrade mixes both.
 * Nothing but its age tells one that runs from one that was left behind by a helm that died, or by a failed hook.
 */
export const pendingText = (site: Site, revision: Revision, way: number | null): string => {
  const { namespace, release } = site.step;
  const what = `${OPERATIONS[revision.status] ?? 'An operation'} (revision ${revision.number}) is ${revision.status}`;
  const out =
    way === null
      ? ''
      : `; if nobody is at work on it any more, "helm rollback ${release} ${way} -n ${namespace}" ends it`;
  return `${what} since ${ageText(revision.updated, site.now())}${out}`;
};
