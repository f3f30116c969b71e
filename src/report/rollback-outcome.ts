import type { IncidentEvent } from '../domain/incident/events.ts';
import { lengthOf } from '../domain/incident/words.ts';
import { between } from './figures.ts';
import type { Statement } from './model.ts';
import type { Attempt } from './rollbacks.ts';
import { eventsOf, movesOf } from './rollbacks.ts';
import { proved } from './statements.ts';

/** What one rollback was and what came of it, in a line. */
export function outcomeOf(attempt: Attempt, label: string): Statement {
  const { requested, planned, started, validating, verdict, stopped, shadowed } = attempt;
  const moves = movesOf(attempt) ?? `of ${requested.data.service ?? 'an unknown service'}, never planned`;
  const took =
    started === null || validating === null ? [] : [`its steps took ${lengthOf(between(started.at, validating.at))}`];
  const what = requested.data.purpose === 'undo' ? `undo: ${moves}` : moves;
  const proofs = eventsOf(requested, planned, started, validating, verdict, stopped, shadowed);
  return proved(label, [what, ...took, resultOf(attempt)].join('; '), proofs);
}

function resultOf({ verdict, stopped, shadowed, started, announced }: Attempt): string {
  if (verdict !== null) return `${verdict.data.verdict}: ${verdict.data.because}`;
  if (stopped !== null) {
    const { rail, because, completed } = stopped.data;
    return `stopped by ${rail}: ${because}. Steps done before: ${completed.join(', ') || 'none'}`;
  }
  if (shadowed !== null) return 'shadow mode, nothing was changed';
  if (started !== null) return 'under way';
  return announced === null ? 'not begun' : 'announced, not begun';
}

export const proofsOf = (attempt: Attempt): readonly IncidentEvent[] =>
  eventsOf(attempt.requested, attempt.planned, attempt.started, attempt.verdict, attempt.stopped);
