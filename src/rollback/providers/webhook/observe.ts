import type { JsonObject } from '../../../domain/json.ts';
import type { PinnedTarget } from '../../../domain/plan.ts';
import type { Observation } from '../../ports.ts';
import type { StatusAnswer } from './messages.ts';
import { fromReceipt, type WebhookPin } from './pin.ts';
import { unanswered } from './resolve.ts';
import { askStatus, refusedBy, type Site } from './site.ts';

const WORDS = {
  running: 'The endpoint is at work',
  done: 'The endpoint says that it is done',
  failed: 'The endpoint says that it failed',
  diverged: 'The endpoint says that somebody else moved it since',
};

const observationOf = (answer: StatusAnswer): Observation => {
  if (answer.state === 'refused') return { kind: 'failed', message: refusedBy(answer).message, progress: {} };
  const { state, progress } = answer;
  const message = answer.message === '' ? WORDS[state] : answer.message;
  return { kind: state === 'running' ? 'progressing' : state, message, progress };
};

/** How far the endpoint says that it is. */
export const observe = async (
  site: Site,
  target: PinnedTarget,
  { key }: WebhookPin,
  receipt: JsonObject,
  signal: AbortSignal,
): Promise<Observation> => {
  const answer = await askStatus(site, target, key, fromReceipt(receipt), signal);
  if (answer.kind === 'ok') return observationOf(answer.body);
  if (answer.kind !== 'not-found') return { kind: 'unreadable', failure: unanswered(answer).failure };
  return { kind: 'failed', message: 'The endpoint does not know of this rollback (404)', progress: {} };
};
