import type { IncomingMessage } from 'node:http';
import { createServer } from 'node:http';
import { text } from 'node:stream/consumers';
import type { FakeKubernetes, PodObject } from '../fakes/kubernetes/index.ts';
import { listen, stop } from '../fakes/faults.ts';

/** What a Prometheus would know of checkout, by the expressions that the demo's configuration asks for. */
const SERIES: Readonly<Record<string, { readonly well: number; readonly bad: number }>> = {
  checkout_error_ratio: { well: 0.002, bad: 0.9 },
  checkout_latency_p95_seconds: { well: 0.12, bad: 1.4 },
  checkout_requests_per_second: { well: 200, bad: 180 },
};
export const ERROR_RATIO = 'checkout_error_ratio';
export const LATENCY = 'checkout_latency_p95_seconds';
export const REQUESTS = 'checkout_requests_per_second';

/** A stand-in for Prometheus: its numbers follow from the image of the pods that run. */
export async function startMetrics(cluster: FakeKubernetes, namespace: string, badImage: string) {
  const bad = { since: Infinity, until: Infinity };
  const look = (): void => {
    const pods = cluster.list('pods', namespace) as PodObject[];
    const isBad = pods.some((pod) => pod.spec.containers[0]?.image === badImage);
    if (isBad) bad.since = Math.min(bad.since, Date.now());
    else if (bad.since < Infinity) bad.until = Math.min(bad.until, Date.now());
  };
  const at = (series: string, ms: number): number => {
    const { well, bad: worse } = SERIES[series] ?? { well: NaN, bad: NaN };
    return ms >= bad.since && ms < bad.until ? worse : well;
  };
  const vector = (asked: URLSearchParams) => {
    const seconds = Number(asked.get('time') ?? Date.now() / 1000);
    const value = [seconds, String(at(asked.get('query') ?? '', seconds * 1000))];
    return { resultType: 'vector', result: [{ metric: {}, value }] };
  };
  const matrix = (asked: URLSearchParams) => {
    const [start, end, step] = ['start', 'end', 'step'].map((name) => parseFloat(asked.get(name) ?? ''));
    const values: [number, string][] = [];
    for (let second = start!; second <= end!; second += step!)
      values.push([second, String(at(asked.get('query') ?? '', second * 1000))]);
    return { resultType: 'matrix', result: [{ metric: {}, values }] };
  };
  const answer = async (request: IncomingMessage): Promise<object> => {
    look();
    const url = new URL(request.url ?? '/', 'http://localhost');
    const asked = new URLSearchParams([...url.searchParams, ...new URLSearchParams(await text(request))]);
    if (url.pathname.endsWith('/query')) return vector(asked);
    return url.pathname.endsWith('/query_range') ? matrix(asked) : { alerts: [] };
  };
  const server = createServer((request, response) => {
    void answer(request).then((data) => {
      response.setHeader('content-type', 'application/json').end(JSON.stringify({ status: 'success', data }));
    });
  });
  return { url: `http://${await listen(server)}`, stop: () => stop(server) };
}
