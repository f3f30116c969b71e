import { ms } from '../../../domain/time.ts';
import type { Application, OperationState } from './objects.ts';

interface Thing {
  readonly kind?: string | null | undefined;
  readonly namespace?: string | null | undefined;
  readonly name?: string | null | undefined;
}

const MOST_NAMED = 3;

const nameOf = ({ kind, namespace, name }: Thing): string =>
  `${kind ?? 'resource'} ${namespace == null || namespace === '' ? '' : `${namespace}/`}${name ?? ''}`;

const listed = (texts: readonly string[]): string => {
  const more = texts.length - MOST_NAMED;
  return [...texts.slice(0, MOST_NAMED), ...(more > 0 ? [`and ${more} more`] : [])].join('; ');
};

const withReason = (what: string, reason: string | null | undefined): string =>
  reason == null || reason === '' ? what : `${what}: ${reason}`;

/** The worst first, as Argo CD ranks them. */
const RANKS = ['Degraded', 'Missing', 'Unknown', 'Progressing', 'Suspended'];

/** The resources that keep the Application from being healthy, the worst first; empty when none is known. */
export const unhealthyText = (application: Application): string => {
  const rank = (status: string): number => RANKS.indexOf(status);
  const unhealthy = (application.status?.resources ?? [])
    .flatMap((resource) => {
      const { status, message } = resource.health ?? {};
      return status != null && rank(status) >= 0 ? [{ resource, status, message }] : [];
    })
    .sort((a, b) => rank(a.status) - rank(b.status));
  return listed(
    unhealthy.map(({ resource, status, message }) => withReason(`${nameOf(resource)} is ${status}`, message)),
  );
};

const BAD_RESULTS = ['SyncFailed'];
const BAD_HOOKS = ['Failed', 'Error'];

/** Why an operation failed: its own message, and the resources that were not applied. */
export const brokeOffText = ({ phase, message, syncResult }: OperationState): string => {
  const failed = (syncResult?.resources ?? []).filter(
    ({ status, hookPhase }) => BAD_RESULTS.includes(status ?? '') || BAD_HOOKS.includes(hookPhase ?? ''),
  );
  const why = listed(failed.map((resource) => withReason(nameOf(resource), resource.message)));
  return [withReason(phase, message), why].filter((text) => text !== '').join('; ');
};

/** When the rollback was through: by the operation, or by its entry once another operation has taken its place. */
export const appliedAt = (application: Application, deployedAt: string): string => {
  const finishedAt = application.status?.operationState?.finishedAt;
  return finishedAt != null && ms(finishedAt) > ms(deployedAt) ? finishedAt : deployedAt;
};

/** Whether Argo CD has looked at the cluster since: until then the health that it shows is the one of before. */
export const isFresh = (application: Application, since: string): boolean => {
  const reconciledAt = application.status?.reconciledAt;
  return reconciledAt != null && ms(reconciledAt) >= ms(since);
};
