import type { ObjectMeta } from './objects.ts';

export const OWNERS = ['argocd', 'flux', 'flagger', 'argo-rollouts', 'helm', 'controller'] as const;
export type OwnerKind = (typeof OWNERS)[number];

/** Who keeps the object as it is, and by which mark we know. */
export interface Owner {
  readonly kind: OwnerKind;
  readonly name: string;
  readonly mark: string;
}

type Marks = Readonly<Record<string, string>>;

const ARGO_TRACKING = 'argocd.argoproj.io/tracking-id';
const ARGO_INSTANCE = 'argocd.argoproj.io/instance';
const FLUX_KINDS = ['kustomize', 'helm'] as const;

const argo = (marks: Marks): Owner | null => {
  const tracking = marks[ARGO_TRACKING];
  // <application>:<group>/<kind>:<namespace>/<name>
  if (tracking !== undefined) return { kind: 'argocd', name: tracking.split(':')[0] ?? tracking, mark: ARGO_TRACKING };
  const instance = marks[ARGO_INSTANCE];
  return instance === undefined ? null : { kind: 'argocd', name: instance, mark: ARGO_INSTANCE };
};

const flux = (marks: Marks): Owner | null => {
  for (const kind of FLUX_KINDS) {
    const mark = `${kind}.toolkit.fluxcd.io/name`;
    const name = marks[mark];
    if (name === undefined) continue;
    const namespace = marks[`${kind}.toolkit.fluxcd.io/namespace`];
    return { kind: 'flux', name: namespace === undefined ? name : `${namespace}/${name}`, mark };
  }
  return null;
};

const flagger = (meta: ObjectMeta, marks: Marks): Owner | null => {
  const canary = meta.ownerReferences?.find((o) => o.kind === 'Canary' && o.apiVersion.startsWith('flagger.app/'));
  if (canary !== undefined) return { kind: 'flagger', name: canary.name, mark: 'owner reference to a Canary' };
  const mark = Object.keys(marks).find((key) => key.startsWith('flagger.app/'));
  if (mark !== undefined) return { kind: 'flagger', name: marks[mark] ?? '', mark };
  const manager = marks['app.kubernetes.io/managed-by'];
  if (manager?.toLowerCase() !== 'flagger') return null;
  return { kind: 'flagger', name: meta.name ?? '', mark: 'app.kubernetes.io/managed-by' };
};

const helm = (meta: ObjectMeta, marks: Marks): Owner | null =>
  marks['app.kubernetes.io/managed-by'] === 'Helm'
    ? {
        kind: 'helm',
        name: marks['meta.helm.sh/release-name'] ?? meta.name ?? '',
        mark: 'app.kubernetes.io/managed-by',
      }
    : null;

const controller = (meta: ObjectMeta): Owner | null => {
  const owner = meta.ownerReferences?.find((o) => o.controller === true && !o.apiVersion.startsWith('flagger.app/'));
  return owner === undefined
    ? null
    : { kind: 'controller', name: `${owner.kind}/${owner.name}`, mark: 'controlling owner reference' };
};

/** Everybody who would put the object back to what they hold for right, the strictest first. */
export const ownersOf = (meta: ObjectMeta): readonly Owner[] => {
  const marks = { ...meta.labels, ...meta.annotations };
  const found = [argo(marks), flux(marks), flagger(meta, marks), helm(meta, marks), controller(meta)];
  return found.filter((owner) => owner !== null);
};

const NAMES: Readonly<Record<OwnerKind, string>> = {
  argocd: 'Argo CD application',
  flux: 'Flux object',
  flagger: 'Flagger canary',
  helm: 'Helm release',
  'argo-rollouts': 'Argo Rollout',
  controller: 'controller',
};

export const ownerText = (owner: Owner): string => `${NAMES[owner.kind]} "${owner.name}" (${owner.mark})`;
