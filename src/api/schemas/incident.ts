import { z } from 'zod';
import { ROLLBACK_STANCES } from '../../domain/decision.ts';
import { AUTOMATION_MODES, RAILS, VERDICTS } from '../../domain/plan.ts';
import { SEVERITIES } from '../../domain/severity.ts';
import { blocker, fixStep, rootCause } from './diagnosis.ts';
import { actionItem, postmortem, recurrence, review } from './learning.ts';
import { dismissed, override, quiet, statedImpact, storm } from './lifecycle.ts';
import { instant, json, jsonMap, oneOf, textMap } from './primitives.ts';

export const STATUSES = ['open', 'acknowledged', 'mitigated', 'resolved', 'closed'] as const;
export const CLOCKS = ['detect', 'acknowledge', 'restore', 'diagnose', 'update'] as const;

const alert = z
  .object({
    source: z.string(),
    fingerprint: z.string(),
    name: z.string(),
    status: z.enum(['firing', 'resolved']).nullable().describe('Null: not known of this one; in lists only'),
    labels: textMap,
    annotations: textMap,
    startsAt: instant,
    endsAt: instant.nullable(),
    generatorUrl: z.string().nullable().describe('As the alert gave it: show it, do not fetch it'),
  })
  .meta({ id: 'Alert' });

const unknownNumber = z.number().nullable();

const impact = z
  .object({
    usersAffectedPercent: unknownNumber,
    errorRatio: unknownNumber,
    errorRatioBaseline: unknownNumber,
    latencyP95Seconds: unknownNumber,
    latencyP95SecondsBaseline: unknownNumber,
    requestsPerSecond: unknownNumber,
    impactTrend: z.string().nullable(),
    customerFacing: z.boolean().nullable(),
  })
  .describe('As measured; null is unknown, never "none"')
  .meta({ id: 'Impact' });

const condition = z
  .object({
    fact: z.string(),
    path: z.string().optional(),
    operator: z.string(),
    expected: json,
    actual: json,
    unknown: z.literal(true).optional(),
    result: z.boolean(),
  })
  .meta({ id: 'Condition' });

const decision = z
  .object({
    action: oneOf(ROLLBACK_STANCES),
    because: z.string(),
    rule: z.string().nullable().describe('Null: no rule matched'),
    rulesHash: z.string(),
    facts: jsonMap,
    unknownFacts: z.array(z.string()),
    conditions: z.array(condition),
    at: instant,
    mode: oneOf(AUTOMATION_MODES).nullable(),
  })
  .meta({ id: 'Decision' });

const step = z
  .object({
    name: z.string(),
    state: z.enum(['pending', 'intended', 'accepted', 'done', 'failed', 'diverged']),
    provider: z.string().nullable(),
    target: z.string().nullable(),
    from: z.string().nullable(),
    to: z.string().nullable(),
    notReverted: z.array(z.string()),
    warnings: z.array(z.string()),
    intendedAt: instant.nullable(),
    acceptedAt: instant.nullable(),
    finishedAt: instant.nullable(),
    detail: z.string().nullable(),
    receipt: jsonMap.nullable(),
  })
  .meta({ id: 'RollbackStep' });

const rollback = z
  .object({
    state: z.enum([
      'requested',
      'planned',
      'shadowed',
      'awaiting-approval',
      'announced',
      'executing',
      'validating',
      'finished',
      'stopped',
    ]),
    service: z.string().nullable().describe("Whose plan it is: the incident's service, or one that it depends on"),
    purpose: z.enum(['roll-back', 'undo']),
    mode: oneOf(AUTOMATION_MODES),
    requestedAt: instant,
    requestedBy: z.string(),
    approvedBy: z.string().nullable(),
    planHash: z.string().nullable(),
    approvalUntil: instant.nullable(),
    startsAt: instant.nullable(),
    startedAt: instant.nullable(),
    validateUntil: instant.nullable(),
    recovery: z
      .object({
        samples: z.int(),
        passes: z.int().describe('In a row, up to the last one'),
        passingSince: instant.nullable(),
        checks: z.array(
          z.object({ name: z.string(), result: z.enum(['pass', 'fail', 'unknown']), detail: z.string() }),
        ),
      })
      .describe('The samples that make the verdict, and the checks of the last one'),
    watchUntil: instant.nullable().describe('It is watched until then that it stays rolled back'),
    steps: z.array(step),
    suspect: jsonMap.nullable(),
    verdict: oneOf(VERDICTS).nullable(),
    stoppedBy: oneOf(RAILS).nullable(),
    because: z.string().nullable(),
  })
  .meta({ id: 'Rollback' });

