import { z } from 'zod';
import { AUTOMATION_MODES } from '../../domain/plan.ts';
import { notFound } from '../errors.ts';
import { route } from '../route.ts';
import { instant, oneOf } from '../schemas/primitives.ts';

const serviceParams = z.object({ service: z.string().min(1).max(200) });

const version = z
  .object({
    version: z.string(),
    identity: z.string(),
    images: z.array(z.string()),
    since: instant.nullable().describe('When this version was made; null when nobody can say'),
  })
  .meta({ id: 'Version' });

const planPreview = z
  .object({
    service: z.string(),
    mode: oneOf(AUTOMATION_MODES),
    at: instant,
    ready: z.boolean(),
    killSwitch: z.boolean().describe('It is on: whatever is ready, nothing is rolled back until it is off'),
    reason: z.string().describe('"ready", or why the first step that could not be carried out could not be'),
    text: z.string(),
    steps: z.array(
      z.object({
        name: z.string(),
        provider: z.string(),
        target: z.string(),
        reason: z.string(),
        message: z.string(),
        from: version.nullable(),
        to: version.nullable(),
        notReverted: z.array(z.string()).describe('What going back does not undo'),
        warnings: z.array(z.string()),
      }),
    ),
  })
  .meta({ id: 'RollbackPlan' });

export const serviceRoutes = [
  route({
    method: 'get',
    path: '/services/:service/rollback-plan',
    operation: 'getRollbackPlan',
    summary: 'What a rollback of this service would do now: resolved and rehearsed, and nothing changed',
    role: 'viewer',
    params: serviceParams,
    answer: planPreview,
    handle: async ({ params: { service } }, { backend }) => {
      const preview = await backend.previewRollback(service);
      if (preview === null) throw notFound(`No rollback plan is written for ${service}`);
      const steps = preview.steps.map((step) => ({
        ...step,
        from: shown(step.from),
        to: shown(step.to),
        notReverted: [...step.notReverted],
        warnings: [...step.warnings],
      }));
      const { killSwitch } = await backend.readAutomation();
      return { ...preview, steps, killSwitch, ready: preview.reason === 'ready' || preview.reason === 'already-there' };
    },
  }),
  route({
    method: 'post',
    path: '/services/:service/drill',
    operation: 'startDrill',
    summary: 'Run a synthetic incident through every adapter: marked DRILL, nothing is rolled back',
    role: 'responder',
    params: serviceParams,
    body: z.strictObject({}),
    answer: z.object({ incidentId: z.string() }).meta({ id: 'Drill' }),
    handle: async ({ params: { service }, actor }, { backend, log }) => {
      const incidentId = await backend.startDrill(service, actor);
      if (incidentId === null) throw notFound(`There is no service ${service} in the configuration`);
      log.info({ incidentId, by: actor.name, service }, 'drill started');
      return { incidentId };
    },
  }),
];

const shown = <V extends { readonly images: readonly string[] }>(ref: V | null): (V & { images: string[] }) | null =>
  ref === null ? null : { ...ref, images: [...ref.images] };
