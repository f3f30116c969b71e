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
  lowerSince: text.default(null),
  status: z.string(),
  startedAt: z.string(),
  detectedAt: z.string(),
  mitigatedAt: text,
  resolvedAt: text,
  commander: text,
  runbookUrl: text,
  alertCounts: z.looseObject({ firing: z.number(), resolved: z.number() }),
  override: z.looseObject({ severity: z.string(), by: z.string(), because: z.string() }).nullish(),
  quiet: z.array(z.looseObject({ kind: z.string(), because: z.string(), until: text })).default([]),
  dismissed: z.looseObject({ by: z.string(), because: z.string() }).nullish(),
  mergedInto: text.default(null),
  absorbed: z.array(z.string()).default([]),
  linkedTo: text.default(null),
  linkedIncidents: z.array(z.string()).default([]),
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
  rootCauses: z.array(
    z.looseObject({
      id: z.string(),
      category: z.string(),
      summary: z.string(),
      confidence: z.number(),
      state: z.string(),
    }),
  ),
  blockers: z.array(z.looseObject({ id: z.string(), text: z.string(), clearedAt: text })),
  fixSteps: z.array(z.looseObject({ stage: z.string(), at: z.string(), version: text, url: text })),
  actions: z.array(z.looseObject({ id: z.string(), action: z.string(), owner: text, dueAt: text, status: z.string() })),
  review: z.looseObject({ dueAt: z.string(), heldAt: text }).nullable(),
  recurrence: z
    .looseObject({
      why: z.string(),
      of: z.array(z.string()),
      days: z.number(),
      openActions: z.array(z.looseObject({ incidentId: z.string(), id: z.string(), action: z.string() })),
    })
    .nullable(),
});

export const evidenceAnswer = z.looseObject({
  id: z.string(),
  kind: z.string(),
  title: z.string(),
  url: text,
  text,
  query: text,
  result: z.unknown(),
  by: z.string(),
  at: z.string(),
});
export type EvidenceAnswer = z.output<typeof evidenceAnswer>;

export const checklistAnswer = z.looseObject({
  id: z.string(),
  phase: z.string(),
  text: z.string(),
  done: z.boolean(),
  by: text,
  because: text,
});
export type ChecklistAnswer = z.output<typeof checklistAnswer>;

export const diagnosisAnswer = z.looseObject({
  began: z.looseObject({ at: z.string(), source: z.string() }),
  changedBefore: z.array(
    z.looseObject({
      id: z.string(),
      service: z.string(),
      kind: z.string(),
      version: text,
      at: z.string(),
      secondsBefore: z.number(),
      standing: z.string(),
      because: text,
    }),
  ),
  warningSigns: z.array(
    z.looseObject({ at: z.string(), what: z.string(), severity: z.string(), incidentId: z.string() }),
  ),
  escalation: z.array(z.looseObject({ severity: z.string(), secondsAfterOnset: z.number(), because: z.string() })),
  detectedBy: z
    .looseObject({ alerts: z.array(z.string()), secondsAfterOnset: z.number(), inTime: z.boolean().nullable() })
    .nullable(),
  affected: z.record(z.string(), z.array(z.string())),
  errors: z.array(z.looseObject({ text: z.string(), from: z.string(), count: z.number() })),
});
export type DiagnosisAnswer = z.output<typeof diagnosisAnswer>;

export const listedActionAnswer = z.looseObject({
  incidentId: z.string(),
  id: z.string(),
  action: z.string(),
  owner: text,
  dueAt: text,
  status: z.string(),
  overdue: z.boolean(),
});
export type ListedActionAnswer = z.output<typeof listedActionAnswer>;

export const gateAnswer = z.looseObject({ allowed: z.boolean(), because: z.array(z.string()), incident: text });

export const eventAnswer = z.looseObject({ seq: z.number(), at: z.string(), text: z.string() });

export const effectAnswer = z.looseObject({
  id: z.string(),
  channel: z.string(),
  kind: z.string(),
  status: z.string(),
  attempts: z.number(),
  createdAt: z.string(),
  message: z.string(),
  result: z
    .looseObject({ failure: z.looseObject({ message: z.string() }).optional(), because: z.string().optional() })
    .nullable(),
});

export const planAnswer = z.looseObject({
  text: z.string(),
  mode: z.string(),
  ready: z.boolean(),
  killSwitch: z.boolean().default(false),
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

const spread = z.looseObject({
  count: z.number(),
  medianSeconds: z.number().nullable(),
  p95Seconds: z.number().nullable(),
});
const shareFields = { count: z.number(), of: z.number(), share: z.number().nullable() };
const share = z.looseObject(shareFields);

const figuresAnswer = z.looseObject({
  incidents: z.number(),
  timeToDetect: spread,
  timeToAcknowledge: spread,
  timeToRestore: spread,
  timeToResolve: spread,
  clocks: z.array(z.looseObject({ clock: z.string(), met: z.number(), breached: z.number() })),
  rollbacks: share,
  postmortems: share,
  rootCauses: share,
  repeats: share,
  actions: z.looseObject({ open: z.number(), overdue: z.number() }),
  goals: z.array(z.looseObject({ goal: z.string(), ...shareFields })),
});
export type FiguresAnswer = z.output<typeof figuresAnswer>;

export const statisticsAnswer = z.looseObject({
  since: z.string(),
  until: z.string(),
  groupBy: text,
  total: figuresAnswer,
  groups: z.array(figuresAnswer.extend({ key: text })),
});
export type StatisticsAnswer = z.output<typeof statisticsAnswer>;

export const handoverAnswer = z.looseObject({ text: z.string() });

const pagerdutyPage = z.looseObject({ id: z.string(), at: z.string(), title: z.string(), service: text });
const firebreakPage = z.looseObject({
  incidentId: z.string(),
  at: z.string(),
  title: z.string(),
  service: text,
  severity: z.string(),
  because: z.string(),
});

export const comparisonAnswer = z.looseObject({
  since: z.string(),
  until: z.string(),
  counts: z.looseObject({ both: z.number(), onlyPagerDuty: z.number(), onlyFirebreak: z.number() }),
  both: z.array(
    z.looseObject({
      firebreak: firebreakPage,
      pagerduty: z.array(pagerdutyPage.extend({ matchedBy: z.string() })),
    }),
  ),
  onlyPagerDuty: z.array(pagerdutyPage.extend({ because: z.string() })),
  onlyFirebreak: z.array(firebreakPage),
});
export type ComparisonAnswer = z.output<typeof comparisonAnswer>;

export const windowAnswer = z.looseObject({
  id: z.number(),
  state: z.string(),
  service: text,
  environment: text,
  from: z.string(),
  until: z.string(),
  endedAt: text,
  by: z.string(),
  because: z.string(),
});

export const listAnswer = <T extends z.ZodType>(item: T) =>
  z.looseObject({ items: z.array(item), nextCursor: z.string().nullable() });

export const errorAnswer = z.looseObject({
  error: z.looseObject({ code: z.string(), message: z.string(), field: text }),
});

export type IncidentAnswer = z.output<typeof incidentAnswer>;
export type EventAnswer = z.output<typeof eventAnswer>;
