import { statSync } from 'node:fs';
import type * as Library from '@kubernetes/client-node';
import { ConnectionSetupError } from './failure.ts';

/**
 * How to reach a cluster: a kubeconfig file, one of its contexts, or with neither the service account of the pod
 * that Firebreak runs in. A context alone is looked up where kubectl would (KUBECONFIG, ~/.kube/config).
 */
export interface ClusterConfig {
  readonly kubeconfig?: string;
  readonly context?: string;
}

export type KubernetesLibrary = typeof Library;

const useContext = (config: Library.KubeConfig, context: string | undefined): void => {
  if (context !== undefined) config.setCurrentContext(context);
  if (config.getContextObject(config.getCurrentContext()) === null) {
    throw new ConnectionSetupError(`The kubeconfig has no context "${config.getCurrentContext()}"`);
  }
  if (config.getCurrentCluster() === null) {
    throw new ConnectionSetupError(`The kubeconfig has no cluster for context "${config.getCurrentContext()}"`);
  }
};

const fromFile = (config: Library.KubeConfig, path: string): void => {
  try {
    config.loadFromFile(path);
  } catch (error) {
    throw new ConnectionSetupError(`Cannot read the kubeconfig ${path}: ${(error as Error).message}`);
  }
};

const fromServiceAccount = (config: Library.KubeConfig): void => {
  const host = process.env['KUBERNETES_SERVICE_HOST'];
  if (host === undefined || host === '') {
    throw new ConnectionSetupError('Not running inside a cluster, and no kubeconfig is configured');
  }
  config.loadFromCluster();
};

/** Reads the configuration of one cluster. Throws ConnectionSetupError with what is wrong with it. */
export const loadKubeConfig = (library: KubernetesLibrary, cluster: ClusterConfig): Library.KubeConfig => {
  const config = new library.KubeConfig();
  if (cluster.kubeconfig !== undefined) fromFile(config, cluster.kubeconfig);
  else if (cluster.context !== undefined) config.loadFromDefault();
  else fromServiceAccount(config);
  useContext(config, cluster.context);
  return config;
};

/** When the file changed last; credentials in it are replaced while we run. */
export const kubeConfigAge = (cluster: ClusterConfig): number => {
  if (cluster.kubeconfig === undefined) return 0;
  return statSync(cluster.kubeconfig, { throwIfNoEntry: false })?.mtimeMs ?? 0;
};
