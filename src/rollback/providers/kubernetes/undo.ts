import type { PinnedTarget } from '../../../domain/plan.ts';
import type { Resolution } from '../../ports.ts';
import { obstacleOf, readOwned } from './gate.ts';
import type { WorkloadPin } from './pin.ts';
import { pinned } from './resolve.ts';
import { sameTemplate } from './template.ts';
import { refused, type Site } from './workload.ts';

/** The way back to the template that was left. Only from where the rollback went: what came later is not undone. */
export const undo = async (
  site: Site,
  done: PinnedTarget,
  pin: WorkloadPin,
  signal: AbortSignal,
): Promise<Resolution> => {
  const read = await readOwned(site, signal);
  if (read.kind !== 'open') return read;
  const { workload, owners } = read;
  if (workload.metadata.uid !== pin.uid) {
    return refused('changed-meanwhile', `The ${site.kind.kind} was deleted and made anew since the rollback`);
  }
  const from = { version: done.to, template: pin.template, hash: pin.hash };
  const to = { version: done.from, template: pin.fromTemplate, hash: pin.fromHash };
  const { template } = workload.spec;
  const isBack = sameTemplate(template, to.template);
  if (!isBack && !sameTemplate(template, from.template)) {
    const message = `It runs neither ${done.to.version} nor ${done.from.version}: somebody changed it since`;
    return refused('changed-meanwhile', message);
  }
  const obstacle = isBack ? null : obstacleOf(site, workload, owners);
  if (obstacle !== null) return obstacle;
  const target = await pinned(site, { workload, owners, from, to, warnings: [] }, signal);
  return isBack
    ? { kind: 'already-there', target, message: `It runs ${done.from.version} already` }
    : { kind: 'target', target };
};
