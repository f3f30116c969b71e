import { z } from 'zod';
import { CAUSE_CATEGORIES, EVIDENCE_KINDS, FIX_STAGES } from '../../domain/incident/process-events.ts';
import { SEVERITIES } from '../../domain/severity.ts';
import { instant, json, oneOf } from './primitives.ts';

const event = z.int().describe('Number of the event in the timeline that says so');

export const evidenceItem = z
  .object({
    id: z.string().describe('E1… of what was added; captured:… and alert:… of the rest'),
    kind: oneOf(EVIDENCE_KINDS),
    title: z.string(),
    url: z.string().nullable().describe('As it was given: show it, do not fetch it'),
    text: z.string().nullable(),
    query: z.string().nullable().describe('PromQL, as it was asked'),
    result: json.describe('What was answered; kind "failed" says why nobody did'),
    by: z.string(),
    at: instant,
    eventSeq: event,
  })
  .meta({ id: 'Evidence' });

export const rootCause = z
  .object({
    id: z.string(),
    category: oneOf(CAUSE_CATEGORIES),
    summary: z.string(),
    confidence: z.number().describe('0 to 1'),
    evidence: z.array(z.string()),
    state: z.enum(['proposed', 'confirmed', 'refuted']),
    by: z.string(),
    at: instant,
  })
  .meta({ id: 'RootCause' });

export const blocker = z
  .object({ id: z.string(), text: z.string(), by: z.string(), at: instant, clearedAt: instant.nullable() })
  .meta({ id: 'Blocker' });

export const fixStep = z
  .object({
    stage: oneOf(FIX_STAGES),
    at: instant,
    url: z.string().nullable(),
    version: z.string().nullable(),
    text: z.string().nullable(),
    by: z.string(),
  })
  .meta({ id: 'FixStep' });

export const checklistEntry = z
  .object({
    id: z.string(),
    phase: z.enum(['detection', 'diagnosis', 'fix', 'learning']),
    text: z.string(),
    onlyP0: z.literal(true).optional(),
    done: z.boolean(),
    by: z.string().nullable().describe('"firebreak": an event proves it'),
    at: instant.nullable(),
    eventSeq: event.nullable(),
    because: z.string().nullable().describe('That event, in words'),
    proved: z.boolean().describe('By an event: nobody can untick it'),
  })
  .meta({ id: 'ChecklistEntry' });

export const diagnosis = z
  .object({
    began: z.object({ at: instant, source: z.string(), eventSeq: event }).describe('When did it start?'),
    changedBefore: z
      .array(
        z.object({
          id: z.string(),
          service: z.string(),
          kind: z.string(),
          version: z.string().nullable(),
          by: z.string().nullable(),
          url: z.string().nullable(),
          at: instant,
          secondsBefore: z.number(),
          standing: z.enum(['suspected', 'acquitted', 'noticed']),
          because: z.string().nullable(),
        }),
      )
      .describe('What changed before?'),
    warningSigns: z
      .array(z.object({ at: instant, what: z.string(), severity: oneOf(SEVERITIES), incidentId: z.string() }))
      .describe('Were there warning signs?'),
    escalation: z
      .array(
        z.object({
          severity: oneOf(SEVERITIES),
          at: instant,
          secondsAfterOnset: z.number(),
          because: z.string(),
          eventSeq: event,
        }),
      )
      .describe('How fast did it escalate?'),
    detectedBy: z
      .object({
        alerts: z.array(z.string()),
        at: instant,
        secondsAfterOnset: z.number(),
        inTime: z.boolean().nullable(),
        eventSeq: event,
      })
      .nullable()
      .describe('What triggered detection?'),
    affected: z.object({
      services: z.array(z.string()),
      endpoints: z.array(z.string()),
      instances: z.array(z.string()),
    }),
    errors: z.array(z.object({ text: z.string(), from: z.string(), count: z.int(), eventSeq: event })),
  })
  .meta({ id: 'Diagnosis' });

export const gateAnswer = z
  .object({
    allowed: z.boolean(),
    because: z.array(z.string()),
    incident: z.string().nullable().describe('The incident that decided'),
  })
  .meta({ id: 'GateAnswer' });
