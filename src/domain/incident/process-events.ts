import type { Json } from '../json.ts';
import type { Severity } from '../severity.ts';
import type { Instant } from '../time.ts';
import type { AlertCounts, ClockName, OnsetSource, PageReason } from './event-parts.ts';

/** Who said or did it, and by which way it came: `api`, `slack`, `pagerduty`, `cli`, `firebreak`. */
export interface Said {
  readonly by: string;
  readonly via: string;
}

/** Why messages about an incident are held back. Its clocks run on all the same, and it is never resolved by that. */
export const QUIET_KINDS = ['maintenance', 'silenced', 'storm'] as const;
export type QuietKind = (typeof QUIET_KINDS)[number];

export interface Quiet {
  readonly kind: QuietKind;
  readonly because: string;
  /** Null: until it is said to be over. */
  readonly until: Instant | null;
  /** The incident that tells of it for all: the head of a storm. */
  readonly head?: string;
}

/** `ids` are the first of them. */
export interface StormOver {
  readonly stillFiring: number;
  readonly ids: readonly string[];
}

/** What a person knows of the impact. What is not stated is unknown. */
export interface StatedImpact {
  readonly usersAffectedPercent?: number;
  readonly usersAffected?: number;
  readonly features?: readonly string[];
  /** What users see: error pages, slow answers, lost orders. */
  readonly errorExperience?: string;
  readonly supportTickets?: number;
  readonly revenue?: string;
  readonly satisfaction?: string;
  readonly brand?: string;
  readonly database?: string;
  readonly application?: string;
  readonly downstream?: string;
}

export const EVIDENCE_KINDS = [
  'link',
  'text',
  'metric',
  'log',
  'alert',
  'ticket',
  'user-report',
  'third-party',
] as const;
export type EvidenceKind = (typeof EVIDENCE_KINDS)[number];

export const CAUSE_CATEGORIES = [
  'code-bug',
  'database-migration',
  'configuration',
  'infrastructure',
  'third-party',
  'capacity',
  'security',
] as const;
export type CauseCategory = (typeof CAUSE_CATEGORIES)[number];

export const FIX_STAGES = [
  'linked',
  'implemented',
  'tested',
  'staging',
  'deployed',
  'validated',
  'unnecessary',
] as const;
export type FixStage = (typeof FIX_STAGES)[number];

export const ACTION_KINDS = ['immediate', 'process', 'technical', 'documentation'] as const;
export type ActionKind = (typeof ACTION_KINDS)[number];

export const ACTION_STATUSES = ['open', 'done', 'verified'] as const;
export type ActionStatus = (typeof ACTION_STATUSES)[number];

/** Texts of the post-mortem that people write. */
export const REPORT_SECTIONS = [
  'summary',
  'what-happened',
  'why-not-caught-in-review',
  'why-not-caught-in-testing',
  'why-not-caught-in-deployment',
  'contributing-factors',
  'impact-business',
  'impact-technical',
  'resolution',
  'prevention',
  'went-well',
  'could-be-better',
  'takeaways',
  'reviewers',
] as const;
export type ReportSection = (typeof REPORT_SECTIONS)[number];

export const RECURRENCES = ['same-cause', 'same-alerts', 'same-service'] as const;
export type Recurrence = (typeof RECURRENCES)[number];

export interface OpenAction {
  readonly incidentId: string;
  readonly id: string;
  readonly action: string;
  readonly owner: string | null;
  readonly dueAt: Instant | null;
}

