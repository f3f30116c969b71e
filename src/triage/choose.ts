import type { RollbackStance } from '../domain/decision.ts';
import type { Json } from '../domain/json.ts';
import { SEVERITIES } from '../domain/severity.ts';
import type { RuleRun } from './engine.ts';
import type { KindRules, Rule } from './rule-set.ts';

export type Known = Readonly<Record<string, Json>>;

/** A rule that matched, with what was found about it. */
export interface Verdict {
  readonly rule: Rule;
  readonly run: RuleRun;
}

/** The rule that decides; null when none matches. */
export async function winnerOf(kind: KindRules, known: Known): Promise<Verdict | null> {
  return (await matchesOf(kind, known))[0] ?? null;
}

/** Every rule that matches, the one that decides first. */
export async function matchesOf(kind: KindRules, known: Known): Promise<readonly Verdict[]> {
  return matching(kind, await kind.engines.run(kind.index.candidates(known), known));
}

export const matching = ({ rules }: KindRules, runs: readonly RuleRun[]): readonly Verdict[] =>
  runs
    .flatMap((run): Verdict[] => {
      const rule = rules[run.rule];
      return run.outcome !== true || rule === undefined ? [] : [{ rule, run }];
    })
    .sort((a, b) => compare(a.rule, b.rule));

/** Highest priority; then the more severe, or the more careful action; then the name, so that it is always the same. */
function compare(a: Rule, b: Rule): number {
  return b.priority - a.priority || caution(a) - caution(b) || (a.name < b.name ? -1 : 1);
}

/** Most careful first: rolling back what should have stayed is worse than asking a person. */
const CAREFUL: readonly RollbackStance[] = ['hold', 'evaluate', 'fix-forward', 'roll-back'];

function caution({ event }: Rule): number {
  switch (event.type) {
    case 'severity':
      return SEVERITIES.indexOf(event.params.severity);
    case 'rollback':
      return CAREFUL.indexOf(event.params.action);
    case 'specialist':
    case 'route':
      return 0;
  }
}
