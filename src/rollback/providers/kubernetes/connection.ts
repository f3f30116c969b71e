import type { KubeConfig, RequestContext } from '@kubernetes/client-node';
import type { Json, JsonObject } from '../../../domain/json.ts';
import { type Answer, answerOf } from './answer.ts';
import { ConnectionSetupError, failureOfThrown } from './failure.ts';
import { type ClusterConfig, kubeConfigAge, type KubernetesLibrary, loadKubeConfig } from './kubeconfig.ts';

export interface ApiRequest {
  readonly method: 'GET' | 'PATCH' | 'DELETE';
  readonly path: string;
  readonly query?: Readonly<Record<string, string>>;
  readonly accept?: string;
  readonly content?: { readonly type: string; readonly body: Json };
}

/** One cluster's API. Never throws for what the other side or the network does. */
export interface KubernetesConnection {
  send<T = JsonObject>(request: ApiRequest, signal: AbortSignal): Promise<Answer<T>>;
  /** The same for what is not JSON: the log of a container. */
  read(request: ApiRequest, signal: AbortSignal): Promise<Answer<string>>;
}

/** No single request may eat the time of a whole step. */
const REQUEST_TIMEOUT_MS = 15_000;

/** Waits for the work, but no longer than the signal: a credential plugin of a kubeconfig can hang. */
const untilAborted = async <T>(work: Promise<T>, signal: AbortSignal): Promise<T> => {
  const { promise, reject } = Promise.withResolvers<never>();
  const onAbort = (): void => {
    reject(signal.reason as Error);
  };
  signal.addEventListener('abort', onAbort, { once: true });
  try {
    signal.throwIfAborted();
    return await Promise.race([work, promise]);
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
};

const urlOf = (config: KubeConfig, request: ApiRequest): string => {
  const server = (config.getCurrentCluster()?.server ?? '').replace(/\/+$/, '');
  if (server === '') throw new ConnectionSetupError('The kubeconfig names no server');
  const query = new URLSearchParams(request.query).toString();
  return `${server}${request.path}${query === '' ? '' : `?${query}`}`;
};

const contextOf = (library: KubernetesLibrary, config: KubeConfig, request: ApiRequest): RequestContext => {
  const context = new library.RequestContext(urlOf(config, request), library.HttpMethod[request.method]);
  context.setHeaderParam('Accept', request.accept ?? 'application/json');
  context.setHeaderParam('User-Agent', 'firebreak');
  if (request.content !== undefined) {
    context.setHeaderParam('Content-Type', request.content.type);
    context.setBody(JSON.stringify(request.content.body));
  }
  return context;
};

/**
 * Connects to one cluster, lazily: the client library costs 0.6 s and 131 MB and is loaded with the first request.
 *
 * Of the library we take what is hard (kubeconfig, credential plugins, TLS, proxies) and leave its typed models: these
 * drop every field they do not know, so a pod template read through them would go back to the server mutilated.
 */
export const createConnection = (cluster: ClusterConfig): KubernetesConnection => {
  let loaded: { readonly config: KubeConfig; readonly age: number } | null = null;

  const configuration = (library: KubernetesLibrary): KubeConfig => {
    const age = kubeConfigAge(cluster);
    if (loaded?.age !== age) loaded = { config: loadKubeConfig(library, cluster), age };
    return loaded.config;
  };

  const exchange = async <T>(
    request: ApiRequest,
    parse: (text: string) => T,
    signal: AbortSignal,
  ): Promise<Answer<T>> => {
    const library = await import('@kubernetes/client-node');
    const config = configuration(library);
    const context = contextOf(library, config, request);
    try {
      await untilAborted(config.applySecurityAuthentication(context), signal);
      context.setSignal(signal);
      const response = await new library.IsomorphicFetchHttpLibrary().send(context).toPromise();
      const answer = answerOf(response.httpStatusCode, response.headers, await response.body.text(), parse);
      if (response.httpStatusCode === 401) loaded = null; // the credentials may have been replaced behind us
      return answer;
    } finally {
      // The library makes a new connection pool for each request; nobody else would ever close it.
      void context.getDispatcher()?.destroy();
    }
  };

  const bounded = async <T>(
    request: ApiRequest,
    parse: (text: string) => T,
    signal: AbortSignal,
  ): Promise<Answer<T>> => {
    if (signal.aborted) {
      return { kind: 'failed', failure: { kind: 'unreachable', message: 'Stopped before the request was sent' } };
    }
    try {
      return await exchange(request, parse, AbortSignal.any([signal, AbortSignal.timeout(REQUEST_TIMEOUT_MS)]));
    } catch (error) {
      return { kind: 'failed', failure: failureOfThrown(error) };
    }
  };

  return {
    send: <T>(request: ApiRequest, signal: AbortSignal) => bounded(request, (text) => JSON.parse(text) as T, signal),
    read: (request, signal) => bounded(request, (text) => text, signal),
  };
};
