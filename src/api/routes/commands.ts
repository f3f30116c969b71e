import { z } from 'zod';
import type { Actor, ApiBackend } from '../ports.ts';
import { route } from '../route.ts';
import type { Route } from '../route.ts';
import { incident } from '../schemas/incident.ts';
import { writtenText } from '../schemas/primitives.ts';
import { incidentParams, readIncident } from './incidents.ts';

const nothing = z.strictObject({});
const reason = z.strictObject({ because: writtenText(2_000).default('no reason given') });
const note = z.strictObject({ text: writtenText(10_000) });
const approval = z.strictObject({
  planHash: z
    .string()
    .regex(/^[0-9a-f]{64}$/, 'is not the hash of a plan')
    .optional()
    .describe('Of the plan that was looked at: approving is refused if it has changed since'),
});

const fix = z
  .strictObject({ minutes: z.number().positive().optional(), seconds: z.number().positive().optional() })
  .refine(
    ({ minutes, seconds }) => (minutes === undefined) !== (seconds === undefined),
    'give either minutes or seconds',
  );

interface CommandSpec<B extends z.ZodType> {
  readonly name: string;
  readonly operation: string;
  readonly summary: string;
  readonly body: B;
  readonly act: (backend: ApiBackend, id: string, actor: Actor, body: z.output<B>) => Promise<void>;
}

/** Every command answers with the incident as it then stands. A repeat that changes nothing is no error. */
export const command = <B extends z.ZodType>({ name, operation, summary, body, act }: CommandSpec<B>): Route =>
  route({
    method: 'post',
    path: `/incidents/:id/${name}`,
    operation,
    summary,
    role: 'responder',
    params: incidentParams,
    body,
    answer: incident,
    handle: async (call, services) => {
      const { id } = call.params;
      await act(services.backend, id, call.actor, call.body);
      services.log.info({ incidentId: id, by: call.actor.name, command: name }, 'command carried out for the API');
      return readIncident(id, services);
    },
  });

export const commandRoutes = [
  command({
    name: 'acknowledge',
    operation: 'acknowledgeIncident',
    summary: 'Say that you are on it; stops the acknowledge clock',
    body: nothing,
    act: (backend, id, actor) => backend.acknowledge(id, actor),
  }),
  command({
    name: 'resolve',
    operation: 'resolveIncident',
    summary: 'Say that it is over',
    body: reason,
    act: (backend, id, actor, { because }) => backend.resolve(id, actor, because),
  }),
  command({
    name: 'notes',
    operation: 'addNote',
    summary: 'Write into the timeline',
    body: note,
    act: (backend, id, actor, { text }) => backend.addNote(id, actor, text),
  }),
  command({
    name: 'rollback/approve',
    operation: 'approveRollback',
    summary: 'Let a rollback that awaits approval begin',
    body: approval,
    act: (backend, id, actor, { planHash }) => backend.approveRollback(id, actor, planHash ?? null),
  }),
  command({
    name: 'rollback/abort',
    operation: 'abortRollback',
    summary: 'Stop a rollback before its next step',
    body: reason,
    act: (backend, id, actor, { because }) => backend.abortRollback(id, actor, because),
  }),
  command({
    name: 'rollback/start',
    operation: 'startRollback',
    summary: "Roll back now, past automation's rails: a person's decision",
    body: reason,
    act: (backend, id, actor, { because }) => backend.startRollback(id, actor, because),
  }),
  command({
    name: 'rollback/undo',
    operation: 'undoRollback',
    summary: 'Take a rollback back, to the version that was pinned as "from"',
    body: reason,
    act: (backend, id, actor, { because }) => backend.undoRollback(id, actor, because),
  }),
  command({
    name: 'fix-eta',
    operation: 'declareFix',
    summary: 'Declare a fix in less than 5 minutes: the rollback waits for it, once an incident',
    body: fix,
    act: (backend, id, actor, { minutes, seconds }) => backend.declareFix(id, actor, seconds ?? (minutes ?? 0) * 60),
  }),
];
