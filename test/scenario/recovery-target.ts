import type { PinnedTarget, StepConfig, VersionRef } from '../../src/domain/plan.ts';
import { iso } from '../../src/domain/time.ts';
import type { Observation, RollbackProvider } from '../../src/rollback/ports.ts';
import { CORE_START } from '../harness/core.ts';
import { MINUTE } from '../unit/support/incident.ts';
import { READY, RELEASED } from './recovery-series.ts';

/** A target that goes back to r41 when it is told to, and says so when its pods are ready. */
export interface ScriptedTarget {
  readonly provider: RollbackProvider;
  readonly step: StepConfig;
  /** The moments, epoch ms, at which something was changed. */
  readonly changed: readonly number[];
  /** How often it was looked at since. */
  looks: number;
  /** Minutes. */
  releasedAt: number;
  podsReadyAfterMs: number;
  /** Who has put r42 back since. */
  movedBy: string | null;
}

const version = (name: string, service: string, minute: number): VersionRef => ({
  version: name,
  identity: `${service}-${name}`,
  images: [`shop/${service}:${name}`],
  since: iso(CORE_START + minute * MINUTE),
  pods: `${service}-${name}-.*`,
});

export function scriptedTarget(service: string, now: () => number): ScriptedTarget {
  const changed: number[] = [];
  const target: ScriptedTarget = {
    changed,
    looks: 0,
    releasedAt: RELEASED,
    podsReadyAfterMs: READY * MINUTE,
    movedBy: null,
    step: { name: service, provider: 'deployment', timeoutSeconds: 300, onFailure: 'stop', with: { name: service } },
    provider: {
      name: 'deployment',
      describe: (step) => step.name,
      checkConfig: () => null,
      undo: async () => ({ kind: 'refused', refusal: 'unsupported', message: 'nobody undoes anything here' }),
      // It would go back once more if it were asked, and one further each time.
      resolve: async () => ({ kind: 'target', target: pinned() }),
      rehearse: async () => ({ kind: 'would-work', message: 'it would' }),
      execute: async () => {
        changed.push(now());
        return { kind: 'accepted', receipt: { change: changed.length } };
      },
      observe: async () => {
        target.looks += 1;
        return observation();
      },
    },
  };
  const pinned = (): PinnedTarget => {
    const back = changed.length;
    const from = version(`r${42 - back}`, service, back === 0 ? target.releasedAt : -24 * 60);
    const to = version(`r${41 - back}`, service, -24 * 60 - 1);
    return { key: `scripted/${service}`, from, to, pin: {}, notReverted: [], warnings: [] };
  };
  const observation = (): Observation => {
    if (target.movedBy !== null) return { kind: 'diverged', message: `${target.movedBy} put r42 back`, progress: {} };
    const ready = now() - (changed.at(-1) ?? 0) >= target.podsReadyAfterMs;
    return ready
      ? { kind: 'done', message: '3 of 3 are ready', progress: {} }
      : { kind: 'progressing', message: '2 of 3 are ready', progress: {} };
  };
  return target;
}
