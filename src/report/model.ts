import type { ClockName } from '../domain/incident/events.ts';
import type { ReportSection } from '../domain/incident/process-events.ts';
import type { IncidentStatus } from '../domain/incident/state.ts';
import type { Severity } from '../domain/severity.ts';
import type { Instant } from '../domain/time.ts';

/**
 * `proved`: the events say so. `written`: a person wrote it, and the event says who. `unknown`: no event says anything
 * about it. `to-write`: only people can say it, and nobody has yet.
 */
export type StatementKind = 'proved' | 'written' | 'unknown' | 'to-write';

/** One thing that is said, with the numbers of the events that prove it. Its texts are data: renderers escape them. */
export interface Statement {
  readonly kind: StatementKind;
  /** What it is about; null where the part's title says so already. */
  readonly label: string | null;
  readonly text: string;
  /** An address as it was given. Shown as a link only where it is a web address. */
  readonly href: string | null;
  /** A log, a query's result: shown as it is. */
  readonly verbatim: string | null;
  /** Empty only where nothing is claimed: unknown, or still to write. */
  readonly events: readonly number[];
  /** The text of the post-mortem that people write here. */
  readonly section: ReportSection | null;
}

export interface ListPart {
  readonly kind: 'list';
  readonly id: string;
  /** Null: the section's title is enough. */
  readonly title: string | null;
  readonly items: readonly Statement[];
}

export interface TableRow {
  readonly cells: readonly string[];
  readonly events: readonly number[];
}

export interface TablePart {
  readonly kind: 'table';
  readonly id: string;
  readonly title: string | null;
  readonly columns: readonly string[];
  readonly rows: readonly TableRow[];
  /** Said instead of a table without rows. */
  readonly empty: Statement;
}

export type Part = ListPart | TablePart;

export interface Section {
  readonly number: number;
  readonly id: string;
  readonly title: string;
  readonly parts: readonly Part[];
}

/** How one run of a clock came out. `marginSeconds`: what was left at its end, negative where it was breached. */
export interface SlaResult {
  readonly clock: ClockName;
  readonly result: 'met' | 'breached' | 'cancelled' | 'running' | 'did not run';
  readonly startedAt: Instant | null;
  readonly deadline: Instant | null;
  /** When what it waited for happened; null: it has not, or nobody waits for it any more. */
  readonly endedAt: Instant | null;
  readonly marginSeconds: number | null;
  /** A later event judged the same thing anew. */
  readonly judgedAnew: boolean;
  readonly because: string | null;
  readonly events: readonly number[];
}

/** The figures of an incident in seconds. Null: what ends it has not happened, so it is unknown. */
export interface Figures {
  readonly detectSeconds: number;
  readonly acknowledgeSeconds: number | null;
  /** From detection to service restored; what a reopening added is in it. */
  readonly customerImpactSeconds: number | null;
  readonly rollbackSeconds: number | null;
  /** From detection to the fix being validated. */
  readonly totalSeconds: number | null;
  readonly slaBreaches: number;
}

export interface CitedEvent {
  readonly seq: number;
  readonly at: Instant;
  readonly type: string;
  readonly text: string;
  readonly hash: string;
}

/** What lets anybody check the report against the timeline. */
export interface Proof {
  readonly events: number;
  /** Of the last event: the report says what was known then. */
  readonly asOf: Instant;
  readonly headHash: string;
  readonly verify: string;
  readonly cited: readonly CitedEvent[];
}

export interface Report {
  readonly format: 'firebreak-post-mortem';
  readonly version: 1;
  readonly incident: {
    readonly id: string;
    readonly title: string;
    readonly service: string | null;
    readonly environment: string | null;
    readonly severity: Severity | null;
    readonly status: IncidentStatus;
    readonly drill: boolean;
    readonly openedAt: Instant;
  };
  /** What has to be known before anything else: a drill, a false alarm, a repeat. */
  readonly notices: readonly Statement[];
  readonly figures: Figures;
  readonly sla: readonly SlaResult[];
  readonly sections: readonly Section[];
  readonly closing: ListPart;
  /** Texts that people still have to write. */
  readonly toWrite: readonly ReportSection[];
  readonly proof: Proof;
}
