/** Kubernetes objects as the fake keeps them: the common part typed, the rest as it came. */
export type Fields = Record<string, unknown>;

export interface Meta {
  name: string;
  namespace?: string;
  uid?: string;
  resourceVersion?: string;
  generation?: number;
  creationTimestamp?: string;
  labels?: Record<string, string>;
  annotations?: Record<string, string>;
  ownerReferences?: { apiVersion: string; kind: string; name: string; uid: string; controller?: boolean }[];
  managedFields?: Fields[];
}

export interface KubeObject {
  apiVersion: string;
  kind: string;
  metadata: Meta;
  spec?: Fields;
  status?: Fields;
  [field: string]: unknown;
}

export interface Condition {
  type: string;
  status: string;
  reason?: string;
  message?: string;
  lastUpdateTime?: string;
  lastTransitionTime?: string;
}

export interface Template extends Fields {
  metadata: { labels?: Record<string, string>; annotations?: Record<string, string> };
  spec: Fields & { containers: (Fields & { name: string; image: string })[] };
}

export interface Selector {
  matchLabels?: Record<string, string>;
}

export interface DeploymentObject extends KubeObject {
  spec: Fields & {
    replicas: number;
    paused?: boolean;
    selector: Selector;
    template: Template;
    strategy: { type: string; rollingUpdate?: { maxSurge: string | number; maxUnavailable: string | number } };
    revisionHistoryLimit: number;
    progressDeadlineSeconds: number;
  };
  status: Fields & {
    observedGeneration?: number;
    replicas?: number;
    updatedReplicas?: number;
    readyReplicas?: number;
    availableReplicas?: number;
    unavailableReplicas?: number;
    conditions?: Condition[];
  };
}

export interface ReplicaSetObject extends KubeObject {
  spec: Fields & { replicas: number; selector: Selector; template: Template };
  status: Fields & { replicas?: number; readyReplicas?: number; availableReplicas?: number };
}

export interface StatefulSetObject extends KubeObject {
  spec: Fields & {
    replicas: number;
    selector: Selector;
    template: Template;
    podManagementPolicy: string;
    updateStrategy: { type: string; rollingUpdate?: { partition?: number } };
  };
  status: Fields & {
    observedGeneration?: number;
    replicas?: number;
    readyReplicas?: number;
    updatedReplicas?: number;
    currentRevision?: string;
    updateRevision?: string;
  };
}

export interface DaemonSetObject extends KubeObject {
  spec: Fields & {
    selector: Selector;
    template: Template;
    updateStrategy: { type: string; rollingUpdate?: { maxUnavailable?: number; maxSurge?: number } };
  };
  status: Fields & { observedGeneration?: number; updatedNumberScheduled?: number; numberAvailable?: number };
}

export interface ControllerRevisionObject extends KubeObject {
  revision: number;
  data: { spec: { template: Template & { $patch: 'replace' } } };
}

export interface PodObject extends KubeObject {
  spec: Template['spec'];
  status: Fields & { phase?: string; conditions?: Condition[]; containerStatuses?: Fields[] };
}

/** A kind that the fake serves. A new workload is one more entry here, its rules and its controller in their own file. */
export interface ResourceType {
  readonly group: string;
  readonly version: string;
  readonly resource: string;
  readonly kind: string;
  readonly shortNames: readonly string[];
  readonly namespaced: boolean;
  /** Of a CustomResourceDefinition: known to the server only once there is an object of it. */
  readonly custom?: true;
  /** Fills in what the real server would. */
  readonly complete?: (object: KubeObject) => void;
  /** What is wrong with the object, by field; empty when it is fine. */
  readonly faults?: (
    object: KubeObject,
    before: KubeObject | null,
  ) => readonly { readonly field: string; readonly message: string }[];
}

export const isOwnedBy = (object: KubeObject, uid: string | undefined): boolean =>
  object.metadata.ownerReferences?.some((owner) => owner.uid === uid) ?? false;

/** Kubernetes keeps moments to the second. */
export const timestamp = (ms: number): string => new Date(ms).toISOString().replace(/\.\d{3}Z$/, 'Z');
