import type { Json } from '../domain/json.ts';
import { parsePath, valueAt, type PathSegments } from './path.ts';

const PLACEHOLDER = /\{([^{}]*)\}/g;
const MAX_FILLED = 200;

export interface Placeholder {
  readonly text: string;
  readonly fact: string;
  readonly path: PathSegments;
}

/** The placeholders of a reason, `{fact}` or `{fact.name}`; `null` for one that cannot be read. */
export function placeholders(
  because: string,
): readonly (Placeholder | { readonly text: string; readonly fact: null })[] {
  return Array.from(because.matchAll(PLACEHOLDER), ([text, inner = '']) => readPlaceholder(text, inner));
}

function readPlaceholder(text: string, inner: string): Placeholder | { text: string; fact: null } {
  const [, fact = '', rest = ''] = /^([A-Za-z_]\w*)(.*)$/s.exec(inner) ?? [];
  if (fact === '') return { text, fact: null };
  if (rest === '') return { text, fact, path: [] };
  const path = parsePath(rest);
  return 'message' in path ? { text, fact: null } : { text, fact, path: path.segments };
}

/** Fills the reason in one pass, so that what an alert says is never read as a placeholder. */
export function fillBecause(because: string, known: Readonly<Record<string, Json>>): string {
  return because.replace(PLACEHOLDER, (text: string, inner: string) => {
    const placeholder = readPlaceholder(text, inner);
    if (placeholder.fact === null) return text;
    const fact = Object.hasOwn(known, placeholder.fact) ? known[placeholder.fact] : undefined;
    return show(valueAt(fact, placeholder.path));
  });
}

function show(value: Json | undefined): string {
  if (value === undefined || value === null) return 'unknown';
  if (typeof value === 'number') return String(Number(value.toPrecision(4)));
  const text = typeof value === 'string' ? value : isTexts(value) ? value.join(', ') : JSON.stringify(value);
  const clean = text.replaceAll(/\p{Cc}+/gu, ' ');
  return clean.length > MAX_FILLED ? `${clean.slice(0, MAX_FILLED - 1)}…` : clean;
}

const isTexts = (value: Json): value is readonly string[] =>
  Array.isArray(value) && value.length > 0 && value.every((item) => typeof item === 'string');
