import type { PinnedTarget, StepConfig } from '../domain/plan.ts';
import type { Clock } from '../domain/time.ts';
import { iso } from '../domain/time.ts';
import type { ProviderRegistry, Resolution, Serving } from './ports.ts';

export interface Sighting {
  readonly targets: readonly {
    readonly name: string;
    readonly target: PinnedTarget;
    readonly serving: Serving | null;
  }[];
  /** Every target resolves; null when one did not answer: unknown, not "no". */
  readonly ready: boolean | null;
}

/** Looks at a service's targets without touching them, for the facts: what runs since when, and could it go back. */
export interface TargetLookout {
  look(service: string, steps: readonly StepConfig[], signal: AbortSignal): Promise<Sighting>;
}

/** Facts may ask once a second while alerts stream in; the cluster is asked at most this often a service. */
const FRESH_MS = 10_000;

export function createLookout(providers: ProviderRegistry, clock: Clock): TargetLookout {
  const seen = new Map<string, { at: number; sighting: Promise<Sighting> }>();
  return {
    look(service, steps, signal) {
      const known = seen.get(service);
      if (known !== undefined && clock.now() - known.at < FRESH_MS) return known.sighting;
      const sighting = lookNow(providers, steps, clock.now(), signal);
      const entry = { at: clock.now(), sighting };
      seen.set(service, entry);
      // "Could not ask" is not an answer to keep.
      void sighting.then(({ ready }) => {
        if (ready === null && seen.get(service) === entry) seen.delete(service);
      });
      return sighting;
    },
  };
}

async function lookNow(
  providers: ProviderRegistry,
  steps: readonly StepConfig[],
  now: number,
  signal: AbortSignal,
): Promise<Sighting> {
  const found = await Promise.all(
    steps.map(async (step) => {
      const resolution = await providers[step.provider]?.resolve(step, { badVersions: [], now: iso(now) }, signal);
      return { name: step.name, resolution };
    }),
  );
  const targets = found.flatMap(({ name, resolution }) =>
    resolution !== undefined && 'target' in resolution
      ? [{ name, target: resolution.target, serving: servingOf(resolution) }]
      : [],
  );
  const unanswered = found.some(({ resolution }) => resolution?.kind === 'failed');
  return { targets, ready: unanswered ? null : found.every(({ resolution }) => resolution?.kind === 'target') };
}

const servingOf = (resolution: Resolution): Serving | null =>
  resolution.kind === 'target' ? (resolution.serving ?? null) : null;
