import type { Failure } from '../../../domain/failure.ts';

/** How a program ended. `output` is what it wrote to both streams, redacted; only `stdout` is for reading by us. */
export type Ended =
  | { readonly kind: 'exited'; readonly code: number; readonly stdout: string; readonly output: string }
  | { readonly kind: 'killed'; readonly by: string; readonly output: string }
  | { readonly kind: 'timed-out'; readonly afterMs: number; readonly output: string }
  | { readonly kind: 'not-started'; readonly message: string };

const LONGEST_LINE = 500;

/** The last line that says something: where programs put their error. */
export const lastLine = (text: string): string => {
  const line = text
    .split('\n')
    .map((one) => one.trim())
    .findLast((one) => one !== '');
  return line === undefined ? '' : line.slice(0, LONGEST_LINE);
};

const withWords = (what: string, output: string): string => {
  const said = lastLine(output);
  return said === '' ? what : `${what}: ${said}`;
};

/** How it ended, for people. */
export const endText = (name: string, ended: Ended): string => {
  switch (ended.kind) {
    case 'exited':
      return withWords(`${name} ended with exit code ${ended.code}`, ended.output);
    case 'killed':
      return withWords(`${name} was killed by ${ended.by}`, ended.output);
    case 'timed-out':
      return withWords(`${name} did not end within ${Math.round(ended.afterMs / 1000)} s and was killed`, ended.output);
    case 'not-started':
      return ended.message;
  }
};

/** For a program that only asks: it can be asked again, unless it cannot even be started. */
export const failureOf = (name: string, ended: Ended): Failure => {
  const kinds = { exited: 'server', killed: 'server', 'timed-out': 'ambiguous', 'not-started': 'rejected' } as const;
  return { kind: kinds[ended.kind], message: endText(name, ended) };
};
