import type { PinnedTarget } from '../../../domain/plan.ts';
import type { Resolution } from '../../ports.ts';
import { isPending } from './history.ts';
import { type HelmPin, toPin } from './pin.ts';
import { lastGood } from './resolve.ts';
import { pendingText, refused, revisionFacts, type Site } from './site.ts';

/** The way back to the revision that was left. Only from where the rollback went: what came later is not undone. */
export const undo = async (
  site: Site,
  target: PinnedTarget,
  pin: HelmPin,
  signal: AbortSignal,
): Promise<Resolution> => {
  const read = await site.helm.history(site.step, signal);
  if (read.kind === 'failed') return read;
  const history = read.kind === 'ok' ? read.value : [];
  const live = history.at(-1);
  if (live === undefined || live.status.startsWith('uninstall')) {
    return refused('not-found', 'The release was uninstalled');
  }
  if (isPending(live)) return refused('busy', pendingText(site, live, lastGood(history)));
  const facts = await revisionFacts(site, live, signal);
  if (facts.kind === 'failed') return facts;
  const digest = facts.kind === 'ok' ? facts.value.digest : '';
  const back: PinnedTarget = {
    ...target,
    from: target.to,
    to: target.from,
    warnings: [],
    pin: toPin({
      ...pin,
      id: site.newId(),
      fromRevision: live.number,
      toRevision: pin.fromRevision,
      fromDigest: pin.toDigest,
      toDigest: pin.fromDigest,
    }),
  };
  if (digest === pin.fromDigest) {
    return { kind: 'already-there', target: back, message: `It runs ${target.from.version} already` };
  }
  if (digest !== pin.toDigest) {
    const message = `It runs neither ${target.to.version} nor ${target.from.version}: somebody changed it since`;
    return refused('changed-meanwhile', message);
  }
  if (!history.some(({ number }) => number === pin.fromRevision)) {
    return refused('no-older-version', `Revision ${pin.fromRevision} has fallen out of the history`);
  }
  return { kind: 'target', target: back };
};
