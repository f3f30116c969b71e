import type { DaemonSetObject, DeploymentObject, Fields, KubeObject, StatefulSetObject, Template } from './objects.ts';

const fill = (fields: Fields, defaults: Fields): void => {
  for (const [field, value] of Object.entries(defaults)) fields[field] ??= value;
};

/** Without these a template that a typed client sends back would not equal the one it read. */
const completeTemplate = (template: Template): void => {
  fill(template, { metadata: {}, spec: {} });
  fill(template.spec, {
    restartPolicy: 'Always',
    terminationGracePeriodSeconds: 30,
    dnsPolicy: 'ClusterFirst',
    securityContext: {},
    schedulerName: 'default-scheduler',
  });
  for (const container of (template.spec as { containers?: Fields[] }).containers ?? []) {
    fill(container, {
      resources: {},
      terminationMessagePath: '/dev/termination-log',
      terminationMessagePolicy: 'File',
      imagePullPolicy: 'IfNotPresent',
    });
  }
  // A client that sends the zero value of a time sends null; the server stores nothing.
  const metadata = template.metadata as Fields;
  if (metadata['creationTimestamp'] === null) delete metadata['creationTimestamp'];
};

export const completeDeployment = (object: KubeObject): void => {
  const { spec } = object as DeploymentObject;
  fill(spec, {
    replicas: 1,
    strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: '25%', maxUnavailable: '25%' } },
    revisionHistoryLimit: 10,
    progressDeadlineSeconds: 600,
  });
  completeTemplate(spec.template);
};

export const completeStatefulSet = (object: KubeObject): void => {
  const { spec } = object as StatefulSetObject;
  fill(spec, {
    replicas: 1,
    serviceName: '',
    podManagementPolicy: 'OrderedReady',
    updateStrategy: { type: 'RollingUpdate' },
    revisionHistoryLimit: 10,
  });
  if (spec.updateStrategy.type === 'RollingUpdate') spec.updateStrategy.rollingUpdate ??= { partition: 0 };
  completeTemplate(spec.template);
};

export const completeDaemonSet = (object: KubeObject): void => {
  const { spec } = object as DaemonSetObject;
  fill(spec, { updateStrategy: { type: 'RollingUpdate' }, revisionHistoryLimit: 10 });
  if (spec.updateStrategy.type === 'RollingUpdate') {
    spec.updateStrategy.rollingUpdate ??= { maxUnavailable: 1, maxSurge: 0 };
  }
  completeTemplate(spec.template);
};

interface FieldFault {
  readonly field: string;
  readonly message: string;
}

const templateFaults = ({ spec }: DeploymentObject): FieldFault[] => {
  const labels = spec.template.metadata.labels ?? {};
  const wanted = Object.entries(spec.selector.matchLabels ?? {});
  const field = 'spec.template.metadata.labels';
  return wanted.every(([key, value]) => labels[key] === value)
    ? []
    : [{ field, message: 'Invalid value: `selector` does not match template `labels`' }];
};

const containerFaults = ({ spec }: DeploymentObject): FieldFault[] => {
  const containers = (spec.template.spec as { containers?: { image?: string }[] }).containers ?? [];
  if (containers.length === 0) return [{ field: 'spec.template.spec.containers', message: 'Required value' }];
  return containers.flatMap(({ image = '' }, index) =>
    image === '' ? [{ field: `spec.template.spec.containers[${index}].image`, message: 'Required value' }] : [],
  );
};

const selectorFaults = ({ spec }: DeploymentObject, before: KubeObject | null): FieldFault[] => {
  const old = JSON.stringify((before as DeploymentObject | null)?.spec.selector ?? spec.selector);
  return JSON.stringify(spec.selector) === old
    ? []
    : [{ field: 'spec.selector', message: 'Invalid value: field is immutable' }];
};

/** What the server would not take of a Deployment, StatefulSet or DaemonSet: they are alike in all of it. */
export const workloadFaults = (object: KubeObject, before: KubeObject | null): FieldFault[] => {
  const workload = object as DeploymentObject;
  return [...templateFaults(workload), ...containerFaults(workload), ...selectorFaults(workload, before)];
};
