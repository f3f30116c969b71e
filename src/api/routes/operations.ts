import { z } from 'zod';
import { AUTOMATION_MODES } from '../../domain/plan.ts';
import { route } from '../route.ts';
import { automation, change, effect, quarantined } from '../schemas/operations.ts';
import { limit, listOf, oneOf, writtenText } from '../schemas/primitives.ts';

const bounded = z.strictObject({ limit: limit(100, 500) });

const retry = z
  .strictObject({
    ids: z.array(writtenText(300)).min(1).max(1_000).optional(),
    all: z.literal(true).optional(),
  })
  .refine(({ ids, all }) => (ids === undefined) !== (all === undefined), 'give either ids or "all": true');

const automationChange = z
  .strictObject({ mode: oneOf(AUTOMATION_MODES).optional(), killSwitch: z.boolean().optional() })
  .refine(({ mode, killSwitch }) => mode !== undefined || killSwitch !== undefined, 'give mode, killSwitch or both');

const automationRoutes = [
  route({
    method: 'get',
    path: '/automation',
    operation: 'getAutomation',
    summary: 'Whether rollbacks begin by themselves',
    role: 'viewer',
    answer: automation,
    handle: (_call, { backend }) => backend.readAutomation(),
  }),
  route({
    method: 'post',
    path: '/automation',
    operation: 'changeAutomation',
    summary: 'Change the mode, or pull the kill switch',
    role: 'admin',
    body: automationChange,
    answer: automation,
    handle: async ({ body, actor }, { backend, log }) => {
      await backend.writeAutomation(body, actor);
      log.info({ by: actor.name, ...body }, 'automation changed through the API');
      return backend.readAutomation();
    },
  }),
];

const effectRoutes = [
  route({
    method: 'get',
    path: '/effects/dead',
    operation: 'listDeadEffects',
    summary: 'What could not be sent and was given up',
    role: 'viewer',
    query: bounded,
    answer: listOf(effect),
    handle: async ({ query }, { backend }) => {
      return { items: [...(await backend.deadLetters(query.limit))], nextCursor: null };
    },
  }),
  route({
    method: 'post',
    path: '/effects/retry',
    operation: 'retryEffects',
    summary: 'Send again what was given up',
    role: 'responder',
    body: retry,
    answer: z.object({ retried: z.int() }),
    handle: async ({ body, actor }, { backend, log }) => {
      const retried = await backend.retryEffects(body.ids ?? 'all');
      log.info({ by: actor.name, retried }, 'dead effects retried through the API');
      return { retried };
    },
  }),
];

export const operationRoutes = [
  ...automationRoutes,
  ...effectRoutes,
  route({
    method: 'get',
    path: '/changes',
    operation: 'listChanges',
    summary: 'Deployments, migrations, configuration and flag changes, newest first',
    role: 'viewer',
    query: z.strictObject({ service: writtenText(200).optional(), limit: limit(100, 500) }),
    answer: listOf(change),
    handle: async ({ query }, { backend }) => {
      const changes = await backend.listChanges(query.service ?? null, query.limit);
      return { items: [...changes], nextCursor: null };
    },
  }),
  route({
    method: 'get',
    path: '/quarantine',
    operation: 'listQuarantine',
    summary: 'Alerts that could not be read, newest first',
    role: 'viewer',
    query: bounded,
    answer: listOf(quarantined),
    handle: async ({ query }, { backend }) => {
      return { items: [...(await backend.listQuarantine(query.limit))], nextCursor: null };
    },
  }),
];
