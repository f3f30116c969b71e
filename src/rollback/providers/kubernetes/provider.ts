import type { PinnedTarget, StepConfig } from '../../../domain/plan.ts';
import type { RollbackProvider } from '../../ports.ts';
import { capture } from './capture.ts';
import { execute } from './execute.ts';
import { createLocator, type KubernetesOptions } from './locate.ts';
import { observe } from './observe.ts';
import { fromPin, fromReceipt, type WorkloadPin } from './pin.ts';
import { rehearse } from './rehearse.ts';
import { resolve } from './resolve.ts';
import type { ConfigFault } from './step.ts';
import { undo } from './undo.ts';
import { nameOf, refused, type Site, type WorkloadKind } from './workload.ts';

const failed = ({ field, message }: ConfigFault) =>
  ({ kind: 'failed', failure: { kind: 'rejected', message: `with.${field}: ${message}` } }) as const;

/** The plan decides what is touched: a step that was edited since points elsewhere and is refused. */
const elsewhere = ({ cluster, step }: Site, pin: WorkloadPin): boolean =>
  cluster !== pin.cluster || step.namespace !== pin.namespace || step.name !== pin.name;

/** Rolls one kind of workload back to the pod template of an older version. */
export const createWorkloadProvider = (kind: WorkloadKind, options: KubernetesOptions): RollbackProvider => {
  const locate = createLocator(kind, options);
  const changedStep = refused('changed-meanwhile', `The step names another ${kind.kind} than the one that was pinned`);

  const pinned = async <T>(
    step: StepConfig,
    target: PinnedTarget,
    work: (site: Site, pin: WorkloadPin) => Promise<T>,
  ): Promise<T | typeof changedStep | ReturnType<typeof failed>> => {
    const located = locate(step);
    if (located.kind === 'fault') return failed(located.fault);
    const pin = fromPin(target.pin);
    return elsewhere(located.site, pin) ? changedStep : await work(located.site, pin);
  };

  return {
    name: kind.provider,
    describe(step) {
      const located = locate(step);
      if (located.kind === 'fault') return `${kind.kind} of step ${step.name}`;
      return `${nameOf(located.site)} in ${located.site.cluster}`;
    },
    checkConfig(step) {
      const located = locate(step);
      return located.kind === 'fault' ? located.fault : null;
    },
    async resolve(step, context, signal) {
      const located = locate(step);
      return located.kind === 'fault' ? failed(located.fault) : await resolve(located.site, context, signal);
    },
    rehearse: (step, target, signal) => pinned(step, target, (site, pin) => rehearse(site, pin, signal)),
    execute: (step, target, signal) => pinned(step, target, (site, pin) => execute(site, pin, signal)),
    undo: (step, target, signal) => pinned(step, target, (site, pin) => undo(site, target, pin, signal)),
    async capture(step, target, signal) {
      const located = locate(step);
      if (located.kind === 'fault') return { items: [], missing: [failed(located.fault).failure.message] };
      return await capture(located.site, target, fromPin(target.pin), signal);
    },
    async observe(step, target, receipt, since, signal, look = { only: false }) {
      const located = locate(step);
      if (located.kind === 'fault') return { kind: 'unreadable', failure: failed(located.fault).failure };
      return await observe(located.site, fromPin(target.pin), fromReceipt(receipt), since, signal, look);
    },
  };
};
