import type { ServerResponse } from 'node:http';
import type { KubeObject } from './objects.ts';
import { apiVersionOf } from './resources.ts';
import { matcher } from './selectors.ts';
import type { Store, StoreEvent } from './store.ts';
import type { Target } from './target.ts';

/** Streams changes to one client until it goes away, with the initial state first where it asked for that. */
export const streamWatch = (store: Store, target: Target, query: URLSearchParams, response: ServerResponse): void => {
  const { type, namespace } = target;
  const matches = matcher(query);
  const send = (kind: string, object: object): void => {
    response.write(`${JSON.stringify({ type: kind, object })}\n`);
  };
  const relevant = (object: KubeObject): boolean =>
    (namespace === undefined || object.metadata.namespace === namespace) && matches(object);
  const onEvent = (event: StoreEvent): void => {
    if (event.resource === type.resource && relevant(event.object)) send(event.type, event.object);
  };

  response.writeHead(200, { 'content-type': 'application/json' });
  response.flushHeaders();
  if (query.get('sendInitialEvents') === 'true') {
    for (const object of store.list(type.resource, namespace).filter(matches)) send('ADDED', object);
    const annotations = { 'k8s.io/initial-events-end': 'true' };
    const metadata = { resourceVersion: String(store.version), annotations };
    send('BOOKMARK', { kind: type.kind, apiVersion: apiVersionOf(type), metadata, spec: {}, status: {} });
  } else {
    for (const event of store.since(Number(query.get('resourceVersion') ?? store.version))) onEvent(event);
  }
  response.on('close', store.onEvent(onEvent));
};
