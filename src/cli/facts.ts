import type { Json } from '../domain/json.ts';
import { UsageError } from './errors.ts';
import type { CliIo } from './io.ts';

type Facts = Readonly<Record<string, Json>>;

/**
 * Facts from a JSON file (`-`: standard input) and from `name=value` words, which win. A value is JSON where it can be
 * read as such, else text; `labels.severity=critical` sets one entry of a fact.
 */
export async function readFacts(io: CliIo, file: string | undefined, words: readonly string[]): Promise<Facts> {
  const facts = new Map(file === undefined ? [] : Object.entries(await factsOfFile(io, file)));
  for (const word of words) setFact(facts, word);
  return Object.fromEntries(facts);
}

async function factsOfFile(io: CliIo, file: string): Promise<Facts> {
  const shown = file === '-' ? 'standard input' : file;
  const content = parseJson(await readText(io, file, shown));
  if (!isGroup(content)) throw new UsageError(`${shown} must hold one JSON object: {"errorRatio": 0.2, …}`);
  return content;
}

async function readText(io: CliIo, file: string, shown: string): Promise<string> {
  try {
    return await io.read(file);
  } catch (error) {
    throw new UsageError(`cannot read ${shown}: ${error instanceof Error ? error.message : String(error)}`);
  }
}

function setFact(facts: Map<string, Json>, word: string): void {
  const [, name, entry, text] = /^([^=.]+)(?:\.([^=]+))?=(.*)$/s.exec(word) ?? [];
  if (name === undefined || text === undefined) throw new UsageError(`"${word}" is not a fact: write name=value`);
  const value = parseJson(text) ?? (text === 'null' ? null : text);
  if (entry === undefined) {
    facts.set(name, value);
    return;
  }
  const known = facts.get(name);
  facts.set(name, Object.fromEntries([...Object.entries(isGroup(known) ? known : {}), [entry, value]]));
}

/** Undefined: it is no JSON. */
function parseJson(text: string): Json | undefined {
  try {
    return JSON.parse(text) as Json;
  } catch {
    return undefined;
  }
}

const isGroup = (value: Json | undefined): value is Facts =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
