import type { AxiosResponse } from 'axios';
import type { Failure } from '../domain/failure.ts';
import type { Instant } from '../domain/time.ts';
import { classifyHttp, createHttp } from './http.ts';
import type { PrometheusSnapshot, SnapshotWindow } from './prometheus-snapshot.ts';
import { snapshotOf } from './prometheus-snapshot.ts';
import type {
  AlertMatch,
  PrometheusAlerts,
  PrometheusAnswer,
  PrometheusRules,
  PrometheusSeries,
} from './prometheus-answers.ts';
import { alertingRulesIn, Envelope, firingIn, onsetIn, seriesOf, valueOf } from './prometheus-answers.ts';

export interface PrometheusOptions {
  /** Where its web page is; a path prefix is kept. */
  readonly url: string;
  /** Asked for at each request, so that a credential is read late and can rotate. */
  readonly headers?: () => Readonly<Record<string, string>>;
  readonly timeoutMs: number;
}

/** Moments are epoch milliseconds. No call throws for what the server does. */
export interface Prometheus {
  /** Evaluates an instant PromQL expression at `at`. */
  query(promql: string, at: number, signal: AbortSignal): Promise<PrometheusAnswer>;
  /** Evaluates the expression at `from` and every `stepMs` from then up to `to`. One series is expected. */
  queryRange(promql: string, from: number, to: number, stepMs: number, signal: AbortSignal): Promise<PrometheusSeries>;
  /** The alerts that fire now, without those that are pending. External labels are not on them. */
  firingAlerts(signal: AbortSignal): Promise<PrometheusAlerts>;
  /**
   * When the expression of the firing alert became true, before the rule's `for:`. Null when it is not known: no such
   * alert any more, or no answer.
   */
  activeAt(match: AlertMatch, signal: AbortSignal): Promise<Instant | null>;
}

/** What an expression gives, for people to read later. */
export interface SnapshotSource {
  /** Every series, of whatever shape, bounded. Does not throw for what the server does. */
  snapshot(promql: string, window: SnapshotWindow, signal: AbortSignal): Promise<PrometheusSnapshot>;
}

/** What is written there, beside what is measured. */
export interface RulesSource {
  /** Every alerting rule, whether it fires or not. */
  alertingRules(signal: AbortSignal): Promise<PrometheusRules>;
}

type Asked = { readonly ok: true; readonly body: Envelope } | { readonly ok: false; readonly failure: Failure };

/** A Prometheus, or what speaks its HTTP API. */
export const createPrometheus = ({
  url,
  headers,
  timeoutMs,
}: PrometheusOptions): Prometheus & SnapshotSource & RulesSource => {
  const http = createHttp({ timeoutMs, baseUrl: url, userAgent: 'firebreak' });
  const ask = async (path: string, form: URLSearchParams | null, signal: AbortSignal): Promise<Asked> => {
    try {
      const config = { signal, headers: { Accept: 'application/json', ...headers?.() } };
      return read(await (form ? http.post<unknown>(path, form, config) : http.get<unknown>(path, config)));
    } catch (error) {
      return { ok: false, failure: classifyHttp(error) };
    }
  };
  return {
    query: async (promql, at, signal) => {
      // A form, because expressions outgrow what proxies take in a URL; `time`, because `offset` is refused in places.
      const form = new URLSearchParams({ query: promql, time: seconds(at) });
      const asked = await ask('/api/v1/query', form, signal);
      return asked.ok ? valueOf(asked.body) : failed(asked);
    },
    queryRange: async (promql, from, to, stepMs, signal) => {
      const asked = await ask('/api/v1/query_range', rangeForm(promql, { from, to, stepMs }), signal);
      return asked.ok ? seriesOf(asked.body) : failed(asked);
    },
    snapshot: async (promql, window, signal) => {
      const asked =
        'at' in window
          ? await ask('/api/v1/query', new URLSearchParams({ query: promql, time: seconds(window.at) }), signal)
          : await ask('/api/v1/query_range', rangeForm(promql, window), signal);
      if (asked.ok) return snapshotOf(asked.body, window);
      return { kind: 'failed', reason: `${asked.failure.kind}: ${asked.failure.message}` };
    },
    firingAlerts: async (signal) => {
      const asked = await ask('/api/v1/alerts', null, signal);
      if (!asked.ok) return failed(asked);
      const alerts = firingIn(asked.body);
      return alerts === null ? { kind: 'failed', failure: NOT_THE_API } : { kind: 'alerts', alerts };
    },
    alertingRules: async (signal) => {
      const asked = await ask('/api/v1/rules?type=alert', null, signal);
      if (!asked.ok) return failed(asked);
      const rules = alertingRulesIn(asked.body);
      return rules === null ? { kind: 'failed', failure: NOT_THE_API } : { kind: 'rules', rules };
    },
    activeAt: async (match, signal) => {
      const asked = await ask('/api/v1/alerts', null, signal);
      return asked.ok ? onsetIn(asked.body, match) : null;
    },
  };
};

const seconds = (ms: number): string => (ms / 1000).toFixed(3);

const rangeForm = (promql: string, { from, to, stepMs }: Extract<SnapshotWindow, { from: number }>): URLSearchParams =>
  new URLSearchParams({ query: promql, start: seconds(from), end: seconds(to), step: seconds(stepMs) });

const failed = ({ failure }: { readonly failure: Failure }) => ({ kind: 'failed', failure }) as const;

const NOT_THE_API: Failure = { kind: 'rejected', message: 'the answer is not one of the Prometheus API' };

const read = (response: AxiosResponse<unknown>): Asked => {
  const parsed = Envelope.safeParse(response.data);
  const succeeded = response.status >= 200 && response.status < 300;
  if (succeeded && parsed.success && parsed.data.status === 'success') return { ok: true, body: parsed.data };
  if (succeeded && !parsed.success) return { ok: false, failure: NOT_THE_API };
  const retryAfter: unknown = response.headers['retry-after'];
  const failure = classifyHttp(response.status, typeof retryAfter === 'string' ? retryAfter : null);
  const said = parsed.data?.error;
  if (said === undefined) return { ok: false, failure };
  const message = `${parsed.data?.errorType ?? failure.message}: ${said}`.slice(0, 300);
  return { ok: false, failure: { ...failure, message } };
};
