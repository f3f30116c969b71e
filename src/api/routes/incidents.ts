import { z } from 'zod';
import { SEVERITIES } from '../../domain/severity.ts';
import { readCursor, writeCursor } from '../cursor.ts';
import { notFound } from '../errors.ts';
import { presentEvent } from '../present.ts';
import { route } from '../route.ts';
import type { Services } from '../route.ts';
import { incident, STATUSES, timelineEvent } from '../schemas/incident.ts';
import { effect } from '../schemas/operations.ts';
import { limit, listOf, oneOf, writtenText } from '../schemas/primitives.ts';

/** alertCounts says how many there are. */
const ALERTS_SHOWN = 200;

export const incidentParams = z.object({
  id: z
    .string()
    .regex(/^[\w-]{1,64}$/)
    .meta({ examples: ['INC-20240115-143215'] }),
});

const filter = z.strictObject({
  status: z.array(oneOf(STATUSES)).default([]),
  severity: z.array(oneOf(SEVERITIES)).default([]),
  service: writtenText(200).optional(),
  since: z.iso.datetime({ offset: true }).optional().describe('Opened at or after'),
  cursor: z.string().max(500).optional(),
  limit: limit(50, 200),
});

/** Reads an incident as the API shows it. Throws 404. */
export async function readIncident(id: string, { backend, present }: Services): Promise<z.output<typeof incident>> {
  const [state, alerts] = await Promise.all([backend.readIncident(id), backend.incidentAlerts(id, ALERTS_SHOWN)]);
  if (state === null) throw notFound(`There is no incident ${id}`);
  return present(state, alerts);
}

/** What belongs to an incident; an incident that is not there has no empty list, it is 404. */
async function ofIncident<T>(id: string, { backend }: Services, read: Promise<readonly T[]>): Promise<readonly T[]> {
  const [state, items] = await Promise.all([backend.readIncident(id), read]);
  if (state === null) throw notFound(`There is no incident ${id}`);
  return items;
}

export const incidentRoutes = [
  route({
    method: 'get',
    path: '/incidents',
    operation: 'listIncidents',
    summary: 'Incidents, newest first',
    role: 'viewer',
    query: filter,
    answer: listOf(incident),
    handle: async ({ query }, { backend, present }) => {
      const { status, severity, service, since, cursor, limit: size } = query;
      const found = await backend.listIncidents({
        status,
        severity,
        service: service ?? null,
        since: since === undefined ? null : new Date(since).toISOString(),
        cursor: cursor === undefined ? null : readCursor(cursor),
        limit: size + 1, // one more than the page shows whether there is another page
      });
      const page = found.slice(0, size);
      const last = page.at(-1);
      const nextCursor = last === undefined || found.length <= size ? null : writeCursor(last);
      return { items: page.map((state) => present(state, null)), nextCursor };
    },
  }),
  route({
    method: 'get',
    path: '/incidents/:id',
    operation: 'getIncident',
    summary: 'One incident as it stands',
    role: 'viewer',
    params: incidentParams,
    answer: incident,
    handle: ({ params }, services) => readIncident(params.id, services),
  }),
  route({
    method: 'get',
    path: '/incidents/:id/timeline',
    operation: 'getTimeline',
    summary: 'Every event of an incident, oldest first, with the chain of hashes',
    role: 'viewer',
    params: incidentParams,
    answer: listOf(timelineEvent),
    handle: async ({ params }, { backend }) => {
      const events = await backend.timeline(params.id);
      if (events.length === 0) throw notFound(`There is no incident ${params.id}`);
      return { items: events.map(presentEvent), nextCursor: null };
    },
  }),
  route({
    method: 'get',
    path: '/incidents/:id/effects',
    operation: 'listIncidentEffects',
    summary: 'What was sent for an incident, and how it went',
    role: 'viewer',
    params: incidentParams,
    answer: listOf(effect),
    handle: async ({ params }, services) => {
      const items = await ofIncident(params.id, services, services.backend.effects(params.id));
      return { items: [...items], nextCursor: null };
    },
  }),
];
