import { z } from 'zod';
import { ACTION_KINDS, ACTION_STATUSES, FIX_STAGES, REPORT_SECTIONS } from '../../domain/incident/process-events.ts';
import type { Actor } from '../ports.ts';
import { route } from '../route.ts';
import { gateAnswer } from '../schemas/diagnosis.ts';
import { listedAction } from '../schemas/learning.ts';
import { dueDate, limit, link, listOf, moment, oneOf, writtenText } from '../schemas/primitives.ts';
import { command } from './commands.ts';

const fix = z.strictObject({
  stage: oneOf(FIX_STAGES),
  url: link.optional(),
  version: writtenText(256).optional().describe('As the gate is asked about it'),
  text: writtenText(2_000).optional(),
  at: moment.optional().describe('When it was so; now, where nothing is said'),
});

const owner = writtenText(200).nullable();
const newAction = z.strictObject({
  action: writtenText(1_000),
  kind: oneOf(ACTION_KINDS).default('technical'),
  owner: owner.default(null),
  dueAt: dueDate.nullable().default(null),
});
const changedAction = z
  .strictObject({
    id: writtenText(20).describe('A1…'),
    status: oneOf(ACTION_STATUSES).optional(),
    owner: owner.optional(),
    dueAt: dueDate.nullable().optional(),
    note: writtenText(2_000).optional(),
  })
  .refine((change) => Object.keys(change).length > 1, {
    error: 'is missing; say what changes: status, owner, dueAt or note',
    path: ['status'],
  });

const said = ({ name: by, via }: Actor): { readonly by: string; readonly via: string } => ({ by, via });

const commands = [
  command({
    name: 'fix',
    operation: 'recordFix',
    summary: 'Say how far the permanent fix is, or that none is needed',
    body: fix,
    act: (backend, id, actor, { stage, url = null, version = null, text = null, at = null }) =>
      backend.recordFix(id, actor, { stage, url, version, text, at }),
  }),
  command({
    name: 'actions',
    operation: 'changeActions',
    summary: 'Add an action item, or change one',
    body: z.union([newAction, changedAction]),
    act: (backend, id, actor, body) => {
      if ('action' in body) {
        const { kind: of, action, owner: who, dueAt } = body;
        return backend.carryOut(id, { kind: 'add-action', ...said(actor), of, action, owner: who, dueAt });
      }
      const { status, owner: who, dueAt, note } = body;
      return backend.carryOut(id, {
        ...{ kind: 'change-action', ...said(actor), id: body.id },
        ...(status === undefined ? {} : { status }),
        ...(who === undefined ? {} : { owner: who }),
        ...(dueAt === undefined ? {} : { dueAt }),
        ...(note === undefined ? {} : { note }),
      });
    },
  }),
  command({
    name: 'review',
    operation: 'holdReview',
    summary: 'Say that the follow-up review was held, and what came of it',
    body: z.strictObject({ text: writtenText(10_000) }),
    act: (backend, id, actor, { text }) => backend.carryOut(id, { kind: 'hold-review', ...said(actor), text }),
  }),
  command({
    name: 'report/sections',
    operation: 'writeReportSection',
    summary: 'Write a section of the post-mortem; each text replaces the one before, and the timeline keeps them all',
    body: z.strictObject({ section: oneOf(REPORT_SECTIONS), text: writtenText(20_000) }),
    act: (backend, id, actor, { section, text }) =>
      backend.carryOut(id, { kind: 'write-section', ...said(actor), section, text }),
  }),
  command({
    name: 'report/publish',
    operation: 'publishReport',
    summary: 'Publish the post-mortem: it goes to team and stakeholders, and its review is scheduled',
    body: z.strictObject({}),
    act: (backend, id, actor) => backend.carryOut(id, { kind: 'publish-postmortem', ...said(actor) }),
  }),
];

export const learningRoutes = [
  ...commands,
  route({
    method: 'get',
    path: '/actions',
    operation: 'listActions',
    summary: 'Action items of all incidents, what is due first first',
    role: 'viewer',
    query: z.strictObject({
      status: z.array(oneOf(ACTION_STATUSES)).default([]),
      owner: writtenText(200).optional(),
      overdue: z.enum(['true', 'false']).default('false').describe('Only what is open after its due date'),
      limit: limit(100, 500),
    }),
    answer: listOf(listedAction),
    handle: async ({ query: { status, owner: who, overdue, limit: most } }, { backend }) => {
      const filter = { status, owner: who ?? null, overdue: overdue === 'true', limit: most };
      return { items: (await backend.listActions(filter)).map((item) => ({ ...item })), nextCursor: null };
    },
  }),
  route({
    method: 'get',
    path: '/gate',
    operation: 'askGate',
    summary: 'May this version of a service go out? For CI/CD, before it deploys',
    role: 'viewer',
    query: z.strictObject({
      service: writtenText(200),
      version: writtenText(256).describe('As the change feed, or the target itself, calls it'),
      environment: writtenText(200).optional().describe('Where it goes; without it, wherever'),
    }),
    answer: gateAnswer,
    handle: async ({ query: { service, version, environment = null } }, { backend }) => {
      const answer = await backend.gate(service, version, environment);
      return { ...answer, because: [...answer.because] };
    },
  }),
];
