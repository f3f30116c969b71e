import { z } from 'zod';

import { PLACEHOLDERS, unknownPlaceholders } from '../../domain/template.ts';

import { ROLES } from '../types.ts';
import {
  baseUrl,
  eachRepeated,
  group,
  httpUrl,
  list,
  name,
  named,
  orNull,
  seconds,
  section,
  text,
} from './primitives.ts';
import type { SecretSchema } from './primitives.ts';

const hostAndPort = text.regex(/^[A-Za-z0-9][A-Za-z0-9.-]*(:\d{1,5})?$/, 'expected host or host:port, without scheme');

const address = text.regex(/^[^\s@<>]+@[^\s@<>]+$/, 'expected an e-mail address such as ops@example.com');

/** `Firebreak <firebreak@example.com>` or the bare address. */
const sender = text.regex(/^([^<>\r\n]*<[^\s@<>]+@[^\s@<>]+>|[^\s@<>]+@[^\s@<>]+)$/, 'expected an e-mail address');

export const pagerdutySchema = (secret: SecretSchema) =>
  orNull(
    group({
      routingKey: secret,
      server: hostAndPort.default('events.pagerduty.com'),
      webhookSecrets: list(secret),
      // Notes cannot go by the integration key: they need a key of the REST API, and somebody whose they are.
      apiToken: orNull(secret),
      from: orNull(address),
      apiUrl: baseUrl.default('https://api.pagerduty.com'),
    }).refine(({ apiToken, from }) => (apiToken === null) === (from === null), {
      path: ['from'],
      error: 'apiToken and from belong together: PagerDuty wants to know whose notes they are',
    }),
  );

const slackId = (first: string, example: string) =>
  z.string().regex(new RegExp(`^${first}[A-Z0-9]{2,30}$`), `expected the id of ${example}`);

export const slackSchema = (secret: SecretSchema) =>
  orNull(
    group({
      token: secret,
      signingSecret: orNull(secret),
      // For the time in which Slack changes from one to the next.
      signingSecrets: list(secret),
      channel: text,
      apiUrl: baseUrl.default('https://slack.com/api'),
      users: named(slackId('[UW]', 'a Slack user, such as U0123ABCD'), group({ name, role: z.enum(ROLES) })),
      groups: named(slackId('S', 'a Slack user group, such as S0123ABCD'), z.enum(ROLES)),
      // Whoever may write in a channel is not by that somebody who may roll back.
      defaultRole: z.enum(ROLES).default('viewer'),
      // What Slack takes in one channel.
      messagesPerSecond: z.number().gt(0).max(1_000).default(1),
    }),
  );

export const webhooksSchema = (secret: SecretSchema) =>
  list(group({ name, url: httpUrl, secret })).superRefine((webhooks, context) => {
    const names = webhooks.map((webhook) => webhook.name);
    eachRepeated(names, (index) => {
      context.addIssue({ code: 'custom', path: [index, 'name'], message: 'the same name as an earlier entry' });
    });
  });

export const emailSchema = (secret: SecretSchema) =>
  orNull(
    group({
      smtpUrl: secret.refine((url) => /^smtps?:\/\//.test(url.reveal()) && URL.canParse(url.reveal()), {
        error: 'expected smtp://… or smtps://…',
      }),
      from: sender,
      to: z.array(address).min(1),
    }),
  );

export const statuspageSchema = (secret: SecretSchema) =>
  orNull(
    group({
      apiKey: secret,
      pageId: text,
      apiUrl: baseUrl.default('https://api.statuspage.io/v1'),
      // What customers read cannot be taken back: a person looks first unless the configuration says otherwise.
      publish: z.enum(['automatic', 'approval']).default('approval'),
      components: named(name, z.array(text).min(1)),
    }),
  );

const template = text.superRefine((value, context) => {
  for (const unknown of unknownPlaceholders(value)) {
    const known = PLACEHOLDERS.map((placeholder) => `{${placeholder}}`).join(', ');
    context.addIssue({ code: 'custom', message: `{${unknown}} stands for nothing; known are ${known}` });
  }
});

const audience = section({ slackChannel: orNull(text), email: list(address), templates: named(name, template) });

export const audiencesSchema = section({ team: audience, stakeholders: audience, customers: audience });

export const specialistsSchema = named(name, group({ slackChannel: orNull(text), email: list(address) }));

export const heartbeatSchema = orNull(group({ url: httpUrl, everySeconds: seconds.default(60) }));
