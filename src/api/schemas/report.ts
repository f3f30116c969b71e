import { z } from 'zod';
import { REPORT_SECTIONS } from '../../domain/incident/process-events.ts';
import { SEVERITIES } from '../../domain/severity.ts';
import { STATUSES } from './incident.ts';
import { instant, oneOf } from './primitives.ts';

const events = z.array(z.int()).describe('Numbers of the events that prove it');

const statement = z
  .object({
    kind: z
      .enum(['proved', 'written', 'unknown', 'to-write'])
      .describe('proved: by its events; written: by a person; unknown: no event says it; to-write: people have to'),
    label: z.string().nullable(),
    text: z.string(),
    href: z.string().nullable().describe('As it was given: show it as a link only where it is a web address'),
    verbatim: z.string().nullable(),
    events,
    section: oneOf(REPORT_SECTIONS).nullable().describe('The text of the post-mortem that people write here'),
  })
  .meta({ id: 'Statement' });

const listPart = z.object({
  kind: z.literal('list'),
  id: z.string(),
  title: z.string().nullable(),
  items: z.array(statement),
});

const tablePart = z.object({
  kind: z.literal('table'),
  id: z.string(),
  title: z.string().nullable(),
  columns: z.array(z.string()),
  rows: z.array(z.object({ cells: z.array(z.string()), events })),
  empty: statement,
});

const seconds = z.number().nullable().describe('Null: unknown, since what ends it has not happened');

const slaResult = z
  .object({
    clock: z.string(),
    result: z.enum(['met', 'breached', 'cancelled', 'running', 'did not run']),
    startedAt: instant.nullable(),
    deadline: instant.nullable(),
    endedAt: instant.nullable(),
    marginSeconds: z.number().nullable().describe('Left at its end; negative where it was breached'),
    judgedAnew: z.boolean(),
    because: z.string().nullable(),
    events,
  })
  .meta({ id: 'SlaResult' });

export const report = z
  .object({
    format: z.literal('firebreak-post-mortem'),
    version: z.literal(1),
    incident: z.object({
      id: z.string(),
      title: z.string(),
      service: z.string().nullable(),
      environment: z.string().nullable(),
      severity: oneOf(SEVERITIES).nullable(),
      status: oneOf(STATUSES),
      drill: z.boolean(),
      openedAt: instant,
    }),
    notices: z.array(statement),
    figures: z.object({
      detectSeconds: z.number(),
      acknowledgeSeconds: seconds,
      customerImpactSeconds: seconds,
      rollbackSeconds: seconds,
      totalSeconds: seconds,
      slaBreaches: z.int(),
    }),
    sla: z.array(slaResult),
    sections: z.array(
      z.object({
        number: z.int(),
        id: z.string(),
        title: z.string(),
        parts: z.array(z.union([listPart, tablePart])),
      }),
    ),
    closing: listPart,
    toWrite: z.array(oneOf(REPORT_SECTIONS)).describe('Texts that people still have to write'),
    proof: z.object({
      events: z.int(),
      asOf: instant,
      headHash: z.string(),
      verify: z.string().describe('The command that proves that no event was altered or left out'),
      cited: z.array(z.object({ seq: z.int(), at: instant, type: z.string(), text: z.string(), hash: z.string() })),
    }),
  })
  .meta({ id: 'Report' });
