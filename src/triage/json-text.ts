import type { Json } from '../domain/json.ts';
import { pointerSegment } from './problem.ts';

/**
 * Parses JSON and refuses an object with the same key twice: JSON.parse would silently keep the last one, and half
 * of a rule's conditions would be gone.
 */
export function parseJson(text: string): { value: Json } | { field: string; message: string } {
  try {
    const value = JSON.parse(text) as Json;
    const wrong = structuralProblem(text);
    return wrong ?? { value };
  } catch (error) {
    return { field: '', message: `not JSON: ${error instanceof Error ? error.message : String(error)}` };
  }
}

interface Open {
  /** Keys seen so far; null for an array. */
  readonly keys: Set<string> | null;
  current: string | number;
}

const MAX_DEPTH = 40;

/** The first duplicate key or too deep nesting in a text that is valid JSON. */
function structuralProblem(text: string): { field: string; message: string } | null {
  const open: Open[] = [];
  let expectKey = false;
  for (const [token] of text.matchAll(/"(?:[^"\\]|\\.)*"|[{}[\],:]/gs)) {
    const top = open.at(-1);
    const field = (): string => open.map((level) => pointerSegment(level.current)).join('');
    if (open.length > MAX_DEPTH) return { field: field(), message: `nested deeper than ${MAX_DEPTH} levels` };
    if (token === '{' || token === '[') open.push({ keys: token === '{' ? new Set() : null, current: 0 });
    else if (token === '}' || token === ']') open.pop();
    else if (token === ',' && typeof top?.current === 'number') top.current++;
    else if (expectKey && top?.keys && token !== ',' && token !== ':') {
      top.current = JSON.parse(token) as string;
      if (top.keys.has(top.current)) return { field: field(), message: 'the key stands twice in the same object' };
      top.keys.add(top.current);
    }
    expectKey = token === '{' || (token === ',' && open.at(-1)?.keys !== null);
  }
  return null;
}
