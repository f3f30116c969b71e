import type { Json } from '../domain/json.ts';

export type PathSegments = readonly (string | number)[];

// `.name`, `[0]`, `['any key']`. No expressions, filters or wildcards: those were a remote-code hole of JSONPath.
const SEGMENT = /\.([A-Za-z_][\w-]*)|\[(\d{1,6})\]|\[(?:'([^'\\]+)'|"([^"\\]+)")\]/y;

/** Reads `$.a.b[0]`, `.a.b` or `$['a/b']`. */
export function parsePath(path: string): { segments: PathSegments } | { message: string } {
  const forbidden = /[(?@]/.exec(path)?.[0];
  if (forbidden !== undefined)
    return { message: `"${forbidden}" is not allowed in a path: paths are plain, like "$.a.b[0]"` };
  const segments: (string | number)[] = [];
  const start = path.startsWith('$') ? 1 : 0;
  SEGMENT.lastIndex = start;
  let read = start;
  for (let match = SEGMENT.exec(path); match !== null; match = SEGMENT.exec(path)) {
    const [, name, index, single, double] = match;
    segments.push(index === undefined ? (name ?? single ?? double ?? '') : Number(index));
    read = SEGMENT.lastIndex;
  }
  if (segments.length === 0 || read !== path.length) {
    return { message: `"${path}" is not a path: write "$.name", "$.a.b[0]" or "$['any name']"` };
  }
  return { segments };
}

/** The value at the path, through own properties only; undefined when there is none. */
export function valueAt(value: unknown, segments: PathSegments): Json | undefined {
  let current = value;
  for (const segment of segments) {
    if (typeof current !== 'object' || current === null || !Object.hasOwn(current, segment)) return undefined;
    current = (current as Record<string | number, unknown>)[segment];
  }
  return current as Json | undefined;
}
