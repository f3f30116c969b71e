import { randomUUID } from 'node:crypto';
import { createServer } from 'node:https';
import { makeCertificate } from './certificate.ts';
import { createFront, listen, stop, type Answer, type FaultControls, type RecordedRequest } from './faults.ts';

interface FakeAlert {
  readonly routingKey: string;
  readonly dedupKey: string;
  state: 'open' | 'acknowledged' | 'resolved';
  readonly summaries: string[];
  readonly payload: Record<string, unknown>;
  readonly event: Record<string, unknown>;
}

interface FakeChange {
  readonly routingKey: string;
  readonly payload: Record<string, unknown>;
  readonly links: unknown;
}

export interface FakePagerDuty extends FaultControls {
  /** `127.0.0.1:port`; it speaks https with a certificate of its own: see certificate.ts on how to trust it. */
  readonly host: string;
  readonly cert: string;
  readonly certFile: string;
  /** Oldest first; a trigger after a resolve adds a new one. */
  readonly alerts: readonly FakeAlert[];
  readonly changes: readonly FakeChange[];
  /** Acknowledges and resolves that fitted no open alert: the real service drops them and says 202. */
  readonly dropped: readonly Record<string, unknown>[];
  stop(): Promise<void>;
}

const MAX_BYTES = 512 * 1024;
const SEVERITIES = ['critical', 'error', 'warning', 'info'];

/** PagerDuty's Events API v2 as documented: what it refuses is refused here too. */
export const startPagerDuty = async (): Promise<FakePagerDuty> => {
  const certificate = await makeCertificate();
  const alerts: FakeAlert[] = [];
  const changes: FakeChange[] = [];
  const dropped: Record<string, unknown>[] = [];

  const alertEvent = (event: Record<string, unknown>): Answer => {
    const routingKey = event['routing_key'] as string;
    const dedupKey = (event['dedup_key'] as string | undefined) ?? randomUUID();
    const open = alerts.findLast(
      (a) => a.routingKey === routingKey && a.dedupKey === dedupKey && a.state !== 'resolved',
    );
    const action = event['event_action'];
    if (action === 'trigger') {
      const payload = event['payload'] as Record<string, unknown>;
      if (open) open.summaries.push(payload['summary'] as string);
      else {
        alerts.push({ routingKey, dedupKey, state: 'open', summaries: [payload['summary'] as string], payload, event });
      }
    } else if (open) open.state = action === 'resolve' ? 'resolved' : 'acknowledged';
    else dropped.push(event);
    return { status: 202, body: { status: 'success', message: 'Event processed', dedup_key: dedupKey } };
  };

  const changeEvent = (event: Record<string, unknown>): Answer => {
    const { routing_key, payload, links } = event;
    changes.push({ routingKey: routing_key as string, payload: payload as Record<string, unknown>, links });
    return { status: 202, body: { status: 'success', message: 'Change event processed' } };
  };

  const front = createFront((request) => {
    const isAlert = request.path === '/v2/enqueue';
    if (!isAlert && request.path !== '/v2/change/enqueue') return { status: 404, body: { error: 'not found' } };
    const event = parse(request);
    const errors =
      event === null ? ['the body is not a JSON object'] : isAlert ? alertErrors(event) : changeErrors(event);
    if (Buffer.byteLength(request.raw) > MAX_BYTES) errors.push('the body is larger than 512 KB');
    if (event === null || errors.length > 0) {
      return { status: 400, body: { status: 'invalid event', message: 'Event object is invalid', errors } };
    }
    return isAlert ? alertEvent(event) : changeEvent(event);
  });

  const server = createServer({ cert: certificate.cert, key: certificate.key }, front.listener);
  const host = await listen(server, front);
  return {
    ...front,
    host,
    cert: certificate.cert,
    certFile: certificate.certFile,
    alerts,
    changes,
    dropped,
    stop: async () => {
      await stop(server);
      await certificate.remove();
    },
  };
};

const parse = ({ method, headers, raw }: RecordedRequest): Record<string, unknown> | null => {
  if (method !== 'POST' || !headers['content-type']?.startsWith('application/json')) return null;
  try {
    const value: unknown = JSON.parse(raw);
    return isObject(value) ? value : null;
  } catch {
    return null;
  }
};

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
const isText = (value: unknown, longest = Infinity): boolean =>
  typeof value === 'string' && value.trim() !== '' && value.length <= longest;
const isOptionalText = (value: unknown, longest = Infinity): boolean => value === undefined || isText(value, longest);

const unless = (right: boolean, error: string): string[] => (right ? [] : [error]);

const commonErrors = ({ routing_key, links }: Record<string, unknown>): string[] => [
  ...unless(
    typeof routing_key === 'string' && /^[0-9A-Za-z]{32}$/.test(routing_key),
    "'routing_key' must be 32 characters",
  ),
  ...unless(
    links === undefined ||
      (Array.isArray(links) && links.every((l) => isObject(l) && /^https?:\/\//.test(String(l['href'])))),
    "'links' must be a list of objects with a web address as 'href'",
  ),
];

const alertErrors = (event: Record<string, unknown>): string[] => {
  const { event_action: action, dedup_key: dedupKey, payload, client, client_url: clientUrl } = event;
  return [
    ...commonErrors(event),
    ...unless(['trigger', 'acknowledge', 'resolve'].includes(action as string), "'event_action' is invalid"),
    ...unless(isOptionalText(dedupKey, 255), "'dedup_key' must be a string of at most 255 characters"),
    ...unless(action === 'trigger' || isText(dedupKey), "'dedup_key' is missing or blank"),
    ...unless(isOptionalText(client) && isOptionalText(clientUrl), "'client' and 'client_url' must be strings"),
    ...(action !== 'trigger' ? [] : isObject(payload) ? payloadErrors(payload) : ["'payload' is missing or blank"]),
  ];
};

const payloadErrors = (payload: Record<string, unknown>): string[] => [
  ...summaryErrors(payload),
  ...unless(isText(payload['source']), "'payload.source' is missing or blank"),
  ...unless(SEVERITIES.includes(payload['severity'] as string), "'payload.severity' is invalid"),
  ...['component', 'group', 'class'].flatMap((f) =>
    unless(isOptionalText(payload[f]), `'payload.${f}' must be a string`),
  ),
];

const summaryErrors = ({ summary, timestamp, custom_details: details }: Record<string, unknown>): string[] => [
  ...unless(isText(summary, 1024), "'payload.summary' must be a string of at most 1024 characters"),
  ...unless(
    timestamp === undefined || (typeof timestamp === 'string' && !Number.isNaN(Date.parse(timestamp))),
    "'payload.timestamp' is invalid",
  ),
  ...unless(details === undefined || isObject(details), "'payload.custom_details' must be an object"),
];

const changeErrors = (event: Record<string, unknown>): string[] => [
  ...commonErrors(event),
  ...(isObject(event['payload']) ? summaryErrors(event['payload']) : ["'payload' is missing or blank"]),
];
