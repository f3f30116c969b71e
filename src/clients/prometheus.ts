import type { AxiosResponse } from 'axios';
import { z } from 'zod';
import type { Failure } from '../domain/failure.ts';
import { iso, type Instant } from '../domain/time.ts';
import { classifyHttp, createHttp } from './http.ts';

export interface PrometheusOptions {
  /** Where its web page is; a path prefix is kept. */
  readonly url: string;
  /** Asked for at each request, so that a credential is read late and can rotate. */
  readonly headers?: () => Readonly<Record<string, string>>;
  readonly timeoutMs: number;
}

type PrometheusAnswer =
  | { readonly kind: 'value'; readonly value: number; readonly warnings: readonly string[] }
  | { readonly kind: 'no-data'; readonly reason: string; readonly warnings: readonly string[] }
  | { readonly kind: 'failed'; readonly failure: Failure };

interface AlertMatch {
  readonly alertname: string;
  readonly labels: Readonly<Record<string, string>>;
}

export interface Prometheus {
  /** Evaluates an instant PromQL expression at `at` (epoch ms). Never throws for what the server does. */
  query(promql: string, at: number, signal: AbortSignal): Promise<PrometheusAnswer>;
  /**
   * When the expression of the firing alert became true, before the rule's `for:`. Null when it is not known: no such
   * alert any more, or no answer.
   */
  activeAt(match: AlertMatch, signal: AbortSignal): Promise<Instant | null>;
}

const Envelope = z.object({
  status: z.enum(['success', 'error']),
  data: z.unknown().optional(),
  errorType: z.string().optional(),
  error: z.string().optional(),
  warnings: z.array(z.string()).optional(),
  infos: z.array(z.string()).optional(),
});
type Envelope = z.infer<typeof Envelope>;

const Sample = z.tuple([z.number(), z.string()]);
const Result = z.discriminatedUnion('resultType', [
  z.object({ resultType: z.literal('vector'), result: z.array(z.object({ value: Sample.optional() })) }),
  z.object({ resultType: z.literal('scalar'), result: Sample }),
  z.object({ resultType: z.literal('string') }),
  z.object({ resultType: z.literal('matrix') }),
]);

const Alerts = z.object({
  alerts: z.array(z.object({ labels: z.record(z.string(), z.string()), state: z.string(), activeAt: z.string() })),
});

type Asked = { readonly ok: true; readonly body: Envelope } | { readonly ok: false; readonly failure: Failure };

/** A Prometheus, or what speaks its HTTP API. */
export const createPrometheus = ({ url, headers, timeoutMs }: PrometheusOptions): Prometheus => {
  const http = createHttp({ timeoutMs, baseUrl: url, userAgent: 'firebreak' });
  const ask = async (path: string, form: URLSearchParams | null, signal: AbortSignal): Promise<Asked> => {
    const config = { signal, headers: { Accept: 'application/json', ...headers?.() } };
    try {
      return read(await (form ? http.post<unknown>(path, form, config) : http.get<unknown>(path, config)));
    } catch (error) {
      return { ok: false, failure: classifyHttp(error) };
    }
  };
  return {
    query: async (promql, at, signal) => {
      // A form, because expressions outgrow what proxies take in a URL; `time`, because `offset` is refused in places.
      const form = new URLSearchParams({ query: promql, time: (at / 1000).toFixed(3) });
      const asked = await ask('/api/v1/query', form, signal);
      return asked.ok ? valueOf(asked.body) : { kind: 'failed', failure: asked.failure };
    },
    activeAt: async (match, signal) => {
      const asked = await ask('/api/v1/alerts', null, signal);
      return asked.ok ? onsetIn(asked.body, match) : null;
    },
  };
};

const read = (response: AxiosResponse<unknown>): Asked => {
  const parsed = Envelope.safeParse(response.data);
  const succeeded = response.status >= 200 && response.status < 300;
  if (succeeded && parsed.success && parsed.data.status === 'success') return { ok: true, body: parsed.data };
  if (succeeded && !parsed.success) {
    return { ok: false, failure: { kind: 'rejected', message: 'the answer is not one of the Prometheus API' } };
  }
  const retryAfter: unknown = response.headers['retry-after'];
  const failure = classifyHttp(response.status, typeof retryAfter === 'string' ? retryAfter : null);
  const said = parsed.data?.error;
  if (said === undefined) return { ok: false, failure };
  return {
    ok: false,
    failure: { ...failure, message: `${parsed.data?.errorType ?? failure.message}: ${said}`.slice(0, 300) },
  };
};

const valueOf = (body: Envelope): PrometheusAnswer => {
  const warnings = [...(body.warnings ?? []), ...(body.infos ?? [])];
  const sample = sampleOf(Result.safeParse(body.data));
  if (typeof sample === 'string') return { kind: 'no-data', reason: sample, warnings };
  const value = Number(sample[1]);
  // NaN and ±Inf come as strings, and are what a division by nothing looks like: no number, so unknown.
  return sample[1].trim() !== '' && Number.isFinite(value)
    ? { kind: 'value', value, warnings }
    : { kind: 'no-data', reason: `the value is ${sample[1]}`, warnings };
};

/** The one sample of the answer, or why there is none. */
const sampleOf = (parsed: z.ZodSafeParseResult<z.infer<typeof Result>>): z.infer<typeof Sample> | string => {
  if (!parsed.success) return 'the result has an unknown form';
  const answer = parsed.data;
  switch (answer.resultType) {
    case 'scalar':
      return answer.result;
    case 'vector': {
      const [first, ...others] = answer.result;
      if (first === undefined) return 'no series';
      if (others.length > 0) return `${answer.result.length} series, one expected`;
      return first.value ?? 'a histogram, a number expected';
    }
    case 'string':
    case 'matrix':
      return `a ${answer.resultType}, a number expected`;
  }
};

const onsetIn = (body: Envelope, match: AlertMatch): Instant | null => {
  const parsed = Alerts.safeParse(body.data);
  if (!parsed.success) return null;
  const [best] = parsed.data.alerts
    .filter((alert) => alert.state === 'firing' && belongsTo(alert.labels, match))
    .map((alert) => ({ labels: Object.keys(alert.labels).length, at: Date.parse(alert.activeAt) }))
    .filter((alert) => alert.at > 0)
    .sort((a, b) => b.labels - a.labels || a.at - b.at);
  return best ? iso(best.at) : null;
};

/** What was delivered may carry external labels besides; what Prometheus knows must all be there, unchanged. */
const belongsTo = (known: Readonly<Record<string, string>>, match: AlertMatch): boolean =>
  known['alertname'] === match.alertname &&
  Object.entries(known).every(([name, value]) => name === 'alertname' || match.labels[name] === value);
