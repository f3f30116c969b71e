import type { Alert } from '../domain/alert.ts';
import type { Change } from '../domain/change.ts';
import type { Handover } from '../domain/handover.ts';
import type { GateAnswer } from '../domain/gate.ts';
import type { Diagnosis } from '../domain/incident/diagnosis.ts';
import type { IncidentEvent } from '../domain/incident/events.ts';
import type { EvidenceKind, FixStage } from '../domain/incident/process-events.ts';
import type { ActionItem } from '../domain/incident/process-state.ts';
import type { ProcessCommand } from '../domain/incident/process-commands.ts';
import type { IncidentState } from '../domain/incident/state.ts';
import type { Json, JsonObject } from '../domain/json.ts';
import type { PageComparison } from '../domain/page-comparison.ts';
import type { Severity } from '../domain/severity.ts';
import type { MaintenanceWindow } from '../domain/maintenance.ts';
import type { AutomationMode, VersionRef } from '../domain/plan.ts';
import type { Statistics, StatisticsFilter } from '../domain/statistics.ts';

export type Role = 'viewer' | 'responder' | 'admin';

export interface IncidentFilter {
  readonly status: readonly string[];
  readonly severity: readonly string[];
  readonly service: string | null;
  /** RFC 3339; opened at or after. */
  readonly since: string | null;
  readonly cursor: { readonly openedAt: string; readonly id: string } | null;
  readonly limit: number;
}

/** Who asks, for the timeline: `{name} via api`. */
export interface Actor {
  readonly name: string;
  readonly via: string;
}

export const REPORT_FORMATS = ['md', 'html', 'json'] as const;
export type ReportFormat = (typeof REPORT_FORMATS)[number];

/** A file that is answered as it is. */
export interface Document {
  readonly contentType: string;
  readonly filename: string;
  readonly text: string;
  /** What a browser may do with it; null: the server's usual policy. */
  readonly contentSecurityPolicy: string | null;
}

/** Evidence as a person gives it. Times are RFC 3339. */
export interface NewEvidence {
  readonly kind: EvidenceKind;
  readonly title: string;
  readonly url: string | null;
  readonly text: string | null;
  readonly question: {
    readonly promql: string;
    readonly at: string | null;
    readonly from: string | null;
    readonly to: string | null;
  } | null;
}

export interface NewFix {
  readonly stage: FixStage;
  readonly url: string | null;
  readonly version: string | null;
  readonly text: string | null;
  readonly at: string | null;
}

export interface ActionFilter {
  readonly status: readonly string[];
  readonly owner: string | null;
  /** Only those that are open after their due date. */
  readonly overdue: boolean;
  readonly limit: number;
}

/** An action item with the incident that it comes from. */
export interface ListedAction extends ActionItem {
  readonly incidentId: string;
  readonly title: string;
  readonly service: string | null;
  readonly severity: Severity;
  readonly overdue: boolean;
}

/** Times are RFC 3339. `from` null: now. Either `until` or `minutes` is given. */
export interface NewMaintenance {
  readonly service: string | null;
  readonly environment: string | null;
  readonly from: string | null;
  readonly until: string | null;
  readonly minutes: number | null;
  readonly because: string;
}

/** An effect as the ledger has it. */
export interface EffectRecord {
  readonly id: string;
  readonly incidentId: string;
  readonly channel: string;
  readonly kind: string;
  readonly status: string;
  readonly attempts: number;
  readonly createdAt: string;
  readonly finishedAt: string | null;
  readonly message: string;
  /** The receipt, or why there is none. */
  readonly result: JsonObject | null;
}

/** An alert that could not be read. */
interface QuarantineRecord {
  readonly deliveryId: string;
  readonly source: string;
  readonly receivedAt: string;
  readonly index: number;
  readonly field: string;
  readonly message: string;
  readonly raw: string;
}

/**
 * What the API needs of the rest. Commands throw `CommandRefused` (domain/incident/commands.ts) when the state does not
 * allow them, and resolve when their events are committed.
 */
