import type { ResourceType } from './objects.ts';
import { completeDaemonSet, completeDeployment, completeStatefulSet, workloadFaults } from './workload-rules.ts';

interface More extends Partial<ResourceType> {
  readonly short?: string;
}

const served = (groupVersion: string, resource: string, kind: string, { short, ...more }: More = {}): ResourceType => {
  const [group = '', version = ''] = groupVersion.includes('/') ? groupVersion.split('/') : ['', groupVersion];
  return { group, version, resource, kind, shortNames: short === undefined ? [] : [short], namespaced: true, ...more };
};

/** What the fake serves. A resource has the same name in no two groups here. */
export const RESOURCES: readonly ResourceType[] = [
  served('apps/v1', 'deployments', 'Deployment', {
    short: 'deploy',
    complete: completeDeployment,
    faults: workloadFaults,
  }),
  served('apps/v1', 'statefulsets', 'StatefulSet', {
    short: 'sts',
    complete: completeStatefulSet,
    faults: workloadFaults,
  }),
  served('apps/v1', 'daemonsets', 'DaemonSet', { short: 'ds', complete: completeDaemonSet, faults: workloadFaults }),
  served('apps/v1', 'controllerrevisions', 'ControllerRevision'),
  served('apps/v1', 'replicasets', 'ReplicaSet', { short: 'rs' }),
  served('v1', 'pods', 'Pod', { short: 'po' }),
  served('v1', 'services', 'Service', { short: 'svc' }),
  served('v1', 'configmaps', 'ConfigMap', { short: 'cm' }),
  served('v1', 'secrets', 'Secret'),
  served('v1', 'events', 'Event', { short: 'ev' }),
  served('v1', 'resourcequotas', 'ResourceQuota', { short: 'quota' }),
  served('v1', 'namespaces', 'Namespace', { short: 'ns', namespaced: false }),
  served('flagger.app/v1beta1', 'canaries', 'Canary', { custom: true }),
  served('argoproj.io/v1alpha1', 'rollouts', 'Rollout', { custom: true }),
];

export const apiVersionOf = ({ group, version }: ResourceType): string =>
  group === '' ? version : `${group}/${version}`;

export const groupVersions = (): readonly string[] => [
  ...new Set(RESOURCES.filter(({ custom }) => custom !== true).map(apiVersionOf)),
];

export const resourceType = (resource: string): ResourceType => {
  const found = RESOURCES.find((type) => type.resource === resource);
  if (found === undefined) throw new Error(`The fake does not serve ${resource}`);
  return found;
};
