import type { PinnedTarget, StepConfig } from '../../../domain/plan.ts';
import type { RollbackProvider } from '../../ports.ts';
import type { ArgocdConnection } from './client.ts';
import { type ConfigFault, nameOf, parseStep } from './config.ts';
import { execute } from './execute.ts';
import { observe } from './observe.ts';
import { type ArgocdPin, fromPin } from './pin.ts';
import { rehearse } from './rehearse.ts';
import { resolve } from './resolve.ts';
import type { Site } from './site.ts';
import { undo } from './undo.ts';

export type ArgocdProviderOptions = ArgocdConnection;

type Located = { readonly kind: 'site'; readonly site: Site } | { readonly kind: 'fault'; readonly fault: ConfigFault };

const failed = ({ field, message }: ConfigFault) =>
  ({ kind: 'failed', failure: { kind: 'rejected', message: `with.${field}: ${message}` } }) as const;

/** The plan decides what is touched: a step that was edited since points elsewhere and is refused. */
const elsewhere = ({ step }: Site, pin: ArgocdPin): boolean =>
  step.application !== pin.application || step.namespace !== pin.namespace;

const CHANGED_STEP = {
  kind: 'refused',
  refusal: 'changed-meanwhile',
  message: 'The step names another Application than the one that was pinned',
} as const;

/** Rolls an Argo CD Application back to an older entry of its history. */
export const createArgocdProvider = (connection: ArgocdProviderOptions): RollbackProvider => {
  const locate = (step: StepConfig): Located => {
    const parsed = parseStep(step.with);
    return parsed.kind === 'fault' ? parsed : { kind: 'site', site: { connection, step: parsed.step } };
  };

  const change = async <T>(
    step: StepConfig,
    target: PinnedTarget,
    work: (site: Site, pin: ArgocdPin) => Promise<T>,
  ): Promise<T | typeof CHANGED_STEP | ReturnType<typeof failed>> => {
    const located = locate(step);
    if (located.kind === 'fault') return failed(located.fault);
    const pin = fromPin(target.pin);
    return elsewhere(located.site, pin) ? CHANGED_STEP : await work(located.site, pin);
  };

  return {
    name: 'argocd',
    describe(step) {
      const located = locate(step);
      if (located.kind === 'fault') return `Argo CD Application of step ${step.name}`;
      return `Argo CD Application ${nameOf(located.site.step)}`;
    },
    checkConfig(step) {
      const located = locate(step);
      return located.kind === 'fault' ? located.fault : null;
    },
    async resolve(step, context, signal) {
      const located = locate(step);
      return located.kind === 'fault' ? failed(located.fault) : await resolve(located.site, context, signal);
    },
    rehearse: (step, target, signal) => change(step, target, (site, pin) => rehearse(site, pin, signal)),
    execute: (step, target, signal) => change(step, target, (site, pin) => execute(site, pin, signal)),
    undo: (step, target, signal) => change(step, target, (site, pin) => undo(site, target, pin, signal)),
    async observe(step, target, _receipt, since, signal) {
      const located = locate(step);
      if (located.kind === 'fault') return { kind: 'unreadable', failure: failed(located.fault).failure };
      return await observe(located.site, fromPin(target.pin), since, signal);
    },
  };
};
