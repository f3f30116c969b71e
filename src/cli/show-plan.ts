import type { PlanAnswer } from './answers.ts';
import { clean, table } from './format.ts';

/** What a rollback would do, what it would not undo, and whether it could be done now. */
export function planSheet({ text, mode, ready, reason, steps }: PlanAnswer): string {
  const lines = steps.flatMap((step) => [
    [step.name, `${step.provider}: ${step.target}`],
    ['', `${step.reason}: ${step.message}`],
    ...step.notReverted.map((name) => ['', `not reverted: ${name}`]),
    ...step.warnings.map((warning) => ['', `warning: ${warning}`]),
  ]);
  const standing = ready ? 'It could be carried out now.' : `It could not be carried out now: ${reason}.`;
  return `${text.split('\n').map(clean).join('\n')}\n\n${table(lines)}\nMode ${mode}. ${standing}\n`;
}
