import { randomUUID } from 'node:crypto';
import type { PinnedTarget, StepConfig } from '../../../domain/plan.ts';
import type { RollbackProvider } from '../../ports.ts';
import type { WebhookConnection } from './client.ts';
import { type ConfigFault, parseStep } from './config.ts';
import { execute } from './execute.ts';
import { observe } from './observe.ts';
import { fromPin, type WebhookPin } from './pin.ts';
import { rehearse, resolve, undo } from './resolve.ts';
import type { Site } from './site.ts';

export interface WebhookProviderOptions extends WebhookConnection {
  /** A key for one rollback; random unless given. */
  readonly newKey?: () => string;
}

type Located = { readonly kind: 'site'; readonly site: Site } | { readonly kind: 'fault'; readonly fault: ConfigFault };

const failed = ({ field, message }: ConfigFault) =>
  ({ kind: 'failed', failure: { kind: 'rejected', message: `with.${field}: ${message}` } }) as const;

/** The plan decides what is touched: a step that was edited since points elsewhere and is refused. */
const elsewhere = ({ step }: Site, pin: WebhookPin): boolean =>
  step.endpoint !== pin.endpoint || step.target !== pin.target;

const CHANGED_STEP = {
  kind: 'refused',
  refusal: 'changed-meanwhile',
  message: 'The step names another endpoint or target than the one that was pinned',
} as const;

/** Has a team's own service roll itself back, by signed requests. The protocol is in docs/rollback-webhook.md. */
export const createWebhookProvider = (options: WebhookProviderOptions): RollbackProvider => {
  const { endpoints, newKey = randomUUID } = options;
  const names = Object.keys(endpoints);

  const locate = (config: StepConfig): Located => {
    const parsed = parseStep(config.with, names);
    if (parsed.kind === 'fault') return parsed;
    const endpoint = endpoints[parsed.step.endpoint];
    if (endpoint === undefined) return { kind: 'fault', fault: { field: 'endpoint', message: 'is not configured' } };
    return { kind: 'site', site: { connection: options, endpoint, name: config.name, step: parsed.step } };
  };

  const change = async <T>(
    step: StepConfig,
    target: PinnedTarget,
    work: (site: Site, pin: WebhookPin) => Promise<T>,
  ): Promise<T | typeof CHANGED_STEP | ReturnType<typeof failed>> => {
    const located = locate(step);
    if (located.kind === 'fault') return failed(located.fault);
    const pin = fromPin(target.pin);
    return elsewhere(located.site, pin) ? CHANGED_STEP : await work(located.site, pin);
  };

  return {
    name: 'webhook',
    describe(step) {
      const located = locate(step);
      if (located.kind === 'fault') return `Rollback webhook of step ${step.name}`;
      const { endpoint, target } = located.site.step;
      return `${target ?? 'what it stands for'}, by the rollback webhook ${endpoint}`;
    },
    checkConfig(step) {
      const located = locate(step);
      return located.kind === 'fault' ? located.fault : null;
    },
    async resolve(step, context, signal) {
      const located = locate(step);
      return located.kind === 'fault' ? failed(located.fault) : await resolve(located.site, newKey(), context, signal);
    },
    rehearse: (step, target, signal) => change(step, target, (site, pin) => rehearse(site, target, pin, signal)),
    execute: (step, target, signal) => change(step, target, (site, pin) => execute(site, target, pin, signal)),
    undo: (step, target, signal) => change(step, target, (site, pin) => undo(site, newKey(), target, pin, signal)),
    async observe(step, target, receipt, _since, signal) {
      const located = locate(step);
      if (located.kind === 'fault') return { kind: 'unreadable', failure: failed(located.fault).failure };
      return await observe(located.site, target, fromPin(target.pin), receipt, signal);
    },
  };
};
