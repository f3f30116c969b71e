import type { ChecklistAnswer, DiagnosisAnswer, EvidenceAnswer, ListedActionAnswer } from './answers.ts';
import { clean, moment, table } from './format.ts';

export function evidenceTable(items: readonly EvidenceAnswer[]): string {
  if (items.length === 0) return 'No evidence.\n';
  const rows = items.map(({ id, kind, at, by, title, url, query, result }) => [
    ...[id, kind, moment(at), by, [title, url, query].filter((part) => part !== null && part !== '').join('  ')],
    resultOf(result),
  ]);
  return table([['ID', 'KIND', 'AT (UTC)', 'BY', 'WHAT', 'RESULT'], ...rows]);
}

/** The number of a fact, the first value of a query, or why there is none. */
function resultOf(result: unknown): string {
  if (typeof result !== 'object' || result === null) return '';
  const { kind, value, reason, series, total } = result as Readonly<Record<string, unknown>>;
  if (typeof value === 'number') return String(value);
  if (typeof reason === 'string') return `${kind === 'failed' ? 'failed' : 'no data'}: ${reason}`;
  if (!Array.isArray(series)) return '';
  const [first] = series as readonly { readonly values?: readonly (readonly [number, string])[] }[];
  return `${first?.values?.at(-1)?.[1] ?? '?'}${typeof total === 'number' && total > 1 ? ` (1 of ${total} series)` : ''}`;
}

const PHASES: Readonly<Record<string, string>> = {
  detection: 'Detection and triage',
  diagnosis: 'Rollback and diagnosis',
  fix: 'Fix and redeployment',
  learning: 'Post-mortem and prevention',
};

export function checklistTable(items: readonly ChecklistAnswer[]): string {
  const phases = [...new Set(items.map(({ phase }) => phase))];
  return phases
    .map((phase) => {
      const rows = items
        .filter((item) => item.phase === phase)
        .map(({ done, id, text, by, because }) => [done ? '[x]' : '[ ]', id, text, by ?? '', because ?? '']);
      return `${PHASES[phase] ?? clean(phase)}\n${table(rows)}`;
    })
    .join('\n');
}

export function diagnosisSheet(found: DiagnosisAnswer): string {
  const { began, changedBefore, warningSigns, escalation, detectedBy, affected, errors } = found;
  const section = (title: string, rows: readonly string[][], none: string): string =>
    `${title}\n${rows.length === 0 ? `  ${none}\n` : table(rows.map((row) => ['', ...row]))}`;
  return [
    section('When did it start?', [[`${moment(began.at)} UTC`, `by ${began.source}`]], ''),
    section(
      'What changed before?',
      changedBefore.map((c) => [
        moment(c.at),
        `${c.kind} ${c.version ?? c.id} of ${c.service}`,
        `${Math.round(c.secondsBefore)} s before`,
        c.because === null ? c.standing : `${c.standing}: ${c.because}`,
      ]),
      'no change is known',
    ),
    section(
      'Were there warning signs?',
      warningSigns.map((sign) => [moment(sign.at), sign.incidentId, sign.severity, sign.what]),
      'none are known',
    ),
    section(
      'How fast did it escalate?',
      escalation.map((step) => [
        step.severity,
        `${Math.round(step.secondsAfterOnset)} s after the onset`,
        step.because,
      ]),
      'its severity is not known',
    ),
    section(
      'What triggered detection?',
      detectedBy === null
        ? []
        : [
            [
              detectedBy.alerts.join(', '),
              `${Math.round(detectedBy.secondsAfterOnset)} s after the onset`,
              inTime(detectedBy.inTime),
            ],
          ],
      'no alert',
    ),
    section(
      'What is affected?',
      Object.entries(affected).flatMap(([what, names]) => (names.length === 0 ? [] : [[what, names.join(', ')]])),
      'nothing is known',
    ),
    section(
      'Which errors were seen?',
      errors.map(({ count, from, text }) => [`${count}×`, from, text]),
      'none',
    ),
  ].join('\n');
}

const inTime = (met: boolean | null): string => (met === null ? '' : met ? 'in time' : 'too late');

export function actionTable(items: readonly ListedActionAnswer[]): string {
  if (items.length === 0) return 'No action items.\n';
  const rows = items.map(({ incidentId, id, status, overdue, owner, dueAt, action }) => [
    ...[incidentId, id, overdue ? `${status}, overdue` : status, owner ?? '-'],
    ...[dueAt === null ? '-' : moment(dueAt), action],
  ]);
  return table([['INCIDENT', 'ITEM', 'STATUS', 'OWNER', 'DUE (UTC)', 'ACTION'], ...rows]);
}
