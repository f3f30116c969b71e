import type { StatedImpact } from '../domain/incident/process-events.ts';
import { lengthOf } from '../domain/length.ts';
import type { CaseFile } from './case-file.ts';
import { stated, usersAffected, worst } from './facts.ts';
import { customerImpact } from './figures.ts';
import type { Section, SlaResult, Statement, TablePart } from './model.ts';
import { moment } from './moments.ts';
import { outcomeOf } from './rollback-outcome.ts';
import { attemptsOf } from './rollbacks.ts';
import { withoutImpact } from './section-summary.ts';
import { marginText } from './sla.ts';
import { list, proved, provedOr, table, unknown } from './statements.ts';
import { figure, words } from './wording.ts';
import { written } from './writing.ts';

export const impactSection = (file: CaseFile, sla: readonly SlaResult[]): Section => ({
  number: 4,
  id: 'impact',
  title: 'Impact',
  parts: [
    list('impact-users', 'Users', [
      provedOr('Share of users', usersAffected(file)),
      said(file, 'usersAffected', 'Number of users'),
      lasted(file),
      said(file, 'features', 'Features'),
      said(file, 'errorExperience', 'What users saw'),
      said(file, 'supportTickets', 'Support tickets'),
    ]),
    list('impact-business', 'Business', [
      said(file, 'revenue', 'Revenue'),
      said(file, 'satisfaction', 'Customer satisfaction'),
      said(file, 'brand', 'Brand'),
      written(file, 'impact-business', 'Business impact', 'what it cost, and who has to be told'),
    ]),
    slaTable(sla),
    list('impact-technical', 'Technical', [
      said(file, 'database', 'Database'),
      said(file, 'application', 'Application'),
      ...measured(file),
      ...rollbackResults(file),
      downstream(file),
      written(file, 'impact-technical', 'Technical impact', 'what was damaged, lost or has to be repaired'),
    ]),
  ],
});

/** A part of the impact that only people can state. */
function said(file: CaseFile, name: keyof StatedImpact, label: string): Statement {
  const found = stated(file, name);
  if (found === null) return unknown(label, 'nobody has stated it');
  const { value, event } = found;
  const text = Array.isArray(value) ? value.join(', ') : String(value);
  return proved(label, `${text === '' ? 'none' : text} (stated by ${event.data.by})`, [event]);
}

function lasted(file: CaseFile): Statement {
  const over = withoutImpact(file);
  if (over !== null) return proved('Duration', over.text, over.events);
  const length = customerImpact(file);
  return length === null
    ? unknown('Duration', 'the service is not restored')
    : proved('Duration', lengthOf(length.seconds), length.events);
}

const slaTable = (sla: readonly SlaResult[]): TablePart =>
  table(
    'sla',
    'SLA, clock by clock',
    ['Clock', 'Deadline (UTC)', 'Result', 'Margin'],
    sla.map((result) => ({
      cells: [
        result.clock,
        result.deadline === null ? 'none' : moment(result.deadline),
        result.result,
        marginText(result),
      ],
      events: result.events,
    })),
    'no clock ran',
  );

const MEASURES = [
  ['errorRatio', 'Error ratio', ''],
  ['latencyP95Seconds', 'Latency (p95)', ' s'],
] as const;

/** What was measured at its worst, against what was usual. */
function measured(file: CaseFile): readonly Statement[] {
  return MEASURES.map(([fact, label, unit]) => {
    const found = worst(file, fact);
    if (found === null) return unknown(label, 'not measured');
    const usual = worst(file, `${fact}Baseline`);
    const before = usual === null ? 'what is usual is unknown' : `usual is ${figure(usual.value)}${unit}`;
    const text = `${figure(found.value)}${unit} at its worst; ${before}`;
    return proved(label, text, usual === null ? [found.event] : [found.event, usual.event]);
  });
}

function rollbackResults(file: CaseFile): readonly Statement[] {
  const attempts = attemptsOf(file);
  if (attempts.length === 0) {
    const decided = file.last('rollback-decided');
    return decided === null
      ? [unknown('Rollback', 'nothing was decided')]
      : [proved('Rollback', `none: ${words(decided.data.action)}: ${decided.data.because}`, [decided])];
  }
  return attempts.flatMap((attempt) => [
    outcomeOf(attempt, 'Rollback'),
    ...attempt.reverted.map((event) =>
      proved('Rollback', `${event.data.name} did not stay rolled back: ${event.data.detail}`, [event]),
    ),
  ]);
}

/** What people said, and incidents that belong to this one. */
function downstream(file: CaseFile): Statement {
  const label = 'Downstream';
  const found = stated(file, 'downstream');
  const others = [...file.all('incident-absorbed'), ...file.all('link-noted')];
  const linked = others.map(({ data }) => `${data.from} (${data.service ?? 'unknown service'}: ${data.title})`);
  const texts = [...(found === null ? [] : [`${found.value} (stated by ${found.event.data.by})`]), ...linked];
  if (texts.length === 0) return unknown(label, 'nobody has stated it');
  return proved(label, texts.join('; '), [...(found === null ? [] : [found.event]), ...others]);
}