/** What the process around an incident adds to its timeline: people, clocks, communication, diagnosis, fix, learning. */
export interface ProcessEventData {
  'commander-taken': Said;
  /** Stands until it is released, whatever the rules say meanwhile. */
  'severity-overridden': Said & { readonly severity: Severity; readonly because: string };
  'severity-released': Said;
  'impact-stated': Said & { readonly impact: StatedImpact };
  'onset-corrected': Said & { readonly from: Instant; readonly to: Instant; readonly because: string };
  /** It became urgent only now: the onset, and with it the baseline and the suspects, are taken anew. */
  'onset-renewed': { readonly at: Instant; readonly source: OnsetSource; readonly because: string };
  /** A false alarm: out of the statistics, its public posts retracted. */
  'incident-dismissed': Said & { readonly because: string };
  /** It is part of another one, which goes on for both. */
  'incident-merged': Said & { readonly into: string; readonly because: string };
  'incident-absorbed': Said & {
    readonly from: string;
    readonly title: string;
    readonly service: string | null;
    readonly alertNames: readonly string[];
    readonly counts: AlertCounts;
  };
  /** Another incident has the page for both. */
  'incident-linked': { readonly to: string; readonly because: string };
  'incident-unlinked': { readonly from: string; readonly because: string };
  'link-noted': {
    readonly from: string;
    readonly title: string;
    readonly service: string | null;
    readonly because: string;
  };
  quieted: Quiet;
  unquieted: { readonly kind: QuietKind; readonly because: string };
  /** `lateSeconds`: how long after its moment it was given; more than a moment means that we were not running. */
  'clock-warned': {
    readonly clock: ClockName;
    readonly percent: number;
    readonly deadline: Instant;
    readonly lateSeconds?: number;
  };
  /** `by` null: nobody wrote one, so Firebreak did, from the facts. `person`: when a person last wrote one. */
  'status-updated': {
    readonly text: string;
    readonly by: string | null;
    readonly via: string;
    readonly person: Instant | null;
    readonly nextAt: Instant | null;
  };
  /** PagerDuty did not take the page in time: every other channel gets it. */
  'page-unaccepted': { readonly reason: PageReason; readonly because: string; readonly seconds: number };
  'publication-awaits-approval': { readonly text: string };
  /** By a person, or by Firebreak where the configuration publishes automatically. */
  'publication-approved': Said;
  /** Customers are not told, because nobody said whether they are concerned. A person may still publish it. */
  'publication-withheld': { readonly because: string };
  /** So many incidents opened in a short time that one message stands for all of them. */
  'storm-grew': {
    readonly incidents: number;
    readonly services: readonly string[];
    readonly bySeverity: Readonly<Partial<Record<Severity, number>>>;
    /** Nothing opens any more: what still fires is named, and heard of again. */
    readonly over?: StormOver;
  };
  'evidence-added': Said & {
    readonly id: string;
    readonly kind: EvidenceKind;
    readonly title: string;
    readonly url: string | null;
    readonly text: string | null;
    readonly query: string | null;
    readonly result: Json;
  };
  'blocker-added': Said & { readonly id: string; readonly text: string };
  'blocker-cleared': Said & { readonly id: string };
  'root-cause-recorded': Said & {
    readonly id: string;
    readonly category: CauseCategory;
    readonly summary: string;
    /** 0 to 1. */
    readonly confidence: number;
    readonly evidence: readonly string[];
  };
  'root-cause-judged': Said & {
    readonly id: string;
    readonly state: 'confirmed' | 'refuted';
    readonly because: string;
  };
  'checklist-ticked': Said & { readonly item: string; readonly done: boolean };
  /** A change to an affected service while the incident lasts. */
  'change-noticed': {
    readonly id: string;
    readonly service: string;
    readonly kind: string;
    readonly version: string | null;
    readonly by: string | null;
    readonly url: string | null;
    readonly at: Instant;
    readonly beforeRestoration: boolean;
  };
  /** `at`: when it was so, which may be earlier than it was told. */
  'fix-recorded': Said & {
    readonly stage: FixStage;
    readonly at: Instant;
    readonly url: string | null;
    readonly version: string | null;
    readonly text: string | null;
  };
  'monitoring-ended': { readonly result: 'quiet' | 'reopened'; readonly because: string };
  'action-added': Said & {
    readonly id: string;
    readonly action: string;
    readonly kind: ActionKind;
    readonly owner: string | null;
    readonly dueAt: Instant | null;
  };
  'action-changed': Said & {
    readonly id: string;
    readonly status?: ActionStatus;
    readonly owner?: string | null;
    readonly dueAt?: Instant | null;
    readonly note?: string;
  };
  'action-reminded': { readonly id: string; readonly overdue: boolean };
  /** Each text replaces the one before; all of them stay in the timeline. */
  'section-written': Said & { readonly section: ReportSection; readonly text: string; readonly version: number };
  'postmortem-published': Said & { readonly version: number };
  'review-due': { readonly dueAt: Instant };
  /** It has fallen due, and nobody has held it. */
  'review-reminded': { readonly dueAt: Instant };
  'review-held': Said & { readonly text: string };
  'recurrence-recognised': {
    readonly why: Recurrence;
    /** Earlier ones, newest first. */
    readonly of: readonly string[];
    readonly days: number;
    readonly openActions: readonly OpenAction[];
  };
}
