import { readFileSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { parseDocument } from 'yaml';
import { scenarioSchema } from './format.ts';
import type { Scenario } from './scenario.ts';
import { unknownKeys } from './unknown-keys.ts';

export interface Problem {
  readonly file: string;
  /** Null: of the file as a whole. */
  readonly scenario: string | null;
  readonly field: string;
  readonly message: string;
}

export interface FoundScenario {
  readonly file: string;
  readonly scenario: Scenario;
}

export interface ReadScenarios {
  readonly found: readonly FoundScenario[];
  readonly problems: readonly Problem[];
  /** What can be run all the same: keys that nobody reads, ids that stand twice. */
  readonly warnings: readonly Problem[];
}

/** Every YAML file under the paths, in the order of their names. A path that is not there is a problem. */
export function readScenarios(paths: readonly string[]): ReadScenarios {
  const read: ReadScenarios[] = [];
  for (const path of paths) {
    try {
      const files = filesUnder(path);
      if (files.length === 0) read.push(onlyProblem(path, 'holds no *.yaml or *.yml file'));
      for (const file of files) read.push(readText(file, readFileSync(file, 'utf8')));
    } catch (error) {
      read.push(onlyProblem(path, `cannot be read: ${(error as Error).message}`));
    }
  }
  const found = read.flatMap((each) => each.found);
  return {
    found,
    problems: read.flatMap((each) => each.problems),
    warnings: [...read.flatMap((each) => each.warnings), ...repeated(found)],
  };
}

const onlyProblem = (file: string, message: string): ReadScenarios => ({
  found: [],
  problems: [{ file, scenario: null, field: '', message }],
  warnings: [],
});

function filesUnder(path: string): readonly string[] {
  if (!statSync(path).isDirectory()) return [path];
  const names = readdirSync(path, { withFileTypes: true }).toSorted((a, b) => (a.name < b.name ? -1 : 1));
  return names.flatMap((entry) => {
    const inside = join(path, entry.name);
    if (entry.isDirectory()) return filesUnder(inside);
    return /\.ya?ml$/.test(entry.name) ? [inside] : [];
  });
}

/** The scenarios of one file's text. Says everything that is wrong at once. */
export function readText(file: string, text: string): ReadScenarios {
  const document = parseDocument(text);
  const fault = document.errors[0];
  if (fault !== undefined) return onlyProblem(file, `is no YAML: ${fault.message.split('\n')[0] ?? ''}`);
  // Scenarios share parts by anchors; there is no harm in many of them.
  const content = document.toJS({ maxAliasCount: -1 }) as { version?: unknown; scenarios?: unknown } | null;
  if (content?.version !== 1) return problemAt(file, 'version', `expected 1, got ${shown(content?.version)}`);
  if (!Array.isArray(content.scenarios)) {
    return problemAt(file, 'scenarios', `expected a list, got ${shown(content.scenarios)}`);
  }
  const problems: Problem[] = [];
  const warnings: Problem[] = [];
  const found: FoundScenario[] = [];
  for (const [index, raw] of (content.scenarios as readonly unknown[]).entries()) {
    const id = idOf(raw) ?? `#${index + 1}`;
    const parsed = scenarioSchema.safeParse(raw);
    if (parsed.success) found.push({ file, scenario: parsed.data });
    else {
      for (const { path, message } of parsed.error.issues) {
        problems.push({ file, scenario: id, field: fieldOf(path), message });
      }
    }
    for (const field of unknownKeys(raw)) {
      warnings.push({ file, scenario: id, field, message: 'is not known and not read' });
    }
  }
  return { found, problems, warnings };
}

const problemAt = (file: string, field: string, message: string): ReadScenarios => ({
  found: [],
  problems: [{ file, scenario: null, field, message }],
  warnings: [],
});

const shown = (value: unknown): string => (value === undefined ? 'nothing' : JSON.stringify(value).slice(0, 60));

function idOf(raw: unknown): string | null {
  const id = (raw as { id?: unknown } | null)?.id;
  return typeof id === 'string' || typeof id === 'number' ? String(id) : null;
}

/** `timeline[3].state` */
const fieldOf = (path: readonly PropertyKey[]): string =>
  path
    .map((part) => (typeof part === 'number' ? `[${part}]` : `.${String(part)}`))
    .join('')
    .replace(/^\./, '');

function repeated(found: readonly FoundScenario[]): readonly Problem[] {
  const seen = new Map<string, string>();
  const problems: Problem[] = [];
  for (const { file, scenario } of found) {
    const before = seen.get(scenario.id);
    if (before === undefined) seen.set(scenario.id, file);
    else problems.push({ file, scenario: scenario.id, field: 'id', message: `stands in ${before} too; both are run` });
  }
  return problems;
}

export const problemText = ({ file, scenario, field, message }: Problem): string =>
  [file, ...(scenario === null ? [] : [scenario]), ...(field === '' ? [] : [field])].join(': ') + `: ${message}`;
