import { randomUUID } from 'node:crypto';
import { classifyHttp, createHttp } from '../../clients/http.ts';
import type { DoctorCheck } from '../../cli/ports.ts';
import { iso } from '../../domain/time.ts';
import { createSend } from '../../notify/pagerduty/client.ts';
import type { Send } from '../../notify/pagerduty/client.ts';
import type { Settings } from '../../settings/types.ts';
import { readClock } from './clock.ts';
import type { Found } from './line.ts';
import { failed, ofFailure, ok, warning } from './line.ts';

const TIMEOUT_MS = 10_000;
const NAME = 'pagerduty';

/** That it answers, and with `sendTest` that it pages: nothing else tells whether a routing key is right. */
export async function checkPagerDuty(settings: Settings, sendTest: boolean, now: () => number): Promise<Found> {
  const { pagerduty: own } = settings;
  if (own === null) return { checks: [warning(NAME, 'not configured: nobody is paged', 'Set pagerduty.routingKey.')] };
  const http = createHttp({ timeoutMs: TIMEOUT_MS, userAgent: 'firebreak' });
  const reached = await readClock(http, 'PagerDuty', `https://${own.server}/`, now);
  if ('failure' in reached) return { checks: [ofFailure(NAME, reached.failure, 'pagerduty.server')] };
  return {
    checks: [
      ok(NAME, `${own.server} answers`),
      ...(sendTest ? await pageOnce(own, now) : [unproven(settings)]),
      webhookCheck(own),
      ...(own.apiToken === null || own.from === null ? [] : [await notesCheck(own, own.apiToken.reveal(), own.from)]),
    ],
    clocks: reached.clocks,
  };
}

function unproven({ pagerduty, policy }: Settings): DoctorCheck {
  const others = Object.values(policy.services).filter(
    ({ pagerdutyRoutingKey }) => pagerdutyRoutingKey !== null,
  ).length;
  const keys = others === 0 ? 'its routing key' : `its routing key and those of ${others} services`;
  const length = pagerduty?.routingKey.reveal().length ?? 0;
  if (length !== 32) {
    return failed(
      `${NAME} key`,
      `it has ${length} characters, not 32`,
      'Copy the integration key of Events API v2 again.',
    );
  }
  const advice =
    'firebreak doctor --send-test pages once, marked TEST, and resolves it. firebreak drill <service> tries the key of a service.';
  return warning(`${NAME} key`, `nothing but a page shows whether ${keys} is right`, advice);
}

async function pageOnce(own: NonNullable<Settings['pagerduty']>, now: () => number): Promise<readonly DoctorCheck[]> {
  const send = createSend({ server: own.server, timeoutMs: TIMEOUT_MS, classify: classifyHttp });
  const id = { routing_key: own.routingKey.reveal(), dedup_key: `firebreak-test-${randomUUID()}` };
  const payload = {
    summary: 'TEST: nothing is wrong. Sent by firebreak doctor --send-test; it resolves by itself.',
    source: 'firebreak doctor',
    severity: 'info' as const,
    timestamp: iso(now()),
    custom_details: { test: true },
  };
  const paged = await attempt(send, { ...id, event_action: 'trigger', payload });
  if (paged !== null) return [ofFailure(`${NAME} test page`, paged, 'pagerduty.routingKey')];
  const resolved = await attempt(send, { ...id, event_action: 'resolve' });
  if (resolved !== null) {
    return [
      failed(
        `${NAME} test page`,
        `accepted, but not resolved: ${resolved.message}`,
        'Resolve the incident marked TEST by hand.',
      ),
    ];
  }
  return [ok(`${NAME} test page`, 'accepted and resolved: it must have reached whoever is on call')];
}

async function attempt(send: Send, data: Extract<Parameters<Send>[0], { type: 'event' }>['data']) {
  const sent = await send({ type: 'event', data }, AbortSignal.timeout(TIMEOUT_MS));
  return sent.kind === 'failed' ? sent.failure : null;
}

const webhookCheck = ({ webhookSecrets }: NonNullable<Settings['pagerduty']>): DoctorCheck =>
  webhookSecrets.length > 0
    ? ok(`${NAME} webhook`, 'requests of PagerDuty are checked by their signature')
    : warning(
        `${NAME} webhook`,
        'no secret: what people do in PagerDuty is not heard of, and its requests are refused',
        'Subscribe a webhook (v3) to /webhooks/pagerduty and put its secret into pagerduty.webhookSecrets.',
      );

/** That the key of the REST API is good, and that the user whose notes they are is there. */
async function notesCheck(
  { apiUrl }: NonNullable<Settings['pagerduty']>,
  token: string,
  from: string,
): Promise<DoctorCheck> {
  const name = `${NAME} notes`;
  const http = createHttp({ timeoutMs: TIMEOUT_MS, userAgent: 'firebreak', baseUrl: apiUrl });
  const headers = { Authorization: `Token token=${token}`, Accept: 'application/vnd.pagerduty+json;version=2' };
  try {
    const { status, data } = await http.get<unknown>('/users', { headers, params: { query: from } });
    if (status >= 300) return ofFailure(name, classifyHttp(status), 'pagerduty.apiToken');
    const users = (data as { users?: readonly { readonly email?: string }[] } | null)?.users ?? [];
    return users.some(({ email }) => email?.toLowerCase() === from.toLowerCase())
      ? ok(name, `written in the name of ${from}`)
      : failed(name, `no user there has the address ${from}`, 'Set pagerduty.from to the address of a user.');
  } catch (error) {
    return ofFailure(name, classifyHttp(error), 'pagerduty.apiUrl');
  }
}
