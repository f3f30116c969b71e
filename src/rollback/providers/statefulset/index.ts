import type { RollbackProvider } from '../../ports.ts';
import type { KubernetesOptions } from '../kubernetes/locate.ts';
import { createWorkloadProvider } from '../kubernetes/provider.ts';
import { STATEFULSET } from './kind.ts';

/** Rolls a Kubernetes StatefulSet back to an older ControllerRevision. */
export const createStatefulSetProvider = (options: KubernetesOptions): RollbackProvider =>
  createWorkloadProvider(STATEFULSET, options);
