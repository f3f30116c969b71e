import type { JsonObject } from '../../../domain/json.ts';
import type { ProviderName } from '../../../domain/plan.ts';
import type { Instant } from '../../../domain/time.ts';
import type { Refusal } from '../../ports.ts';
import type { ApiRequest, KubernetesConnection } from './connection.ts';
import type { ObjectMeta, Pod, Workload } from './objects.ts';
import type { OwnerKind } from './owner.ts';
import type { WorkloadPin } from './pin.ts';
import { appsPath, type TemplateChange } from './requests.ts';

/** A step's `with`: which workload, and what is allowed with it. */
export interface WorkloadStep {
  /** Null when only one cluster is configured. */
  readonly cluster: string | null;
  readonly namespace: string;
  readonly name: string;
  /** Whose ownership is no obstacle. */
  readonly allowOwner: readonly OwnerKind[];
  /** A StatefulSet's pods of the bad version that are not ready may be deleted where they block the way back. */
  readonly deleteBlockedPods: boolean;
}

/** One version that the cluster still remembers. */
export interface Revision {
  readonly number: number;
  /** What renumbering does not change. */
  readonly identity: string;
  /** By this value of the kind's label its pods are known. */
  readonly hash: string;
  readonly since: Instant | null;
  readonly template: JsonObject;
  /** How many pods are wanted and ready, where the cluster keeps count of it. */
  readonly counts: { readonly desired: number; readonly ready: number } | null;
  /** A regular expression for the names of its pods, where they tell. */
  readonly pods: string | null;
}

/** How far a rollout is, by the workload's own word. */
export interface RolloutStatus {
  readonly kind: 'progressing' | 'done' | 'failed';
  readonly message: string;
  readonly progress: JsonObject;
}

export const notSeenYet = (progress: JsonObject): RolloutStatus => ({
  kind: 'progressing',
  message: 'The controller has not seen the change yet',
  progress,
});

export interface Refused {
  readonly kind: 'refused';
  readonly refusal: Refusal;
  readonly message: string;
}

export const refused = (refusal: Refusal, message: string): Refused => ({ kind: 'refused', refusal, message });

/** How a rollout makes room: pods that may come before old ones go, and pods that may go before new ones come. */
export interface Pace {
  readonly wanted: number;
  readonly surge: number;
  readonly unavailable: number;
}

/** The rollout that `execute` began. */
export interface Begun {
  readonly pin: WorkloadPin;
  /** From this generation on the controller knows of our template. */
  readonly generation: number;
  readonly acceptedAtMs: number;
}

/** What is different between Deployments, StatefulSets and DaemonSets. */
export interface WorkloadKind<W extends Workload = Workload> {
  readonly provider: ProviderName;
  readonly kind: 'Deployment' | 'StatefulSet' | 'DaemonSet';
  readonly resource: 'deployments' | 'statefulsets' | 'daemonsets';
  /** Fields of a step's `with` that only this kind has; all are booleans, false unless set. */
  readonly switches: readonly 'deleteBlockedPods'[];
  /** Where older versions are remembered. */
  readonly history: 'replicasets' | 'controllerrevisions';
  /** The label by which pods of one version are told from those of another. */
  readonly versionLabel: string;
  /** The version that an object of the history stands for, or null for one that stands for none. */
  revision(remembered: { readonly metadata: ObjectMeta }): Revision | null;
  /** Why it must not be touched as it stands, whatever the target. */
  obstacle(workload: W): Refused | null;
  warnings(workload: W): readonly string[];
  change(change: TemplateChange): ApiRequest;
  pace(workload: W): Pace;
  /** The state of the rollout. Says nothing about whether the template is still ours. */
  status(site: Site, workload: W, begun: Begun, signal: AbortSignal): Promise<RolloutStatus>;
  /** What blocks a rollout that is not done and what was done about it, in words; null when nothing does. */
  unblock?(site: Site, workload: W, pods: readonly Pod[], begun: Begun, signal: AbortSignal): Promise<string | null>;
}

/** A workload of a cluster that we can talk to. */
export interface Site {
  readonly cluster: string;
  readonly connection: KubernetesConnection;
  readonly kind: WorkloadKind;
  readonly step: WorkloadStep;
}

export const pathOf = ({ kind, step }: Site): string => appsPath(step.namespace, kind.resource, step.name);

/** In words: `StatefulSet shop/store`. */
export const nameOf = ({ kind, step }: Site): string => `${kind.kind} ${step.namespace}/${step.name}`;
