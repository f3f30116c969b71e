import { z } from 'zod';

import { PROVIDERS } from '../../domain/plan.ts';
import type { ServicePolicy } from '../../domain/policy.ts';
import { group, httpUrl, list, name, named, orNull, seconds, secondsOrZero, text } from './primitives.ts';
import type { SecretSchema } from './primitives.ts';
import { automationMode, factsSchema } from './process.ts';

const step = group({
  name,
  provider: z.enum(PROVIDERS),
  timeoutSeconds: seconds.default(300),
  onFailure: z.enum(['stop', 'continue']).default('stop'),
  // The provider knows what it needs, and says so when the plan is rehearsed.
  with: named(z.string(), z.json()),
});

const rollback = group({
  mode: orNull(automationMode),
  steps: z
    .array(step)
    .min(1)
    .refine((steps) => new Set(steps.map((each) => each.name)).size === steps.length, {
      error: 'two steps have the same name',
    }),
});

const journeyStep = group({
  method: z.enum(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']).default('GET'),
  url: httpUrl,
  expectStatus: z.int().min(100).max(599).default(200),
  expectBody: orNull(text),
});

const recovery = group({
  health: list(httpUrl),
  errorRatio: orNull(text),
  latencyP95: orNull(text),
  requestsPerSecond: orNull(text),
  errorRatioByVersion: orNull(text),
  latencyP95ByVersion: orNull(text),
  sloErrorRatio: orNull(z.number().min(0).max(1)),
  scrapeSeconds: seconds.default(15),
  settleSeconds: orNull(secondsOrZero),
  journeys: list(group({ name, steps: z.array(journeyStep).min(1) })),
});

const service = (secret: SecretSchema) =>
  z.preprocess(
    (value) => value ?? {},
    group({
      owner: orNull(text),
      specialist: orNull(text),
      slackChannel: orNull(text),
      // The policy keeps the key as plain text; here it may still come from a file like any secret.
      pagerdutyRoutingKey: orNull(secret),
      customerFacing: orNull(z.boolean()),
      dependsOn: list(name),
      runbookUrl: orNull(httpUrl),
      rollback: orNull(rollback),
      recovery: orNull(recovery),
      facts: factsSchema,
    }),
  ) satisfies z.ZodType<ServicePolicy>;

export const servicesSchema = (secret: SecretSchema) => named(name, service(secret));
