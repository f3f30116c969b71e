import { z } from 'zod';
import { QUIET_KINDS } from '../../domain/incident/process-events.ts';
import { SEVERITIES } from '../../domain/severity.ts';
import { instant, oneOf } from './primitives.ts';

export const override = z
  .object({ severity: oneOf(SEVERITIES), by: z.string(), because: z.string() })
  .meta({ id: 'SeverityOverride' });

export const statedImpact = z
  .object({
    usersAffectedPercent: z.number().optional(),
    usersAffected: z.int().optional(),
    features: z.array(z.string()).optional(),
    errorExperience: z.string().optional(),
    supportTickets: z.int().optional(),
    revenue: z.string().optional(),
    satisfaction: z.string().optional(),
    brand: z.string().optional(),
    database: z.string().optional(),
    application: z.string().optional(),
    downstream: z.string().optional(),
  })
  .describe('What people said of the impact; what nobody said is not there')
  .meta({ id: 'StatedImpact' });

export const quiet = z
  .object({
    kind: oneOf(QUIET_KINDS),
    because: z.string(),
    until: instant.nullable().describe('Null: until it is said to be over'),
    head: z.string().nullable().describe('The incident that tells of it for all: the head of a storm'),
  })
  .meta({ id: 'Quiet' });

export const dismissed = z.object({ by: z.string(), because: z.string(), at: instant }).meta({ id: 'Dismissal' });

export const storm = z
  .object({
    incidents: z.int(),
    services: z.array(z.string()).describe('The first of them, by name'),
    bySeverity: z.partialRecord(oneOf(SEVERITIES), z.int()),
    over: z
      .object({ stillFiring: z.int(), ids: z.array(z.string()).describe('The first of them') })
      .nullable()
      .describe('Null while it goes on'),
  })
  .meta({ id: 'Storm' });

export const maintenanceWindow = z
  .object({
    id: z.int(),
    service: z.string().nullable().describe('Null: every one'),
    environment: z.string().nullable().describe('Null: every one'),
    from: instant,
    until: instant,
    because: z.string(),
    by: z.string(),
    endedAt: instant.nullable().describe('Ended before its time'),
    endedBy: z.string().nullable(),
    state: oneOf(['to-come', 'holds', 'over']),
  })
  .meta({ id: 'MaintenanceWindow' });