export interface ApiBackend {
  /** Newest first, by `openedAt` and then id; `cursor` is the last one that was seen. */
  listIncidents(filter: IncidentFilter): Promise<readonly IncidentState[]>;
  readIncident(id: string): Promise<IncidentState | null>;
  /** The incident's alerts, firing first; at most `limit`. */
  incidentAlerts(id: string, limit: number): Promise<readonly Alert[]>;
  timeline(id: string): Promise<readonly IncidentEvent[]>;
  /** Its post-mortem report; null when there is no such incident. */
  report(id: string, format: ReportFormat): Promise<Document | null>;
  /** What was sent for the incident, and how it went. */
  effects(id: string): Promise<readonly EffectRecord[]>;
  /** Asks Prometheus where there is a question; that it cannot be asked is recorded, and refuses nothing. */
  addEvidence(id: string, actor: Actor, evidence: NewEvidence): Promise<void>;
  /** Null: there is no such incident. */
  diagnosis(id: string): Promise<Diagnosis | null>;
  /** `at` null: now. */
  recordFix(id: string, actor: Actor, fix: NewFix): Promise<void>;
  /** What is due first first. */
  listActions(filter: ActionFilter): Promise<readonly ListedAction[]>;
  /** May this version go out? `environment` null: wherever it goes. */
  gate(service: string, version: string, environment: string | null): Promise<GateAnswer>;
  /** Gives an incident one of the commands of the process around it. */
  carryOut(id: string, command: ProcessCommand): Promise<void>;
  /** Makes it part of another incident. */
  merge(id: string, into: string, actor: Actor, because: string): Promise<void>;
  acknowledge(id: string, actor: Actor): Promise<void>;
  resolve(id: string, actor: Actor, because: string): Promise<void>;
  addNote(id: string, actor: Actor, text: string): Promise<void>;
  approveRollback(id: string, actor: Actor, planHash: string | null): Promise<void>;
  abortRollback(id: string, actor: Actor, because: string): Promise<void>;
  /** Past the rails that are there for automation. */
  startRollback(id: string, actor: Actor, because: string): Promise<void>;
  undoRollback(id: string, actor: Actor, because: string): Promise<void>;
  /** A fix is near: the rollback waits for it, once. */
  declareFix(id: string, actor: Actor, seconds: number): Promise<void>;
  /** What a rollback of the service would do now; null when no plan is written for it. */
  previewRollback(service: string): Promise<PlanPreview | null>;
  /** Starts a synthetic incident; null when the service is not configured. Answers its correlation key's incident id. */
  startDrill(service: string, actor: Actor): Promise<string | null>;
  /** `now` in epoch milliseconds: whether a window holds depends on it. */
  listMaintenance(
    withPast: boolean,
    limit: number,
  ): Promise<{ readonly now: number; readonly windows: readonly MaintenanceWindow[] }>;
  announceMaintenance(
    window: NewMaintenance,
    actor: Actor,
  ): Promise<{ readonly now: number; readonly window: MaintenanceWindow }>;
  /** Null: there is none of this id. */
  endMaintenance(
    id: number,
    actor: Actor,
  ): Promise<{ readonly now: number; readonly window: MaintenanceWindow | null }>;
  listChanges(service: string | null, limit: number): Promise<readonly Change[]>;
  listQuarantine(limit: number): Promise<readonly QuarantineRecord[]>;
  /** What others paged through PagerDuty beside our own pages. Null: until now, since a day before the end. */
  comparePages(
    since: string | null,
    until: string | null,
  ): Promise<PageComparison & { readonly pagerdutyHeardAt: string | null }>;
  /** The days that were compared, newest first. */
  listComparisons(limit: number): Promise<readonly { readonly day: string; readonly comparison: PageComparison }[]>;
  /** Effects that were given up. */
  deadLetters(limit: number): Promise<readonly EffectRecord[]>;
  retryEffects(ids: readonly string[] | 'all'): Promise<number>;
  readAutomation(): Promise<{
    readonly mode: AutomationMode;
    readonly killSwitch: boolean;
    readonly changedBy: string | null;
    readonly changedAt: string | null;
  }>;
  writeAutomation(
    change: { mode?: AutomationMode | undefined; killSwitch?: boolean | undefined },
    actor: Actor,
  ): Promise<void>;
  /** Null: until now, and 90 days back from there. */
  statistics(
    query: Omit<StatisticsFilter, 'since' | 'until'> & { readonly since: string | null; readonly until: string | null },
  ): Promise<Statistics>;
  handover(): Promise<Handover>;
  /** The rules in force, with how the last reload went. */
  rules(): JsonObject;
  /** What the rules make of these facts, and why. */
  explain(facts: Readonly<Record<string, Json>>): Promise<JsonObject>;
}

export interface Health {
  /** Null: can accept and commit. Else what is missing. */
  ready(): Promise<string | null>;
  /** Prometheus text format, with its content type. */
  metrics(): Promise<{ readonly contentType: string; readonly text: string }>;
}

/** A rollback plan, resolved and rehearsed on the real targets. */
export interface PlanPreview {
  readonly service: string;
  readonly mode: AutomationMode;
  readonly at: string;
  readonly reason: string;
  readonly text: string;
  readonly steps: readonly {
    readonly name: string;
    readonly provider: string;
    readonly target: string;
    readonly reason: string;
    readonly message: string;
    readonly from: VersionRef | null;
    readonly to: VersionRef | null;
    readonly notReverted: readonly string[];
    readonly warnings: readonly string[];
  }[];
}

/** What the API needs of a logger; pino's fits. */
export interface Log {
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}
