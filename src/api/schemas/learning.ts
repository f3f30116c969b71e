import { z } from 'zod';
import { ACTION_KINDS, ACTION_STATUSES, RECURRENCES } from '../../domain/incident/process-events.ts';
import { SEVERITIES } from '../../domain/severity.ts';
import { instant, oneOf } from './primitives.ts';

const actionFields = {
  id: z.string(),
  action: z.string(),
  kind: oneOf(ACTION_KINDS),
  owner: z.string().nullable(),
  dueAt: instant.nullable(),
  status: oneOf(ACTION_STATUSES),
  addedAt: instant,
  remindedAt: instant.nullable(),
};

export const actionItem = z.object(actionFields).meta({ id: 'ActionItem' });

export const listedAction = z
  .object({
    incidentId: z.string(),
    title: z.string().describe('Of the incident'),
    service: z.string().nullable(),
    severity: oneOf(SEVERITIES),
    overdue: z.boolean().describe('Open after its due date'),
    ...actionFields,
  })
  .meta({ id: 'ListedAction' });

export const review = z
  .object({ dueAt: instant, remindedAt: instant.nullable(), heldAt: instant.nullable() })
  .meta({ id: 'Review' });

export const postmortem = z.object({ publishedAt: instant, by: z.string() }).meta({ id: 'Postmortem' });

export const recurrence = z
  .object({
    why: oneOf(RECURRENCES),
    of: z.array(z.string()).describe('Earlier incidents, newest first'),
    days: z.int().describe('How far back it was looked'),
    openActions: z.array(
      z.object({
        incidentId: z.string(),
        id: z.string(),
        action: z.string(),
        owner: z.string().nullable(),
        dueAt: instant.nullable(),
      }),
    ),
  })
  .meta({ id: 'Recurrence' });
