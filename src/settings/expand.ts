import { pathText } from './tree.ts';
import type { Path } from './tree.ts';
import type { Problem } from './types.ts';

export type Environment = Readonly<Record<string, string | undefined>>;

export interface Expansion {
  readonly tree: unknown;
  readonly problems: readonly Problem[];
  /** The paths whose text came, wholly or in part, from the environment. */
  readonly fromEnvironment: ReadonlySet<string>;
}

/** No configuration needs more, and recursion must end. */
const DEEPEST = 40;

/**
 * Replaces `${NAME}` in every text by that environment variable; `$${` stands for a plain `${`. What cannot be
 * replaced stays as it is and is a problem. Values are not looked at again: a variable cannot bring in another.
 */
export function expand(tree: unknown, env: Environment): Expansion {
  const walk = new Walk(env);
  return { tree: walk.node(tree, []), problems: walk.problems, fromEnvironment: walk.fromEnvironment };
}

class Walk {
  readonly problems: Problem[] = [];
  readonly fromEnvironment = new Set<string>();
  readonly #env: Environment;

  constructor(env: Environment) {
    this.#env = env;
  }

  node(node: unknown, path: Path): unknown {
    if (typeof node === 'string') return this.#text(node, path);
    if (typeof node !== 'object' || node === null) return node;
    if (path.length >= DEEPEST) {
      this.#problem(path, `nested more than ${DEEPEST} deep`);
      return null;
    }
    if (Array.isArray(node)) return node.map((item, index) => this.node(item, [...path, index]));
    return Object.fromEntries(this.#entries(node, path));
  }

  #entries(node: object, path: Path): [string, unknown][] {
    return Object.entries(node).flatMap(([key, value]): [string, unknown][] => {
      const here = [...path, key];
      // Checkers skip this name silently, and an unknown key must be an error.
      if (key === '__proto__') this.#problem(here, 'this name cannot be used');
      return key === '__proto__' ? [] : [[key, this.node(value, here)]];
    });
  }

  #text(text: string, path: Path): string {
    return text.replaceAll(/(\$?)\$\{([^}]*)(\}?)/g, (whole, escape: string, name: string, end: string) => {
      if (escape !== '') return whole.slice(1);
      const value = this.#variable(name, end, path);
      if (value === null) return whole;
      this.fromEnvironment.add(pathText(path));
      return value;
    });
  }

  #variable(name: string, end: string, path: Path): string | null {
    if (end === '' || !/^[A-Za-z_]\w*$/.test(name)) {
      this.#problem(path, 'after ${ must stand the name of an environment variable and }; write $${ for a plain ${');
      return null;
    }
    const value = Object.hasOwn(this.#env, name) ? this.#env[name] : undefined;
    if (value === undefined) this.#problem(path, `the environment variable ${name} is not set`);
    return value ?? null;
  }

  #problem(path: Path, message: string): void {
    this.problems.push({ field: pathText(path), message });
  }
}
