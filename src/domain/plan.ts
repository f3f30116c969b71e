import type { Json, JsonObject } from './json.ts';
import type { Instant } from './time.ts';

export const PROVIDERS = ['deployment', 'statefulset', 'daemonset', 'argocd', 'helm', 'webhook', 'command'] as const;
export type ProviderName = (typeof PROVIDERS)[number];

/** From the most careful to the least. */
export const AUTOMATION_MODES = ['off', 'shadow', 'approve', 'auto'] as const;
export type AutomationMode = (typeof AUTOMATION_MODES)[number];

export const stricter = (a: AutomationMode, b: AutomationMode): AutomationMode =>
  AUTOMATION_MODES[Math.min(AUTOMATION_MODES.indexOf(a), AUTOMATION_MODES.indexOf(b))] ?? 'off';

/** One step of a rollback as an SRE wrote it. `with` is the provider's own. */
export interface StepConfig {
  readonly name: string;
  readonly provider: ProviderName;
  readonly timeoutSeconds: number;
  readonly onFailure: 'stop' | 'continue';
  readonly with: JsonObject;
}

/** A version of a target that a person can recognise. */
export interface VersionRef {
  /** Short name for people: `r42`, `v1.8.3`. */
  readonly version: string;
  /** What does not change when revisions are renumbered: a ReplicaSet UID, a chart digest. */
  readonly identity: string;
  readonly images: readonly string[];
  /** When this version was made; null when nobody can say. */
  readonly since: Instant | null;
  /** A regular expression for the names of its pods; absent where names do not tell versions apart. */
  readonly pods?: string;
}

/** Resolved once, stored before anything runs, and never "previous". */
export interface PinnedTarget {
  /** Unique over everything that Firebreak can touch: `kubernetes/eu-1/shop/deployment/checkout`. One rollback at once a key. */
  readonly key: string;
  readonly from: VersionRef;
  readonly to: VersionRef;
  /** What the provider needs to carry it out and to recognise it again; it reads nothing else. */
  readonly pin: JsonObject;
  /** What going back will not undo: ConfigMaps, Secrets, schema. */
  readonly notReverted: readonly string[];
  readonly warnings: readonly string[];
}

export interface PlannedStep {
  readonly config: StepConfig;
  readonly target: PinnedTarget;
}

/** The ordered steps of a rollback with their pinned targets; `hash` is over the exact stored text. */
export interface Plan {
  readonly service: string;
  readonly madeAt: Instant;
  readonly steps: readonly PlannedStep[];
}

export const VERDICTS = ['recovered', 'not-recovered', 'unknown', 'recovered-without-us'] as const;
export type Verdict = (typeof VERDICTS)[number];

/** Every check that can stop a rollback; the name is the metric label and the event's field. */
export const RAILS = [
  'mode',
  'kill-switch',
  'plan-missing',
  'target-unresolved',
  'already-there',
  'recent-change',
  'suspect-is-cause',
  'change-under-way',
  'cooldown',
  'blast-radius',
  'freeze-window',
  'maintenance',
  'capacity',
  'database',
  'gitops-owner',
  'needs-person',
  'target-busy',
  'rehearsal',
  'approval-expired',
  'state-moved',
  'step-failed',
  'aborted',
  'recovered-without-us',
] as const;
export type Rail = (typeof RAILS)[number];

export interface RailStop {
  readonly rail: Rail;
  readonly because: string;
  readonly evidence?: Json;
}
