import type { RootCause } from '../domain/incident/process-state.ts';
import type { Json } from '../domain/json.ts';

/** Numbers as people read them: four digits are enough, and no exponent. */
export const figure = (value: number): string =>
  Number.isInteger(value) ? String(value) : String(Number(value.toPrecision(4)));

export const percent = (share: number): string => `${figure(share)} %`;

/** `code-bug` → `code bug`. */
export const words = (name: string): string => name.replaceAll('-', ' ');

export const causeInWords = ({ category, summary, confidence, state, by }: RootCause): string =>
  `${summary} (${words(category)}; ${state}, ${Math.round(confidence * 100)} % sure, recorded by ${by})`;

/** What is text in a JSON value, and nothing else. */
export const textIn = (value: Json | undefined, name: string): string | null => {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return null;
  const found = (value as Readonly<Record<string, Json | undefined>>)[name];
  return typeof found === 'string' ? found : null;
};

export const numberIn = (value: Json | undefined, name: string): number | null => {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return null;
  const found = (value as Readonly<Record<string, Json | undefined>>)[name];
  return typeof found === 'number' ? found : null;
};

/** A JSON value as it is, for a query's result. Text stays text. */
export const jsonText = (value: Json): string => (typeof value === 'string' ? value : JSON.stringify(value, null, 2));
