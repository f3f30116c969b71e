import type { DeploymentObject, Fields, Template } from './objects.ts';

export type WorkloadResource = 'deployments' | 'statefulsets' | 'daemonsets';

export interface Release {
  /** Deployments unless told. */
  readonly resource?: WorkloadResource;
  readonly namespace: string;
  readonly name: string;
  readonly image: string;
  /** Of a new app: 3 unless told. Of one that is there: as it is. A DaemonSet has one on each of the 3 nodes. */
  readonly replicas?: number;
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
  /** Laid over `spec` of a new app. */
  readonly spec?: Fields;
  /** Changes the template beyond the image. */
  readonly template?: (template: Template) => void;
}

const newWorkload = ({ resource, namespace, name, image, replicas = 3, spec }: Release): DeploymentObject => ({
  apiVersion: 'apps/v1',
  kind: '',
  metadata: { namespace, name },
  spec: {
    ...(resource === 'daemonsets' ? {} : { replicas }),
    selector: { matchLabels: { app: name } },
    template: { metadata: { labels: { app: name } }, spec: { containers: [{ name: 'app', image }] } },
    ...spec,
  } as Fields as DeploymentObject['spec'],
  status: {},
});

/** The app as it is to be after the release: the one that is there, changed, or a new one. */
export const released = (current: DeploymentObject | null, release: Release): DeploymentObject => {
  const workload = current ?? newWorkload(release);
  const { metadata, spec } = workload;
  metadata.labels = { ...metadata.labels, ...release.labels };
  metadata.annotations = { ...metadata.annotations, ...release.annotations };
  if (release.replicas !== undefined) spec.replicas = release.replicas;
  spec.template.spec.containers[0]!.image = release.image;
  release.template?.(spec.template);
  return workload;
};
