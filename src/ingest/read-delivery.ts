import { hash } from 'node:crypto';
import type { CorrelationPolicy } from '../domain/policy.ts';
import { iso } from '../domain/time.ts';
import {
  ANNOTATIONS,
  LABELS,
  readInstant,
  readOptionalFingerprint,
  readOptionalInstant,
  readOptionalUrl,
  readStatus,
  readTexts,
} from './fields.ts';
import type { GivenAlert } from './observe.ts';
import { observe } from './observe.ts';
import type { ObservedAlert, RejectedAlert } from './ports.ts';
import type { Problem } from './problem.ts';
import { Unreadable } from './problem.ts';
import { isRecord, kindOf, quarantinable } from './text.ts';

export interface ReadOptions {
  readonly correlation: CorrelationPolicy;
  /** Epoch milliseconds. */
  readonly receivedAt: number;
}

/** Every alert of the body is in exactly one of the three, but for a heartbeat that resolved: it says nothing. */
export interface DeliveryContent {
  /** How many alerts the body has. */
  readonly sent: number;
  readonly alerts: readonly ObservedAlert[];
  readonly heartbeats: readonly string[];
  readonly rejected: readonly RejectedAlert[];
}

export type ReadDelivery =
  ({ readonly kind: 'read' } & DeliveryContent) | { readonly kind: 'unreadable'; readonly problem: Problem };

/** No real delivery has as many in a body of a size that is let in; what has is made to fill the memory. */
const MOST_ALERTS = 100_000;

type ReadOne = (raw: Readonly<Record<string, unknown>>, field: string) => GivenAlert;

/** Alertmanager's webhook, version "4", and Grafana's, which has the same shape. Never throws. */
export function readAlertmanager(body: unknown, options: ReadOptions): ReadDelivery {
  if (!isRecord(body)) return invalidBody('expected an object with an array "alerts"', body);
  return readList(body['alerts'], readAlertmanagerAlert, options, groupHashOf(body['groupKey']));
}

/** `{"alerts": […]}`, an array of alerts, or one alert alone. Never throws. */
export function readGeneric(body: unknown, options: ReadOptions): ReadDelivery {
  if (Array.isArray(body)) return readList(body, readGenericAlert, options);
  if (!isRecord(body)) return invalidBody('expected an alert, an array of alerts, or an object with "alerts"', body);
  return readList(Object.hasOwn(body, 'alerts') ? body['alerts'] : [body], readGenericAlert, options);
}

function invalidBody(expected: string, body: unknown): ReadDelivery {
  return {
    kind: 'unreadable',
    problem: { code: 'invalid-body', message: `${expected}, got ${kindOf(body)}`, field: '' },
  };
}

/** What Alertmanager's PagerDuty receiver makes of the same group key. */
const groupHashOf = (groupKey: unknown): string | undefined =>
  typeof groupKey === 'string' && groupKey !== '' ? hash('sha256', groupKey, 'hex') : undefined;

function readList(list: unknown, readOne: ReadOne, options: ReadOptions, groupHash?: string): ReadDelivery {
  const problem = problemOfList(list);
  if (problem !== null) return { kind: 'unreadable', problem };
  const receivedAt = iso(options.receivedAt);
  const alerts: ObservedAlert[] = [];
  const heartbeats: string[] = [];
  const rejected: RejectedAlert[] = [];
  for (const [index, raw] of (list as readonly unknown[]).entries()) {
    try {
      const field = `alerts[${index}]`;
      if (!isRecord(raw)) throw new Unreadable(field, `expected an object, got ${kindOf(raw)}`);
      const given = readOne(raw, field);
      const name = given.labels['alertname'];
      if (name === undefined || !options.correlation.heartbeats.includes(name)) {
        alerts.push(observe(given, receivedAt, options.correlation, groupHash));
      } else if (given.status === 'firing') heartbeats.push(name);
    } catch (error) {
      if (!(error instanceof Unreadable)) throw error;
      rejected.push({ index, field: error.field, message: error.message, raw: quarantinable(raw) });
    }
  }
  return { kind: 'read', sent: (list as readonly unknown[]).length, alerts, heartbeats, rejected };
}

function problemOfList(list: unknown): Problem | null {
  if (list === undefined) return { code: 'missing-field', message: 'is missing; expected an array', field: 'alerts' };
  if (!Array.isArray(list)) {
    return { code: 'invalid-field', message: `expected an array, got ${kindOf(list)}`, field: 'alerts' };
  }
  if (list.length <= MOST_ALERTS) return null;
  return { code: 'too-many-alerts', message: `has more than ${MOST_ALERTS} alerts`, field: 'alerts' };
}

function readAlertmanagerAlert(raw: Readonly<Record<string, unknown>>, field: string): GivenAlert {
  return readAlert('alertmanager', raw, field, {
    status: readStatus(raw['status'], `${field}.status`),
    startsAt: readInstant(raw['startsAt'], `${field}.startsAt`),
  });
}

function readGenericAlert(raw: Readonly<Record<string, unknown>>, field: string): GivenAlert {
  const alert = readAlert('generic', raw, field, {
    status: readStatus(raw['status'] ?? 'firing', `${field}.status`),
    startsAt: readOptionalInstant(raw['startsAt'], `${field}.startsAt`),
  });
  // Nothing else says what the alert is; Alertmanager's at least have a rule behind them.
  if ((alert.labels['alertname'] ?? '') === '') {
    throw new Unreadable(`${field}.labels.alertname`, 'is missing; it names the alert');
  }
  return alert;
}

function readAlert(
  source: 'alertmanager' | 'generic',
  raw: Readonly<Record<string, unknown>>,
  field: string,
  own: Pick<GivenAlert, 'status' | 'startsAt'>,
): GivenAlert {
  return {
    source,
    ...own,
    labels: readTexts(raw['labels'], `${field}.labels`, LABELS),
    annotations: readTexts(raw['annotations'] ?? {}, `${field}.annotations`, ANNOTATIONS),
    endsAt: readOptionalInstant(raw['endsAt'], `${field}.endsAt`),
    generatorUrl: readOptionalUrl(raw['generatorURL'], `${field}.generatorURL`),
    fingerprint: readOptionalFingerprint(raw['fingerprint'], `${field}.fingerprint`),
  };
}
