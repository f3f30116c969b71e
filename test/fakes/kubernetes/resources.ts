import type { DeploymentObject, Fields, KubeObject, ResourceType } from './objects.ts';

const fill = (fields: Fields, defaults: Fields): void => {
  for (const [field, value] of Object.entries(defaults)) fields[field] ??= value;
};

const completeDeployment = (object: KubeObject): void => {
  const { spec } = object as DeploymentObject;
  fill(spec, {
    replicas: 1,
    strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: '25%', maxUnavailable: '25%' } },
    revisionHistoryLimit: 10,
    progressDeadlineSeconds: 600,
  });
  fill(spec.template.spec, {
    restartPolicy: 'Always',
    terminationGracePeriodSeconds: 30,
    dnsPolicy: 'ClusterFirst',
    securityContext: {},
    schedulerName: 'default-scheduler',
  });
  // Without these a template that a typed client sends back would not equal the one it read.
  for (const container of (spec.template.spec as { containers?: Fields[] }).containers ?? []) {
    fill(container, {
      resources: {},
      terminationMessagePath: '/dev/termination-log',
      terminationMessagePolicy: 'File',
      imagePullPolicy: 'IfNotPresent',
    });
  }
  // A client that sends the zero value of a time sends null; the server stores nothing.
  const metadata = spec.template.metadata as Fields;
  if (metadata['creationTimestamp'] === null) delete metadata['creationTimestamp'];
};

const deploymentFaults = (object: KubeObject, before: KubeObject | null): { field: string; message: string }[] => {
  const { spec } = object as DeploymentObject;
  const faults: { field: string; message: string }[] = [];
  const labels = spec.template.metadata.labels ?? {};
  const wanted = Object.entries(spec.selector.matchLabels ?? {});
  if (wanted.some(([key, value]) => labels[key] !== value)) {
    faults.push({
      field: 'spec.template.metadata.labels',
      message: 'Invalid value: `selector` does not match template `labels`',
    });
  }
  const containers = (spec.template.spec as Fields)['containers'] as { image?: string }[] | undefined;
  if (containers === undefined || containers.length === 0) {
    faults.push({ field: 'spec.template.spec.containers', message: 'Required value' });
  }
  for (const [index, container] of (containers ?? []).entries()) {
    if ((container.image ?? '') === '') {
      faults.push({ field: `spec.template.spec.containers[${index}].image`, message: 'Required value' });
    }
  }
  const oldSelector = JSON.stringify((before as DeploymentObject | null)?.spec.selector ?? spec.selector);
  if (JSON.stringify(spec.selector) !== oldSelector) {
    faults.push({ field: 'spec.selector', message: 'Invalid value: field is immutable' });
  }
  return faults;
};

/** What the fake serves. StatefulSets, DaemonSets and ControllerRevisions belong here when they are needed. */
export const RESOURCES: readonly ResourceType[] = [
  {
    group: 'apps',
    resource: 'deployments',
    kind: 'Deployment',
    shortNames: ['deploy'],
    namespaced: true,
    complete: completeDeployment,
    faults: deploymentFaults,
  },
  { group: 'apps', resource: 'replicasets', kind: 'ReplicaSet', shortNames: ['rs'], namespaced: true },
  { group: '', resource: 'pods', kind: 'Pod', shortNames: ['po'], namespaced: true },
  { group: '', resource: 'configmaps', kind: 'ConfigMap', shortNames: ['cm'], namespaced: true },
  { group: '', resource: 'secrets', kind: 'Secret', shortNames: [], namespaced: true },
  { group: '', resource: 'events', kind: 'Event', shortNames: ['ev'], namespaced: true },
  { group: '', resource: 'namespaces', kind: 'Namespace', shortNames: ['ns'], namespaced: false },
];

export const apiVersionOf = (type: ResourceType): string => (type.group === '' ? 'v1' : `${type.group}/v1`);

export const resourceType = (resource: string): ResourceType => {
  const found = RESOURCES.find((type) => type.resource === resource);
  if (found === undefined) throw new Error(`The fake does not serve ${resource}`);
  return found;
};
