import type { Failure } from '../../../domain/failure.ts';
import type { PinnedTarget } from '../../../domain/plan.ts';
import type { Execution } from '../../ports.ts';
import { isSameOrigin } from './client.ts';
import { endsOf, executeAnswer, type ExecuteAnswer, type StatusAnswer } from './messages.ts';
import { toReceipt, type WebhookPin } from './pin.ts';
import { unanswered } from './resolve.ts';
import { ask, askStatus, refusedBy, type Site } from './site.ts';

/** It has begun, or is through: how it went is for `observe` to say. An address elsewhere is not kept. */
const accepted = (site: Site, statusUrl: string | undefined): Execution => {
  const url = statusUrl !== undefined && isSameOrigin(statusUrl, site.endpoint) ? statusUrl : null;
  return { kind: 'accepted', receipt: toReceipt(url) };
};

const executionOf = (site: Site, answer: ExecuteAnswer | StatusAnswer): Execution => {
  switch (answer.state) {
    case 'refused':
      return refusedBy(answer);
    case 'already-there':
      return { kind: 'already-there', receipt: toReceipt(null), message: answer.message || 'It is there already' };
    case 'running':
    case 'done':
    case 'failed':
    case 'diverged':
      return accepted(site, answer.statusUrl);
  }
};

/** A failure after which it may have begun all the same. */
const mayHaveHappened = (failure: Failure): boolean => failure.kind === 'ambiguous' || failure.kind === 'server';

/**
 * Has the endpoint roll back. Asks for the state first, by the key: a request whose answer was lost, to us or to the
 * process before us, is not sent a second time unless the endpoint says that it never arrived.
 */
export const execute = async (
  site: Site,
  target: PinnedTarget,
  { key }: WebhookPin,
  signal: AbortSignal,
): Promise<Execution> => {
  const before = await askStatus(site, target, key, null, signal);
  if (before.kind === 'ok') return executionOf(site, before.body);
  if (before.kind !== 'not-found') return unanswered(before);

  const answer = await ask(site, 'execute', executeAnswer, { key, more: endsOf(target) }, signal);
  if (answer.kind === 'ok') return executionOf(site, answer.body);
  if (answer.kind === 'not-found') return unanswered(answer);
  const failure: Failure =
    answer.kind === 'unreadable' ? { kind: 'ambiguous', message: answer.message } : answer.failure;
  if (!mayHaveHappened(failure)) return { kind: 'failed', failure };
  const after = await askStatus(site, target, key, null, signal);
  return after.kind === 'ok' ? executionOf(site, after.body) : { kind: 'failed', failure };
};
