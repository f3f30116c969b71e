import type { Policy } from '../domain/policy.ts';
import type { Clock } from '../domain/time.ts';
import type { InvestigationDeps } from './investigate.ts';
import type { ProviderRegistry, RollbackStore } from './ports.ts';
import type { RecoveryProbe } from './validation/ports.ts';

export interface CoordinatorDeps {
  readonly store: RollbackStore;
  readonly providers: ProviderRegistry;
  readonly investigation: InvestigationDeps;
  readonly probe: RecoveryProbe;
  readonly clock: Clock;
  /** The configuration with what people switched at run time. */
  readonly policy: () => Promise<Policy>;
  readonly log: { info(details: object, message: string): void; warn(details: object, message: string): void };
  /** How long one call to a provider may take. */
  readonly callTimeoutMs: number;
  /** How often a running step is looked at. */
  readonly pollMs: number;
}

/** Whether there is more to do at once. */
export type Move = 'again' | 'wait';
