import { factKinds, isKnownTo, whoKnows } from './catalogue.ts';
import { placeholders } from './because.ts';
import { checkCondition, type Names } from './check-condition.ts';
import { asksForUnknown } from './check-unknown.ts';
import type { Condition } from './condition.ts';
import { cycles, expand, references, type NamedConditions } from './expand.ts';
import { nearest, unknownName } from './nearest.ts';
import { pointerSegment, problem, type RuleProblem } from './problem.ts';
import {
  KINDS_OF,
  parseRuleFile,
  STAGES,
  type Fault,
  type RuleFile,
  type RuleFileContent,
  type RuleKind,
  type RuleText,
  type Stage,
} from './rule-file.ts';
import { factsOf, ruleSet, type Rule, type RuleSet } from './rule-set.ts';

export type Compiled =
  { readonly ok: true; readonly ruleSet: RuleSet } | { readonly ok: false; readonly problems: readonly RuleProblem[] };

interface Source {
  readonly file: string;
  readonly stage: Stage;
  readonly content: RuleFileContent;
  readonly faults: readonly Fault[];
}

/**
 * Checks rule files and makes them ready to run, or tells everything that is wrong with them at once. The folder of a
 * file is its stage: `severity/x.json`. `declaredFacts` are the fact names of the configuration.
 */
export function compileRules(files: readonly RuleFile[], declaredFacts: readonly string[]): Compiled {
  const problems: RuleProblem[] = [];
  const sources = files.flatMap((file) => readSource(file, problems));
  const named = collectNamed(sources, problems);
  const names = namesByKind(declaredFacts, named);
  for (const source of sources) checkNamed(source, names.route, problems);
  const seen = new Map<string, string>();
  const rules = sources.flatMap((source) =>
    source.content.rules.flatMap((rule, at) => {
      const found = ruleFaults(source, rule, at, names, named, seen);
      problems.push(...found.map((fault) => problem(source.file, nameOf(rule), fault.field, fault.message)));
      return found.length > 0 ? [] : makeRule(source, rule, at, named, problems);
    }),
  );
  if (problems.length === 0 && !rules.some((rule) => rule.stage === 'severity')) {
    problems.push(problem('severity', null, '', 'there is no severity rule at all'));
  }
  return problems.length > 0 ? { ok: false, problems } : { ok: true, ruleSet: ruleSet(rules) };
}

function readSource(file: RuleFile, problems: RuleProblem[]): Source[] {
  const folder = file.path.split('/')[0] ?? '';
  const stage = STAGES.find((each) => each === folder);
  if (stage === undefined) {
    const hint = nearest(folder, STAGES);
    const message = `rules stand in severity/, rollback/ or routing/${hint === null ? '' : `; did you mean "${hint}/"?`}`;
    problems.push(problem(file.path, null, '', message));
    return [];
  }
  const { content, faults } = parseRuleFile(file.text);
  for (const fault of faults)
    problems.push(problem(file.path, ruleNameAt(content, fault.field), fault.field, fault.message));
  return content === null ? [] : [{ file: file.path, stage, content, faults }];
}

function ruleNameAt(content: RuleFileContent | null, field: string): string | null {
  const at = /^\/rules\/(\d+)/.exec(field)?.[1];
  return at === undefined ? null : nameOf(content?.rules[Number(at)]);
}

/** Files are checked even where their shape is wrong, so a rule may be anything. */
function nameOf(rule: Partial<RuleText> | null | undefined): string | null {
  const name: unknown = rule?.name;
  return typeof name === 'string' ? name : null;
}

const hasFaultUnder = (source: Source, field: string): boolean =>
  source.faults.some((fault) => fault.field === field || fault.field.startsWith(`${field}/`));

/** Named conditions belong to the whole set. One whose shape is wrong keeps its name, so that users are not blamed. */
function collectNamed(sources: readonly Source[], problems: RuleProblem[]): NamedConditions {
  const named = new Map<string, Condition>();
  const owner = new Map<string, string>();
  for (const source of sources) {
    for (const [name, condition] of Object.entries(source.content.conditions ?? {})) {
      const field = `/conditions${pointerSegment(name)}`;
      const other = owner.get(name);
      if (other !== undefined) problems.push(problem(source.file, null, field, `the name is also used in ${other}`));
      owner.set(name, source.file);
      named.set(name, hasFaultUnder(source, field) ? { any: [] } : condition);
    }
  }
  for (const [name, way] of cycles(named)) {
    problems.push(
      problem(owner.get(name) ?? '', null, `/conditions${pointerSegment(name)}`, `leads back to itself: ${way}`),
    );
    named.set(name, { any: [] });
  }
  return named;
}

