import ts from 'typescript';

/** One line of the process that Firebreak runs, and the tests that prove it. */
export interface CoveredLine {
  /** Stable, and unique. */
  readonly id: string;
  readonly line: string;
  /** `test/unit/x.test.ts > the whole name of the test`; a star stands for what `each` fills in. */
  readonly tests: readonly string[];
}

interface NamedTest {
  readonly id: string;
  readonly file: string;
  readonly name: string;
}

const REFERENCE = /^(test\/\S+\.test\.ts) > (\S.*)$/;

/** Reads the list, and says of every mistake in it which line it is in. */
export function readCoverage(text: string): {
  readonly lines: readonly CoveredLine[];
  readonly faults: readonly string[];
} {
  const { lines } = JSON.parse(text) as { lines: CoveredLine[] };
  const ids = lines.map(({ id }) => id);
  const faults = [
    ...ids.filter((id, i) => ids.indexOf(id) !== i).map((id) => `${id}: stands twice`),
    ...lines.filter(({ line }) => line.trim() === '').map(({ id }) => `${id}: says nothing`),
    ...lines.flatMap(({ id, tests }) =>
      tests.filter((each) => !REFERENCE.test(each)).map((each) => `${id}: "${each}" is not "file > name"`),
    ),
  ];
  return { lines, faults };
}

export const gapsOf = (lines: readonly CoveredLine[]): readonly CoveredLine[] =>
  lines.filter(({ tests }) => tests.length === 0);

export const namedTests = (lines: readonly CoveredLine[]): readonly NamedTest[] =>
  lines.flatMap(({ id, tests }) =>
    tests.flatMap((each) => {
      const [, file, name] = REFERENCE.exec(each) ?? [];
      return file === undefined || name === undefined ? [] : [{ id, file, name }];
    }),
  );

const say = ({ id, file, name }: NamedTest, what: string): string => `${id}: ${file} > ${name}: ${what}`;

/** What is named and cannot be found in the files themselves. `sourceOf` gives null for a file that is not there. */
export function notThere(named: readonly NamedTest[], sourceOf: (file: string) => string | null): readonly string[] {
  const known = new Map<string, readonly RegExp[] | null>();
  const namesIn = (file: string): readonly RegExp[] | null => {
    const source = sourceOf(file);
    return source === null ? null : namesOf(file, source);
  };
  return named.flatMap((each) => {
    if (!known.has(each.file)) known.set(each.file, namesIn(each.file));
    const names = known.get(each.file) ?? null;
    if (names === null) return [say(each, 'there is no such file')];
    // A star may stand for anything that the title itself leaves open.
    const probe = each.name.replaceAll('*', '\u0001');
    return names.some((name) => name.test(probe)) ? [] : [say(each, 'there is no such test')];
  });
}

export interface TestOutcome {
  readonly file: string;
  readonly name: string;
  readonly status: string;
}

/** After a whole run: what is named and was not run, or did not pass. */
export function notPassed(named: readonly NamedTest[], outcomes: readonly TestOutcome[]): readonly string[] {
  const byFile = Map.groupBy(outcomes, ({ file }) => file);
  return named.flatMap((each) => {
    const wanted = exactly(each.name.split('*').map(escaped).join('.*'));
    const found = (byFile.get(each.file) ?? []).filter(({ name }) => wanted.test(name));
    if (found.length === 0) return [say(each, 'was not run')];
    const bad = found.filter(({ status }) => status !== 'passed');
    return bad.map(({ name, status }) =>
      say({ ...each, name }, status === 'failed' ? 'failed' : `was not run (${status})`),
    );
  });
}

/** The whole names that the tests of a file can have, as Jest makes them of the titles around and of its own. */
function namesOf(file: string, source: string): readonly RegExp[] {
  const names: RegExp[] = [];
  const visit = (node: ts.Node, around: readonly string[]): void => {
    const call = ts.isCallExpression(node) ? titled(node) : null;
    if (call?.kind === 'test') names.push(exactly([...around, call.title].join(' ')));
    const inside = call?.kind === 'describe' ? [...around, call.title] : around;
    ts.forEachChild(node, (child) => {
      visit(child, inside);
    });
  };
  visit(ts.createSourceFile(file, source, ts.ScriptTarget.ESNext, true), []);
  return names;
}

/** `test(…)`, `it.each(…)(…)`, `describe(…)`, or a helper of that name: its first text is the title. */
function titled(call: ts.CallExpression): { readonly kind: 'test' | 'describe'; readonly title: string } | null {
  const name = rootOf(call.expression);
  const text = call.arguments.find((each) => ts.isStringLiteralLike(each) || ts.isTemplateExpression(each));
  if (text === undefined || name === null) return null;
  const kind = name === 'describe' ? 'describe' : 'test';
  if (ts.isStringLiteralLike(text)) return { kind, title: patternOf(text.text) };
  const parts = [text.head.text, ...text.templateSpans.map(({ literal }) => literal.text)];
  return { kind, title: parts.map(patternOf).join('.*') };
}

/** What a call goes back to: `test` of `test.each([…])(…)`. */
function rootOf(expression: ts.Expression): string | null {
  if (ts.isIdentifier(expression))
    return /^(test|it|describe)([A-Z]\w*)?$/.test(expression.text) ? wordOf(expression.text) : null;
  if (ts.isPropertyAccessExpression(expression)) return rootOf(expression.expression);
  if (ts.isCallExpression(expression)) return rootOf(expression.expression);
  if (ts.isTaggedTemplateExpression(expression)) return rootOf(expression.tag);
  return null;
}

const wordOf = (name: string): string => (name.startsWith('describe') ? 'describe' : 'test');

const exactly = (pattern: string): RegExp => new RegExp(`^${pattern}$`, 's');

const escaped = (text: string): string => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');

/** What `each` fills in can be anything. */
const patternOf = (title: string): string =>
  title
    .split(/%[a-zA-Z#$]|\$[\w.#]+/)
    .map((part) => escaped(part.replaceAll('%%', '%')))
    .join('.*');
