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

/** What a sender says was done with a change before it went out. */
export interface ChangeEvidence {
  readonly tests: boolean;
  readonly staging: boolean;
}

/** What pipelines write where there is none. */
const NO_EVIDENCE = new Set([
  '',
  'false',
  '0',
  'no',
  'none',
  'null',
  'undefined',
  'n/a',
  'skipped',
  'failed',
  'failure',
]);

/** Whether a change says that it was tested, and that it ran in staging: a link, `passed`, `true`, whatever is no denial. */
export function evidenceOfChange({ evidence }: Pick<Change, 'evidence'>): ChangeEvidence {
  const says = (name: string): boolean => {
    const value = Object.hasOwn(evidence, name) ? evidence[name] : undefined;
    return value !== undefined && !NO_EVIDENCE.has(value.trim().toLowerCase());
  };
  return { tests: says('tests'), staging: says('staging') };
}
