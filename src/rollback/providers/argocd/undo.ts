import type { PinnedTarget } from '../../../domain/plan.ts';
import type { Resolution } from '../../ports.ts';
import { versionOf } from './pick-target.ts';
import type { ArgocdPin } from './pin.ts';
import { pinned, standingStop, unread } from './resolve.ts';
import { readApplication, refused, type Site } from './site.ts';
import { historyOf, liveOf } from './state.ts';
import { digestOf } from './version.ts';

/**
 * The way back to the version that was left. Only from where the rollback went: what came later is not undone. The
 * rollback has got an id of its own and the old ones may be cut off, so the entry is found by what it holds.
 */
export const undo = async (
  site: Site,
  target: PinnedTarget,
  pin: ArgocdPin,
  signal: AbortSignal,
): Promise<Resolution> => {
  const read = await readApplication(site, signal);
  if (read.kind === 'failed') return read;
  if (read.kind !== 'ok') return unread(read);
  const application = read.body;
  const history = historyOf(application);
  const live = liveOf(application);
  const stop = standingStop(application);
  if (stop !== null) return stop;
  if (live?.digest !== pin.digest && live?.digest !== pin.fromDigest) {
    const message = `It runs neither ${target.to.version} nor ${target.from.version}: somebody changed it since`;
    return refused('changed-meanwhile', message);
  }
  const entry = history.findLast((one) => digestOf(one) === pin.fromDigest);
  if (entry === undefined) {
    const message = `The history holds no entry of ${target.from.version}: it never completed, or was cut off`;
    return refused('no-older-version', message);
  }
  const here = live.entry === null ? target.to : versionOf(live.entry, history);
  const ends = { from: here, to: { ...versionOf(entry, history), images: target.from.images }, target: entry };
  if (live.digest === pin.digest) return { kind: 'target', target: pinned(site, application, ends, []) };
  const back = pinned(site, application, { ...ends, from: target.to }, []);
  return { kind: 'already-there', target: back, message: `It runs ${target.from.version} already` };
};
