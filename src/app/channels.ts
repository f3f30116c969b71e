import { setTimeout as delay } from 'node:timers/promises';
import { classifyHttp, createHttp } from '../clients/http.ts';
import type { Clock } from '../domain/time.ts';
import type { ChannelName } from '../domain/view.ts';
import { CHANNELS } from '../domain/view.ts';
import { createEmail } from '../notify/email/index.ts';
import { createPagerDuty } from '../notify/pagerduty/index.ts';
import { createPagerDutyNotes } from '../notify/pagerduty/notes.ts';
import type { Channel } from '../notify/ports.ts';
import { createSlack } from '../notify/slack/index.ts';
import { createStatuspage } from '../notify/statuspage/index.ts';
import type { TemplateFor } from '../notify/templates.ts';
import { inItsWords } from '../notify/templates.ts';
import { createWebhook } from '../notify/webhook/index.ts';
import type { Settings } from '../settings/types.ts';

export type Channels = Readonly<Record<ChannelName, Channel | null>>;

/** What keeps to a pace waits by this; ends early, by throwing, when the signal says so. */
type Sleep = (milliseconds: number, signal: AbortSignal) => Promise<void>;

const sleepFor: Sleep = (milliseconds, signal) => delay(milliseconds, undefined, { signal });

/** Shorter than a lane's own deadline, so that a failure comes classified. */
const TIMEOUT_MS = 10_000;
/** A note takes up to three calls. */
const NOTE_TIMEOUT_MS = 4_000;

/**
 * One line a channel. In sandbox mode, or while only observing, everything is decided and recorded the same way and
 * nothing leaves.
 */
export function createChannels(settings: Settings, clock: Clock, sleep: Sleep = sleepFor): Channels {
  const quiet = whyQuiet(settings);
  const gate = (name: ChannelName, channel: Channel | null): Channel | null =>
    quiet === null ? channel : { name, deliver: () => Promise.resolve({ kind: 'skipped', because: quiet }) };
  return {
    pagerduty: gate('pagerduty', pagerduty(settings)),
    'pagerduty-notes': gate('pagerduty-notes', pagerdutyNotes(settings, clock)),
    slack: gate('slack', slack(settings)),
    email: gate('email', email(settings, clock)),
    statuspage: gate('statuspage', statuspage(settings, clock, sleep)),
    webhook: gate('webhook', webhook(settings, clock)),
  };
}

/** Channels through which nothing leaves, and why. */
export function quietChannels(settings: Settings): Readonly<Partial<Record<ChannelName, string>>> {
  const quiet = whyQuiet(settings);
  if (quiet !== null) return Object.fromEntries(CHANNELS.map((name) => [name, quiet]));
  return {
    ...(settings.pagerduty === null ? { pagerduty: 'pagerduty is not configured' } : {}),
    ...(settings.pagerduty?.apiToken == null ? { 'pagerduty-notes': 'pagerduty.apiToken is not configured' } : {}),
    ...(settings.slack === null ? { slack: 'slack is not configured' } : {}),
    ...(settings.email === null ? { email: 'email is not configured' } : {}),
    ...(settings.statuspage === null ? { statuspage: 'statuspage is not configured' } : {}),
  };
}

function whyQuiet(settings: Settings): string | null {
  if (settings.sandbox) return 'sandbox: recorded, not sent';
  return settings.notifications === 'observe' ? 'observing: recorded, not sent' : null;
}

function pagerduty({ pagerduty: own, http, policy }: Settings): Channel | null {
  if (own === null) return null;
  return createPagerDuty({
    server: own.server,
    timeoutMs: TIMEOUT_MS,
    classify: classifyHttp,
    clientName: 'Firebreak',
    clientUrl: http.publicUrl ?? `http://${http.host}:${http.port}`,
    routingKeyFor: (service) =>
      ((service === null ? null : policy.services[service]?.pagerdutyRoutingKey) ?? own.routingKey).reveal(),
  });
}

function pagerdutyNotes({ pagerduty: own }: Settings, clock: Clock): Channel | null {
  const { apiToken, from, apiUrl } = own ?? { apiToken: null, from: null, apiUrl: '' };
  if (apiToken === null || from === null) return null;
  return createPagerDutyNotes({
    http: createHttp({ timeoutMs: NOTE_TIMEOUT_MS, userAgent: 'firebreak', baseUrl: apiUrl }),
    apiToken: () => apiToken.reveal(),
    ...{ from, clock, classify: classifyHttp },
  });
}

function slack({ slack: own, policy, audiences }: Settings): Channel | null {
  if (own === null) return null;
  const channel = createSlack({
    token: () => own.token.reveal(),
    apiUrl: own.apiUrl,
    timeoutMs: TIMEOUT_MS,
    classify: classifyHttp,
    // Slack counts its seconds, not ours.
    clock: { now: () => performance.now() },
    sleep: sleepFor,
    intervalMs: 1_000 / own.messagesPerSecond,
    interactive: own.signingSecret !== null || own.signingSecrets.length > 0,
    channelFor: (service) => (service === null ? null : policy.services[service]?.slackChannel) ?? own.channel,
    channelOf: (audience) => new Map(Object.entries(audiences)).get(audience)?.slackChannel ?? null,
  });
  return inItsWords(channel, templatesOf(audiences));
}

function email({ email: own, audiences }: Settings, clock: Clock): Channel | null {
  if (own === null) return null;
  return createEmail({
    smtpUrl: () => own.smtpUrl.reveal(),
    from: own.from,
    timeoutMs: TIMEOUT_MS,
    clock,
    recipientsOf: (audience) => {
      if (audience === 'person') return [];
      const named = audiences[audience].email;
      return named.length === 0 && audience === 'team' ? own.to : named;
    },
    templateFor: (audience, kind) =>
      audience === 'person' ? null : (new Map(Object.entries(audiences[audience].templates)).get(kind) ?? null),
  });
}

function statuspage({ statuspage: own, audiences }: Settings, clock: Clock, sleep: Sleep): Channel | null {
  if (own === null) return null;
  const components = new Map(Object.entries(own.components));
  const channel = createStatuspage({
    http: createHttp({ timeoutMs: TIMEOUT_MS, userAgent: 'firebreak', baseUrl: own.apiUrl }),
    apiKey: () => own.apiKey.reveal(),
    pageId: own.pageId,
    classify: classifyHttp,
    componentsOf: (service) => (service === null ? [] : (components.get(service) ?? [])),
    clock,
    sleep,
  });
  return inItsWords(channel, templatesOf(audiences));
}

const templatesOf =
  (audiences: Settings['audiences']): TemplateFor =>
  (audience, news) =>
    new Map(Object.entries(new Map(Object.entries(audiences)).get(audience)?.templates ?? {})).get(news) ?? null;

/** Several endpoints are one channel: all of them have it, or it is tried again for all; each knows a repeat. */
function webhook({ webhooks }: Settings, clock: Clock): Channel | null {
  if (webhooks.length === 0) return null;
  const http = createHttp({ timeoutMs: TIMEOUT_MS, userAgent: 'firebreak' });
  const endpoints = webhooks.map((endpoint) =>
    createWebhook({ url: endpoint.url, http, classify: classifyHttp, secret: () => endpoint.secret.reveal(), clock }),
  );
  return {
    name: 'webhook',

    async deliver(effect, context) {
      const deliveries = await Promise.all(endpoints.map((endpoint) => endpoint.deliver(effect, context)));
      return (
        deliveries.find((d) => d.kind === 'failed') ?? deliveries[0] ?? { kind: 'skipped', because: 'no endpoint' }
      );
    },
  };
}
