import type { ChangeEvidence } from '../change.ts';
import type { Json } from '../json.ts';
import type { Severity } from '../severity.ts';
import type { Instant } from '../time.ts';
import type { AlertCounts } from './event-parts.ts';
import type {
  ActionKind,
  ActionStatus,
  CauseCategory,
  EvidenceKind,
  FixStage,
  OpenAction,
  Quiet,
  QuietKind,
  Recurrence,
  ReportSection,
  Said,
  StatedImpact,
  StormOver,
} from './process-events.ts';

/** What people and the process ask of an incident beside alerts, rules and rollbacks. */
export type ProcessCommand =
  | ({ readonly kind: 'take-command' } & Said)
  | ({ readonly kind: 'override-severity'; readonly severity: Severity; readonly because: string } & Said)
  | ({ readonly kind: 'release-severity' } & Said)
  | ({ readonly kind: 'state-impact'; readonly impact: StatedImpact } & Said)
  | ({ readonly kind: 'correct-onset'; readonly at: Instant; readonly because: string } & Said)
  | ({ readonly kind: 'close' } & Said)
  | ({ readonly kind: 'dismiss'; readonly because: string } & Said)
  /** The other incident gets `absorb` in the same transaction. */
  | ({ readonly kind: 'merge'; readonly into: string; readonly because: string } & Said)
  | ({
      readonly kind: 'absorb';
      readonly from: string;
      readonly title: string;
      readonly service: string | null;
      readonly severity: Severity | null;
      readonly alertNames: readonly string[];
      readonly counts: AlertCounts;
      /** Messages about it go out. */
      readonly heard?: boolean;
    } & Said)
  | { readonly kind: 'link'; readonly to: string; readonly because: string }
  | { readonly kind: 'unlink'; readonly because: string }
  | {
      readonly kind: 'note-link';
      readonly from: string;
      readonly title: string;
      readonly service: string | null;
      readonly because: string;
    }
  | { readonly kind: 'set-quiet'; readonly quiet: Quiet }
  | { readonly kind: 'clear-quiet'; readonly of: QuietKind; readonly because: string }
  | ({ readonly kind: 'write-update'; readonly text: string } & Said)
  | ({ readonly kind: 'approve-publication' } & Said)
  | {
      readonly kind: 'grow-storm';
      readonly incidents: number;
      readonly services: readonly string[];
      readonly bySeverity: Readonly<Partial<Record<Severity, number>>>;
      readonly over?: StormOver;
    }
  | ({
      readonly kind: 'add-evidence';
      readonly evidence: EvidenceKind;
      readonly title: string;
      readonly url: string | null;
      readonly text: string | null;
      readonly query: string | null;
      readonly result: Json;
    } & Said)
  | ({ readonly kind: 'add-blocker'; readonly text: string } & Said)
  | ({ readonly kind: 'clear-blocker'; readonly id: string } & Said)
  | ({
      readonly kind: 'record-root-cause';
      readonly category: CauseCategory;
      readonly summary: string;
      readonly confidence: number;
      readonly evidence: readonly string[];
    } & Said)
  | ({
      readonly kind: 'judge-root-cause';
      readonly id: string;
      readonly state: 'confirmed' | 'refuted';
      readonly because: string;
    } & Said)
  | ({ readonly kind: 'tick'; readonly item: string; readonly done: boolean } & Said)
  | {
      readonly kind: 'notice-change';
      readonly change: {
        readonly id: string;
        readonly service: string;
        readonly kind: string;
        readonly version: string | null;
        readonly by: string | null;
        readonly url: string | null;
        /** When it began. */
        readonly at: Instant;
        /** When it was through; null while it runs. */
        readonly deployedAt: Instant | null;
      };
      /** What its sender says of it: tested, run in staging. */
      readonly evidence: ChangeEvidence;
    }
  | ({
      readonly kind: 'record-fix';
      readonly stage: FixStage;
      readonly at: Instant;
      readonly url: string | null;
      readonly version: string | null;
      readonly text: string | null;
    } & Said)
  | ({
      readonly kind: 'add-action';
      readonly action: string;
      readonly of: ActionKind;
      readonly owner: string | null;
      readonly dueAt: Instant | null;
    } & Said)
  | ({
      readonly kind: 'change-action';
      readonly id: string;
      readonly status?: ActionStatus;
      readonly owner?: string | null;
      readonly dueAt?: Instant | null;
      readonly note?: string;
    } & Said)
  | ({ readonly kind: 'write-section'; readonly section: ReportSection; readonly text: string } & Said)
  | ({ readonly kind: 'publish-postmortem' } & Said)
  | ({ readonly kind: 'hold-review'; readonly text: string } & Said)
  | {
      readonly kind: 'recognise-recurrence';
      readonly why: Recurrence;
      readonly of: readonly string[];
      readonly days: number;
      readonly openActions: readonly OpenAction[];
    };
