import type { AxiosResponse } from 'axios';
import type { z } from 'zod';
import type { Failure } from '../domain/failure.ts';
import { Alerts, Groups, Receivers, Silences, Status } from './alertmanager-answers.ts';
import type {
  AlertmanagerStatus,
  GroupedAlerts,
  ListedAlert,
  ListedSilence,
  ReceiverName,
} from './alertmanager-answers.ts';
import { classifyHttp, createHttp } from './http.ts';

export interface AlertmanagerOptions {
  /** Where its web page is; a path prefix is kept. */
  readonly url: string;
  /** Asked for at each request, so that a credential is read late and can rotate. */
  readonly headers?: () => Readonly<Record<string, string>>;
  readonly timeoutMs: number;
}

export type AlertmanagerAnswer<T> =
  | {
      readonly ok: true;
      readonly value: T;
      /** By the server's own clock, where it says so: epoch milliseconds. */
      readonly at: number | null;
    }
  | { readonly ok: false; readonly failure: Failure };

/** What is read of Alertmanager's API, version 2. No call throws for what the server does. */
export interface Alertmanager {
  status(signal: AbortSignal): Promise<AlertmanagerAnswer<AlertmanagerStatus>>;
  /** Every alert that has not ended there: active, silenced, inhibited, and not yet processed. */
  alerts(signal: AbortSignal): Promise<AlertmanagerAnswer<readonly ListedAlert[]>>;
  silences(signal: AbortSignal): Promise<AlertmanagerAnswer<readonly ListedSilence[]>>;
  /** The same alerts as they are grouped into notifications, once for each receiver. */
  groups(signal: AbortSignal): Promise<AlertmanagerAnswer<readonly GroupedAlerts[]>>;
  receivers(signal: AbortSignal): Promise<AlertmanagerAnswer<readonly ReceiverName[]>>;
}

/** A storm of 50,000 alerts with their annotations. */
const MOST_BYTES = 64 * 1024 * 1024;
/** All of these are the default; an Alertmanager that changes a default must not make alerts vanish. */
const EVERY_STATE = 'active=true&silenced=true&inhibited=true';

export function createAlertmanager({ url, headers, timeoutMs }: AlertmanagerOptions): Alertmanager {
  const http = createHttp({ timeoutMs, baseUrl: url, userAgent: 'firebreak', maxResponseBytes: MOST_BYTES });
  const ask = async <S extends z.ZodType>(
    path: string,
    schema: S,
    signal: AbortSignal,
  ): Promise<AlertmanagerAnswer<z.output<S>>> => {
    try {
      const config = { signal, headers: { Accept: 'application/json', ...headers?.() } };
      return read(await http.get<unknown>(`/api/v2${path}`, config), schema);
    } catch (error) {
      return { ok: false, failure: classifyHttp(error) };
    }
  };
  return {
    status: (signal) => ask('/status', Status, signal),
    alerts: (signal) => ask(`/alerts?${EVERY_STATE}&unprocessed=true`, Alerts, signal),
    silences: (signal) => ask('/silences', Silences, signal),
    groups: (signal) => ask(`/alerts/groups?${EVERY_STATE}`, Groups, signal),
    receivers: (signal) => ask('/receivers', Receivers, signal),
  };
}

const NOT_THE_API: Failure = { kind: 'rejected', message: 'the answer is not one of the Alertmanager API' };

function read<S extends z.ZodType>(response: AxiosResponse<unknown>, schema: S): AlertmanagerAnswer<z.output<S>> {
  if (response.status < 200 || response.status >= 300) return { ok: false, failure: classifyHttp(response.status) };
  const parsed = schema.safeParse(response.data);
  if (!parsed.success) return { ok: false, failure: NOT_THE_API };
  return { ok: true, value: parsed.data, at: dateOf(response.headers['date']) };
}

function dateOf(header: unknown): number | null {
  const at = typeof header === 'string' ? Date.parse(header) : Number.NaN;
  return Number.isNaN(at) ? null : at;
}
