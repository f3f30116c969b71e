import { z } from 'zod';
import type { StatedImpact } from '../../domain/incident/process-events.ts';
import { SEVERITIES } from '../../domain/severity.ts';
import type { Actor } from '../ports.ts';
import { moment, oneOf, writtenText } from '../schemas/primitives.ts';
import { command } from './commands.ts';

const nothing = z.strictObject({});
const because = writtenText(2_000);
const text = writtenText(2_000);
const count = z.int().min(0);

const severity = z
  .strictObject({
    severity: oneOf(SEVERITIES).optional(),
    because: because.optional().describe('Required with a severity'),
    release: z.literal(true).optional().describe('Let the rules decide again'),
  })
  .refine(({ severity: to, release }) => (to === undefined) !== (release === undefined), {
    error: 'give a severity with its reason, or "release": true',
    path: ['severity'],
  })
  .refine(({ severity: to, because: why }) => to === undefined || why !== undefined, {
    error: 'is missing; the timeline keeps the reason',
    path: ['because'],
  });

const impact = z
  .strictObject({
    usersAffectedPercent: z.number().min(0).max(100).optional(),
    usersAffected: count.optional(),
    features: z.array(writtenText(200)).min(1).max(50).optional(),
    errorExperience: text.optional().describe('What users see'),
    supportTickets: count.optional(),
    revenue: text.optional(),
    satisfaction: text.optional(),
    brand: text.optional(),
    database: text.optional(),
    application: text.optional(),
    downstream: text.optional(),
  })
  .refine((stated) => Object.keys(stated).length > 0, {
    error: 'is missing; say what you know of the impact',
    path: ['usersAffectedPercent'],
  });

const said = ({ name: by, via }: Actor): { readonly by: string; readonly via: string } => ({ by, via });

/** Without what was not said. */
const stated = (fields: z.output<typeof impact>): StatedImpact =>
  Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));

/** What people decide about an incident as such. */
export const lifecycleRoutes = [
  command({
    name: 'command',
    operation: 'takeCommand',
    summary: 'Take command of the incident',
    body: nothing,
    act: (backend, id, actor) => backend.carryOut(id, { kind: 'take-command', ...said(actor) }),
  }),
  command({
    name: 'severity',
    operation: 'setSeverity',
    summary: 'Set the severity, whatever the rules say, until it is released',
    body: severity,
    act: (backend, id, actor, { severity: to, because: why = '' }) =>
      backend.carryOut(
        id,
        to === undefined
          ? { kind: 'release-severity', ...said(actor) }
          : { kind: 'override-severity', severity: to, because: why, ...said(actor) },
      ),
  }),
  command({
    name: 'impact',
    operation: 'stateImpact',
    summary: 'Say what you know of the impact; the share of users counts for the rules where nothing measures it',
    body: impact,
    act: (backend, id, actor, body) =>
      backend.carryOut(id, { kind: 'state-impact', impact: stated(body), ...said(actor) }),
  }),
  command({
    name: 'onset',
    operation: 'correctOnset',
    summary: 'Correct when it began; the timeline keeps both',
    body: z.strictObject({ at: moment, because }),
    act: (backend, id, actor, body) => backend.carryOut(id, { kind: 'correct-onset', ...body, ...said(actor) }),
  }),
  command({
    name: 'dismiss',
    operation: 'dismissIncident',
    summary: 'A false alarm: out of the statistics, public posts retracted, its rule to be mended',
    body: z.strictObject({ because }),
    act: (backend, id, actor, body) => backend.carryOut(id, { kind: 'dismiss', ...body, ...said(actor) }),
  }),
  command({
    name: 'merge',
    operation: 'mergeIncident',
    summary: 'Make it part of another incident, which goes on for both',
    body: z.strictObject({
      into: writtenText(64).regex(/^[\w-]+$/, 'expected an id like INC-20240115-143215'),
      because: because.default('no reason given'),
    }),
    act: (backend, id, actor, body) => backend.merge(id, body.into, actor, body.because),
  }),
  command({
    name: 'close',
    operation: 'closeIncident',
    summary: 'End the extended monitoring early. What was P0 or P1 needs its post-mortem first',
    body: nothing,
    act: (backend, id, actor) => backend.carryOut(id, { kind: 'close', ...said(actor) }),
  }),
];
