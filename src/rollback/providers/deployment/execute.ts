import type { Failure } from '../../../domain/failure.ts';
import { iso } from '../../../domain/time.ts';
import type { Execution, Refusal, Rehearsal } from '../../ports.ts';
import type { Deployment } from '../kubernetes/objects.ts';
import { FIELD_MANAGER, jsonPatch } from '../kubernetes/requests.ts';
import { sameTemplate, templateDigest } from '../kubernetes/template.ts';
import type { DeploymentPin, Receipt } from './pin.ts';
import { toReceipt } from './pin.ts';
import { obstacleOf, pathOf, type Site } from './resolve.ts';

type Refused = { readonly kind: 'refused'; readonly refusal: Refusal; readonly message: string };
type Failed = { readonly kind: 'failed'; readonly failure: Failure };

type Change =
  | { readonly kind: 'changed'; readonly deployment: Deployment; readonly date: string | null }
  | { readonly kind: 'already-there'; readonly deployment: Deployment }
  | Refused
  | Failed;

/** Status updates move the resourceVersion all the time; each attempt has looked that the template is still "from". */
const ATTEMPTS = 10;

const refused = (refusal: Refusal, message: string): Refused => ({ kind: 'refused', refusal, message });

type Standing =
  | { readonly kind: 'at-from'; readonly deployment: Deployment }
  | { readonly kind: 'at-to'; readonly deployment: Deployment }
  | Refused
  | Failed;

/** Reads where the Deployment stands, seen from the plan: at "from", at "to", or not ours to touch. */
const look = async (site: Site, pin: DeploymentPin, signal: AbortSignal): Promise<Standing> => {
  const read = await site.connection.send<Deployment>({ method: 'GET', path: pathOf(site) }, signal);
  if (read.kind === 'failed') return read;
  if (read.kind !== 'ok') return refused('not-found', read.message);
  const deployment = read.body;
  if (deployment.metadata.uid !== pin.deploymentUid) {
    return refused('changed-meanwhile', 'The Deployment was deleted and made anew since the plan was made');
  }
  const { template } = deployment.spec;
  if (sameTemplate(template, pin.template)) return { kind: 'at-to', deployment };
  if (templateDigest(template) !== pin.fromDigest) {
    return refused('changed-meanwhile', 'The pod template is neither the one to leave nor the one to go back to');
  }
  return obstacleOf(deployment, site.step.allowOwner) ?? { kind: 'at-from', deployment };
};

const patchOf = (site: Site, pin: DeploymentPin, at: Deployment, dryRun: boolean): ReturnType<typeof jsonPatch> => {
  const changes = [{ op: 'replace', path: '/spec/template', value: pin.template } as const];
  return jsonPatch(pathOf(site), at.metadata.resourceVersion ?? '', changes, dryRun);
};

/** A failure after which the change may be in all the same. */
const mayHaveHappened = (failure: Failure): boolean => failure.kind === 'ambiguous' || failure.kind === 'server';

/** Asks before anyone retries: the answer to a PATCH that took effect can be lost on the way. */
const settle = async (site: Site, pin: DeploymentPin, failed: Failed, signal: AbortSignal): Promise<Change> => {
  const now = await look(site, pin, signal);
  return now.kind === 'at-to' ? { kind: 'changed', deployment: now.deployment, date: null } : failed;
};

const change = async (site: Site, pin: DeploymentPin, dryRun: boolean, signal: AbortSignal): Promise<Change> => {
  for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
    const standing = await look(site, pin, signal);
    if (standing.kind === 'at-to') return { kind: 'already-there', deployment: standing.deployment };
    if (standing.kind !== 'at-from') return standing;
    const patch = patchOf(site, pin, standing.deployment, dryRun);
    const answer = await site.connection.send<Deployment>(patch, signal);
    if (answer.kind === 'ok') return { kind: 'changed', deployment: answer.body, date: answer.date };
    if (answer.kind === 'not-found') return refused('not-found', answer.message);
    if (answer.kind === 'conflict') continue;
    return !dryRun && mayHaveHappened(answer.failure) ? await settle(site, pin, answer, signal) : answer;
  }
  const message = `The Deployment kept changing: no write got in between in ${ATTEMPTS} attempts`;
  return { kind: 'failed', failure: { kind: 'server', message } };
};

/**
 * When the server recorded our write, if no other write to the object itself came after it; tells a rollout that we
 * began before a crash from one that we did not. Status and scale have records of their own.
 */
const ourWriteAt = ({ metadata }: Deployment): string | null => {
  const writes = (metadata.managedFields ?? []).filter((entry) => entry.subresource === undefined);
  const last = writes.toSorted((a, b) => (a.time ?? '').localeCompare(b.time ?? '')).at(-1);
  return last?.manager === FIELD_MANAGER ? (last.time ?? null) : null;
};

const receiptOf = (deployment: Deployment, date: string | null): Receipt => {
  const at = date ?? ourWriteAt(deployment);
  return { generation: deployment.metadata.generation ?? 0, acceptedAt: at === null ? null : iso(Date.parse(at)) };
};

/** Asks the server to validate and admit the very change, and to store nothing. */
export const rehearse = async (site: Site, pin: DeploymentPin, signal: AbortSignal): Promise<Rehearsal> => {
  const result = await change(site, pin, true, signal);
  if (result.kind === 'already-there') return { kind: 'would-work', message: 'Already at the target version' };
  if (result.kind === 'changed') return { kind: 'would-work', message: 'The server would accept the change' };
  return result;
};

/** Puts the target's template in place. Looks first, so that repeating it after a crash changes nothing twice. */
export const execute = async (site: Site, pin: DeploymentPin, signal: AbortSignal): Promise<Execution> => {
  const result = await change(site, pin, false, signal);
  switch (result.kind) {
    case 'changed':
      return { kind: 'accepted', receipt: toReceipt(receiptOf(result.deployment, result.date)) };
    case 'already-there': {
      const receipt = toReceipt(receiptOf(result.deployment, null));
      return { kind: 'already-there', receipt, message: 'The target version is already in place' };
    }
    case 'refused':
    case 'failed':
      return result;
  }
};
