import { z } from 'zod';
import { writtenText } from '../schemas/primitives.ts';
import { command } from './commands.ts';

/** What people say to those who wait for news. */
export const communicationRoutes = [
  command({
    name: 'update',
    operation: 'writeUpdate',
    summary: 'Tell everybody who follows it how it stands; the next automatic update waits for an interval from now',
    body: z.strictObject({ text: writtenText(10_000) }),
    act: (backend, id, { name: by, via }, { text }) => backend.carryOut(id, { kind: 'write-update', text, by, via }),
  }),
  command({
    name: 'publish',
    operation: 'approvePublication',
    summary: "Let customers hear of it: approves the status page's post, or publishes what was withheld",
    body: z.strictObject({}),
    act: (backend, id, { name: by, via }) => backend.carryOut(id, { kind: 'approve-publication', by, via }),
  }),
];
