import type { Failure } from '../../../domain/failure.ts';
import { obstacleOf, readWorkload } from './gate.ts';
import type { Workload } from './objects.ts';
import { outsideOwners } from './outside-owner.ts';
import { type Owner, ownersOf } from './owner.ts';
import type { WorkloadPin } from './pin.ts';
import { sameTemplate, templateDigest } from './template.ts';
import { pathOf, type Refused, refused, type Site } from './workload.ts';

type Failed = { readonly kind: 'failed'; readonly failure: Failure };

export type Change =
  | { readonly kind: 'changed'; readonly workload: Workload; readonly date: string | null }
  | { readonly kind: 'already-there'; readonly workload: Workload }
  | Refused
  | Failed;

/** Status updates move the resourceVersion all the time; each attempt has looked that the template is still "from". */
const ATTEMPTS = 10;

type Standing =
  | { readonly kind: 'at-from'; readonly workload: Workload }
  | { readonly kind: 'at-to'; readonly workload: Workload }
  | Refused
  | Failed;

/** Reads where the workload stands, seen from the plan: at "from", at "to", or not ours to touch. */
const look = async (
  site: Site,
  pin: WorkloadPin,
  outside: readonly Owner[],
  signal: AbortSignal,
): Promise<Standing> => {
  const read = await readWorkload(site, signal);
  if (read.kind !== 'ok') return read;
  const { workload } = read;
  if (workload.metadata.uid !== pin.uid) {
    return refused('changed-meanwhile', `The ${site.kind.kind} was deleted and made anew since the plan was made`);
  }
  const { template } = workload.spec;
  if (sameTemplate(template, pin.template)) return { kind: 'at-to', workload };
  if (templateDigest(template) !== pin.fromDigest) {
    return refused('changed-meanwhile', 'The pod template is neither the one to leave nor the one to go back to');
  }
  return obstacleOf(site, workload, [...ownersOf(workload.metadata), ...outside]) ?? { kind: 'at-from', workload };
};

/** A failure after which the change may be in all the same. */
const mayHaveHappened = (failure: Failure): boolean => failure.kind === 'ambiguous' || failure.kind === 'server';

/** Asks before anyone retries: the answer to a PATCH that took effect can be lost on the way. */
const settle = async (site: Site, pin: WorkloadPin, failed: Failed, signal: AbortSignal): Promise<Change> => {
  const now = await look(site, pin, [], signal);
  return now.kind === 'at-to' ? { kind: 'changed', workload: now.workload, date: null } : failed;
};

/** One attempt; null when somebody else wrote in between. */
const attempt = async (
  site: Site,
  pin: WorkloadPin,
  at: Workload,
  dryRun: boolean,
  signal: AbortSignal,
): Promise<Change | null> => {
  const resourceVersion = at.metadata.resourceVersion ?? '';
  const patch = site.kind.change({ path: pathOf(site), resourceVersion, template: pin.template, dryRun });
  const answer = await site.connection.send<Workload>(patch, signal);
  switch (answer.kind) {
    case 'ok':
      return { kind: 'changed', workload: answer.body, date: answer.date };
    case 'not-found':
      return refused('not-found', answer.message);
    case 'conflict':
      return null;
    case 'failed':
      return !dryRun && mayHaveHappened(answer.failure) ? await settle(site, pin, answer, signal) : answer;
  }
};

/** Puts the target's template in place, or asks the server whether it would let us. Looks before each attempt. */
export const change = async (site: Site, pin: WorkloadPin, dryRun: boolean, signal: AbortSignal): Promise<Change> => {
  const outside = await outsideOwners(site, signal);
  if (outside.kind === 'failed') return outside;
  for (let attempts = 0; attempts < ATTEMPTS; attempts += 1) {
    const standing = await look(site, pin, outside.owners, signal);
    if (standing.kind === 'at-to') return { kind: 'already-there', workload: standing.workload };
    if (standing.kind !== 'at-from') return standing;
    const result = await attempt(site, pin, standing.workload, dryRun, signal);
    if (result !== null) return result;
  }
  const message = `The ${site.kind.kind} kept changing: no write got in between in ${ATTEMPTS} attempts`;
  return { kind: 'failed', failure: { kind: 'server', message } };
};
