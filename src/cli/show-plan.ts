import type { PlanAnswer } from './answers.ts';
import { clean, table } from './format.ts';

/** What a rollback would do, what it would not undo, and whether it could be done now. */
export function planSheet({ text, mode, ready, killSwitch, reason, steps }: PlanAnswer): string {
  const lines = steps.flatMap((step) => [
    [step.name, `${step.provider}: ${step.target}`],
    ['', `${step.reason}: ${step.message}`],
    ...step.notReverted.map((name) => ['', `not reverted: ${name}`]),
    ...step.warnings.map((warning) => ['', `warning: ${warning}`]),
  ]);
  const targets = ready ? 'It could be carried out now.' : `It could not be carried out now: ${reason}.`;
  const standing = killSwitch
    ? 'THE KILL SWITCH IS ON: nothing is rolled back until it is off, whoever asks.'
    : targets;
  return `${text.split('\n').map(clean).join('\n')}\n\n${table(lines)}\nMode ${mode}. ${standing}\n`;
}