const routing = z
  .object({
    specialist: z.string().nullable().describe('The team that it goes to; null: nobody can say'),
    because: z.string(),
    rule: z.string().nullable(),
    rulesHash: z.string(),
    routes: z.array(z.object({ rule: z.string(), because: z.string() })).describe('Every route that matched'),
    page: z.boolean().describe('A route asks for a page'),
    slackChannels: z.array(z.string()),
    emails: z.array(z.string()),
    audiences: z.array(z.string()),
  })
  .meta({ id: 'Routing' });

const clock = z
  .object({
    name: oneOf(CLOCKS),
    startedAt: instant,
    deadline: instant,
    state: z.enum(['running', 'met', 'breached', 'cancelled']),
  })
  .meta({ id: 'Clock' });

export const incident = z
  .object({
    id: z.string(),
    title: z.string(),
    service: z.string().nullable(),
    environment: z.string().nullable(),
    severity: oneOf(SEVERITIES),
    worstSeverity: oneOf(SEVERITIES).describe('The highest that it has been'),
    override: override.nullable().describe('A person set the severity: it stands until it is released'),
    severityBecause: z.string(),
    severityRule: z.string().nullable(),
    lowerSince: instant
      .nullable()
      .describe('Since when the rules have said less than the severity; a P0 or P1 falls after ten minutes of that'),
    unclassified: z.boolean().describe('No rule matched; the severity is the default'),
    status: oneOf(STATUSES),
    startedAt: instant.describe('The onset'),
    onsetSource: z.enum(['active-at', 'starts-at', 'person', 'severity-raised']),
    detectedAt: instant,
    acknowledgedAt: instant.nullable(),
    mitigatedAt: instant.nullable().describe('Service restored'),
    fixDeployedAt: instant.nullable(),
    fixValidatedAt: instant.nullable(),
    resolvedAt: instant.nullable(),
    reopenedAt: instant.nullable(),
    monitoringUntil: instant.nullable(),
    monitoringEndedAt: instant.nullable(),
    closedAt: instant.nullable(),
    commander: z.string().nullable(),
    runbookUrl: z.string().nullable(),
    sourceUrl: z.string().nullable(),
    alerts: z.array(alert).describe('The newest state of each; bounded, alertCounts has them all. In lists: samples'),
    alertCounts: z.object({ firing: z.int(), resolved: z.int() }),
    impact,
    statedImpact,
    decision: decision.nullable(),
    routing: routing.nullable().describe('Null until a rule has said something'),
    rollback: rollback.nullable(),
    fix: z
      .object({ by: z.string(), until: instant })
      .nullable()
      .describe('A responder has declared a fix: the rollback waits until then'),
    quiet: z.array(quiet).describe('Why messages are held back at the moment; it is not over for that'),
    dismissed: dismissed.nullable().describe('A false alarm: no statistics count it'),
    mergedInto: z.string().nullable().describe('The incident that goes on for this one'),
    absorbed: z.array(z.string()).describe('Incidents that this one goes on for'),
    linkedTo: z.string().nullable().describe('The incident that has the page for both'),
    linkedIncidents: z.array(z.string()).describe('Incidents that this one has had the page for'),
    storm: storm.nullable().describe('What it tells of a storm that it is the head of'),
    drill: z.boolean().describe('Synthetic: nothing is broken'),
    clocks: z.array(clock),
    rootCauses: z.array(rootCause),
    blockers: z.array(blocker),
    evidenceCount: z.int().describe('Pieces that were added; the list has those of alerts and rollbacks, too'),
    fixSteps: z.array(fixStep).describe('How far the permanent fix is'),
    actions: z.array(actionItem),
    postmortem: postmortem.nullable().describe('Null until it is published'),
    review: review.nullable().describe('Null until one is due'),
    recurrence: recurrence.nullable().describe('The earlier incidents that this one repeats'),
    links: z
      .object({
        timeline: z.string(),
        evidence: z.string(),
        diagnosis: z.string(),
        checklist: z.string(),
        report: z.string(),
      })
      .describe('Where the rest of it is'),
    version: z.int().describe('Number of the last event of the timeline'),
  })
  .meta({ id: 'Incident' });

export type IncidentJson = z.output<typeof incident>;
export type AlertJson = z.output<typeof alert>;

export const timelineEvent = z
  .object({
    seq: z.int(),
    at: instant,
    type: z.string(),
    text: z.string(),
    data: jsonMap,
    hash: z.string(),
    previousHash: z.string().describe('Of the event before; 64 zeros before the first'),
  })
  .meta({ id: 'Event' });
