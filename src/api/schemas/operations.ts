import { z } from 'zod';
import { CHANGE_KINDS } from '../../domain/change.ts';
import { AUTOMATION_MODES } from '../../domain/plan.ts';
import { instant, jsonMap, oneOf, textMap } from './primitives.ts';

export const effect = z
  .object({
    id: z.string(),
    incidentId: z.string(),
    channel: z.string(),
    kind: z.string(),
    status: z.string(),
    attempts: z.int(),
    createdAt: instant,
    finishedAt: instant.nullable(),
    message: z.string(),
    result: jsonMap.nullable().describe('The receipt, or why there is none'),
  })
  .meta({ id: 'Effect' });

export const change = z
  .object({
    id: z.string(),
    service: z.string(),
    environment: z.string().nullable(),
    kind: oneOf(CHANGE_KINDS),
    version: z.string().nullable(),
    previousVersion: z.string().nullable(),
    startedAt: instant,
    finishedAt: instant.nullable(),
    by: z.string().nullable(),
    url: z.string().nullable(),
    evidence: textMap,
  })
  .meta({ id: 'Change' });

export const quarantined = z
  .object({
    deliveryId: z.string(),
    source: z.string(),
    receivedAt: instant,
    index: z.int().describe('Place of the alert in its delivery'),
    field: z.string(),
    message: z.string(),
    raw: z.string().describe('What came, as text'),
  })
  .meta({ id: 'QuarantinedAlert' });

export const automation = z
  .object({
    mode: oneOf(AUTOMATION_MODES),
    killSwitch: z.boolean(),
    changedBy: z.string().nullable(),
    changedAt: instant.nullable(),
  })
  .meta({ id: 'Automation' });
