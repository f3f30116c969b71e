import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer } from 'node:http';
import type { FakeKubernetes, PodObject } from '../fakes/kubernetes/index.ts';
import { listen, stop } from '../fakes/faults.ts';

export interface CheckoutApp {
  /** `host:port` for Prometheus. */
  readonly host: string;
  stop(): Promise<void>;
}

/** What a version does to those who use it: the shares of requests and of users that fail, and how slow it is. */
export interface Failing {
  readonly requests: number;
  readonly users: number;
  readonly seconds: number;
}

export const REQUESTS_PER_SECOND = 200;
const USERS = 1_000;
export const HEALTHY: Failing = { requests: 0, users: 0, seconds: 0.12 };
/** No pod, no service. */
const DOWN: Failing = { requests: 1, users: 1, seconds: 5 };

/**
 * The application `checkout` as others see it: what Prometheus scrapes, `/healthz`, and `POST /orders`, which fails as
 * soon as one pod does. All of it follows from the pods that run in the cluster at that moment. Pods of an image in
 * `failing` fail as it says there, all others do not. Nothing here knows of Firebreak: errors end because other pods run,
 * and for no other reason.
 */
export async function startCheckoutApp(
  cluster: FakeKubernetes,
  namespace: string,
  failing: Readonly<Record<string, Failing>>,
): Promise<CheckoutApp> {
  const requests = { good: 0, bad: 0 };
  let countedAt = Date.now();
  const now = (): Failing => {
    const images = cluster.list('pods', namespace).flatMap((pod) => (pod as PodObject).spec.containers[0]?.image ?? []);
    if (images.length === 0) return DOWN;
    const pods = images.map((image) => failing[image] ?? HEALTHY);
    const mean = (of: keyof Failing): number => pods.reduce((sum, pod) => sum + pod[of], 0) / pods.length;
    return { requests: mean('requests'), users: mean('users'), seconds: mean('seconds') };
  };
  const metrics = (response: ServerResponse): void => {
    const share = now();
    const served = ((Date.now() - countedAt) / 1000) * REQUESTS_PER_SECOND;
    countedAt = Date.now();
    requests.bad += served * share.requests;
    requests.good += served * (1 - share.requests);
    response.setHeader('content-type', 'text/plain; version=0.0.4');
    response.end(
      [
        '# TYPE http_requests_total counter',
        `http_requests_total{service="checkout",code="200"} ${requests.good}`,
        `http_requests_total{service="checkout",code="500"} ${requests.bad}`,
        '# TYPE http_p95_seconds gauge',
        `http_p95_seconds{service="checkout"} ${share.seconds}`,
        '# TYPE active_users gauge',
        `active_users{service="checkout"} ${USERS}`,
        '# TYPE failing_users gauge',
        `failing_users{service="checkout"} ${Math.round(USERS * share.users)}`,
        '',
      ].join('\n'),
    );
  };
  const order = (response: ServerResponse): void => {
    const isWhole = now().requests === 0;
    response.writeHead(isWhole ? 201 : 500).end(isWhole ? 'order accepted' : 'payment failed');
  };
  const answer = ({ method, url }: IncomingMessage, response: ServerResponse): void => {
    if (url === '/metrics') metrics(response);
    else if (method === 'POST' && url === '/orders') order(response);
    else response.writeHead(url === '/healthz' ? 200 : 404).end();
  };
  const server = createServer(answer);
  return { host: await listen(server), stop: () => stop(server) };
}
