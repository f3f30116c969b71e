import type { Action, SeverityName, VerdictName } from './scenario.ts';

/** What happened to one incident, in the words of the bench. Times are the scenario's seconds. */
export interface IncidentRecord {
  readonly id: string;
  readonly service: string | null;
  readonly onsetAt: number;
  readonly openedAt: number;
  /** When it was resolved or closed for good; null while it is not. */
  readonly overAt: number | null;
  readonly hasPlan: boolean;
  readonly happened: readonly Happening[];
  /** Everything, for people. */
  readonly timeline: readonly { readonly at: number; readonly text: string }[];
}

export type Happening =
  | { readonly kind: 'severity'; readonly at: number; readonly severity: SeverityName }
  | { readonly kind: 'stance'; readonly at: number; readonly action: Action; readonly because: string }
  | { readonly kind: 'asked'; readonly at: number; readonly because: string }
  /** Announced, waiting for its time, for a person or for a declared fix. */
  | { readonly kind: 'waits'; readonly at: number; readonly because: string; readonly forPerson: boolean }
  | { readonly kind: 'shadowed'; readonly at: number; readonly because: string }
  | { readonly kind: 'stopped'; readonly at: number; readonly rail: string; readonly because: string }
  | {
      readonly kind: 'started';
      readonly at: number;
      readonly service: string;
      readonly from: string;
      readonly to: string;
    }
  | {
      readonly kind: 'verdict';
      readonly at: number;
      readonly verdict: Exclude<VerdictName, 'none'>;
      readonly because: string;
    }
  /** Firebreak says that the service is well: by its alerts, or by a verdict. */
  | { readonly kind: 'called-recovered'; readonly at: number }
  | { readonly kind: 'paged'; readonly at: number; readonly because: string }
  | { readonly kind: 'dismissed'; readonly at: number };

/** One run of a scenario. */
export interface RunRecord {
  readonly incidents: readonly IncidentRecord[];
  readonly trespasses: readonly { readonly at: number; readonly what: string }[];
  /** What people tried and what came of it. */
  readonly people: readonly { readonly at: number; readonly text: string }[];
}
