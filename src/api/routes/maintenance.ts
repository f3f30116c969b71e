import { z } from 'zod';
import type { MaintenanceWindow } from '../../domain/maintenance.ts';
import { endOf } from '../../domain/maintenance.ts';
import { ms } from '../../domain/time.ts';
import { notFound } from '../errors.ts';
import { route } from '../route.ts';
import { maintenanceWindow } from '../schemas/lifecycle.ts';
import { limit, listOf, moment, writtenText } from '../schemas/primitives.ts';

const LONGEST_MINUTES = 31 * 24 * 60;

const announcement = z
  .strictObject({
    service: writtenText(200).optional(),
    environment: writtenText(200).optional(),
    from: moment.optional().describe('Now, where nothing is said'),
    until: moment.optional(),
    minutes: z.number().positive().max(LONGEST_MINUTES).optional().describe('Instead of "until"'),
    because: writtenText(2_000),
  })
  .refine(({ service, environment }) => service !== undefined || environment !== undefined, {
    error: 'is missing; give service, environment or both',
    path: ['service'],
  })
  .refine(({ until, minutes }) => (until === undefined) !== (minutes === undefined), {
    error: 'give either until or minutes',
    path: ['until'],
  });

const params = z.object({
  window: z
    .string()
    .regex(/^\d{1,9}$/)
    .transform(Number),
});

type WindowJson = z.output<typeof maintenanceWindow>;

const shown = (window: MaintenanceWindow, now: number): WindowJson => ({
  ...window,
  state: now >= endOf(window) ? 'over' : now < ms(window.from) ? 'to-come' : 'holds',
});

export const maintenanceRoutes = [
  route({
    method: 'get',
    path: '/maintenance',
    operation: 'listMaintenance',
    summary: 'Windows of maintenance that hold or are to come, the next one first',
    role: 'viewer',
    query: z.strictObject({
      past: z.enum(['true', 'false']).default('false').describe('Those that are over, too'),
      limit: limit(100, 500),
    }),
    answer: listOf(maintenanceWindow),
    handle: async ({ query }, { backend }) => {
      const { now, windows } = await backend.listMaintenance(query.past === 'true', query.limit);
      return { items: windows.map((window) => shown(window, now)), nextCursor: null };
    },
  }),
  route({
    method: 'post',
    path: '/maintenance',
    operation: 'announceMaintenance',
    summary: 'Announce work: while it lasts, what opens there is recorded and wakes nobody, not even as a P0',
    role: 'responder',
    body: announcement,
    answer: maintenanceWindow,
    handle: async ({ body, actor }, { backend, log }) => {
      const { service = null, environment = null, from = null, until = null, minutes = null, because } = body;
      const asked = { service, environment, from, until, minutes, because };
      const { now, window } = await backend.announceMaintenance(asked, actor);
      log.info({ by: actor.name, window: window.id, service, environment }, 'maintenance announced');
      return shown(window, now);
    },
  }),
  route({
    method: 'post',
    path: '/maintenance/:window/end',
    operation: 'endMaintenance',
    summary: 'End a window early: what still fires there is told of at once',
    role: 'responder',
    params,
    body: z.strictObject({}),
    answer: maintenanceWindow,
    handle: async ({ params: { window: id }, actor }, { backend, log }) => {
      const { now, window } = await backend.endMaintenance(id, actor);
      if (window === null) throw notFound(`There is no maintenance window ${id}`);
      log.info({ by: actor.name, window: id }, 'maintenance ended');
      return shown(window, now);
    },
  }),
];
