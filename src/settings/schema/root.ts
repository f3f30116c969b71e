import { z } from 'zod';

import {
  audiencesSchema,
  emailSchema,
  heartbeatSchema,
  pagerdutySchema,
  slackSchema,
  specialistsSchema,
  statuspageSchema,
  webhooksSchema,
} from './channels.ts';
import {
  alertmanagerSchema,
  argocdSchema,
  commandsSchema,
  helmSchema,
  kubernetesSchema,
  prometheusSchema,
  rollbackWebhooksSchema,
} from './integrations.ts';
import type { ResolvePath } from './integrations.ts';
import { group, secretSchema, text } from './primitives.ts';
import type { ReadSecretFile } from './primitives.ts';
import {
  automationSchema,
  communicationSchema,
  correlationSchema,
  factsSchema,
  learningSchema,
  monitoringSeconds,
  severitiesSchema,
} from './process.ts';
import { apiSchema, databaseSchema, httpSchema, logLevel } from './server.ts';
import { servicesSchema } from './services.ts';

/** The whole configuration. Checking reads the files of secrets, so a schema serves one configuration file. */
export const configSchema = (readSecret: ReadSecretFile, resolve: ResolvePath) => {
  const secret = secretSchema(readSecret);
  return group({
    sandbox: z.boolean().default(false),
    notifications: z.enum(['send', 'observe']).default('send'),
    http: httpSchema(secret),
    api: apiSchema(secret),
    database: databaseSchema(secret),
    rulesDir: text.default('rules'),
    logLevel,
    alertmanager: alertmanagerSchema(secret),
    prometheus: prometheusSchema(secret),
    pagerduty: pagerdutySchema(secret),
    slack: slackSchema(secret),
    webhooks: webhooksSchema(secret),
    email: emailSchema(secret),
    statuspage: statuspageSchema(secret),
    kubernetes: kubernetesSchema(resolve),
    argocd: argocdSchema(secret),
    rollbackWebhooks: rollbackWebhooksSchema(secret),
    commands: commandsSchema,
    helm: helmSchema,
    audiences: audiencesSchema,
    specialists: specialistsSchema,
    heartbeat: heartbeatSchema,
    correlation: correlationSchema,
    severities: severitiesSchema,
    facts: factsSchema,
    automation: automationSchema,
    services: servicesSchema(secret),
    monitoringSeconds,
    communication: communicationSchema,
    learning: learningSchema,
  });
};

/** The configuration, complete and checked key by key. */
export type Config = z.infer<ReturnType<typeof configSchema>>;
