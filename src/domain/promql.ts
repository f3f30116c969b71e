/** The values that a query may name, by placeholder. Null: not known. */
export type QueryScope = Readonly<Record<string, string | null>>;

/** What a query may name, and what its value is: any text, or a regular expression, which stays one. */
export type Placeholders = Readonly<Record<string, 'text' | 'pattern'>>;

const INCIDENT: Placeholders = { service: 'text', environment: 'text' };

interface Slot {
  readonly name: string;
  readonly quote: string;
  readonly as: 'text' | 'text-in-pattern' | 'pattern';
}

/** An expression cut at its placeholders. */
export interface QueryTemplate {
  readonly parts: readonly (string | Slot)[];
}

const PLACEHOLDER = /\$([A-Za-z_]\w*)/g;
// A comment, or a text in one of the three kinds of quotes with the operator before it.
const TEXT = /#[^\n]*|(=~|!~|!=|=)?(\s*)("(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*'|`[^`]*`)/gs;

/**
 * Reads a PromQL expression with `$service` and `$environment`, or other placeholders. They may stand only in the quoted
 * value of a label matcher: only there can any text be put so that it stays a text.
 */
export function parseQuery(
  promql: string,
  placeholders: Placeholders = INCIDENT,
): { template: QueryTemplate } | { message: string } {
  const parts: (string | Slot)[] = [];
  let read = 0;
  for (const match of promql.matchAll(TEXT)) {
    const [whole, operator, space = '', quoted] = match;
    const outside = refuseOutside(placeholders, promql.slice(read, match.index), quoted === undefined ? whole : '');
    if (outside !== null) return { message: outside };
    parts.push(promql.slice(read, match.index));
    read = match.index + whole.length;
    if (quoted === undefined) {
      parts.push(whole);
      continue;
    }
    const inside = cut(placeholders, quoted, operator);
    if ('message' in inside) return inside;
    parts.push((operator ?? '') + space, ...inside.parts);
  }
  const rest = promql.slice(read);
  const outside = refuseOutside(placeholders, rest);
  return outside === null ? { template: { parts: [...parts, rest] } } : { message: outside };
}

function refuseOutside(placeholders: Placeholders, text: string, comment = ''): string | null {
  // An open quote could be closed by a value.
  if (/["'`]/.test(text)) return 'a quoted text is not closed';
  const name = known(placeholders, text + comment)[0];
  return name === undefined ? null : `$${name} must stand in quotes, as the value of a label: {service="$${name}"}`;
}

const known = (placeholders: Placeholders, text: string): readonly string[] =>
  Array.from(text.matchAll(PLACEHOLDER), ([, name = '']) => name).filter((name) => Object.hasOwn(placeholders, name));

function cut(
  placeholders: Placeholders,
  quoted: string,
  operator: string | undefined,
): QueryTemplate | { message: string } {
  const [name] = known(placeholders, quoted);
  if (name === undefined) return { parts: [quoted] };
  if (operator === undefined)
    return { message: `$${name} may stand only in the value of a label matcher (=, !=, =~, !~)` };
  const quote = quoted.charAt(0);
  if (quote === '`') return { message: `$${name} cannot stand in backquotes: nothing can be escaped there` };
  const parts: (string | Slot)[] = [];
  let read = 0;
  for (const match of quoted.matchAll(PLACEHOLDER)) {
    const [whole, slot = ''] = match;
    const kind = Object.hasOwn(placeholders, slot) ? placeholders[slot] : undefined;
    if (kind === undefined) return { message: `unknown placeholder ${whole}: there are ${listOf(placeholders)}` };
    const inPattern = operator.endsWith('~');
    if (kind === 'pattern' && !inPattern)
      return { message: `${whole} is a regular expression: it may stand only after =~ and !~` };
    const as = kind === 'pattern' ? kind : inPattern ? 'text-in-pattern' : 'text';
    parts.push(quoted.slice(read, match.index), { name: slot, quote, as });
    read = match.index + whole.length;
  }
  return { parts: [...parts, quoted.slice(read)] };
}

const listOf = (placeholders: Placeholders): string =>
  Object.keys(placeholders)
    .map((name) => `$${name}`)
    .join(', ');

/** The placeholders that stand in a query. */
export const namesIn = ({ parts }: QueryTemplate): ReadonlySet<string> =>
  new Set(parts.flatMap((part) => (typeof part === 'string' ? [] : [part.name])));

/** The expression for one incident, or the name of a value that is not known: an empty text would select too much. */
export function fillQuery({ parts }: QueryTemplate, scope: QueryScope): { promql: string } | { missing: string } {
  let promql = '';
  for (const part of parts) {
    if (typeof part === 'string') {
      promql += part;
      continue;
    }
    const value = scope[part.name] ?? '';
    if (value === '') return { missing: part.name };
    promql += escapeText(WRITTEN[part.as](value), part.quote);
  }
  return { promql };
}

const WRITTEN: Readonly<Record<Slot['as'], (value: string) => string>> = {
  text: (value) => value,
  'text-in-pattern': (value) => escapeRegex(value),
  // Its alternatives are its own, whatever stands beside it.
  pattern: (value) => `(?:${value})`,
};

const escapeRegex = (value: string): string => value.replaceAll(/[\\.+*?()|[\]{}^$]/g, '\\$&');

/** PromQL knows the escapes of Go, and refuses to escape the kind of quote that did not open the text. */
function escapeText(value: string, quote: string): string {
  return value.replaceAll(/[\\"']|\p{Cc}/gu, (character) => {
    if (character === '\\' || character === quote) return `\\${character}`;
    if (character === '"' || character === "'") return character;
    return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
  });
}
