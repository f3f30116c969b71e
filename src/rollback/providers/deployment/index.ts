import type { RollbackProvider } from '../../ports.ts';
import type { KubernetesOptions } from '../kubernetes/locate.ts';
import { createWorkloadProvider } from '../kubernetes/provider.ts';
import { DEPLOYMENT } from './kind.ts';

/** Rolls a Kubernetes Deployment back to the pod template of an older ReplicaSet. */
export const createDeploymentProvider = (options: KubernetesOptions): RollbackProvider =>
  createWorkloadProvider(DEPLOYMENT, options);
