import { describePlan } from '../domain/incident/decide-rollback.ts';
import { lengthOf } from '../domain/length.ts';
import { moveText } from '../domain/plan-text.ts';
import { ms } from '../domain/time.ts';
import { between } from './figures.ts';
import type { Statement } from './model.ts';
import { readable } from './moments.ts';
import type { Attempt } from './rollbacks.ts';
import { eventsOf } from './rollbacks.ts';
import { proved } from './statements.ts';

/** What one rollback was and what came of it, in a line. */
export function outcomeOf(attempt: Attempt, label: string): Statement {
  const { requested, planned, started, validating, verdict, stopped, shadowed } = attempt;
  const plan =
    planned === null
      ? `of ${requested.data.service ?? 'an unknown service'}, never planned`
      : describePlan(planned.data.plan);
  const took =
    started === null || validating === null ? [] : [`its steps took ${lengthOf(between(started.at, validating.at))}`];
  const what = requested.data.purpose === 'undo' ? `undo: ${plan}` : plan;
  const proofs = eventsOf(requested, planned, started, validating, verdict, stopped, shadowed);
  return proved(label, [what, ...took, resultOf(attempt)].join('; '), proofs);
}

function resultOf({ verdict, stopped, shadowed, started, announced }: Attempt): string {
  if (verdict !== null) return `${verdict.data.verdict}: ${readable(verdict.data.because)}`;
  if (stopped !== null) {
    const { rail, because, completed } = stopped.data;
    return `stopped by ${rail}: ${because}. Steps done before: ${completed.join(', ') || 'none'}`;
  }
  if (shadowed !== null) return 'shadow mode, nothing was changed';
  if (started !== null) return 'under way';
  return announced === null ? 'not begun' : 'announced, not begun';
}

/** Each step as it was planned, and how it ended. */
export function stepsOf({ planned, steps }: Attempt): readonly Statement[] {
  if (planned === null) return [];
  const { plan } = planned.data;
  return plan.steps.map(({ config, target }, i) => {
    const ended = steps.find(({ data }) => data.index === i) ?? null;
    const outcome = ended === null ? 'not carried out' : `${ended.data.outcome}: ${ended.data.detail}`;
    const move = moveText(target.from, target.to, ms(plan.madeAt));
    return proved(`Step ${config.name}`, `${move}; ${outcome}`, eventsOf(planned, ended));
  });
}
