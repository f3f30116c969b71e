import type { RollbackProvider } from '../../ports.ts';
import type { KubernetesOptions } from '../kubernetes/locate.ts';
import { createWorkloadProvider } from '../kubernetes/provider.ts';
import { DAEMONSET } from './kind.ts';

/** Rolls a Kubernetes DaemonSet back to an older ControllerRevision. */
export const createDaemonSetProvider = (options: KubernetesOptions): RollbackProvider =>
  createWorkloadProvider(DAEMONSET, options);
