import type { JsonObject } from '../../src/domain/json.ts';
import { compileRules } from '../../src/triage/compile.ts';
import { evaluate } from '../../src/triage/evaluate.ts';
import type { RuleSet } from '../../src/triage/rule-set.ts';

const SIZES = [10, 100, 1_000, 5_000];
const ROUNDS = 5;
const PER_ROUND = 300;
const NOW = Date.UTC(2026, 10, 23, 3, 47);

/** Five rules that any incident may match, and as many more as wanted that each look at one service. */
function ruleSet(size: number): RuleSet {
  const shared = Array.from({ length: 5 }, (_, at) =>
    rule(`shared-${at}`, [{ fact: 'usersAffectedPercent', operator: 'greaterThan', value: at * 20 }]),
  );
  const own = Array.from({ length: size - shared.length }, (_, at) =>
    rule(`service-${at}`, [
      { fact: 'service', operator: 'equal', value: `service-${at}` },
      { fact: 'errorRatio', operator: 'greaterThan', value: 0.1 },
      { fact: 'labels', path: '$.severity', operator: 'in', value: ['critical', 'page'] },
    ]),
  );
  const compiled = compileRules(
    [{ path: 'severity/bench.json', text: JSON.stringify({ rules: [...shared, ...own] }) }],
    [],
  );
  if (!compiled.ok) throw new Error(JSON.stringify(compiled.problems));
  return compiled.ruleSet;
}

const rule = (name: string, all: readonly object[]) => ({
  name,
  conditions: { all },
  event: { type: 'severity', params: { severity: 'P1', because: '{service}: {errorRatio}' } },
});

const factsOf = (service: number) => ({
  known: {
    service: `service-${service}`,
    environment: 'production',
    labels: { severity: 'critical', alertname: 'HighErrors' },
    usersAffectedPercent: 67,
    errorRatio: 0.45,
  },
  unknown: [],
  sources: {},
});

const median = (numbers: readonly number[]): number => numbers.toSorted((a, b) => a - b)[numbers.length >> 1] ?? 0;

let turn = 0;

/** One service after another, so that with many rules no evaluation finds an engine that an earlier one left. */
async function round(rules: RuleSet): Promise<number> {
  const services = rules.severity.rules.length - 5;
  const times: number[] = [];
  for (let run = 0; run < PER_ROUND; run++) {
    const facts = factsOf(turn++ % services);
    const before = performance.now();
    await evaluate(rules, facts, NOW);
    times.push(performance.now() - before);
  }
  return median(times);
}

/** Median milliseconds an evaluation by the number of rules, and the ratio to the smallest set. Asserts nothing. */
export async function benchTriage(): Promise<JsonObject> {
  const sets = SIZES.map((size) => ({ size, rules: ruleSet(size), rounds: [] as number[] }));
  for (const { rules } of sets) await round(rules);
  // Sizes take turns, so that a slow moment of the machine hits all of them.
  for (let at = 0; at < ROUNDS; at++) for (const set of sets) set.rounds.push(await round(set.rules));
  const base = median(sets[0]?.rounds ?? []);
  return {
    bench: 'triage',
    rounds: ROUNDS,
    evaluationsPerRound: PER_ROUND,
    sizes: sets.map(({ size, rounds }) => ({
      rules: size,
      medianMs: Number(median(rounds).toFixed(4)),
      ratio: Number((median(rounds) / base).toFixed(2)),
      roundsMs: rounds.map((time) => Number(time.toFixed(4))),
    })),
  };
}

if (import.meta.main) console.log(JSON.stringify(await benchTriage(), null, 2));
