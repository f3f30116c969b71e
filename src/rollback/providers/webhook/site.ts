import type { JsonObject } from '../../../domain/json.ts';
import type { z } from 'zod';
import type { PinnedTarget } from '../../../domain/plan.ts';
import type { Refusal } from '../../ports.ts';
import { type Answer, isSameOrigin, post, type WebhookConnection, type WebhookEndpoint } from './client.ts';
import type { WebhookStep } from './config.ts';
import { type Action, bodyOf, endsOf, statusAnswer, type StatusAnswer } from './messages.ts';

/** An endpoint, and what a step asks of it. */
export interface Site {
  readonly connection: WebhookConnection;
  readonly endpoint: WebhookEndpoint;
  readonly name: string;
  readonly step: WebhookStep;
}

export type Refused = { readonly kind: 'refused'; readonly refusal: Refusal; readonly message: string };

/** An answer of the other side that says no. */
export const refusedBy = (answer: { readonly refusal: Refusal; readonly message: string }): Refused => ({
  kind: 'refused',
  refusal: answer.refusal,
  message: answer.message === '' ? 'the endpoint gave no reason' : answer.message,
});

export const ask = <T>(
  { connection, endpoint, name, step }: Site,
  action: Action,
  schema: z.ZodType<T>,
  about: { readonly key: string | null; readonly more: JsonObject; readonly url?: string },
  signal: AbortSignal,
): Promise<Answer<T>> => {
  const { key, more, url } = about;
  const body = bodyOf(action, name, step, more);
  return post(connection, { endpoint, key, body, schema, ...(url === undefined ? {} : { url }) }, signal);
};

/** How far the rollback with this key is; `not-found` when it never arrived. */
export const askStatus = async (
  site: Site,
  target: PinnedTarget,
  key: string,
  statusUrl: string | null,
  signal: AbortSignal,
): Promise<Answer<StatusAnswer>> => {
  const about = { key, more: endsOf(target) };
  if (statusUrl !== null && isSameOrigin(statusUrl, site.endpoint)) {
    const there = await ask(site, 'status', statusAnswer, { ...about, url: statusUrl }, signal);
    if (there.kind !== 'not-found') return there;
  }
  return ask(site, 'status', statusAnswer, about, signal);
};
