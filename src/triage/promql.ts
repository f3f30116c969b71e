/** The values that a query may name. */
export interface QueryScope {
  readonly service: string | null;
  readonly environment: string | null;
}

interface Slot {
  readonly name: keyof QueryScope;
  readonly quote: string;
  /** In `=~` and `!~`: then the value is escaped as a regular expression, too. */
  readonly regex: boolean;
}

/** An expression cut at its placeholders. */
export interface QueryTemplate {
  readonly parts: readonly (string | Slot)[];
}

const PLACEHOLDER = /\$([A-Za-z_]\w*)/g;
// A comment, or a text in one of the three kinds of quotes with the operator before it.
const TEXT = /#[^\n]*|(=~|!~|!=|=)?(\s*)("(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*'|`[^`]*`)/gs;

/**
 * Reads a PromQL expression with `$service` and `$environment`. They may stand only in the quoted value of a label
 * matcher: only there can any text be put so that it stays a text.
 */
export function parseQuery(promql: string): { template: QueryTemplate } | { message: string } {
  const parts: (string | Slot)[] = [];
  let read = 0;
  for (const match of promql.matchAll(TEXT)) {
    const [whole, operator, space = '', quoted] = match;
    const outside = refuseOutside(promql.slice(read, match.index), quoted === undefined ? whole : '');
    if (outside !== null) return { message: outside };
    parts.push(promql.slice(read, match.index));
    read = match.index + whole.length;
    if (quoted === undefined) {
      parts.push(whole);
      continue;
    }
    const inside = cut(quoted, operator);
    if ('message' in inside) return inside;
    parts.push((operator ?? '') + space, ...inside.parts);
  }
  const rest = promql.slice(read);
  const outside = refuseOutside(rest);
  return outside === null ? { template: { parts: [...parts, rest] } } : { message: outside };
}

function refuseOutside(text: string, comment = ''): string | null {
  // An open quote could be closed by a value.
  if (/["'`]/.test(text)) return 'a quoted text is not closed';
  const name = known(text + comment)[0];
  return name === undefined ? null : `$${name} must stand in quotes, as the value of a label: {service="$${name}"}`;
}

const known = (text: string): readonly string[] =>
  Array.from(text.matchAll(PLACEHOLDER), ([, name = '']) => name).filter(isScopeName);

const isScopeName = (name: string): name is keyof QueryScope => name === 'service' || name === 'environment';

function cut(quoted: string, operator: string | undefined): QueryTemplate | { message: string } {
  const [name] = known(quoted);
  if (name === undefined) return { parts: [quoted] };
  if (operator === undefined)
    return { message: `$${name} may stand only in the value of a label matcher (=, !=, =~, !~)` };
  const quote = quoted.charAt(0);
  if (quote === '`') return { message: `$${name} cannot stand in backquotes: nothing can be escaped there` };
  const parts: (string | Slot)[] = [];
  let read = 0;
  for (const match of quoted.matchAll(PLACEHOLDER)) {
    const [whole, slot = ''] = match;
    if (!isScopeName(slot)) return { message: `unknown placeholder ${whole}: there are $service and $environment` };
    parts.push(quoted.slice(read, match.index), { name: slot, quote, regex: operator.endsWith('~') });
    read = match.index + whole.length;
  }
  return { parts: [...parts, quoted.slice(read)] };
}

/** The expression for one incident, or the name of a value that is not known: an empty text would select too much. */
export function fillQuery({ parts }: QueryTemplate, scope: QueryScope): { promql: string } | { missing: string } {
  let promql = '';
  for (const part of parts) {
    if (typeof part === 'string') {
      promql += part;
      continue;
    }
    const value = scope[part.name];
    if (value === null || value === '') return { missing: part.name };
    promql += escapeText(part.regex ? escapeRegex(value) : value, part.quote);
  }
  return { promql };
}

const escapeRegex = (value: string): string => value.replaceAll(/[\\.+*?()|[\]{}^$]/g, '\\$&');

/** PromQL knows the escapes of Go, and refuses to escape the kind of quote that did not open the text. */
function escapeText(value: string, quote: string): string {
  return value.replaceAll(/[\\"']|\p{Cc}/gu, (character) => {
    if (character === '\\' || character === quote) return `\\${character}`;
    if (character === '"' || character === "'") return character;
    return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
  });
}
