import { createHttp, classifyHttp } from '../../../src/clients/http.ts';
import { CHANNELS, type ChannelName } from '../../../src/domain/view.ts';
import { createEmail } from '../../../src/notify/email/index.ts';
import { createPagerDuty } from '../../../src/notify/pagerduty/index.ts';
import { createPagerDutyNotes } from '../../../src/notify/pagerduty/notes.ts';
import type { Channel } from '../../../src/notify/ports.ts';
import { createSlack } from '../../../src/notify/slack/index.ts';
import { createStatuspage } from '../../../src/notify/statuspage/index.ts';
import { createWebhook } from '../../../src/notify/webhook/index.ts';
import { trust } from '../../fakes/certificate.ts';
import { startPagerDuty, type FakePagerDuty } from '../../fakes/pagerduty.ts';
import { startPagerDutyRest, type FakePagerDutyRest } from '../../fakes/pagerduty-rest.ts';
import { startSlack, type FakeSlack } from '../../fakes/slack.ts';
import { startSmtp, type FakeSmtp } from '../../fakes/smtp.ts';
import { startStatuspage, type FakeStatuspage } from '../../fakes/statuspage.ts';
import { startWebhook, type FakeWebhook } from '../../fakes/webhook.ts';

/** Simulated: it moves when a test moves it, and when a channel waits. */
export interface MovedClock {
  at: number;
  now(): number;
}

export interface Servers {
  readonly pagerduty: FakePagerDuty;
  readonly 'pagerduty-notes': FakePagerDutyRest;
  readonly slack: FakeSlack;
  readonly email: FakeSmtp;
  readonly statuspage: FakeStatuspage;
  readonly webhook: FakeWebhook;
}

/** What a silent server costs. Long enough that a busy machine does not look like one. */
const TIMEOUT_MS = 800;
const SECRET = 'not a secret in a test';
const BOT = 'bot@example.com';

export const startServers = async (clock: MovedClock): Promise<Servers> => ({
  pagerduty: await startPagerDuty(),
  'pagerduty-notes': await startPagerDutyRest({ token: SECRET, users: [BOT], knowsEveryKey: true }),
  slack: await startSlack({ token: SECRET, channels: { C1: 'incidents' }, now: () => clock.now() }),
  email: await startSmtp({ auth: { user: 'ops', pass: SECRET } }),
  statuspage: await startStatuspage({ apiKey: SECRET, pageId: 'page1', components: ['c1'] }),
  webhook: await startWebhook({ secret: SECRET }),
});

/** The channels as the program makes them, at these servers and with this clock. */
export const channelsTo = (servers: Servers, clock: MovedClock): Record<ChannelName, Channel> => {
  const { pagerduty, 'pagerduty-notes': rest, slack, email, statuspage, webhook } = servers;
  const shared = { timeoutMs: TIMEOUT_MS, classify: classifyHttp };
  const http = (baseUrl?: string) =>
    createHttp({ timeoutMs: TIMEOUT_MS, userAgent: 'firebreak', ...(baseUrl === undefined ? {} : { baseUrl }) });
  return {
    pagerduty: createPagerDuty({
      ...shared,
      server: pagerduty.host,
      routingKeyFor: () => 'k'.repeat(32),
      clientName: 'Firebreak',
      clientUrl: 'https://firebreak.example.com',
    }),
    'pagerduty-notes': createPagerDutyNotes({
      ...{ http: http(rest.url), classify: classifyHttp, clock },
      apiToken: () => SECRET,
      from: BOT,
    }),
    slack: createSlack({
      ...shared,
      // The other side's seconds are of no interest here.
      ...{ clock, intervalMs: 0, sleep: () => Promise.resolve() },
      token: () => SECRET,
      apiUrl: slack.url,
      channelFor: () => 'C1',
      channelOf: () => null,
      interactive: true,
    }),
    email: createEmail({
      smtpUrl: () => email.url,
      timeoutMs: TIMEOUT_MS,
      from: 'Firebreak <firebreak@example.com>',
      recipientsOf: () => ['ops@example.com'],
      templateFor: () => null,
      clock,
    }),
    statuspage: createStatuspage({
      http: http(statuspage.url),
      apiKey: () => SECRET,
      pageId: 'page1',
      classify: classifyHttp,
      componentsOf: () => ['c1'],
      clock,
      sleep: (milliseconds) => {
        clock.at += milliseconds;
        return Promise.resolve();
      },
    }),
    webhook: createWebhook({ url: webhook.url, http: http(), classify: classifyHttp, secret: () => SECRET, clock }),
  };
};

/** PagerDuty's client speaks TLS only, and checks the certificate. */
export const trustIn = ({ pagerduty }: Servers): (() => void) => trust(pagerduty.cert);

export const comeBack = async (servers: Servers): Promise<void> => {
  await Promise.all(CHANNELS.map((channel) => servers[channel].comeBack()));
};

export const stopServers = async (servers: Servers): Promise<void> => {
  await Promise.all(CHANNELS.map((channel) => servers[channel].stop()));
};
