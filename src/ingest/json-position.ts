/*
 * JSON.parse says where an error is only for some errors, and quotes the text for the others. This finds the place in
 * every case, and is used only when JSON.parse has failed.
 */

const TOKEN =
  /[{}[\],:]|"(?:[^"\\\x00-\x1f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*"|-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null/y;
const SPACE = /[ \t\n\r]*/y;

type Expected =
  'a value' | 'a value or "]"' | 'a name or "}"' | 'a name' | '":"' | '"," or "}"' | '"," or "]"' | 'the end';

/** Further in, the place is not worth the time that finding it takes from everybody else. */
const FARTHEST = 1024 * 1024;

/** `expected a value at position 17 (line 1, column 18)`. */
export function positionOfJsonError(text: string): string {
  const { at, expected } = firstError(text);
  if (at > FARTHEST) return `the error is after position ${FARTHEST}`;
  const before = text.slice(0, at);
  const line = before.split('\n').length;
  const column = at - before.lastIndexOf('\n');
  return `expected ${expected} at position ${at} (line ${line}, column ${column})`;
}

function firstError(text: string): { readonly at: number; readonly expected: Expected } {
  // One character an open bracket: deep nesting must not deepen the stack.
  const open: ('{' | '[')[] = [];
  let expected: Expected = 'a value';
  let at = text.startsWith('\u{FEFF}') ? 1 : 0;
  for (;;) {
    at = endOf(SPACE, text, at);
    const end = endOf(TOKEN, text, at);
    if (end === at || at > FARTHEST) return { at, expected };
    const next = after(expected, text.slice(at, end), open);
    if (next === null) return { at, expected };
    expected = next;
    at = end;
  }
}

/** Where a match that starts right here ends; the start when there is none. */
function endOf(pattern: RegExp, text: string, at: number): number {
  pattern.lastIndex = at;
  return pattern.test(text) ? pattern.lastIndex : at;
}

/** What may follow the token, or null when the token is not what was expected. */
function after(expected: Expected, token: string, open: ('{' | '[')[]): Expected | null {
  switch (expected) {
    case 'a value or "]"':
      return token === ']' ? close(open) : afterValueStart(token, open);
    case 'a value':
      return afterValueStart(token, open);
    case 'a name or "}"':
      if (token === '}') return close(open);
      return token.startsWith('"') ? '":"' : null;
    case 'a name':
      return token.startsWith('"') ? '":"' : null;
    case '":"':
      return token === ':' ? 'a value' : null;
    case '"," or "}"':
      if (token === '}') return close(open);
      return token === ',' ? 'a name' : null;
    case '"," or "]"':
      if (token === ']') return close(open);
      return token === ',' ? 'a value' : null;
    case 'the end':
      return null;
  }
}

function afterValueStart(token: string, open: ('{' | '[')[]): Expected | null {
  if (token === '{' || token === '[') {
    open.push(token);
    return token === '{' ? 'a name or "}"' : 'a value or "]"';
  }
  return /^[}\],:]$/.test(token) ? null : afterValue(open);
}

function close(open: ('{' | '[')[]): Expected {
  open.pop();
  return afterValue(open);
}

function afterValue(open: readonly ('{' | '[')[]): Expected {
  const innermost = open.at(-1);
  if (innermost === undefined) return 'the end';
  return innermost === '{' ? '"," or "}"' : '"," or "]"';
}
