import type { Judgement } from './judge.ts';
import { decisionText, judge } from './judge.ts';
import type { Outcome } from './outcome.ts';
import { outcomeOf } from './outcome.ts';
import type { PolicyName } from './policies.ts';
import { outcomeUnder, POLICIES } from './policies.ts';
import type { FoundScenario } from './read.ts';
import type { RunRecord } from './record.ts';
import type { Totals } from './totals.ts';
import { otherLine, totalLines, totalsOf } from './totals.ts';

/** One scenario after its run: judged, or why it could not be run. */
export type Result = FoundScenario &
  (
    | { readonly kind: 'ran'; readonly record: RunRecord; readonly outcome: Outcome; readonly judgement: Judgement }
    | { readonly kind: 'broke'; readonly error: string }
  );

export function resultOf(found: FoundScenario, ran: RunRecord | { readonly error: string }): Result {
  if ('error' in ran) return { ...found, kind: 'broke', error: ran.error };
  const outcome = outcomeOf(found.scenario, ran);
  return { ...found, kind: 'ran', record: ran, outcome, judgement: judge(found.scenario.expected, outcome) };
}

const seconds = (at: number): string => `${Math.round(at)} s`;

/** What was expected, what happened, and why. */
export function resultLine(result: Result): string {
  const { scenario } = result;
  if (result.kind === 'broke') return `BROKE ${scenario.id}: ${result.error}`;
  const { expected } = scenario;
  const { outcome, judgement } = result;
  const wanted = `${expected.severities.join('/')} ${decisionText(expected.decision)}, ${expected.verdict ?? 'any verdict'}`;
  const faults = judgement.passed ? '' : ` [${judgement.faults.join('; ')}]`;
  return `${judgement.passed ? 'ok   ' : 'FAIL '} ${scenario.id}: expected ${wanted}; got ${got(outcome)}${faults}`;
}

function got({ severity, decision, starts, verdicts }: Outcome): string {
  if (decision === null) return 'no incident';
  const start = starts[0];
  const action = start === undefined ? decision.action : `roll-back ${start.target ?? `of ${start.service}`}`;
  const at = seconds(start?.at ?? decision.at);
  return `${severity ?? '-'} ${action} at ${at}, ${verdicts[0] ?? 'none'}, because ${decision.because}`;
}

/** Everything that happened in a scenario, in order. */
export function resultDetails(result: Result): readonly string[] {
  if (result.kind === 'broke') return [];
  const { record, scenario } = result;
  const told = record.people.map(({ at, text }) => ({ at, text: `(person) ${text}` }));
  const events = record.incidents.flatMap(({ id, service, timeline }) =>
    timeline.map(({ at, text }) => ({ at, text: `${service ?? id}: ${text}` })),
  );
  const lines = [...events, ...told].toSorted((a, b) => a.at - b.at);
  return [
    `      why: ${scenario.expected.why}`,
    ...lines.map(({ at, text }) => `      ${seconds(at).padStart(8)}  ${text}`),
  ];
}

const judgements = (results: readonly Result[]): readonly Judgement[] =>
  results.flatMap((result) => (result.kind === 'ran' ? [result.judgement] : []));

const totalsUnder = (policy: PolicyName, results: readonly Result[]): Totals =>
  totalsOf(results.map(({ scenario }) => judge(scenario.expected, outcomeUnder(policy, scenario))));

export function summaryLines(results: readonly Result[]): readonly string[] {
  const notJudged = results.flatMap((result) =>
    result.kind === 'ran' ? result.judgement.notJudged.map((what) => `${result.scenario.id}: ${what}`) : [],
  );
  const broke = results.filter(({ kind }) => kind === 'broke').length;
  return [
    ...(notJudged.length > 0 ? [`not judged (${notJudged.length}): ${notJudged.join(', ')}`, ''] : []),
    ...(broke > 0 ? [`could not be run: ${broke}`, ''] : []),
    ...totalLines(totalsOf(judgements(results))),
    '',
    'The same scenarios under other policies (decision, target and time only):',
    ...POLICIES.map((policy) => otherLine(policy, totalsUnder(policy, results))),
  ];
}

/** The same for programs. */
export function resultsJson(results: readonly Result[], verbose: boolean): unknown {
  const policies = Object.fromEntries(POLICIES.map((policy) => [policy, totalsUnder(policy, results)]));
  return {
    totals: totalsOf(judgements(results)),
    policies,
    scenarios: results.map((result) => {
      const { file, scenario } = result;
      const common = { id: scenario.id, file, expected: scenario.expected };
      if (result.kind === 'broke') return { ...common, error: result.error };
      const { severity, decision, starts, verdicts } = result.outcome;
      return {
        ...common,
        ...result.judgement,
        got: { severity, decision, starts, verdict: verdicts[0] ?? 'none' },
        ...(verbose ? { record: result.record } : {}),
      };
    }),
  };
}
