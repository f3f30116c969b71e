import type { Json } from '../json.ts';
import type { Severity } from '../severity.ts';
import type { Instant } from '../time.ts';
import type { ClockName } from './event-parts.ts';
import type {
  ActionKind,
  ActionStatus,
  CauseCategory,
  EvidenceKind,
  FixStage,
  OpenAction,
  Quiet,
  Recurrence,
  ReportSection,
  StatedImpact,
  StormOver,
} from './process-events.ts';

/** A piece of evidence as the projection keeps it: long texts and results are cut there, and whole in their event. */
export interface Evidence {
  /** `E1`… of those that were added; `captured:…` and `alert:…` of the others. Stable. */
  readonly id: string;
  readonly kind: EvidenceKind;
  readonly title: string;
  readonly url: string | null;
  readonly text: string | null;
  readonly query: string | null;
  readonly result: Json;
  readonly by: string;
  readonly at: Instant;
}

export interface Blocker {
  readonly id: string;
  readonly text: string;
  readonly by: string;
  readonly at: Instant;
  readonly clearedAt: Instant | null;
}

export interface RootCause {
  readonly id: string;
  readonly category: CauseCategory;
  readonly summary: string;
  readonly confidence: number;
  readonly evidence: readonly string[];
  readonly state: 'proposed' | 'confirmed' | 'refuted';
  readonly by: string;
  readonly at: Instant;
}

export interface FixStep {
  readonly stage: FixStage;
  readonly at: Instant;
  readonly url: string | null;
  readonly version: string | null;
  readonly text: string | null;
  readonly by: string;
}

export interface ActionItem {
  readonly id: string;
  readonly action: string;
  readonly kind: ActionKind;
  readonly owner: string | null;
  readonly dueAt: Instant | null;
  readonly status: ActionStatus;
  readonly addedAt: Instant;
  readonly remindedAt: Instant | null;
}

export interface WrittenSection {
  readonly text: string;
  readonly by: string;
  readonly at: Instant;
  readonly version: number;
}

/** Where the post on the status page stands. */
export type Publication = 'awaiting-approval' | 'withheld' | 'approved' | 'published' | 'retracted';

/** What one message says of all the incidents of a storm. */
export interface Storm {
  readonly incidents: number;
  readonly services: readonly string[];
  readonly bySeverity: Readonly<Partial<Record<Severity, number>>>;
  readonly over?: StormOver;
}

/** What the process around an incident has come to. Plain JSON, part of the projection. */
export interface ProcessState {
  readonly commander: string | null;
  readonly override: { readonly severity: Severity; readonly by: string; readonly because: string } | null;
  /** A person let go of the severity then, and the rules have not decided since. */
  readonly releasedAt: Instant | null;
  readonly statedImpact: StatedImpact;
  readonly dismissed: { readonly by: string; readonly because: string; readonly at: Instant } | null;
  readonly mergedInto: string | null;
  readonly absorbed: readonly string[];
  /** The incident that has the page for both. */
  readonly linkedTo: string | null;
  /** Those for which this one has the page. */
  readonly links: readonly string[];
  readonly quiet: readonly Quiet[];
  /** When it came back last. */
  readonly reopenedAt: Instant | null;
  /** The highest warning given, in percent, by clock. */
  readonly warned: Readonly<Partial<Record<ClockName, number>>>;
  readonly updates: { readonly count: number; readonly lastAt: Instant | null; readonly personAt: Instant | null };
  readonly publication: Publication | null;
  /** Of which this incident is the head. */
  readonly storm: Storm | null;
  readonly evidence: readonly Evidence[];
  readonly blockers: readonly Blocker[];
  readonly rootCauses: readonly RootCause[];
  /** Items of the checklist that a person ticked. */
  readonly ticked: Readonly<Record<string, { readonly by: string; readonly at: Instant }>>;
  /** Ids of changes that were noticed. */
  readonly changes: readonly string[];
  readonly fixSteps: readonly FixStep[];
  readonly fixDeployedAt: Instant | null;
  readonly fixValidatedAt: Instant | null;
  readonly monitoringEndedAt: Instant | null;
  readonly actions: readonly ActionItem[];
  readonly sections: Readonly<Partial<Record<ReportSection, WrittenSection>>>;
  readonly postmortem: { readonly publishedAt: Instant; readonly by: string } | null;
  readonly review: {
    readonly dueAt: Instant;
    readonly remindedAt: Instant | null;
    readonly heldAt: Instant | null;
  } | null;
  readonly recurrence: {
    readonly why: Recurrence;
    readonly of: readonly string[];
    readonly days: number;
    readonly openActions: readonly OpenAction[];
  } | null;
}

export const NO_PROCESS: ProcessState = {
  commander: null,
  override: null,
  releasedAt: null,
  statedImpact: {},
  dismissed: null,
  mergedInto: null,
  absorbed: [],
  linkedTo: null,
  links: [],
  quiet: [],
  reopenedAt: null,
  warned: {},
  updates: { count: 0, lastAt: null, personAt: null },
  publication: null,
  storm: null,
  evidence: [],
  blockers: [],
  rootCauses: [],
  ticked: {},
  changes: [],
  fixSteps: [],
  fixDeployedAt: null,
  fixValidatedAt: null,
  monitoringEndedAt: null,
  actions: [],
  sections: {},
  postmortem: null,
  review: null,
  recurrence: null,
};

/** Messages are held back for it at the moment. */
export const isQuiet = ({ quiet }: Pick<ProcessState, 'quiet'>): boolean => quiet.length > 0;
