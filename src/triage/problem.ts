/** What is wrong with a rules or tests file, said so that a person can go there and mend it. */
export interface RuleProblem {
  readonly file: string;
  /** The rule, where the problem is inside one that has a name. */
  readonly rule: string | null;
  /** JSON pointer into the file; empty for the whole file. */
  readonly field: string;
  readonly message: string;
}

export const problem = (file: string, rule: string | null, field: string, message: string): RuleProblem => ({
  file,
  rule,
  field,
  message,
});

/** `severity/impact.json: rule "p0": /rules/0/event: what is wrong` */
export function describeProblem({ file, rule, field, message }: RuleProblem): string {
  const parts = [file, rule === null ? '' : `rule "${rule}"`, field, message];
  return parts.filter((part) => part !== '').join(': ');
}

/** One segment of a JSON pointer (RFC 6901). */
export const pointerSegment = (key: string | number): string =>
  `/${String(key).replaceAll('~', '~0').replaceAll('/', '~1')}`;