/** Routes know every fact: they come last. */
function namesByKind(declaredFacts: readonly string[], named: NamedConditions): Record<RuleKind, Names> {
  const facts = factKinds(declaredFacts);
  const conditions = new Set(named.keys());
  const names = (kind: RuleKind): Names => ({
    facts: new Map([...facts].filter(([name]) => isKnownTo(kind, name))),
    conditions,
  });
  return {
    severity: names('severity'),
    rollback: names('rollback'),
    specialist: names('specialist'),
    route: names('route'),
  };
}

function checkNamed(source: Source, names: Names, problems: RuleProblem[]): void {
  for (const [name, condition] of Object.entries(source.content.conditions ?? {})) {
    const field = `/conditions${pointerSegment(name)}`;
    if (hasFaultUnder(source, field)) continue;
    for (const fault of checkCondition(condition, field, names)) {
      problems.push(problem(source.file, null, fault.field, fault.message));
    }
  }
}

/** What is wrong with the meaning of one rule; nothing when its shape is wrong, as that is said already. */
function ruleFaults(
  source: Source,
  rule: RuleText,
  at: number,
  namesOf: Readonly<Record<RuleKind, Names>>,
  named: NamedConditions,
  seen: Map<string, string>,
): readonly Fault[] {
  const field = `/rules/${at}`;
  const faults: Fault[] = [];
  const name = nameOf(rule);
  const key = `${source.stage}/${name ?? ''}`;
  const first = seen.get(key);
  if (name !== null && first !== undefined)
    faults.push({ field: `${field}/name`, message: `the name is also used in ${first}` });
  seen.set(key, source.file);
  if (hasFaultUnder(source, field)) return faults;
  const kinds = KINDS_OF[source.stage];
  const kind = rule.event.type;
  if (!kinds.includes(kind)) {
    const expected = kinds.map((each) => `"${each}"`).join(' or ');
    const message = `"${kind}" in a file under ${source.stage}/: it must be ${expected}`;
    faults.push({ field: `${field}/event/type`, message });
  }
  const names = namesOf[kind];
  faults.push(...checkCondition(rule.conditions, `${field}/conditions`, names));
  faults.push(...becauseFaults(rule.event.params.because, `${field}/event/params/because`, names));
  faults.push(...laterFactsInNamed(rule.conditions, kind, field, named));
  return faults;
}

function becauseFaults(because: string, field: string, names: Names): readonly Fault[] {
  return placeholders(because).flatMap(({ text, fact }) => {
    if (fact === null) return [{ field, message: `"${text}" is not a placeholder: write {fact} or {fact.name}` }];
    return names.facts.has(fact) ? [] : [{ field, message: unknownName('fact', fact, names.facts.keys()) }];
  });
}

/** A named condition may read what only later rules know; then only they may use it. */
function laterFactsInNamed(
  condition: Condition,
  kind: RuleKind,
  field: string,
  named: NamedConditions,
): readonly Fault[] {
  return references(condition).flatMap((name) => {
    const target = named.get(name);
    const tree = target === undefined ? null : expand(target, named);
    const fact = tree === null ? undefined : factsOf(tree).find((each) => !isKnownTo(kind, each));
    if (fact === undefined) return [];
    const message = `the condition "${name}" reads "${fact}", which only ${whoKnows(fact) ?? 'other rules'} know`;
    return [{ field: `${field}/conditions`, message }];
  });
}

function makeRule(
  source: Source,
  rule: RuleText,
  at: number,
  named: NamedConditions,
  problems: RuleProblem[],
): readonly Rule[] {
  const field = `/rules/${at}`;
  if (hasFaultUnder(source, field)) return [];
  const expanded = expand(rule.conditions, named);
  const complain = (message: string): readonly Rule[] => {
    problems.push(problem(source.file, rule.name, `${field}/conditions`, message));
    return [];
  };
  if (expanded === null) return complain('too large once its named conditions are put in place');
  // A name may stand for a single test, and the engine wants a group at the top.
  const tree = 'fact' in expanded ? { all: [expanded] } : expanded;
  const { stage, file } = source;
  const { name, description = null, priority = 1, event } = rule;
  const unknown = event.type === 'rollback' && event.params.action === 'roll-back' ? asksForUnknown(tree) : null;
  if (unknown !== null) return complain(`hangs on "${unknown}" being unknown: the unknown never triggers a rollback`);
  return [{ stage, name, file, description, priority, tree, event }];
}
