import { z } from 'zod';

/** What the command line reads of the API's answers. Fields may be added there; what is not read is kept for --json. */
const text = z.string().nullable();

export const incidentAnswer = z.looseObject({
  id: z.string(),
  title: z.string(),
  service: text,
  environment: text,
  severity: z.string(),
  severityBecause: z.string(),
  severityRule: text,
  status: z.string(),
  startedAt: z.string(),
  detectedAt: z.string(),
  mitigatedAt: text,
  resolvedAt: text,
  commander: text,
  runbookUrl: text,
  alertCounts: z.looseObject({ firing: z.number(), resolved: z.number() }),
  impact: z.record(z.string(), z.unknown()),
  decision: z.looseObject({ action: z.string(), because: z.string(), rule: text }).nullable(),
  routing: z.looseObject({ specialist: text, because: z.string(), rule: text }).nullish(),
  rollback: z
    .looseObject({
      state: z.string(),
      mode: z.string(),
      steps: z.array(z.looseObject({ name: z.string(), state: z.string(), from: text, to: text })),
      verdict: text,
      because: text,
      planHash: text,
      approvalUntil: text,
    })
    .nullable(),
  clocks: z.array(z.looseObject({ name: z.string(), state: z.string(), deadline: z.string() })),
});

export const eventAnswer = z.looseObject({ seq: z.number(), at: z.string(), text: z.string() });

export const effectAnswer = z.looseObject({
  id: z.string(),
  channel: z.string(),
  kind: z.string(),
  status: z.string(),
  attempts: z.number(),
  createdAt: z.string(),
  message: z.string(),
});

export const planAnswer = z.looseObject({
  text: z.string(),
  mode: z.string(),
  ready: z.boolean(),
  reason: z.string(),
  steps: z.array(
    z.looseObject({
      name: z.string(),
      provider: z.string(),
      target: z.string(),
      reason: z.string(),
      message: z.string(),
      notReverted: z.array(z.string()),
      warnings: z.array(z.string()),
    }),
  ),
});
export type PlanAnswer = z.output<typeof planAnswer>;

export const listAnswer = <T extends z.ZodType>(item: T) =>
  z.looseObject({ items: z.array(item), nextCursor: z.string().nullable() });

export const errorAnswer = z.looseObject({
  error: z.looseObject({ code: z.string(), message: z.string(), field: text }),
});

export type IncidentAnswer = z.output<typeof incidentAnswer>;
export type EventAnswer = z.output<typeof eventAnswer>;
