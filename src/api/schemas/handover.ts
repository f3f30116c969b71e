import { z } from 'zod';
import { QUIET_KINDS } from '../../domain/incident/process-events.ts';
import { AUTOMATION_MODES } from '../../domain/plan.ts';
import { SEVERITIES } from '../../domain/severity.ts';
import { CLOCKS, STATUSES } from './incident.ts';
import { instant, oneOf } from './primitives.ts';

const service = z.string().nullable();

const incident = z
  .object({
    id: z.string(),
    title: z.string(),
    severity: oneOf(SEVERITIES),
    status: oneOf(STATUSES),
    service,
    environment: z.string().nullable(),
    commander: z.string().nullable(),
    specialist: z.string().nullable(),
    openedAt: instant,
    ageSeconds: z.int(),
    clocks: z
      .array(
        z.object({
          clock: oneOf(CLOCKS),
          deadline: instant,
          leftSeconds: z.int().describe('Negative after the deadline'),
          pressing: z.boolean().describe('Breached, or half of its time is gone'),
        }),
      )
      .describe('Those that still wait for something; the next deadline first'),
    rollback: z.string().nullable(),
    blockers: z.array(z.string()),
    quiet: z.array(z.object({ kind: oneOf(QUIET_KINDS), because: z.string(), until: instant.nullable() })),
  })
  .meta({ id: 'HandoverIncident' });

export const handover = z
  .object({
    at: instant,
    automation: z.object({
      mode: oneOf(AUTOMATION_MODES),
      killSwitch: z.boolean(),
      changedBy: z.string().nullable(),
      changedAt: instant.nullable(),
    }),
    silent: z.string().nullable().describe('Why nothing is sent; null when everything is'),
    incidents: z.array(incident).describe('The worst first, then the oldest'),
    holds: z.array(
      z.object({
        incidentId: z.string(),
        service,
        kind: z.enum(['begins-by-itself', 'waits-for-fix']),
        until: instant,
        leftSeconds: z.int(),
        by: z.string().nullable().describe('Who declared the fix'),
        what: z.string(),
      }),
    ),
    approvals: z.array(
      z.object({ incidentId: z.string(), service, until: instant, leftSeconds: z.int(), what: z.string() }),
    ),
    suspendedOwners: z
      .array(
        z.object({
          incidentId: z.string(),
          service,
          owner: z.string(),
          target: z.string(),
          from: z.string(),
          to: z.string(),
        }),
      )
      .describe('GitOps controllers that would put back what was rolled away from'),
    watched: z.array(
      z.object({
        id: z.string(),
        title: z.string(),
        severity: oneOf(SEVERITIES),
        service,
        until: instant,
        postmortemMissing: z.boolean(),
      }),
    ),
    overdueActions: z.array(
      z.object({
        incidentId: z.string(),
        id: z.string(),
        action: z.string(),
        owner: z.string().nullable(),
        dueAt: instant,
        overdueSeconds: z.int(),
      }),
    ),
    maintenance: z.array(
      z.object({ what: z.string(), from: instant, until: instant, because: z.string(), by: z.string() }),
    ),
    text: z.string().describe('The same for people, to be read on one screen'),
  })
  .meta({ id: 'Handover' });
