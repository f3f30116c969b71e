import type { PinnedTarget } from '../../../domain/plan.ts';
import type { Resolution } from '../../ports.ts';
import type { Deployment } from '../kubernetes/objects.ts';
import { sameTemplate, templateDigest } from '../kubernetes/template.ts';
import type { DeploymentPin } from './pin.ts';
import { toPin } from './pin.ts';
import { obstacleOf, pathOf, type Site } from './resolve.ts';

/** The way back to the template that was left. Only from where the rollback went: what came later is not undone. */
export const undo = async (
  site: Site,
  target: PinnedTarget,
  pin: DeploymentPin,
  signal: AbortSignal,
): Promise<Resolution> => {
  const read = await site.connection.send<Deployment>({ method: 'GET', path: pathOf(site) }, signal);
  if (read.kind === 'failed') return read;
  if (read.kind !== 'ok') return { kind: 'refused', refusal: 'not-found', message: read.message };
  const back: PinnedTarget = {
    ...target,
    from: target.to,
    to: target.from,
    pin: toPin({
      ...pin,
      replicaSetUid: target.from.identity,
      hash: '',
      template: pin.fromTemplate,
      fromDigest: templateDigest(pin.template),
      fromTemplate: pin.template,
    }),
  };
  const { template } = read.body.spec;
  if (sameTemplate(template, pin.fromTemplate)) {
    return { kind: 'already-there', target: back, message: `It runs ${target.from.version} already` };
  }
  if (!sameTemplate(template, pin.template)) {
    const message = `It runs neither ${target.to.version} nor ${target.from.version}: somebody changed it since`;
    return { kind: 'refused', refusal: 'changed-meanwhile', message };
  }
  return obstacleOf(read.body, site.step.allowOwner) ?? { kind: 'target', target: back };
};
