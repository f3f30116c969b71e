import { z } from 'zod';
import type { Json } from '../../domain/json.ts';
import { route } from '../route.ts';
import { jsonMap } from '../schemas/primitives.ts';

export const ruleRoutes = [
  route({
    method: 'get',
    path: '/rules',
    operation: 'getRules',
    summary: 'The rules in force, and how the last reload went',
    role: 'viewer',
    answer: jsonMap,
    handle: (_call, { backend }) => Promise.resolve({ ...backend.rules() }),
  }),
  route({
    method: 'post',
    path: '/rules/explain',
    operation: 'explainRules',
    summary: 'What the rules make of these facts, and why',
    role: 'viewer',
    body: z.strictObject({ facts: jsonMap.describe('By name; what is not given is unknown') }),
    answer: jsonMap,
    // Every value was read from JSON text, so JSON is what they are.
    handle: async ({ body }, { backend }) => ({ ...(await backend.explain(body.facts as Record<string, Json>)) }),
  }),
];
