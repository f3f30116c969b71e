import type { Instant } from './time.ts';

export const CHANGE_KINDS = ['deployment', 'migration', 'config', 'flag'] as const;
export type ChangeKind = (typeof CHANGE_KINDS)[number];

/** A deployment, migration, configuration or flag change that we were told of. */
export interface Change {
  readonly id: string;
  readonly service: string;
  readonly environment: string | null;
  readonly kind: ChangeKind;
  readonly version: string | null;
  readonly previousVersion: string | null;
  readonly startedAt: Instant;
  /** Null while it runs. */
  readonly finishedAt: Instant | null;
  readonly by: string | null;
  readonly url: string | null;
  readonly evidence: Readonly<Record<string, string>>;
}
