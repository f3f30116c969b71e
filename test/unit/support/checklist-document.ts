import type { ChecklistItem } from '../../../src/domain/incident/checklist-items.ts';
import { CHECKLIST_ITEMS } from '../../../src/domain/incident/checklist-items.ts';
import { PROOFS } from '../../../src/domain/incident/checklist-proofs.ts';

const PHASES: Readonly<Record<ChecklistItem['phase'], string>> = {
  detection: '1. Detection and triage',
  diagnosis: '2, 3. Rollback and diagnosis',
  fix: '4. Fix and redeployment',
  learning: '5. Post-mortem and prevention',
};

/** The part of docs/checklists.md that follows from the code. */
export const checklistDocument = (): string =>
  (Object.keys(PHASES) as ChecklistItem['phase'][])
    .map((phase) => `## ${PHASES[phase]}\n\n| item | | ticked by |\n|---|---|---|\n${rows(phase)}\n`)
    .join('\n');

const rows = (phase: ChecklistItem['phase']): string =>
  CHECKLIST_ITEMS.filter((item) => item.phase === phase)
    .map(({ id, text, onlyP0 }) => {
      const by = PROOFS[id] === undefined ? 'a person' : `Firebreak, from ${PROOFS[id].from}`;
      return `| \`${id}\` | ${text}${onlyP0 === true ? ' (P0 only)' : ''} | ${by} |`;
    })
    .join('\n');
