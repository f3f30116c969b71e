import { classifyHttp, createHttp } from '../clients/http.ts';
import { Secret } from '../domain/secret.ts';
import type { Clock } from '../domain/time.ts';
import type { ProviderRegistry } from '../rollback/ports.ts';
import { createArgocdProvider } from '../rollback/providers/argocd/index.ts';
import { createCommandProvider } from '../rollback/providers/command/index.ts';
import { createDaemonSetProvider } from '../rollback/providers/daemonset/index.ts';
import { createDeploymentProvider } from '../rollback/providers/deployment/index.ts';
import { createHelmProvider } from '../rollback/providers/helm/index.ts';
import { createProcessRunner } from '../rollback/providers/process/index.ts';
import { createStatefulSetProvider } from '../rollback/providers/statefulset/index.ts';
import { createWebhookProvider } from '../rollback/providers/webhook/index.ts';
import type { Settings } from '../settings/types.ts';

const TIMEOUT_MS = 10_000;

/** Everything that a step of a plan can act on: one line each. */
export function createProviders(settings: Settings, clock: Clock): ProviderRegistry {
  const { argocd, commands, helm, rollbackWebhooks } = settings;
  const clusters = clustersOf(settings);
  const http = createHttp({ timeoutMs: TIMEOUT_MS, userAgent: 'firebreak' });
  const classify = classifyHttp;
  const runner = createProcessRunner({ secrets: () => secretsIn(settings) });
  const endpoints = Object.fromEntries(
    Object.entries(rollbackWebhooks).map(([name, { url, secret }]) => [name, { url, secret: () => secret.reveal() }]),
  );
  return {
    deployment: createDeploymentProvider({ clusters }),
    statefulset: createStatefulSetProvider({ clusters }),
    daemonset: createDaemonSetProvider({ clusters }),
    helm: createHelmProvider({ clusters, ...helm, runner }),
    webhook: createWebhookProvider({ endpoints, http, classify, clock }),
    command: createCommandProvider({ commands: commands.allowed, environment: commands.environment, runner }),
    ...(argocd === null
      ? {}
      : { argocd: createArgocdProvider({ url: argocd.url, token: () => argocd.token.reveal(), http, classify }) }),
  };
}

function clustersOf({ kubernetes }: Settings): Readonly<Record<string, { kubeconfig?: string; context?: string }>> {
  return Object.fromEntries(
    Object.entries(kubernetes.clusters).map(([name, { kubeconfig, context }]) => [
      name,
      { ...(kubeconfig === null ? {} : { kubeconfig }), ...(context === null ? {} : { context }) },
    ]),
  );
}

/** Every secret of the configuration: what programs print is shown without them. */
function secretsIn(value: unknown): readonly string[] {
  if (value instanceof Secret) return [value.reveal()];
  if (typeof value !== 'object' || value === null) return [];
  return Object.values(value).flatMap(secretsIn);
}
