import { hash } from 'node:crypto';
import pg from 'pg';

/**
 * A client that prepares every statement with parameters by a name made from its text. Our statements are few and long,
 * and without this the server parses and plans each anew, which costs more than carrying it out. Not for a pooler that
 * hands one session to many clients, so only for our own server.
 */
export class PreparingClient extends pg.Client {
  override query(...args: unknown[]): never {
    const [text, values, ...rest] = args;
    const prepared =
      typeof text === 'string' && Array.isArray(values) && values.length > 0
        ? [{ name: nameOf(text), text, values }, ...rest]
        : args;
    return (super.query as (...all: unknown[]) => never).apply(this, prepared);
  }
}

const names = new Map<string, string>();

function nameOf(text: string): string {
  const known = names.get(text);
  if (known !== undefined) return known;
  const name = hash('sha1', text);
  names.set(text, name);
  return name;
}
