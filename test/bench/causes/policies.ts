import type { Outcome } from './outcome.ts';
import type { AlertEntry, ChangeEntry, Scenario } from './scenario.ts';
import { alertsIn, changesIn } from './scenario.ts';

/** What one would get without thinking; the figures of Firebreak stand beside theirs. */
export const POLICIES = ['always roll back', 'never roll back'] as const;
export type PolicyName = (typeof POLICIES)[number];

export function outcomeUnder(policy: PolicyName, scenario: Scenario): Outcome {
  return policy === 'never roll back' ? nothing('nothing is ever rolled back') : always(scenario);
}

/** Rolls the newest change of the first alert's service back the moment it arrives, or of a dependency if it had none. */
function always(scenario: Scenario): Outcome {
  const alert = firstAlert(scenario);
  if (alert === null) return nothing('no alert');
  const change = newestChange(scenario, alert);
  if (change === null) return nothing('no change is known');
  const { at } = alert;
  return {
    ...nothing(''),
    decision: { at, action: 'roll-back', also: [], because: `the newest change is ${change.id}` },
    starts: [{ at, service: change.service, target: change.id }],
  };
}

/** The first of the trouble that is judged: what fired before the onset counts only if nothing fired after it. */
function firstAlert(scenario: Scenario): AlertEntry | null {
  const firing = alertsIn(scenario).filter(({ kind }) => kind === 'alert-firing');
  return firing.find(({ at }) => at >= 0) ?? firing[0] ?? null;
}

function newestChange(scenario: Scenario, { service, at }: AlertEntry): ChangeEntry | null {
  const known = changesIn(scenario).filter((change) => change.at <= at);
  const dependsOn = scenario.services.find((each) => each.service === service)?.dependsOn ?? [];
  return (
    known.findLast((change) => change.service === service) ??
    known.findLast((change) => dependsOn.includes(change.service)) ??
    null
  );
}

const nothing = (because: string): Outcome => ({
  severity: null,
  decision: { at: 0, action: 'no-automatic-action', also: ['hold', 'evaluate', 'fix-forward'], because },
  starts: [],
  verdicts: [],
  verdictBecause: '',
  happened: [],
  phases: [],
  trespasses: [],
  incidentsOfAService: 0,
  isWhole: false,
});
