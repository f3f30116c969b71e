/** What YAML gives: nothing is known of it yet. */
export type Tree = Record<string, unknown>;
export type Path = readonly PropertyKey[];

export const isTree = (value: unknown): value is Tree =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** `http.port`, `api.tokens[0].role`, `services["my shop"].owner`. */
export function pathText(path: Path): string {
  return path.reduce<string>((text, part) => {
    if (typeof part === 'number') return `${text}[${part}]`;
    const key = String(part);
    if (!/^[\w-]+$/.test(key)) return `${text}[${JSON.stringify(key)}]`;
    return text === '' ? key : `${text}.${key}`;
  }, '');
}

/** The value at `path`, undefined where there is none. */
export function valueAt(tree: unknown, path: Path): unknown {
  return path.reduce<unknown>((node, part) => {
    if (typeof node !== 'object' || node === null) return undefined;
    return Object.hasOwn(node, part) ? (node as Record<PropertyKey, unknown>)[part] : undefined;
  }, tree);
}

/** Calls `visit` for every value that is not a non-empty list or group. */
export function eachLeaf(node: unknown, visit: (path: Path, value: unknown) => void, path: Path = []): void {
  const entries = Array.isArray(node) ? [...node.entries()] : isTree(node) ? Object.entries(node) : [];
  if (entries.length === 0) {
    visit(path, node);
    return;
  }
  for (const [key, value] of entries) eachLeaf(value, visit, [...path, key]);
}
