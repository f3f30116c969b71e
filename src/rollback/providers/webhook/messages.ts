import { z } from 'zod';
import type { JsonObject } from '../../../domain/json.ts';
import type { VersionRef } from '../../../domain/plan.ts';
import { iso, ms } from '../../../domain/time.ts';
import type { Refusal } from '../../ports.ts';
import type { WebhookStep } from './config.ts';

/** What an endpoint is asked. `undo` asks for the way back from a rollback, and like `resolve` changes nothing. */
export type Action = 'resolve' | 'check' | 'execute' | 'status' | 'undo';

export interface Ends {
  readonly from: VersionRef;
  readonly to: VersionRef;
}

/** What an endpoint gets. Fields may be added; `version` changes only when one changes its meaning. */
export const bodyOf = (action: Action, name: string, step: WebhookStep, more: JsonObject): string =>
  JSON.stringify({
    version: 1,
    action,
    step: name,
    target: step.target,
    parameters: step.parameters,
    ...more,
  });

export const endsOf = ({ from, to }: Ends): JsonObject => ({ from: { ...from }, to: { ...to } });

const REFUSALS = [
  'not-found',
  'paused',
  'no-older-version',
  'target-was-bad',
  'unsupported',
  'owned-by-another',
  'changed-meanwhile',
  'no-capacity',
  'incompatible-data',
  'needs-person',
] as const satisfies readonly Refusal[];

const text = z.string().max(1_000);
const name = z.string().min(1).max(200);
const texts = z.array(text).max(50).default([]);
const message = text.default('');

/** Only the name is a must: it then is the identity too. */
const version = z
  .strictObject({
    version: name,
    identity: name.optional(),
    images: z.array(name).max(50).default([]),
    since: z.iso.datetime({ offset: true }).nullable().default(null),
  })
  .transform(({ version: named, identity, images, since }) => ({
    version: named,
    identity: identity ?? named,
    images,
    since: since === null ? null : iso(ms(since)),
  }));

/** Fields that are not known are refused: a slip of the pen must not pass for something that was left out. */
const refused = z.strictObject({ state: z.literal('refused'), refusal: z.enum(REFUSALS), message });

const ends = { from: version, to: version, notReverted: texts, warnings: texts, message };

export const resolveAnswer = z.discriminatedUnion('state', [
  z.strictObject({ state: z.literal('target'), ...ends }),
  z.strictObject({ state: z.literal('already-there'), ...ends }),
  refused,
]);

export const checkAnswer = z.discriminatedUnion('state', [
  z.strictObject({ state: z.literal('would-work'), message }),
  refused,
]);

const progress = z.record(name, z.union([text, z.number(), z.boolean()])).default({});

const under = <State extends string>(state: State) =>
  z.strictObject({ state: z.literal(state), message, progress, statusUrl: text.optional() });

const states = [under('running'), under('done'), under('failed')] as const;

export const executeAnswer = z.discriminatedUnion('state', [
  ...states,
  z.strictObject({ state: z.literal('already-there'), message }),
  refused,
]);

export const statusAnswer = z.discriminatedUnion('state', [...states, under('diverged'), refused]);

export type ResolveAnswer = z.infer<typeof resolveAnswer>;
export type ExecuteAnswer = z.infer<typeof executeAnswer>;
export type StatusAnswer = z.infer<typeof statusAnswer>;
