import type { FixStage } from '../domain/incident/process-events.ts';
import { plural } from '../domain/incident/words.ts';
import type { CaseFile, EventOf } from './case-file.ts';
import type { Section, Statement } from './model.ts';
import { moment, readable } from './moments.ts';
import { outcomeOf, stepsOf } from './rollback-outcome.ts';
import { lastRollback } from './rollbacks.ts';
import { list, proved, unknown } from './statements.ts';
import { written } from './writing.ts';

export const resolutionSection = (file: CaseFile): Section => ({
  number: 5,
  id: 'resolution',
  title: 'Resolution',
  parts: [
    list('resolution-immediate', 'Immediate resolution', [
      ...immediate(file),
      written(file, 'resolution', 'In the words of the team', 'what was done, and why that'),
    ]),
    list('resolution-permanent', 'Permanent fix', permanent(file)),
    list('resolution-validation', 'How it was validated', validation(file)),
  ],
});

function immediate(file: CaseFile): readonly Statement[] {
  const attempt = lastRollback(file);
  const restored = file.last('incident-mitigated');
  const resolved = file.last('incident-resolved');
  const steps =
    attempt === null ? [] : [outcomeOf(attempt, 'Rollback'), ...stepsOf(attempt), ...notReverted(attempt.planned)];
  if (restored !== null) {
    const text = `${moment(restored.data.at ?? restored.at)}: ${readable(restored.data.because)} (known by ${restored.data.via})`;
    return [...steps, proved('Restored', text, [restored])];
  }
  if (resolved !== null) {
    const { by, because } = resolved.data;
    return [...steps, proved('Resolved', `${moment(resolved.at)} by ${by}: ${because}`, [resolved])];
  }
  return [...steps, unknown('Restored', 'the service is not restored')];
}

/** What going back did not take back. */
function notReverted(planned: EventOf<'rollback-planned'> | null): readonly Statement[] {
  if (planned === null) return [];
  const left = new Set(planned.data.plan.steps.flatMap(({ target }) => target.notReverted));
  return left.size === 0 ? [] : [proved('Not reverted by the rollback', [...left].join(', '), [planned])];
}

const STAGES: Readonly<Record<FixStage, string>> = {
  linked: 'Linked',
  implemented: 'Implemented',
  tested: 'Tested',
  staging: 'In staging',
  deployed: 'Deployed to production',
  validated: 'Validated',
  unnecessary: 'No fix needed',
};

function permanent(file: CaseFile): readonly Statement[] {
  const steps = file.all('fix-recorded').filter(({ data }) => data.stage !== 'validated');
  if (steps.length === 0) return [unknown('Permanent fix', 'none is recorded')];
  return steps.map(stageOf);
}

function stageOf(event: EventOf<'fix-recorded'>): Statement {
  const { stage, at, version, text, by, url } = event.data;
  const what = [...(version === null ? [] : [version]), ...(text === null ? [] : [text])].join(': ');
  const line = `${moment(at)}${what === '' ? '' : `, ${what}`} (told by ${by})`;
  return proved(STAGES[stage], line, [event], { href: url });
}

/** What a person validated, what the last sample of the recovery saw, and how the extended monitoring ended. */
function validation(file: CaseFile): readonly Statement[] {
  const validated = file.all('fix-recorded').filter(({ data }) => data.stage === 'validated');
  return [
    ...(validated.length === 0 ? [unknown('Fix validated', 'not recorded')] : validated.map(stageOf)),
    recovery(file),
    monitoring(file),
  ];
}

function recovery(file: CaseFile): Statement {
  const label = 'Recovery measured';
  const samples = file.all('recovery-sampled');
  const last = samples.at(-1);
  if (last === undefined) return unknown(label, 'no sample was taken');
  const checks = last.data.checks.map(({ name, result, detail }) => `${name}: ${detail} (${result})`).join('; ');
  const text = `${plural(samples.length, 'sample')}; the last: ${last.data.result}${checks === '' ? '' : `. ${checks}`}`;
  return proved(label, text, [last]);
}

function monitoring(file: CaseFile): Statement {
  const label = 'Extended monitoring';
  const ended = file.last('monitoring-ended');
  if (ended !== null) return proved(label, `${ended.data.result}: ${ended.data.because}`, [ended]);
  const closed = file.last('incident-closed');
  if (closed !== null) return proved(label, closed.data.because, [closed]);
  const resolved = file.last('incident-resolved');
  return resolved === null
    ? unknown(label, 'it begins with the resolution')
    : proved(label, `runs since ${moment(resolved.at)}`, [resolved]);
}
