import { z } from 'zod';
import { CHECKLIST_ITEMS } from '../../domain/incident/checklist-items.ts';
import { checklistOf } from '../../domain/incident/checklist.ts';
import type { IncidentEvent } from '../../domain/incident/events.ts';
import { evidenceOf } from '../../domain/incident/evidence.ts';
import { CAUSE_CATEGORIES, EVIDENCE_KINDS } from '../../domain/incident/process-events.ts';
import { ApiError, notFound } from '../errors.ts';
import type { Actor, ApiBackend } from '../ports.ts';
import { route } from '../route.ts';
import { checklistEntry, diagnosis, evidenceItem } from '../schemas/diagnosis.ts';
import { link, listOf, moment, oneOf, writtenText } from '../schemas/primitives.ts';
import { command } from './commands.ts';
import { incidentParams } from './incidents.ts';

const evidence = z
  .strictObject({
    kind: oneOf(EVIDENCE_KINDS),
    title: writtenText(300),
    url: link.optional(),
    text: writtenText(20_000).optional(),
    query: writtenText(5_000).optional().describe('PromQL: asked now, and recorded with what it gives'),
    at: moment.optional().describe('When the query looks; now, where nothing is said'),
    from: moment.optional().describe('The query is asked over the time from then…'),
    to: moment.optional().describe('…to then; to now, where nothing is said'),
  })
  .refine(({ url, text, query }) => url !== undefined || text !== undefined || query !== undefined, {
    error: 'is missing; give url, text or query',
    path: ['text'],
  })
  .refine(({ query, at, from, to }) => query !== undefined || (at ?? from ?? to) === undefined, {
    error: 'is missing; a time is for a query',
    path: ['query'],
  })
  .refine(({ at, from, to }) => (at === undefined || from === undefined) && (to === undefined || from !== undefined), {
    error: 'give at, or from and to',
    path: ['at'],
  })
  .refine(({ from, to }) => from === undefined || to === undefined || from < to, {
    error: 'must be after from',
    path: ['to'],
  });

const hypothesis = z.strictObject({
  category: oneOf(CAUSE_CATEGORIES),
  summary: writtenText(2_000),
  confidence: z.number().min(0).max(1).describe('0 to 1'),
  evidence: z.array(writtenText(500)).max(50).default([]).describe('Ids of evidence, or other words'),
});
const judgement = z.strictObject({
  id: writtenText(20).describe('Of the hypothesis: H1…'),
  state: z.enum(['confirmed', 'refuted']),
  because: writtenText(2_000),
});

const blocker = z.union([
  z.strictObject({ text: writtenText(2_000) }),
  z.strictObject({ clear: writtenText(20).describe('Id of the blocker that is out of the way: B1…') }),
]);

const ticked = z.strictObject({
  item: oneOf(CHECKLIST_ITEMS.map(({ id }) => id) as [string, ...string[]]),
  done: z.boolean().default(true),
});

const said = ({ name: by, via }: Actor): { readonly by: string; readonly via: string } => ({ by, via });

const commands = [
  command({
    name: 'evidence',
    operation: 'addEvidence',
    summary: 'Add evidence: a link, a text, or a query to Prometheus with what it gives',
    body: evidence,
    act: (backend, id, actor, { kind, title, url, text, query, at, from, to }) =>
      backend.addEvidence(id, actor, {
        ...{ kind, title, url: url ?? null, text: text ?? null },
        question: query === undefined ? null : { promql: query, at: at ?? null, from: from ?? null, to: to ?? null },
      }),
  }),
  command({
    name: 'root-cause',
    operation: 'recordRootCause',
    summary: 'Propose a root cause, or confirm or refute one',
    body: z.union([hypothesis, judgement]),
    act: (backend, id, actor, body) =>
      'category' in body
        ? backend.carryOut(id, { kind: 'record-root-cause', ...said(actor), ...body })
        : backend.carryOut(id, { kind: 'judge-root-cause', ...said(actor), ...body }),
  }),
  command({
    name: 'blockers',
    operation: 'changeBlockers',
    summary: 'Say what blocks the work, or that it is out of the way',
    body: blocker,
    act: (backend, id, actor, body) =>
      'text' in body
        ? backend.carryOut(id, { kind: 'add-blocker', ...said(actor), text: body.text })
        : backend.carryOut(id, { kind: 'clear-blocker', ...said(actor), id: body.clear }),
  }),
  command({
    name: 'checklist',
    operation: 'tickChecklist',
    summary: 'Tick an item of the checklist, or untick one that no event proves',
    body: ticked,
    act: async (backend, id, actor, { item, done }) => {
      if (!done) await refuseProved(backend, id, item);
      await backend.carryOut(id, { kind: 'tick', ...said(actor), item, done });
    },
  }),
];

async function refuseProved(backend: ApiBackend, id: string, item: string): Promise<void> {
  const found = checklistOf(await backend.timeline(id)).find((entry) => entry.id === item);
  if (found?.proved !== true) return;
  const message = `${item} is proved by event ${found.eventSeq ?? ''} (${found.because ?? ''}) and cannot be unticked`;
  throw new ApiError('conflict', message, { field: 'item' });
}

async function eventsOf(backend: ApiBackend, id: string): Promise<readonly IncidentEvent[]> {
  const events = await backend.timeline(id);
  if (events.length === 0) throw notFound(`There is no incident ${id}`);
  return events;
}

export const diagnosisRoutes = [
  ...commands,
  route({
    method: 'get',
    path: '/incidents/:id/evidence',
    operation: 'listEvidence',
    summary:
      'All evidence of an incident: what was added, what its alerts said, what a rollback saved before its steps',
    role: 'viewer',
    params: incidentParams,
    answer: listOf(evidenceItem),
    handle: async ({ params }, { backend }) => {
      const items = evidenceOf(await eventsOf(backend, params.id));
      return { items: items.map((item) => ({ ...item })), nextCursor: null };
    },
  }),
  route({
    method: 'get',
    path: '/incidents/:id/checklist',
    operation: 'getChecklist',
    summary: 'The checklist of an incident, phase by phase, with what proves each item',
    role: 'viewer',
    params: incidentParams,
    answer: listOf(checklistEntry),
    handle: async ({ params }, { backend }) => {
      const items = checklistOf(await eventsOf(backend, params.id));
      return { items: items.map((item) => ({ ...item })), nextCursor: null };
    },
  }),
  route({
    method: 'get',
    path: '/incidents/:id/diagnosis',
    operation: 'getDiagnosis',
    summary: 'The timeline questions, answered from the events; what is affected; which errors were seen',
    role: 'viewer',
    params: incidentParams,
    answer: diagnosis,
    handle: async ({ params }, { backend }) => {
      const found = await backend.diagnosis(params.id);
      if (found === null) throw notFound(`There is no incident ${params.id}`);
      // Plain JSON, whose lists are read-only here.
      return structuredClone(found) as z.input<typeof diagnosis>;
    },
  }),
];
