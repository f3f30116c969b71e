import type { Json } from './json.ts';
import type { Severity } from './severity.ts';

export const ROLLBACK_STANCES = ['roll-back', 'hold', 'evaluate', 'fix-forward'] as const;
export type RollbackStance = (typeof ROLLBACK_STANCES)[number];

/** One condition that a rule tested, with both values, so that a reader can redo the comparison. */
export interface ConditionRecord {
  readonly fact: string;
  readonly path?: string;
  readonly operator: string;
  /** What the rule asked for. */
  readonly expected: Json;
  /** What the fact was; null with `unknown: true` when nothing gave it. */
  readonly actual: Json;
  readonly unknown?: true;
  readonly result: boolean;
}

/** Facts known at a moment. A fact that nothing gave is in `unknown`, never a guessed value. */
export interface FactSet {
  readonly known: Readonly<Record<string, Json>>;
  readonly unknown: readonly string[];
  /** Where a fact came from: `promql`, `annotation`, `label`, `incident`, `changes`, … with the query or error. */
  readonly sources: Readonly<Record<string, string>>;
}

interface Reasoned {
  /** The rule that decided; null when none matched. */
  readonly rule: string | null;
  readonly because: string;
  readonly rulesHash: string;
  readonly conditions: readonly ConditionRecord[];
  readonly facts: Readonly<Record<string, Json>>;
  readonly unknownFacts: readonly string[];
}

export interface SeverityDecision extends Reasoned {
  readonly severity: Severity;
  /** True when no rule matched and the default stands. */
  readonly unclassified: boolean;
}

export interface StanceDecision extends Reasoned {
  readonly action: RollbackStance;
}

/** Who has to hear of an incident, beside those whom the process itself tells: it adds to them and takes nobody away. */
export interface RoutingDecision {
  /** The rule that chose the specialist; null when none matched. */
  readonly rule: string | null;
  readonly because: string;
  readonly rulesHash: string;
  /** The team that it is routed to; null: nobody can say. */
  readonly specialist: string | null;
  /** Every route that matched. */
  readonly routes: readonly { readonly rule: string; readonly because: string }[];
  readonly page: boolean;
  readonly slackChannels: readonly string[];
  readonly emails: readonly string[];
  readonly audiences: readonly string[];
}

/** What the rules concluded about one incident at one moment. */
export interface Assessment {
  readonly severity: SeverityDecision;
  readonly rollback: StanceDecision;
  readonly routing: RoutingDecision;
}
