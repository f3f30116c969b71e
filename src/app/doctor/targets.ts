import { z } from 'zod';
import { classifyHttp, createHttp } from '../../clients/http.ts';
import type { DoctorCheck } from '../../cli/ports.ts';
import type { Clock } from '../../domain/time.ts';
import type { StepPreview } from '../../rollback/preview.ts';
import { previewPlan } from '../../rollback/preview.ts';
import { send } from '../../rollback/providers/argocd/client.ts';
import { createConnection } from '../../rollback/providers/kubernetes/connection.ts';
import type { Settings } from '../../settings/types.ts';
import { createProviders } from '../providers.ts';
import { readingOf } from './clock.ts';
import type { Found } from './line.ts';
import { failed, ofFailure, ok, warning } from './line.ts';

const TIMEOUT_MS = 10_000;

/** Each cluster answers, and takes our credentials. */
export async function checkKubernetes({ kubernetes }: Settings): Promise<Found> {
  const checks = await Promise.all(
    Object.entries(kubernetes.clusters).map(async ([cluster, { kubeconfig, context }]) => {
      const name = `kubernetes ${cluster}`;
      const config = { ...(kubeconfig === null ? {} : { kubeconfig }), ...(context === null ? {} : { context }) };
      const signal = AbortSignal.timeout(TIMEOUT_MS);
      const asked = { method: 'GET', path: '/version' } as const;
      const answer = await createConnection(config).send<{ gitVersion?: string }>(asked, signal);
      if (answer.kind === 'failed' && answer.failure.kind === 'rejected') {
        return failed(
          name,
          answer.failure.message,
          `Look at kubernetes.clusters.${cluster}: its kubeconfig and context.`,
        );
      }
      if (answer.kind === 'failed') return ofFailure(name, answer.failure, 'the credentials in its kubeconfig');
      if (answer.kind === 'ok') return ok(name, `version ${answer.body.gitVersion ?? 'unknown'}`);
      return ofFailure(name, { kind: 'rejected', message: 'it has no /version' }, 'its kubeconfig');
    }),
  );
  return { checks };
}

const UserInfo = z.looseObject({ loggedIn: z.boolean().default(false), username: z.string().default('') });

export async function checkArgocd({ argocd: own }: Settings, now: () => number): Promise<Found> {
  if (own === null) return { checks: [] };
  const http = createHttp({ timeoutMs: TIMEOUT_MS, userAgent: 'firebreak' });
  const connection = { url: own.url, token: () => own.token.reveal(), http, classify: classifyHttp };
  const request = { path: '/api/v1/session/userinfo', schema: UserInfo };
  const before = now();
  const answer = await send(connection, request, AbortSignal.timeout(TIMEOUT_MS));
  if (answer.kind === 'failed') return { checks: [ofFailure('argocd', answer.failure, 'argocd.token')] };
  if (answer.kind !== 'ok' || !answer.body.loggedIn) {
    return {
      checks: [failed('argocd', 'it does not know our token', 'Make a new one: argocd account generate-token')],
    };
  }
  const at = answer.date === null ? null : Date.parse(answer.date);
  return {
    checks: [ok('argocd', `logged in as ${answer.body.username}`)],
    clocks: readingOf('Argo CD', at, before, now()),
  };
}

/** Every rollback plan is rehearsed on its real targets: that needs the very rights that a rollback does. Changes nothing. */
export async function checkPlans(settings: Settings, clock: Clock): Promise<Found> {
  const deps = { providers: createProviders(settings, clock), clock, callTimeoutMs: TIMEOUT_MS };
  const planned = Object.entries(settings.policy.services).filter(([, { rollback }]) => rollback !== null);
  const checks = await Promise.all(
    planned.map(async ([service, { rollback }]) => {
      const { steps } = await previewPlan(deps, service, 'shadow', rollback?.steps ?? []);
      return steps.map((step) => planCheck(`plan of ${service}, ${step.name}`, step));
    }),
  );
  return { checks: checks.flat() };
}

function planCheck(name: string, { reason, target, message }: StepPreview): DoctorCheck {
  switch (reason) {
    case 'ready':
    case 'already-there':
      return ok(name, `${target}: ${message}`);
    case 'unauthorized':
      return failed(name, `${target}: ${message}`, 'The rights that a rollback needs are missing: docs/rollback.md.');
    // No state that passes: the step, or what it is carried out with.
    case 'rejected':
    case 'no-provider':
      return failed(name, `${target}: ${message}`, 'Look at the step and at what it needs: docs/rollback.md.');
    case 'unreachable':
      return failed(name, `${target}: ${message}`, 'Look at the network from here to there.');
    default:
      return warning(
        name,
        `${target}: ${reason}: ${message}`,
        'It could not be carried out now: docs/rollback.md says what that means.',
      );
  }
}
