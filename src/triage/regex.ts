// A rule's pattern runs on alert text that anybody can send, on the thread that handles every other incident. Rules
// are written by people we trust, so the limits guard against an accident; without them one pattern can take hours.
const MAX_PATTERN = 200;
/** `*`, `+`, `{2,5}`: each multiplies the work by the length of the text. */
const MAX_OPEN = 3;
/** `?` and groups with alternatives: each multiplies the work by its ways. */
const MAX_CHOICES = 6;
export const MAX_SUBJECT = 512;

/** Why a pattern is refused, or null when it is safe to run. */
export function refusePattern(pattern: string): string | null {
  if (pattern.length > MAX_PATTERN) return `the pattern is longer than ${MAX_PATTERN} characters`;
  try {
    void compilePattern(pattern);
  } catch (error) {
    return `not a pattern: ${error instanceof Error ? error.message : String(error)}`;
  }
  return refuseConstructs(pattern);
}

/** The whole text must match, as in PromQL: `.*-eu` for an ending. */
export const compilePattern = (pattern: string): RegExp => new RegExp(`^(?:${pattern})$`, 'su');

const TOKEN =
  /\\[1-9k]|\\.|\[(?:\\.|[^\]\\])*\]|\((?:\?(?:<[=!]|[=!<]|[a-z-]*:))?|\)|[*+]\??|\{\d+(?:,\d*)?\}\??|\?\??|\||./gsu;

interface Group {
  quantified: boolean;
  alternatives: boolean;
}

const newGroup = (): Group => ({ quantified: false, alternatives: false });

function refuseConstructs(pattern: string): string | null {
  const tokens = Array.from(pattern.matchAll(TOKEN), ([token]) => token);
  if (tokens.some((token) => /^\\[1-9k]/.test(token))) return 'back references are not allowed';
  if (tokens.some((token) => /^\(\?<?[=!]/.test(token))) return 'lookaround is not allowed';
  if (tokens.filter(isOpen).length > MAX_OPEN) return `more than ${MAX_OPEN} open repetitions (*, +, {2,5})`;
  return refuseGroups(tokens);
}

function refuseGroups(tokens: readonly string[]): string | null {
  const groups: Group[] = [newGroup()];
  let choices = tokens.filter((token) => token.startsWith('?')).length;
  let closed: Group | null = null;
  for (const token of tokens) {
    const group = groups.at(-1) ?? newGroup();
    if (repeats(token) && closed !== null && (closed.quantified || closed.alternatives)) {
      return 'a repeated group must not hold a repetition or an alternative: it can take for ever';
    }
    if (isQuantifier(token)) group.quantified = true;
    closed = null;
    if (token.startsWith('(')) groups.push(newGroup());
    else if (token === '|') {
      if (!group.alternatives) choices++;
      group.alternatives = true;
    } else if (token === ')') closed = close(groups);
  }
  return choices > MAX_CHOICES ? `more than ${MAX_CHOICES} choices (? and groups with |)` : null;
}

/** What is inside a group counts for the groups around it. */
function close(groups: Group[]): Group | null {
  const inner = groups.pop() ?? null;
  const outer = groups.at(-1);
  if (inner !== null && outer !== undefined) {
    outer.quantified ||= inner.quantified;
    outer.alternatives ||= inner.alternatives;
  }
  return inner;
}

const isQuantifier = (token: string): boolean => /^(?:[*+?]|\{\d)/.test(token);
const repeats = (token: string): boolean => /^(?:[*+]|\{\d)/.test(token);
const isOpen = (token: string): boolean => /^(?:[*+]|\{\d+,)/.test(token);
