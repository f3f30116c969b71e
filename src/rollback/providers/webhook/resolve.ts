import type { Failure } from '../../../domain/failure.ts';
import type { PinnedTarget, VersionRef } from '../../../domain/plan.ts';
import type { Rehearsal, Resolution, ResolveContext } from '../../ports.ts';
import type { Answer } from './client.ts';
import { checkAnswer, endsOf, type ResolveAnswer, resolveAnswer } from './messages.ts';
import { toPin, type WebhookPin } from './pin.ts';
import { ask, refusedBy, type Site } from './site.ts';

type Failed = { readonly kind: 'failed'; readonly failure: Failure };

/** An answer that holds nothing to go on with. Nothing was changed by asking. */
export const unanswered = (answer: Exclude<Answer<unknown>, { kind: 'ok' }>): Failed => {
  if (answer.kind === 'failed') return answer;
  const message = answer.kind === 'not-found' ? 'webhook: HTTP 404: is its address right?' : answer.message;
  return { kind: 'failed', failure: { kind: 'rejected', message } };
};

const isBad = ({ identity, version, images }: VersionRef, badVersions: readonly string[]): boolean =>
  [identity, version, ...images].some((name) => badVersions.includes(name));

const pinned = (site: Site, key: string, answer: Exclude<ResolveAnswer, { state: 'refused' }>): PinnedTarget => {
  const { endpoint, target } = site.step;
  return {
    key: `webhook/${endpoint}${target === null ? '' : `/${target}`}`,
    from: answer.from,
    to: answer.to,
    pin: toPin({ endpoint, target, key }),
    notReverted: answer.notReverted,
    warnings: answer.warnings,
  };
};

const resolutionOf = (site: Site, key: string, answer: ResolveAnswer, badVersions: readonly string[]): Resolution => {
  if (answer.state === 'refused') return refusedBy(answer);
  const target = pinned(site, key, answer);
  const { from, to } = target;
  // Checked here too: an endpoint that goes to "the previous one" would bring the bad version back.
  if (isBad(to, badVersions)) {
    return { kind: 'refused', refusal: 'target-was-bad', message: `${to.version} was found bad in this incident` };
  }
  if (answer.state === 'already-there') {
    const message = answer.message === '' ? `It runs ${to.version} already` : answer.message;
    return { kind: 'already-there', target, message };
  }
  if (from.identity !== to.identity) return { kind: 'target', target };
  return { kind: 'refused', refusal: 'no-older-version', message: `The endpoint names ${to.version} as both ends` };
};

/** Asks which version to go back to. */
export const resolve = async (
  site: Site,
  key: string,
  { badVersions }: ResolveContext,
  signal: AbortSignal,
): Promise<Resolution> => {
  const answer = await ask(site, 'resolve', resolveAnswer, { key: null, more: { badVersions } }, signal);
  return answer.kind === 'ok' ? resolutionOf(site, key, answer.body, badVersions) : unanswered(answer);
};

/** Asks for the way back from where a rollback went. The endpoint knows whether it still stands there. */
export const undo = async (
  site: Site,
  key: string,
  target: PinnedTarget,
  { key: undone }: WebhookPin,
  signal: AbortSignal,
): Promise<Resolution> => {
  const answer = await ask(site, 'undo', resolveAnswer, { key: undone, more: endsOf(target) }, signal);
  if (answer.kind !== 'ok') return unanswered(answer);
  const resolution = resolutionOf(site, key, answer.body, []);
  if (!('target' in resolution) || resolution.target.to.identity === target.from.identity) return resolution;
  const message = `The endpoint would go to ${resolution.target.to.version}, not back to ${target.from.version}`;
  return { kind: 'refused', refusal: 'changed-meanwhile', message };
};

/** Asks whether the endpoint would do it. */
export const rehearse = async (
  site: Site,
  target: PinnedTarget,
  { key }: WebhookPin,
  signal: AbortSignal,
): Promise<Rehearsal> => {
  const answer = await ask(site, 'check', checkAnswer, { key, more: endsOf(target) }, signal);
  if (answer.kind !== 'ok') return unanswered(answer);
  if (answer.body.state === 'refused') return refusedBy(answer.body);
  return { kind: 'would-work', message: answer.body.message || 'The endpoint says that it would work' };
};
