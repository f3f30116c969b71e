import { readFileSync } from 'node:fs';

/** Of package.json, where it stands once. */
export function version(): string {
  const text = readFileSync(new URL('../../package.json', import.meta.url), 'utf8');
  return (JSON.parse(text) as { version: string }).version;
}
